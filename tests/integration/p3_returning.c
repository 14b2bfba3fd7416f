/*
 * p3: a unit that gives a matter back, or from which one is recalled, no longer finds the client,
 * unless it has another reason to.
 */

#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct scene {
	struct county county;
	struct neighbour neighbour;
	struct lahetti_id client, case_id;
};

static void accepted(struct person *p, const struct writing *w)
{
	Lahetti__V1__ServerFrame *answer = person_submit(p, w);

	if (answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, answer->body_case);
}

/* Whether somebody's unit has the client among its own. */
static bool sees(struct person *p)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients question = LAHETTI__V1__FIND_CLIENTS__INIT;

	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS;
	frame.find_clients = &question;
	return person_expect(p, &frame, LAHETTI__V1__SERVER_FRAME__BODY_CLIENTS)
		       ->clients->n_clients > 0;
}

static void step(struct person *p, const struct parcel *parcel, Lahetti__V1__Step which)
{
	struct writing w;

	writing_acknowledge(&w, p, parcel, which);
	accepted(p, &w);
	writing_finish(&w);
}

static void ask_about(struct person *p, const struct parcel *parcel, const struct person *whom,
		      const struct lahetti_id *client, const struct lahetti_id *case_id)
{
	static char question[] = "Onko terveystarkastus tehty?";
	Lahetti__V1__InformationRequest body = LAHETTI__V1__INFORMATION_REQUEST__INIT;
	struct writing w;

	writing_begin(&w, p, LAHETTI_KIND_INFORMATION_REQUEST, client, case_id);
	writing_reply(&w, &parcel->statement, &parcel->sha256);
	writing_to_user(&w, whom);
	w.categories[0] = LAHETTI__V1__CATEGORY__CATEGORY_FEEDBACK;
	w.header.n_categories = 1;
	body.delivery = lahetti_bytes(lahetti_id_span(&parcel->delivery));
	body.question = question;
	body.answer_by = lahetti_date_of(lahetti_now_us());
	writing_sign(&w, &body.base, p->key);
	accepted(p, &w);
	writing_finish(&w);
}

static void p3_unit_that_returns_one_matter_keeps_the_other(void **state)
{
	struct scene *s = *state;
	struct person *worker = &s->county.worker, *coach = &s->county.coach;
	struct parcel one, two;
	struct writing first, second;

	refer(&first, worker, coach, &s->client, &s->case_id);
	refer(&second, worker, coach, &s->client, &s->case_id);
	parcel_find(&one, coach, &first.id);
	parcel_find(&two, coach, &second.id);
	(void)parcel_open(coach, &one);
	(void)parcel_open(coach, &two);
	step(coach, &one, LAHETTI__V1__STEP__STEP_RETURN);
	assert_true(sees(coach));
	/* A question about the matter is no matter of its own. */
	ask_about(coach, &two, worker, &s->client, &s->case_id);
	step(coach, &two, LAHETTI__V1__STEP__STEP_RETURN);
	assert_false(sees(coach));
	assert_true(sees(worker));
	writing_finish(&first);
	writing_finish(&second);
}

static void p3_unit_from_which_a_matter_is_recalled_has_it_no_more(void **state)
{
	struct scene *s = *state;
	struct person *worker = &s->county.worker, *coach = &s->county.coach;
	struct parcel parcel;
	struct writing w;

	refer(&w, worker, coach, &s->client, &s->case_id);
	parcel_find(&parcel, coach, &w.id);
	assert_true(sees(coach));
	step(worker, &parcel, LAHETTI__V1__STEP__STEP_RECALL);
	assert_false(sees(coach));
	writing_finish(&w);
}

/* The copy that another controller has stays its record; the unit that gave the matter back sees
 * it no more. */
static void p3_unit_of_another_controller_returns_too(void **state)
{
	struct scene *s = *state;
	struct person *coach = &s->neighbour.coach;
	struct lahetti_id client, case_id;
	struct parcel parcel;
	struct writing w;

	person_add_client(&s->county.worker, "Palautettu", "", &client, &case_id);
	refer(&w, &s->county.worker, coach, &client, &case_id);
	parcel_find(&parcel, coach, &w.id);
	(void)parcel_open(coach, &parcel);
	assert_true(sees(coach));
	step(coach, &parcel, LAHETTI__V1__STEP__STEP_RETURN);
	assert_false(sees(coach));
	writing_finish(&w);
}

static int make(void **state)
{
	static struct scene s;

	county_make(&s.county);
	neighbour_make(&s.neighbour, &s.county.house);
	county_sign_in(&s.county.worker);
	county_sign_in(&s.county.coach);
	county_sign_in(&s.neighbour.coach);
	person_add_client(&s.county.worker, "Esimerkki", "010190-900P", &s.client, &s.case_id);
	*state = &s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	neighbour_end(&s->neighbour);
	county_end(&s->county);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p3_unit_that_returns_one_matter_keeps_the_other),
		cmocka_unit_test(p3_unit_from_which_a_matter_is_recalled_has_it_no_more),
		cmocka_unit_test(p3_unit_of_another_controller_returns_too),
	};

	return cmocka_run_group_tests(tests, make, end);
}
