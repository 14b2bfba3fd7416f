#include "care_team.h"

#include "store_internal.h"

bool care_team(struct store *s, const struct lahetti_id *case_id,
	       struct care_team_member found[CARE_TEAM_MOST], size_t *n, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, SQL_CARE_TEAM,
			   STORE_PARAMS(db_id(case_id), db_int(CARE_TEAM_MOST)), f);

	*n = 0;
	while (ok && *n < CARE_TEAM_MOST && (ok = db_next(&c, &row, f)) && row != NULL) {
		struct care_team_member *m = &found[(*n)++];

		*m = (struct care_team_member){.case_manager = row[3].number != 0,
					       .from_us = row[4].number};
		ok = store_id(&row[0], &m->user, f) && store_id(&row[1], &m->unit, f) &&
		     store_id(&row[2], &m->organisation, f);
	}
	db_done(&c);
	return ok;
}
