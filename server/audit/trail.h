/*
 * The trail as it grows: events, their parts and records, the Merkle tree, one signed checkpoint a
 * commit group. Only the writer has one, and only inside its transaction: trail_append for each
 * event (trail_mark before a job, trail_undo where it failed), trail_seal, the commit, and then
 * trail_committed; or the rollback, and then trail_revert.
 *
 * The tree in memory runs ahead of the one on disk by the events of the open group and no more.
 */
#ifndef AUDIT_TRAIL_H
#define AUDIT_TRAIL_H

#include "lahetti/merkle.h"
#include "lahetti/note.h"
#include "store.h"

#include <lahetti/v1/audit.pb-c.h>
#include <lahetti/v1/record.pb-c.h>

struct trail;

struct trail_options {
	const char *server_name; /* "HOST/lahetti" */
	uint32_t generation;
	const uint8_t *seed; /* of the log's Ed25519 key, 32 bytes */
	const char *software;
	uint32_t policy_version;
	int64_t (*clock)(void);
};

/* Loads the tree of the store as it stands; the options' texts are copied. */
LAHETTI_CHECKED struct trail *trail_open(struct store *store, const struct trail_options *options,
					 struct lahetti_fault *f);
void trail_close(struct trail *t);

/* The origin's verifier key, borrowed. */
const char *trail_vkey(const struct trail *t);

/* The subject of an event: what concerns one client. The part's link is made here. */
struct trail_subject {
	/* Empty: the nameless client of the controller's week, who also stands for one whose
	 * identity has been erased. */
	struct lahetti_id client;
	struct lahetti_id controller;
	Lahetti__V1__SubjectPart part; /* client, link: filled here */
};

struct trail_entry {
	/* Action, outcome, basis, reason, categories, count, kind, step, role and the identifiers;
	 * all else is filled here. */
	Lahetti__V1__AuditEvent event;
	/* Who acts, and whose controller the event names: empty where the server itself does. */
	struct lahetti_id user;
	struct lahetti_digest device;
	struct lahetti_id organisation;
	/* At least one, but for what the server itself does before there is a controller; each in
	 * the register of its client's controller ("no-such-client", MALFORMED). */
	struct trail_subject *subjects;
	size_t n_subjects;
	/* What it changes: stored, committed to, and applied to the derived tables. */
	const Lahetti__V1__Record *const *records;
	size_t n_records;
	int64_t time_us; /* out: the event's */
	uint64_t number; /* out */
};
/* Clears an entry: protobuf-c's messages need their initial values. */
void trail_entry_init(struct trail_entry *e, Lahetti__V1__Action action,
		      Lahetti__V1__EventOutcome outcome);
void trail_subject_init(struct trail_subject *s, const struct lahetti_id *controller,
			const struct lahetti_id *client);

/*
 * Writes the event. Its number and time are in the entry afterwards; records are applied in order.
 * A client that a record adds gets its keys here, so that a subject part of the same event can be
 * sealed under them.
 */
LAHETTI_CHECKED bool trail_append(struct trail *t, struct trail_entry *e, struct lahetti_fault *f);

/* The number that the next event will have. */
uint64_t trail_next(const struct trail *t);

/* A place to go back to when the database goes back to the savepoint of a job. */
struct trail_mark {
	struct lahetti_frontier frontier;
	size_t pending;
	int64_t last_us;
};
void trail_mark(const struct trail *t, struct trail_mark *mark);
void trail_undo(struct trail *t, const struct trail_mark *mark);

/* Writes tiles and the checkpoint of the group. Nothing is written where nothing was appended. */
LAHETTI_CHECKED bool trail_seal(struct trail *t, struct lahetti_fault *f);

/* After the commit, or after the rollback of the group. */
void trail_committed(struct trail *t);
LAHETTI_CHECKED bool trail_revert(struct trail *t, struct lahetti_fault *f);

/* The store was opened anew: the trail goes on with that handle, after trail_revert. */
void trail_rebase(struct trail *t, struct store *store);

/* The digest of a record as it stands in AuditEvent.rows; of a part as it stands in actor and
 * subjects; of a link. "bad-salt" (INVALID) for one that has not LAHETTI_SALT_LEN bytes. */
LAHETTI_CHECKED bool trail_record_digest(struct lahetti_span salt, struct lahetti_span record,
					 struct lahetti_digest *out, struct lahetti_fault *f);
LAHETTI_CHECKED bool trail_part_digest(struct lahetti_span salt, struct lahetti_span part,
				       struct lahetti_digest *out, struct lahetti_fault *f);
LAHETTI_CHECKED bool trail_link_digest(struct lahetti_span salt, uint64_t number,
				       const struct lahetti_digest *previous,
				       struct lahetti_digest *out, struct lahetti_fault *f);

#endif
