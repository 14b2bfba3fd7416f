/*
 * The facts about statements, consents, recipients and deliveries, as the transaction sees them.
 * Everything lives in the handling's arena.
 */
#ifndef DESK_GATHER_H
#define DESK_GATHER_H

#include "deliveries.h"
#include "handling.h"
#include "statements.h"

#define CONSENTS_MOST	64
#define PARTS_MOST	32
#define DELIVERIES_MOST 64

/* A stored statement, opened by any key that is left for the server's own use: to decide, not to
 * show. */
struct stored {
	struct statements_row row;
	bool found;
	bool readable; /* somebody still has it: statement and envelope are there */
	struct lahetti_span envelope;
	struct lahetti_statement statement;
};
LAHETTI_CHECKED bool gather_statement(struct handling *h, const struct lahetti_id *id,
				      struct stored *out, struct lahetti_fault *f);

/* Whether a controller still has the statement itself, its own or a copy. */
LAHETTI_CHECKED bool gather_holds(struct handling *h, const struct lahetti_id *statement,
				  const struct lahetti_id *controller, bool *holds,
				  struct lahetti_fault *f);

/* One that a frame names: where the actor's unit may not know of it, it is as one that is not
 * there, found by as many questions. */
LAHETTI_CHECKED bool gather_known(struct handling *h, const struct lahetti_id *id,
				  struct stored *out, struct lahetti_fault *f);

/* One that the actor's unit may read again; any other in the same way. */
LAHETTI_CHECKED bool gather_readable(struct handling *h, const struct lahetti_id *id,
				     struct stored *out, struct lahetti_fault *f);

/* The author's key as registered, and name, as they were at the acceptance. */
LAHETTI_CHECKED bool gather_author(struct handling *h, const struct stored *stored,
				   Lahetti__V1__Content *content, struct lahetti_fault *f);

/* The consents as they stand; of those that are not readable, not there or not consents, n is not
 * increased. */
LAHETTI_CHECKED bool gather_consents(struct handling *h, const struct lahetti_id *ids, size_t n_ids,
				     struct facts_consent **consents, size_t *n,
				     struct lahetti_fault *f);

LAHETTI_CHECKED bool gather_recipient(struct handling *h, const Lahetti__V1__Recipient *asked,
				      struct facts_recipient *out, struct lahetti_fault *f);

/*
 * Recipients as a statement names them, resolved: the care team and the case manager of that case
 * of the actor's controller (NULL: of none) to those of them who work where they take part still;
 * the actor and who is named as a person are left out, and nobody comes twice. What stands for
 * nobody stays as it was asked for.
 */
struct resolved {
	struct facts_recipient *recipients;
	uint32_t *which; /* of those asked for each stands for, from 0 */
	size_t n;
};
bool gather_is_team(const Lahetti__V1__Recipient *recipient); /* a care team or a case manager */
LAHETTI_CHECKED bool gather_recipients(struct handling *h, const struct lahetti_id *case_id,
				       Lahetti__V1__Recipient *const *asked, size_t n_asked,
				       struct resolved *out, struct lahetti_fault *f);

/* Whose case it is, and whether the actor's unit has it, in the actor's own controller. As many
 * questions about one that is not there. */
LAHETTI_CHECKED bool gather_case(struct handling *h, const struct lahetti_id *case_id,
				 struct lahetti_id *client, bool *has, struct lahetti_fault *f);

/* A delivery with what of its statement the policy asks. The stored statement is given too. */
struct delivered {
	struct deliveries_row row;
	struct facts_delivery facts;
	struct stored stored;
	struct facts_consent *consents;
	size_t n_consents;
};
LAHETTI_CHECKED bool gather_delivery(struct handling *h, const struct lahetti_id *id,
				     struct delivered *out, struct lahetti_fault *f);
/* One that a frame names, as gather_known. */
LAHETTI_CHECKED bool gather_known_delivery(struct handling *h, const struct lahetti_id *id,
					   struct delivered *out, struct lahetti_fault *f);
/* The same without what only the statement's content says (categories, the author's role): it is
 * not opened. */
LAHETTI_CHECKED bool gather_known_outline(struct handling *h, const struct lahetti_id *id,
					  struct delivered *out, struct lahetti_fault *f);
LAHETTI_CHECKED bool gather_delivered(struct handling *h, const struct deliveries_row *row,
				      struct delivered *out, struct lahetti_fault *f);

/* The client and case of a delivered statement in the register of a controller; empty where it has
 * no copy yet. */
LAHETTI_CHECKED bool gather_copy(struct handling *h, const struct stored *stored,
				 const struct lahetti_id *controller, struct statements_copy *copy,
				 struct lahetti_fault *f);

/* To whom a delivery is addressed, in the arena; NULL when spent. */
Lahetti__V1__Recipient *gather_addressee(struct handling *h, const struct deliveries_row *row);

/* What a delivery looks like to its recipient, and what of it the sender is shown, in the arena.
 * NULL on a fault. */
Lahetti__V1__Notice *gather_notice(struct handling *h, const struct delivered *d,
				   const struct facts_actor *actor, struct lahetti_fault *f);
Lahetti__V1__Status *gather_status(struct handling *h, const struct delivered *d,
				   const struct facts_actor *actor, struct lahetti_fault *f);

/* Whether the sender may be told more than the stations of the way, today. */
bool gather_feedback_covered(const struct handling *h, const struct delivered *d);

/* Tells those on line, after the commit, that a delivery changed: those it is addressed to, and its
 * sender. */
LAHETTI_CHECKED bool gather_tell(struct handling *h, const struct lahetti_id *delivery,
				 struct lahetti_fault *f);

/* Whether who the client is has been erased: asked only about a case that the unit has. */
LAHETTI_CHECKED bool gather_erased(struct handling *h, const struct lahetti_id *client,
				   bool *erased, struct lahetti_fault *f);

/* The event of a list that shows something of one case, on its own register's basis; its number is
 * h->event. */
LAHETTI_CHECKED bool record_list(struct handling *h, const struct lahetti_id *client,
				 const struct lahetti_id *case_id, size_t count,
				 struct lahetti_fault *f);

/* Records, in the arena; NULL when spent. */
Lahetti__V1__Record *record_moved(struct handling *h, const struct lahetti_id *delivery,
				  Lahetti__V1__Step step, Lahetti__V1__State state,
				  Lahetti__V1__Reason reason, const struct lahetti_id *statement,
				  const struct lahetti_id *claimed_by);
Lahetti__V1__Record *record_accepted(struct handling *h, const Lahetti__V1__Header *header,
				     const struct lahetti_digest *sha256);
Lahetti__V1__Record *record_shared(struct handling *h, const struct lahetti_id *case_id,
				   const struct lahetti_id *unit, bool ended);
Lahetti__V1__Record *record_case(struct handling *h, const struct lahetti_id *case_id,
				 const struct lahetti_id *client);

/*
 * The records that add a client to the actor's controller, with an identity unless that is NULL.
 * Where the controller knows the identity already they say whose alias the new identifier is, else
 * that it is nobody's: as many records, made by the same questions, either way.
 */
#define CLIENT_RECORDS 3
LAHETTI_CHECKED bool records_of_client(struct handling *h, const struct lahetti_id *client,
				       const Lahetti__V1__ClientIdentity *identity,
				       const Lahetti__V1__Record *records[CLIENT_RECORDS],
				       size_t *n, struct lahetti_fault *f);

#endif
