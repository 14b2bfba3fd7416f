#include "desk.h"

#include "erase.h"
#include "founding.h"
#include "handling.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "proof.h"
#include "room.h"
#include "statements.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define A_DAY_S 86400

/* A transaction holds at most so many jobs: enough to share an fsync, few enough that the first
 * does not wait for long. */
#define GROUP_MOST 64
/* So many jobs' answers are given to the loop at once: waking it costs as much as making one. */
#define ANSWERED_TOGETHER 16
#define WORKERS_MOST	  64
#define IDLE_MS		  2000 /* then the writer looks around */

struct worker {
	struct desk *desk;
	pthread_t thread;
	bool started;
	struct store *store;
	struct handling h;
};

struct desk {
	struct desk_options options;
	struct desk_facts facts;
	char log_key[512];
	struct store *store; /* the writer's */
	struct trail *trail;
	struct proof_source *proofs; /* of the last commit */
	struct quiet *quiet;
	struct room *room;
	struct job_queue *to_writer, *to_workers;
	pthread_t writer;
	bool writing;
	/* Who reminds the writer, once a day, of what is to be destroyed by now. */
	pthread_t keeper;
	bool keeping, closing;
	pthread_mutex_t keeper_lock;
	pthread_cond_t keeper_wakes;
	struct worker workers[WORKERS_MOST];
	unsigned n_workers;
	struct handling slots[GROUP_MOST];
	atomic_uint inside; /* jobs between the door and their answer */
	atomic_bool turned_away;
	_Atomic(const char *) broken; /* why nothing can be recorded, until the store is open again
				       */
	atomic_bool low;	      /* on disk */
	atomic_uint_fast64_t groups, recorded, refused, failed, statements;
};

/* The door
 * ----------------------------------------------------------------------------------------------------------
 */

static void leave(struct desk *d, unsigned n)
{
	if (atomic_fetch_sub(&d->inside, n) - n < d->options.limits.jobs / 2 &&
	    atomic_exchange(&d->turned_away, false))
		d->options.resume(d->options.context);
}

/* Who tries to sign in: the holder of a TLS certificate, else an address. */
static struct lahetti_span who_tries(const struct job_head *head)
{
	static const struct lahetti_digest none;

	return lahetti_digest_equal(&head->peer_key, &none)
		       ? lahetti_span(head->address, sizeof head->address)
		       : lahetti_digest_span(&head->peer_key);
}

/* Before any work is done for them. Only refused tries count against an address: a county's morning
 * behind one address must not. */
static bool may_try(struct desk *d, const struct job_head *head)
{
	struct tries *t = d->facts.tries;
	int64_t now_us = lahetti_now_us();

	if ((frame_row(head->frame)->states & FRAME_STRANGER) == 0)
		return true;
	return tries_left(t, TRIES_ADDRESS, who_tries(head), now_us) &&
	       (head->frame != LAHETTI__V1__CLIENT_FRAME__BODY_ENROL ||
		tries_left(t, TRIES_CODES, (struct lahetti_span){0}, now_us));
}

static void count_failed_try(struct desk *d, const struct handling *h)
{
	const struct job_head *head = &h->job->head;
	struct tries *t = d->facts.tries;

	if (!h->refused || (frame_row(head->frame)->states & FRAME_STRANGER) == 0)
		return;
	tries_spend(t, TRIES_ADDRESS, who_tries(head), h->now_us);
	if (head->frame == LAHETTI__V1__CLIENT_FRAME__BODY_ENROL)
		tries_spend(t, TRIES_CODES, (struct lahetti_span){0}, h->now_us);
}

bool desk_take(struct desk *d, struct job *j)
{
	enum frame_road road = frame_row(j->head.frame)->road;

	if (atomic_fetch_add(&d->inside, 1) >= d->options.limits.jobs) {
		atomic_fetch_sub(&d->inside, 1);
		atomic_store(&d->turned_away, true);
		return false;
	}
	if (!may_try(d, &j->head)) {
		(void)snprintf(j->head.refused, sizeof j->head.refused, "too-many-tries");
		road = FRAME_ROAD_WRITE;
	}
	if (job_queue_put(road == FRAME_ROAD_WRITE ? d->to_writer : d->to_workers, j))
		return true;
	atomic_fetch_sub(&d->inside, 1); /* closing */
	return false;
}

/* One handling
 * ------------------------------------------------------------------------------------------------------
 */

static bool handling_start(struct handling *h, struct job *j, struct lahetti_fault *f)
{
	lahetti_arena_reset(&h->arena);
	h->job = j;
	h->came_as = j->head.actor;
	h->frame = NULL;
	h->now_us = lahetti_now_us();
	h->first = NULL;
	h->end = &h->first;
	h->fetch = NULL;
	h->refusal = NULL;
	h->found = job_found(j);
	h->event = 0;
	h->answered = h->refused = h->since_erased = h->late = h->erases = false;
	h->id = h->withdrawn = (struct lahetti_id){0};
	h->taken = NULL;
	h->n_taken = 0;
	h->actor = (struct facts_actor){0};
	if (j->head.frame == JOB_FETCH)
		return true;
	/* The loop has scanned it. */
	h->frame = lahetti_message_read(&lahetti__v1__client_frame__descriptor,
					lahetti_span(j->frame, j->head.frame_len),
					LAHETTI_MESSAGE_FRAME, &h->arena, f);
	return h->frame != NULL;
}

/* The last resort: where not even this answer can be made, the client asks again when it has waited
 * long enough. */
static void answer_last(struct handling *h, Lahetti__V1__Error__Class class, const char *code)
{
	struct lahetti_fault none;

	answers_drop(h);
	lahetti_arena_reset(
		&h->arena); /* nothing of the job is needed any more, and the answer must fit */
	h->frame = NULL;
	if (!answer_error(h, class, code, 0, &none))
		answers_drop(h);
	h->answered = true; /* or never will be */
}

/* A fault as an answer: what is wrong with the frame is refused, what is wrong with us may pass. */
static void answer_fault(struct handling *h, const struct lahetti_fault *fault)
{
	Lahetti__V1__Error__Class class =
		fault->kind == LAHETTI_FAULT_MALFORMED || fault->kind == LAHETTI_FAULT_INVALID
			? LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED
			: LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT;
	const char *code = fault->kind == LAHETTI_FAULT_BROKEN ? "server-fault" : fault->code;

	answer_last(h, class, code);
}

static void log_fault(struct desk *d, const char *what, const struct lahetti_fault *fault)
{
	char line[400];

	(void)snprintf(line, sizeof line, "event=%s code=%s text=\"%s\"", what, fault->code,
		       fault->text);
	d->options.log(d->options.context, line);
}

static void send_answers(struct desk *d, struct handling *h)
{
	if (h->first != NULL)
		d->options.answer(d->options.context, h->first);
	h->first = NULL;
	h->end = &h->first;
}

/* The writer
 * --------------------------------------------------------------------------------------------------------
 */

/* Whether a frame is still taken when the disk is nearly full: what the room was reserved for
 * (opening, withdrawing, supervising), what leads there, and shutting out a device. */
static bool goes_on(struct handling *h)
{
	static const uint32_t frames[] = {
		LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN,
		LAHETTI__V1__CLIENT_FRAME__BODY_ACT,
		LAHETTI__V1__CLIENT_FRAME__BODY_SUBSCRIBE,
		LAHETTI__V1__CLIENT_FRAME__BODY_CLAIM,
		LAHETTI__V1__CLIENT_FRAME__BODY_HANDED_OVER,
		LAHETTI__V1__CLIENT_FRAME__BODY_OPEN,
		LAHETTI__V1__CLIENT_FRAME__BODY_READ_RECEIPT,
		LAHETTI__V1__CLIENT_FRAME__BODY_READ_CASE,
		LAHETTI__V1__CLIENT_FRAME__BODY_READ_STATEMENT,
		LAHETTI__V1__CLIENT_FRAME__BODY_WHO_SAW,
		LAHETTI__V1__CLIENT_FRAME__BODY_READ_TRAIL,
		LAHETTI__V1__CLIENT_FRAME__BODY_REVOKE_DEVICE,
	};
	const Lahetti__V1__Statement *statement;

	for (size_t i = 0; i < sizeof frames / sizeof *frames; i++)
		if (h->job->head.frame == frames[i])
			return true;
	if (h->job->head.frame == LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS)
		return policy_supervises(&h->actor);
	if (h->job->head.frame != LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT ||
	    h->frame->submit->envelope == NULL)
		return false;
	statement = lahetti_message_read(&lahetti__v1__statement__descriptor,
					 lahetti_bytes_span(h->frame->submit->envelope->payload),
					 LAHETTI_MESSAGE_FRAME, &h->arena, NULL);
	return statement != NULL && statement->header != NULL &&
	       statement->header->kind == LAHETTI_KIND_WITHDRAWAL;
}

/* One job in the writer's open transaction. Each line may rely on every line above it. */
static bool record_one(struct handling *h, struct lahetti_fault *f)
{
	const struct frame_row *row = frame_row(h->job->head.frame);
	const struct handler *handler = handler_of(h->job->head.frame);
	struct decision d;

	if (!facts_of_actor(h, &h->actor, f))
		return false;
	if ((row->states & FRAME_STRANGER) == 0) {
		d = policy_session(&h->actor);
		if (!d.allowed)
			return refuse(h, d.code, NULL, f);
	}
	if (h->job->head.refused[0] != '\0')
		return refuse(h, h->job->head.refused, NULL, f);
	/* No decision about the frame: what is answered only for want of room takes none. */
	if (h->low && !goes_on(h))
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT, "disk-low", 0,
				    f);
	return handler->handle(h, f);
}

/* What a job took or moved besides the database, when it will not be committed. */
static void put_back(struct desk *d, struct handling *h)
{
	attach_settle(h, false);
	erase_settle(d->facts.attachments, &h->gone, false);
}

/*
 * Records a job, or answers what is wrong with it. One that fails after it has changed something is
 * undone alone where it is recorded carefully, in a savepoint; else the group is spoilt. False: the
 * transaction itself can't go on.
 */
static bool record_job(struct desk *d, struct handling *h, bool carefully, bool *spoilt,
		       struct lahetti_fault *f)
{
	uint64_t changes = store_changes(d->store);
	struct lahetti_fault fault = {0};

	if (carefully && !store_job_begin(d->store, f))
		return false;
	trail_mark(d->trail, &h->mark);
	if (record_one(h, &fault))
		return !carefully || store_job_keep(d->store, f);
	if (!carefully && store_changes(d->store) != changes) {
		log_fault(d, "group_undone", &fault);
		*spoilt = true;
		return true;
	}
	h->refused = fault.kind == LAHETTI_FAULT_MALFORMED || fault.kind == LAHETTI_FAULT_INVALID;
	put_back(d, h);
	if (fault.kind == LAHETTI_FAULT_BROKEN || fault.kind == LAHETTI_FAULT_UNCERTAIN) {
		log_fault(d, "job_failed", &fault);
		atomic_fetch_add(&d->failed, 1);
	}
	trail_undo(d->trail, &h->mark);
	answer_fault(h, &fault);
	return !carefully || store_job_undo(d->store, f);
}

/* Refusals that were only counted until now. One that cannot be recorded costs nothing else. */
static bool record_due(struct desk *d, bool all, bool carefully, bool *spoilt,
		       struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct trail_mark mark;
	struct refusal r;

	while (!*spoilt && quiet_due(d->quiet, all, lahetti_now_us(), &r)) {
		if (carefully && !store_job_begin(d->store, f))
			return false;
		trail_mark(d->trail, &mark);
		if (record_refusal(d->trail, &r, NULL, &fault)) {
			if (carefully && !store_job_keep(d->store, f))
				return false;
		} else if (!carefully) {
			*spoilt = true;
		} else {
			log_fault(d, "refusals_lost", &fault);
			trail_undo(d->trail, &mark);
			if (!store_job_undo(d->store, f))
				return false;
		}
	}
	return true;
}

static bool look_at_room(struct desk *d)
{
	bool low = room_is_low(d->room, lahetti_now_us());

	if (low != atomic_exchange(&d->low, low))
		d->options.log(d->options.context,
			       low ? "event=disk_low" : "event=disk_no_longer_low");
	return low;
}

/* Spoilt: nothing is committed, and nothing undone yet. */
static bool record_group(struct desk *d, size_t n, bool last, bool carefully, bool *spoilt,
			 struct lahetti_fault *f)
{
	bool low = look_at_room(d);

	*spoilt = false;
	quiet_keep(d->quiet);
	if (!store_begin(d->store, f) || !record_due(d, last, carefully, spoilt, f))
		return false;
	for (size_t i = 0; i < n && !*spoilt; i++) {
		d->slots[i].low = low;
		if (d->slots[i].frame != NULL && !record_job(d, &d->slots[i], carefully, spoilt, f))
			return false;
	}
	return *spoilt || (trail_seal(d->trail, f) && store_commit(d->store, f));
}

/* The same job once more. What the journal of erasures has a line for stays there. */
static void start_again(struct desk *d, struct handling *h)
{
	bool erases = h->erases;
	struct lahetti_fault fault = {0};

	put_back(d, h);
	answers_drop(h);
	h->job->head.actor = h->came_as;
	if (!handling_start(h, h->job, &fault))
		answer_fault(h, &fault);
	h->erases = erases;
}

/*
 * A group is first recorded without savepoints, each of which copies all pages that its job changes
 * first: a sixth of the server's time. Where that goes wrong, which is our fault or the disk's and
 * rare, all is undone and recorded once more, each job in a savepoint.
 */
static bool record_all(struct desk *d, size_t n, bool last, struct lahetti_fault *f)
{
	bool spoilt;

	if (!record_group(d, n, last, false, &spoilt, f))
		return false;
	if (!spoilt)
		return true;
	store_rollback(d->store);
	quiet_back(d->quiet);
	if (!trail_revert(d->trail, f))
		return false;
	for (size_t i = 0; i < n; i++)
		start_again(d, &d->slots[i]);
	return record_group(d, n, last, true, &spoilt, f);
}

/* Whether a commit of which that was not known has happened after all. */
static bool happened(struct desk *d, const struct handling *h)
{
	struct lahetti_fault none = {0};
	struct statements_row row;
	bool found;

	/* Where nobody can tell, the files stay: the next start knows. */
	return d->store == NULL || !statements_find(d->store, &h->id, &row, &found, &none) || found;
}

/* What is on disk is known again only by opening it anew. */
static bool reopen(struct desk *d, struct lahetti_fault *f)
{
	store_close(d->store);
	d->store = store_open(d->options.database, d->options.vault, STORE_WRITE, f);
	for (size_t i = 0; i < GROUP_MOST; i++)
		d->slots[i].store = d->store;
	trail_rebase(d->trail, d->store);
	return d->store != NULL && trail_revert(d->trail, f);
}

/* Whether there is a store to record in. One that was lost may be there again: a disk that was full
 * has room, or was mounted. */
static bool has_store(struct desk *d)
{
	struct lahetti_fault f = {0};

	if (atomic_load(&d->broken) == NULL)
		return true;
	if (!reopen(d, &f))
		return false;
	d->options.log(d->options.context, "event=store_found");
	atomic_store(&d->broken, NULL);
	return true;
}

/* After a commit that failed: nothing of the group is acknowledged. */
static void give_up_group(struct desk *d, size_t n, const struct lahetti_fault *fault)
{
	struct lahetti_fault f = {0};

	log_fault(d, "commit_failed", fault);
	store_rollback(d->store);
	if (fault->kind != LAHETTI_FAULT_UNCERTAIN)
		quiet_back(d->quiet);
	if (strcmp(fault->code, "db-full") == 0)
		room_give(d->room);
	if (fault->kind == LAHETTI_FAULT_UNCERTAIN ? !reopen(d, &f) : !trail_revert(d->trail, &f)) {
		log_fault(d, "store_lost", &f);
		atomic_store(&d->broken, "the database can't be used");
	}
	for (size_t i = 0; i < n; i++) {
		struct handling *h = &d->slots[i];

		if (h->n_taken > 0)
			attach_settle(h, fault->kind == LAHETTI_FAULT_UNCERTAIN && happened(d, h));
		erase_settle(d->facts.attachments, &h->gone, false);
		answer_last(h, LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT,
			    fault->kind == LAHETTI_FAULT_UNCERTAIN ? "commit-uncertain"
								   : "server-fault");
	}
}

/*
 * What an erasure leaves to do when it is committed, and what a day does: whatever the journal
 * names and still is here goes, period keys that no backup needs any more go, and the log that held
 * what was deleted is emptied. Where it fails it is done again tomorrow, or at the next start.
 */
static void keep(struct desk *d)
{
	struct lahetti_fault fault = {0};
	unsigned erased = 0, destroyed = 0;
	bool emptied;

	if (!has_store(d))
		return;
	if (!erase_replay(d->store, d->trail, d->facts.attachments, &erased, &fault)) {
		give_up_group(d, 0, &fault);
		return;
	}
	if (!erase_destroy_retired(d->options.vault, lahetti_now_us(),
				   d->options.limits.retention_days, &destroyed, &fault) ||
	    !store_empty_log(d->store, &emptied, &fault))
		log_fault(d, "keeping_failed", &fault);
	if (erased > 0 || destroyed > 0) {
		char line[100];

		(void)snprintf(line, sizeof line,
			       "event=kept erasures_done_again=%u keys_destroyed=%u", erased,
			       destroyed);
		d->options.log(d->options.context, line);
	}
}

static void finish_one(struct desk *d, struct handling *h, struct answer ***end)
{
	const struct handler *handler = handler_of(h->job->head.frame);
	struct lahetti_fault fault = {0};

	count_failed_try(d, h);
	if (handler->finish != NULL && !h->answered && !handler->finish(h, &fault)) {
		log_fault(d, "answer_failed", &fault);
		answer_fault(h, &fault);
	}
	atomic_fetch_add(&d->recorded, 1);
	if (h->fetch != NULL && job_queue_put(d->to_workers, h->fetch)) {
		h->fetch = NULL;
		atomic_fetch_add(&d->inside, 1); /* leaves with its own answer */
	}
	if (h->first == NULL)
		return;
	**end = h->first;
	*end = h->end;
	h->first = NULL;
	h->end = &h->first;
}

/* Receipts are made from one snapshot, so that the database is locked once for all of them. */
static void finish_group(struct desk *d, size_t n)
{
	struct lahetti_fault none = {0};
	struct answer *first = NULL, **end = &first;
	bool begun = d->store != NULL && store_begin(d->store, &none);

	proof_source_init(d->proofs, d->store);
	for (size_t i = 0; i < n; i++) {
		finish_one(d, &d->slots[i], &end);
		job_destroy(d->slots[i].job);
		answers_drop(&d->slots[i]);
		if (first != NULL && (i + 1 == n || i % ANSWERED_TOGETHER == 0)) {
			d->options.answer(d->options.context, first);
			first = NULL;
			end = &first;
		}
	}
	if (begun)
		store_rollback(d->store);
}

static void commit_done(struct desk *d, size_t n)
{
	trail_committed(d->trail);
	for (size_t i = 0; i < n; i++) {
		attach_settle(&d->slots[i], true);
		erase_settle(d->facts.attachments, &d->slots[i].gone, true);
	}
}

static void write_group(struct desk *d, struct job *list)
{
	struct lahetti_fault fault = {0};
	bool to_keep = false;
	size_t n = 0;

	for (struct job *j = list, *next; j != NULL; j = next) {
		next = j->next;
		if (j->head.frame == JOB_KEEP) {
			to_keep = true;
			job_destroy(j);
			leave(d, 1);
			continue;
		}
		if (handling_start(&d->slots[n], j, &fault)) {
			n++;
			continue;
		}
		answer_fault(&d->slots[n], &fault);
		send_answers(d, &d->slots[n]);
		job_destroy(j);
		leave(d, 1);
	}
	if (!has_store(d))
		for (size_t i = 0; i < n; i++)
			answer_last(&d->slots[i], LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT,
				    "server-fault");
	else if (!record_all(d, n, false, &fault))
		give_up_group(d, n, &fault);
	else
		commit_done(d, n);
	for (size_t i = 0; i < n; i++)
		to_keep = to_keep || d->slots[i].erases;
	if (to_keep)
		keep(d);
	if (d->store != NULL)
		atomic_store(&d->statements, store_begun(d->store));
	atomic_fetch_add(&d->groups, 1);
	finish_group(d, n);
	leave(d, (unsigned)n);
}

/* Nobody comes: what was counted is told, the disk is looked at, a lost store looked for. */
static void write_nothing(struct desk *d, bool last)
{
	struct lahetti_fault fault = {0};

	if (!has_store(d))
		return;
	if (record_all(d, 0, last, &fault))
		trail_committed(d->trail);
	else
		give_up_group(d, 0, &fault);
}

static void *write_all(void *context)
{
	struct desk *d = context;
	struct job *list;

	for (;;) {
		if (!job_queue_wait(d->to_writer, IDLE_MS)) {
			write_nothing(d, false);
			continue;
		}
		list = job_queue_take(d->to_writer, GROUP_MOST);
		if (list == NULL)
			break;
		write_group(d, list);
	}
	write_nothing(d, true);
	return NULL;
}

/* The workers
 * -------------------------------------------------------------------------------------------------------
 */

static bool find_spki(void *context, const struct lahetti_digest *id, struct lahetti_buffer *spki,
		      bool *found, struct lahetti_fault *f)
{
	struct worker *w = context;
	struct lahetti_fault fault = {0};
	const Lahetti__V1__DirectoryEntry *device = directory_find(
		w->store, DIRECTORY_DEVICE, lahetti_digest_span(id), 0, &w->h.arena, &fault);

	*found = device != NULL;
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	return !*found || lahetti_buffer_add(spki, lahetti_bytes_span(device->device->spki), f);
}

/* The envelope of a frame that has one, its type, and the key in it where it brings its own. */
static const Lahetti__V1__Envelope *envelope_of(const Lahetti__V1__ClientFrame *frame,
						const char **type)
{
	switch (frame->body_case) {
	case LAHETTI__V1__CLIENT_FRAME__BODY_ENROL:
		*type = LAHETTI_TYPE_ENROLMENT;
		return frame->enrol->proof;
	case LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN:
		*type = LAHETTI_TYPE_LOGIN;
		return frame->login->claim;
	case LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT:
		*type = LAHETTI_TYPE_STATEMENT;
		return frame->submit->envelope;
	case LAHETTI__V1__CLIENT_FRAME__BODY_OPEN:
		*type = LAHETTI_TYPE_STATEMENT;
		return frame->open->envelope;
	default:
		return NULL;
	}
}

static bool verify_own(struct worker *w, const struct lahetti_envelope *e, struct lahetti_fault *f)
{
	const Lahetti__V1__EnrolmentProof *proof =
		lahetti_message_read(&lahetti__v1__enrolment_proof__descriptor, e->payload,
				     LAHETTI_MESSAGE_SIGNED, &w->h.arena, f);
	struct lahetti_public_key *key;
	bool ok;

	if (proof == NULL)
		return false;
	key = lahetti_public_key_read(lahetti_bytes_span(proof->spki), f);
	ok = key != NULL && lahetti_envelope_verify(e, LAHETTI_TYPE_ENROLMENT, key, f);
	lahetti_public_key_destroy(key);
	return ok;
}

static bool verify_registered(struct worker *w, const struct lahetti_envelope *e, const char *type,
			      struct lahetti_fault *f)
{
	const struct lahetti_public_key *key =
		keyring_get(w->desk->facts.keyring, &e->key_id, find_spki, w, f);
	bool ok = key != NULL && lahetti_envelope_verify(e, type, key, f);

	if (key != NULL)
		keyring_release(w->desk->facts.keyring, key);
	return ok;
}

/* Notes in the job whether the envelope's signature holds; the writer refuses where it does not.
 * True: answered already. */
static bool verify(struct worker *w, struct job *j)
{
	struct lahetti_fault fault = {0};
	const char *type = "";
	const Lahetti__V1__Envelope *message =
		w->h.frame == NULL ? NULL : envelope_of(w->h.frame, &type);
	struct lahetti_envelope e;
	bool ok = message != NULL ? lahetti_envelope_of(&e, message, &fault)
				  : lahetti_fault_set(&fault, LAHETTI_FAULT_MALFORMED,
						      "bad-envelope", "No envelope.");

	if (ok)
		ok = j->head.frame == LAHETTI__V1__CLIENT_FRAME__BODY_ENROL
			     ? verify_own(w, &e, &fault)
			     : verify_registered(w, &e, type, &fault);
	if (ok)
		j->head.verified = e.key_id;
	else if (fault.kind == LAHETTI_FAULT_MALFORMED || fault.kind == LAHETTI_FAULT_INVALID)
		(void)snprintf(j->head.refused, sizeof j->head.refused, "%s", fault.code);
	else
		answer_fault(&w->h, &fault); /* ours, and no word about the signature */
	return w->h.answered;
}

/* A fetch names the frame whose answer it ends. */
static handler_fn *fetcher_of(const struct job *j)
{
	const struct fetch *fetch = (const struct fetch *)(const void *)j->frame;

	switch (fetch->what) {
	case LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS:
		return fetch_clients;
	case LAHETTI__V1__CLIENT_FRAME__BODY_OPEN:
		return fetch_content;
	case LAHETTI__V1__CLIENT_FRAME__BODY_READ_ATTACHMENT:
		return fetch_attachment;
	case LAHETTI__V1__CLIENT_FRAME__BODY_READ_CASE:
		return fetch_case;
	case LAHETTI__V1__CLIENT_FRAME__BODY_READ_STATEMENT:
		return fetch_statement;
	default:
		return fetch_trail;
	}
}

/* True: given away, to the writer that records a refusal. */
static bool read_one(struct worker *w, struct job *j)
{
	struct handling *h = &w->h;
	struct lahetti_fault fault = {0};
	handler_fn *fn =
		j->head.frame == JOB_FETCH ? fetcher_of(j) : handler_of(j->head.frame)->handle;
	struct decision d;
	bool ok = store_begin(w->store, &fault) && facts_of_actor(h, &h->actor, &fault);

	if (ok && j->head.frame != JOB_FETCH) {
		d = policy_session(&h->actor);
		if (!d.allowed)
			(void)refuse_reading(h, d.code);
	}
	ok = ok && (h->refusal != NULL || fn(h, &fault));
	store_rollback(w->store);
	if (ok && h->refusal != NULL) {
		(void)snprintf(j->head.refused, sizeof j->head.refused, "%s", h->refusal);
		return job_queue_put(w->desk->to_writer, j);
	}
	if (!ok) {
		if (fault.kind == LAHETTI_FAULT_BROKEN)
			log_fault(w->desk, "read_failed", &fault);
		answer_fault(h, &fault);
	}
	send_answers(w->desk, h);
	return false;
}

/* True: given away, with what was found, to the writer that decides. */
static bool look_one(struct worker *w, struct job *j)
{
	struct handling *h = &w->h;
	struct lahetti_fault fault = {0};
	struct job *next = NULL;
	bool ok = store_begin(w->store, &fault) && facts_of_actor(h, &h->actor, &fault) &&
		  handler_of(j->head.frame)->look(h, &fault);

	store_rollback(w->store);
	if (ok)
		next = job_with(j, h->found, &fault);
	if (next == NULL) {
		if (fault.kind == LAHETTI_FAULT_BROKEN)
			log_fault(w->desk, "read_failed", &fault);
		answer_fault(h, &fault);
		send_answers(w->desk, h);
		return false;
	}
	if (!job_queue_put(w->desk->to_writer, next)) {
		job_destroy(next);
		return false;
	}
	job_destroy(j);
	return true;
}

static void work_one(struct worker *w, struct job *j)
{
	struct lahetti_fault fault = {0};
	bool started = handling_start(&w->h, j, &fault);

	if (started && frame_row(j->head.frame)->road == FRAME_ROAD_VERIFY) {
		if (!verify(w, j) && job_queue_put(w->desk->to_writer, j))
			return; /* given away, still inside */
		send_answers(w->desk, &w->h);
	} else if (started && frame_row(j->head.frame)->road == FRAME_ROAD_LOOK) {
		if (look_one(w, j))
			return;
	} else if (started) {
		if (read_one(w, j))
			return;
	} else {
		answer_fault(&w->h, &fault);
		send_answers(w->desk, &w->h);
	}
	answers_drop(&w->h);
	job_destroy(j);
	leave(w->desk, 1);
}

static void *work_all(void *context)
{
	struct worker *w = context;
	struct job *list;

	while ((list = job_queue_take(w->desk->to_workers, 16)) != NULL)
		for (struct job *j = list, *next; j != NULL; j = next) {
			next = j->next;
			work_one(w, j);
			uploads_expire(w->desk->facts.uploads, lahetti_now_us());
		}
	return NULL;
}

/* The keeper
 * --------------------------------------------------------------------------------------------------------
 */

static void *keep_all(void *context)
{
	struct desk *d = context;
	struct job_head head = {.frame = JOB_KEEP};
	struct timespec until;
	struct lahetti_fault fault;

	(void)pthread_mutex_lock(&d->keeper_lock);
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += A_DAY_S;
	while (!d->closing) {
		struct job *j;

		if (pthread_cond_timedwait(&d->keeper_wakes, &d->keeper_lock, &until) == 0)
			continue;
		until.tv_sec += A_DAY_S;
		j = job_new(&head, (struct lahetti_span){0}, &fault);
		atomic_fetch_add(&d->inside, 1);
		if (j != NULL && job_queue_put(d->to_writer, j))
			continue;
		job_destroy(j); /* tomorrow, then */
		leave(d, 1);
	}
	(void)pthread_mutex_unlock(&d->keeper_lock);
	return NULL;
}

static bool start_keeper(struct desk *d, struct lahetti_fault *f)
{
	pthread_condattr_t attributes;

	(void)pthread_mutex_init(&d->keeper_lock, NULL);
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&d->keeper_wakes, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	d->keeping = pthread_create(&d->keeper, NULL, keep_all, d) == 0;
	return d->keeping || lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-thread",
					       "No thread could be started.");
}

static void stop_keeper(struct desk *d)
{
	if (!d->keeping)
		return;
	(void)pthread_mutex_lock(&d->keeper_lock);
	d->closing = true;
	(void)pthread_cond_signal(&d->keeper_wakes);
	(void)pthread_mutex_unlock(&d->keeper_lock);
	(void)pthread_join(d->keeper, NULL);
	(void)pthread_cond_destroy(&d->keeper_wakes);
	(void)pthread_mutex_destroy(&d->keeper_lock);
}

/* Opening and closing
 * -----------------------------------------------------------------------------------------------
 */

static bool handling_init(struct handling *h, struct desk *d, struct store *store,
			  struct trail *trail, struct lahetti_fault *f)
{
	*h = (struct handling){
		.desk = &d->facts,
		.store = store,
		.trail = trail,
		.proofs = trail == NULL ? NULL : d->proofs,
		.quiet = d->quiet,
	};
	h->end = &h->first;
	return lahetti_arena_init(&h->arena, DESK_ARENA, f);
}

static bool start_threads(struct desk *d, struct lahetti_fault *f)
{
	for (unsigned i = 0; i < d->n_workers; i++) {
		struct worker *w = &d->workers[i];

		w->desk = d;
		w->store = store_open(d->options.database, d->options.vault, STORE_READ, f);
		if (w->store == NULL || !handling_init(&w->h, d, w->store, NULL, f))
			return false;
		w->started = pthread_create(&w->thread, NULL, work_all, w) == 0;
		if (!w->started)
			return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-thread",
						 "No thread could be started.");
	}
	d->writing = pthread_create(&d->writer, NULL, write_all, d) == 0;
	return d->writing || lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-thread",
					       "No thread could be started.");
}

/* The folder, and what a crash left in it gone. */
static bool open_attachments(struct desk *d, struct lahetti_fault *f)
{
	const struct desk_limits *l = &d->options.limits;
	const struct uploads_limits limits = {
		.attachment = l->attachment, .of_user = l->uploads_a_user, .all = l->uploads};
	uint64_t removed;
	char line[80];

	d->facts.attachments = attachments_open(d->options.attachments, ATTACHMENTS_WRITE, f);
	if (d->facts.attachments == NULL ||
	    !attachments_sweep(d->store, d->facts.attachments, &removed, f))
		return false;
	if (removed > 0) {
		(void)snprintf(line, sizeof line, "event=uploads_swept n=%" PRIu64, removed);
		d->options.log(d->options.context, line);
	}
	d->facts.uploads = uploads_create(d->facts.attachments, &limits, f);
	return d->facts.uploads != NULL;
}

struct desk *desk_open(const struct desk_options *options, struct lahetti_fault *f)
{
	struct desk *d = calloc(1, sizeof *d);
	unsigned erased, destroyed;
	bool emptied;

	if (d == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	d->options = *options;
	d->facts.options = &d->options;
	d->n_workers = options->workers < WORKERS_MOST ? options->workers : WORKERS_MOST;
	d->facts.keyring = keyring_create(options->limits.keyring, f);
	d->facts.tries = tries_create(
		(const uint32_t[TRIES_KINDS]){
			[TRIES_ADDRESS] = options->limits.login_tries_an_address,
			[TRIES_DEVICE] = options->limits.login_tries_a_device,
			[TRIES_CODES] = options->limits.code_tries,
		},
		f);
	d->quiet = quiet_create(f);
	d->proofs = calloc(1, sizeof *d->proofs);
	d->to_writer = job_queue_create(options->limits.jobs + 1, f);
	d->to_workers = job_queue_create(2 * options->limits.jobs + 1, f);
	d->store = store_open(options->database, options->vault, STORE_WRITE, f);
	d->room = room_open(options->reserve_file, options->reserve, NULL, f);
	if (d->proofs == NULL)
		lahetti_fault_no_memory(f);
	if (d->proofs == NULL || d->room == NULL || d->facts.keyring == NULL ||
	    d->facts.tries == NULL || d->quiet == NULL || d->to_writer == NULL ||
	    d->to_workers == NULL || d->store == NULL)
		goto failed;
	d->trail = founding_trail(d->store, options->vault, options->software, d->facts.server_name,
				  sizeof d->facts.server_name, &d->facts.generation, f);
	d->facts.ca = founding_ca(options->vault, f);
	if (d->trail == NULL || d->facts.ca == NULL ||
	    !founding_configure(d->store, d->trail, &options->configuration, options->software,
				f) ||
	    !open_attachments(d, f))
		goto failed;
	(void)snprintf(d->log_key, sizeof d->log_key, "%s", trail_vkey(d->trail));
	for (size_t i = 0; i < GROUP_MOST; i++)
		if (!handling_init(&d->slots[i], d, d->store, d->trail, f))
			goto failed;
	/* Before anyone is served: what was erased must not be shown. */
	if (!erase_replay(d->store, d->trail, d->facts.attachments, &erased, f) ||
	    !erase_destroy_retired(options->vault, lahetti_now_us(), options->limits.retention_days,
				   &destroyed, f) ||
	    !store_empty_log(d->store, &emptied, f))
		goto failed;
	(void)look_at_room(d);
	if (!start_threads(d, f) || !start_keeper(d, f))
		goto failed;
	return d;
failed:
	desk_close(d);
	return NULL;
}

void desk_close(struct desk *d)
{
	if (d == NULL)
		return;
	stop_keeper(d);
	/* Workers give to the writer and the writer to workers: the writer's queue closes when no
	 * worker can fill it. */
	if (d->to_workers != NULL)
		job_queue_close(d->to_workers);
	for (unsigned i = 0; i < d->n_workers; i++)
		if (d->workers[i].started)
			pthread_join(d->workers[i].thread, NULL);
	if (d->to_writer != NULL)
		job_queue_close(d->to_writer);
	if (d->writing)
		pthread_join(d->writer, NULL);
	for (unsigned i = 0; i < d->n_workers; i++) {
		lahetti_arena_finish(&d->workers[i].h.arena);
		store_close(d->workers[i].store);
	}
	for (size_t i = 0; i < GROUP_MOST; i++)
		lahetti_arena_finish(&d->slots[i].arena);
	trail_close(d->trail);
	store_close(d->store);
	job_queue_destroy(d->to_writer);
	job_queue_destroy(d->to_workers);
	quiet_destroy(d->quiet);
	free(d->proofs);
	room_close(d->room);
	tries_destroy(d->facts.tries);
	uploads_destroy(d->facts.uploads);
	attachments_close(d->facts.attachments);
	keyring_destroy(d->facts.keyring);
	ca_destroy(d->facts.ca);
	free(d);
}

const char *desk_server_name(const struct desk *d)
{
	return d->facts.server_name;
}

uint32_t desk_generation(const struct desk *d)
{
	return d->facts.generation;
}

const char *desk_log_key(const struct desk *d)
{
	return d->log_key;
}

const char *desk_not_ready(struct desk *d)
{
	const char *broken = atomic_load(&d->broken);

	if (broken == NULL && atomic_load(&d->low))
		return "the disk is nearly full: only opening, withdrawing and supervising go on";
	return broken;
}

void desk_metrics(struct desk *d, struct lahetti_buffer *out)
{
	char text[1024];
	int len = snprintf(
		text, sizeof text,
		"# TYPE lahetti_commit_groups_total counter\nlahetti_commit_groups_total %" PRIuFAST64
		"\n"
		"# TYPE lahetti_jobs_recorded_total counter\nlahetti_jobs_recorded_total %" PRIuFAST64
		"\n"
		"# TYPE lahetti_statements_total counter\nlahetti_statements_total %" PRIuFAST64
		"\n"
		"# TYPE lahetti_jobs_failed_total counter\nlahetti_jobs_failed_total %" PRIuFAST64
		"\n"
		"# TYPE lahetti_jobs_inside gauge\nlahetti_jobs_inside %u\n"
		"# TYPE lahetti_disk_low gauge\nlahetti_disk_low %d\n",
		atomic_load(&d->groups), atomic_load(&d->recorded), atomic_load(&d->statements),
		atomic_load(&d->failed), atomic_load(&d->inside), atomic_load(&d->low));

	if (len > 0 && !lahetti_buffer_add(out, lahetti_span(text, (size_t)len), NULL))
		d->options.log(d->options.context, "event=metrics_cut");
}
