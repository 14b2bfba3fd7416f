/* Redis streams with appendfsync always, the strongest durable peer: XADD by each sender, a
 * consumer group for each recipient, which acknowledges what it has got. TLS with lahettid's
 * certificate. */

#include "drive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define BATCH_MOST 200

struct redis_talker {
	struct bench_redis *server;
	struct link *link;
	unsigned number;
	bool recipient;
	unsigned answers; /* that are not counted: of what is asked before the round */
	/* Of a sender: the messages that are not acknowledged, in order. */
	unsigned *under_way;
	size_t first, last;
};

struct bench_redis {
	const struct load *load;
	char folder[256];
	pid_t pid;
	int out;
	struct loop *loop;
	struct redis_talker *senders, *recipients;
	struct drive drive;
	char *payload;
	size_t payload_len;
};

const char *redis_certificates;

/* The server
 * ----------------------------------------------------------------------------------------------------
 */

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

static void await_ready(struct bench_redis *b)
{
	static char text[65536];
	size_t len = 0;
	ssize_t got;

	while (strstr(text, "Ready to accept connections") == NULL) {
		got = read(b->out, text + len, sizeof text - 1 - len);
		must(got > 0, "redis-server does not start:\n%s", text);
		len += (size_t)got;
	}
}

static void start(struct bench_redis *b, unsigned port)
{
	char number[16], certificate[300], key[300], ca[300];
	int fds[2];

	(void)snprintf(number, sizeof number, "%u", port);
	(void)snprintf(certificate, sizeof certificate, "%s/server.pem", redis_certificates);
	(void)snprintf(key, sizeof key, "%s/server.key", redis_certificates);
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", redis_certificates);
	must(pipe2(fds, O_CLOEXEC) == 0, "no pipe: %s", strerror(errno));
	b->pid = fork();
	must(b->pid >= 0, "no process: %s", strerror(errno));
	if (b->pid == 0) {
		(void)dup2(fds[1], STDOUT_FILENO);
		(void)execlp("redis-server", "redis-server", "--port", "0", "--tls-port", number,
			     "--bind", "127.0.0.1", "--tls-cert-file", certificate,
			     "--tls-key-file", key, "--tls-ca-cert-file", ca, "--tls-auth-clients",
			     "no", "--appendonly", "yes", "--appendfsync", "always", "--save", "",
			     "--dir", b->folder, (char *)NULL);
		_exit(127);
	}
	bench_runs(1, b->pid);
	(void)close(fds[1]);
	b->out = fds[0];
	await_ready(b);
}

/* What it says
 * ------------------------------------------------------------------------------------------------------
 */

/* One line of RESP at `at`: its kind and number; where the next begins, 0 where it has not come. */
static size_t resp_line(struct lahetti_span heard, size_t at, char *kind, long *number)
{
	const uint8_t *end = at >= heard.len ? NULL : memchr(heard.data + at, '\n', heard.len - at);

	if (end == NULL)
		return 0;
	*kind = (char)heard.data[at];
	*number = strtol((const char *)heard.data + at + 1, NULL, 10);
	must(*kind != '-', "redis: %.*s", (int)(end - heard.data - (ptrdiff_t)at),
	     (const char *)heard.data + at);
	return (size_t)(end - heard.data) + 1;
}

/* Where the answer at the beginning ends, 0 where it has not all come. `word` is told each of its
 * strings. */
static size_t resp_answer(struct lahetti_span heard, void *context,
			  void (*word)(void *context, struct lahetti_span word))
{
	size_t at = 0, next;
	long open = 1, number;
	char kind;

	for (; open > 0; open--) {
		next = resp_line(heard, at, &kind, &number);
		if (next == 0)
			return 0;
		at = next;
		if (kind == '*' && number > 0)
			open += number;
		if (kind != '$' || number < 0)
			continue;
		if (at + (size_t)number + 2 > heard.len)
			return 0;
		if (word != NULL)
			word(context, lahetti_span(heard.data + at, (size_t)number));
		at += (size_t)number + 2;
	}
	return at;
}

/* Talking
 * -----------------------------------------------------------------------------------------------------
 */

struct batch {
	struct lahetti_span ids[BATCH_MOST];
	unsigned n, words;
};

/* Stream, then for each entry its identifier, the field's name and its value. */
static void note_word(void *context, struct lahetti_span word)
{
	struct batch *b = context;

	if (b->words++ % 3 == 1)
		b->ids[b->n++] = word;
}

static void say_text(struct link *link, const char *text)
{
	link_say(link, lahetti_span_text(text));
}

static void read_more(struct redis_talker *t)
{
	char text[256];

	(void)snprintf(text, sizeof text,
		       "XREADGROUP GROUP g c COUNT %d BLOCK 0 STREAMS stream%u >\r\n", BATCH_MOST,
		       t->number);
	say_text(t->link, text);
}

static void acknowledge(struct redis_talker *t, const struct batch *batch)
{
	char text[128], stream[32];

	(void)snprintf(stream, sizeof stream, "stream%u", t->number);
	(void)snprintf(text, sizeof text, "*%u\r\n$4\r\nXACK\r\n$%zu\r\n%s\r\n$1\r\ng\r\n",
		       batch->n + 3, strlen(stream), stream);
	say_text(t->link, text);
	for (unsigned i = 0; i < batch->n; i++) {
		(void)snprintf(text, sizeof text, "$%zu\r\n%.*s\r\n", batch->ids[i].len,
			       (int)batch->ids[i].len, (const char *)batch->ids[i].data);
		say_text(t->link, text);
	}
}

static size_t hear_recipient(struct redis_talker *t, struct lahetti_span heard)
{
	static struct batch batch;
	size_t len;

	/* Entries come as an array, what they are answered with as a number. */
	if (heard.len == 0 || heard.data[0] != '*') {
		long number;
		char kind;

		len = resp_line(heard, 0, &kind, &number);
		if (len > 0 && t->answers > 0)
			t->answers--;
		else if (len > 0)
			drive_arrived(&t->server->drive, (unsigned)number);
		return len;
	}
	batch.n = batch.words = 0;
	len = resp_answer(heard, &batch, note_word);
	if (len == 0)
		return 0;
	acknowledge(t, &batch);
	read_more(t);
	return len;
}

static size_t hear_sender(struct redis_talker *t, struct lahetti_span heard)
{
	size_t len = resp_answer(heard, NULL, NULL);
	unsigned message;

	if (len == 0)
		return 0;
	must(t->first != t->last, "an answer to nothing");
	message = t->under_way[t->first];
	t->first = (t->first + 1) % t->server->load->messages;
	drive_acknowledged(&t->server->drive, message);
	return len;
}

static size_t hear(void *context, struct lahetti_span heard)
{
	struct redis_talker *t = context;
	size_t used = 0;

	for (;;) {
		struct lahetti_span rest = lahetti_span(heard.data + used, heard.len - used);
		size_t len = t->recipient ? hear_recipient(t, rest) : hear_sender(t, rest);

		if (len == 0)
			return used;
		used += len;
	}
}

/* Rounds
 * ------------------------------------------------------------------------------------------------------
 */

static void connect_to(struct bench_redis *b, struct redis_talker *t, unsigned port,
		       unsigned number, bool recipient)
{
	char text[128];

	*t = (struct redis_talker){.server = b, .number = number, .recipient = recipient};
	t->link = link_open(b->loop, port, hear, t);
	if (!recipient) {
		t->under_way = calloc(b->load->messages, sizeof *t->under_way);
		must(t->under_way != NULL, "no memory");
		return;
	}
	(void)snprintf(text, sizeof text, "XGROUP CREATE stream%u g $ MKSTREAM\r\n", number);
	say_text(t->link, text);
	t->answers = 1;
	while (t->answers > 0)
		loop_turn(b->loop, 1000000);
	read_more(t);
}

static void *open_redis(const struct load *load)
{
	const char *tmp = getenv("TMPDIR");
	struct bench_redis *b = calloc(1, sizeof *b);
	unsigned port = free_port();
	char ca[300];

	must(b != NULL, "no memory");
	b->load = load;
	(void)snprintf(b->folder, sizeof b->folder, "%s/lahetti-redis-XXXXXX",
		       tmp == NULL ? "/tmp" : tmp);
	must(mkdtemp(b->folder) != NULL, "%s: %s", b->folder, strerror(errno));
	start(b, port);
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", redis_certificates);
	b->loop = loop_create(ca);
	b->senders = calloc(load->senders, sizeof *b->senders);
	b->recipients = calloc(load->recipients, sizeof *b->recipients);
	b->payload_len = load->bytes;
	b->payload = malloc(load->bytes);
	must(b->senders != NULL && b->recipients != NULL && b->payload != NULL, "no memory");
	for (size_t i = 0; i < b->payload_len; i++)
		b->payload[i] = (char)(1 + i * 31 % 251);
	for (unsigned i = 0; i < load->recipients; i++)
		connect_to(b, &b->recipients[i], port, i, true);
	for (unsigned i = 0; i < load->senders; i++)
		connect_to(b, &b->senders[i], port, i % load->recipients, false);
	return b;
}

static size_t prepare_redis(void *server)
{
	return ((struct bench_redis *)server)->payload_len;
}

static void send_message(void *context, unsigned message)
{
	struct bench_redis *b = context;
	struct redis_talker *t = &b->senders[message % b->load->senders];
	char stream[32], head[128];

	(void)snprintf(stream, sizeof stream, "stream%u", t->number);
	(void)snprintf(head, sizeof head,
		       "*5\r\n$4\r\nXADD\r\n$%zu\r\n%s\r\n$1\r\n*\r\n$1\r\np\r\n$%zu\r\n",
		       strlen(stream), stream, b->payload_len);
	say_text(t->link, head);
	link_say(t->link, lahetti_span(b->payload, b->payload_len));
	say_text(t->link, "\r\n");
	t->under_way[t->last] = message;
	t->last = (t->last + 1) % b->load->messages;
}

static void run_redis(void *server, struct round *round)
{
	struct bench_redis *b = server;

	b->drive = (struct drive){
		.load = b->load, .loop = b->loop, .context = b, .send = send_message};
	drive_run(&b->drive, b->pid, round);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void close_redis(void *server)
{
	struct bench_redis *b = server;
	int status;

	for (unsigned i = 0; i < b->load->senders; i++) {
		link_close(b->senders[i].link);
		free(b->senders[i].under_way);
	}
	for (unsigned i = 0; i < b->load->recipients; i++)
		link_close(b->recipients[i].link);
	loop_destroy(b->loop);
	must(kill(b->pid, SIGTERM) == 0 && waitpid(b->pid, &status, 0) == b->pid,
	     "redis-server does not end: %s", strerror(errno));
	bench_runs(1, 0);
	(void)close(b->out);
	(void)nftw(b->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	free(b->senders);
	free(b->recipients);
	free(b->payload);
	free(b);
}

const struct contender contender_redis = {
	.name = "redis",
	.open = open_redis,
	.prepare = prepare_redis,
	.run = run_redis,
	.close = close_redis,
};
