/* Another controller on the same server, as R2 has it: an association with a coaching unit and
 * supervision, and a person in each, enrolled and confirmed. */
#ifndef TEST_NEIGHBOUR_H
#define TEST_NEIGHBOUR_H

#include "county.h"

struct neighbour {
	struct person admin, coach, officer;
	struct lahetti_id coaching, supervision;
};

/* The server runs before and after; in between it is stopped. Nobody is signed in. */
void neighbour_make(struct neighbour *n, struct house *house);
void neighbour_end(struct neighbour *n);

/* States a statutory right: what goes to another controller needs a basis. */
void writing_statutory(struct writing *w, const struct person *author);

/* A referral of the client from one person to another, signed and accepted. */
void refer(struct writing *w, struct person *from, const struct person *to,
	   const struct lahetti_id *client, const struct lahetti_id *case_id);

/* The newest delivery of that statement that the person is told of; one must be there. */
void parcel_find(struct parcel *p, struct person *who, const struct lahetti_id *statement);
/* Opens it with a signed acknowledgement: the content, which lies in their arena. */
Lahetti__V1__ServerFrame *parcel_open(struct person *who, const struct parcel *p);

#endif
