/*
 * p1, p7: the power goes in the middle of a load, again and again, and the disk has of what was not
 * synced some writes, none, or torn ones. What was acknowledged is there, with the same receipt;
 * what was not may be sent again; nothing is there twice; all that is stored fits together.
 */

#include "again.h"
#include "disk.h"
#include "scene.h"

#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define CUTS	  36 /* where nothing else is asked for */
#define LIES_MOST 20
#define WINDOW	  12

/* One statement and, once it is acknowledged, the event that its receipt proved. */
struct entry {
	struct writing writing;
	uint64_t number; /* of the frame */
	bool acknowledged;
	uint8_t event[4096];
	size_t event_len;
};

struct load {
	struct scene scene;
	struct entry entries[WINDOW];
	uint64_t seed, statements, calls;
	unsigned acknowledged, wrong;
};

static void write_all(struct load *l)
{
	struct scene *s = &l->scene;
	Lahetti__V1__Referral body;

	referral_fill(&body);
	for (size_t i = 0; i < WINDOW; i++) {
		struct entry *e = &l->entries[i];

		*e = (struct entry){0};
		writing_begin(&e->writing, &s->worker, LAHETTI_KIND_REFERRAL, &s->client,
			      &s->case_id);
		writing_to_queue(&e->writing, &s->organisation, &s->team);
		writing_sign(&e->writing, &body.base, s->worker.key);
	}
	l->statements += WINDOW;
}

static void note(void *context, const Lahetti__V1__ServerFrame *frame)
{
	struct load *l = context;
	const ProtobufCBinaryData *event;

	if (frame->body_case != LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED)
		return;
	event = &frame->accepted->receipt->event;
	for (size_t i = 0; i < WINDOW; i++) {
		struct entry *e = &l->entries[i];

		if (e->number != frame->correlation)
			continue;
		assert_true(event->len > 0 && event->len <= sizeof e->event);
		l->wrong += e->acknowledged && (e->event_len != event->len ||
						memcmp(e->event, event->data, event->len) != 0);
		e->acknowledged = true;
		e->event_len = event->len;
		memcpy(e->event, event->data, event->len);
	}
}

static void send_all(struct load *l)
{
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;

	assert_true(lahetti_arena_init(&arena, 1 << 20, &f));
	for (size_t i = 0; i < WINDOW; i++) {
		struct entry *e = &l->entries[i];
		Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
		Lahetti__V1__Submit submit = LAHETTI__V1__SUBMIT__INIT;

		lahetti_arena_reset(&arena);
		submit.envelope = lahetti_message_read(&lahetti__v1__envelope__descriptor,
						       e->writing.envelope, LAHETTI_MESSAGE_FRAME,
						       &arena, &f);
		assert_non_null(submit.envelope);
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT;
		frame.submit = &submit;
		e->number = scene_send(&l->scene, &l->scene.worker, &frame);
	}
	scene_hear(&l->scene, note, l);
	lahetti_arena_finish(&arena);
}

static unsigned acknowledged(const struct load *l)
{
	unsigned n = 0;

	for (size_t i = 0; i < WINDOW; i++)
		n += l->entries[i].acknowledged;
	return n;
}

/* A load, a stop and a start, in which the power goes at some call; it is left out. */
static void run_until_dark(struct load *l, uint64_t nth, bool lies)
{
	struct lahetti_fault f = {0};

	write_all(l);
	disk_arm(again_random(&l->seed), nth, lies);
	send_all(l);
	l->acknowledged += acknowledged(l);
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
	return l->wrong == 0 && acknowledged(l) == WINDOW && scene_check(&l->scene, &checked) &&
	       checked.statements == l->statements;
}

static bool cut(struct load *l, bool lies)
{
	/* The first goes on to the end, and tells how many calls there are. */
	uint64_t nth = l->calls == 0 ? 0 : again_random(&l->seed) % l->calls + 1;
	uint64_t calls = l->calls;
	bool back;

	run_until_dark(l, nth, lies);
	l->calls = calls > l->calls ? calls : l->calls;
	back = comes_back(l);
	for (size_t i = 0; i < WINDOW; i++)
		writing_finish(&l->entries[i].writing);
	return back;
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
	print_message("%llu cuts, %u of %llu statements were acknowledged before them\n",
		      (unsigned long long)cuts, l->acknowledged, (unsigned long long)l->statements);
	assert_true(l->acknowledged > 0 && l->acknowledged < l->statements);
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
