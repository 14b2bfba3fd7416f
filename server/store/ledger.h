/*
 * The trail at rest: events, their records and parts, the tree's tiles, checkpoints. Events are
 * added by audit/trail.c alone. Parts are sealed here, an actor's under a key of the acting
 * controller, a subject's under the client's identity key.
 */
#ifndef STORE_LEDGER_H
#define STORE_LEDGER_H

#include "store.h"

struct ledger_event {
	uint64_t number;
	int64_t time_us;
	uint32_t action;
	uint32_t outcome;
	struct lahetti_id organisation; /* empty: none */
	struct lahetti_id unit;
	struct lahetti_id controller;
	struct lahetti_span bytes; /* AuditEvent as packed */
};

LAHETTI_CHECKED bool ledger_event_add(struct store *s, const struct ledger_event *e,
				      struct lahetti_fault *f);
LAHETTI_CHECKED bool ledger_record_add(struct store *s, uint64_t event, uint32_t n,
				       struct lahetti_span salt, struct lahetti_span content,
				       struct lahetti_fault *f);
/* part: a StoredPart, packed. */
LAHETTI_CHECKED bool ledger_actor_add(struct store *s, uint64_t event,
				      const struct lahetti_id *controller,
				      const struct lahetti_id *user, struct lahetti_span part,
				      struct lahetti_fault *f);
LAHETTI_CHECKED bool ledger_subject_add(struct store *s, uint64_t event, uint32_t n,
					const struct lahetti_id *controller,
					const struct lahetti_id *client, struct lahetti_span part,
					struct lahetti_fault *f);

/* How many subject parts a client has and the commitment of the last; 0 and zeros where none. */
struct ledger_chain {
	uint64_t parts;
	struct lahetti_digest head;
};
LAHETTI_CHECKED bool ledger_chain_get(struct store *s, const struct lahetti_id *client,
				      struct ledger_chain *chain, struct lahetti_fault *f);
LAHETTI_CHECKED bool ledger_chain_put(struct store *s, const struct lahetti_id *client,
				      const struct ledger_chain *chain, struct lahetti_fault *f);

/* Reading. The event's bytes are appended to out. "not-found" (MALFORMED) where there is none. */
LAHETTI_CHECKED bool ledger_event_read(struct store *s, uint64_t number, struct lahetti_buffer *out,
				       struct lahetti_fault *f);
/* How many events there are. */
LAHETTI_CHECKED bool ledger_size(struct store *s, uint64_t *size, struct lahetti_fault *f);

/* Every event from a number on, in order. The event is borrowed for the call. */
LAHETTI_CHECKED bool ledger_events_each(struct store *s, uint64_t from,
					bool (*each)(void *context, const struct ledger_event *e,
						     struct lahetti_fault *f),
					void *context, struct lahetti_fault *f);

/* The records of an event in order, and those of all events from a number on. */
struct ledger_record {
	uint64_t event;
	uint32_t n;
	int64_t time_us; /* of the event */
	struct lahetti_span salt;
	struct lahetti_span content;
};
LAHETTI_CHECKED bool ledger_records_each(struct store *s, uint64_t from, uint64_t until,
					 bool (*each)(void *context, const struct ledger_record *r,
						      struct lahetti_fault *f),
					 void *context, struct lahetti_fault *f);

/* A part as stored. Opening appends the StoredPart to out; "bad-seal" or "key-destroyed" (INVALID),
 * where *found and the part's controller and holder are told all the same. */
struct ledger_part {
	uint64_t event;
	uint32_t n;
	struct lahetti_id controller;
	struct lahetti_id holder; /* the user, or the client */
	struct lahetti_span sealed;
};
LAHETTI_CHECKED bool ledger_actor_open(struct store *s, uint64_t event, struct ledger_part *part,
				       struct lahetti_buffer *out, bool *found,
				       struct lahetti_fault *f);
LAHETTI_CHECKED bool ledger_subject_open(struct store *s, uint64_t event, uint32_t n,
					 struct ledger_part *part, struct lahetti_buffer *out,
					 bool *found, struct lahetti_fault *f);

/* Where a client's parts are, of all its identifiers with the controller: from an event on, oldest
 * first. */
struct ledger_place {
	uint64_t event;
	uint32_t n;
};
LAHETTI_CHECKED bool ledger_client_places(struct store *s, const struct lahetti_id *client,
					  uint64_t from, struct ledger_place *found, size_t most,
					  size_t *n, struct lahetti_fault *f);
/* Events of a controller, and those that concern every one (what the server did itself, a restore),
 * from a number on downwards, that match what is given (0 and empty: anything). */
struct ledger_filter {
	struct lahetti_id controller; /* required: of the data or of the actor */
	struct lahetti_id user;
	struct lahetti_id unit;
	uint32_t action;
	uint32_t outcome;
	int64_t from_us;
	int64_t until_us; /* 0: no end */
};
LAHETTI_CHECKED bool ledger_find(struct store *s, const struct ledger_filter *filter,
				 uint64_t below, uint64_t *found, size_t most, size_t *n,
				 struct lahetti_fault *f);

/* Tiles, 1 to 256 hashes. Get fills hashes and tells how many; 0 where there is no such tile. */
LAHETTI_CHECKED bool ledger_tile_put(struct store *s, unsigned level, uint64_t index,
				     const struct lahetti_digest *hashes, size_t n,
				     struct lahetti_fault *f);
LAHETTI_CHECKED bool ledger_tile_get(struct store *s, unsigned level, uint64_t index,
				     struct lahetti_digest hashes[256], size_t *n,
				     struct lahetti_fault *f);

/* Checkpoints. The first that covers `size` events; 0: the newest. Appended to out; *at is its
 * size, 0 where there is none. */
LAHETTI_CHECKED bool ledger_checkpoint_add(struct store *s, uint64_t size, struct lahetti_span note,
					   struct lahetti_fault *f);
LAHETTI_CHECKED bool ledger_checkpoint_get(struct store *s, uint64_t size, uint64_t *at,
					   struct lahetti_buffer *out, struct lahetti_fault *f);
LAHETTI_CHECKED bool ledger_checkpoints_each(struct store *s,
					     bool (*each)(void *context, uint64_t size,
							  struct lahetti_span note,
							  struct lahetti_fault *f),
					     void *context, struct lahetti_fault *f);

#endif
