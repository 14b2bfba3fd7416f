/* The reserve: taken when there is room, given when there is little, taken again later. */
#include "room.h"

#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND_US INT64_C(1000000)
#define RESERVE	  UINT64_C(400000)

static uint64_t left_now;
static bool known;

static bool left(const char *file, uint64_t *bytes)
{
	(void)file;
	*bytes = left_now;
	return known;
}

struct world {
	void *scratch;
	struct room *room;
	const char *file;
	int64_t now_us;
};

static int setup(void **state)
{
	static struct world w;

	known = true;
	left_now = 10 * RESERVE;
	w.now_us = 0;
	assert_int_equal(0, scratch_setup(&w.scratch));
	w.file = scratch_path(&w.scratch, "reserve");
	w.room = room_open(w.file, RESERVE, left, NULL);
	assert_non_null(w.room);
	*state = &w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	room_close(w->room);
	return scratch_teardown(&w->scratch);
}

static bool low_with(struct world *w, uint64_t bytes)
{
	left_now = bytes;
	w->now_us += SECOND_US;
	return room_is_low(w->room, w->now_us);
}

static uint64_t held(const struct world *w)
{
	return scratch_len(w->file);
}

static void reserve_is_taken_and_given_and_taken_again(void **state)
{
	struct world *w = *state;

	assert_false(low_with(w, 10 * RESERVE));
	assert_int_equal(RESERVE, held(w));
	assert_false(low_with(w, RESERVE / 4));
	assert_true(low_with(w, RESERVE / 4 - 1));
	assert_int_equal(0, held(w));
	/* What was given is not yet taken again. */
	assert_true(low_with(w, RESERVE + RESERVE / 4 - 1));
	assert_true(low_with(w, RESERVE + RESERVE / 2 - 1));
	assert_false(low_with(w, RESERVE + RESERVE / 2));
	assert_int_equal(RESERVE, held(w));
}

static void disk_is_not_looked_at_all_the_time(void **state)
{
	struct world *w = *state;

	assert_false(low_with(w, 10 * RESERVE));
	left_now = 0;
	assert_false(room_is_low(w->room, w->now_us + SECOND_US - 1));
	assert_true(room_is_low(w->room, w->now_us + SECOND_US));
}

static void full_disk_gives_it_at_once(void **state)
{
	struct world *w = *state;

	assert_false(low_with(w, 10 * RESERVE));
	room_give(w->room);
	assert_int_equal(0, held(w));
	assert_true(room_is_low(w->room, w->now_us));
}

static void disk_that_does_not_tell_changes_nothing(void **state)
{
	struct world *w = *state;

	assert_false(low_with(w, 10 * RESERVE));
	known = false;
	assert_false(low_with(w, 0));
	known = true;
	assert_true(low_with(w, 0));
	known = false;
	assert_true(low_with(w, 10 * RESERVE));
}

static void no_reserve_is_never_low(void **state)
{
	struct world *w = *state;
	struct room *none = room_open(w->file, 0, left, NULL);

	left_now = 0;
	assert_false(room_is_low(none, SECOND_US));
	room_close(none);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(reserve_is_taken_and_given_and_taken_again),
		TEST(disk_is_not_looked_at_all_the_time),
		TEST(full_disk_gives_it_at_once),
		TEST(disk_that_does_not_tell_changes_nothing),
		TEST(no_reserve_is_never_low),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
