/*
 * p1, p7: the server is killed without warning in the middle of a load, again and again. What it
 * had acknowledged is there, with the same receipt; what it had not may be sent again; nothing is
 * there twice.
 */

#include "again.h"
#include "county.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILLS  50 /* where nothing else is asked for */
#define LOOKS  10 /* of those, one in so many is followed by fsck */
#define JITTER 4  /* ms */
#define WINDOW 16

/* One statement and, once it is acknowledged, the event that its receipt proved. */
struct entry {
	struct writing writing;
	bool acknowledged;
	uint8_t event[4096];
	size_t event_len;
};

static void send_all(struct person *p, struct entry *entries, uint64_t *numbers)
{
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;

	assert_true(lahetti_arena_init(&arena, 1 << 20, &f));
	for (size_t i = 0; i < WINDOW; i++) {
		Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
		Lahetti__V1__Submit submit = LAHETTI__V1__SUBMIT__INIT;

		lahetti_arena_reset(&arena);
		submit.envelope = lahetti_message_read(&lahetti__v1__envelope__descriptor,
						       entries[i].writing.envelope,
						       LAHETTI_MESSAGE_FRAME, &arena, &f);
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT;
		frame.submit = &submit;
		assert_true(lahetti_peer_send(p->peer, &frame, &numbers[i], &f));
	}
	lahetti_arena_finish(&arena);
}

static void note_accepted(struct entry *e, const Lahetti__V1__Accepted *accepted)
{
	assert_true(accepted->receipt->event.len <= sizeof e->event);
	if (e->acknowledged) {
		assert_int_equal(e->event_len, accepted->receipt->event.len);
		assert_memory_equal(e->event, accepted->receipt->event.data, e->event_len);
	}
	e->acknowledged = true;
	e->event_len = accepted->receipt->event.len;
	memcpy(e->event, accepted->receipt->event.data, e->event_len);
}

/* Hears that many answers, and one more if it comes in so many milliseconds; then looks away. */
static void hear(struct person *p, struct entry *entries, const uint64_t *numbers, size_t answers,
		 int more_ms)
{
	struct lahetti_fault f = {0};

	for (bool last = false; !last;) {
		const Lahetti__V1__ServerFrame *frame;

		last = answers == 0;
		lahetti_arena_reset(&p->arena);
		frame = lahetti_peer_next(p->peer, last ? more_ms : 30000, &p->arena, &f);
		assert_true(frame != NULL || last);
		for (size_t i = 0; frame != NULL && i < WINDOW; i++)
			if (frame->correlation == numbers[i]) {
				assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED,
						 frame->body_case);
				note_accepted(&entries[i], frame->accepted);
				answers -= !last;
			}
	}
}

static void write_all(struct county *c, struct entry *entries, const struct lahetti_id *client,
		      const struct lahetti_id *case_id)
{
	Lahetti__V1__Referral body;

	referral_fill(&body);
	for (size_t i = 0; i < WINDOW; i++) {
		entries[i] = (struct entry){0};
		writing_begin(&entries[i].writing, &c->worker, LAHETTI_KIND_REFERRAL, client,
			      case_id);
		writing_to_queue(&entries[i].writing, &c->worker.organisation, &c->team);
		writing_sign(&entries[i].writing, &body.base, c->worker.key);
	}
}

/* fsck finds nothing wrong, and of all that was sent each once. */
static void is_whole(struct house *h, uint64_t statements)
{
	static const char *const fsck[] = {"fsck", NULL};
	char out[512];

	assert_int_equal(0, house_run(h, out, sizeof out, fsck));
	assert_int_equal(statements, number_after(out, "parts, "));
}

static void send_again(struct county *c, struct entry *entries)
{
	for (size_t i = 0; i < WINDOW; i++) {
		const Lahetti__V1__ServerFrame *answer =
			person_submit(&c->worker, &entries[i].writing);

		assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, answer->body_case);
		note_accepted(&entries[i], answer->accepted);
		writing_finish(&entries[i].writing);
	}
}

static void p1_nothing_acknowledged_is_lost_and_p7_nothing_is_twice(void **state)
{
	struct entry *entries = calloc(WINDOW, sizeof *entries);
	uint64_t seed = again_seed(), times = again_times(KILLS), kills = 0;
	int64_t start_us = lahetti_now_us();
	uint64_t numbers[WINDOW];
	struct county c;
	struct lahetti_id client, case_id;

	(void)state;
	assert_non_null(entries);
	county_make(&c);
	county_sign_in(&c.worker);
	person_add_client(&c.worker, "Esimerkki", "", &client, &case_id);
	for (; again_due(kills, times, start_us); kills++) {
		size_t answers = again_random(&seed) % (WINDOW + 1);
		int more_ms = (int)(again_random(&seed) % JITTER);

		write_all(&c, entries, &client, &case_id);
		send_all(&c.worker, entries, numbers);
		hear(&c.worker, entries, numbers, answers, more_ms);
		house_stop(&c.house, SIGKILL);
		person_sign_out(&c.worker);
		house_start(&c.house);
		county_sign_in(&c.worker);
		send_again(&c, entries);
		if (times <= KILLS && (kills + 1) % LOOKS != 0)
			continue;
		/* It looks at what a kill left: the next start has not tidied up yet. */
		house_stop(&c.house, SIGKILL);
		person_sign_out(&c.worker);
		is_whole(&c.house, (kills + 1) * WINDOW);
		house_start(&c.house);
		county_sign_in(&c.worker);
	}
	print_message("%llu kills under load\n", (unsigned long long)kills);
	county_end(&c);
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p1_nothing_acknowledged_is_lost_and_p7_nothing_is_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
