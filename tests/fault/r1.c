/*
 * p1, p2: one referral travels from a clinic to a coach who opens it, and at every call on its way
 * that can fail one fails: nothing is acknowledged that is not durable, nothing is shown that is
 * not logged, what fails is told as what may pass, the next try succeeds, and all that is stored
 * fits together.
 */

#include "disk.h"
#include "faults.h"
#include "raw.h"
#include "scene.h"

#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define MOST	     20000 /* calls of one kind on the way: more would be a fault that never ends */
#define LOOKED_AFTER 200   /* so many faults the database is looked at as a whole */

struct way {
	struct scene *scene;
	struct writing referral, opened;
	struct lahetti_id delivery;
	bool noticed;
	enum faults_source source;
	unsigned failed;
};

static Lahetti__V1__Envelope *envelope_of(struct way *w, const struct writing *writing,
					  struct lahetti_arena *arena)
{
	struct lahetti_fault f = {0};
	Lahetti__V1__Envelope *e;

	(void)w;
	lahetti_arena_reset(arena);
	e = lahetti_message_read(&lahetti__v1__envelope__descriptor, writing->envelope,
				 LAHETTI_MESSAGE_FRAME, arena, &f);
	assert_non_null(e);
	return e;
}

/* The steps: whether each was taken
 * ---------------------------------------------------------------------------- */

/* Who hears of a delivery can find it. */
static void note_notice(void *context, const Lahetti__V1__Notice *n)
{
	struct way *w = context;
	uint64_t event;

	if (!lahetti_span_equal(lahetti_bytes_span(n->statement), lahetti_id_span(&w->referral.id)))
		return;
	assert_true(scene_has_statement(w->scene, &w->referral.id, &event));
	assert_true(lahetti_id_read(&w->delivery, lahetti_bytes_span(n->delivery), NULL));
	w->scene->opening = w->delivery;
	w->noticed = true;
}

static bool submit(struct way *w, struct lahetti_arena *arena)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Submit body = LAHETTI__V1__SUBMIT__INIT;
	const Lahetti__V1__ServerFrame *answer;
	uint64_t event;

	body.envelope = envelope_of(w, &w->referral, arena);
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT;
	frame.submit = &body;
	answer = scene_ask(w->scene, &w->scene->worker, &frame,
			   LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, note_notice, w);
	if (answer == NULL)
		return false;
	assert_true(scene_has_statement(w->scene, &w->referral.id, &event));
	assert_true(scene_has_event(w->scene, event));
	assert_int_equal(1, answer->accepted->n_deliveries);
	assert_true(answer->accepted->receipt->event.len > 0);
	assert_true(answer->accepted->receipt->subject != NULL);
	return true;
}

static bool subscribe(struct way *w, struct lahetti_arena *arena)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Subscribe body = LAHETTI__V1__SUBSCRIBE__INIT;
	uint64_t event;

	(void)arena;
	/* From just before the referral: the earlier ones of this database are not of this way. */
	assert_true(scene_has_statement(w->scene, &w->referral.id, &event));
	body.after = event - 1;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBSCRIBE;
	frame.subscribe = &body;
	w->noticed = false;
	if (scene_ask(w->scene, &w->scene->coach, &frame,
		      LAHETTI__V1__SERVER_FRAME__BODY_SUBSCRIBED, note_notice, w) == NULL)
		return false;
	assert_true(w->noticed);
	return true;
}

static bool arrive(struct way *w, struct lahetti_arena *arena)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__HandedOver body = LAHETTI__V1__HANDED_OVER__INIT;
	ProtobufCBinaryData delivery = lahetti_bytes(lahetti_id_span(&w->delivery));
	const Lahetti__V1__ServerFrame *answer;

	(void)arena;
	body.deliveries = &delivery;
	body.n_deliveries = 1;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_HANDED_OVER;
	frame.handed_over = &body;
	answer = scene_ask(w->scene, &w->scene->coach, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DONE,
			   NULL, NULL);
	assert_true(answer == NULL || scene_has_event(w->scene, answer->done->event));
	return answer != NULL;
}

static bool claim(struct way *w, struct lahetti_arena *arena)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Claim body = LAHETTI__V1__CLAIM__INIT;
	const Lahetti__V1__ServerFrame *answer;

	(void)arena;
	body.delivery = lahetti_bytes(lahetti_id_span(&w->delivery));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_CLAIM;
	frame.claim = &body;
	answer = scene_ask(w->scene, &w->scene->coach, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DONE,
			   NULL, NULL);
	assert_true(answer == NULL || scene_has_event(w->scene, answer->done->event));
	return answer != NULL;
}

static bool open_it(struct way *w, struct lahetti_arena *arena)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Open body = LAHETTI__V1__OPEN__INIT;
	const Lahetti__V1__ServerFrame *answer;
	uint64_t event;

	body.envelope = envelope_of(w, &w->opened, arena);
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_OPEN;
	frame.open = &body;
	answer = scene_ask(w->scene, &w->scene->coach, &frame,
			   LAHETTI__V1__SERVER_FRAME__BODY_CONTENT, NULL, NULL);
	if (answer == NULL)
		return false;
	assert_string_equal(SCENE_NAME, answer->content->identity->family_name);
	assert_true(scene_is_opened(w->scene, &w->delivery));
	assert_true(scene_has_statement(w->scene, &w->opened.id, &event));
	return true;
}

/* The way
 * ------------------------------------------------------------------------------------------------------
 */

/* A step is taken, or fails once. */
static void take(struct way *w, bool (*step)(struct way *w, struct lahetti_arena *arena),
		 struct lahetti_arena *arena)
{
	if (step(w, arena))
		return;
	w->failed++;
	/* Only a disk that goes on failing makes the desk unready. */
	if (w->source == FAULTS_DISK)
		(void)faults_disarm();
	else
		assert_null(desk_not_ready(w->scene->desk));
	assert_true(step(w, arena));
}

static void begin(struct way *w)
{
	struct scene *s = w->scene;
	Lahetti__V1__Referral body;

	writing_begin(&w->referral, &s->worker, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	writing_to_queue(&w->referral, &s->organisation, &s->team);
	referral_fill(&body);
	writing_sign(&w->referral, &body.base, s->worker.key);
}

static void sign_opened(struct way *w)
{
	Lahetti__V1__Acknowledgement body = LAHETTI__V1__ACKNOWLEDGEMENT__INIT;

	writing_begin(&w->opened, &w->scene->coach, LAHETTI_KIND_ACKNOWLEDGEMENT, NULL, NULL);
	writing_reply(&w->opened, &w->referral.id, &w->referral.sha256);
	body.delivery = lahetti_bytes(lahetti_id_span(&w->delivery));
	body.step = LAHETTI__V1__STEP__STEP_OPEN;
	writing_sign(&w->opened, &body.base, w->scene->coach.key);
}

/* Whether something failed on the way. */
static bool travel(struct scene *s, enum faults_source source, unsigned n, unsigned *told)
{
	struct way w = {.scene = s, .source = source};
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;
	bool failed;

	assert_true(lahetti_arena_init(&arena, 1 << 20, &f));
	begin(&w);
	faults_arm(source, n);
	take(&w, submit, &arena);
	take(&w, subscribe, &arena);
	take(&w, arrive, &arena);
	take(&w, claim, &arena);
	sign_opened(&w);
	take(&w, open_it, &arena);
	failed = faults_disarm();
	assert_null(desk_not_ready(s->desk));
	*told += w.failed;
	writing_finish(&w.referral);
	writing_finish(&w.opened);
	lahetti_arena_finish(&arena);
	return failed;
}

static void try_every(void **state, enum faults_source source)
{
	struct scene s;
	unsigned n = 1, told = 0;

	disk_install();
	scene_make(&s, state);
	/* Once without, so that what is made only once is there; it must succeed. */
	assert_false(travel(&s, source, MOST, &told));
	for (; travel(&s, source, n, &told); n++) {
		assert_true(n < MOST);
		if (n % LOOKED_AFTER == 0)
			scene_is_whole(&s);
	}
	assert_true(n > 1);
	print_message("%u calls failed, %u frames were told so, %u were not answered\n", n - 1,
		      told, s.unanswered);
	scene_end(&s);
}

static void p1_p2_database(void **state)
{
	try_every(state, FAULTS_DATABASE);
}

static void p1_p2_uncertain_commit(void **state)
{
	try_every(state, FAULTS_COMMIT);
}

static void p1_p2_disk_that_goes_on_failing(void **state)
{
	try_every(state, FAULTS_DISK);
}

static void p1_p2_file(void **state)
{
	try_every(state, FAULTS_FILE);
}

static void p1_p2_memory(void **state)
{
	try_every(state, FAULTS_MEMORY);
}

static void p1_p2_arena(void **state)
{
	try_every(state, FAULTS_ARENA);
}

static void p1_p2_random(void **state)
{
	try_every(state, FAULTS_RANDOM);
}

static void p1_p2_clock(void **state)
{
	try_every(state, FAULTS_CLOCK);
}

static void p1_p2_clock_a_day_ahead(void **state)
{
	try_every(state, FAULTS_DAY_AHEAD);
}

struct told {
	uint64_t number;
	char code[64];
};

static void note_code(void *context, const Lahetti__V1__ServerFrame *frame)
{
	struct told *told = context;

	if (frame->correlation == told->number &&
	    frame->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		(void)snprintf(told->code, sizeof told->code, "%s", frame->error->code);
}

/* What people sign then is of tomorrow. */
static void clock_a_day_behind_refuses_until_it_is_right(void **state)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Submit body = LAHETTI__V1__SUBMIT__INIT;
	struct scene s;
	struct way w = {.scene = &s, .source = FAULTS_DAY_BEHIND};
	struct told told = {.number = 0};
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;
	uint64_t event;

	disk_install();
	scene_make(&s, state);
	assert_true(lahetti_arena_init(&arena, 1 << 20, &f));
	begin(&w);
	body.envelope = envelope_of(&w, &w.referral, &arena);
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT;
	frame.submit = &body;
	faults_arm(FAULTS_DAY_BEHIND, 1);
	told.number = scene_send(&s, &s.worker, &frame);
	scene_hear(&s, note_code, &told);
	assert_true(faults_disarm());
	assert_string_equal("dated-ahead", told.code);
	assert_false(scene_has_statement(&s, &w.referral.id, &event));
	assert_true(submit(&w, &arena));
	writing_finish(&w.referral);
	lahetti_arena_finish(&arena);
	scene_end(&s); /* the trail's times never go back */
}

static void p1_locked_by_another(void **state)
{
	struct scene s;
	struct way w = {.scene = &s, .source = FAULTS_FILE};
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;
	sqlite3 *other;
	uint64_t event;

	disk_install();
	scene_make(&s, state);
	assert_true(lahetti_arena_init(&arena, 1 << 20, &f));
	begin(&w);
	other = raw_open(s.database);
	raw_run(other, "BEGIN IMMEDIATE");
	assert_false(submit(&w, &arena));
	assert_false(scene_has_statement(&s, &w.referral.id, &event));
	raw_run(other, "ROLLBACK");
	raw_close(other);
	assert_true(submit(&w, &arena));
	writing_finish(&w.referral);
	lahetti_arena_finish(&arena);
	scene_end(&s);
}

#define SCRATCHED(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCHED(p1_p2_database),
		SCRATCHED(p1_p2_uncertain_commit),
		SCRATCHED(p1_p2_disk_that_goes_on_failing),
		SCRATCHED(p1_p2_file),
		SCRATCHED(p1_p2_memory),
		SCRATCHED(p1_p2_arena),
		SCRATCHED(p1_p2_random),
		SCRATCHED(p1_p2_clock),
		SCRATCHED(p1_p2_clock_a_day_ahead),
		SCRATCHED(clock_a_day_behind_refuses_until_it_is_right),
		SCRATCHED(p1_locked_by_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
