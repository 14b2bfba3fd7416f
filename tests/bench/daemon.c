#include "daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MOST 40
#define PATIENCE_MS    120000 /* while it reads what it holds */

static unsigned free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
		     getsockname(fd, (struct sockaddr *)&at, &len) == 0,
	     "no free port: %s", strerror(errno));
	(void)close(fd);
	return ntohs(at.sin_port);
}

void daemon_make(struct daemon *d, const char *program)
{
	const char *tmp = getenv("TMPDIR");

	*d = (struct daemon){.program = program, .port = free_port(), .out = -1};
	(void)snprintf(d->folder, sizeof d->folder, "%s/lahetti-bench-XXXXXX",
		       tmp == NULL ? "/tmp" : tmp);
	must(mkdtemp(d->folder) != NULL, "%s: %s", d->folder, strerror(errno));
}

static void await_ready(struct daemon *d, const char *ready)
{
	char text[16384] = "";
	size_t len = 0;
	ssize_t got;

	while (strstr(text, ready) == NULL) {
		struct pollfd p = {.fd = d->out, .events = POLLIN};

		got = poll(&p, 1, PATIENCE_MS) == 1
			      ? read(d->out, text + len, sizeof text - 1 - len)
			      : 0;
		must(got > 0, "%s does not start:\n%s", d->program, text);
		len += (size_t)got;
		text[len] = '\0';
	}
}

_Noreturn static void become(const struct daemon *d, const char *const *arguments, int out,
			     pid_t parent)
{
	const char *argv[ARGUMENTS_MOST + 2] = {d->program};
	char path[4096];

	for (size_t i = 0; i < ARGUMENTS_MOST && arguments[i] != NULL; i++)
		argv[i + 1] = arguments[i];
	/* Not everybody's PATH has the folder of servers. */
	(void)snprintf(path, sizeof path, "%s:/usr/sbin", getenv("PATH"));
	/* A bench that fails leaves no server behind. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent &&
	    dup2(out, STDOUT_FILENO) >= 0 && dup2(out, STDERR_FILENO) >= 0 &&
	    setenv("PATH", path, 1) == 0)
		(void)execvp(d->program, (char *const *)(uintptr_t)argv);
	_exit(127);
}

void daemon_start(struct daemon *d, const char *const *arguments, const char *ready)
{
	pid_t parent = getpid();
	int fds[2];

	must(pipe2(fds, O_CLOEXEC) == 0, "no pipe: %s", strerror(errno));
	d->pid = fork();
	must(d->pid >= 0, "no process: %s", strerror(errno));
	if (d->pid == 0)
		become(d, arguments, fds[1], parent);
	(void)close(fds[1]);
	d->out = fds[0];
	await_ready(d, ready);
}

void daemon_stop(struct daemon *d)
{
	int status;

	must(kill(d->pid, SIGTERM) == 0 && waitpid(d->pid, &status, 0) == d->pid,
	     "%s does not end: %s", d->program, strerror(errno));
	(void)close(d->out);
	d->pid = 0;
	d->out = -1;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void daemon_finish(struct daemon *d)
{
	(void)nftw(d->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
