/*
 * p2, p6: what a reader refuses, what arrives, is claimed or is opened once more stands in the
 * trail where the one concerned looks for it; what was mistyped does not.
 */

#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define DAY_US INT64_C(86400000000)

struct scene {
	struct county county;
	struct neighbour neighbour;
	struct lahetti_id client, case_id;
};

static const Lahetti__V1__AuditEvent *event_of(struct person *reader,
					       const Lahetti__V1__ReportLine *line)
{
	struct lahetti_fault f = {0};
	const Lahetti__V1__AuditEvent *event = lahetti_message_read(
		&lahetti__v1__audit_event__descriptor, lahetti_bytes_span(line->event),
		LAHETTI_MESSAGE_FRAME, &reader->arena, &f);

	assert_non_null(event);
	return event;
}

/* How many events of that kind and outcome the officer's trail shows of somebody, with the reason.
 */
static size_t recorded(struct person *officer, const struct person *who, Lahetti__V1__Action action,
		       Lahetti__V1__EventOutcome outcome, const char *reason)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadTrail question = LAHETTI__V1__READ_TRAIL__INIT;
	Lahetti__V1__TrailPage *page;
	size_t n = 0;

	question.user = lahetti_bytes(lahetti_id_span(&who->user));
	question.action = action;
	question.outcome = outcome;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_TRAIL;
	frame.read_trail = &question;
	page = person_expect(officer, &frame, LAHETTI__V1__SERVER_FRAME__BODY_TRAIL)->trail;
	for (size_t i = 0; i < page->n_lines; i++)
		n += strcmp(event_of(officer, page->lines[i])->reason, reason) == 0;
	return n;
}
#define DONE	LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE
#define REFUSED LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_REFUSED

static void p6_refused_reading_is_recorded(void **state)
{
	struct scene *s = *state;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadDevices read = LAHETTI__V1__READ_DEVICES__INIT;

	read.user = lahetti_bytes(lahetti_id_span(&s->county.worker.user));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_DEVICES;
	frame.read_devices = &read;
	person_refused(&s->county.coach, &frame, "not-administrator");
	assert_int_equal(1, recorded(&s->county.officer, &s->county.coach,
				     LAHETTI__V1__ACTION__ACTION_DIRECTORY, REFUSED,
				     "not-administrator"));
	/* The session goes on, and what may be read is read. */
	read.user = lahetti_bytes(lahetti_id_span(&s->county.coach.user));
	(void)person_expect(&s->county.coach, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DIRECTORY);
}

static void refer_to_queue(struct scene *s, struct writing *w)
{
	struct person *worker = &s->county.worker;
	Lahetti__V1__Referral body;

	writing_begin(w, worker, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	writing_to_queue(w, &s->neighbour.coach.organisation, &s->neighbour.coaching);
	writing_statutory(w, worker);
	referral_fill(&body);
	writing_sign(w, &body.base, worker->key);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED,
			 person_submit(worker, w)->body_case);
}

/* The events of another controller's people about a client stand where its own officer finds them.
 */
static void p6_arrival_and_claim_stand_with_the_sender(void **state)
{
	struct scene *s = *state;
	struct person *coach = &s->neighbour.coach;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__HandedOver handed = LAHETTI__V1__HANDED_OVER__INIT;
	ProtobufCBinaryData deliveries[2];
	struct parcel parcel;
	struct writing w;

	refer_to_queue(s, &w);
	parcel_find(&parcel, coach, &w.id);
	deliveries[0] = deliveries[1] = lahetti_bytes(lahetti_id_span(&parcel.delivery));
	handed.deliveries = deliveries;
	handed.n_deliveries = 2;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_HANDED_OVER;
	frame.handed_over = &handed;
	assert_true(
		person_expect(coach, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DONE)->done->event >
		0);
	person_claim(coach, &parcel);
	assert_int_equal(1, recorded(&s->county.officer, coach,
				     LAHETTI__V1__ACTION__ACTION_HAND_OVER, DONE, ""));
	assert_int_equal(1, recorded(&s->county.officer, coach, LAHETTI__V1__ACTION__ACTION_CLAIM,
				     DONE, ""));
	writing_finish(&w);
}

static size_t openings(struct person *officer, const struct lahetti_id *client)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoSaw question = LAHETTI__V1__WHO_SAW__INIT;
	Lahetti__V1__TrailPage *page;
	size_t n = 0;

	question.client = lahetti_bytes(lahetti_id_span(client));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_SAW;
	frame.who_saw = &question;
	page = person_expect(officer, &frame, LAHETTI__V1__SERVER_FRAME__BODY_TRAIL)->trail;
	for (size_t i = 0; i < page->n_lines; i++)
		n += event_of(officer, page->lines[i])->action == LAHETTI__V1__ACTION__ACTION_OPEN;
	return n;
}

static void p6_opening_asked_for_again_stands_with_both(void **state)
{
	struct scene *s = *state;
	struct person *coach = &s->neighbour.coach;
	struct lahetti_id client, case_id, own;
	struct lahetti_fault f = {0};
	struct writing w, opening;
	struct parcel parcel;
	Lahetti__V1__ServerFrame *answer;

	person_add_client(&s->county.worker, "Kahdesti", "", &client, &case_id);
	refer(&w, &s->county.worker, coach, &client, &case_id);
	parcel_find(&parcel, coach, &w.id);
	writing_acknowledge(&opening, coach, &parcel, LAHETTI__V1__STEP__STEP_OPEN);
	for (size_t i = 1; i <= 2; i++) {
		answer = person_open(coach, &opening);
		assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_CONTENT, answer->body_case);
		assert_true(lahetti_id_read(&own, lahetti_bytes_span(answer->content->client), &f));
		assert_int_equal(i, openings(&s->county.officer, &client));
		assert_int_equal(i, openings(&s->neighbour.officer, &own));
	}
	writing_finish(&w);
	writing_finish(&opening);
}

static size_t found(struct person *p, const char *term)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients question = LAHETTI__V1__FIND_CLIENTS__INIT;

	question.term = lahetti_text(term);
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS;
	frame.find_clients = &question;
	return person_expect(p, &frame, LAHETTI__V1__SERVER_FRAME__BODY_CLIENTS)
		->clients->n_clients;
}

static void mistyped_code_is_refused_and_recorded_without_it(void **state)
{
	static const struct {
		const char *term, *code;
	} rows[] = {
		{"010190-900A", "hetu-check"}, /* the check character */
		{"310290-900P", "hetu-date"},  /* no such day */
		{"010190-900", "hetu-form"},   /* a part of one */
		{"Esimerkki 1", "hetu-form"},
	};
	struct scene *s = *state;
	struct person *worker = &s->county.worker;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients question = LAHETTI__V1__FIND_CLIENTS__INIT;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		question.term = lahetti_text(rows[i].term);
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS;
		frame.find_clients = &question;
		person_refused(worker, &frame, rows[i].code);
	}
	assert_int_equal(1, recorded(&s->county.officer, worker, LAHETTI__V1__ACTION__ACTION_SEARCH,
				     REFUSED, "hetu-check"));
	assert_int_equal(1, found(worker, " 010190-900p "));
	assert_int_equal(0, found(worker, "020285-901W"));
	assert_int_equal(1, found(worker, "simerk"));
	assert_int_equal(0, found(worker, "Nobody"));
	assert_true(found(worker, "") >= 1);
}

/* More clients than a page holds, and a name that only the last have: nothing is left out. */
static void search_by_name_goes_through_all_of_the_units_clients(void **state)
{
	struct scene *s = *state;
	struct person *worker = &s->county.worker;
	struct lahetti_id client, case_id;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients question = LAHETTI__V1__FIND_CLIENTS__INIT;
	static char term[] = "Harvinainen";
	Lahetti__V1__ClientPage *page;
	uint8_t at[32];
	size_t n = 0;

	for (size_t i = 0; i < 60; i++)
		person_add_client(worker, i < 55 ? "Yleinen" : "Harvinainen", "", &client,
				  &case_id);
	question.term = term;
	question.limit = 2;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS;
	frame.find_clients = &question;
	do {
		page = person_expect(worker, &frame, LAHETTI__V1__SERVER_FRAME__BODY_CLIENTS)
			       ->clients;
		n += page->n_clients;
		assert_true(page->cursor.len <= sizeof at);
		if (page->cursor.len > 0)
			memcpy(at, page->cursor.data, page->cursor.len);
		question.cursor = (ProtobufCBinaryData){.data = at, .len = page->cursor.len};
	} while (question.cursor.len > 0);
	assert_int_equal(5, n);
}

static void referral_without_a_deadline_gets_that_of_its_kind(void **state)
{
	struct scene *s = *state;
	uint32_t before = lahetti_date_of(lahetti_now_us() + 7 * DAY_US), after;
	Lahetti__V1__Notice *notices[64];
	struct writing w;
	size_t n, seen = 0;

	refer(&w, &s->county.worker, &s->county.coach, &s->client, &s->case_id);
	(void)person_subscribe(&s->county.coach, 0, notices, 64, &n);
	after = lahetti_date_of(lahetti_now_us() + 7 * DAY_US);
	for (size_t i = 0; i < n; i++)
		if (lahetti_span_equal(lahetti_bytes_span(notices[i]->statement),
				       lahetti_id_span(&w.id))) {
			assert_true(notices[i]->deadline == before ||
				    notices[i]->deadline == after);
			seen++;
		}
	assert_int_equal(1, seen);
	writing_finish(&w);
}

static int make(void **state)
{
	static struct scene s;

	county_make(&s.county);
	neighbour_make(&s.neighbour, &s.county.house);
	county_sign_in(&s.county.worker);
	county_sign_in(&s.county.coach);
	county_sign_in(&s.county.officer);
	county_sign_in(&s.neighbour.coach);
	county_sign_in(&s.neighbour.officer);
	person_add_client(&s.county.worker, "Esimerkki", "010190-900P", &s.client, &s.case_id);
	*state = &s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	neighbour_end(&s->neighbour);
	county_end(&s->county);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p6_refused_reading_is_recorded),
		cmocka_unit_test(p6_arrival_and_claim_stand_with_the_sender),
		cmocka_unit_test(p6_opening_asked_for_again_stands_with_both),
		cmocka_unit_test(mistyped_code_is_refused_and_recorded_without_it),
		cmocka_unit_test(referral_without_a_deadline_gets_that_of_its_kind),
		cmocka_unit_test(search_by_name_goes_through_all_of_the_units_clients),
	};

	return cmocka_run_group_tests(tests, make, end);
}
