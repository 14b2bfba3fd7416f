#include "bench.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS_MOST 99

void bench_failed(const char *format, ...)
{
	va_list args;

	(void)fflush(stdout);
	(void)fprintf(stderr, "bench: ");
	va_start(args, format);
	(void)vfprintf(stderr, format, args);
	va_end(args);
	(void)fprintf(stderr, "\n");
	exit(1);
}

/* A bench that fails leaves no server behind. */
static pid_t running[2];

static void end_servers(void)
{
	for (size_t i = 0; i < sizeof running / sizeof *running; i++)
		if (running[i] > 0)
			(void)kill(running[i], SIGKILL);
}

void bench_runs(size_t place, pid_t server)
{
	running[place] = server;
}

int64_t bench_now_us(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The number behind words in a file of /proc; 0 where it may not be read. */
static double number_in(pid_t pid, const char *file, const char *words)
{
	char path[64], text[4096];
	const char *at;
	size_t len;
	FILE *f;

	(void)snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	f = fopen(path, "r");
	if (f == NULL)
		return 0;
	len = fread(text, 1, sizeof text - 1, f);
	text[len] = '\0';
	(void)fclose(f);
	at = strstr(text, words);
	return at == NULL ? 0 : strtod(at + strlen(words), NULL);
}

void usage_of(pid_t pid, struct usage *u)
{
	clockid_t clock;
	struct timespec t = {0};

	must(clock_getcpuclockid(pid, &clock) == 0 && clock_gettime(clock, &t) == 0,
	     "the process %d can't be measured: %s", (int)pid, strerror(errno));
	u->cpu_us = (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
	u->written_bytes = number_in(pid, "io", "\nwrite_bytes: ");
}

/* Options
 * -----------------------------------------------------------------------------------------------------
 */

struct options {
	struct load load;
	unsigned rounds;
	bool redis, each;
};

_Noreturn static void usage(int status)
{
	(void)fprintf(
		status == 0 ? stdout : stderr,
		"usage: bench [--senders N] [--window N] [--recipients N] [--messages N] [--bytes N]\n"
		"             [--rate N] [--rounds N] [--without-redis] [--each]\n\n"
		"Drives lahettid and beside it redis-server, in turn, and prints the median of the rounds.\n"
		"--rate: so many messages a second instead of windows. --each: every round too.\n"
		"What is written lies below $TMPDIR and is removed.\n");
	exit(status);
}

static unsigned number_of(const char *text, unsigned least, unsigned most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || n < least || n > most) {
		(void)fprintf(stderr, "bench: %s is not a number from %u to %u\n", text, least,
			      most);
		exit(2);
	}
	return (unsigned)n;
}

/* The numbers among the options, and where each is kept. */
static const struct {
	const char *name;
	size_t offset;
	unsigned least, most;
} numbers[] = {
	{"senders", offsetof(struct options, load.senders), 1, 1000},
	{"window", offsetof(struct options, load.window), 1, 1000},
	{"recipients", offsetof(struct options, load.recipients), 1, 100},
	{"messages", offsetof(struct options, load.messages), 1, 1000000},
	{"bytes", offsetof(struct options, load.bytes), 700, 60000},
	{"rate", offsetof(struct options, load.rate), 1, 100000},
	{"rounds", offsetof(struct options, rounds), 1, ROUNDS_MOST},
};
#define NUMBERS ((int)(sizeof numbers / sizeof *numbers))

static void read_options(struct options *o, int argc, char **argv)
{
	struct option names[NUMBERS + 4] = {
		[NUMBERS] = {"without-redis", no_argument, NULL, 'x'},
		[NUMBERS + 1] = {"each", no_argument, NULL, 'e'},
		[NUMBERS + 2] = {"help", no_argument, NULL, 'h'},
	};
	int option;

	for (int i = 0; i < NUMBERS; i++)
		names[i] = (struct option){numbers[i].name, required_argument, NULL, i};
	*o = (struct options){
		.load = {.senders = 32,
			 .window = 4,
			 .recipients = 4,
			 .messages = 10000,
			 .bytes = 2048},
		.rounds = 5,
		.redis = true,
	};
	while ((option = getopt_long(argc, argv, "h", names, NULL)) >= 0) {
		if (option < NUMBERS) {
			unsigned n = number_of(optarg, numbers[option].least, numbers[option].most);

			memcpy((char *)o + numbers[option].offset, &n, sizeof n);
		} else if (option == 'x') {
			o->redis = false;
		} else if (option == 'e') {
			o->each = true;
		} else {
			usage(option == 'h' ? 0 : 2);
		}
	}
	if (optind < argc)
		usage(2);
}

/* Telling
 * -----------------------------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(const struct round *rounds, unsigned n, size_t offset)
{
	double values[ROUNDS_MOST];

	for (unsigned i = 0; i < n; i++)
		memcpy(&values[i], (const char *)&rounds[i] + offset, sizeof values[i]);
	qsort(values, n, sizeof *values, by_size);
	return n % 2 == 1 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

#define MEDIAN(rounds, n, member) median(rounds, n, offsetof(struct round, member))

static void print_round(const char *name, const struct round *r)
{
	(void)printf("%-10s %9.0f %8.2f %8.2f %10.0f %10.0f %8.1f", name, r->messages_a_second,
		     r->p50_ms, r->p99_ms, r->server_us, r->client_us, r->written_kib);
	if (r->frames_a_commit > 0)
		(void)printf(" %9.1f %8.3f", r->frames_a_commit, r->commits);
	(void)printf("\n");
	(void)fflush(stdout);
}

static void print_median(const char *name, const struct round *rounds, unsigned n,
			 struct round *out)
{
	*out = (struct round){
		.messages_a_second = MEDIAN(rounds, n, messages_a_second),
		.p50_ms = MEDIAN(rounds, n, p50_ms),
		.p99_ms = MEDIAN(rounds, n, p99_ms),
		.server_us = MEDIAN(rounds, n, server_us),
		.client_us = MEDIAN(rounds, n, client_us),
		.written_kib = MEDIAN(rounds, n, written_kib),
		.frames_a_commit = MEDIAN(rounds, n, frames_a_commit),
		.commits = MEDIAN(rounds, n, commits),
	};
	print_round(name, out);
}

static void print_head(const struct options *o, size_t bytes)
{
	(void)printf("%u senders x window %u, %u recipients, %u messages of %zu bytes a round, "
		     "median of %u rounds",
		     o->load.senders, o->load.window, o->load.recipients, o->load.messages, bytes,
		     o->rounds);
	if (o->load.rate != 0)
		(void)printf(", %u messages a second whatever the window", o->load.rate);
	(void)printf("\n\n%-10s %9s %8s %8s %10s %10s %8s %9s %8s\n", "", "messages", "ack p50",
		     "ack p99", "server", "bench", "written", "frames", "commits");
	(void)printf("%-10s %9s %8s %8s %10s %10s %8s %9s %8s\n", "", "/s", "ms", "ms", "us/msg",
		     "us/msg", "KiB/msg", "/commit", "/msg");
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	const struct contender *contenders[] = {&contender_lahetti, &contender_redis};
	struct round rounds[2][ROUNDS_MOST] = {0}, medians[2];
	void *servers[2] = {NULL};
	struct options o;
	struct load same;
	size_t bytes, n;
	double syncs, verifications;

	read_options(&o, argc, argv);
	n = o.redis ? 2 : 1;
	must(atexit(end_servers) == 0, "no memory");
	syncs = limit_syncs(o.load.bytes);
	verifications = limit_verifications();
	servers[0] = contenders[0]->open(&o.load);
	bytes = contenders[0]->prepare(servers[0]);
	if (o.redis) {
		same = o.load;
		/* A record as long as what lahettid is sent. */
		same.bytes = (unsigned)bytes;
		redis_certificates = bench_certificates(servers[0]);
		servers[1] = contenders[1]->open(&same);
	}
	print_head(&o, bytes);
	for (unsigned i = 0; i < o.rounds; i++)
		for (size_t k = 0; k < n; k++) {
			if (i + k > 0)
				(void)contenders[k]->prepare(servers[k]);
			contenders[k]->run(servers[k], &rounds[k][i]);
			if (o.each)
				print_round(contenders[k]->name, &rounds[k][i]);
		}
	if (o.each)
		(void)printf("median\n");
	for (size_t k = 0; k < n; k++)
		print_median(contenders[k]->name, rounds[k], o.rounds, &medians[k]);
	for (size_t k = n; k-- > 0;)
		contenders[k]->close(servers[k]);
	if (o.redis)
		(void)printf("\nagainst redis: messages %.2f, ack p50 %.2f\n",
			     medians[0].messages_a_second / medians[1].messages_a_second,
			     medians[0].p50_ms / medians[1].p50_ms);
	(void)printf("%sserver's processor time a message, in P-256 verifications: %.1f\n"
		     "this machine: %.0f P-256 verifications/s on a core, %.0f fdatasync/s of %u "
		     "bytes, %ld cores\n",
		     o.redis ? "" : "\n", medians[0].server_us * verifications / 1e6, verifications,
		     syncs, o.load.bytes, sysconf(_SC_NPROCESSORS_ONLN));
	return 0;
}
