/*
 * p3, p6: a client whom a controller knows already gets a new identifier, at the first opening and
 * when somebody adds them. The answer tells no more than that of one who is unknown; the report on
 * any of the identifiers covers them all, each chain whole.
 */

#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "lahetti/receipt.h"
#include "neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define KNOWN	"010190-900P"
#define UNKNOWN "020285-901W"

struct scene {
	struct county county;
	struct neighbour neighbour;
	/* The clinic's two clients; the coach of the association knows one of them. */
	struct lahetti_id client[2], case_id[2];
	struct lahetti_id known, known_case;
};

static void read_id(struct lahetti_id *id, ProtobufCBinaryData bytes)
{
	struct lahetti_fault f = {0};

	assert_true(lahetti_id_read(id, lahetti_bytes_span(bytes), &f));
}

/* What the answer to an opening tells, beside identifiers. */
struct told {
	size_t len; /* packed */
	size_t n_rows, n_subjects, n_inclusion;
	uint64_t past; /* events between the opening's and its checkpoint's end */
	struct lahetti_id client, case_id;
};

static void opened(struct scene *s, size_t which, struct told *told)
{
	struct person *coach = &s->neighbour.coach;
	const Lahetti__V1__AuditEvent *event;
	struct lahetti_checkpoint head;
	struct lahetti_fault f = {0};
	struct writing w;
	struct parcel parcel;
	Lahetti__V1__Content *content;

	refer(&w, &s->county.worker, coach, &s->client[which], &s->case_id[which]);
	parcel_find(&parcel, coach, &w.id);
	content = parcel_open(coach, &parcel)->content;
	read_id(&told->client, content->client);
	read_id(&told->case_id, content->case_id);
	event = lahetti_message_read(&lahetti__v1__audit_event__descriptor,
				     lahetti_bytes_span(content->receipt->event),
				     LAHETTI_MESSAGE_FRAME, &coach->arena, &f);
	assert_non_null(event);
	assert_true(lahetti_checkpoint_parse(&head,
					     lahetti_bytes_span(content->receipt->checkpoint), &f));
	told->n_rows = event->n_rows;
	told->n_subjects = event->n_subjects;
	told->past = head.size - event->number;
	told->len = content->receipt->event.len;
	assert_non_null(content->identity);
	writing_finish(&w);
}

static void p3_known_client_is_opened_like_an_unknown_one(void **state)
{
	struct scene *s = *state;
	struct told known, unknown;

	opened(s, 0, &known);
	opened(s, 1, &unknown);
	/* A match is never shown: the client of the register is not the one in the answer. */
	assert_false(lahetti_id_equal(&s->known, &known.client));
	assert_false(lahetti_id_equal(&s->known_case, &known.case_id));
	assert_int_equal(unknown.len, known.len);
	assert_int_equal(unknown.n_rows, known.n_rows);
	assert_int_equal(unknown.n_subjects, known.n_subjects);
	assert_int_equal(unknown.past, known.past);
}

/* Who saw, the whole of it, a page at a time; each line's event and client. */
#define LINES_MOST 256
struct seen {
	uint64_t events[LINES_MOST];
	struct lahetti_id clients[LINES_MOST];
	size_t n;
};

static Lahetti__V1__TrailPage *ask_page(struct person *officer, const struct lahetti_id *client,
					ProtobufCBinaryData cursor, uint32_t limit)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoSaw who = LAHETTI__V1__WHO_SAW__INIT;

	who.client = lahetti_bytes(lahetti_id_span(client));
	who.proofs = 1;
	who.limit = limit;
	who.cursor = cursor;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_SAW;
	frame.who_saw = &who;
	return person_expect(officer, &frame, LAHETTI__V1__SERVER_FRAME__BODY_TRAIL)->trail;
}

static void keep(struct seen *seen, struct person *officer, const Lahetti__V1__ReportLine *line)
{
	struct lahetti_fault f = {0};
	const Lahetti__V1__AuditEvent *event = lahetti_message_read(
		&lahetti__v1__audit_event__descriptor, lahetti_bytes_span(line->event),
		LAHETTI_MESSAGE_FRAME, &officer->arena, &f);
	const Lahetti__V1__SubjectPart *part = lahetti_message_read(
		&lahetti__v1__subject_part__descriptor, lahetti_bytes_span(line->subject->part),
		LAHETTI_MESSAGE_FRAME, &officer->arena, &f);

	assert_true(event != NULL && part != NULL && seen->n < LINES_MOST);
	seen->events[seen->n] = event->number;
	read_id(&seen->clients[seen->n++], part->client);
}

static void who_saw(struct person *officer, const struct lahetti_id *client, uint32_t limit,
		    struct seen *seen)
{
	uint8_t at[32];
	ProtobufCBinaryData cursor = {0};
	Lahetti__V1__TrailPage *page;

	*seen = (struct seen){0};
	do {
		page = ask_page(officer, client, cursor, limit);
		for (size_t i = 0; i < page->n_lines; i++)
			keep(seen, officer, page->lines[i]);
		assert_true(page->cursor.len <= sizeof at);
		if (page->cursor.len > 0)
			memcpy(at, page->cursor.data, page->cursor.len);
		cursor = (ProtobufCBinaryData){.data = at, .len = page->cursor.len};
	} while (cursor.len > 0);
}

static size_t count_of(const struct seen *seen, const struct lahetti_id *client)
{
	size_t n = 0;

	for (size_t i = 0; i < seen->n; i++)
		n += lahetti_id_equal(&seen->clients[i], client);
	return n;
}

/* Chains found whole in a bundle. */
struct chains {
	struct lahetti_id clients[8];
	size_t n;
};

static void note_chain(void *context, const struct lahetti_finding *finding)
{
	struct chains *chains = context;

	assert_true(finding->holds);
	if (finding->claim == LAHETTI_CLAIM_CHAIN) {
		assert_true(chains->n < 8);
		chains->clients[chains->n++] = finding->client;
	}
}

static void verify_bundle(struct person *officer, const struct lahetti_id *client,
			  struct chains *chains)
{
	Lahetti__V1__TrailPage *page = ask_page(officer, client, (ProtobufCBinaryData){0}, 100);
	Lahetti__V1__Bundle bundle = LAHETTI__V1__BUNDLE__INIT;
	struct lahetti_fault f = {0};
	struct lahetti_span packed;

	bundle.log_key = officer->log_key;
	bundle.checkpoint = page->checkpoint;
	bundle.lines = page->lines;
	bundle.n_lines = page->n_lines;
	packed = lahetti_message_pack(&bundle.base, &officer->arena);
	assert_true(packed.data != NULL && page->cursor.len == 0);
	*chains = (struct chains){0};
	if (!lahetti_bundle_verify(packed, officer->log_key, note_chain, chains, &f))
		fail_msg("%s: %s", f.code, f.text);
}

static void p6_report_covers_every_identifier_of_the_client(void **state)
{
	struct scene *s = *state;
	struct person *officer = &s->neighbour.officer;
	struct seen by_old, by_new, paged;
	struct chains chains;
	struct told told;

	opened(s, 0, &told);
	who_saw(officer, &s->known, 100, &by_old);
	who_saw(officer, &told.client, 100, &by_new);
	assert_true(count_of(&by_old, &s->known) > 0);
	assert_true(count_of(&by_old, &told.client) > 0);
	/* Asked by the other name it is the same report, with the first reading in it. */
	assert_int_equal(by_old.n + 1, by_new.n);
	assert_memory_equal(by_old.events, by_new.events, by_old.n * sizeof *by_old.events);
	/* A page may end anywhere, between two chains too. Each page adds its own reading. */
	who_saw(officer, &told.client, 2, &paged);
	for (size_t i = 0; i < by_new.n; i++)
		assert_int_equal(by_new.events[i], paged.events[i]);
	verify_bundle(officer, &s->known, &chains);
	/* One for each test before this that opened one, and the client of the register. */
	assert_true(chains.n >= 2);
	assert_true(count_of(&by_new, &s->client[0]) == 0); /* the clinic's own is its own */
}

/* The clinic's report covers its own, and not what the association keeps. */
static void p6_report_ends_at_the_controller(void **state)
{
	struct scene *s = *state;
	struct seen seen;

	who_saw(&s->county.officer, &s->client[0], 100, &seen);
	assert_true(seen.n > 0);
	assert_int_equal(seen.n, count_of(&seen, &s->client[0]));
}

static void find(struct person *p, const char *term, struct lahetti_id *found, size_t most,
		 size_t *n)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients question = LAHETTI__V1__FIND_CLIENTS__INIT;
	Lahetti__V1__ClientPage *page;

	question.term = lahetti_text(term);
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS;
	frame.find_clients = &question;
	page = person_expect(p, &frame, LAHETTI__V1__SERVER_FRAME__BODY_CLIENTS)->clients;
	assert_true(page->n_clients <= most);
	for (*n = 0; *n < page->n_clients; (*n)++)
		read_id(&found[*n], page->clients[*n]->client);
}

static void p3_added_again_by_another_unit_shows_only_its_own(void **state)
{
	struct scene *s = *state;
	struct lahetti_id again, again_case, found[8];
	struct seen seen;
	size_t n;

	find(&s->county.coach, KNOWN, found, 8, &n);
	assert_int_equal(0, n);
	person_add_client(&s->county.coach, "Esimerkki", KNOWN, &again, &again_case);
	find(&s->county.coach, KNOWN, found, 8, &n);
	assert_int_equal(1, n);
	assert_true(lahetti_id_equal(&found[0], &again));
	/* The clinic finds its own as before, and not the team's. */
	find(&s->county.worker, KNOWN, found, 8, &n);
	assert_int_equal(1, n);
	assert_true(lahetti_id_equal(&found[0], &s->client[0]));
	who_saw(&s->county.officer, &again, 100, &seen);
	assert_true(count_of(&seen, &again) > 0);
	assert_true(count_of(&seen, &s->client[0]) > 0);
}

/* The trail about one of the identifiers is the trail about the client. */
static void p6_trail_by_client_covers_every_identifier(void **state)
{
	struct scene *s = *state;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadTrail read = LAHETTI__V1__READ_TRAIL__INIT;
	struct seen seen = {0};
	Lahetti__V1__TrailPage *page;
	struct told told;

	opened(s, 0, &told);
	read.client = lahetti_bytes(lahetti_id_span(&s->known));
	read.action = LAHETTI__V1__ACTION__ACTION_OPEN;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_TRAIL;
	frame.read_trail = &read;
	page = person_expect(&s->neighbour.officer, &frame, LAHETTI__V1__SERVER_FRAME__BODY_TRAIL)
		       ->trail;
	for (size_t i = 0; i < page->n_lines; i++)
		keep(&seen, &s->neighbour.officer, page->lines[i]);
	assert_true(count_of(&seen, &told.client) == 1);
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
	person_add_client(&s.county.worker, "Esimerkki", KNOWN, &s.client[0], &s.case_id[0]);
	person_add_client(&s.county.worker, "Kokeilija", UNKNOWN, &s.client[1], &s.case_id[1]);
	person_add_client(&s.neighbour.coach, "Esimerkki", KNOWN, &s.known, &s.known_case);
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
		cmocka_unit_test(p3_known_client_is_opened_like_an_unknown_one),
		cmocka_unit_test(p6_report_covers_every_identifier_of_the_client),
		cmocka_unit_test(p6_report_ends_at_the_controller),
		cmocka_unit_test(p6_trail_by_client_covers_every_identifier),
		cmocka_unit_test(p3_added_again_by_another_unit_shows_only_its_own),
	};

	return cmocka_run_group_tests(tests, make, end);
}
