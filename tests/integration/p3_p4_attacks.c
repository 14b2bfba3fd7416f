/*
 * p3, p4: what is forged, altered, replayed, misaddressed, dated wrongly or about another's client
 * is refused with its own code, by the server that runs; nothing of it is left behind, and the
 * session goes on.
 */

#include "county.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define MINUTE_US INT64_C(60000000)

/* What an attack works with: a county, a client of the clinic, one of nobody, and a referral that
 * would be good. */
struct scene {
	struct county county;
	struct lahetti_id client, case_id;
	struct writing w;
	struct lahetti_id other;
};

static void other_signature(struct scene *s)
{
	Lahetti__V1__Referral body;

	referral_fill(&body);
	writing_sign(&s->w, &body.base, s->county.coach.key);
}

static void altered(struct scene *s)
{
	s->w.kept[s->w.envelope.len / 2] ^= 1;
}

static void other_audience(struct scene *s)
{
	static char audience[] = "elsewhere/lahetti";

	s->w.header.audience = audience;
}

static void other_author(struct scene *s)
{
	s->w.header.author = lahetti_bytes(lahetti_id_span(&s->county.coach.user));
}

static void other_unit(struct scene *s)
{
	s->w.header.unit = lahetti_bytes(lahetti_id_span(&s->county.team));
}

static void other_role(struct scene *s)
{
	s->w.header.role = LAHETTI__V1__ROLE__ROLE_PHYSICIAN;
}

static void dated_ahead(struct scene *s)
{
	s->w.header.created_us += 6 * MINUTE_US;
}

static void dated_back(struct scene *s)
{
	s->w.header.created_us -= 31 * 24 * 60 * MINUTE_US;
}

static void unknown_kind(struct scene *s)
{
	s->w.header.kind = 63;
}

static void unknown_client(struct scene *s)
{
	s->w.header.client = lahetti_bytes(lahetti_id_span(&s->other));
}

static void unknown_case(struct scene *s)
{
	s->w.header.case_id = lahetti_bytes(lahetti_id_span(&s->other));
}

static void unknown_unit(struct scene *s)
{
	s->w.recipient.unit = lahetti_bytes(lahetti_id_span(&s->other));
}

static void unit_without_people(struct scene *s)
{
	s->w.recipient.unit = lahetti_bytes(lahetti_id_span(&s->county.supervision));
}

static void no_recipient(struct scene *s)
{
	s->w.header.n_recipients = 0;
}

static const struct {
	const char *code;
	void (*spoil)(struct scene *s);
	bool after_signing;
} attacks[] = {
	{"not-the-author", other_signature, true},    {"bad-signature", altered, true},
	{"wrong-audience", other_audience, false},    {"not-the-author", other_author, false},
	{"not-the-author", other_unit, false},	      {"not-the-author", other_role, false},
	{"dated-ahead", dated_ahead, false},	      {"too-old", dated_back, false},
	{"newer-statement", unknown_kind, false},     {"no-such-case", unknown_client, false},
	{"no-such-case", unknown_case, false},	      {"no-such-recipient", unknown_unit, false},
	{"nobody-there", unit_without_people, false}, {"missing-recipient", no_recipient, false},
};

static void begin(struct scene *s)
{
	writing_begin(&s->w, &s->county.worker, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	writing_to_queue(&s->w, &s->county.worker.organisation, &s->county.team);
}

static bool answered(const Lahetti__V1__ServerFrame *answer, const char *code)
{
	bool ok = answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR &&
		  strcmp(answer->error->code, code) == 0;

	if (!ok)
		print_message("wanted %s, got %s\n", code,
			      answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR
				      ? answer->error->code
				      : "no error");
	return ok;
}

static void p4_spoiled_statements_are_refused(void **state)
{
	struct scene *s = *state;
	Lahetti__V1__Referral body;

	for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++) {
		begin(s);
		if (!attacks[i].after_signing)
			attacks[i].spoil(s);
		referral_fill(&body);
		writing_sign(&s->w, &body.base, s->county.worker.key);
		if (attacks[i].after_signing)
			attacks[i].spoil(s);
		assert_true(answered(person_submit(&s->county.worker, &s->w), attacks[i].code));
		writing_finish(&s->w);
	}
}

static void p7_replay_gets_the_first_receipt_and_another_text_is_refused(void **state)
{
	struct scene *s = *state;
	Lahetti__V1__Referral body;
	Lahetti__V1__ServerFrame *answer;
	uint64_t event[2];
	static char words[] = "Toiset sanat.";

	begin(s);
	referral_fill(&body);
	writing_sign(&s->w, &body.base, s->county.worker.key);
	for (size_t i = 0; i < 2; i++) {
		answer = person_submit(&s->county.worker, &s->w);
		assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED, answer->body_case);
		assert_int_equal(1, answer->accepted->n_deliveries);
		event[i] = answer->accepted->deliveries[0]->position;
	}
	assert_int_equal(event[0], event[1]);
	body.own_words = words;
	writing_sign(&s->w, &body.base, s->county.worker.key);
	assert_true(answered(person_submit(&s->county.worker, &s->w), "identifier-used"));
	writing_finish(&s->w);
}

/* Another's client and an unknown one get the same answer; who may not see clients gets none. */
static void p3_no_basis_no_sight(void **state)
{
	struct scene *s = *state;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoSaw who = LAHETTI__V1__WHO_SAW__INIT;
	Lahetti__V1__FindClients find = LAHETTI__V1__FIND_CLIENTS__INIT;
	static char code[] = "010190-900P", name[] = "Esimerkki";

	who.client = lahetti_bytes(lahetti_id_span(&s->client));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_SAW;
	frame.who_saw = &who;
	person_refused(&s->county.worker, &frame, "not-data-protection-officer");
	who.client = lahetti_bytes(lahetti_id_span(&s->other));
	person_refused(&s->county.worker, &frame, "not-data-protection-officer");
	person_refused(&s->county.officer, &frame, "no-such-client");
	find.term = code;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS;
	frame.find_clients = &find;
	assert_int_equal(
		1, person_expect(&s->county.worker, &frame, LAHETTI__V1__SERVER_FRAME__BODY_CLIENTS)
			   ->clients->n_clients);
	/* The clinic's client is not the other unit's: the same page as for a code that nobody has.
	 */
	assert_int_equal(
		0, person_expect(&s->county.coach, &frame, LAHETTI__V1__SERVER_FRAME__BODY_CLIENTS)
			   ->clients->n_clients);
	person_refused(&s->county.admin, &frame, "role-without-clients");
	/* An officer finds whom somebody names whole, and browses nobody. */
	assert_int_equal(1, person_expect(&s->county.officer, &frame,
					  LAHETTI__V1__SERVER_FRAME__BODY_CLIENTS)
				    ->clients->n_clients);
	find.term = name;
	person_refused(&s->county.officer, &frame, "whole-code-or-name");
}

/* What a frame leaves out is refused by name; the server goes on. */
static void identifiers_left_out_are_refused(void **state)
{
	struct scene *s = *state;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadReceipt receipt = LAHETTI__V1__READ_RECEIPT__INIT;
	Lahetti__V1__WhoWouldSee who = LAHETTI__V1__WHO_WOULD_SEE__INIT;
	Lahetti__V1__Reference reference = LAHETTI__V1__REFERENCE__INIT,
			       *references[] = {&reference};

	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_RECEIPT;
	frame.read_receipt = &receipt;
	person_refused(&s->county.worker, &frame, "bad-identifier");
	who.consents = references;
	who.n_consents = 1;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_WOULD_SEE;
	frame.who_would_see = &who;
	person_refused(&s->county.worker, &frame, "bad-identifier");
}

/* An administrator gives no sight to themselves; what a person no longer is, an open session no
 * longer is either. */
static void p3_role_is_what_it_is_now(void **state)
{
	struct scene *s = *state;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients find = LAHETTI__V1__FIND_CLIENTS__INIT;
	Lahetti__V1__PutDirectory put = LAHETTI__V1__PUT_DIRECTORY__INIT;
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__Membership own = LAHETTI__V1__MEMBERSHIP__INIT;
	struct person *admin = &s->county.admin;

	own.id = lahetti_bytes(lahetti_id_span(&admin->membership));
	own.user = lahetti_bytes(lahetti_id_span(&admin->user));
	own.unit = lahetti_bytes(lahetti_id_span(&admin->unit));
	own.organisation = lahetti_bytes(lahetti_id_span(&admin->organisation));
	own.role = LAHETTI__V1__ROLE__ROLE_SOCIAL_WORKER;
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP;
	entry.membership = &own;
	put.entry = &entry;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_PUT_DIRECTORY;
	frame.put_directory = &put;
	person_refused(admin, &frame, "own-role");
	admin_role(admin, &s->county.coach, LAHETTI__V1__ROLE__ROLE_PEER_EXPERT);
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS;
	frame.find_clients = &find;
	person_refused(&s->county.coach, &frame, "role-without-clients");
	admin_role(admin, &s->county.coach, LAHETTI__V1__ROLE__ROLE_JOB_COACH);
	(void)person_expect(&s->county.coach, &frame, LAHETTI__V1__SERVER_FRAME__BODY_CLIENTS);
}

static int make(void **state)
{
	static struct scene s;
	struct lahetti_fault f = {0};

	county_make(&s.county);
	county_sign_in(&s.county.admin);
	county_sign_in(&s.county.worker);
	county_sign_in(&s.county.coach);
	county_sign_in(&s.county.officer);
	person_add_client(&s.county.worker, "Esimerkki", "010190-900P", &s.client, &s.case_id);
	*state = &s;
	return lahetti_id_new(&s.other, lahetti_now_us(), &f) ? 0 : -1;
}

static int end(void **state)
{
	struct scene *s = *state;

	county_end(&s->county);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(identifiers_left_out_are_refused),
		cmocka_unit_test(p3_no_basis_no_sight),
		cmocka_unit_test(p3_role_is_what_it_is_now),
		cmocka_unit_test(p4_spoiled_statements_are_refused),
		cmocka_unit_test(p7_replay_gets_the_first_receipt_and_another_text_is_refused),
	};

	return cmocka_run_group_tests(tests, make, end);
}
