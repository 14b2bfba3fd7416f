/*
 * Who is let in: connections in all, unfinished ones of an address, and handshakes that take too
 * long. It counts and keeps time; it knows no socket.
 *
 *   refused <--limit-- accept --> HANDSHAKE --WebSocket stands--> STRANGER --signed in--> SETTLED
 *                                  |     |
 *                                  |     +--too long: given up by the owner
 *                                  +--page asked for: begins anew
 */
#ifndef NET_GUARD_H
#define NET_GUARD_H

#include "lahetti/fault.h"

#include <stddef.h>
#include <sys/queue.h>

#define GUARD_PREFIX_LEN 16 /* of an address: IPv4-mapped /32, or IPv6 /64 with zeros behind */

struct guard;
struct guard_address;

/* A connection, as the guard sees it; it lies in what its owner keeps of the connection. */
struct guest {
	TAILQ_ENTRY(guest) in_handshakes;
	struct guard_address *address; /* NULL once settled */
	int64_t since_us;
	bool shaking_hands;
};

struct guard_limits {
	uint32_t connections;
	uint32_t unfinished_an_address;
	uint32_t handshake_s;
};

enum guard_verdict {
	GUARD_ADMITTED,
	GUARD_FULL,
	GUARD_ADDRESS, /* too many unfinished ones of the address */
	GUARD_NO_MEMORY,
};

LAHETTI_CHECKED struct guard *guard_create(const struct guard_limits *limits,
					   struct lahetti_fault *f);
void guard_destroy(struct guard *g); /* when every guest has left */

LAHETTI_CHECKED enum guard_verdict guard_admit(struct guard *g, struct guest *guest,
					       const uint8_t prefix[GUARD_PREFIX_LEN],
					       int64_t now_us);
void guard_shook_hands(struct guard *g, struct guest *guest);

/* As if the handshake began now: a request has come, and is answered. Nothing where it is over. */
void guard_again(struct guard *g, struct guest *guest, int64_t now_us);

/* Half of what the address may have is taken, or nearly all of what all may: time not to keep a
 * connection that only waits for its next request. */
bool guard_is_crowded(const struct guard *g, const struct guest *guest);

void guard_settled(struct guard *g, struct guest *guest);
void guard_leave(struct guard *g, struct guest *guest);

/*
 * A handshake that has taken longer than handshake_s, or, where every connection is taken, the
 * oldest that has taken more than a second: silence must not keep others out. NULL: none. What is
 * returned is not returned again; it leaves when its socket has gone.
 */
struct guest *guard_overdue(struct guard *g, int64_t now_us);

/* The oldest handshake, whatever its age, in the same way: to send all away. */
struct guest *guard_any_handshake(struct guard *g);

size_t guard_connections(const struct guard *g);

#endif
