/* Three controllers as R2 has them: a county's adult social work, an employment area, an
 * association; a person who works in each, and its data-protection officer. */
#ifndef TEST_REGION_H
#define TEST_REGION_H

#include "house.h"

struct party {
	struct person admin, worker, officer;
	struct lahetti_id unit, supervision;
};

struct region {
	struct house house;
	struct party county, area, association;
};

/* Made, and the server started; nobody is signed in. */
void region_make(struct region *r);
/* Who works in each, and who watches. */
void region_sign_in(struct region *r);
void region_sign_out(struct region *r);
/* Stops the server; what it leaves must be whole. */
void region_end(struct region *r);

#endif
