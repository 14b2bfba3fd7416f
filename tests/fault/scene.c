#include "scene.h"

#include "deliveries.h"
#include "directory.h"
#include "founding.h"
#include "ledger.h"
#include "scratch.h"
#include "statements.h"

#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SOFTWARE   "test"
#define ARENA	   (4u << 20)
#define SESSION	   7
#define PATIENCE_S 60

static void no_fault(bool ok, const struct lahetti_fault *f)
{
	if (!ok)
		print_message("%s: %s\n", f->code, f->text);
	assert_true(ok);
}

/* Making
 * ------------------------------------------------------------------------------------------------------
 */

#define RECORDS 8

struct founded {
	Lahetti__V1__Record records[RECORDS];
	Lahetti__V1__DirectoryEntry entries[RECORDS];
	const Lahetti__V1__Record *list[RECORDS];
	size_t n;
};

static Lahetti__V1__DirectoryEntry *add(struct founded *to,
					Lahetti__V1__DirectoryEntry__EntryCase which)
{
	size_t n = to->n++;

	lahetti__v1__record__init(&to->records[n]);
	lahetti__v1__directory_entry__init(&to->entries[n]);
	to->records[n].record_case = LAHETTI__V1__RECORD__RECORD_DIRECTORY;
	to->records[n].directory = &to->entries[n];
	to->entries[n].entry_case = which;
	to->list[n] = &to->records[n];
	return &to->entries[n];
}

/* Who is in a unit, with a device that is confirmed. */
struct settled {
	Lahetti__V1__Unit unit;
	Lahetti__V1__User user;
	Lahetti__V1__Membership membership;
	Lahetti__V1__Device device;
};

static void settle(struct founded *to, struct settled *row, struct person *p,
		   const struct lahetti_id *organisation, Lahetti__V1__Role role)
{
	struct lahetti_fault f = {0};
	static char unit[] = "Yksikkö", name[] = "Joku Jossakin", device[] = "koe";

	no_fault(lahetti_id_new(&p->unit, lahetti_now_us(), &f) &&
			 lahetti_id_new(&p->user, lahetti_now_us(), &f) &&
			 lahetti_id_new(&p->membership, lahetti_now_us(), &f) &&
			 (p->key = lahetti_private_key_new(&f)) != NULL,
		 &f);
	p->organisation = *organisation;
	p->role = role;
	p->key_id = *lahetti_public_key_id(lahetti_private_key_public(p->key));
	lahetti__v1__unit__init(&row->unit);
	row->unit.id = lahetti_bytes(lahetti_id_span(&p->unit));
	row->unit.organisation = lahetti_bytes(lahetti_id_span(&p->organisation));
	row->unit.name = unit;
	row->unit.takes_clients = 1;
	add(to, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT)->unit = &row->unit;
	lahetti__v1__user__init(&row->user);
	row->user.id = lahetti_bytes(lahetti_id_span(&p->user));
	row->user.organisation = row->unit.organisation;
	row->user.name = name;
	add(to, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER)->user = &row->user;
	lahetti__v1__membership__init(&row->membership);
	row->membership.id = lahetti_bytes(lahetti_id_span(&p->membership));
	row->membership.user = row->user.id;
	row->membership.unit = row->unit.id;
	row->membership.organisation = row->unit.organisation;
	row->membership.role = role;
	add(to, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP)->membership = &row->membership;
	lahetti__v1__device__init(&row->device);
	row->device.key_id = lahetti_bytes(lahetti_digest_span(&p->key_id));
	row->device.user = row->user.id;
	row->device.spki =
		lahetti_bytes(lahetti_public_key_spki(lahetti_private_key_public(p->key)));
	row->device.name = device;
	row->device.confirmed = 1;
	add(to, LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_DEVICE)->device = &row->device;
}

static void find_organisation(struct scene *s, struct store *store)
{
	const Lahetti__V1__DirectoryEntry *found[1];
	struct lahetti_fault f = {0};
	size_t n;

	no_fault(directory_list(store, DIRECTORY_ORGANISATION, DIRECTORY_ALL, NULL,
				(struct lahetti_span){0}, found, 1, &n, &s->arena, &f),
		 &f);
	assert_int_equal(1, n);
	no_fault(lahetti_id_read(&s->organisation, lahetti_bytes_span(found[0]->organisation->id),
				 &f),
		 &f);
}

/* What an administrator would do frame by frame, as one event. */
static void settle_people(struct scene *s)
{
	struct lahetti_fault f = {0};
	struct store *store = store_open(s->database, s->vault, STORE_WRITE, &f);
	struct settled rows[2];
	struct founded to = {.n = 0};
	struct trail_entry e;
	struct trail_subject subject;
	struct trail *trail;
	uint32_t generation;

	no_fault(store != NULL && store_begin(store, &f), &f);
	trail = founding_trail(store, s->vault, SOFTWARE, s->worker.server_name,
			       sizeof s->worker.server_name, &generation, &f);
	no_fault(trail != NULL, &f);
	memcpy(s->coach.server_name, s->worker.server_name, sizeof s->coach.server_name);
	find_organisation(s, store);
	settle(&to, &rows[0], &s->worker, &s->organisation, LAHETTI__V1__ROLE__ROLE_SOCIAL_WORKER);
	settle(&to, &rows[1], &s->coach, &s->organisation, LAHETTI__V1__ROLE__ROLE_JOB_COACH);
	s->clinic = s->worker.unit;
	s->team = s->coach.unit;
	trail_entry_init(&e, LAHETTI__V1__ACTION__ACTION_DIRECTORY,
			 LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	trail_subject_init(&subject, &s->organisation, NULL);
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_NONE_NEEDED;
	e.event.controller = lahetti_bytes(lahetti_id_span(&s->organisation));
	e.subjects = &subject;
	e.n_subjects = 1;
	e.records = to.list;
	e.n_records = to.n;
	no_fault(trail_append(trail, &e, &f) && trail_seal(trail, &f) && store_commit(store, &f),
		 &f);
	trail_close(trail);
	store_close(store);
}

static void add_client(struct scene *s)
{
	static char name[] = SCENE_NAME;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__AddClient added = LAHETTI__V1__ADD_CLIENT__INIT;
	Lahetti__V1__ClientIdentity identity = LAHETTI__V1__CLIENT_IDENTITY__INIT;
	struct lahetti_fault f = {0};

	no_fault(lahetti_id_new(&s->client, lahetti_now_us(), &f) &&
			 lahetti_id_new(&s->case_id, lahetti_now_us(), &f),
		 &f);
	identity.family_name = name;
	added.client = lahetti_bytes(lahetti_id_span(&s->client));
	added.case_id = lahetti_bytes(lahetti_id_span(&s->case_id));
	added.identity = &identity;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_ADD_CLIENT;
	frame.add_client = &added;
	assert_non_null(
		scene_ask(s, &s->worker, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DONE, NULL, NULL));
}

static void take_answers(void *context, struct answer *list)
{
	struct scene *s = context;

	(void)pthread_mutex_lock(&s->lock);
	*s->end = list;
	while (*s->end != NULL)
		s->end = &(*s->end)->next;
	(void)pthread_cond_signal(&s->answered);
	(void)pthread_mutex_unlock(&s->lock);
}

static void ignore(void *context)
{
	(void)context;
}

static void ignore_line(void *context, const char *line)
{
	(void)context;
	(void)line;
}

static struct desk *open_desk(struct scene *s, struct lahetti_fault *f)
{
	static const char *const origins[] = {NULL};
	const struct desk_options options = {
		.database = s->database,
		.attachments = s->attachments,
		.vault = s->vault,
		.software = SOFTWARE,
		.reserve_file = s->reserve_file,
		.origins = origins,
		.workers = 1,
		.limits = {.recipients = 50,
			   .statement = 262144,
			   .attachment = 1024,
			   .attachments = 1,
			   .uploads_a_user = 1,
			   .uploads = 1,
			   .jobs = 16,
			   .code_life_us = 1000000,
			   .certificate_days = 1,
			   .keyring = 16,
			   .login_tries_an_address = 1,
			   .login_tries_a_device = 1,
			   .code_tries = 1},
		.context = s,
		.answer = take_answers,
		.resume = ignore,
		.log = ignore_line,
	};

	return desk_open(&options, f);
}

bool scene_open(struct scene *s, struct lahetti_fault *f)
{
	s->vault = vault_open(s->master, s->keys, f);
	if (s->vault == NULL)
		return false;
	s->reader = store_open(s->database, s->vault, STORE_READ, f);
	if (s->reader == NULL)
		return false;
	s->desk = open_desk(s, f);
	return s->desk != NULL;
}

static void close_desk(struct scene *s)
{
	desk_close(s->desk);
	s->desk = NULL;
	/* What was told to others besides, and nobody waited for. */
	for (struct answer *a = s->answers, *next; a != NULL; a = next) {
		next = a->next;
		answer_destroy(a);
	}
	s->answers = NULL;
	s->end = &s->answers;
}

void scene_close(struct scene *s)
{
	close_desk(s);
	store_close(s->reader);
	s->reader = NULL;
	vault_close(s->vault);
	s->vault = NULL;
}

void scene_make(struct scene *s, void **state)
{
	struct lahetti_fault f = {0};
	struct desk_founding founding = {
		.software = SOFTWARE,
		.server_name = "lahetti.example.fi/lahetti",
		.organisation = "Esimerkkilän hyvinvointialue",
		.business_id = "",
		.type = LAHETTI__V1__ORGANISATION_TYPE__ORGANISATION_TYPE_WELLBEING_SERVICES_COUNTY,
		.unit = "Hallinto",
		.administrator = "Paula Pääkäyttäjä",
		.code_life_us = 1000000,
	};
	char code[DESK_CODE_ROOM];

	*s = (struct scene){0};
	s->end = &s->answers;
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)pthread_cond_init(&s->answered, NULL);
	(void)snprintf(s->database, sizeof s->database, "%s", scratch_path(state, "lahetti.db"));
	(void)snprintf(s->attachments, sizeof s->attachments, "%s",
		       scratch_path(state, "attachments"));
	(void)snprintf(s->reserve_file, sizeof s->reserve_file, "%s",
		       scratch_path(state, "reserve"));
	(void)snprintf(s->master, sizeof s->master, "%s", scratch_path(state, "master.key"));
	(void)snprintf(s->keys, sizeof s->keys, "%s", scratch_path(state, "keys"));
	no_fault(lahetti_arena_init(&s->arena, ARENA, &f) && vault_create(s->master, s->keys, &f) &&
			 (s->vault = vault_open(s->master, s->keys, &f)) != NULL,
		 &f);
	founding.database = s->database;
	founding.vault = s->vault;
	no_fault(desk_found(&founding, code, &f), &f);
	settle_people(s);
	vault_close(s->vault);
	no_fault(scene_open(s, &f), &f);
	add_client(s);
}

void scene_finish(struct scene *s)
{
	lahetti_private_key_destroy(s->worker.key);
	lahetti_private_key_destroy(s->coach.key);
	lahetti_arena_finish(&s->arena);
	(void)pthread_cond_destroy(&s->answered);
	(void)pthread_mutex_destroy(&s->lock);
}

void scene_end(struct scene *s)
{
	close_desk(s);
	scene_is_whole(s);
	scene_close(s);
	scene_finish(s);
}

static void print_finding(void *context, const char *code, const char *text)
{
	(void)context;
	print_message("%s: %s\n", code, text);
}

bool scene_check(struct scene *s, struct desk_checked *checked)
{
	struct lahetti_fault f = {0};

	if (desk_fsck(s->database, s->attachments, s->vault, SOFTWARE, print_finding, NULL, checked,
		      &f))
		return checked->findings == 0;
	print_finding(NULL, f.code, f.text);
	return false;
}

void scene_is_whole(struct scene *s)
{
	struct desk_checked checked;

	assert_true(scene_check(s, &checked));
}

/* What is durable
 * --------------------------------------------------------------------------------------------- */

bool scene_has_statement(struct scene *s, const struct lahetti_id *statement, uint64_t *event)
{
	struct lahetti_fault f = {0};
	struct statements_row row = {.event = 0};
	bool found = false;

	no_fault(store_begin(s->reader, &f) &&
			 statements_find(s->reader, statement, &row, &found, &f),
		 &f);
	store_rollback(s->reader);
	*event = row.event;
	return found;
}

bool scene_has_event(struct scene *s, uint64_t event)
{
	struct lahetti_fault f = {0};
	uint64_t size = 0;

	no_fault(store_begin(s->reader, &f) && ledger_size(s->reader, &size, &f), &f);
	store_rollback(s->reader);
	return event < size;
}

bool scene_is_opened(struct scene *s, const struct lahetti_id *delivery)
{
	struct lahetti_fault f = {0};
	struct deliveries_row row = {.opened = 0};
	bool found = false;

	no_fault(store_begin(s->reader, &f) &&
			 deliveries_find(s->reader, delivery, &row, &found, &f),
		 &f);
	store_rollback(s->reader);
	return found && row.opened != 0;
}

/* Asking
 * ------------------------------------------------------------------------------------------------------
 */

/* Whether the desk has nothing under way. */
static bool is_idle(struct scene *s)
{
	static const char gauge[] = "\nlahetti_jobs_inside ";
	struct lahetti_buffer metrics;
	const char *at;
	bool idle;

	lahetti_buffer_init(&metrics, 65536);
	desk_metrics(s->desk, &metrics);
	assert_true(lahetti_buffer_add(&metrics, lahetti_span("", 1), NULL));
	at = strstr((const char *)metrics.data, gauge);
	assert_non_null(at);
	idle = strtoul(at + strlen(gauge), NULL, 10) == 0;
	lahetti_buffer_finish(&metrics);
	return idle;
}

/* The answers that have come; waits for some, and gives NULL when none can come any more. */
static struct answer *next_answers(struct scene *s)
{
	struct timespec until;
	struct answer *list = NULL;

	for (unsigned turns = 0; list == NULL; turns++) {
		bool idle = is_idle(s);

		assert_true(turns < PATIENCE_S * 1000);
		(void)pthread_mutex_lock(&s->lock);
		if (s->answers == NULL && !idle) {
			(void)clock_gettime(CLOCK_REALTIME, &until);
			until.tv_nsec += 1000000;
			until.tv_sec += until.tv_nsec / 1000000000;
			until.tv_nsec %= 1000000000;
			(void)pthread_cond_timedwait(&s->answered, &s->lock, &until);
		}
		list = s->answers;
		s->answers = NULL;
		s->end = &s->answers;
		(void)pthread_mutex_unlock(&s->lock);
		if (list == NULL && idle)
			return NULL;
	}
	return list;
}

uint64_t scene_send(struct scene *s, const struct person *who, Lahetti__V1__ClientFrame *frame)
{
	struct lahetti_fault f = {0};
	struct job_head head = {
		.session = SESSION,
		.correlation = ++s->correlation,
		.received_us = lahetti_now_us(),
		.frame = (uint32_t)frame->body_case,
		.language = "en",
		.actor = {.user = who->user,
			  .device = who->key_id,
			  .membership = who->membership,
			  .organisation = who->organisation,
			  .unit = who->unit,
			  .role = (uint32_t)who->role},
	};
	struct lahetti_span packed;
	struct job *j;

	lahetti_arena_reset(&s->arena);
	frame->correlation = head.correlation;
	packed = lahetti_message_pack(&frame->base, &s->arena);
	assert_non_null(packed.data);
	j = job_new(&head, packed, &f);
	no_fault(j != NULL, &f);
	assert_true(desk_take(s->desk, j));
	return head.correlation;
}

static const Lahetti__V1__ServerFrame *read_answer(struct scene *s, const struct answer *a)
{
	struct lahetti_fault f = {0};
	const Lahetti__V1__ServerFrame *frame;

	/* What tells of the client has its opening on disk. */
	if (memmem(a->frame, a->head.frame_len, SCENE_NAME, strlen(SCENE_NAME)) != NULL)
		assert_true(scene_is_opened(s, &s->opening));
	frame = lahetti_message_read(
		&lahetti__v1__server_frame__descriptor,
		lahetti_span(lahetti_arena_copy(&s->arena, a->frame, a->head.frame_len),
			     a->head.frame_len),
		LAHETTI_MESSAGE_FRAME, &s->arena, &f);
	no_fault(frame != NULL, &f);
	return frame;
}

Lahetti__V1__ServerFrame *scene_ask(struct scene *s, const struct person *who,
				    Lahetti__V1__ClientFrame *asked,
				    Lahetti__V1__ServerFrame__BodyCase wanted,
				    void (*notice)(void *context, const Lahetti__V1__Notice *n),
				    void *context)
{
	const Lahetti__V1__ServerFrame *answer = NULL;
	struct answer *list;

	(void)scene_send(s, who, asked);
	while (answer == NULL && (list = next_answers(s)) != NULL)
		for (struct answer *a = list, *next; a != NULL; a = next) {
			const Lahetti__V1__ServerFrame *frame = read_answer(s, a);

			next = a->next;
			if (frame->body_case == LAHETTI__V1__SERVER_FRAME__BODY_NOTICE &&
			    notice != NULL)
				notice(context, frame->notice);
			if (frame->correlation == s->correlation) {
				assert_null(answer);
				answer = frame;
			}
			answer_destroy(a);
		}
	if (answer == NULL) {
		s->unanswered++;
		return NULL;
	}
	if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR) {
		if (answer->error->class_ != LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT)
			print_message("%s: %s\n", answer->error->code, answer->error->sentence);
		assert_int_equal(LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT, answer->error->class_);
		return NULL;
	}
	assert_int_equal(wanted, answer->body_case);
	return (Lahetti__V1__ServerFrame *)(uintptr_t)answer;
}

void scene_hear(struct scene *s,
		void (*heard)(void *context, const Lahetti__V1__ServerFrame *frame), void *context)
{
	struct answer *list;

	while ((list = next_answers(s)) != NULL)
		for (struct answer *a = list, *next; a != NULL; a = next) {
			next = a->next;
			lahetti_arena_reset(&s->arena);
			heard(context, read_answer(s, a));
			answer_destroy(a);
		}
}
