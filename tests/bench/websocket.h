/* WebSocket as far as two programs that know each other need it: whole binary messages, pings. */
#ifndef BENCH_WEBSOCKET_H
#define BENCH_WEBSOCKET_H

#include "lahetti/buffer.h"

#include "link.h"

/* Asks for the upgrade, in HTTP. */
void websocket_upgrade(struct link *link, const char *path, const char *subprotocol);
/* How long the answer's header is; 0: it has not all come. */
size_t websocket_upgraded(struct lahetti_span heard);

/* Appends a message as a client sends it, under a mask. */
void websocket_wrap(struct lahetti_buffer *out, struct lahetti_span message);
/* The first message of what was heard: bytes used, 0 where it has not all come. Pings are answered
 * and give no message. */
size_t websocket_unwrap(struct link *link, struct lahetti_span heard, struct lahetti_span *message);

#endif
