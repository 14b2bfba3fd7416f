/*
 * p1: jobs that wait together are one transaction. Where one of them fails after it has changed
 * something, the others are recorded all the same, each once, and it alone is told that it was not;
 * where it fails before, nothing is done twice.
 */

#include "db.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "scene.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define TOGETHER 5
#define FAILING	 2 /* from 0 */

/* The seam: the writer is held at its next BEGIN, and some events can't be added. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool to_hold, holds;
static unsigned events_added, events_failed;
static bool fails; /* the event of the job FAILING, in both tries */

static void hold(void)
{
	if (!to_hold)
		return;
	holds = true;
	(void)pthread_cond_broadcast(&changed);
	while (to_hold)
		(void)pthread_cond_wait(&changed, &lock);
}

static bool watch(enum db_step step, const char *statement, struct lahetti_fault *f)
{
	bool ok = true;

	(void)pthread_mutex_lock(&lock);
	if (step == DB_STEP_BEGIN)
		hold();
	if (step == DB_STEP_RUN && strcmp(statement, "EVENT_ADD") == 0) {
		events_added++;
		ok = !fails || (events_added != FAILING + 1 && events_added != 2 * (FAILING + 1));
		events_failed += !ok;
	}
	(void)pthread_mutex_unlock(&lock);
	return ok || lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-error", "%s was made to fail.",
				       statement);
}

struct group {
	struct scene scene;
	struct lahetti_id deliveries[TOGETHER];
	uint64_t asked[TOGETHER];
	const char *answer[TOGETHER]; /* "done", or the class of the error */
	unsigned answers;
};

static void refer(struct group *g, size_t i)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Submit body = LAHETTI__V1__SUBMIT__INIT;
	struct scene *s = &g->scene;
	const Lahetti__V1__ServerFrame *answer;
	struct lahetti_arena arena;
	struct writing writing;
	Lahetti__V1__Referral referral;

	assert_true(lahetti_arena_init(&arena, 1 << 20, NULL));
	writing_begin(&writing, &s->worker, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	writing_to_queue(&writing, &s->organisation, &s->team);
	referral_fill(&referral);
	writing_sign(&writing, &referral.base, s->worker.key);
	body.envelope = lahetti_message_read(&lahetti__v1__envelope__descriptor, writing.envelope,
					     LAHETTI_MESSAGE_FRAME, &arena, NULL);
	assert_non_null(body.envelope);
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT;
	frame.submit = &body;
	answer = scene_ask(s, &s->worker, &frame, LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, NULL,
			   NULL);
	assert_non_null(answer);
	assert_true(lahetti_id_read(&g->deliveries[i],
				    lahetti_bytes_span(answer->accepted->deliveries[0]->delivery),
				    NULL));
	writing_finish(&writing);
	lahetti_arena_finish(&arena);
}

static void make(struct group *g, void **state)
{
	memset(g, 0, sizeof *g);
	scene_make(&g->scene, state);
	for (size_t i = 0; i < TOGETHER; i++)
		refer(g, i);
}

static uint64_t claim(struct group *g, ProtobufCBinaryData delivery)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Claim body = LAHETTI__V1__CLAIM__INIT;

	body.delivery = delivery;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_CLAIM;
	frame.claim = &body;
	return scene_send(&g->scene, &g->scene.coach, &frame);
}

static void note(void *context, const Lahetti__V1__ServerFrame *frame)
{
	struct group *g = context;

	for (size_t i = 0; i < TOGETHER; i++) {
		if (frame->correlation != g->asked[i])
			continue;
		assert_null(g->answer[i]);
		g->answers++;
		if (frame->body_case == LAHETTI__V1__SERVER_FRAME__BODY_DONE) {
			assert_true(scene_has_event(&g->scene, frame->done->event));
			g->answer[i] = "done";
		} else {
			assert_int_equal(frame->body_case, LAHETTI__V1__SERVER_FRAME__BODY_ERROR);
			g->answer[i] =
				frame->error->class_ == LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT
					? "transient"
					: "refused";
		}
	}
}

/* All wait while the writer is busy with a frame before them, and are then one group. */
static void claim_together(struct group *g, const ProtobufCBinaryData *deliveries)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Subscribe before = LAHETTI__V1__SUBSCRIBE__INIT;

	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBSCRIBE;
	frame.subscribe = &before;
	to_hold = true;
	holds = false;
	db_hook_set(watch);
	(void)scene_send(&g->scene, &g->scene.coach, &frame);
	(void)pthread_mutex_lock(&lock);
	while (!holds)
		(void)pthread_cond_wait(&changed, &lock);
	(void)pthread_mutex_unlock(&lock);
	for (size_t i = 0; i < TOGETHER; i++)
		g->asked[i] = claim(g, deliveries[i]);
	(void)pthread_mutex_lock(&lock);
	events_added = events_failed = 0;
	to_hold = false;
	(void)pthread_cond_broadcast(&changed);
	(void)pthread_mutex_unlock(&lock);
	scene_hear(&g->scene, note, g);
	db_hook_set(NULL);
	assert_int_equal(g->answers, TOGETHER);
}

static void p1_job_that_fails_takes_no_other_with_it(void **state)
{
	ProtobufCBinaryData deliveries[TOGETHER];
	struct group g;

	make(&g, state);
	for (size_t i = 0; i < TOGETHER; i++)
		deliveries[i] = lahetti_bytes(lahetti_id_span(&g.deliveries[i]));
	fails = true;
	claim_together(&g, deliveries);
	fails = false;
	/* Together up to the one that failed, and then each alone. */
	assert_int_equal(events_failed, 2);
	assert_int_equal(events_added, FAILING + 1 + TOGETHER);
	for (size_t i = 0; i < TOGETHER; i++)
		assert_string_equal(g.answer[i], i == FAILING ? "transient" : "done");
	scene_is_whole(&g.scene);

	/* Asked once more it is done, and so are the others already. */
	memset(g.answer, 0, sizeof g.answer);
	g.answers = 0;
	claim_together(&g, deliveries);
	assert_int_equal(events_added, 1);
	for (size_t i = 0; i < TOGETHER; i++)
		assert_string_equal(g.answer[i], "done");
	scene_end(&g.scene);
}

/* One that is equal to an earlier one of the same minute would only be counted. */
static void refusal_that_was_undone_is_recorded_all_the_same(void **state)
{
	ProtobufCBinaryData deliveries[TOGETHER];
	struct lahetti_id unknown;
	struct group g;

	make(&g, state);
	assert_true(lahetti_id_new(&unknown, lahetti_now_us(), NULL));
	for (size_t i = 0; i < TOGETHER; i++)
		deliveries[i] = lahetti_bytes(lahetti_id_span(&g.deliveries[i]));
	deliveries[0] = lahetti_bytes(lahetti_id_span(&unknown));
	fails = true;
	claim_together(&g, deliveries);
	fails = false;
	assert_int_equal(events_failed, 2);
	assert_int_equal(events_added, FAILING + 1 + TOGETHER);
	assert_string_equal(g.answer[0], "refused");
	scene_end(&g.scene);
}

static void job_that_changed_nothing_undoes_nothing(void **state)
{
	static uint8_t none[3] = "no";
	ProtobufCBinaryData deliveries[TOGETHER];
	struct group g;

	make(&g, state);
	for (size_t i = 0; i < TOGETHER; i++)
		deliveries[i] = lahetti_bytes(lahetti_id_span(&g.deliveries[i]));
	deliveries[FAILING] = (ProtobufCBinaryData){.data = none, .len = sizeof none};
	claim_together(&g, deliveries);
	assert_int_equal(events_added, TOGETHER - 1);
	for (size_t i = 0; i < TOGETHER; i++)
		assert_string_equal(g.answer[i], i == FAILING ? "refused" : "done");
	scene_end(&g.scene);
}

/* What would fail only after the client was recorded. */
static void identity_that_is_too_long_changes_nothing(void **state)
{
	static uint8_t unknown[70000];
	ProtobufCMessageUnknownField field = {
		.tag = 99, .wire_type = PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED, .data = unknown};
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__AddClient body = LAHETTI__V1__ADD_CLIENT__INIT;
	Lahetti__V1__ClientIdentity identity = LAHETTI__V1__CLIENT_IDENTITY__INIT;
	static char name[] = "Esimerkki";
	struct lahetti_id client, case_id;
	struct group g;

	make(&g, state);
	assert_true(lahetti_id_new(&client, lahetti_now_us(), NULL));
	assert_true(lahetti_id_new(&case_id, lahetti_now_us(), NULL));
	identity.family_name = name;
	identity.base.unknown_fields = &field;
	identity.base.n_unknown_fields = 1;
	field.len = (size_t)snprintf((char *)unknown, sizeof unknown, "\xac\xa2\x04");
	field.len += 69932; /* the length that was just written */
	body.client = lahetti_bytes(lahetti_id_span(&client));
	body.case_id = lahetti_bytes(lahetti_id_span(&case_id));
	body.identity = &identity;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_ADD_CLIENT;
	frame.add_client = &body;
	events_added = 0;
	db_hook_set(watch);
	g.asked[0] = scene_send(&g.scene, &g.scene.worker, &frame);
	scene_hear(&g.scene, note, &g);
	db_hook_set(NULL);
	assert_string_equal(g.answer[0], "refused");
	assert_int_equal(events_added, 0);
	scene_end(&g.scene);
}

#define SCRATCHED(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCHED(p1_job_that_fails_takes_no_other_with_it),
		SCRATCHED(refusal_that_was_undone_is_recorded_all_the_same),
		SCRATCHED(job_that_changed_nothing_undoes_nothing),
		SCRATCHED(identity_that_is_too_long_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
