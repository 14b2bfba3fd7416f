/* Redis streams with appendfsync always, the strongest durable peer: XADD by each sender, a
 * consumer group for each recipient, which acknowledges what it has got. TLS with lahettid's
 * certificates. */

#include "daemon.h"
#include "payload.h"
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BATCH_MOST 200

struct bench_redis {
	struct stage *stage;
	struct daemon daemon;
	struct payload payload;
	bool *grouped; /* by recipient: its consumer group is there */
};

/* The server
 * ----------------------------------------------------------------------------------------------------
 */

static void start(void *server)
{
	struct bench_redis *b = server;
	char port[16], certificate[300], key[300], ca[300];
	const char *folder = stage_certificates.folder;
	const char *const arguments[] = {"--port",
					 "0",
					 "--tls-port",
					 port,
					 "--bind",
					 "127.0.0.1",
					 "--tls-cert-file",
					 certificate,
					 "--tls-key-file",
					 key,
					 "--tls-ca-cert-file",
					 ca,
					 "--tls-auth-clients",
					 "yes",
					 "--appendonly",
					 "yes",
					 "--appendfsync",
					 "always",
					 "--save",
					 "",
					 "--maxclients",
					 "12000",
					 "--dir",
					 b->daemon.folder,
					 NULL};

	(void)snprintf(port, sizeof port, "%u", b->daemon.port);
	(void)snprintf(certificate, sizeof certificate, "%s/server.pem", folder);
	(void)snprintf(key, sizeof key, "%s/server.key", folder);
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", folder);
	daemon_start(&b->daemon, arguments, "Ready to accept connections");
	b->stage->pid = b->daemon.pid;
	b->stage->port = b->daemon.port;
}

static void stop(void *server)
{
	daemon_stop(&((struct bench_redis *)server)->daemon);
}

static void *create(struct stage *stage)
{
	struct bench_redis *b = calloc(1, sizeof *b);

	must(b != NULL, "no memory");
	b->stage = stage;
	b->grouped = calloc(stage->load->recipients, sizeof *b->grouped);
	must(b->grouped != NULL, "no memory");
	payload_make(&b->payload, stage->load->bytes);
	daemon_make(&b->daemon, "redis-server");
	start(b);
	return b;
}

static void destroy(void *server)
{
	struct bench_redis *b = server;

	daemon_finish(&b->daemon);
	payload_finish(&b->payload);
	free(b->grouped);
	free(b);
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
	struct stage *stage;
	struct lahetti_span ids[BATCH_MOST];
	unsigned n, words;
};

/* Stream, then for each entry its identifier, the field's name and its value. */
static void note_word(void *context, struct lahetti_span word)
{
	struct batch *b = context;

	if (b->words % 3 == 1)
		b->ids[b->n++] = word;
	else if (b->words % 3 == 0 && b->words > 0)
		drive_has(&b->stage->drive, payload_message(word));
	b->words++;
}

static void say_text(struct link *link, const char *text)
{
	link_say(link, lahetti_span_text(text));
}

static void read_more(struct talker *t)
{
	char text[256];

	(void)snprintf(text, sizeof text,
		       "XREADGROUP GROUP g c COUNT %d BLOCK 0 STREAMS stream%u >\r\n", BATCH_MOST,
		       t->number);
	say_text(t->link, text);
}

static void acknowledge(struct talker *t, const struct batch *batch)
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

static size_t hear_recipient(struct talker *t, struct lahetti_span heard)
{
	static struct batch batch;
	size_t len = resp_answer(heard, NULL, NULL);
	long number = 0;
	char kind;

	if (len == 0)
		return 0;
	/* Entries come as an array, what they are answered with as a number. */
	if (heard.data[0] != '*') {
		(void)resp_line(heard, 0, &kind, &number);
		drive_arrived(&t->stage->drive, (unsigned)number);
		return len;
	}
	batch = (struct batch){.stage = t->stage};
	(void)resp_answer(heard, &batch, note_word);
	acknowledge(t, &batch);
	read_more(t);
	return len;
}

static size_t hear_first(struct talker *t, struct lahetti_span heard)
{
	struct bench_redis *b = t->stage->server;
	size_t len = resp_answer(heard, NULL, NULL);

	if (len == 0)
		return 0;
	if (t->part == RECIPIENT) {
		b->grouped[t->number] = true;
		read_more(t);
	}
	stage_ready(t);
	return len;
}

static size_t hear(struct talker *t, struct lahetti_span heard)
{
	size_t used = 0, len;

	do {
		struct lahetti_span rest = lahetti_span(heard.data + used, heard.len - used);

		if (!t->ready) {
			len = hear_first(t, rest);
		} else if (t->part == RECIPIENT) {
			len = hear_recipient(t, rest);
		} else {
			len = resp_answer(rest, NULL, NULL);
			if (len > 0)
				stage_acknowledged(t);
		}
		used += len;
	} while (len > 0);
	return used;
}

static const struct papers *papers(struct talker *t)
{
	(void)t;
	return &stage_certificates.papers;
}

static void greet(struct talker *t)
{
	const struct bench_redis *b = t->stage->server;
	char text[128];

	if (t->part != RECIPIENT || b->grouped[t->number]) {
		say_text(t->link, "PING\r\n");
		return;
	}
	(void)snprintf(text, sizeof text, "XGROUP CREATE stream%u g $ MKSTREAM\r\n", t->number);
	say_text(t->link, text);
}

/* Rounds
 * ------------------------------------------------------------------------------------------------------
 */

static size_t prepare(void *server)
{
	return ((struct bench_redis *)server)->payload.len;
}

static void send_message(struct talker *t, unsigned message)
{
	struct bench_redis *b = t->stage->server;
	char stream[32], head[128];

	(void)snprintf(stream, sizeof stream, "stream%u", t->number % t->stage->load->recipients);
	(void)snprintf(head, sizeof head,
		       "*5\r\n$4\r\nXADD\r\n$%zu\r\n%s\r\n$1\r\n*\r\n$1\r\np\r\n$%zu\r\n",
		       strlen(stream), stream, b->payload.len);
	say_text(t->link, head);
	link_say(t->link, payload_of(&b->payload, message));
	say_text(t->link, "\r\n");
}

const struct contender contender_redis = {
	.name = "redis",
	.create = create,
	.start = start,
	.stop = stop,
	.destroy = destroy,
	.papers = papers,
	.greet = greet,
	.hear = hear,
	.prepare = prepare,
	.send = send_message,
};
