/* Deliveries: one statement on its way to one recipient, and the steps that were taken with it. */
#ifndef STORE_DELIVERIES_H
#define STORE_DELIVERIES_H

#include "store.h"

struct deliveries_row {
	struct lahetti_id id;
	struct lahetti_id statement;
	uint64_t position; /* the event that last changed it */
	uint32_t state;
	uint32_t reason;
	int64_t since_us;
	uint32_t recipient_kind;
	struct lahetti_id organisation;
	struct lahetti_id unit;
	uint32_t role;
	struct lahetti_id user;
	uint32_t urgency;
	uint32_t deadline;
	uint32_t basis; /* that permitted it */
	struct lahetti_id claimed_by;
	uint64_t opened; /* event of the first opening; 0: not opened */
};
LAHETTI_CHECKED bool deliveries_find(struct store *s, const struct lahetti_id *id,
				     struct deliveries_row *row, bool *found,
				     struct lahetti_fault *f);

/* The same, where it is addressed to the unit or the unit's people sent it. Any other is as one
 * that is not there. */
LAHETTI_CHECKED bool deliveries_find_known(struct store *s, const struct lahetti_id *id,
					   const struct lahetti_id *unit,
					   struct deliveries_row *row, bool *found,
					   struct lahetti_fault *f);

/* Those addressed to the unit that changed after a position, oldest change first. */
LAHETTI_CHECKED bool deliveries_of_unit(struct store *s, const struct lahetti_id *unit,
					uint64_t after, struct deliveries_row *found, size_t most,
					size_t *n, struct lahetti_fault *f);
LAHETTI_CHECKED bool deliveries_of_statement(struct store *s, const struct lahetti_id *statement,
					     struct deliveries_row *found, size_t most, size_t *n,
					     struct lahetti_fault *f);
/* Those of statements that the unit's people sent, newest statement first, below an event. */
LAHETTI_CHECKED bool deliveries_sent_by_unit(struct store *s, const struct lahetti_id *unit,
					     uint64_t below, struct deliveries_row *found,
					     size_t most, size_t *n, struct lahetti_fault *f);

/* The consents on which a delivery rests; the deliveries that rest on a consent, by identifier,
 * after one. */
LAHETTI_CHECKED bool deliveries_consents(struct store *s, const struct lahetti_id *delivery,
					 struct lahetti_id *found, size_t most, size_t *n,
					 struct lahetti_fault *f);
LAHETTI_CHECKED bool deliveries_of_consent(struct store *s, const struct lahetti_id *consent,
					   const struct lahetti_id *after, struct lahetti_id *found,
					   size_t most, size_t *n, struct lahetti_fault *f);

struct deliveries_step {
	uint64_t event;
	struct lahetti_id delivery;
	uint32_t step;
	uint32_t state;
	uint32_t reason;
	struct lahetti_id statement;
	int64_t time_us;
};
LAHETTI_CHECKED bool deliveries_steps(struct store *s, const struct lahetti_id *delivery,
				      struct deliveries_step *found, size_t most, size_t *n,
				      struct lahetti_fault *f);

#endif
