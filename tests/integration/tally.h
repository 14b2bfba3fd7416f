/*
 * What a client remembers of the statements that it sent to a server that crashes: which it was
 * told are accepted, and the event that each receipt proved. Sent again, each is accepted, with the
 * same event where it had been acknowledged.
 */
#ifndef TEST_TALLY_H
#define TEST_TALLY_H

#include "house.h"

#define TALLY_ROOM 16 /* statements at once */

struct tally_entry {
	struct writing writing;
	uint64_t number; /* of the frame it was sent in last */
	bool acknowledged;
	uint8_t event[4096];
	size_t event_len;
};

struct tally {
	struct tally_entry entries[TALLY_ROOM];
	size_t n;
	uint64_t statements; /* that were ever written */
	uint64_t changed;    /* that were acknowledged again as another event: there may be none */
};

/* Signs n new referrals to the queue of a unit of the author's organisation; those before them go.
 */
void tally_write(struct tally *l, size_t n, const struct person *author,
		 const struct lahetti_id *unit, const struct lahetti_id *client,
		 const struct lahetti_id *case_id);
void tally_finish(struct tally *l);

/* The frame that sends an entry, in the arena. */
Lahetti__V1__ClientFrame *tally_frame(const struct tally_entry *e, struct lahetti_arena *arena);
/* Sends all, as far as the connection goes. */
void tally_send(struct tally *l, struct person *p);
/* Whether a frame answers one that was sent; an acceptance is noted. */
bool tally_note(struct tally *l, const Lahetti__V1__ServerFrame *frame);
size_t tally_acknowledged(const struct tally *l);

/* All are sent once more, one after another, and accepted. */
void tally_again(struct tally *l, struct person *p);
/* With the server stopped: fsck finds nothing wrong, and each statement once. */
void tally_is_whole(const struct tally *l, struct house *h);

#endif
