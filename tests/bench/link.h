/* A connection over TLS on a loop that never waits for one of them. */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include "bench.h"

struct loop;
struct link;

/* What has come and was not used yet; says how much of it is used now. */
typedef size_t link_hear_fn(void *context, struct lahetti_span bytes);

struct loop *loop_create(const char *ca);
void loop_destroy(struct loop *loop);
/* Waits at most so long for something to come, and hears it. What was said is sent before. */
void loop_turn(struct loop *loop, int64_t timeout_us);

/* Connects to localhost and shakes hands. */
struct link *link_open(struct loop *loop, unsigned port, link_hear_fn *hear, void *context);
void link_exporter(struct link *link, uint8_t out[32]); /* RFC 9266 */
void link_say(struct link *link, struct lahetti_span bytes);
void link_close(struct link *link);

#endif
