/*
 * Carrying an erasure out, so that a crash at any instant leaves it wholly done, to be done again,
 * or not begun:
 *
 *   1. a new period key for the week of the keys that change, durable
 *   2. in one transaction: the event and its record; the erased keys, identities and contents gone;
 *      the living keys of the period under the new one
 *   3. the line of the erasure journal, durable, and then the commit
 *   4. the old period key retired, and destroyed when no backup is left that needs it
 *
 * All is decided before 3. From there on nothing stops it: erase_replay does from the journal what
 * a crash, a failed commit, or an older database that was brought back, left undone.
 */
#ifndef DESK_ERASE_H
#define DESK_ERASE_H

#include "attachments.h"
#include "store.h"
#include "trail.h"

/*
 * Brings a database in step with the journal of its vault: erases what a line names and still can
 * be read here, with an event of the server's own where the trail has none for that erasure; puts
 * living keys that lie under a retired period key under a new one; retires period keys that none
 * needs any more. Lines about clients that this database does not know are passed over.
 *
 * For whoever opens a database to write, before anyone is served: the server at start, and restore
 * after the generation's first event; and the server again after an erasure and once a day. Outside
 * a transaction: it makes, seals and commits its own, none where there is nothing to do. After a
 * fault the caller does what it does after any commit that failed (store_rollback, trail_revert;
 * the store anew where that was UNCERTAIN), or closes both; calling it again is harmless. *erased:
 * how many lines had to be applied.
 */
LAHETTI_CHECKED bool erase_replay(struct store *s, struct trail *t, struct attachments *a,
				  unsigned *erased, struct lahetti_fault *f);

/* The files of attachments that an erasure has left without a name: removed after the commit, else
 * left to their statements. Ends the list; NULL is an empty one. */
struct erase_gone;
void erase_settle(struct attachments *a, struct erase_gone **gone, bool committed);

/*
 * Destroys the period keys that were retired so long ago that no backup holds keys under them.
 * After erase_replay only, which sees to it that nothing living lies under them.
 */
LAHETTI_CHECKED bool erase_destroy_retired(struct vault *v, int64_t now_us, unsigned retention_days,
					   unsigned *destroyed, struct lahetti_fault *f);

#endif
