/*
 * Carrying an erasure out, so that a crash at any instant leaves it wholly done or to be done
 * again:
 *
 *   1. the line of the erasure journal, durable
 *   2. a new period key for the week of each key that changes, durable
 *   3. in one transaction: the event and its record; the erased keys, identities and contents gone;
 * the living keys of the period under the new one
 *   4. after the commit: the old period key retired, and destroyed when no backup is left that
 * needs it
 *
 * What is decided is decided before 1. From 1 on nothing can stop it: erase_replay does from the
 * journal what a crash, or an older database that was brought back, left undone.
 */
#ifndef DESK_ERASE_H
#define DESK_ERASE_H

#include "store.h"
#include "trail.h"

/*
 * Brings a database in step with the journal of its vault: erases what a line names and still can
 * be read here, with an event of the server's own where the trail has none for that erasure; puts
 * living keys that lie under a retired period key under a new one; retires period keys that none
 * needs any more. Lines about clients that this database does not know are passed over.
 *
 * For whoever opens a database to write, before anyone is served: the server at start, and restore
 * after the generation's first event. Outside a transaction: it makes, seals and commits its own,
 * none where there is nothing to do. After a fault trail and store must be closed; calling it again
 * is harmless. *erased: how many lines had to be applied.
 */
LAHETTI_CHECKED bool erase_replay(struct store *s, struct trail *t, unsigned *erased,
				  struct lahetti_fault *f);

/*
 * Destroys the period keys that were retired so long ago that no backup holds keys under them.
 * After erase_replay only, which sees to it that nothing living lies under them.
 */
LAHETTI_CHECKED bool erase_destroy_retired(struct vault *v, int64_t now_us, unsigned retention_days,
					   unsigned *destroyed, struct lahetti_fault *f);

#endif
