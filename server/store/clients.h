/* Clients, their keys, identities and cases. A client belongs to one controller. */
#ifndef STORE_CLIENTS_H
#define STORE_CLIENTS_H

#include "lahetti/arena.h"
#include "store.h"

#include <lahetti/v1/session.pb-c.h>

struct clients_row {
	struct lahetti_id controller;
	bool nameless;
	bool has_keys; /* a row of them, where each may be destroyed */
	bool content_erased;
	bool identity_erased;
};
LAHETTI_CHECKED bool clients_find(struct store *s, const struct lahetti_id *client,
				  struct clients_row *row, bool *found, struct lahetti_fault *f);

/* Every client, by identifier: for fsck. */
LAHETTI_CHECKED bool clients_each(struct store *s,
				  bool (*each)(void *context, const struct lahetti_id *client,
					       const struct clients_row *row,
					       struct lahetti_fault *f),
				  void *context, struct lahetti_fault *f);

/* Makes the two keys of a client, wrapped under the period key in force. The client's row comes by
 * its record, before. */
LAHETTI_CHECKED bool clients_make_keys(struct store *s, const struct lahetti_id *client,
				       const struct lahetti_id *controller, int64_t now_us,
				       struct lahetti_fault *f);

enum clients_key {
	CLIENTS_IDENTITY_KEY,
	CLIENTS_CONTENT_KEY,
};
/* "key-destroyed" (INVALID) where it has been erased. */
LAHETTI_CHECKED bool clients_key(struct store *s, const struct lahetti_id *client,
				 enum clients_key which, struct lahetti_secret *key,
				 struct lahetti_fault *f);

/*
 * Destroying keys: the content key alone, or both with the identity and its blind indexes. The keys
 * that the period still holds are wrapped under a new period key, which is durable before anything
 * of it is written here; the old one is then needed by nothing (clients_period_in_use) once this is
 * committed.
 */
enum clients_destroy {
	CLIENTS_DESTROY_CONTENT,
	CLIENTS_DESTROY_IDENTITY,
};
LAHETTI_CHECKED bool clients_keys_destroy(struct store *s, const struct lahetti_id *client,
					  enum clients_destroy what, struct lahetti_fault *f);

/* Another content key in the place of a client's, under a new period key in the same way. What lay
 * under the old one is the caller's: statements_change_key. */
LAHETTI_CHECKED bool clients_content_key_put(struct store *s, const struct lahetti_id *client,
					     const struct lahetti_secret *key,
					     struct lahetti_fault *f);

/* Whether a living key lies under that period key; and moving all of them under a new one of the
 * same week. */
LAHETTI_CHECKED bool clients_period_in_use(struct store *s, uint32_t serial, bool *in_use,
					   struct lahetti_fault *f);
LAHETTI_CHECKED bool clients_period_leave(struct store *s, uint32_t serial,
					  struct lahetti_fault *f);

/* The nameless client of a controller for a week; empty where there is none yet. */
LAHETTI_CHECKED bool clients_nameless(struct store *s, const struct lahetti_id *controller,
				      uint32_t week, struct lahetti_id *client,
				      struct lahetti_fault *f);
uint32_t clients_week(int64_t us); /* weeks since Monday 1970-01-05, from 1 */

#define CLIENTS_IDENTITY_MOST 65536 /* bytes, packed */

/* The identity, sealed under the identity key, and its blind indexes. event: of the record that
 * goes with it. */
LAHETTI_CHECKED bool clients_identity_put(struct store *s, const struct lahetti_id *client,
					  uint64_t event,
					  const Lahetti__V1__ClientIdentity *identity,
					  struct lahetti_fault *f);
/* NULL without a fault kind where there is none or it has been erased. */
const Lahetti__V1__ClientIdentity *clients_identity(struct store *s,
						    const struct lahetti_id *client,
						    struct lahetti_arena *arena,
						    struct lahetti_fault *f);

/* As one event recorded it: for fsck. *found: there is something sealed. "key-destroyed" and
 * "bad-seal" (INVALID) are faults here. */
const Lahetti__V1__ClientIdentity *
clients_identity_at(struct store *s, const struct lahetti_id *client, uint64_t event, bool *found,
		    struct lahetti_arena *arena, struct lahetti_fault *f);
/* Sets the blind indexes of a client to those of an identity: part of putting one, and how fsck
 * derives them again. */
LAHETTI_CHECKED bool clients_index(struct store *s, const struct lahetti_id *client,
				   const Lahetti__V1__ClientIdentity *identity,
				   struct lahetti_fault *f);

/*
 * A backup holds no blind index: whoever has the master key could look for somebody in it after an
 * erasure. Inside a transaction: empties it, in a copy; fills it again from the identities that
 * still open.
 */
LAHETTI_CHECKED bool clients_index_forget(struct store *s, struct lahetti_fault *f);
LAHETTI_CHECKED bool clients_index_derive(struct store *s, struct lahetti_fault *f);

/* HMAC of identifier type and value under a key of the controller. The code is upper case. */
LAHETTI_CHECKED bool clients_blind(struct store *s, const struct lahetti_id *controller,
				   const char *type, struct lahetti_span value,
				   struct lahetti_digest *blind, struct lahetti_fault *f);
/* Clients of the controller with that blind index with whom the unit has a case, by identifier. One
 * question to the database, whoever else is there. */
LAHETTI_CHECKED bool clients_by_blind(struct store *s, const struct lahetti_id *controller,
				      const struct lahetti_digest *blind,
				      const struct lahetti_id *unit, struct lahetti_id *found,
				      size_t most, size_t *n, struct lahetti_fault *f);
/* The same of all units: for supervision. */
LAHETTI_CHECKED bool clients_all_by_blind(struct store *s, const struct lahetti_id *controller,
					  const struct lahetti_digest *blind,
					  struct lahetti_id *found, size_t most, size_t *n,
					  struct lahetti_fault *f);

/*
 * A client may have several identifiers with a controller: each addition makes a new one, and what
 * ties them is the person, the first identifier of them all.
 *
 * Of an identity: the person whom the controller knows by exactly that identifier, else the client
 * itself. The same questions are asked either way.
 */
LAHETTI_CHECKED bool clients_person(struct store *s, const struct lahetti_id *controller,
				    const struct lahetti_id *client,
				    const Lahetti__V1__ClientIdentity *identity,
				    struct lahetti_id *person, struct lahetti_fault *f);
/* All identifiers of the client, itself among them, by identifier, after one. None of a client that
 * is not there. */
LAHETTI_CHECKED bool clients_aliases(struct store *s, const struct lahetti_id *client,
				     const struct lahetti_id *after, struct lahetti_id *found,
				     size_t most, size_t *n, struct lahetti_fault *f);

/* Clients with whom the unit has a case, whose identity is not erased, in the order of their
 * identifiers, after one. */
LAHETTI_CHECKED bool clients_of_unit(struct store *s, const struct lahetti_id *unit,
				     const struct lahetti_id *after, struct lahetti_id *found,
				     size_t most, size_t *n, struct lahetti_fault *f);

/* Those of a controller, whichever unit has a case with them: for supervision. */
LAHETTI_CHECKED bool clients_of_controller(struct store *s, const struct lahetti_id *controller,
					   const struct lahetti_id *after, struct lahetti_id *found,
					   size_t most, size_t *n, struct lahetti_fault *f);

/* Cases; those of a client that the unit has. */
LAHETTI_CHECKED bool clients_case_find(struct store *s, const struct lahetti_id *case_id,
				       struct lahetti_id *client, struct lahetti_id *controller,
				       bool *found, struct lahetti_fault *f);
LAHETTI_CHECKED bool clients_cases(struct store *s, const struct lahetti_id *client,
				   const struct lahetti_id *unit, struct lahetti_id *found,
				   size_t most, size_t *n, struct lahetti_fault *f);
LAHETTI_CHECKED bool clients_unit_has_case(struct store *s, const struct lahetti_id *unit,
					   const struct lahetti_id *case_id, bool *has,
					   struct lahetti_fault *f);
/* Whether it has the case by what it wrote or was sent, and not by a member in the client's team
 * alone. */
LAHETTI_CHECKED bool clients_unit_shares_case(struct store *s, const struct lahetti_id *unit,
					      const struct lahetti_id *case_id, bool *shares,
					      struct lahetti_fault *f);
/*
 * Whether the unit has a reason to have the case beside one delivery: it made the case, began
 * something in it, or has another delivery there that was neither handed back nor taken back. What
 * answers another statement goes with that one and is no reason by itself.
 */
LAHETTI_CHECKED bool clients_unit_keeps_case(struct store *s, const struct lahetti_id *unit,
					     const struct lahetti_id *case_id,
					     const struct lahetti_id *delivery, bool *keeps,
					     struct lahetti_fault *f);
/* Whether the unit has any case of the client. */
LAHETTI_CHECKED bool clients_unit_has_client(struct store *s, const struct lahetti_id *unit,
					     const struct lahetti_id *client, bool *has,
					     struct lahetti_fault *f);

#endif
