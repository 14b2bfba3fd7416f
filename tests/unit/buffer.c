#include "lahetti/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void buffer_grows_and_keeps_what_it_holds(void **state)
{
	struct lahetti_buffer b;

	(void)state;
	lahetti_buffer_init(&b, 100000);
	for (uint32_t i = 0; i < 20000; i++)
		assert_true(lahetti_buffer_add(&b, lahetti_span(&i, sizeof i), NULL));
	assert_int_equal(b.len, 80000);
	for (uint32_t i = 0; i < 20000; i++)
		assert_memory_equal(b.data + i * sizeof i, &i, sizeof i);
	lahetti_buffer_finish(&b);
}

static void buffer_refuses_more_than_its_most(void **state)
{
	struct lahetti_fault f = {0};
	struct lahetti_buffer b;

	(void)state;
	lahetti_buffer_init(&b, 6);
	assert_true(lahetti_buffer_add(&b, lahetti_span_text("abcd"), NULL));
	assert_false(lahetti_buffer_add(&b, lahetti_span_text("efg"), &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	assert_string_equal(f.code, "too-long");
	assert_true(lahetti_span_equal(lahetti_buffer_span(&b), lahetti_span_text("abcd")));
	assert_null(lahetti_buffer_reserve(&b, SIZE_MAX, NULL));
	assert_true(lahetti_buffer_add(&b, lahetti_span_text("ef"), NULL));
	assert_true(lahetti_span_equal(lahetti_buffer_span(&b), lahetti_span_text("abcdef")));
	assert_false(lahetti_buffer_add(&b, lahetti_span_text("g"), NULL));
	lahetti_buffer_finish(&b);
}

static void reserved_room_may_be_written(void **state)
{
	struct lahetti_buffer b;
	uint8_t *room;

	(void)state;
	lahetti_buffer_init(&b, 2000);
	assert_true(lahetti_buffer_add(&b, lahetti_span_text("x"), NULL));
	room = lahetti_buffer_reserve(&b, 1999, NULL);
	assert_non_null(room);
	memset(room, 'y', 1999);
	b.len += 1999;
	assert_int_equal(b.data[0], 'x');
	assert_int_equal(b.data[1999], 'y');
	assert_null(lahetti_buffer_reserve(&b, 1, NULL));
	lahetti_buffer_finish(&b);
}

static void empty_buffer_takes_nothing_and_gives_nothing(void **state)
{
	struct lahetti_buffer b;

	(void)state;
	lahetti_buffer_init(&b, 0);
	assert_int_equal(lahetti_buffer_span(&b).len, 0);
	assert_true(lahetti_buffer_add(&b, lahetti_span(NULL, 0), NULL));
	assert_false(lahetti_buffer_add(&b, lahetti_span_text("x"), NULL));
	lahetti_buffer_finish(&b);
}

static void finished_buffer_can_be_used_again(void **state)
{
	struct lahetti_buffer b;

	(void)state;
	lahetti_buffer_finish(NULL);
	lahetti_buffer_init(&b, 3);
	assert_true(lahetti_buffer_add(&b, lahetti_span_text("abc"), NULL));
	lahetti_buffer_finish(&b);
	assert_int_equal(b.len, 0);
	assert_true(lahetti_buffer_add(&b, lahetti_span_text("def"), NULL));
	assert_false(lahetti_buffer_add(&b, lahetti_span_text("g"), NULL));
	lahetti_buffer_finish(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buffer_grows_and_keeps_what_it_holds),
		cmocka_unit_test(buffer_refuses_more_than_its_most),
		cmocka_unit_test(reserved_room_may_be_written),
		cmocka_unit_test(empty_buffer_takes_nothing_and_gives_nothing),
		cmocka_unit_test(finished_buffer_can_be_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
