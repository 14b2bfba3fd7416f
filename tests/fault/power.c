/*
 * p1, p7: the power goes in the middle of a load, again and again, and the disk has of what was not
 * synced some writes, none, or torn ones. What was acknowledged is there, with the same receipt;
 * what was not may be sent again; nothing is there twice; all that is stored fits together.
 */

#include "again.h"
#include "disk.h"
#include "scene.h"
#include "scratch.h"
#include "tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>

#define CUTS	  36 /* where nothing else is asked for */
#define LIES_MOST 20
#define WINDOW	  12

struct load {
	struct scene scene;
	struct tally tally;
	uint64_t seed, calls;
	size_t acknowledged;
};

static void note(void *context, const Lahetti__V1__ServerFrame *frame)
{
	struct load *l = context;

	(void)tally_note(&l->tally, frame);
}

static void send_all(struct load *l)
{
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;

	assert_true(lahetti_arena_init(&arena, 1 << 20, &f));
	for (size_t i = 0; i < l->tally.n; i++) {
		struct tally_entry *e = &l->tally.entries[i];

		lahetti_arena_reset(&arena);
		e->number = scene_send(&l->scene, &l->scene.worker, tally_frame(e, &arena));
	}
	scene_hear(&l->scene, note, l);
	lahetti_arena_finish(&arena);
}

/* A load, a stop and a start, in which the power goes at some call; it is left out. */
static void run_until_dark(struct load *l, uint64_t nth, bool lies)
{
	struct lahetti_fault f = {0};

	tally_write(&l->tally, WINDOW, &l->scene.worker, &l->scene.team, &l->scene.client,
		    &l->scene.case_id);
	disk_arm(again_random(&l->seed), nth, lies);
	send_all(l);
	l->acknowledged += tally_acknowledged(&l->tally);
	scene_close(&l->scene);
	/* Now and then it comes as far as the next start. */
	if (!disk_is_out() && (nth == 0 || again_random(&l->seed) % 4 == 0)) {
		assert_true(scene_open(&l->scene, &f) || disk_is_out());
		scene_close(&l->scene);
	}
	l->calls = disk_calls();
	disk_cut();
}

/* Whether a start finds all that was acknowledged, and everything once and whole. */
static bool comes_back(struct load *l)
{
	struct lahetti_fault f = {0};
	struct desk_checked checked;

	disk_power_on();
	if (!scene_open(&l->scene, &f)) {
		print_message("%s: %s\n", f.code, f.text);
		return false;
	}
	send_all(l);
	return l->tally.changed == 0 && tally_acknowledged(&l->tally) == WINDOW &&
	       scene_check(&l->scene, &checked) && checked.statements == l->tally.statements;
}

static bool cut(struct load *l, bool lies)
{
	/* The first goes on to the end, and tells how many calls there are. */
	uint64_t nth = l->calls == 0 ? 0 : again_random(&l->seed) % l->calls + 1;
	uint64_t calls = l->calls;

	run_until_dark(l, nth, lies);
	l->calls = calls > l->calls ? calls : l->calls;
	return comes_back(l);
}

static struct load *begin(void **state)
{
	struct load *l = calloc(1, sizeof *l);

	assert_non_null(l);
	l->seed = again_seed();
	disk_install();
	scene_make(&l->scene, state);
	return l;
}

static void p1_p7_power_cuts(void **state)
{
	struct load *l = begin(state);
	uint64_t times = again_times(CUTS), cuts = 0;
	int64_t start_us = lahetti_now_us();

	for (; again_due(cuts, times, start_us); cuts++)
		assert_true(cut(l, false));
	print_message("%llu cuts, %zu of %llu statements were acknowledged before them\n",
		      (unsigned long long)cuts, l->acknowledged,
		      (unsigned long long)l->tally.statements);
	assert_true(l->acknowledged > 0 && l->acknowledged < l->tally.statements);
	tally_finish(&l->tally);
	scene_end(&l->scene);
	free(l);
}

static void disk_that_lies_is_found_out(void **state)
{
	struct load *l = begin(state);
	unsigned cuts = 1;

	for (; cut(l, true); cuts++)
		assert_true(cuts < LIES_MOST);
	print_message("found at cut %u\n", cuts);
	scene_close(&l->scene);
	scene_finish(&l->scene);
	tally_finish(&l->tally);
	free(l);
}

#define SCRATCHED(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCRATCHED(p1_p7_power_cuts),
		SCRATCHED(disk_that_lies_is_found_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
