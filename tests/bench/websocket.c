#include "websocket.h"

#include "lahetti/id.h"

#include <stdio.h>
#include <string.h>

enum opcode { BINARY = 2, CLOSE = 8, PING = 9 };

void websocket_upgrade(struct link *link, const char *path, const char *subprotocol)
{
	char text[512];
	int len = snprintf(text, sizeof text,
			   "GET %s HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
			   "Connection: Upgrade\r\nSec-WebSocket-Key: bGFoZXR0aSBiZW5jaCAxMg==\r\n"
			   "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: %s\r\n\r\n",
			   path, subprotocol);

	must(len > 0 && (size_t)len < sizeof text, "too long a path");
	link_say(link, lahetti_span(text, (size_t)len));
}

/* How long the answer's header is; 0: it has not all come. */
static size_t answer_len(struct lahetti_span heard)
{
	static const char status[] = "HTTP/1.1 101 ";
	const uint8_t *end = heard.len == 0 ? NULL : memmem(heard.data, heard.len, "\r\n\r\n", 4);

	if (end == NULL)
		return 0;
	must(memcmp(heard.data, status, sizeof status - 1) == 0, "no WebSocket");
	return (size_t)(end + 4 - heard.data);
}

static void wrap(struct lahetti_buffer *out, enum opcode opcode, struct lahetti_span message)
{
	uint8_t head[14] = {(uint8_t)(0x80 | opcode)};
	uint8_t *mask, *to;
	size_t len = 2;

	must(message.len < 65536, "too long a message");
	head[1] = (uint8_t)(0x80 | (message.len < 126 ? message.len : 126));
	if (message.len >= 126) {
		head[len++] = (uint8_t)(message.len >> 8);
		head[len++] = (uint8_t)message.len;
	}
	mask = head + len;
	must(lahetti_random(mask, 4, NULL), "no random bytes");
	to = lahetti_buffer_reserve(out, len + 4 + message.len, NULL);
	must(to != NULL, "no memory");
	memcpy(to, head, len + 4);
	for (size_t i = 0; i < message.len; i++)
		to[len + 4 + i] = message.data[i] ^ mask[i % 4];
	out->len += len + 4 + message.len;
}

void websocket_wrap(struct lahetti_buffer *out, struct lahetti_span message)
{
	wrap(out, BINARY, message);
}

static void answer_ping(struct link *link, struct lahetti_span payload)
{
	struct lahetti_buffer pong;

	lahetti_buffer_init(&pong, 256);
	wrap(&pong, PING + 1, payload);
	link_say(link, lahetti_buffer_span(&pong));
	lahetti_buffer_finish(&pong);
}

/* The first message of what was heard, empty where it was a ping: bytes used, 0 where it has not
 * all come. */
static size_t unwrap(struct link *link, struct lahetti_span heard, struct lahetti_span *message)
{
	size_t head = 2, len;

	*message = (struct lahetti_span){0};
	if (heard.len < 2)
		return 0;
	len = heard.data[1];
	if (len >= 126)
		head = len == 126 ? 4 : 10;
	if (heard.len < head)
		return 0;
	if (len >= 126) {
		len = 0;
		for (size_t i = 2; i < head; i++)
			len = len << 8 | heard.data[i];
	}
	if (heard.len < head + len)
		return 0;
	must((heard.data[0] & 0x80) != 0, "a message in pieces");
	must((heard.data[0] & 0x0f) != CLOSE, "the server has closed a session: %.*s",
	     len > 2 ? (int)len - 2 : 0, (const char *)heard.data + head + 2);
	if ((heard.data[0] & 0x0f) == PING)
		answer_ping(link, lahetti_span(heard.data + head, len));
	else if ((heard.data[0] & 0x0f) == BINARY)
		*message = lahetti_span(heard.data + head, len);
	return head + len;
}

size_t websocket_hear(struct talker *t, struct lahetti_span heard,
		      void (*message)(struct talker *t, struct lahetti_span message))
{
	struct lahetti_span one;
	size_t used = 0, len;

	if (!t->upgraded) {
		used = answer_len(heard);
		t->upgraded = used > 0;
	}
	while (t->upgraded &&
	       (len = unwrap(t->link, lahetti_span(heard.data + used, heard.len - used), &one)) >
		       0) {
		used += len;
		if (one.len > 0)
			message(t, one);
	}
	return used;
}
