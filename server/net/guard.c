#include "guard.h"

#include "lahetti/span.h"

#include <stdlib.h>
#include <string.h>

#define SECOND_US INT64_C(1000000)
#define CHAINS                                                                            \
	1024 /* the addresses in the table have unfinished connections: few, or an attack \
	      */

struct guard_address {
	LIST_ENTRY(guard_address) chain;
	uint8_t prefix[GUARD_PREFIX_LEN];
	uint32_t unfinished;
};
LIST_HEAD(guard_chain, guard_address);
TAILQ_HEAD(guest_list, guest);

struct guard {
	struct guard_limits limits;
	size_t connections;
	struct guest_list handshakes; /* ordered by since_us */
	struct guard_chain chains[CHAINS];
};

struct guard *guard_create(const struct guard_limits *limits, struct lahetti_fault *f)
{
	struct guard *g = calloc(1, sizeof *g);

	if (g == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	g->limits = *limits;
	TAILQ_INIT(&g->handshakes);
	return g;
}

void guard_destroy(struct guard *g)
{
	free(g);
}

/* FNV-1a. Whoever finds collisions gets chains no longer than there may be connections. */
static struct guard_chain *chain_of(struct guard *g, const uint8_t prefix[GUARD_PREFIX_LEN])
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < GUARD_PREFIX_LEN; i++)
		hash = (hash ^ prefix[i]) * 16777619u;
	return &g->chains[(hash ^ hash >> 16) % CHAINS];
}

static struct guard_address *address_of(struct guard *g, const uint8_t prefix[GUARD_PREFIX_LEN])
{
	struct guard_chain *chain = chain_of(g, prefix);
	struct guard_address *a;

	LIST_FOREACH(a, chain, chain)
	if (memcmp(a->prefix, prefix, GUARD_PREFIX_LEN) == 0)
		return a;
	a = calloc(1, sizeof *a);
	if (a == NULL)
		return NULL;
	memcpy(a->prefix, prefix, GUARD_PREFIX_LEN);
	LIST_INSERT_HEAD(chain, a, chain);
	return a;
}

enum guard_verdict guard_admit(struct guard *g, struct guest *guest,
			       const uint8_t prefix[GUARD_PREFIX_LEN], int64_t now_us)
{
	struct guard_address *a;

	if (g->connections >= g->limits.connections)
		return GUARD_FULL;
	a = address_of(g, prefix);
	if (a == NULL)
		return GUARD_NO_MEMORY;
	if (a->unfinished >= g->limits.unfinished_an_address)
		return GUARD_ADDRESS;
	a->unfinished++;
	g->connections++;
	*guest = (struct guest){.address = a, .since_us = now_us, .shaking_hands = true};
	TAILQ_INSERT_TAIL(&g->handshakes, guest, in_handshakes);
	return GUARD_ADMITTED;
}

void guard_shook_hands(struct guard *g, struct guest *guest)
{
	if (!guest->shaking_hands)
		return;
	guest->shaking_hands = false;
	TAILQ_REMOVE(&g->handshakes, guest, in_handshakes);
}

void guard_again(struct guard *g, struct guest *guest, int64_t now_us)
{
	if (!guest->shaking_hands)
		return;
	guest->since_us = now_us;
	TAILQ_REMOVE(&g->handshakes, guest, in_handshakes);
	TAILQ_INSERT_TAIL(&g->handshakes, guest, in_handshakes);
}

bool guard_is_crowded(const struct guard *g, const struct guest *guest)
{
	return g->connections > g->limits.connections - g->limits.connections / 8 ||
	       (guest->address != NULL &&
		guest->address->unfinished > g->limits.unfinished_an_address / 2);
}

void guard_settled(struct guard *g, struct guest *guest)
{
	struct guard_address *a = guest->address;

	(void)g;
	if (a == NULL)
		return;
	guest->address = NULL;
	if (--a->unfinished == 0) {
		LIST_REMOVE(a, chain);
		free(a);
	}
}

void guard_leave(struct guard *g, struct guest *guest)
{
	guard_shook_hands(g, guest);
	guard_settled(g, guest);
	g->connections--;
}

struct guest *guard_overdue(struct guard *g, int64_t now_us)
{
	struct guest *oldest = TAILQ_FIRST(&g->handshakes);
	int64_t most_us = g->connections >= g->limits.connections
				  ? SECOND_US
				  : g->limits.handshake_s * SECOND_US;

	if (oldest == NULL || now_us - oldest->since_us < most_us)
		return NULL;
	guard_shook_hands(g, oldest);
	return oldest;
}

struct guest *guard_any_handshake(struct guard *g)
{
	struct guest *oldest = TAILQ_FIRST(&g->handshakes);

	if (oldest != NULL)
		guard_shook_hands(g, oldest);
	return oldest;
}

size_t guard_connections(const struct guard *g)
{
	return g->connections;
}
