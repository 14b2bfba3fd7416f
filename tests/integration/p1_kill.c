/*
 * p1, p7: the server is killed without warning in the middle of a load, again and again. What it
 * had acknowledged is there, with the same receipt; what it had not may be sent again; nothing is
 * there twice.
 */

#include "again.h"
#include "county.h"
#include "tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>

#define KILLS  50 /* where nothing else is asked for */
#define LOOKS  10 /* of those, one in so many is followed by fsck */
#define JITTER 4  /* ms */

/* Hears that many answers, and one more if it comes in so many milliseconds; then looks away. */
static void hear(struct person *p, struct tally *l, size_t answers, int more_ms)
{
	struct lahetti_fault f = {0};

	for (bool last = false; !last;) {
		const Lahetti__V1__ServerFrame *frame;

		last = answers == 0;
		lahetti_arena_reset(&p->arena);
		frame = lahetti_peer_next(p->peer, last ? more_ms : 30000, &p->arena, &f);
		assert_true(frame != NULL || last);
		if (frame != NULL && tally_note(l, frame)) {
			assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED,
					 frame->body_case);
			answers -= !last;
		}
	}
}

static void p1_nothing_acknowledged_is_lost_and_p7_nothing_is_twice(void **state)
{
	struct tally *l = calloc(1, sizeof *l);
	uint64_t seed = again_seed(), times = again_times(KILLS), kills = 0;
	int64_t start_us = lahetti_now_us();
	struct county c;
	struct lahetti_id client, case_id;

	(void)state;
	assert_non_null(l);
	county_make(&c);
	county_sign_in(&c.worker);
	person_add_client(&c.worker, "Esimerkki", "", &client, &case_id);
	for (; again_due(kills, times, start_us); kills++) {
		size_t answers = again_random(&seed) % (TALLY_ROOM + 1);
		int more_ms = (int)(again_random(&seed) % JITTER);

		tally_write(l, TALLY_ROOM, &c.worker, &c.team, &client, &case_id);
		tally_send(l, &c.worker);
		hear(&c.worker, l, answers, more_ms);
		house_stop(&c.house, SIGKILL);
		person_sign_out(&c.worker);
		house_start(&c.house);
		county_sign_in(&c.worker);
		tally_again(l, &c.worker);
		if (times <= KILLS && (kills + 1) % LOOKS != 0)
			continue;
		/* It looks at what a kill left: the next start has not tidied up yet. */
		house_stop(&c.house, SIGKILL);
		person_sign_out(&c.worker);
		tally_is_whole(l, &c.house);
		house_start(&c.house);
		county_sign_in(&c.worker);
	}
	print_message("%llu kills under load\n", (unsigned long long)kills);
	tally_finish(l);
	county_end(&c);
	free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p1_nothing_acknowledged_is_lost_and_p7_nothing_is_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
