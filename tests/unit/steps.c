#include "lahetti/kinds.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/*
 * The whole life of a referral, state by state: what the server, the recipient and the sender may
 * do, and where it leads. "=": it leaves the state as it is.
 */
static const struct life {
	Lahetti__V1__State state;
	bool ended;
	const char *server, *recipient, *sender;
} life[] = {
#define STATE(name) LAHETTI__V1__STATE__STATE_##name
	{STATE(REQUESTED), false, "hand-over>handed-over expire>expired stop>stopped ",
	 "open>opened ", "recall>recalled sent-in-error>sent-in-error "},
	{STATE(HANDED_OVER), false, "expire>expired stop>stopped ", "open>opened ",
	 "recall>recalled sent-in-error>sent-in-error "},
	{STATE(OPENED), false, "expire>expired stop>stopped ",
	 "ask>information-requested take>taken waitlist>waitlisted return>returned "
	 "redirect>redirected ",
	 "answer= request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(INFORMATION_REQUESTED), false, "expire>expired stop>stopped ",
	 "ask= take>taken waitlist>waitlisted return>returned redirect>redirected ",
	 "answer>opened request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(TAKEN), false, "stop>stopped ",
	 "ask= return>returned redirect>redirected schedule>scheduled meet>met begin>in-progress "
	 "hold>on-hold report>interim-report complete>completed fail>failed ",
	 "answer= request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(WAITLISTED), false, "stop>stopped ",
	 "ask= take>taken return>returned redirect>redirected fail>failed ",
	 "answer= request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(SCHEDULED), false, "stop>stopped ",
	 "ask= schedule= meet>met no-show>no-show begin>in-progress hold>on-hold "
	 "report>interim-report complete>completed fail>failed ",
	 "answer= request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(MET), false, "stop>stopped ",
	 "ask= schedule>scheduled begin>in-progress hold>on-hold report>interim-report "
	 "complete>completed fail>failed ",
	 "answer= request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(NO_SHOW), false, "stop>stopped ",
	 "ask= schedule>scheduled meet>met hold>on-hold report>interim-report complete>completed "
	 "fail>failed ",
	 "answer= request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(IN_PROGRESS), false, "stop>stopped ",
	 "ask= hold>on-hold report>interim-report complete>completed fail>failed ",
	 "answer= request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(ON_HOLD), false, "stop>stopped ",
	 "ask= schedule>scheduled begin>in-progress hold= report>interim-report "
	 "complete>completed fail>failed ",
	 "answer= request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(INTERIM_REPORT), false, "stop>stopped ",
	 "ask= begin>in-progress hold>on-hold report= complete>completed fail>failed ",
	 "answer= request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(CANCEL_REQUESTED), false, "stop>stopped ",
	 "ask= take>taken return>returned complete>completed fail>failed "
	 "confirm-cancel>cancel-confirmed ",
	 "answer= sent-in-error>sent-in-error "},
	{STATE(REOPENED), false, "expire>expired stop>stopped ",
	 "open>opened ask>information-requested take>taken waitlist>waitlisted return>returned "
	 "redirect>redirected ",
	 "answer>opened request-cancel>cancel-requested sent-in-error>sent-in-error "},
	{STATE(RETURNED), true, "", "reopen>reopened ", ""},
	{STATE(COMPLETED), true, "", "reopen>reopened ", ""},
	{STATE(FAILED), true, "", "reopen>reopened ", ""},
	{STATE(EXPIRED), true, "", "reopen>reopened ", ""},
	{STATE(REDIRECTED), true, "", "", ""},
	{STATE(CANCEL_CONFIRMED), true, "", "", ""},
	{STATE(RECALLED), true, "", "", ""},
	{STATE(SENT_IN_ERROR), true, "", "", ""},
	{STATE(STOPPED), true, "", "", ""},
#undef STATE
};

static const char *steps_of(Lahetti__V1__State state, unsigned by, char *text, size_t size)
{
	const ProtobufCEnumDescriptor *type = &lahetti__v1__step__descriptor;
	size_t len = 0;

	text[0] = '\0';
	for (unsigned i = 0; i < type->n_values; i++) {
		const struct lahetti_step_row *row =
			lahetti_step_find(type->values[i].value, (int)state);
		char step[64], to[64];
		bool stays;

		if (row == NULL || row->by != by)
			continue;
		stays = row->to == state;
		len += (size_t)snprintf(
			text + len, size - len, "%s%s%s ", lahetti_word(type, (int)row->step, step),
			stays ? "=" : ">",
			stays ? ""
			      : lahetti_word(&lahetti__v1__state__descriptor, (int)row->to, to));
		assert_true(len < size);
	}
	return text;
}

static void life_is_as_it_is_told(void **state)
{
	char text[512];

	(void)state;
	assert_int_equal(sizeof life / sizeof life[0], lahetti__v1__state__descriptor.n_values - 1);
	for (size_t i = 0; i < sizeof life / sizeof life[0]; i++) {
		assert_string_equal(steps_of(life[i].state, LAHETTI_BY_SERVER, text, sizeof text),
				    life[i].server);
		assert_string_equal(
			steps_of(life[i].state, LAHETTI_BY_RECIPIENT, text, sizeof text),
			life[i].recipient);
		assert_string_equal(steps_of(life[i].state, LAHETTI_BY_SENDER, text, sizeof text),
				    life[i].sender);
		assert_int_equal(lahetti_state_ended((int)life[i].state), life[i].ended);
	}
}

static void what_is_no_state_has_no_steps(void **state)
{
	static const int none[] = {-1, 0, 24, 64, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		assert_false(lahetti_state_ended(none[i]));
		for (int step = -1; step < 30; step++)
			assert_null(lahetti_step_find(step, none[i]));
	}
	assert_null(lahetti_step_any(0));
	assert_null(lahetti_step_any(24));
	assert_null(lahetti_step_find(0, LAHETTI__V1__STATE__STATE_OPENED));
}

static void every_step_is_in_the_table(void **state)
{
	const ProtobufCEnumDescriptor *type = &lahetti__v1__step__descriptor;

	(void)state;
	for (unsigned i = 0; i < type->n_values; i++)
		assert_int_equal(lahetti_step_any(type->values[i].value) != NULL,
				 type->values[i].value != 0);
}

/* So that lahetti_step_any may speak for all rows, and a state has at most one row for a step. */
static void rows_of_a_step_differ_in_from_and_to_alone(void **state)
{
	size_t n;
	const struct lahetti_step_row *rows = lahetti_steps(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct lahetti_step_row *any = lahetti_step_any((int)rows[i].step);

		assert_int_equal(rows[i].by, any->by);
		assert_int_equal(rows[i].needs, any->needs);
		assert_int_equal(rows[i].kinds, any->kinds);
		assert_int_equal(rows[i].shown, any->shown);
		for (size_t k = 0; k < i; k++)
			assert_true(rows[k].step != rows[i].step ||
				    (rows[k].from & rows[i].from) == 0);
	}
}

static void every_state_can_be_reached(void **state)
{
	lahetti_set reached = LAHETTI_SET(LAHETTI__V1__STATE__STATE_REQUESTED);
	lahetti_set before = 0;
	size_t n;
	const struct lahetti_step_row *rows = lahetti_steps(&n);

	(void)state;
	while (reached != before) {
		before = reached;
		for (size_t i = 0; i < n; i++)
			if ((rows[i].from & reached) != 0)
				reached |= LAHETTI_SET(rows[i].to);
	}
	for (size_t i = 0; i < sizeof life / sizeof life[0]; i++)
		assert_true(LAHETTI_IN(reached, life[i].state));
}

/* The kinds say which step they make, the steps which kinds make them. */
static void steps_and_kinds_agree(void **state)
{
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);
	const ProtobufCEnumDescriptor *type = &lahetti__v1__step__descriptor;

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 1; k < type->n_values; k++) {
			const struct lahetti_step_row *row =
				lahetti_step_any(type->values[k].value);

			if (kinds[i].step != LAHETTI_KIND_STEP_FROM_BODY)
				assert_int_equal(LAHETTI_IN(row->kinds, kinds[i].number),
						 kinds[i].step == (int)row->step);
			if (row->kinds == 0)
				assert_true(row->by == LAHETTI_BY_SERVER ||
					    row->step == LAHETTI__V1__STEP__STEP_SENT_IN_ERROR);
		}
}

/* Arrived, opened, returned, redirected, waitlisted, taken and ended always; the sender's own too.
 */
static void rest_is_shown_as_feedback(void **state)
{
	const ProtobufCEnumDescriptor *type = &lahetti__v1__step__descriptor;
	const lahetti_set feedback = LAHETTI_SET(LAHETTI__V1__STEP__STEP_ASK) |
				     LAHETTI_SET(LAHETTI__V1__STEP__STEP_SCHEDULE) |
				     LAHETTI_SET(LAHETTI__V1__STEP__STEP_MEET) |
				     LAHETTI_SET(LAHETTI__V1__STEP__STEP_NO_SHOW) |
				     LAHETTI_SET(LAHETTI__V1__STEP__STEP_BEGIN) |
				     LAHETTI_SET(LAHETTI__V1__STEP__STEP_HOLD) |
				     LAHETTI_SET(LAHETTI__V1__STEP__STEP_REPORT);

	(void)state;
	for (unsigned i = 1; i < type->n_values; i++)
		assert_int_equal(lahetti_step_any(type->values[i].value)->shown,
				 LAHETTI_IN(feedback, type->values[i].value)
					 ? LAHETTI_SHOWN_AS_FEEDBACK
					 : LAHETTI_SHOWN_ALWAYS);
}

static void steps_need_what_the_design_says(void **state)
{
	static const struct {
		int step;
		unsigned needs;
	} needy[] = {
		{LAHETTI__V1__STEP__STEP_RETURN, LAHETTI_NEEDS_REASON | LAHETTI_NEEDS_SENTENCE},
		{LAHETTI__V1__STEP__STEP_REDIRECT, LAHETTI_NEEDS_REASON | LAHETTI_NEEDS_REDIRECT},
		{LAHETTI__V1__STEP__STEP_SCHEDULE, LAHETTI_NEEDS_DATE},
		{LAHETTI__V1__STEP__STEP_HOLD, LAHETTI_NEEDS_CAUSE},
		{LAHETTI__V1__STEP__STEP_REQUEST_CANCEL, LAHETTI_NEEDS_SENTENCE},
		{LAHETTI__V1__STEP__STEP_SENT_IN_ERROR, LAHETTI_NEEDS_SENTENCE},
		{LAHETTI__V1__STEP__STEP_REOPEN, LAHETTI_NEEDS_SENTENCE},
	};
	const ProtobufCEnumDescriptor *type = &lahetti__v1__step__descriptor;

	(void)state;
	for (unsigned i = 1; i < type->n_values; i++) {
		unsigned needs = LAHETTI_NEEDS_NOTHING;

		for (size_t k = 0; k < sizeof needy / sizeof needy[0]; k++)
			if (needy[k].step == type->values[i].value)
				needs = needy[k].needs;
		assert_int_equal(lahetti_step_any(type->values[i].value)->needs, needs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(life_is_as_it_is_told),
		cmocka_unit_test(what_is_no_state_has_no_steps),
		cmocka_unit_test(every_step_is_in_the_table),
		cmocka_unit_test(rows_of_a_step_differ_in_from_and_to_alone),
		cmocka_unit_test(every_state_can_be_reached),
		cmocka_unit_test(steps_and_kinds_agree),
		cmocka_unit_test(rest_is_shown_as_feedback),
		cmocka_unit_test(steps_need_what_the_design_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
