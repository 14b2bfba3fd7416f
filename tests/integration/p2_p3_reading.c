/*
 * p2, p3: what a program that keeps nothing asks again. A unit lists what its cases hold and reads
 * what it wrote, or what the controller may rely on; a data-protection officer finds whom somebody
 * names. Each reading stands in the client's report; whoever has nothing to do with it finds
 * nothing.
 */

#include "lahetti/dsse.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "lahetti/note.h"
#include "lahetti/receipt.h"
#include "neighbour.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define SERVER(NAME) LAHETTI__V1__SERVER_FRAME__BODY_##NAME
#define CLIENT(NAME) LAHETTI__V1__CLIENT_FRAME__BODY_##NAME
#define ACTION(NAME) LAHETTI__V1__ACTION__ACTION_##NAME
#define STATE(NAME)  LAHETTI__V1__STATE__STATE_##NAME
#define BASIS(NAME)  LAHETTI__V1__BASIS_KIND__BASIS_KIND_##NAME

#define CODE "010190-900P"

struct scene {
	struct county county;
	struct neighbour neighbour;
	struct person *worker, *coach, *officer; /* of the county */
	struct lahetti_id client, case_id;	 /* new for each test */
};

static ProtobufCBinaryData bytes(const struct lahetti_id *id)
{
	return lahetti_bytes(lahetti_id_span(id));
}

static bool names(ProtobufCBinaryData b, const struct lahetti_id *id)
{
	return lahetti_span_equal(lahetti_bytes_span(b), lahetti_id_span(id));
}

static void accepted(struct person *p, const struct writing *w)
{
	const Lahetti__V1__ServerFrame *answer = person_submit(p, w);

	if (answer->body_case == SERVER(ERROR))
		fail_msg("%s", answer->error->code);
	assert_int_equal(SERVER(ACCEPTED), answer->body_case);
}

/* ---- what was recorded ----------------------------------------------------------------------- */

/* The newest event of the client that did so, and how many there are. */
struct recorded {
	size_t n;
	Lahetti__V1__BasisKind basis;
	uint64_t number;
	uint32_t count;
	struct lahetti_id statement, case_id;
	bool by; /* a signed statement is named */
};

static void id_or_none(struct lahetti_id *id, ProtobufCBinaryData b)
{
	*id = (struct lahetti_id){0};
	if (b.len > 0)
		assert_true(lahetti_id_read(id, lahetti_bytes_span(b), NULL));
}

static void read_part(struct person *officer, const Lahetti__V1__ReportLine *line,
		      struct recorded *r)
{
	const Lahetti__V1__SubjectPart *part = lahetti_message_read(
		&lahetti__v1__subject_part__descriptor, lahetti_bytes_span(line->subject->part),
		LAHETTI_MESSAGE_SIGNED, &officer->arena, NULL);

	assert_non_null(part);
	id_or_none(&r->statement, part->statement);
	id_or_none(&r->case_id, part->case_id);
	r->by = part->by.len > 0;
}

static struct recorded saw(struct person *officer, const struct lahetti_id *client,
			   Lahetti__V1__Action action)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoSaw question = LAHETTI__V1__WHO_SAW__INIT;
	const Lahetti__V1__TrailPage *page;
	struct recorded r = {0};

	question.client = bytes(client);
	frame.body_case = CLIENT(WHO_SAW);
	frame.who_saw = &question;
	page = person_expect(officer, &frame, SERVER(TRAIL))->trail;
	assert_int_equal(0, page->cursor.len);
	for (size_t i = 0; i < page->n_lines; i++) {
		const Lahetti__V1__AuditEvent *e =
			lahetti_message_read(&lahetti__v1__audit_event__descriptor,
					     lahetti_bytes_span(page->lines[i]->event),
					     LAHETTI_MESSAGE_SIGNED, &officer->arena, NULL);

		assert_non_null(e);
		if (e->action != action ||
		    e->outcome != LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE)
			continue;
		r.n++;
		r.basis = e->basis;
		r.number = e->number;
		r.count = e->count;
		read_part(officer, page->lines[i], &r);
	}
	return r;
}

/* ---- frames ---------------------------------------------------------------------------------- */

static void case_frame(Lahetti__V1__ClientFrame *frame, Lahetti__V1__ReadCase *asked,
		       const struct lahetti_id *case_id)
{
	lahetti__v1__client_frame__init(frame);
	lahetti__v1__read_case__init(asked);
	asked->case_id = bytes(case_id);
	frame->body_case = CLIENT(READ_CASE);
	frame->read_case = asked;
}

static const Lahetti__V1__CasePage *list(struct person *p, const struct lahetti_id *case_id)
{
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__ReadCase asked;

	case_frame(&frame, &asked, case_id);
	return person_expect(p, &frame, SERVER(CASE_PAGE))->case_page;
}

static void not_listed(struct person *p, const struct lahetti_id *case_id, const char *code)
{
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__ReadCase asked;

	case_frame(&frame, &asked, case_id);
	person_refused(p, &frame, code);
}

static void statement_frame(Lahetti__V1__ClientFrame *frame, Lahetti__V1__ReadStatement *asked,
			    const struct lahetti_id *statement)
{
	lahetti__v1__client_frame__init(frame);
	lahetti__v1__read_statement__init(asked);
	asked->statement = bytes(statement);
	frame->body_case = CLIENT(READ_STATEMENT);
	frame->read_statement = asked;
}

static const Lahetti__V1__Content *read_again(struct person *p, const struct lahetti_id *statement)
{
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__ReadStatement asked;

	statement_frame(&frame, &asked, statement);
	return person_expect(p, &frame, SERVER(CONTENT))->content;
}

static void not_read(struct person *p, const struct lahetti_id *statement, const char *code)
{
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__ReadStatement asked;

	statement_frame(&frame, &asked, statement);
	person_refused(p, &frame, code);
}

static void search_frame(Lahetti__V1__ClientFrame *frame, Lahetti__V1__FindClients *asked,
			 const char *term)
{
	lahetti__v1__client_frame__init(frame);
	lahetti__v1__find_clients__init(asked);
	asked->term = lahetti_text(term);
	frame->body_case = CLIENT(FIND_CLIENTS);
	frame->find_clients = asked;
}

static const Lahetti__V1__ClientPage *search(struct person *p, const char *term)
{
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__FindClients asked;

	search_frame(&frame, &asked, term);
	return person_expect(p, &frame, SERVER(CLIENTS))->clients;
}

static void not_searched(struct person *p, const char *term, const char *code)
{
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__FindClients asked;

	search_frame(&frame, &asked, term);
	person_refused(p, &frame, code);
}

/* ---- what is written ------------------------------------------------------------------------- */

static void add_named(struct person *p, const char *family_name, const char *given_names,
		      const char *code, struct lahetti_id *client, struct lahetti_id *case_id)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__AddClient add = LAHETTI__V1__ADD_CLIENT__INIT;
	Lahetti__V1__ClientIdentity identity = LAHETTI__V1__CLIENT_IDENTITY__INIT;

	assert_true(lahetti_id_new(client, lahetti_now_us(), NULL));
	assert_true(lahetti_id_new(case_id, lahetti_now_us(), NULL));
	add.client = bytes(client);
	add.case_id = bytes(case_id);
	identity.family_name = lahetti_text(family_name);
	identity.given_names = lahetti_text(given_names);
	identity.personal_identity_code = lahetti_text(code);
	add.identity = &identity;
	frame.body_case = CLIENT(ADD_CLIENT);
	frame.add_client = &add;
	(void)person_expect(p, &frame, SERVER(DONE));
}

/* Oral, to the neighbour's coaching, witnessed by the one who writes it. */
static void consent(struct scene *s, struct writing *w)
{
	static char leaflet[] = "2026-1";
	static Lahetti__V1__Purpose purposes[] = {LAHETTI__V1__PURPOSE__PURPOSE_EMPLOYMENT_SUPPORT};
	static Lahetti__V1__Category categories[] = {LAHETTI__V1__CATEGORY__CATEGORY_CONTACT,
						     LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED};
	Lahetti__V1__Consent body = LAHETTI__V1__CONSENT__INIT;
	Lahetti__V1__Party party = LAHETTI__V1__PARTY__INIT, *parties[] = {&party};

	party.organisation = bytes(&s->neighbour.coach.organisation);
	writing_begin(w, s->worker, LAHETTI_KIND_CONSENT, &s->client, &s->case_id);
	body.giver = LAHETTI__V1__GIVER__GIVER_CLIENT;
	body.purposes = purposes;
	body.n_purposes = 1;
	body.categories = categories;
	body.n_categories = 2;
	body.parties = parties;
	body.n_parties = 1;
	body.from = 20260101;
	body.until = 20991231;
	body.how = LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_ORAL;
	body.witness = bytes(&s->worker->user);
	body.leaflet_version = leaflet;
	body.kanta_checked = 1;
	writing_sign(w, &body.base, s->worker->key);
	accepted(s->worker, w);
}

/* As a whole, or one category, by anyone of the controller. */
static void withdraw(struct scene *s, struct person *by, struct writing *w,
		     const struct writing *of, bool whole)
{
	static char how[] = "Puhelimitse.";
	static Lahetti__V1__Category part[] = {LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED};
	Lahetti__V1__Withdrawal body = LAHETTI__V1__WITHDRAWAL__INIT;

	writing_begin(w, by, LAHETTI_KIND_WITHDRAWAL, &s->client, &s->case_id);
	writing_reply(w, &of->id, &of->sha256);
	body.how = how;
	body.categories = part;
	body.n_categories = whole ? 0 : 1;
	writing_sign(w, &body.base, by->key);
	accepted(by, w);
}

static void step(struct person *p, const struct parcel *parcel, Lahetti__V1__Step which,
		 struct writing *w)
{
	writing_acknowledge(w, p, parcel, which);
	accepted(p, w);
}

static void fresh(struct scene *s)
{
	person_add_client(s->worker, "Esimerkki", "", &s->client, &s->case_id);
}

/* How many stand before it; all, where it is not there. */
static size_t entry_at(const Lahetti__V1__CasePage *page, const struct lahetti_id *statement)
{
	size_t i = 0;

	while (i < page->n_entries && !names(page->entries[i]->statement, statement))
		i++;
	return i;
}

static bool lists(const Lahetti__V1__CasePage *page, const struct lahetti_id *statement)
{
	return entry_at(page, statement) < page->n_entries;
}

/* One that is there. */
static const Lahetti__V1__CaseEntry *entry_of(const Lahetti__V1__CasePage *page,
					      const struct lahetti_id *statement)
{
	size_t i = entry_at(page, statement);

	assert_true(i < page->n_entries);
	return page->entries[i];
}

/* ---- the case -------------------------------------------------------------------------------- */

static void p3_case_lists_what_is_the_units_own(void **state)
{
	struct scene *s = *state;
	struct writing own, away, agreed, part, opening;
	const Lahetti__V1__CasePage *page;
	const Lahetti__V1__CaseEntry *e;
	struct parcel parcel;

	fresh(s);
	consent(s, &agreed);
	refer(&own, s->worker, s->coach, &s->client, &s->case_id);
	refer(&away, s->worker, &s->neighbour.coach, &s->client, &s->case_id);
	withdraw(s, s->worker, &part, &agreed, false);
	page = list(s->worker, &s->case_id);
	assert_int_equal(4, page->n_entries);
	assert_int_equal(0, page->cursor.len);
	/* Newest first. */
	assert_true(names(page->entries[0]->statement, &part.id));
	assert_true(names(page->entries[1]->statement, &away.id));
	assert_true(names(page->entries[2]->statement, &own.id));
	assert_true(names(page->entries[3]->statement, &agreed.id));
	e = page->entries[1];
	assert_int_equal(LAHETTI_KIND_REFERRAL, e->kind);
	assert_true(names(e->organisation, &s->worker->organisation));
	assert_true(names(e->unit, &s->worker->unit));
	assert_true(lahetti_span_equal(lahetti_bytes_span(e->sha256),
				       lahetti_digest_span(&away.sha256)));
	assert_true(e->accepted_us > 0 && !e->since_erased && !e->consent_ended);
	assert_int_equal(1, e->n_deliveries);
	assert_false(e->deliveries[0]->received);
	assert_int_equal(STATE(REQUESTED), e->deliveries[0]->state);
	assert_true(e->deliveries[0]->n_steps > 0); /* recall */
	assert_true(names(e->deliveries[0]->recipient->user, &s->neighbour.coach.user));
	assert_true(names(page->entries[0]->in_reply_to, &agreed.id));
	assert_int_equal(0, page->entries[3]->n_deliveries);
	/* The other unit has the case, but opened nothing yet: no referral at all. */
	page = list(s->coach, &s->case_id);
	assert_int_equal(2, page->n_entries);
	assert_true(lists(page, &agreed.id));
	assert_true(lists(page, &part.id));
	parcel_find(&parcel, s->coach, &own.id);
	writing_acknowledge(&opening, s->coach, &parcel, LAHETTI__V1__STEP__STEP_OPEN);
	assert_int_equal(SERVER(CONTENT), person_open(s->coach, &opening)->body_case);
	page = list(s->coach, &s->case_id);
	assert_int_equal(3, page->n_entries);
	assert_false(lists(page, &away.id));
	e = entry_of(page, &own.id);
	assert_int_equal(1, e->n_deliveries);
	assert_true(e->deliveries[0]->received);
	assert_int_equal(STATE(OPENED), e->deliveries[0]->state);
	assert_true(names(e->deliveries[0]->delivery, &parcel.delivery));
	writing_finish(&own);
	writing_finish(&away);
	writing_finish(&agreed);
	writing_finish(&part);
	writing_finish(&opening);
}

/* Feedback that the sender may not be shown is not shown by the list either. */
static void p3_sender_is_listed_no_more_than_the_sender_is_shown(void **state)
{
	struct scene *s = *state;
	struct person *other = &s->neighbour.coach;
	struct writing w, take, begin;
	struct parcel parcel;
	const Lahetti__V1__CaseEntry *e;
	struct lahetti_id copy;

	fresh(s);
	refer(&w, s->worker, other, &s->client, &s->case_id);
	parcel_find(&parcel, other, &w.id);
	assert_true(lahetti_id_read(
		&copy, lahetti_bytes_span(parcel_open(other, &parcel)->content->case_id), NULL));
	step(other, &parcel, LAHETTI__V1__STEP__STEP_TAKE, &take);
	step(other, &parcel, LAHETTI__V1__STEP__STEP_BEGIN, &begin);
	e = entry_of(list(s->worker, &s->case_id), &w.id);
	assert_int_equal(STATE(TAKEN), e->deliveries[0]->state);
	/* Each controller has its own case of it. */
	not_listed(other, &s->case_id, "no-such-case");
	not_listed(s->worker, &copy, "no-such-case");
	e = entry_of(list(other, &copy), &w.id);
	assert_true(e->deliveries[0]->received);
	assert_int_equal(STATE(IN_PROGRESS), e->deliveries[0]->state);
	/* What another controller sent is opened by its delivery, not read. */
	not_read(other, &w.id, "no-such-statement");
	/* Its own acknowledgements are its own. */
	(void)read_again(other, &take.id);
	not_read(s->worker, &take.id, "no-such-statement");
	writing_finish(&w);
	writing_finish(&take);
	writing_finish(&begin);
}

/* Consents and withdrawals of the client go with every case that the controller has with them,
 * other clients' with none. */
static void p3_consents_are_the_clients_and_no_others(void **state)
{
	struct scene *s = *state;
	struct writing first, second, part, whole;
	const Lahetti__V1__CasePage *page;
	struct lahetti_id other_client, other_case;

	fresh(s);
	other_client = s->client;
	other_case = s->case_id;
	consent(s, &first);
	fresh(s);
	consent(s, &second);
	page = list(s->worker, &s->case_id);
	assert_int_equal(1, page->n_entries);
	assert_true(names(page->entries[0]->statement, &second.id));
	assert_false(page->entries[0]->consent_ended);
	withdraw(s, s->worker, &part, &second, false);
	assert_false(entry_of(list(s->worker, &s->case_id), &second.id)->consent_ended);
	withdraw(s, s->worker, &whole, &second, true);
	page = list(s->worker, &s->case_id);
	assert_int_equal(3, page->n_entries);
	assert_true(entry_of(page, &second.id)->consent_ended);
	assert_false(entry_of(page, &whole.id)->consent_ended);
	/* A withdrawn one is read still: what was agreed is asked about afterwards too. */
	(void)read_again(s->worker, &second.id);
	page = list(s->worker, &other_case);
	assert_int_equal(1, page->n_entries);
	assert_false(entry_of(page, &first.id)->consent_ended);
	assert_int_equal(1, saw(s->officer, &other_client, ACTION(LIST)).n);
	writing_finish(&first);
	writing_finish(&second);
	writing_finish(&part);
	writing_finish(&whole);
}

static void p2_each_page_of_a_case_is_an_event(void **state)
{
	struct scene *s = *state;
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__ReadCase asked;
	const Lahetti__V1__CasePage *page;
	struct writing w[5];
	struct recorded r;
	uint8_t at[32];
	size_t n = 0, pages = 0;

	fresh(s);
	assert_int_equal(0, list(s->worker, &s->case_id)->n_entries);
	r = saw(s->officer, &s->client, ACTION(LIST));
	assert_int_equal(1, r.n);
	assert_int_equal(0, r.count);
	assert_int_equal(BASIS(OWN_REGISTER), r.basis);
	assert_true(lahetti_id_equal(&r.case_id, &s->case_id));
	for (size_t i = 0; i < 5; i++)
		refer(&w[i], s->worker, s->coach, &s->client, &s->case_id);
	case_frame(&frame, &asked, &s->case_id);
	asked.limit = 2;
	do {
		page = person_expect(s->worker, &frame, SERVER(CASE_PAGE))->case_page;
		pages++;
		assert_true(page->n_entries <= 2);
		for (size_t i = 0; i < page->n_entries; i++, n++)
			assert_true(names(page->entries[i]->statement, &w[4 - n].id));
		assert_true(page->cursor.len <= sizeof at);
		if (page->cursor.len > 0)
			memcpy(at, page->cursor.data, page->cursor.len);
		asked.cursor = (ProtobufCBinaryData){.data = at, .len = page->cursor.len};
	} while (asked.cursor.len > 0);
	assert_int_equal(5, n);
	assert_int_equal(3, pages);
	assert_int_equal(1 + pages, saw(s->officer, &s->client, ACTION(LIST)).n);
	for (size_t i = 0; i < 5; i++)
		writing_finish(&w[i]);
}

/* A unit that gave the matter back lists nothing; its own words it reads still, without the
 * address of one with whom it has no more to do. */
static void p3_unit_that_returned_the_matter_has_the_case_no_more(void **state)
{
	struct scene *s = *state;
	struct writing w, back, kept, agreed;
	struct parcel parcel;
	const Lahetti__V1__CasePage *page;

	fresh(s);
	consent(s, &agreed);
	refer(&w, s->worker, s->coach, &s->client, &s->case_id);
	refer(&kept, s->worker, s->coach, &s->client, &s->case_id);
	parcel_find(&parcel, s->coach, &w.id);
	(void)parcel_open(s->coach, &parcel);
	step(s->coach, &parcel, LAHETTI__V1__STEP__STEP_RETURN, &back);
	/* The other referral is why it has the case; what was returned is not listed. */
	page = list(s->coach, &s->case_id);
	assert_int_equal(1, page->n_entries);
	assert_true(lists(page, &agreed.id));
	assert_non_null(read_again(s->coach, &back.id)->identity);
	(void)read_again(s->coach, &agreed.id);
	writing_finish(&back);
	parcel_find(&parcel, s->coach, &kept.id);
	(void)parcel_open(s->coach, &parcel);
	step(s->coach, &parcel, LAHETTI__V1__STEP__STEP_RETURN, &back);
	not_listed(s->coach, &s->case_id, "no-such-case");
	not_read(s->coach, &agreed.id, "no-such-statement");
	assert_null(read_again(s->coach, &back.id)->identity);
	writing_finish(&w);
	writing_finish(&back);
	writing_finish(&kept);
	writing_finish(&agreed);
}

/* ---- one statement --------------------------------------------------------------------------- */

/* As it was signed, with a receipt that the log signed for this reading. */
static void check_content(struct scene *s, struct person *p, const Lahetti__V1__Content *content,
			  const struct writing *w)
{
	struct lahetti_fault f = {0};
	struct lahetti_note_verifier *log = lahetti_note_verifier_read(p->log_key, &f);
	struct lahetti_receipt_facts facts;
	struct lahetti_public_key *key;
	struct lahetti_envelope envelope;
	struct lahetti_digest sha256;

	assert_non_null(log);
	assert_int_equal(0, content->delivery.len);
	assert_int_equal(0, content->n_steps);
	assert_int_equal(0, content->state);
	key = lahetti_public_key_read(lahetti_bytes_span(content->spki), &f);
	assert_non_null(key);
	assert_true(lahetti_envelope_of(&envelope, content->envelope, &f));
	assert_true(lahetti_envelope_verify(&envelope, LAHETTI_TYPE_STATEMENT, key, &f));
	assert_true(lahetti_sha256(&sha256, &envelope.payload, 1, &f));
	assert_true(lahetti_digest_equal(&sha256, &w->sha256));
	assert_true(names(content->client, &s->client));
	assert_true(names(content->case_id, &s->case_id));
	assert_non_null(content->identity);
	assert_string_equal("Esimerkki", content->identity->family_name);
	assert_string_equal("Sanna Sosiaalityöntekijä", content->author_name);
	assert_true(lahetti_receipt_verify(content->receipt, log, &p->arena, &facts, &f));
	assert_int_equal(ACTION(OPEN), facts.event->action);
	assert_true(names(facts.subject->statement, &w->id));
	/* It proves no opening: nobody signed one. */
	assert_false(lahetti_receipt_names(&facts, lahetti_id_span(&w->id), &w->sha256, &f));
	lahetti_public_key_destroy(key);
	lahetti_note_verifier_destroy(log);
}

static void p2_statement_is_read_again_and_stands_in_the_report(void **state)
{
	struct scene *s = *state;
	struct recorded before, after;
	struct writing w;

	fresh(s);
	refer(&w, s->worker, s->coach, &s->client, &s->case_id);
	before = saw(s->officer, &s->client, ACTION(OPEN));
	assert_int_equal(0, before.n);
	check_content(s, s->worker, read_again(s->worker, &w.id), &w);
	after = saw(s->officer, &s->client, ACTION(OPEN));
	assert_int_equal(1, after.n);
	assert_int_equal(BASIS(OWN_REGISTER), after.basis);
	assert_true(lahetti_id_equal(&after.statement, &w.id));
	assert_true(lahetti_id_equal(&after.case_id, &s->case_id));
	assert_false(after.by);
	/* Each time. */
	(void)read_again(s->worker, &w.id);
	assert_int_equal(2, saw(s->officer, &s->client, ACTION(OPEN)).n);
	/* It moves nothing: the recipient has not opened it. */
	assert_int_equal(STATE(REQUESTED),
			 entry_of(list(s->worker, &s->case_id), &w.id)->deliveries[0]->state);
	writing_finish(&w);
}

static void p3_statement_is_read_by_whom_it_concerns(void **state)
{
	struct scene *s = *state;
	struct person *other = &s->neighbour.coach;
	struct writing agreed, part, to_coach, away;
	struct parcel parcel;

	fresh(s);
	consent(s, &agreed);
	/* A unit that has nothing to do with the client. */
	not_read(s->coach, &agreed.id, "no-such-statement");
	not_listed(s->coach, &s->case_id, "no-such-case");
	refer(&to_coach, s->worker, s->coach, &s->client, &s->case_id);
	refer(&away, s->worker, other, &s->client, &s->case_id);
	/* One that has: what a consent allows, before a part of it is withdrawn. */
	check_content(s, s->coach, read_again(s->coach, &agreed.id), &agreed);
	withdraw(s, s->coach, &part, &agreed, false);
	(void)read_again(s->worker, &part.id);
	(void)read_again(s->coach, &part.id);
	/* Others' referrals it does not read, delivered to it or not. */
	not_read(s->coach, &to_coach.id, "no-such-statement");
	not_read(s->coach, &away.id, "no-such-statement");
	/* Another controller, with a copy of its own of what was sent to it: no consent. */
	parcel_find(&parcel, other, &away.id);
	(void)parcel_open(other, &parcel);
	not_read(other, &agreed.id, "no-such-statement");
	not_read(other, &part.id, "no-such-statement");
	not_read(other, &away.id, "no-such-statement");
	not_read(s->officer, &agreed.id, "role-without-clients");
	not_read(&s->county.admin, &agreed.id, "role-without-clients");
	not_listed(s->officer, &s->case_id, "role-without-clients");
	not_read(s->worker, &s->case_id, "no-such-statement");
	not_read(s->worker, &parcel.delivery, "no-such-statement");
	writing_finish(&agreed);
	writing_finish(&part);
	writing_finish(&to_coach);
	writing_finish(&away);
}

/* ---- erasing --------------------------------------------------------------------------------- */

static void erase(struct scene *s, Lahetti__V1__ErasureScope scope,
		  const struct lahetti_id *statement)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ProposeErasure e = LAHETTI__V1__PROPOSE_ERASURE__INIT;
	Lahetti__V1__ConfirmErasure c = LAHETTI__V1__CONFIRM_ERASURE__INIT;
	struct lahetti_id erasure;

	assert_true(lahetti_id_new(&erasure, lahetti_now_us(), NULL));
	e.erasure = c.erasure = bytes(&erasure);
	e.client = bytes(&s->client);
	e.scope = scope;
	if (statement != NULL)
		e.statement = bytes(statement);
	e.reason = LAHETTI__V1__ERASURE_REASON__ERASURE_REASON_RETENTION_OVER;
	e.sentence = lahetti_text("Säilytysaika päättyi.");
	e.reference = lahetti_text("JHA 2026-17");
	frame.body_case = CLIENT(PROPOSE_ERASURE);
	frame.propose_erasure = &e;
	(void)person_expect(s->worker, &frame, SERVER(DONE));
	frame.body_case = CLIENT(CONFIRM_ERASURE);
	frame.confirm_erasure = &c;
	(void)person_expect(s->officer, &frame, SERVER(DONE));
}

static void p8_erased_is_listed_as_such_and_not_read(void **state)
{
	struct scene *s = *state;
	struct person *other = &s->neighbour.coach;
	struct writing kept, gone, agreed;
	struct parcel parcel;
	const Lahetti__V1__CaseEntry *e;
	struct lahetti_id copy;

	fresh(s);
	consent(s, &agreed);
	refer(&kept, s->worker, other, &s->client, &s->case_id);
	refer(&gone, s->worker, s->coach, &s->client, &s->case_id);
	parcel_find(&parcel, other, &kept.id);
	assert_true(lahetti_id_read(
		&copy, lahetti_bytes_span(parcel_open(other, &parcel)->content->case_id), NULL));
	/* Another controller has its copy still: that it was of this case is known. */
	erase(s, LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_STATEMENT, &kept.id);
	not_read(s->worker, &kept.id, "erased");
	e = entry_of(list(s->worker, &s->case_id), &kept.id);
	assert_true(e->since_erased);
	assert_int_equal(0, e->deliveries[0]->n_steps);
	assert_false(entry_of(list(other, &copy), &kept.id)->since_erased);
	erase(s, LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_STATEMENT, &gone.id);
	not_read(s->worker, &gone.id, "erased");
	not_read(s->coach, &gone.id, "no-such-statement");
	assert_false(lists(list(s->worker, &s->case_id), &gone.id));
	(void)read_again(s->worker, &agreed.id);
	erase(s, LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_CONTENT, NULL);
	not_read(s->worker, &agreed.id, "erased");
	assert_true(entry_of(list(s->worker, &s->case_id), &kept.id)->since_erased);
	erase(s, LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_IDENTITY, NULL);
	not_listed(s->worker, &s->case_id, "erased");
	not_read(s->worker, &kept.id, "erased");
	not_listed(other, &s->case_id, "no-such-case");
	writing_finish(&kept);
	writing_finish(&gone);
	writing_finish(&agreed);
}

/* ---- the officer's search -------------------------------------------------------------------- */

static size_t searches(struct scene *s, const struct person *who)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadTrail question = LAHETTI__V1__READ_TRAIL__INIT;

	question.user = bytes(&who->user);
	question.action = ACTION(SEARCH);
	question.outcome = LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE;
	frame.body_case = CLIENT(READ_TRAIL);
	frame.read_trail = &question;
	return person_expect(s->officer, &frame, SERVER(TRAIL))->trail->n_lines;
}

static void p6_officer_finds_whom_somebody_names(void **state)
{
	static const char *const whole[] = {CODE, " 010190-900p ", "Äyräs-Öhman Eeva Åsa",
					    "eeva åsa äyräs-öhman", "ÄYRÄS-ÖHMAN, ÅSA EEVA"};
	static const char *const none[] = {"Äyräs-Öhman Eeva", "Eeva Åsa", "yräs-Öhman Eeva Åsa",
					   "020285-901W"};
	static const char *const part[] = {"", " ", "Äyräs-Öhman", "Eeva,", "Å"};
	struct scene *s = *state;
	const Lahetti__V1__ClientPage *page;
	struct recorded r;
	size_t before, n = sizeof whole / sizeof *whole;

	add_named(s->worker, "Äyräs-Öhman", "Eeva Åsa", CODE, &s->client, &s->case_id);
	for (size_t i = 0; i < n; i++) {
		page = search(s->officer, whole[i]);
		assert_int_equal(1, page->n_clients);
		assert_true(names(page->clients[0]->client, &s->client));
		assert_int_equal(0, page->clients[0]->n_cases);
		assert_string_equal("Äyräs-Öhman", page->clients[0]->identity->family_name);
	}
	r = saw(s->officer, &s->client, ACTION(SEARCH));
	assert_int_equal(n, r.n);
	assert_int_equal(BASIS(SUPERVISION), r.basis);
	before = searches(s, s->officer);
	for (size_t i = 0; i < sizeof none / sizeof *none; i++)
		assert_int_equal(0, search(s->officer, none[i])->n_clients);
	/* That nobody was found is on record too, and not with the client. */
	assert_int_equal(before + sizeof none / sizeof *none, searches(s, s->officer));
	assert_int_equal(n, saw(s->officer, &s->client, ACTION(SEARCH)).n);
	for (size_t i = 0; i < sizeof part / sizeof *part; i++)
		not_searched(s->officer, part[i], "whole-code-or-name");
	not_searched(s->officer, "010190-900X", "hetu-check");
	assert_int_equal(before + sizeof none / sizeof *none, searches(s, s->officer));
}

static void p3_officers_search_is_the_officers(void **state)
{
	struct scene *s = *state;
	const char *const whole[] = {CODE, "Äyräs-Öhman Eeva Åsa"};

	for (size_t i = 0; i < 2; i++) {
		/* Another controller's officer, another unit's coach, no one else's. */
		assert_int_equal(0, search(&s->neighbour.officer, whole[i])->n_clients);
		assert_int_equal(0, search(s->coach, whole[i])->n_clients);
		not_searched(&s->county.admin, whole[i], "role-without-clients");
	}
	/* A person who was an officer and now is a coach searches as a coach. */
	admin_role(&s->county.admin, s->officer, LAHETTI__V1__ROLE__ROLE_JOB_COACH);
	assert_int_equal(0, search(s->officer, CODE)->n_clients);
	assert_int_equal(0, search(s->officer, "Äyräs-Öhman Eeva Åsa")->n_clients);
	assert_int_equal(0, search(s->officer, "")->n_clients);
	admin_role(&s->county.admin, s->officer, LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER);
	assert_int_equal(1, search(s->officer, CODE)->n_clients);
}

/* All identifiers of one person with the controller, page by page; none whose identity is erased.
 */
static void p6_officers_search_goes_through_all_units(void **state)
{
	static const char term[] = "Monikko Maija";
	struct scene *s = *state;
	struct lahetti_id client, case_id;
	Lahetti__V1__ClientFrame frame;
	Lahetti__V1__FindClients asked;
	const Lahetti__V1__ClientPage *page;
	uint8_t at[32];
	size_t n = 0;

	for (size_t i = 0; i < 60; i++)
		add_named(i % 2 == 0 ? s->worker : s->coach, i < 55 ? "Muu" : "Monikko", "Maija",
			  "", &client, &case_id);
	add_named(&s->neighbour.coach, "Monikko", "Maija", "", &client, &case_id);
	search_frame(&frame, &asked, term);
	asked.limit = 2;
	do {
		page = person_expect(s->officer, &frame, SERVER(CLIENTS))->clients;
		n += page->n_clients;
		assert_true(page->cursor.len <= sizeof at);
		if (page->cursor.len > 0)
			memcpy(at, page->cursor.data, page->cursor.len);
		asked.cursor = (ProtobufCBinaryData){.data = at, .len = page->cursor.len};
	} while (asked.cursor.len > 0);
	assert_int_equal(5, n);
	assert_int_equal(1, search(&s->neighbour.officer, term)->n_clients);
	add_named(s->worker, "Hävinnyt", "Heikki", "", &s->client, &s->case_id);
	assert_int_equal(1, search(s->officer, "Heikki Hävinnyt")->n_clients);
	erase(s, LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_IDENTITY, NULL);
	assert_int_equal(0, search(s->officer, "Heikki Hävinnyt")->n_clients);
}

static int make(void **state)
{
	static struct scene s;

	county_make(&s.county);
	neighbour_make(&s.neighbour, &s.county.house);
	s.worker = &s.county.worker;
	s.coach = &s.county.coach;
	s.officer = &s.county.officer;
	county_sign_in(&s.county.admin);
	county_sign_in(s.worker);
	county_sign_in(s.coach);
	county_sign_in(s.officer);
	county_sign_in(&s.neighbour.coach);
	county_sign_in(&s.neighbour.officer);
	admin_leader(&s.county.admin, s.worker);
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
		cmocka_unit_test(p3_case_lists_what_is_the_units_own),
		cmocka_unit_test(p3_sender_is_listed_no_more_than_the_sender_is_shown),
		cmocka_unit_test(p3_consents_are_the_clients_and_no_others),
		cmocka_unit_test(p2_each_page_of_a_case_is_an_event),
		cmocka_unit_test(p3_unit_that_returned_the_matter_has_the_case_no_more),
		cmocka_unit_test(p2_statement_is_read_again_and_stands_in_the_report),
		cmocka_unit_test(p3_statement_is_read_by_whom_it_concerns),
		cmocka_unit_test(p8_erased_is_listed_as_such_and_not_read),
		cmocka_unit_test(p6_officer_finds_whom_somebody_names),
		cmocka_unit_test(p3_officers_search_is_the_officers),
		cmocka_unit_test(p6_officers_search_goes_through_all_units),
	};

	return cmocka_run_group_tests(tests, make, end);
}
