#include "lahetti/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void arena_gives_no_more_than_its_block(void **state)
{
	struct lahetti_arena a;

	(void)state;
	assert_true(lahetti_arena_init(&a, 64, NULL));
	assert_null(lahetti_arena_take(&a, 65));
	assert_null(lahetti_arena_take(&a, SIZE_MAX));
	assert_non_null(lahetti_arena_take(&a, 64));
	assert_null(lahetti_arena_take(&a, 1));
	assert_null(lahetti_arena_copy(&a, "x", 1));
	assert_null(lahetti_arena_text(&a, lahetti_span_text("")));
	lahetti_arena_finish(&a);
}

static void what_is_taken_is_aligned_and_apart(void **state)
{
	struct lahetti_arena a;
	uint8_t *before = NULL;

	(void)state;
	assert_true(lahetti_arena_init(&a, 1024, NULL));
	for (size_t len = 1; len < 20; len++) {
		uint8_t *now = lahetti_arena_take(&a, len);

		assert_non_null(now);
		assert_int_equal((uintptr_t)now % alignof(max_align_t), 0);
		memset(now, (int)len, len);
		if (before != NULL)
			assert_int_equal(before[len - 2], len - 1);
		before = now;
	}
	lahetti_arena_finish(&a);
}

static void copies_are_the_arena_s_own(void **state)
{
	char from[] = "lähete";
	struct lahetti_arena a;
	char *data, *text, *empty;

	(void)state;
	assert_true(lahetti_arena_init(&a, 256, NULL));
	data = lahetti_arena_copy(&a, from, sizeof from);
	text = lahetti_arena_text(&a, lahetti_span(from, 2));
	empty = lahetti_arena_text(&a, lahetti_span(NULL, 0));
	assert_non_null(data);
	assert_non_null(text);
	assert_non_null(empty);
	memset(from, 'x', sizeof from);
	assert_string_equal(data, "lähete");
	assert_memory_equal(text, "l\xc3\0", 3);
	assert_string_equal(empty, "");
	lahetti_arena_finish(&a);
}

static void a_block_of_the_caller_s_is_overwritten_and_left(void **state)
{
	alignas(max_align_t) char block[64];
	struct lahetti_arena a;

	(void)state;
	lahetti_arena_over(&a, block, sizeof block);
	assert_null(lahetti_arena_take(&a, 65));
	assert_ptr_equal(lahetti_arena_text(&a, lahetti_span_text("secret")), block);
	lahetti_arena_finish(&a);
	assert_memory_equal(block, "\0\0\0\0\0\0", 6);
	lahetti_arena_over(&a, NULL, 64);
	assert_null(lahetti_arena_take(&a, 1));
	lahetti_arena_finish(&a);
}

static void reset_overwrites_and_starts_again(void **state)
{
	struct lahetti_arena a;
	char *secret, *again;

	(void)state;
	assert_true(lahetti_arena_init(&a, 64, NULL));
	secret = lahetti_arena_text(&a, lahetti_span_text("secret"));
	assert_non_null(secret);
	lahetti_arena_reset(&a);
	assert_memory_equal(secret, "\0\0\0\0\0\0", 6);
	again = lahetti_arena_take(&a, 64);
	assert_ptr_equal(again, secret);
	lahetti_arena_finish(&a);
}

static void finished_arena_may_be_finished_again(void **state)
{
	struct lahetti_arena a = {0};

	(void)state;
	lahetti_arena_finish(NULL);
	lahetti_arena_finish(&a);
	assert_true(lahetti_arena_init(&a, 16, NULL));
	lahetti_arena_finish(&a);
	lahetti_arena_finish(&a);
	assert_null(lahetti_arena_take(&a, 1));
}

static void protobuf_takes_from_the_arena(void **state)
{
	struct lahetti_arena a;
	void *taken;

	(void)state;
	assert_true(lahetti_arena_init(&a, 64, NULL));
	taken = a.protobuf.alloc(a.protobuf.allocator_data, 48);
	assert_non_null(taken);
	a.protobuf.free(a.protobuf.allocator_data, taken);
	assert_null(a.protobuf.alloc(a.protobuf.allocator_data, 48));
	lahetti_arena_finish(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arena_gives_no_more_than_its_block),
		cmocka_unit_test(what_is_taken_is_aligned_and_apart),
		cmocka_unit_test(copies_are_the_arena_s_own),
		cmocka_unit_test(a_block_of_the_caller_s_is_overwritten_and_left),
		cmocka_unit_test(reset_overwrites_and_starts_again),
		cmocka_unit_test(finished_arena_may_be_finished_again),
		cmocka_unit_test(protobuf_takes_from_the_arena),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
