/* The team of a case: people of any organisation, and the one who is its case manager. */
#ifndef STORE_CARE_TEAM_H
#define STORE_CARE_TEAM_H

#include "store.h"

/* Of one case: no more are put into it. */
#define CARE_TEAM_MOST 50

struct care_team_member {
	struct lahetti_id user;
	struct lahetti_id unit;		/* in which they take part */
	struct lahetti_id organisation; /* of the unit */
	bool case_manager;
	int64_t from_us; /* since when it is so */
};
/* Those who are in it now, each person once, the case manager first. */
LAHETTI_CHECKED bool care_team(struct store *s, const struct lahetti_id *case_id,
			       struct care_team_member found[CARE_TEAM_MOST], size_t *n,
			       struct lahetti_fault *f);

#endif
