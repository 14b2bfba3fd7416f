#include "desk.h"

#include "erase.h"
#include "founding.h"
#include "handling.h"
#include "lahetti/message.h"
#include "proof.h"

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
#define GROUP_MOST   64
#define WORKERS_MOST 64

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
	struct quiet *quiet;
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
	_Atomic(const char *) broken; /* why nothing can be recorded any more */
	atomic_uint_fast64_t groups, recorded, refused, failed;
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

bool desk_take(struct desk *d, struct job *j)
{
	enum frame_road road = frame_row(j->head.frame)->road;

	if (atomic_fetch_add(&d->inside, 1) >= d->options.limits.jobs) {
		atomic_fetch_sub(&d->inside, 1);
		atomic_store(&d->turned_away, true);
		return false;
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
	h->frame = NULL;
	h->now_us = lahetti_now_us();
	h->first = NULL;
	h->end = &h->first;
	h->fetch = NULL;
	h->event = 0;
	h->answered = h->since_erased = h->late = h->erases = false;
	h->id = (struct lahetti_id){0};
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
	return handler->handle(h, f);
}

/* Records a job or undoes it alone. False: the transaction itself can't go on. */
static bool record_job(struct desk *d, struct handling *h, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};

	if (!store_job_begin(d->store, f))
		return false;
	trail_mark(d->trail, &h->mark);
	if (record_one(h, &fault))
		return store_job_keep(d->store, f);
	if (fault.kind == LAHETTI_FAULT_BROKEN || fault.kind == LAHETTI_FAULT_UNCERTAIN) {
		log_fault(d, "job_failed", &fault);
		atomic_fetch_add(&d->failed, 1);
	}
	trail_undo(d->trail, &h->mark);
	answer_fault(h, &fault);
	return store_job_undo(d->store, f);
}

static bool record_group(struct desk *d, size_t n, struct lahetti_fault *f)
{
	if (!store_begin(d->store, f))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!record_job(d, &d->slots[i], f))
			return false;
	return trail_seal(d->trail, f) && store_commit(d->store, f);
}

/* After a commit that failed: nothing of the group is acknowledged. */
static void give_up_group(struct desk *d, size_t n, const struct lahetti_fault *fault)
{
	struct lahetti_fault f = {0};

	log_fault(d, "commit_failed", fault);
	store_rollback(d->store);
	if (fault->kind == LAHETTI_FAULT_UNCERTAIN) {
		/* What is on disk is known again only by opening it anew. */
		store_close(d->store);
		d->store = store_open(d->options.database, d->options.vault, STORE_WRITE, &f);
		for (size_t i = 0; i < GROUP_MOST; i++)
			d->slots[i].store = d->store;
		trail_rebase(d->trail, d->store);
	}
	if (d->store == NULL || !trail_revert(d->trail, &f)) {
		log_fault(d, "store_lost", &f);
		atomic_store(&d->broken, "the database can't be used");
	}
	for (size_t i = 0; i < n; i++) {
		answer_last(&d->slots[i], LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT,
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

	if (atomic_load(&d->broken) != NULL)
		return;
	if (!erase_replay(d->store, d->trail, &erased, &fault)) {
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

static void finish_one(struct desk *d, struct handling *h)
{
	const struct handler *handler = handler_of(h->job->head.frame);
	struct lahetti_fault fault = {0};

	if (handler->finish != NULL && !h->answered && !handler->finish(h, &fault)) {
		log_fault(d, "answer_failed", &fault);
		answer_fault(h, &fault);
	}
	atomic_fetch_add(&d->recorded, 1);
	if (h->fetch != NULL && job_queue_put(d->to_workers, h->fetch)) {
		h->fetch = NULL;
		atomic_fetch_add(&d->inside, 1); /* leaves with its own answer */
	}
	send_answers(d, h);
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
	if (atomic_load(&d->broken) != NULL)
		for (size_t i = 0; i < n; i++)
			answer_last(&d->slots[i], LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT,
				    "server-fault");
	else if (!record_group(d, n, &fault))
		give_up_group(d, n, &fault);
	else
		trail_committed(d->trail);
	for (size_t i = 0; i < n; i++)
		to_keep = to_keep || d->slots[i].erases;
	if (to_keep)
		keep(d);
	atomic_fetch_add(&d->groups, 1);
	for (size_t i = 0; i < n; i++) {
		finish_one(d, &d->slots[i]);
		job_destroy(d->slots[i].job);
		answers_drop(&d->slots[i]);
	}
	leave(d, (unsigned)n);
}

static void *write_all(void *context)
{
	struct desk *d = context;
	struct job *list;

	while ((list = job_queue_take(d->to_writer, GROUP_MOST)) != NULL)
		write_group(d, list);
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
	default:
		return fetch_trail;
	}
}

static void read_one(struct worker *w, struct job *j)
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
			ok = lahetti_fault_set(&fault, LAHETTI_FAULT_INVALID, d.code, "Refused.");
	}
	ok = ok && fn(h, &fault);
	store_rollback(w->store);
	if (!ok) {
		if (fault.kind == LAHETTI_FAULT_BROKEN)
			log_fault(w->desk, "read_failed", &fault);
		answer_fault(h, &fault);
	}
	send_answers(w->desk, h);
}

static void work_one(struct worker *w, struct job *j)
{
	struct lahetti_fault fault = {0};
	bool started = handling_start(&w->h, j, &fault);

	if (started && frame_row(j->head.frame)->road == FRAME_ROAD_VERIFY) {
		if (!verify(w, j) && job_queue_put(w->desk->to_writer, j))
			return; /* given away, still inside */
		send_answers(w->desk, &w->h);
	} else if (started) {
		read_one(w, j);
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
		.desk = &d->facts, .store = store, .trail = trail, .quiet = d->quiet};
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
	d->quiet = quiet_create(4096, f);
	d->to_writer = job_queue_create(options->limits.jobs + 1, f);
	d->to_workers = job_queue_create(2 * options->limits.jobs + 1, f);
	d->store = store_open(options->database, options->vault, STORE_WRITE, f);
	if (d->facts.keyring == NULL || d->quiet == NULL || d->to_writer == NULL ||
	    d->to_workers == NULL || d->store == NULL)
		goto failed;
	d->trail = founding_trail(d->store, options->vault, options->software, d->facts.server_name,
				  sizeof d->facts.server_name, &d->facts.generation, f);
	d->facts.ca = founding_ca(options->vault, f);
	if (d->trail == NULL || d->facts.ca == NULL)
		goto failed;
	(void)snprintf(d->log_key, sizeof d->log_key, "%s", trail_vkey(d->trail));
	for (size_t i = 0; i < GROUP_MOST; i++)
		if (!handling_init(&d->slots[i], d, d->store, d->trail, f))
			goto failed;
	/* Before anyone is served: what was erased must not be shown. */
	if (!erase_replay(d->store, d->trail, &erased, f) ||
	    !erase_destroy_retired(options->vault, lahetti_now_us(), options->limits.retention_days,
				   &destroyed, f) ||
	    !store_empty_log(d->store, &emptied, f) || !start_threads(d, f) || !start_keeper(d, f))
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
	return atomic_load(&d->broken);
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
		"# TYPE lahetti_jobs_failed_total counter\nlahetti_jobs_failed_total %" PRIuFAST64
		"\n"
		"# TYPE lahetti_jobs_inside gauge\nlahetti_jobs_inside %u\n",
		atomic_load(&d->groups), atomic_load(&d->recorded), atomic_load(&d->failed),
		atomic_load(&d->inside));

	if (len > 0 && !lahetti_buffer_add(out, lahetti_span(text, (size_t)len), NULL))
		d->options.log(d->options.context, "event=metrics_cut");
}
