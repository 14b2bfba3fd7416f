/*
 * Sessions by a key of theirs: a hash table of chains. A link lies in its session; a chain holds
 * whatever has the same hash, so whoever walks it looks at the keys. Newest first.
 */
#ifndef NET_INDEX_H
#define NET_INDEX_H

#include "lahetti/span.h"

#include <sys/queue.h>

struct session;

struct link {
	LIST_ENTRY(link) chain;
	struct session *session; /* NULL: in no index */
};
LIST_HEAD(chain, link);

struct index {
	struct chain *chains;
	size_t mask;
};

/* For about `most` sessions. */
LAHETTI_CHECKED bool index_init(struct index *x, size_t most, struct lahetti_fault *f);
void index_finish(struct index *x);

/* Keys are of 8 bytes or more, the last of which are random (UUIDv7, digests). */
void index_add(struct index *x, struct lahetti_span key, struct link *l, struct session *s);
void index_remove(struct link *l); /* of one that is in none, too */
struct link *index_first(const struct index *x, struct lahetti_span key);
static inline struct link *index_next(const struct link *l)
{
	return LIST_NEXT(l, chain);
}

#endif
