/*
 * Refusals must not let anyone grow the trail: equal ones of one source within a minute are one
 * event. The first is recorded at once; those that follow in the same minute are counted, and told
 * with the next one of that source or when the minute is over, whichever comes first. More sources
 * in one minute than there are places are counted together, so that no number of them grows the
 * trail faster than its places.
 */
#ifndef DESK_QUIET_H
#define DESK_QUIET_H

#include "job.h"

#include <lahetti/v1/audit.pb-c.h>

/* A refusal as it stands in the trail. */
struct refusal {
	Lahetti__V1__Action action;
	char code[32];
	struct job_actor actor;		      /* as far as known */
	struct lahetti_id client, controller; /* whom it concerns; empty: no known client */
	uint32_t count;			      /* of tries that it stands for */
};

struct quiet;

LAHETTI_CHECKED struct quiet *quiet_create(struct lahetti_fault *f);
void quiet_destroy(struct quiet *q);

/*
 * Whether a refusal is to be recorded now; its count is then filled in. Equal are refusals with the
 * same key: an address, or a session and what was refused.
 */
bool quiet_speak(struct quiet *q, const struct lahetti_span *key, size_t n, struct refusal *r,
		 int64_t now_us);

/* Takes one that has been counted in a minute that is over, or in any with `all`. False: none. */
bool quiet_due(struct quiet *q, bool all, int64_t now_us, struct refusal *r);

/* What was said and taken since keep is as if it had not been: its transaction was undone. */
void quiet_keep(struct quiet *q);
void quiet_back(struct quiet *q);

#endif
