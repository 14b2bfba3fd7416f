/*
 * One job at the desk: what its handler sees, decides, records and answers. Used by the desk's own
 * files.
 *
 * A handler runs in the writer's transaction. It gathers facts, asks policy, appends events; what
 * it answers leaves after the commit only. `finish` runs after the commit, for what needs the
 * checkpoint. A handler that returns false is undone alone.
 */
#ifndef DESK_HANDLING_H
#define DESK_HANDLING_H

#include "ca.h"
#include "desk.h"
#include "directory.h"
#include "keyring.h"
#include "lahetti/arena.h"
#include "lahetti/dsse.h"
#include "lahetti/kinds.h"
#include "policy.h"
#include "proof.h"
#include "quiet.h"
#include "store.h"
#include "trail.h"
#include "tries.h"
#include "uploads.h"

#include <lahetti/v1/record.pb-c.h>
#include <lahetti/v1/session.pb-c.h>
#include <lahetti/v1/statement.pb-c.h>

/* Of one job: what a page of the largest statements takes. Only what is used is ever touched. */
#define DESK_ARENA (16u << 20)

/* What all threads of the desk share and none changes. */
struct desk_facts {
	const struct desk_options *options;
	char server_name[200];
	uint32_t generation;
	struct keyring *keyring;
	struct ca *ca;
	struct tries *tries;
	struct attachments *attachments; /* thread-safe, as the next */
	struct uploads *uploads;
};

struct handling {
	const struct desk_facts *desk;
	struct store *store;
	struct trail *trail;	     /* NULL with a reader */
	struct proof_source *proofs; /* what receipts of one commit share; NULL with a reader */
	struct quiet *quiet;
	struct job *job;
	struct job_actor came_as; /* what a login or a choice of membership changes in the job */
	const Lahetti__V1__ClientFrame *frame;
	struct lahetti_arena arena;
	int64_t now_us;
	bool low; /* on disk: only what must go on does */
	struct facts_actor actor;
	struct answer *first; /* answers, sent after the commit */
	struct answer **end;
	struct job *fetch;	   /* what a reader is to fetch after the commit */
	const char *refusal;	   /* by a reader: the writer records it */
	struct lahetti_span found; /* by a reader for the writer: one flat block */
	/* For finish. */
	uint64_t event;
	bool answered;
	bool refused; /* or malformed: of a login or enrolment, a try that failed */
	struct lahetti_id id;
	bool since_erased, late;
	struct lahetti_id withdrawn; /* the consent that the statement withdraws */
	struct erase_gone *gone;     /* attachments of what it erases (erase.h) */
	bool erases; /* the journal has a line for it: whatever comes of the job, it is carried out
		      */
	struct trail_mark mark;
	/* Attachments that this job took, until it is known whether the commit names them. */
	struct lahetti_id *taken;
	size_t n_taken;
};

typedef bool handler_fn(struct handling *h, struct lahetti_fault *f);

/* A row for each frame: handlers.c. Finish may be NULL. Look runs on a reader, before the writer,
 * and leaves what it found in the handling. */
struct handler {
	handler_fn *look;
	handler_fn *handle;
	handler_fn *finish;
	Lahetti__V1__Action action; /* what a refusal of it is recorded as */
};
const struct handler *handler_of(uint32_t body_case);

/* Answers (answer.c)
 * ----------------------------------------------------------------------------------------------------
 */

/* Packs a frame and adds it. The frame's correlation is the job's where it goes to the session. */
LAHETTI_CHECKED bool answer_frame(struct handling *h, const struct answer_head *head,
				  Lahetti__V1__ServerFrame *frame, struct lahetti_fault *f);
/* The one answer that each job gets. */
LAHETTI_CHECKED bool answer_session(struct handling *h, Lahetti__V1__ServerFrame *frame,
				    uint32_t flags, struct lahetti_fault *f);
LAHETTI_CHECKED bool answer_done(struct handling *h, uint64_t event, struct lahetti_fault *f);
LAHETTI_CHECKED bool answer_error(struct handling *h, Lahetti__V1__Error__Class class,
				  const char *code, uint32_t flags, struct lahetti_fault *f);
void answers_drop(struct handling *h);

/* Refusals are recorded and answered like any other decision. */
LAHETTI_CHECKED bool refuse(struct handling *h, const char *code,
			    const struct trail_subject *subject, struct lahetti_fault *f);

/* The event of a refusal; about `subject`, or else whom the refusal names. */
LAHETTI_CHECKED bool record_refusal(struct trail *t, const struct refusal *r,
				    const struct trail_subject *subject, struct lahetti_fault *f);

/* On a reader, which records nothing: the job goes on to the writer, which refuses it with the
 * code. Returns true: the job is answered there. */
bool refuse_reading(struct handling *h, const char *code);

/* Facts (facts.c)
 * -------------------------------------------------------------------------------------------------------
 */

LAHETTI_CHECKED bool facts_of_actor(struct handling *h, struct facts_actor *actor,
				    struct lahetti_fault *f);
/* Whether a header's author, device, role, unit and organisation are the session's, and its
 * device signed it. */
bool facts_author_is_actor(const struct handling *h, const Lahetti__V1__Header *header);
/* An identifier of a frame; empty where the field is. "bad-identifier" otherwise. */
LAHETTI_CHECKED bool facts_id(ProtobufCBinaryData b, struct lahetti_id *id,
			      struct lahetti_fault *f);

/* Cursors of lists by events begin with the number of one, 8 bytes, big-endian, and are `len` bytes
 * long. An empty one is `otherwise`; any other length is "bad-cursor" (MALFORMED). */
#define CURSOR_LEN 8
LAHETTI_CHECKED bool cursor_read(ProtobufCBinaryData b, size_t len, uint64_t otherwise,
				 uint64_t *at, struct lahetti_fault *f);
void cursor_write(uint8_t out[CURSOR_LEN], uint64_t at);

/* Events: an entry with the actor and the actor's organisation as controller filled in. */
void entry_init(struct handling *h, struct trail_entry *e, Lahetti__V1__Action action,
		Lahetti__V1__EventOutcome outcome);
/* Appends it as the event about one subject that the answer tells: its number is h->event. */
LAHETTI_CHECKED bool entry_append(struct handling *h, struct trail_entry *e,
				  struct trail_subject *subject, struct lahetti_fault *f);
/* The weekly nameless client of an organisation: the subject of what concerns no client. */
struct trail_subject subject_nobody(const struct lahetti_id *organisation);
/* A record in the arena that puts an entry into the directory; NULL when spent. */
Lahetti__V1__Record *record_directory(struct handling *h, Lahetti__V1__DirectoryEntry *entry);
ProtobufCBinaryData
id_bytes(struct handling *h,
	 const struct lahetti_id *id); /* copied to the arena; empty for empty */
ProtobufCBinaryData digest_bytes(struct handling *h, const struct lahetti_digest *d);

/* Attachments (attach.c)
 * --------------------------------------------------------------------------------------------------
 */

/* Whether one that a header names has not come whole from the actor, or is another. */
LAHETTI_CHECKED bool attach_missing(struct handling *h, const Lahetti__V1__Header *header,
				    bool *missing, struct lahetti_fault *f);
/* Takes them and makes their rows, after the statement's content. */
LAHETTI_CHECKED bool attach_all(struct handling *h, const struct lahetti_id *statement,
				const Lahetti__V1__Header *header, struct lahetti_fault *f);
/* After the commit that named what was taken, or when there will be none. */
void attach_settle(struct handling *h, bool named);

/* Jobs that a reader ends
 * ------------------------------------------------------------------------------------------------
 */

struct fetch_item {
	uint64_t event;
	uint32_t n;
	struct lahetti_id id;
	struct lahetti_id id2;
};
struct fetch {
	uint32_t what; /* ClientFrame body case */
	uint32_t n;
	uint64_t event; /* that permitted it */
	uint8_t cursor[32];
	uint32_t cursor_len;
	uint32_t flags;
	struct fetch_item items[];
};
/* A block for n items in the arena, zeroed; NULL when spent. fetch_send gives it to the readers
 * after the commit. */
struct fetch *fetch_new(struct handling *h, size_t n);
LAHETTI_CHECKED bool fetch_send(struct handling *h, const struct fetch *fetch,
				struct lahetti_fault *f);

handler_fn handle_enrol, handle_login, handle_act;
handler_fn handle_put_directory, handle_issue_code, handle_confirm_device, handle_revoke_device;
handler_fn handle_add_client, look_for_clients, handle_find_clients;
handler_fn handle_put_care_team_member, handle_read_care_team;
handler_fn handle_submit, finish_submit, handle_read_receipt;
handler_fn handle_open, handle_who_would_see;
handler_fn handle_subscribe, handle_handed_over, handle_claim, handle_release;
handler_fn handle_read_sent, handle_read_timeline;
handler_fn handle_read_attachment;
handler_fn handle_read_case, handle_read_statement;
handler_fn handle_who_saw, handle_read_trail;
handler_fn handle_propose_erasure, handle_confirm_erasure, handle_read_erasures;
handler_fn handle_drop_erasure;
/* On a reader. */
handler_fn read_directory, read_devices, read_checkpoint, read_consistency, read_inclusion;
handler_fn put_attachment;
handler_fn fetch_clients, fetch_content, fetch_attachment, fetch_trail;
handler_fn fetch_case, fetch_statement;

#endif
