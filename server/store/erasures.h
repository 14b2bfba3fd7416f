/* Erasures that were proposed, and what became of each. What is erased is clients.h's and
 * statements.h's. */
#ifndef STORE_ERASURES_H
#define STORE_ERASURES_H

#include "store.h"

#define ERASURES_REFERENCE_MOST 64

struct erasures_row {
	struct lahetti_id id;
	struct lahetti_id controller;
	struct lahetti_id client;
	struct lahetti_id statement; /* empty: not of one */
	uint32_t scope;
	uint32_t reason; /* 0 where the proposal is not known */
	char reference[ERASURES_REFERENCE_MOST + 1];
	struct lahetti_id proposer; /* empty where the proposal is not known */
	uint64_t proposed;	    /* event */
	int64_t proposed_us;
	int64_t until_us;
	uint64_t ended;		    /* event; 0: it waits, or has lapsed */
	struct lahetti_id ended_by; /* user, who confirmed or dropped it */
	bool done;
};
LAHETTI_CHECKED bool erasures_find(struct store *s, const struct lahetti_id *id,
				   struct erasures_row *row, bool *found, struct lahetti_fault *f);

/* Those of a controller that wait for a second person, by identifier, after one. */
LAHETTI_CHECKED bool erasures_waiting(struct store *s, const struct lahetti_id *controller,
				      const struct lahetti_id *after, int64_t now_us,
				      struct erasures_row *found, size_t most, size_t *n,
				      struct lahetti_fault *f);

/* All that were carried out: for fsck. */
LAHETTI_CHECKED bool erasures_done_each(struct store *s,
					bool (*each)(void *context, const struct erasures_row *row,
						     struct lahetti_fault *f),
					void *context, struct lahetti_fault *f);

#endif
