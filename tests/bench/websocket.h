/* WebSocket as far as two programs that know each other need it: whole binary messages, pings. */
#ifndef BENCH_WEBSOCKET_H
#define BENCH_WEBSOCKET_H

#include "lahetti/buffer.h"

#include "stage.h"

/* Asks for the upgrade, in HTTP. */
void websocket_upgrade(struct link *link, const char *path, const char *subprotocol);
/* Hears the upgrade's answer, then each whole message. Pings are answered. Bytes used. */
size_t websocket_hear(struct talker *t, struct lahetti_span heard,
		      void (*message)(struct talker *t, struct lahetti_span message));

/* Appends a message as a client sends it, under a mask. */
void websocket_wrap(struct lahetti_buffer *out, struct lahetti_span message);
#endif
