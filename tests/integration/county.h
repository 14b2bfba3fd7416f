/* A county as R1 has it: a clinic, a coaching team, supervision, and a person in each, enrolled and
 * confirmed. */
#ifndef TEST_COUNTY_H
#define TEST_COUNTY_H

#include "house.h"

struct county {
	struct house house;
	struct person admin, worker, coach, officer;
	struct lahetti_id clinic, team, supervision;
};

/* Made, and the server started; nobody is signed in. */
void county_make(struct county *c);
void county_make_with(struct county *c, const char *more_configuration);
/* Stops the server; what it leaves must be whole. */
void county_end(struct county *c);
/* Signs in, acting in the only membership. */
void county_sign_in(struct person *p);

#endif
