/*
 * p3: R2 over the wire. A county's social worker refers a client to an employment area's queue and
 * to an association's coach, with the client's consent; the client withdraws it, wholly or in part,
 * between notice and opening. What was not opened stays closed, what was opened stays its
 * controller's own; both sides learn that it stopped, and nothing else.
 */

#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "lahetti/note.h"
#include "lahetti/receipt.h"
#include "region.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#define CATEGORY(NAME) LAHETTI__V1__CATEGORY__CATEGORY_##NAME
#define STATE(NAME)    LAHETTI__V1__STATE__STATE_##NAME
#define STEP(NAME)     LAHETTI__V1__STEP__STEP_##NAME
#define FRAME(NAME)    LAHETTI__V1__SERVER_FRAME__BODY_##NAME

#define RACES 40
#define NONE  0 /* no category, no date */

struct scene {
	struct region r;
	struct person *worker, *contact, *coach; /* of county, area, association */
	struct lahetti_id client, case_id;
};

static Lahetti__V1__ServerFrame *expect(Lahetti__V1__ServerFrame *answer,
					Lahetti__V1__ServerFrame__BodyCase wanted)
{
	if (answer->body_case == FRAME(ERROR))
		print_message("%s: %s\n", answer->error->code, answer->error->sentence);
	assert_int_equal(wanted, answer->body_case);
	return answer;
}

static void refused(const Lahetti__V1__ServerFrame *answer, const char *code)
{
	assert_int_equal(FRAME(ERROR), answer->body_case);
	assert_string_equal(code, answer->error->code);
}

/* ---- consent, referral, withdrawal ----------------------------------------------------------- */

static Lahetti__V1__Party party_of(const struct person *who)
{
	Lahetti__V1__Party p = LAHETTI__V1__PARTY__INIT;

	p.organisation = lahetti_bytes(lahetti_id_span(&who->organisation));
	p.unit = lahetti_bytes(lahetti_id_span(&who->unit));
	return p;
}

/* Oral, witnessed by the one who writes it: to the area's unit and to whoever is given. */
static void consent_to(struct scene *s, struct writing *w, Lahetti__V1__Party *second,
		       bool feedback)
{
	static char leaflet[] = "2026-1";
	static Lahetti__V1__Purpose purposes[] = {LAHETTI__V1__PURPOSE__PURPOSE_EMPLOYMENT_SUPPORT};
	static Lahetti__V1__Category categories[] = {CATEGORY(CONTACT), CATEGORY(SERVICE_NEED),
						     CATEGORY(WORK_ABILITY)};
	Lahetti__V1__Consent body = LAHETTI__V1__CONSENT__INIT;
	Lahetti__V1__Party area = party_of(s->contact);
	Lahetti__V1__Party *parties[] = {&area, second};

	writing_begin(w, s->worker, LAHETTI_KIND_CONSENT, &s->client, &s->case_id);
	body.giver = LAHETTI__V1__GIVER__GIVER_CLIENT;
	body.purposes = purposes;
	body.n_purposes = 1;
	body.categories = categories;
	body.n_categories = 3;
	body.parties = parties;
	body.n_parties = 2;
	body.from = 20260101;
	body.until = 20991231;
	body.how = LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_ORAL;
	body.witness = lahetti_bytes(lahetti_id_span(&s->worker->user));
	body.leaflet_version = leaflet;
	body.kanta_checked = 1;
	body.covers_feedback = feedback;
	writing_sign(w, &body.base, s->worker->key);
	(void)expect(person_submit(s->worker, w), FRAME(ACCEPTED));
}

static void consent(struct scene *s, struct writing *w, bool feedback)
{
	Lahetti__V1__Party association = party_of(s->coach);

	consent_to(s, w, &association, feedback);
}

static Lahetti__V1__ServerFrame *refer(struct scene *s, struct writing *w,
				       const struct writing *consent, bool to_queue, bool to_coach,
				       size_t n_categories)
{
	Lahetti__V1__Referral body;

	writing_begin(w, s->worker, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	writing_to_queue(w, &s->contact->organisation, &s->contact->unit);
	w->header.n_recipients = to_queue;
	if (to_coach)
		writing_and_user(w, s->coach);
	w->header.n_categories = n_categories;
	writing_on_consent(w, consent);
	referral_fill(&body);
	writing_sign(w, &body.base, s->worker->key);
	return person_submit(s->worker, w);
}

/* party: NULL, all of them. */
static void write_withdrawal(struct scene *s, struct writing *w, const struct writing *consent,
			     const struct person *party, Lahetti__V1__Category category)
{
	static char how[] = "Puhelimitse.";
	Lahetti__V1__Withdrawal body = LAHETTI__V1__WITHDRAWAL__INIT;
	Lahetti__V1__Party one, *parties[] = {&one};

	writing_begin(w, s->worker, LAHETTI_KIND_WITHDRAWAL, &s->client, &s->case_id);
	writing_reply(w, &consent->id, &consent->sha256);
	body.how = how;
	if (party != NULL) {
		one = party_of(party);
		body.parties = parties;
		body.n_parties = 1;
	}
	if (category != CATEGORY(UNSPECIFIED)) {
		body.categories = &category;
		body.n_categories = 1;
	}
	writing_sign(w, &body.base, s->worker->key);
}

/* The answer tells to whom it had been disclosed. */
static Lahetti__V1__Accepted *withdraw(struct scene *s, const struct writing *consent,
				       const struct person *party, Lahetti__V1__Category category)
{
	struct writing w;
	Lahetti__V1__Accepted *accepted;

	write_withdrawal(s, &w, consent, party, category);
	accepted = expect(person_submit(s->worker, &w), FRAME(ACCEPTED))->accepted;
	writing_finish(&w);
	return accepted;
}

/* What a search gives that fails the test: analysers don't see that it never returns. */
static const Lahetti__V1__Notice none = LAHETTI__V1__NOTICE__INIT;

static const Lahetti__V1__Notice *of_unit(const Lahetti__V1__Accepted *accepted,
					  const struct person *who)
{
	for (size_t i = 0; i < accepted->n_deliveries; i++)
		if (lahetti_span_equal(lahetti_bytes_span(accepted->deliveries[i]->recipient->unit),
				       lahetti_id_span(&who->unit)))
			return accepted->deliveries[i];
	fail();
	return &none;
}

/* ---- the recipients' side -------------------------------------------------------------------- */

/* A delivery as its recipient sees it: the notice of a statement. */
static const Lahetti__V1__Notice *notice_of(struct person *p, const struct lahetti_id *statement)
{
	static Lahetti__V1__Notice *notices[500];
	const Lahetti__V1__Notice *found = &none;
	size_t n;

	(void)person_subscribe(p, 0, notices, 500, &n);
	for (size_t i = 0; i < n; i++)
		if (lahetti_span_equal(lahetti_bytes_span(notices[i]->statement),
				       lahetti_id_span(statement)))
			found = notices[i];
	assert_ptr_not_equal(&none, found);
	return found;
}

static void delivery_of(struct person *p, const struct lahetti_id *statement, struct lahetti_id *id)
{
	struct lahetti_fault f = {0};

	assert_true(lahetti_id_read(id, lahetti_bytes_span(notice_of(p, statement)->delivery), &f));
}

static void claim(struct person *p, const struct lahetti_id *delivery)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Claim c = LAHETTI__V1__CLAIM__INIT;

	c.delivery = lahetti_bytes(lahetti_id_span(delivery));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_CLAIM;
	frame.claim = &c;
	(void)person_expect(p, &frame, FRAME(DONE));
}

static void write_step(struct writing *w, struct person *p, const struct writing *what,
		       const struct lahetti_id *delivery, Lahetti__V1__Step step)
{
	Lahetti__V1__Acknowledgement a = LAHETTI__V1__ACKNOWLEDGEMENT__INIT;

	writing_begin(w, p, LAHETTI_KIND_ACKNOWLEDGEMENT, NULL, NULL);
	writing_reply(w, &what->id, &what->sha256);
	a.delivery = lahetti_bytes(lahetti_id_span(delivery));
	a.step = step;
	writing_sign(w, &a.base, p->key);
}

static Lahetti__V1__ServerFrame *step(struct person *p, const struct writing *what,
				      const struct lahetti_id *delivery, Lahetti__V1__Step step)
{
	struct writing w;
	Lahetti__V1__ServerFrame *answer;

	write_step(&w, p, what, delivery, step);
	answer = step == STEP(OPEN) ? person_open(p, &w) : person_submit(p, &w);
	writing_finish(&w);
	return answer;
}

/* What the coach keeps of whom: its own controller's client and case. */
static void learn(const Lahetti__V1__Content *content, struct lahetti_id *client,
		  struct lahetti_id *case_id)
{
	struct lahetti_fault f = {0};

	assert_true(lahetti_id_read(client, lahetti_bytes_span(content->client), &f));
	assert_true(lahetti_id_read(case_id, lahetti_bytes_span(content->case_id), &f));
}

/* To the worker, about the referral; a report, or a closing to somebody or nobody. */
static Lahetti__V1__ServerFrame *tell(struct scene *s, struct writing *w, uint32_t kind,
				      const struct writing *referral,
				      const struct lahetti_id *delivery,
				      const Lahetti__V1__Content *content, bool to_sender)
{
	static char text[] = "Työnhaku on alkanut.";
	Lahetti__V1__InterimReport report = LAHETTI__V1__INTERIM_REPORT__INIT;
	Lahetti__V1__Closing closing = LAHETTI__V1__CLOSING__INIT;
	struct lahetti_id client, case_id;

	learn(content, &client, &case_id);
	writing_begin(w, s->coach, kind, &client, &case_id);
	writing_reply(w, &referral->id, &referral->sha256);
	writing_to_user(w, s->worker);
	w->header.n_recipients = to_sender;
	w->basis.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT;
	w->categories[0] = CATEGORY(FEEDBACK);
	w->header.n_categories = 1;
	report.delivery = closing.delivery = lahetti_bytes(lahetti_id_span(delivery));
	report.report = text;
	closing.outcome = LAHETTI__V1__OUTCOME__OUTCOME_STUDIES;
	closing.sentence_back = text;
	writing_sign(w, kind == LAHETTI_KIND_CLOSING ? &closing.base : &report.base, s->coach->key);
	return person_submit(s->coach, w);
}

/* ---- the sender's side ----------------------------------------------------------------------- */

static const Lahetti__V1__Timeline *timeline(struct scene *s, const struct writing *statement)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadTimeline read = LAHETTI__V1__READ_TIMELINE__INIT;

	read.statement = lahetti_bytes(lahetti_id_span(&statement->id));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_TIMELINE;
	frame.read_timeline = &read;
	return person_expect(s->worker, &frame, FRAME(TIMELINE))->timeline;
}

/* How often a unit's step is shown; people of other organisations never are. */
static size_t shown(const Lahetti__V1__Timeline *t, const struct person *who,
		    Lahetti__V1__Step step)
{
	size_t n = 0;

	for (size_t i = 0; i < t->n_steps; i++) {
		assert_int_equal(0, t->steps[i]->user.len);
		assert_string_equal("", t->steps[i]->user_name);
		n += t->steps[i]->step == step &&
		     lahetti_span_equal(lahetti_bytes_span(t->steps[i]->unit),
					lahetti_id_span(&who->unit));
	}
	return n;
}

static const Lahetti__V1__Viewers *who_would_see(struct scene *s, const struct writing *consent,
						 bool statutory)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoWouldSee question = LAHETTI__V1__WHO_WOULD_SEE__INIT;
	struct writing w;

	writing_begin(&w, s->worker, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	writing_to_queue(&w, &s->contact->organisation, &s->contact->unit);
	writing_and_user(&w, s->coach);
	if (consent != NULL)
		writing_on_consent(&w, consent);
	question.client = w.header.client;
	question.case_id = w.header.case_id;
	question.recipients = w.recipients;
	question.n_recipients = 2;
	question.categories = w.categories;
	question.n_categories = 2;
	question.consents = w.consents;
	question.n_consents = w.header.n_consents;
	question.kind = LAHETTI_KIND_REFERRAL;
	if (statutory) {
		w.basis.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_STATUTORY;
		w.basis.section = lahetti_text("SHL 49 §");
		w.basis.necessity = lahetti_text("Palvelutarpeen arvioimiseksi.");
		w.basis.decided_by = w.header.author;
		question.basis = &w.basis;
	}
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_WOULD_SEE;
	frame.who_would_see = &question;
	return person_expect(s->worker, &frame, FRAME(VIEWERS))->viewers;
}

/* ---- the promises ---------------------------------------------------------------------------- */

static void p3_withdrawal_of_all_closes_what_nobody_opened(void **state)
{
	struct scene *s = *state;
	struct writing given, referral, again;
	struct lahetti_id at_area, at_association;
	const Lahetti__V1__Viewers *viewers;
	const Lahetti__V1__Accepted *accepted;
	const Lahetti__V1__Timeline *t;
	const Lahetti__V1__Notice *notice;

	viewers = who_would_see(s, NULL, false);
	assert_int_equal(2, viewers->n_viewers);
	assert_string_equal("no-consent", viewers->viewers[0]->code);
	viewers = who_would_see(s, NULL, true);
	assert_int_equal(2, viewers->n_viewers);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(LAHETTI__V1__BASIS_KIND__BASIS_KIND_STATUTORY,
				 viewers->viewers[i]->basis);
	consent(s, &given, true);
	viewers = who_would_see(s, &given, false);
	assert_int_equal(2, viewers->n_viewers);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT,
				 viewers->viewers[i]->basis);
	(void)expect(refer(s, &referral, &given, true, true, 2), FRAME(ACCEPTED));
	delivery_of(s->contact, &referral.id, &at_area);
	delivery_of(s->coach, &referral.id, &at_association);
	claim(s->contact, &at_area);
	(void)expect(step(s->coach, &referral, &at_association, STEP(OPEN)), FRAME(CONTENT));

	accepted = withdraw(s, &given, NULL, CATEGORY(UNSPECIFIED));
	assert_int_equal(2, accepted->n_deliveries);
	assert_int_equal(STATE(STOPPED), of_unit(accepted, s->contact)->state);
	assert_false(of_unit(accepted, s->contact)->opened);
	assert_int_equal(STATE(STOPPED), of_unit(accepted, s->coach)->state);
	assert_true(of_unit(accepted, s->coach)->opened);

	refused(step(s->contact, &referral, &at_area, STEP(OPEN)), "consent-withdrawn");
	(void)expect(step(s->coach, &referral, &at_association, STEP(OPEN)), FRAME(CONTENT));
	refused(step(s->coach, &referral, &at_association, STEP(TAKE)), "step-not-now");
	notice = notice_of(s->contact, &referral.id);
	assert_int_equal(STATE(STOPPED), notice->state);
	assert_true(notice->gone);
	assert_int_equal(0, notice->n_steps);
	assert_int_equal(STATE(STOPPED), notice_of(s->coach, &referral.id)->state);
	t = timeline(s, &referral);
	assert_int_equal(0, shown(t, s->contact, STEP(OPEN)));
	assert_int_equal(1, shown(t, s->coach, STEP(OPEN)));
	assert_int_equal(1, shown(t, s->contact, STEP(STOP)));
	assert_int_equal(1, shown(t, s->coach, STEP(STOP)));
	refused(refer(s, &again, &given, true, false, 2), "consent-withdrawn");
	writing_finish(&again);
	/* Twice withdrawn is withdrawn. */
	assert_int_equal(2, withdraw(s, &given, NULL, CATEGORY(UNSPECIFIED))->n_deliveries);
	writing_finish(&given);
	writing_finish(&referral);
}

static void p3_withdrawal_for_a_party_leaves_the_other(void **state)
{
	struct scene *s = *state;
	struct writing given, referral, report, again;
	struct lahetti_id at_area, at_association, answer;
	const Lahetti__V1__Accepted *accepted;
	const Lahetti__V1__Content *content;
	const Lahetti__V1__Timeline *t;

	consent(s, &given, true);
	(void)expect(refer(s, &referral, &given, true, true, 2), FRAME(ACCEPTED));
	delivery_of(s->contact, &referral.id, &at_area);
	delivery_of(s->coach, &referral.id, &at_association);
	claim(s->contact, &at_area);
	accepted = withdraw(s, &given, s->contact, CATEGORY(UNSPECIFIED));
	assert_int_equal(STATE(STOPPED), of_unit(accepted, s->contact)->state);
	assert_int_equal(STATE(REQUESTED), of_unit(accepted, s->coach)->state);

	refused(step(s->contact, &referral, &at_area, STEP(OPEN)), "consent-withdrawn");
	content = expect(step(s->coach, &referral, &at_association, STEP(OPEN)), FRAME(CONTENT))
			  ->content;
	assert_int_equal(STATE(OPENED), content->state);
	(void)expect(step(s->coach, &referral, &at_association, STEP(TAKE)), FRAME(ACCEPTED));
	content = expect(step(s->coach, &referral, &at_association, STEP(OPEN)), FRAME(CONTENT))
			  ->content;
	(void)expect(tell(s, &report, LAHETTI_KIND_INTERIM_REPORT, &referral, &at_association,
			  content, true),
		     FRAME(ACCEPTED));
	/* What the one who stays may tell is told: the step, and the report itself. */
	t = timeline(s, &referral);
	assert_int_equal(1, shown(t, s->coach, STEP(REPORT)));
	assert_int_equal(0, shown(t, s->contact, STEP(OPEN)));
	delivery_of(s->worker, &report.id, &answer);
	(void)expect(step(s->worker, &report, &answer, STEP(OPEN)), FRAME(CONTENT));
	refused(refer(s, &again, &given, true, false, 2), "consent-withdrawn");
	writing_finish(&again);
	(void)expect(refer(s, &again, &given, false, true, 2), FRAME(ACCEPTED));
	writing_finish(&again);
	writing_finish(&given);
	writing_finish(&referral);
	writing_finish(&report);
}

static void p3_withdrawal_of_a_category_closes_what_tells_it(void **state)
{
	struct scene *s = *state;
	struct writing given, whole, contact_only;
	struct lahetti_id delivery, other;
	const Lahetti__V1__Accepted *accepted;

	consent(s, &given, false);
	(void)expect(refer(s, &whole, &given, false, true, 2), FRAME(ACCEPTED));
	(void)expect(refer(s, &contact_only, &given, false, true, 1), FRAME(ACCEPTED));
	delivery_of(s->coach, &whole.id, &delivery);
	delivery_of(s->coach, &contact_only.id, &other);
	/* One that neither tells changes nothing. */
	(void)withdraw(s, &given, NULL, CATEGORY(WORK_ABILITY));
	assert_int_equal(STATE(REQUESTED), notice_of(s->coach, &whole.id)->state);
	accepted = withdraw(s, &given, NULL, CATEGORY(SERVICE_NEED));
	assert_int_equal(2, accepted->n_deliveries);
	refused(step(s->coach, &whole, &delivery, STEP(OPEN)), "consent-withdrawn");
	(void)expect(step(s->coach, &contact_only, &other, STEP(OPEN)), FRAME(CONTENT));
	writing_finish(&given);
	writing_finish(&whole);
	writing_finish(&contact_only);
}

static void p3_withdrawal_stops_what_is_told_back_and_not_yet_opened(void **state)
{
	struct scene *s = *state;
	struct writing given, referral, report;
	struct lahetti_id delivery, answer;
	const Lahetti__V1__Content *content;
	size_t stopped;

	/* For the area: the report stays; for the association that tells it: it does not. */
	for (int of_teller = 0; of_teller < 2; of_teller++) {
		consent(s, &given, true);
		(void)expect(refer(s, &referral, &given, true, true, 2), FRAME(ACCEPTED));
		delivery_of(s->coach, &referral.id, &delivery);
		(void)expect(step(s->coach, &referral, &delivery, STEP(OPEN)), FRAME(CONTENT));
		(void)expect(step(s->coach, &referral, &delivery, STEP(TAKE)), FRAME(ACCEPTED));
		content = expect(step(s->coach, &referral, &delivery, STEP(OPEN)), FRAME(CONTENT))
				  ->content;
		(void)expect(tell(s, &report, LAHETTI_KIND_INTERIM_REPORT, &referral, &delivery,
				  content, true),
			     FRAME(ACCEPTED));
		delivery_of(s->worker, &report.id, &answer);
		(void)withdraw(s, &given, of_teller ? s->coach : s->contact, CATEGORY(UNSPECIFIED));
		stopped = notice_of(s->worker, &report.id)->state == STATE(STOPPED);
		assert_int_equal(of_teller, stopped);
		if (of_teller)
			refused(step(s->worker, &report, &answer, STEP(OPEN)), "consent-withdrawn");
		else
			(void)expect(step(s->worker, &report, &answer, STEP(OPEN)), FRAME(CONTENT));
		assert_int_equal(of_teller ? STATE(STOPPED) : STATE(INTERIM_REPORT),
				 notice_of(s->coach, &referral.id)->state);
		/* What the controller has no more consent for is told nobody. */
		assert_int_equal(!of_teller, shown(timeline(s, &referral), s->coach, STEP(REPORT)));
		writing_finish(&given);
		writing_finish(&referral);
		writing_finish(&report);
	}
}

static void p3_feedback_goes_back_under_a_consent_that_covers_it(void **state)
{
	struct scene *s = *state;

	for (int covered = 0; covered < 2; covered++) {
		struct writing given, referral, report, closing;
		struct lahetti_id delivery;
		const Lahetti__V1__Timeline *t;
		Lahetti__V1__Content *content;

		consent(s, &given, covered);
		(void)expect(refer(s, &referral, &given, true, true, 2), FRAME(ACCEPTED));
		delivery_of(s->coach, &referral.id, &delivery);
		(void)expect(step(s->coach, &referral, &delivery, STEP(OPEN)), FRAME(CONTENT));
		(void)expect(step(s->coach, &referral, &delivery, STEP(TAKE)), FRAME(ACCEPTED));
		(void)expect(step(s->coach, &referral, &delivery, STEP(MEET)), FRAME(ACCEPTED));
		content = expect(step(s->coach, &referral, &delivery, STEP(OPEN)), FRAME(CONTENT))
				  ->content;
		if (covered)
			(void)expect(tell(s, &report, LAHETTI_KIND_INTERIM_REPORT, &referral,
					  &delivery, content, true),
				     FRAME(ACCEPTED));
		else
			refused(tell(s, &report, LAHETTI_KIND_INTERIM_REPORT, &referral, &delivery,
				     content, true),
				"consent-without-feedback");
		content = expect(step(s->coach, &referral, &delivery, STEP(OPEN)), FRAME(CONTENT))
				  ->content;
		refused(tell(s, &closing, LAHETTI_KIND_CLOSING, &referral, &delivery, content,
			     !covered),
			covered ? "feedback-owed" : "consent-without-feedback");
		writing_finish(&closing);
		content = expect(step(s->coach, &referral, &delivery, STEP(OPEN)), FRAME(CONTENT))
				  ->content;
		(void)expect(tell(s, &closing, LAHETTI_KIND_CLOSING, &referral, &delivery, content,
				  covered),
			     FRAME(ACCEPTED));
		/* Taken and ended are always shown; the rest is not. */
		t = timeline(s, &referral);
		assert_int_equal(1, shown(t, s->coach, STEP(TAKE)));
		assert_int_equal(covered, shown(t, s->coach, STEP(MEET)));
		assert_int_equal(covered, shown(t, s->coach, STEP(REPORT)));
		assert_int_equal(1, shown(t, s->coach, STEP(COMPLETE)));
		assert_string_equal(covered ? "Työnhaku on alkanut." : "",
				    t->steps[t->n_steps - 1]->sentence);
		writing_finish(&given);
		writing_finish(&referral);
		writing_finish(&report);
		writing_finish(&closing);
	}
}

/* A consent may name the role that a person has: it covers the person as long as it stands. */
static void p3_withdrawal_for_a_party_leaves_a_person_whose_role_is_named(void **state)
{
	struct scene *s = *state;
	Lahetti__V1__Party coaches = party_of(s->coach);
	struct writing given, referral;
	struct lahetti_id delivery;
	const Lahetti__V1__Viewers *viewers;

	coaches.role = LAHETTI__V1__ROLE__ROLE_JOB_COACH;
	consent_to(s, &given, &coaches, true);
	viewers = who_would_see(s, &given, false);
	assert_int_equal(2, viewers->n_viewers);
	assert_string_equal("", viewers->viewers[1]->code);
	(void)expect(refer(s, &referral, &given, true, true, 2), FRAME(ACCEPTED));
	(void)withdraw(s, &given, s->contact, CATEGORY(UNSPECIFIED));
	delivery_of(s->coach, &referral.id, &delivery);
	(void)expect(step(s->coach, &referral, &delivery, STEP(OPEN)), FRAME(CONTENT));
	(void)expect(step(s->coach, &referral, &delivery, STEP(TAKE)), FRAME(ACCEPTED));
	(void)expect(step(s->coach, &referral, &delivery, STEP(MEET)), FRAME(ACCEPTED));
	assert_int_equal(1, shown(timeline(s, &referral), s->coach, STEP(MEET)));
	writing_finish(&given);
	writing_finish(&referral);
}

/* ---- the race -------------------------------------------------------------------------------- */

static uint64_t event_of(const struct person *p, const Lahetti__V1__Receipt *receipt)
{
	struct lahetti_fault f = {0};
	struct lahetti_note_verifier *log = lahetti_note_verifier_read(p->log_key, &f);
	struct lahetti_receipt_facts facts;
	struct lahetti_arena arena;
	uint64_t number;

	assert_true(lahetti_arena_init(&arena, 1u << 20, &f));
	assert_non_null(log);
	assert_true(lahetti_receipt_verify(receipt, log, &arena, &facts, &f));
	number = facts.event->number;
	lahetti_arena_finish(&arena);
	lahetti_note_verifier_destroy(log);
	return number;
}

/* Withdrawal and opening under way at once, from two sessions: either may be first, and whichever
 * is, answer, trail and what the worker is told say the same. */
static void p3_withdrawal_and_opening_at_once_agree_with_the_trail(void **state)
{
	struct scene *s = *state;
	struct lahetti_fault f = {0};
	int first = 0;

	for (int i = 0; i < RACES; i++) {
		struct writing given, referral, opening, withdrawal;
		struct lahetti_id delivery;
		uint64_t opens, withdraws, opened_at = 0, withdrawn_at;
		const Lahetti__V1__ServerFrame *answer;
		const Lahetti__V1__Accepted *accepted;
		bool opened;

		consent(s, &given, true);
		answer = expect(refer(s, &referral, &given, false, true, 2), FRAME(ACCEPTED));
		assert_true(lahetti_id_read(
			&delivery, lahetti_bytes_span(answer->accepted->deliveries[0]->delivery),
			&f));
		write_step(&opening, s->coach, &referral, &delivery, STEP(OPEN));
		write_withdrawal(s, &withdrawal, &given, i % 4 < 2 ? s->coach : NULL,
				 CATEGORY(UNSPECIFIED));
		if (i % 2 == 0) {
			opens = person_send(s->coach, &opening, true);
			withdraws = person_send(s->worker, &withdrawal, false);
		} else {
			withdraws = person_send(s->worker, &withdrawal, false);
			opens = person_send(s->coach, &opening, true);
		}
		answer = person_answer(s->coach, opens);
		opened = answer->body_case == FRAME(CONTENT);
		if (opened)
			opened_at = event_of(s->coach, answer->content->receipt);
		else
			refused(answer, "consent-withdrawn");
		accepted = expect(person_answer(s->worker, withdraws), FRAME(ACCEPTED))->accepted;
		withdrawn_at = event_of(s->worker, accepted->receipt);
		assert_true(!opened || opened_at < withdrawn_at);
		first += opened;
		assert_int_equal(1, accepted->n_deliveries);
		assert_int_equal(opened, accepted->deliveries[0]->opened);
		assert_int_equal(STATE(STOPPED), accepted->deliveries[0]->state);
		/* And so it stays. */
		answer = step(s->coach, &referral, &delivery, STEP(OPEN));
		if (opened)
			(void)expect(person_open(s->coach, &opening), FRAME(CONTENT));
		else
			refused(answer, "consent-withdrawn");
		writing_finish(&given);
		writing_finish(&referral);
		writing_finish(&opening);
		writing_finish(&withdrawal);
	}
	print_message("the opening was first in %d of %d\n", first, RACES);
}

/* ---- the world ------------------------------------------------------------------------------- */

static struct scene scene;

static int make(void **state)
{
	region_make(&scene.r);
	scene.worker = &scene.r.county.worker;
	scene.contact = &scene.r.area.worker;
	scene.coach = &scene.r.association.worker;
	*state = &scene;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	region_end(&s->r);
	return 0;
}

/* A client of one's own for each test. */
static int begin(void **state)
{
	struct scene *s = *state;

	region_sign_in(&s->r);
	person_add_client(s->worker, "Esimerkki", "", &s->client, &s->case_id);
	return 0;
}

static int leave(void **state)
{
	struct scene *s = *state;

	region_sign_out(&s->r);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(p3_withdrawal_of_all_closes_what_nobody_opened),
		TEST(p3_withdrawal_for_a_party_leaves_the_other),
		TEST(p3_withdrawal_of_a_category_closes_what_tells_it),
		TEST(p3_withdrawal_stops_what_is_told_back_and_not_yet_opened),
		TEST(p3_feedback_goes_back_under_a_consent_that_covers_it),
		TEST(p3_withdrawal_for_a_party_leaves_a_person_whose_role_is_named),
		TEST(p3_withdrawal_and_opening_at_once_agree_with_the_trail),
	};

	return cmocka_run_group_tests(tests, make, end);
}
