/*
 * p7: one person at two devices. What one does the other is told; one that was away goes on where
 * it was, and hears nothing twice; what both do at once is done once.
 */

#include "county.h"
#include "lahetti/kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <string.h>

struct devices {
	struct county county;
	struct person other; /* the coach's second device */
	struct lahetti_id client, case_id;
};

static void setup(struct devices *d)
{
	char code[32];

	county_make(&d->county);
	county_sign_in(&d->county.admin);
	admin_code(&d->county.admin, &d->county.coach, code);
	person_sign_out(&d->county.admin);
	person_enrol(&d->other, &d->county.house, code);
	assert_true(lahetti_id_equal(&d->other.user, &d->county.coach.user));
	house_stop(&d->county.house, SIGTERM);
	person_confirm(&d->other);
	house_start(&d->county.house);
	county_sign_in(&d->county.worker);
	county_sign_in(&d->county.coach);
	county_sign_in(&d->other);
	person_add_client(&d->county.worker, "Esimerkki", "", &d->client, &d->case_id);
}

static void teardown(struct devices *d)
{
	person_finish(&d->other);
	county_end(&d->county);
}

static void refer(struct devices *d)
{
	const Lahetti__V1__ServerFrame *answer;
	Lahetti__V1__Referral body;
	struct writing w;

	referral_fill(&body);
	writing_begin(&w, &d->county.worker, LAHETTI_KIND_REFERRAL, &d->client, &d->case_id);
	writing_to_queue(&w, &d->county.worker.organisation, &d->county.team);
	writing_sign(&w, &body.base, d->county.worker.key);
	answer = person_submit(&d->county.worker, &w);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, answer->body_case);
	writing_finish(&w);
}

/* The next notice that is pushed to a device. */
static const Lahetti__V1__Notice *next_notice(struct person *p)
{
	struct lahetti_fault f = {0};
	const Lahetti__V1__ServerFrame *frame;

	do {
		lahetti_arena_reset(&p->arena);
		frame = lahetti_peer_next(p->peer, 30000, &p->arena, &f);
		assert_non_null(frame);
	} while (frame->body_case != LAHETTI__V1__SERVER_FRAME__BODY_NOTICE);
	return frame->notice;
}

static uint64_t subscribe(struct person *p, uint64_t after, size_t expected)
{
	Lahetti__V1__Notice *notices[8];
	const Lahetti__V1__ServerFrame *answer;
	size_t n;

	answer = person_subscribe(p, after, notices, 8, &n);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_SUBSCRIBED, answer->body_case);
	assert_int_equal(expected, n);
	return answer->subscribed->position;
}

static void step(struct person *p, const struct parcel *n, Lahetti__V1__Step step,
		 Lahetti__V1__ServerFrame__BodyCase wanted, const char *code)
{
	const Lahetti__V1__ServerFrame *answer;
	struct writing w;

	writing_acknowledge(&w, p, n, step);
	answer = step == LAHETTI__V1__STEP__STEP_OPEN ? person_open(p, &w) : person_submit(p, &w);
	assert_int_equal(wanted, answer->body_case);
	if (wanted == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		assert_string_equal(code, answer->error->code);
	writing_finish(&w);
}

static void p7_two_devices_of_one_user_stay_in_step(void **state)
{
	struct devices d;
	struct person *one = &d.county.coach, *two = &d.other;
	const Lahetti__V1__Notice *notice;
	Lahetti__V1__Notice *notices[8];
	struct parcel n;
	uint64_t position;
	size_t heard;

	(void)state;
	setup(&d);
	(void)subscribe(one, 0, 0);
	(void)subscribe(two, 0, 0);
	refer(&d);
	parcel_of(&n, next_notice(one));
	notice = next_notice(two);
	assert_memory_equal(n.delivery.bytes, notice->delivery.data, sizeof n.delivery.bytes);
	assert_int_equal(0, notice->claimed_by.len);

	/* What one does, two is told. */
	person_claim(one, &n);
	notice = next_notice(two);
	assert_memory_equal(one->user.bytes, notice->claimed_by.data, sizeof one->user.bytes);
	step(one, &n, LAHETTI__V1__STEP__STEP_OPEN, LAHETTI__V1__SERVER_FRAME__BODY_CONTENT, "");
	notice = next_notice(two);
	assert_int_equal(LAHETTI__V1__STATE__STATE_OPENED, notice->state);
	position = notice->position;

	/* Two is away meanwhile: another referral comes, the first one is taken. */
	person_sign_out(two);
	refer(&d);
	step(one, &n, LAHETTI__V1__STEP__STEP_TAKE, LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, "");
	county_sign_in(two);
	(void)person_subscribe(two, position, notices, 8, &heard);
	assert_int_equal(2, heard);
	for (size_t i = 0; i < heard; i++) {
		bool first = memcmp(n.delivery.bytes, notices[i]->delivery.data,
				    sizeof n.delivery.bytes) == 0;

		assert_true(notices[i]->position > position);
		assert_int_equal(first ? LAHETTI__V1__STATE__STATE_TAKEN
				       : LAHETTI__V1__STATE__STATE_REQUESTED,
				 notices[i]->state);
	}
	assert_true(notices[1]->position > notices[0]->position);
	position = notices[1]->position;

	/* Nothing is heard twice, and a device that starts anew hears all. */
	person_sign_out(two);
	county_sign_in(two);
	(void)subscribe(two, position, 0);
	person_sign_out(two);
	county_sign_in(two);
	(void)subscribe(two, 0, 2);

	/* What was done at one device is done. */
	step(two, &n, LAHETTI__V1__STEP__STEP_TAKE, LAHETTI__V1__SERVER_FRAME__BODY_ERROR,
	     "step-not-now");
	step(two, &n, LAHETTI__V1__STEP__STEP_OPEN, LAHETTI__V1__SERVER_FRAME__BODY_CONTENT, "");
	teardown(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p7_two_devices_of_one_user_stay_in_step),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
