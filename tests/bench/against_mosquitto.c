/* Mosquitto, MQTT 3.1.1 over wss, QoS 1 and persistence on: PUBLISH by each sender to the topic of
 * a recipient, which is subscribed in a session that outlives its connection. It answers before
 * anything is on disk. TLS with lahettid's certificates. */

#include "daemon.h"
#include "payload.h"
#include "stage.h"
#include "websocket.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKET_ROOM 65536

/* First bytes of packets. */
enum packet {
	CONNECT = 0x10,
	CONNACK = 0x20,
	PUBLISH = 0x30,
	PUBLISH_QOS1 = 0x32,
	PUBACK = 0x40,
	SUBSCRIBE = 0x82,
	SUBACK = 0x90
};

struct bench_mosquitto {
	struct stage *stage;
	struct daemon daemon;
	struct payload payload;
};

/* The server
 * ----------------------------------------------------------------------------------------------------
 */

static void start(void *server)
{
	struct bench_mosquitto *b = server;
	char path[300];
	const char *const arguments[] = {"-c", path, NULL};

	(void)snprintf(path, sizeof path, "%s/mosquitto.conf", b->daemon.folder);
	daemon_start(&b->daemon, arguments, " running");
	b->stage->pid = b->daemon.pid;
	b->stage->port = b->daemon.port;
}

static void stop(void *server)
{
	daemon_stop(&((struct bench_mosquitto *)server)->daemon);
}

/* No limit on what is under way or waits for somebody. A root stays root, as its folder is root's.
 * Where all listeners are WebSockets it refuses to start: one is a socket nobody uses. */
static void configure(struct bench_mosquitto *b)
{
	const char *folder = stage_certificates.folder;
	char path[300];
	FILE *f;

	(void)snprintf(path, sizeof path, "%s/mosquitto.conf", b->daemon.folder);
	f = fopen(path, "w");
	must(f != NULL, "%s can't be written", path);
	(void)fprintf(f,
		      "user root\n"
		      "persistence true\n"
		      "persistence_location %s/\n"
		      "log_dest stderr\n"
		      "connection_messages false\n"
		      "max_inflight_messages 0\n"
		      "max_queued_messages 0\n"
		      "set_tcp_nodelay true\n"
		      "listener 0 %s/unused\n"
		      "listener %u 127.0.0.1\n"
		      "protocol websockets\n"
		      "allow_anonymous true\n"
		      "certfile %s/server.pem\n"
		      "keyfile %s/server.key\n"
		      "cafile %s/ca.pem\n"
		      "require_certificate true\n",
		      b->daemon.folder, b->daemon.folder, b->daemon.port, folder, folder, folder);
	must(fclose(f) == 0, "%s can't be written", path);
}

static void *create(struct stage *stage)
{
	struct bench_mosquitto *b = calloc(1, sizeof *b);

	must(b != NULL, "no memory");
	b->stage = stage;
	payload_make(&b->payload, stage->load->bytes);
	daemon_make(&b->daemon, "mosquitto");
	configure(b);
	start(b);
	return b;
}

static void destroy(void *server)
{
	struct bench_mosquitto *b = server;

	daemon_finish(&b->daemon);
	payload_finish(&b->payload);
	free(b);
}

/* Talking
 * -----------------------------------------------------------------------------------------------------
 */

static void say(struct talker *t, enum packet first, struct lahetti_span head,
		struct lahetti_span rest)
{
	struct lahetti_buffer packet, message;
	uint8_t fixed[4] = {(uint8_t)first};
	size_t len = head.len + rest.len, n = 1;

	must(len < PACKET_ROOM / 2, "too long a message");
	for (;; len >>= 7) {
		fixed[n] = (uint8_t)(len & 0x7f);
		if (len < 0x80)
			break;
		fixed[n++] |= 0x80;
	}
	lahetti_buffer_init(&packet, PACKET_ROOM);
	lahetti_buffer_init(&message, PACKET_ROOM);
	must(lahetti_buffer_add(&packet, lahetti_span(fixed, n + 1), NULL) &&
		     lahetti_buffer_add(&packet, head, NULL) &&
		     lahetti_buffer_add(&packet, rest, NULL),
	     "no memory");
	websocket_wrap(&message, lahetti_buffer_span(&packet));
	link_say(t->link, lahetti_buffer_span(&message));
	lahetti_buffer_finish(&message);
	lahetti_buffer_finish(&packet);
}

/* A name with its length before it; bytes used. */
static size_t put_name(uint8_t *to, char first, unsigned number)
{
	char text[32];
	int len = snprintf(text, sizeof text, "%c%u", first, number);

	to[0] = 0;
	to[1] = (uint8_t)len;
	memcpy(to + 2, text, (size_t)len);
	return (size_t)len + 2;
}

static void greet(struct talker *t)
{
	websocket_upgrade(t->link, "/mqtt", "mqtt");
}

static void sign_in(struct talker *t)
{
	static const char names[] = {[SENDER] = 's', [RECIPIENT] = 'r', [CROWD] = 'c'};
	/* Protocol, its level, a clean session for all but recipients, never asked to ping. */
	uint8_t head[64] = {0, 4, 'M', 'Q', 'T', 'T', 4, t->part == RECIPIENT ? 0 : 2, 0, 0};
	size_t len = 10 + put_name(head + 10, names[t->part], t->number);

	say(t, CONNECT, lahetti_span(head, len), (struct lahetti_span){0});
}

static void subscribe(struct talker *t)
{
	uint8_t head[64] = {0, 1};
	size_t len = 2 + put_name(head + 2, 't', t->number);

	head[len++] = 1; /* QoS */
	say(t, SUBSCRIBE, lahetti_span(head, len), (struct lahetti_span){0});
}

static void take(struct talker *t, struct lahetti_span packet, size_t at)
{
	size_t topic;

	must(at + 2 <= packet.len, "a short packet");
	topic = (size_t)packet.data[at] << 8 | packet.data[at + 1];
	at += 2 + topic;
	must(at + 2 <= packet.len, "a short packet");
	drive_has(&t->stage->drive,
		  payload_message(lahetti_span(packet.data + at + 2, packet.len - at - 2)));
	say(t, PUBACK, lahetti_span(packet.data + at, 2), (struct lahetti_span){0});
	drive_arrived(&t->stage->drive, 1);
}

/* The first packet of a message; its length. */
static size_t hear_packet(struct talker *t, struct lahetti_span heard)
{
	size_t len = 0, at = 1;
	unsigned shift = 0;

	do {
		must(at < heard.len && shift < 28, "a packet in pieces");
		len |= (size_t)(heard.data[at] & 0x7f) << shift;
		shift += 7;
	} while ((heard.data[at++] & 0x80) != 0);
	must(at + len <= heard.len, "a packet in pieces");
	switch (heard.data[0]) {
	case CONNACK:
		must(len == 2 && heard.data[at + 1] == 0, "mosquitto lets nobody in");
		if (t->part == RECIPIENT)
			subscribe(t);
		else
			stage_ready(t);
		break;
	case SUBACK:
		stage_ready(t);
		break;
	case PUBACK:
		stage_acknowledged(t);
		break;
	default:
		must((heard.data[0] & 0xf0) == PUBLISH, "an unexpected packet: %u", heard.data[0]);
		take(t, lahetti_span(heard.data, at + len), at);
	}
	return at + len;
}

static void hear_message(struct talker *t, struct lahetti_span message)
{
	for (size_t at = 0; at < message.len;)
		at += hear_packet(t, lahetti_span(message.data + at, message.len - at));
}

static size_t hear(struct talker *t, struct lahetti_span heard)
{
	bool upgraded = t->upgraded;
	size_t used = websocket_hear(t, heard, hear_message);

	if (t->upgraded && !upgraded)
		sign_in(t);
	return used;
}

static const struct papers *papers(struct talker *t)
{
	(void)t;
	return &stage_certificates.papers;
}

/* Rounds
 * ------------------------------------------------------------------------------------------------------
 */

static size_t prepare(void *server)
{
	return ((struct bench_mosquitto *)server)->payload.len;
}

static void send_message(struct talker *t, unsigned message)
{
	struct bench_mosquitto *b = t->stage->server;
	uint8_t head[64];
	size_t len = put_name(head, 't', t->number % t->stage->load->recipients);
	/* It must not be 0, nor that of another under way. */
	unsigned id = message / t->stage->load->senders % 65535 + 1;

	head[len++] = (uint8_t)(id >> 8);
	head[len++] = (uint8_t)id;
	say(t, PUBLISH_QOS1, lahetti_span(head, len), payload_of(&b->payload, message));
}

const struct contender contender_mosquitto = {
	.name = "mosquitto",
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
