/* Tries: a minute's worth, which comes back with time; one source costs no other anything. */
#include "tries.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND_US INT64_C(1000000)

static int setup(void **state)
{
	static const uint32_t limits[TRIES_KINDS] = {
		[TRIES_ADDRESS] = 6, [TRIES_DEVICE] = 2, [TRIES_CODES] = 1};

	*state = tries_create(limits, NULL);
	return *state == NULL;
}

static int teardown(void **state)
{
	tries_destroy(*state);
	return 0;
}

static unsigned spend_all(struct tries *t, enum tries_kind kind, uint32_t who, int64_t now_us)
{
	struct lahetti_span span = lahetti_span(&who, sizeof who);
	unsigned n = 0;

	while (tries_left(t, kind, span, now_us)) {
		tries_spend(t, kind, span, now_us);
		n++;
	}
	return n;
}

static void minutes_worth_and_no_more(void **state)
{
	struct tries *t = *state;
	int64_t now_us = 1000 * SECOND_US;

	assert_int_equal(spend_all(t, TRIES_ADDRESS, 1, now_us), 6);
	assert_int_equal(spend_all(t, TRIES_ADDRESS, 1, now_us + 10 * SECOND_US - 1), 0);
	assert_int_equal(spend_all(t, TRIES_ADDRESS, 1, now_us + 10 * SECOND_US), 1);
	assert_int_equal(spend_all(t, TRIES_ADDRESS, 1, now_us + 40 * SECOND_US), 3);
	assert_int_equal(spend_all(t, TRIES_ADDRESS, 1, now_us + 400 * SECOND_US), 6);
}

static void others_and_other_kinds_are_left_alone(void **state)
{
	struct tries *t = *state;
	int64_t now_us = 1000 * SECOND_US;

	assert_int_equal(spend_all(t, TRIES_ADDRESS, 1, now_us), 6);
	assert_int_equal(spend_all(t, TRIES_ADDRESS, 2, now_us), 6);
	assert_int_equal(spend_all(t, TRIES_DEVICE, 1, now_us), 2);
	assert_int_equal(spend_all(t, TRIES_CODES, 1, now_us), 1);
}

static void who_goes_on_trying_is_not_kept_out_longer(void **state)
{
	struct tries *t = *state;
	int64_t now_us = 1000 * SECOND_US;
	uint32_t who = 1;

	(void)spend_all(t, TRIES_ADDRESS, who, now_us);
	for (int i = 0; i < 100; i++)
		tries_spend(t, TRIES_ADDRESS, lahetti_span(&who, sizeof who), now_us);
	assert_int_equal(spend_all(t, TRIES_ADDRESS, who, now_us + 10 * SECOND_US), 1);
}

static void clock_that_was_set_back_keeps_nobody_out(void **state)
{
	struct tries *t = *state;

	(void)spend_all(t, TRIES_ADDRESS, 1, 100000 * SECOND_US);
	assert_int_equal(spend_all(t, TRIES_ADDRESS, 1, 1000 * SECOND_US), 6);
}

/* Many others cannot give a source its tries back at once. */
static void source_among_many_is_remembered(void **state)
{
	struct tries *t = *state;
	int64_t now_us = 1000 * SECOND_US;

	(void)spend_all(t, TRIES_ADDRESS, 0, now_us);
	for (uint32_t who = 1; who < 2000; who++)
		tries_spend(t, TRIES_ADDRESS, lahetti_span(&who, sizeof who), now_us);
	assert_int_equal(spend_all(t, TRIES_ADDRESS, 0, now_us), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(minutes_worth_and_no_more),
		TEST(others_and_other_kinds_are_left_alone),
		TEST(who_goes_on_trying_is_not_kept_out_longer),
		TEST(clock_that_was_set_back_keeps_nobody_out),
		TEST(source_among_many_is_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
