/* Equal refusals are one event a minute, none is lost, and no number of sources grows the trail
 * without bound. */
#include "quiet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define MINUTE_US INT64_C(60000000)

static int setup(void **state)
{
	*state = quiet_create(NULL);
	return *state == NULL;
}

static int teardown(void **state)
{
	quiet_destroy(*state);
	return 0;
}

/* A refusal of a numbered source; *r is what is to be recorded. */
static bool speak(struct quiet *q, uint32_t source, const char *code, int64_t now_us,
		  struct refusal *r)
{
	const struct lahetti_span key[] = {lahetti_span(&source, sizeof source),
					   lahetti_span_text(code)};

	*r = (struct refusal){.action = LAHETTI__V1__ACTION__ACTION_LOGIN, .count = 77};
	r->actor.user.bytes[0] = (uint8_t)source;
	(void)snprintf(r->code, sizeof r->code, "%s", code);
	return quiet_speak(q, key, 2, r, now_us);
}

static void first_is_told_and_others_are_counted_into_the_next(void **state)
{
	struct quiet *q = *state;
	struct refusal r;

	assert_true(speak(q, 1, "a", MINUTE_US, &r));
	assert_int_equal(r.count, 1);
	for (int i = 0; i < 5; i++)
		assert_false(speak(q, 1, "a", 2 * MINUTE_US - 1, &r));
	assert_true(speak(q, 1, "a", 2 * MINUTE_US, &r));
	assert_int_equal(r.count, 6);
	assert_false(quiet_due(q, true, 2 * MINUTE_US, &r));
}

static void another_source_or_another_code_is_told_too(void **state)
{
	struct quiet *q = *state;
	struct refusal r;

	assert_true(speak(q, 1, "a", MINUTE_US, &r));
	assert_true(speak(q, 1, "b", MINUTE_US, &r));
	assert_true(speak(q, 2, "a", MINUTE_US, &r));
	assert_false(speak(q, 2, "a", MINUTE_US, &r));
}

static void what_was_counted_is_told_when_its_minute_is_over_or_at_the_end(void **state)
{
	struct quiet *q = *state;
	struct refusal r;

	for (int i = 0; i < 4; i++)
		(void)speak(q, 9, "a", MINUTE_US, &r);
	assert_false(quiet_due(q, false, MINUTE_US, &r));
	assert_true(quiet_due(q, false, 2 * MINUTE_US, &r));
	assert_int_equal(r.count, 3);
	assert_int_equal(r.actor.user.bytes[0], 9);
	assert_string_equal(r.code, "a");
	assert_false(quiet_due(q, false, 2 * MINUTE_US, &r));

	for (int i = 0; i < 3; i++)
		(void)speak(q, 9, "a", 2 * MINUTE_US, &r);
	assert_true(quiet_due(q, true, 2 * MINUTE_US, &r));
	assert_int_equal(r.count, 2);
	assert_false(quiet_due(q, true, 2 * MINUTE_US, &r));
}

static void many_sources_are_bounded_and_none_is_lost(void **state)
{
	struct quiet *q = *state;
	struct refusal r;
	uint32_t told = 0, events = 0;

	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t source = 0; source < 20000; source++)
			if (speak(q, source, "a", MINUTE_US, &r)) {
				told += r.count;
				events++;
			}
	assert_in_range(events, 1000, 4096);
	while (quiet_due(q, false, 2 * MINUTE_US, &r)) {
		told += r.count;
		events++;
	}
	assert_int_equal(told, 60000);
	assert_in_range(events, 1000, 2 * 4096 + 1);
	/* And the next minute is as the first was. */
	assert_true(speak(q, 30000, "a", 2 * MINUTE_US, &r));
}

static void what_was_said_in_vain_is_said_again(void **state)
{
	struct quiet *q = *state;
	struct refusal r;

	assert_true(speak(q, 1, "a", MINUTE_US, &r));
	for (int i = 0; i < 3; i++)
		assert_false(speak(q, 1, "a", MINUTE_US, &r));
	assert_false(speak(q, 2, "a", MINUTE_US, &r) && speak(q, 2, "a", MINUTE_US, &r));
	for (int i = 0; i < 2; i++) {
		quiet_keep(q);
		assert_true(quiet_due(q, false, 2 * MINUTE_US, &r));
		assert_true(quiet_due(q, false, 2 * MINUTE_US, &r));
		assert_false(quiet_due(q, false, 2 * MINUTE_US, &r));
		assert_true(speak(q, 1, "a", 2 * MINUTE_US, &r));
		assert_int_equal(r.count, 1);
		assert_false(speak(q, 1, "a", 2 * MINUTE_US, &r));
		assert_true(speak(q, 3, "a", 2 * MINUTE_US, &r));
		quiet_back(q);
	}
	/* Without the sweep they come with the next of their source. */
	assert_true(speak(q, 1, "a", 2 * MINUTE_US, &r));
	assert_int_equal(r.count, 4);
	assert_true(speak(q, 3, "a", 2 * MINUTE_US, &r));
	assert_int_equal(r.count, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_said_in_vain_is_said_again),
		TEST(first_is_told_and_others_are_counted_into_the_next),
		TEST(another_source_or_another_code_is_told_too),
		TEST(what_was_counted_is_told_when_its_minute_is_over_or_at_the_end),
		TEST(many_sources_are_bounded_and_none_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
