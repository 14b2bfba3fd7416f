/*
 * p2: the server is killed without warning while contents are being opened, again and again. Of
 * every content that a reader has, the trail has the opening: the very event whose receipt came
 * with it.
 */

#include "county.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define KILLS  16
#define WINDOW 12

/* One referral, and what the reader has of it. */
struct entry {
	struct writing referral, opening;
	struct parcel parcel;
	bool read;
	uint8_t event[4096];
	size_t event_len;
};

static void refer_all(struct county *c, struct entry *entries, const struct lahetti_id *client,
		      const struct lahetti_id *case_id)
{
	Lahetti__V1__Referral body;

	referral_fill(&body);
	for (size_t i = 0; i < WINDOW; i++) {
		const Lahetti__V1__ServerFrame *answer;
		struct entry *e = &entries[i];

		*e = (struct entry){0};
		writing_begin(&e->referral, &c->worker, LAHETTI_KIND_REFERRAL, client, case_id);
		writing_to_user(&e->referral, &c->coach);
		writing_sign(&e->referral, &body.base, c->worker.key);
		answer = person_submit(&c->worker, &e->referral);
		assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, answer->body_case);
		assert_int_equal(1, answer->accepted->n_deliveries);
		e->parcel.statement = e->referral.id;
		e->parcel.sha256 = e->referral.sha256;
		assert_int_equal(sizeof e->parcel.delivery.bytes,
				 answer->accepted->deliveries[0]->delivery.len);
		memcpy(e->parcel.delivery.bytes, answer->accepted->deliveries[0]->delivery.data,
		       sizeof e->parcel.delivery.bytes);
		writing_acknowledge(&e->opening, &c->coach, &e->parcel,
				    LAHETTI__V1__STEP__STEP_OPEN);
	}
}

static void ask_for_all(struct person *p, struct entry *entries, uint64_t *numbers)
{
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;

	assert_true(lahetti_arena_init(&arena, 1 << 20, &f));
	for (size_t i = 0; i < WINDOW; i++) {
		Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
		Lahetti__V1__Open open = LAHETTI__V1__OPEN__INIT;

		lahetti_arena_reset(&arena);
		open.envelope = lahetti_message_read(&lahetti__v1__envelope__descriptor,
						     entries[i].opening.envelope,
						     LAHETTI_MESSAGE_FRAME, &arena, &f);
		assert_non_null(open.envelope);
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_OPEN;
		frame.open = &open;
		assert_true(lahetti_peer_send(p->peer, &frame, &numbers[i], &f));
	}
	lahetti_arena_finish(&arena);
}

/* Reads that many contents, then looks away. */
static void read_some(struct person *p, struct entry *entries, const uint64_t *numbers,
		      size_t contents)
{
	struct lahetti_fault f = {0};

	while (contents > 0) {
		const Lahetti__V1__ServerFrame *frame;

		lahetti_arena_reset(&p->arena);
		frame = lahetti_peer_next(p->peer, 30000, &p->arena, &f);
		assert_non_null(frame);
		for (size_t i = 0; i < WINDOW; i++) {
			const Lahetti__V1__Receipt *receipt;

			if (frame->correlation != numbers[i])
				continue;
			assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_CONTENT, frame->body_case);
			receipt = frame->content->receipt;
			assert_true(receipt->event.len > 0 &&
				    receipt->event.len <= sizeof entries[i].event);
			entries[i].read = true;
			entries[i].event_len = receipt->event.len;
			memcpy(entries[i].event, receipt->event.data, receipt->event.len);
			contents--;
		}
	}
}

/* Every content that was read stands in the client's report, event for event. */
static void trail_has_every_reading(struct person *officer, const struct entry *entries,
				    const struct lahetti_id *client)
{
	bool found[WINDOW] = {false};
	uint8_t cursor[64];
	size_t cursor_len = 0;

	do {
		Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
		Lahetti__V1__WhoSaw who = LAHETTI__V1__WHO_SAW__INIT;
		const Lahetti__V1__TrailPage *page;

		who.client = lahetti_bytes(lahetti_id_span(client));
		who.cursor = lahetti_bytes(lahetti_span(cursor, cursor_len));
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_SAW;
		frame.who_saw = &who;
		page = person_expect(officer, &frame, LAHETTI__V1__SERVER_FRAME__BODY_TRAIL)->trail;
		for (size_t line = 0; line < page->n_lines; line++)
			for (size_t i = 0; i < WINDOW; i++)
				found[i] = found[i] ||
					   lahetti_span_equal(
						   lahetti_bytes_span(page->lines[line]->event),
						   lahetti_span(entries[i].event,
								entries[i].event_len));
		cursor_len = page->cursor.len;
		assert_true(cursor_len <= sizeof cursor);
		if (cursor_len > 0)
			memcpy(cursor, page->cursor.data, cursor_len);
	} while (cursor_len > 0);
	for (size_t i = 0; i < WINDOW; i++)
		assert_true(found[i] || !entries[i].read);
}

static void p2_what_was_seen_stands_in_the_trail(void **state)
{
	struct entry *entries = calloc(WINDOW, sizeof *entries);
	uint64_t numbers[WINDOW];
	struct county c;

	(void)state;
	assert_non_null(entries);
	county_make(&c);
	for (size_t kill = 0; kill < KILLS; kill++) {
		struct lahetti_id client, case_id;

		county_sign_in(&c.worker);
		county_sign_in(&c.coach);
		person_add_client(&c.worker, "Esimerkki", "", &client, &case_id);
		refer_all(&c, entries, &client, &case_id);
		ask_for_all(&c.coach, entries, numbers);
		read_some(&c.coach, entries, numbers, kill * 5 % (WINDOW + 1));
		house_stop(&c.house, SIGKILL);
		person_sign_out(&c.worker);
		person_sign_out(&c.coach);
		house_start(&c.house);
		county_sign_in(&c.officer);
		trail_has_every_reading(&c.officer, entries, &client);
		person_sign_out(&c.officer);
		for (size_t i = 0; i < WINDOW; i++) {
			writing_finish(&entries[i].referral);
			writing_finish(&entries[i].opening);
		}
	}
	county_end(&c);
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p2_what_was_seen_stands_in_the_trail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
