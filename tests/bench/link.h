/* A connection over TLS on a loop that never waits for one of them. */
#ifndef BENCH_LINK_H
#define BENCH_LINK_H

#include "bench.h"

#include <openssl/ssl.h>

struct loop;
struct link;

/* What has come and was not used yet; says how much of it is used now. */
typedef size_t link_hear_fn(void *context, struct lahetti_span bytes);

struct loop *loop_create(const char *ca);
void loop_destroy(struct loop *loop);
/* Waits at most so long for something to come, and hears it. What was said is sent before. */
void loop_turn(struct loop *loop, int64_t timeout_us);

/* Bytes so far, of all connections. */
uint64_t loop_heard(const struct loop *loop);

/* What a client shows in TLS. */
struct papers {
	X509 *certificate;
	EVP_PKEY *key;
};

/* Begins to connect to localhost: hands are shaken while the loop turns. */
struct link *link_open(struct loop *loop, unsigned port, const struct papers *papers,
		       link_hear_fn *hear, void *context);
/* RFC 9266, once something was heard. */
void link_exporter(struct link *link, uint8_t out[32]);
void link_say(struct link *link, struct lahetti_span bytes);
/* Says that nothing more is said; close, which waits for the server to have heard it. */
void link_end(struct link *link);
void link_close(struct link *link);

#endif
