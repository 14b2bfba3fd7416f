#include "policy.h"

#include "lahetti/message.h"
#include "lahetti/text.h"
#include "samples.h"

#include <lahetti/v1/common.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define BASIS(NAME) LAHETTI__V1__BASIS_KIND__BASIS_KIND_##NAME
#define ROLE(NAME)  LAHETTI__V1__ROLE__ROLE_##NAME
#define STATE(NAME) LAHETTI__V1__STATE__STATE_##NAME
#define STEP(NAME)  LAHETTI__V1__STEP__STEP_##NAME
#define TO(NAME)    LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_##NAME
#define LENGTH(a)   (sizeof(a) / sizeof(a)[0])

/* ---- every decision of this program passes here ---------------------------------------------- */

static bool reached[1000]; /* codes of codes.def, by their place */

/* The code of a refusal, "" of what is allowed. A decision is one or the other, and whole. */
static const char *code_of(struct decision d)
{
	size_t n;
	const struct lahetti_code_row *codes = lahetti_codes(&n);

	if (d.allowed) {
		assert_string_equal(d.code, "");
		assert_int_not_equal(d.basis, 0);
		return d.code;
	}
	assert_int_equal(d.basis, 0);
	for (size_t i = 0; i < n; i++)
		if (strcmp(codes[i].code, d.code) == 0) {
			assert_int_equal(codes[i].from, LAHETTI_CODE_POLICY);
			reached[i] = true;
			return codes[i].code;
		}
	fail_msg("%s is not in codes.def", d.code);
	return NULL;
}

static Lahetti__V1__BasisKind basis_of(struct decision d)
{
	assert_string_equal(code_of(d), "");
	return d.basis;
}

#define assert_refused(decision, expected) assert_string_equal(code_of(decision), expected)
#define assert_allowed(decision, expected) assert_int_equal(basis_of(decision), BASIS(expected))

/* ---- the world: a worker of the county's clinic, a coach of the city's coaching unit ----------
 */

static struct facts_actor somebody(enum sample_who user, enum sample_who organisation,
				   enum sample_who unit, Lahetti__V1__Role role)
{
	return (struct facts_actor){
		.user = *sample_id(user),
		.organisation = *sample_id(organisation),
		.unit = *sample_id(unit),
		.role = role,
		.known = true,
		.device_confirmed = true,
	};
}

static struct facts_actor worker(void)
{
	return somebody(SAMPLE_WORKER, SAMPLE_COUNTY, SAMPLE_CLINIC, ROLE(SOCIAL_WORKER));
}

static struct facts_actor coach(void)
{
	return somebody(SAMPLE_COACH, SAMPLE_CITY, SAMPLE_COACHING, ROLE(JOB_COACH));
}

/* A referral of the worker on its way to the coach, opened. */
static struct facts_delivery to_coach(void)
{
	return (struct facts_delivery){
		.found = true,
		.state = STATE(OPENED),
		.recipient_kind = TO(USER),
		.organisation = *sample_id(SAMPLE_CITY),
		.unit = *sample_id(SAMPLE_COACHING),
		.user = *sample_id(SAMPLE_COACH),
		.opened_by_unit = true,
		.author = *sample_id(SAMPLE_WORKER),
		.author_unit = *sample_id(SAMPLE_CLINIC),
		.author_organisation = *sample_id(SAMPLE_COUNTY),
		.author_role = ROLE(SOCIAL_WORKER),
		.kind = LAHETTI_KIND_REFERRAL,
		.basis = BASIS(CONSENT),
		.categories = LAHETTI_SET(LAHETTI__V1__CATEGORY__CATEGORY_CONTACT) |
			      LAHETTI_SET(LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED),
	};
}

/* It points into itself: it must not be moved. */
struct world {
	struct sample sample;
	struct sample consent[2];
	Lahetti__V1__Withdrawal part;
	Lahetti__V1__Party withdrawn_party;
	Lahetti__V1__Party *withdrawn_parties[1];
	Lahetti__V1__Category withdrawn_categories[1];
	const Lahetti__V1__Withdrawal *parts[1];
	struct lahetti_statement statement;
	struct facts_recipient recipient[2];
	struct facts_recipient redirect;
	struct facts_consent consents[2];
	struct facts_submit submit;
	struct facts_open open;
};

static void begin(struct world *w, enum lahetti_kind kind)
{
	*w = (struct world){0};
	sample_init(&w->sample, kind);
	w->statement = sample_statement(&w->sample);
	for (int i = 0; i < 2; i++) {
		sample_init(&w->consent[i], LAHETTI_KIND_CONSENT);
		w->consents[i] = (struct facts_consent){
			.id = *sample_id(i == 0 ? SAMPLE_CONSENT : SAMPLE_SECOND_CONSENT),
			.terms = &w->consent[i].given,
		};
	}
	lahetti__v1__withdrawal__init(&w->part);
	lahetti__v1__party__init(&w->withdrawn_party);
	w->withdrawn_parties[0] = &w->withdrawn_party;
	w->part.parties = w->withdrawn_parties;
	w->part.categories = w->withdrawn_categories;
	w->parts[0] = &w->part;
}

/* A sample of the kind, in which there is nothing to refuse. */
static void good(struct world *w, enum lahetti_kind kind)
{
	static const Lahetti__V1__State states[] = {
		[LAHETTI_KIND_ACKNOWLEDGEMENT] = STATE(OPENED),
		[LAHETTI_KIND_INFORMATION_REQUEST] = STATE(OPENED),
		[LAHETTI_KIND_INFORMATION_ANSWER] = STATE(INFORMATION_REQUESTED),
		[LAHETTI_KIND_INTERIM_REPORT] = STATE(TAKEN),
		[LAHETTI_KIND_CLOSING] = STATE(IN_PROGRESS),
	};
	static const uint32_t answered[] = {
		[LAHETTI_KIND_WITHDRAWAL] = LAHETTI_KIND_CONSENT,
		[LAHETTI_KIND_ACKNOWLEDGEMENT] = LAHETTI_KIND_REFERRAL,
		[LAHETTI_KIND_INFORMATION_REQUEST] = LAHETTI_KIND_REFERRAL,
		[LAHETTI_KIND_INFORMATION_ANSWER] = LAHETTI_KIND_INFORMATION_REQUEST,
		[LAHETTI_KIND_INTERIM_REPORT] = LAHETTI_KIND_REFERRAL,
		[LAHETTI_KIND_CLOSING] = LAHETTI_KIND_REFERRAL,
	};
	const struct lahetti_kind_row *row = lahetti_kind_find(kind);
	struct facts_submit *f = &w->submit;

	begin(w, kind);
	w->consent[0].given.covers_feedback = row->feedback;
	for (int i = 0; i < 2; i++)
		w->recipient[i] = (struct facts_recipient){
			.asked = &w->sample.recipient[i],
			.exists = true,
			.takes_clients = true,
			.people = 1,
			.in_reply = row->replies_to != 0,
			.role = ROLE(JOB_COACH),
		};
	w->redirect = (struct facts_recipient){
		.asked = &w->sample.redirect_to,
		.exists = true,
		.takes_clients = true,
		.people = 3,
	};
	*f = (struct facts_submit){
		.actor = w->sample.header.role == ROLE(JOB_COACH) ? coach() : worker(),
		.now_us = SAMPLE_CREATED_US + 1000000,
		.today = SAMPLE_TODAY,
		.statement = &w->statement,
		.audience_is_ours = true,
		.author_is_actor = true,
		.client_known = row->has_client,
		.case_known = row->has_client,
		.unit_has_case = row->has_client,
		.recipients = w->recipient,
		.n_recipients = w->sample.header.n_recipients,
		.n_resolved = w->sample.header.n_recipients,
		.consents = w->consents,
		.n_consents = row->feedback ? 0 : w->sample.header.n_consents,
	};
	if (row->feedback) {
		w->sample.header.n_consents = 0;
		f->delivery_consents = w->consents;
		f->n_delivery_consents = 1;
	}
	if (row->replies_to != 0) {
		f->replied_found = true;
		f->replied_kind = answered[kind];
	}
	if (kind >= LAHETTI_KIND_ACKNOWLEDGEMENT) {
		f->delivery = to_coach();
		f->delivery.state = states[kind];
	}
}

/* The coach opens what the worker sent, for the first time. */
static void good_open(struct world *w)
{
	begin(w, LAHETTI_KIND_ACKNOWLEDGEMENT);
	w->sample.acknowledgement.step = STEP(OPEN);
	w->open = (struct facts_open){
		.actor = coach(),
		.now_us = SAMPLE_CREATED_US,
		.today = SAMPLE_TODAY,
		.statement = &w->statement,
		.audience_is_ours = true,
		.author_is_actor = true,
		.delivery = to_coach(),
		.consents = w->consents,
		.n_consents = 1,
		.statement_names_delivery = true,
	};
	w->open.delivery.state = STATE(HANDED_OVER);
	w->open.delivery.opened_by_unit = false;
}

/* ---- who may at all -------------------------------------------------------------------------- */

static void disable(struct facts_actor *actor)
{
	actor->user_disabled = true;
}

static void revoke(struct facts_actor *actor)
{
	actor->device_revoked = true;
}

static void leave_unconfirmed(struct facts_actor *actor)
{
	actor->device_confirmed = false;
}

static void end_membership(struct facts_actor *actor)
{
	actor->membership_ended = true;
}

static void choose_none(struct facts_actor *actor)
{
	actor->known = false;
}

/* What stops an actor everywhere; the last is no bar to what needs no membership. */
static const struct bar {
	const char *code;
	void (*set)(struct facts_actor *actor);
} bars[] = {
	{"user-disabled", disable},
	{"device-revoked", revoke},
	{"device-not-confirmed", leave_unconfirmed},
	{"membership-ended", end_membership},
	{"no-membership", choose_none},
};

static void session_needs_a_confirmed_device_and_a_living_membership(void **state)
{
	(void)state;
	for (size_t i = 0; i < LENGTH(bars); i++) {
		struct facts_actor actor = coach();

		assert_allowed(policy_session(&actor), NONE_NEEDED);
		bars[i].set(&actor);
		if (bars[i].set == choose_none)
			assert_allowed(policy_session(&actor), NONE_NEEDED);
		else
			assert_refused(policy_session(&actor), bars[i].code);
	}
}

static void what_bars_a_session_bars_everything(void **state)
{
	static struct world submit, open;
	struct lahetti_id *city = &(struct lahetti_id){0};
	struct facts_delivery queued = to_coach();

	(void)state;
	*city = *sample_id(SAMPLE_CITY);
	queued.recipient_kind = TO(QUEUE);
	for (size_t i = 0; i < LENGTH(bars); i++) {
		struct facts_actor actor = coach();
		struct facts_confirm confirm = {
			.owner = *sample_id(SAMPLE_OTHER),
			.owner_organisation = *city,
			.actor_leads_owner = true,
		};
		const char *code = bars[i].code;

		bars[i].set(&actor);
		good(&submit, LAHETTI_KIND_INTERIM_REPORT);
		submit.submit.actor = actor;
		good_open(&open);
		open.open.actor = actor;
		confirm.actor = actor;
		assert_refused(policy_submit(&submit.submit), code);
		assert_refused(policy_open(&open.open), code);
		assert_refused(policy_clients(&actor), code);
		assert_refused(policy_claim(&actor, &queued), code);
		assert_refused(policy_release(&actor, &queued), code);
		assert_refused(policy_confirm(&confirm), code);
		actor.role = ROLE(ADMINISTRATOR);
		assert_refused(policy_admin(&actor, POLICY_ADMIN_DIRECTORY, city, NULL), code);
		assert_refused(
			policy_admin(&actor, POLICY_ADMIN_REVOKE, city, sample_id(SAMPLE_OTHER)),
			code);
		actor.role = ROLE(DATA_PROTECTION_OFFICER);
		assert_refused(policy_read_trail(&actor, city), code);
	}
}

static bool sees_clients(int role)
{
	return role != ROLE(PEER_EXPERT) && role != ROLE(DATA_PROTECTION_OFFICER) &&
	       role != ROLE(ADMINISTRATOR);
}

static void each_kind_is_authored_by_whoever_sees_clients(void **state)
{
	static struct world w;
	const ProtobufCEnumDescriptor *roles = &lahetti__v1__role__descriptor;
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 1; k < roles->n_values; k++) {
			int role = roles->values[k].value;

			good(&w, (enum lahetti_kind)kinds[i].number);
			w.submit.actor.role = (Lahetti__V1__Role)role;
			if (sees_clients(role))
				assert_string_equal(code_of(policy_submit(&w.submit)), "");
			else
				assert_refused(policy_submit(&w.submit), "role-may-not-author");
		}
}

static void protected_roles_see_no_client(void **state)
{
	static struct world w;
	const ProtobufCEnumDescriptor *roles = &lahetti__v1__role__descriptor;

	(void)state;
	for (unsigned k = 1; k < roles->n_values; k++) {
		int role = roles->values[k].value;
		struct facts_actor actor = coach();

		actor.role = (Lahetti__V1__Role)role;
		good_open(&w);
		w.open.actor = actor;
		w.open.delivery.recipient_kind = TO(QUEUE);
		w.open.delivery.claimed_by = actor.user;
		assert_int_equal(policy_addressed(&actor, &w.open.delivery), sees_clients(role));
		if (sees_clients(role)) {
			assert_allowed(policy_clients(&actor), OWN_REGISTER);
			assert_allowed(policy_open(&w.open), CONSENT);
			assert_allowed(policy_claim(&actor, &w.open.delivery), NONE_NEEDED);
		} else {
			Lahetti__V1__Step steps[32];

			assert_refused(policy_clients(&actor), "role-without-clients");
			assert_refused(policy_open(&w.open), "role-without-clients");
			assert_refused(policy_claim(&actor, &w.open.delivery),
				       "role-without-clients");
			assert_int_equal(policy_steps(&actor, &w.open.delivery, steps, 32), 0);
			w.open.delivery.opened_by_unit = true;
			assert_refused(policy_open(&w.open), "role-without-clients");
		}
	}
}

/* ---- what is submitted ----------------------------------------------------------------------- */

static void good_sample_of_each_kind_is_accepted(void **state)
{
	static struct world w;
	static const Lahetti__V1__BasisKind bases[] = {
		[LAHETTI_KIND_REFERRAL] = BASIS(CONSENT),
		[LAHETTI_KIND_CONSENT] = BASIS(OWN_REGISTER),
		[LAHETTI_KIND_WITHDRAWAL] = BASIS(OWN_REGISTER),
		[LAHETTI_KIND_ACKNOWLEDGEMENT] = BASIS(OWN_REGISTER),
		[LAHETTI_KIND_INFORMATION_REQUEST] = BASIS(CONSENT),
		[LAHETTI_KIND_INFORMATION_ANSWER] = BASIS(CONSENT),
		[LAHETTI_KIND_INTERIM_REPORT] = BASIS(CONSENT),
		[LAHETTI_KIND_CLOSING] = BASIS(CONSENT),
	};
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		good(&w, (enum lahetti_kind)kinds[i].number);
		assert_int_equal(basis_of(policy_submit(&w.submit)), bases[kinds[i].number]);
	}
}

/* One fact wrong, one code. */
#define SUBMIT_REFUSED(KIND, code, ...)                         \
	do {                                                    \
		good(&w, LAHETTI_KIND_##KIND);                  \
		(void)(__VA_ARGS__);                            \
		assert_refused(policy_submit(&w.submit), code); \
	} while (0)
#define SUBMIT_ALLOWED(KIND, basis, ...)                         \
	do {                                                     \
		good(&w, LAHETTI_KIND_##KIND);                   \
		(void)(__VA_ARGS__);                             \
		assert_allowed(policy_submit(&w.submit), basis); \
	} while (0)

static void statement_is_for_this_server_by_its_author_and_of_today(void **state)
{
	static struct world w;

	(void)state;
	SUBMIT_REFUSED(REFERRAL, "wrong-audience", w.submit.audience_is_ours = false);
	SUBMIT_REFUSED(REFERRAL, "not-the-author", w.submit.author_is_actor = false);
	SUBMIT_REFUSED(REFERRAL, "dated-ahead",
		       w.submit.now_us = SAMPLE_CREATED_US - POLICY_AHEAD_US - 1);
	SUBMIT_ALLOWED(REFERRAL, CONSENT, w.submit.now_us = SAMPLE_CREATED_US - POLICY_AHEAD_US);
	SUBMIT_ALLOWED(REFERRAL, CONSENT, w.submit.now_us = SAMPLE_CREATED_US + POLICY_LATE_US);
	SUBMIT_REFUSED(REFERRAL, "too-old",
		       w.submit.now_us = SAMPLE_CREATED_US + POLICY_LATE_US + 1);
	assert_false(policy_sent_late(100000000, 100000000));
	assert_false(policy_sent_late(100000000, 160000000));
	assert_true(policy_sent_late(100000000, 160000001));
	assert_false(policy_sent_late(200000000, 100000000));
}

/* Every way in which a client is not ours gives the same answer. */
static void another_units_client_is_as_unknown_as_none(void **state)
{
	static struct world w;
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		enum lahetti_kind kind = (enum lahetti_kind)kinds[i].number;

		if (!kinds[i].has_client)
			continue;
		good(&w, kind);
		w.submit.client_known = false;
		assert_refused(policy_submit(&w.submit), "no-such-case");
		good(&w, kind);
		w.submit.case_known = false;
		assert_refused(policy_submit(&w.submit), "no-such-case");
		good(&w, kind);
		w.submit.unit_has_case = false;
		w.submit.client_erased = true;
		assert_refused(policy_submit(&w.submit), "no-such-case");
		good(&w, kind);
		w.submit.client_erased = true;
		assert_refused(policy_submit(&w.submit), "erased");
	}
}

static void reply_answers_what_is_there_and_may_be_answered_so(void **state)
{
	static struct world w;
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		enum lahetti_kind kind = (enum lahetti_kind)kinds[i].number;

		if (kinds[i].replies_to == 0)
			continue;
		good(&w, kind);
		w.submit.replied_found = false;
		assert_refused(policy_submit(&w.submit), "no-such-statement");
		for (uint32_t answered = 0; answered < 70; answered++) {
			good(&w, kind);
			w.submit.replied_kind = answered;
			if (kind == LAHETTI_KIND_ACKNOWLEDGEMENT)
				w.submit.delivery.kind = answered;
			if (answered >= 64 || !LAHETTI_IN(kinds[i].replies_to, answered))
				assert_refused(policy_submit(&w.submit), "cannot-be-answered-so");
			else if (kind == LAHETTI_KIND_ACKNOWLEDGEMENT &&
				 answered != LAHETTI_KIND_REFERRAL)
				assert_refused(policy_submit(&w.submit), "step-not-of-kind");
			else
				assert_refused(policy_submit(&w.submit), "");
		}
	}
}

static void only_ones_own_is_replaced_by_its_like(void **state)
{
	static struct world w;

	(void)state;
#define REPLACING(KIND)                                              \
	(w.sample.header.replaces = &w.sample.replaces,              \
	 w.submit.replaced_found = w.submit.replaced_is_ours = true, \
	 w.submit.replaced_kind = LAHETTI_KIND_##KIND)
	SUBMIT_ALLOWED(REFERRAL, CONSENT, REPLACING(REFERRAL));
	SUBMIT_ALLOWED(CONSENT, OWN_REGISTER, REPLACING(CONSENT));
	SUBMIT_ALLOWED(CONSENT, OWN_REGISTER,
		       (REPLACING(CONSENT), w.submit.replaced_is_ours = false));
	SUBMIT_REFUSED(REFERRAL, "not-yours-to-replace",
		       (REPLACING(REFERRAL), w.submit.replaced_is_ours = false));
	SUBMIT_REFUSED(REFERRAL, "no-such-statement",
		       (REPLACING(REFERRAL), w.submit.replaced_found = false));
	SUBMIT_REFUSED(REFERRAL, "no-such-statement", REPLACING(CONSENT));
	SUBMIT_REFUSED(CONSENT, "no-such-statement", REPLACING(REFERRAL));
#undef REPLACING
}

static void recipient_is_there_and_takes_clients(void **state)
{
	static struct world w;

	(void)state;
	SUBMIT_REFUSED(REFERRAL, "no-such-recipient", w.recipient[0].exists = false);
	SUBMIT_REFUSED(REFERRAL, "no-such-recipient", w.submit.n_recipients = 0);
	SUBMIT_REFUSED(REFERRAL, "no-such-recipient", w.submit.n_resolved = 0);
	SUBMIT_REFUSED(REFERRAL, "unit-takes-no-clients", w.recipient[0].takes_clients = false);
	SUBMIT_REFUSED(REFERRAL, "nobody-there", w.recipient[0].people = 0);
	SUBMIT_REFUSED(CLOSING, "nobody-there", w.recipient[0].people = 0);
	/* An answer comes back to its unit even where that takes no more clients, and to no other.
	 */
	SUBMIT_ALLOWED(CLOSING, CONSENT, w.recipient[0].takes_clients = false);
	SUBMIT_REFUSED(CLOSING, "not-whom-it-answers", w.recipient[0].in_reply = false);
	SUBMIT_REFUSED(INFORMATION_ANSWER, "not-whom-it-answers", w.recipient[0].in_reply = false);
}

static void second_recipient_is_judged_like_the_first(void **state)
{
	static struct world w;

	(void)state;
#define TWO (w.sample.header.n_recipients = w.submit.n_recipients = w.submit.n_resolved = 2)
	SUBMIT_ALLOWED(REFERRAL, CONSENT, TWO);
	SUBMIT_REFUSED(REFERRAL, "nobody-there", (TWO, w.recipient[1].people = 0));
	SUBMIT_REFUSED(REFERRAL, "consent-for-others",
		       (TWO, w.sample.recipient[1].organisation = sample_bytes(SAMPLE_KELA)));
	SUBMIT_REFUSED(REFERRAL, "no-such-recipient", w.sample.header.n_recipients = 2);
	/* One within, one outside the controller: the basis of the one outside is recorded. */
	SUBMIT_ALLOWED(REFERRAL, CONSENT,
		       (TWO, w.sample.recipient[1].organisation = sample_bytes(SAMPLE_COUNTY)));
	SUBMIT_ALLOWED(REFERRAL, CONSENT,
		       (TWO, w.sample.recipient[0].organisation = sample_bytes(SAMPLE_COUNTY)));
#undef TWO
}

/* A team is resolved to people, each of whom is judged as a person is. One that still is a team has
 * nobody in it; another organisation's is not there, whoever is in it. */
static void p3_team_is_judged_as_the_people_in_it(void **state)
{
	static const struct {
		int kind;
		const char *code;
	} rows[] = {{TO(CARE_TEAM), "no-care-team"}, {TO(CASE_MANAGER), "no-case-manager"}};
	static struct world w;

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		for (int named = 0; named < 3; named++) {
			Lahetti__V1__Recipient *to = &w.sample.recipient[0];
			struct facts_consent none = {0};

			good(&w, LAHETTI_KIND_REFERRAL);
			to->kind = (Lahetti__V1__RecipientKind)rows[i].kind;
			to->unit.len = to->user.len = 0;
			to->organisation = sample_bytes(named == 1 ? SAMPLE_COUNTY : SAMPLE_CITY);
			if (named == 0)
				to->organisation.len = 0;
			/* Facts that can't be do not make it deliverable. */
			assert_refused(policy_submit(&w.submit),
				       named == 2 ? "no-such-recipient" : rows[i].code);
			assert_refused(policy_disclose(sample_id(SAMPLE_COUNTY), to, 0,
						       SAMPLE_TODAY, &none, 0, NULL),
				       named == 2 ? "no-such-recipient" : rows[i].code);
		}
	/* One recipient of the header stands for two people: the second is judged too. */
	SUBMIT_ALLOWED(REFERRAL, CONSENT, w.submit.n_recipients = 2);
	SUBMIT_REFUSED(REFERRAL, "no-such-recipient",
		       (w.submit.n_recipients = 2, w.recipient[1].exists = false));
	SUBMIT_REFUSED(REFERRAL, "consent-for-others",
		       (w.submit.n_recipients = 2,
			w.sample.recipient[1].organisation = sample_bytes(SAMPLE_KELA)));
}

static void what_the_statement_relies_on_is_there(void **state)
{
	static struct world w;

	(void)state;
	SUBMIT_REFUSED(REFERRAL, "no-such-consent", w.submit.consent_missing = true);
	SUBMIT_REFUSED(REFERRAL, "no-such-consent", w.submit.n_consents = 0);
	SUBMIT_REFUSED(REFERRAL, "attachment-missing", w.submit.attachments_missing = true);
	SUBMIT_REFUSED(CONSENT, "attachment-missing", w.submit.attachments_missing = true);
}

/* ---- consent --------------------------------------------------------------------------------- */

/* The same consents, asked in each way that one is asked: to the coach, who is known as a person.
 */
struct asked {
	const char *submit, *open, *opened, *disclose, *stays;
};

static struct asked ask(struct world *w, void (*change)(struct world *w), bool own)
{
	static struct world o;
	struct asked answers;
	size_t n;
	lahetti_set categories;
	Lahetti__V1__Recipient to;
	enum sample_who from = own ? SAMPLE_CITY : SAMPLE_COUNTY;

	good(w, LAHETTI_KIND_REFERRAL);
	w->submit.actor.organisation = *sample_id(from);
	change(w);
	n = w->submit.n_consents;
	w->sample.header.n_consents = n;
	answers.submit = code_of(policy_submit(&w->submit));
	assert_true(lahetti_enum_set(w->sample.header.categories, w->sample.header.n_categories,
				     &categories));

	to = w->sample.recipient[0];
	to.role = ROLE(JOB_COACH);
	answers.disclose =
		code_of(policy_disclose(sample_id(from), &to, categories, w->submit.today,
					w->consents, n, &w->sample.basis));

	good_open(&o);
	o.open.consents = w->consents;
	o.open.n_consents = n;
	o.open.today = w->submit.today;
	o.open.delivery.categories = categories;
	o.open.delivery.author_organisation = *sample_id(from);
	answers.open = code_of(policy_open(&o.open));
	o.open.delivery.role = ROLE(JOB_COACH);
	answers.stays = code_of(policy_stays(&o.open.delivery, o.statement.header->in_reply_to,
					     o.open.today, w->consents, n));
	o.open.delivery.opened_by_unit = true;
	answers.opened = code_of(policy_open(&o.open));
	return answers;
}

static Lahetti__V1__Party *party(struct world *w)
{
	return &w->consent[0].party[0];
}

/* A part is withdrawn: one party, one category, or one category for one party. */
static void withdraw_part(struct world *w, Lahetti__V1__Category category)
{
	w->withdrawn_categories[0] = category;
	w->part.n_categories = category != 0;
	w->part.n_parties = w->withdrawn_party.organisation.len > 0;
	w->consents[0].parts = w->parts;
	w->consents[0].n_parts = 1;
}

static void withdraw_from(struct world *w, enum sample_who who, Lahetti__V1__Category category)
{
	if (who != 0)
		w->withdrawn_party.organisation = sample_bytes(who);
	withdraw_part(w, category);
}
#define withdraw(w, who, CATEGORY) \
	withdraw_from((w), (enum sample_who)(who), LAHETTI__V1__CATEGORY__CATEGORY_##CATEGORY)

static void withdraw_unit(struct world *w, enum sample_who unit)
{
	w->withdrawn_party.unit = sample_bytes(unit);
	withdraw(w, SAMPLE_CITY, UNSPECIFIED);
}

static void withdraw_person(struct world *w, enum sample_who user)
{
	w->withdrawn_party.user = sample_bytes(user);
	withdraw(w, SAMPLE_CITY, UNSPECIFIED);
}

static void withdraw_role(struct world *w, Lahetti__V1__Role role)
{
	w->withdrawn_party.role = role;
	withdraw(w, SAMPLE_CITY, UNSPECIFIED);
}

static void other_document(struct world *w)
{
	w->consent[0].document.id = sample_bytes(SAMPLE_CASE);
	w->consent[0].given.document = &w->consent[0].document;
}

/* The first consent covers one of the two categories, the second the other. */
static void split(struct world *w)
{
	w->submit.n_consents = 2;
	w->consent[0].given.n_categories = 1;
	w->consent[1].given.n_categories = 1;
	w->consent[1].given_categories[0] = w->consent[0].given_categories[1];
}

#define C(name, code, ...)                       \
	static void case_##name(struct world *w) \
	{                                        \
		(void)(__VA_ARGS__);             \
	}
#include "policy_consents.def"
#undef C

static const struct consent_case {
	const char *name, *code;
	void (*change)(struct world *w);
} consent_cases[] = {
#define C(name, code, ...) {#name, code, case_##name},
#include "policy_consents.def"
#undef C
};

static void p3_consents_decide_what_leaves_the_controller(void **state)
{
	static struct world w;

	(void)state;
	for (size_t i = 0; i < LENGTH(consent_cases); i++) {
		const struct consent_case *c = &consent_cases[i];
		struct asked a = ask(&w, c->change, false);

		if (strcmp(a.submit, c->code) != 0 || strcmp(a.disclose, c->code) != 0 ||
		    strcmp(a.open, c->code) != 0 || strcmp(a.stays, c->code) != 0)
			fail_msg("%s: submit %s, disclose %s, open %s, stays %s", c->name, a.submit,
				 a.disclose, a.open, a.stays);
		/* What the unit has opened is its own record. */
		assert_string_equal(a.opened, "");
	}
}

static void p3_within_the_controller_no_consent_is_asked(void **state)
{
	static struct world w;

	(void)state;
	for (size_t i = 0; i < LENGTH(consent_cases); i++) {
		struct asked a = ask(&w, consent_cases[i].change, true);

		assert_string_equal(a.submit, "");
		assert_string_equal(a.disclose, "");
		assert_string_equal(a.open, "");
		assert_string_equal(a.stays, "");
		assert_string_equal(a.opened, "");
	}
}

/* A party covers a recipient that is no wider than itself. */
static void p3_narrow_party_covers_no_wide_recipient(void **state)
{
	enum { UNIT = 1, ROLES = 2, PERSON = 4 };
	static const struct {
		int kind;
		unsigned party; /* what of it is given */
		bool covered;
	} rows[] = {
		{TO(QUEUE), 0, true},
		{TO(QUEUE), UNIT, true},
		{TO(QUEUE), ROLES, false},
		{TO(QUEUE), UNIT | ROLES, false},
		{TO(QUEUE), PERSON, false},
		{TO(ROLE), 0, true},
		{TO(ROLE), UNIT, true},
		{TO(ROLE), ROLES, true},
		{TO(ROLE), UNIT | ROLES, true},
		{TO(ROLE), PERSON, false},
		{TO(USER), 0, true},
		{TO(USER), UNIT, true},
		{TO(USER), UNIT | PERSON, true},
		{TO(USER), PERSON, true},
	};
	static struct world w;

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++) {
		Lahetti__V1__Recipient *to = &w.sample.recipient[0];

		good(&w, LAHETTI_KIND_REFERRAL);
		to->kind = (Lahetti__V1__RecipientKind)rows[i].kind;
		w.recipient[0].role = 0;
		if (to->kind != TO(USER))
			to->user.len = 0;
		if (to->kind == TO(ROLE))
			to->role = ROLE(JOB_COACH);
		if (rows[i].party & UNIT)
			party(&w)->unit = sample_bytes(SAMPLE_COACHING);
		if (rows[i].party & ROLES)
			party(&w)->role = ROLE(JOB_COACH);
		if (rows[i].party & PERSON)
			party(&w)->user = sample_bytes(SAMPLE_COACH);
		assert_refused(policy_submit(&w.submit),
			       rows[i].covered ? "" : "consent-for-others");
	}
}

/* To a person whose role is not known, a consent to the role says nothing. */
static void p3_unknown_role_is_not_covered(void **state)
{
	static struct world w;

	(void)state;
	SUBMIT_REFUSED(REFERRAL, "consent-for-others",
		       (party(&w)->role = ROLE(JOB_COACH), w.recipient[0].role = 0));
}

static struct decision stays(const struct world *w)
{
	return policy_stays(&w->open.delivery, w->statement.header->in_reply_to, w->open.today,
			    w->open.consents, w->open.n_consents);
}

static bool feedback_covered(const struct world *w)
{
	return policy_feedback_covered(&w->open.delivery, w->open.today, w->open.consents,
				       w->open.n_consents);
}

/* Who was left out by a withdrawal may lie in wait behind a queue or a role. */
static void p3_withdrawal_for_a_person_closes_the_queue_to_them(void **state)
{
	static struct world w;

	(void)state;
	SUBMIT_REFUSED(REFERRAL, "consent-withdrawn",
		       (withdraw_person(&w, SAMPLE_OTHER), w.sample.recipient[0].kind = TO(QUEUE),
			w.sample.recipient[0].user.len = 0, w.recipient[0].role = 0));
	/* Once it lies in the queue, the others may open it still. */
	good_open(&w);
	w.open.delivery.recipient_kind = TO(QUEUE);
	w.open.delivery.claimed_by = *sample_id(SAMPLE_COACH);
	withdraw_person(&w, SAMPLE_OTHER);
	assert_allowed(policy_open(&w.open), CONSENT);
	w.open.actor.user = w.open.delivery.claimed_by = *sample_id(SAMPLE_OTHER);
	assert_refused(policy_open(&w.open), "consent-withdrawn");
	/* So it stays there, until the unit itself is left out. */
	w.open.delivery.user = (struct lahetti_id){0};
	assert_allowed(stays(&w), CONSENT);
	withdraw_unit(&w, SAMPLE_COACHING);
	w.withdrawn_party.user.len = 0;
	assert_refused(stays(&w), "consent-withdrawn");
}

/* What a person of another controller is there decides where a consent names a role; what needs no
 * consent stays whatever is withdrawn. */
static void p3_withdrawal_stops_what_nothing_covers_any_more(void **state)
{
	static struct world w;

	(void)state;
	good_open(&w);
	party(&w)->role = ROLE(JOB_COACH);
	assert_refused(stays(&w), "consent-for-others");
	w.open.delivery.role = ROLE(JOB_COACH);
	assert_allowed(stays(&w), CONSENT);
	/* A consent to one document covers the delivery of that one. */
	w.consent[0].document = *w.statement.header->in_reply_to;
	w.consent[0].given.document = &w.consent[0].document;
	assert_allowed(stays(&w), CONSENT);
	other_document(&w);
	assert_refused(stays(&w), "consent-for-one-document");
	w.consent[0].given.document = NULL;
	w.consents[0].withdrawn = true;
	assert_refused(stays(&w), "consent-withdrawn");
	w.open.delivery.basis = BASIS(STATUTORY);
	assert_allowed(stays(&w), OWN_REGISTER);
	w.open.delivery.basis = BASIS(CONSENT);
	w.open.delivery.organisation = w.open.delivery.author_organisation;
	assert_allowed(stays(&w), OWN_REGISTER);
}

/* What the sender is shown is the recipient's to tell: a consent to another party says nothing of
 * it, and a part withdrawn for another takes nothing from it. */
static void p3_sender_is_shown_what_this_recipient_may_tell(void **state)
{
	static struct world w;

	(void)state;
	good_open(&w);
	assert_false(feedback_covered(&w));
	w.consent[0].given.covers_feedback = true;
	assert_true(feedback_covered(&w));
	withdraw(&w, SAMPLE_COUNTY, UNSPECIFIED);
	assert_true(feedback_covered(&w));
	withdraw(&w, SAMPLE_CITY, UNSPECIFIED);
	assert_false(feedback_covered(&w));
	w.consents[0].n_parts = 0;
	party(&w)->organisation = sample_bytes(SAMPLE_OTHER);
	assert_false(feedback_covered(&w));
	party(&w)->organisation = sample_bytes(SAMPLE_CITY);
	w.open.today = w.consent[0].given.until + 1;
	assert_false(feedback_covered(&w));
	w.open.delivery.organisation = w.open.delivery.author_organisation;
	assert_true(feedback_covered(&w));
}

/* ---- bases ----------------------------------------------------------------------------------- */

static void basis_goes_no_further_than_the_author_states(void **state)
{
	static struct world w;

	(void)state;
	SUBMIT_REFUSED(REFERRAL, "no-basis", w.sample.basis.kind = BASIS(OWN_REGISTER));
	SUBMIT_REFUSED(REFERRAL, "no-basis", w.sample.header.basis = NULL);
	SUBMIT_REFUSED(REFERRAL, "consent-withdrawn", w.consents[0].withdrawn = true);
	SUBMIT_ALLOWED(REFERRAL, STATUTORY,
		       (w.sample.basis.kind = BASIS(STATUTORY), w.consents[0].withdrawn = true));
	/* In their order: where a consent covers, the statutory right is not used. */
	SUBMIT_ALLOWED(REFERRAL, CONSENT, w.sample.basis.kind = BASIS(STATUTORY));
	SUBMIT_ALLOWED(REFERRAL, OWN_REGISTER,
		       (w.sample.basis.kind = BASIS(STATUTORY),
			w.sample.recipient[0].organisation = sample_bytes(SAMPLE_COUNTY)));
}

/* Who would see it is answered as it is decided when it is sent, on whichever basis is stated. */
static void p3_who_would_see_follows_the_stated_basis(void **state)
{
	static struct world w;
	static const enum sample_who to[] = {SAMPLE_COUNTY, SAMPLE_CITY, SAMPLE_KELA};
	static const Lahetti__V1__BasisKind stated[] = {BASIS(OWN_REGISTER), BASIS(CONSENT),
							BASIS(STATUTORY)};
	size_t allowed[4] = {0};

	(void)state;
	for (size_t i = 0; i < LENGTH(to) * LENGTH(stated) * 2; i++) {
		struct decision sent, told;
		lahetti_set categories;

		good(&w, LAHETTI_KIND_REFERRAL);
		w.sample.recipient[0].organisation = sample_bytes(to[i / 2 % LENGTH(to)]);
		w.sample.basis.kind = stated[i / 2 / LENGTH(to)];
		w.consents[0].withdrawn = i % 2 == 1;
		assert_true(lahetti_enum_set(w.sample.header.categories,
					     w.sample.header.n_categories, &categories));
		sent = policy_submit(&w.submit);
		told = policy_disclose(sample_id(SAMPLE_COUNTY), &w.sample.recipient[0], categories,
				       w.submit.today, w.consents, w.submit.n_consents,
				       &w.sample.basis);
		assert_int_equal(sent.allowed, told.allowed);
		assert_string_equal(sent.code, told.code);
		if (sent.allowed)
			assert_int_equal(sent.basis, told.basis);
		allowed[sent.allowed ? (size_t)told.basis : 0]++;
	}
	/* The consent is to the city: where it covers, a statutory right is not used. */
	assert_int_equal(6, allowed[BASIS(OWN_REGISTER)]);
	assert_int_equal(2, allowed[BASIS(CONSENT)]);
	assert_int_equal(3, allowed[BASIS(STATUTORY)]);
	assert_int_equal(7, allowed[0]);
}

/* ---- feedback -------------------------------------------------------------------------------- */

static void p3_feedback_needs_a_consent_that_covers_it(void **state)
{
	static struct world w;
	static const enum lahetti_kind kinds[] = {
		LAHETTI_KIND_INFORMATION_REQUEST,
		LAHETTI_KIND_INTERIM_REPORT,
		LAHETTI_KIND_CLOSING,
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(kinds); i++) {
		good(&w, kinds[i]);
		w.consent[0].given.covers_feedback = false;
		assert_refused(policy_submit(&w.submit), "consent-without-feedback");
		good(&w, kinds[i]);
		w.submit.n_delivery_consents = 0;
		assert_refused(policy_submit(&w.submit), "no-consent");
		good(&w, kinds[i]);
		w.consents[0].withdrawn = true;
		assert_refused(policy_submit(&w.submit), "consent-withdrawn");
		good(&w, kinds[i]);
		withdraw(&w, 0, FEEDBACK);
		assert_refused(policy_submit(&w.submit), "consent-withdrawn");
		good(&w, kinds[i]);
		party(&w)->organisation = sample_bytes(SAMPLE_KELA);
		assert_refused(policy_submit(&w.submit), "consent-for-others");
		/* What else it tells must be among the categories of the consent. */
		good(&w, kinds[i]);
		w.sample.header.n_categories = 2;
		w.sample.categories[1] = LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED;
		assert_allowed(policy_submit(&w.submit), CONSENT);
		w.sample.categories[1] = LAHETTI__V1__CATEGORY__CATEGORY_HEALTH;
		assert_refused(policy_submit(&w.submit), "consent-without-category");
		/* Within the controller none is needed. */
		good(&w, kinds[i]);
		w.submit.n_delivery_consents = 0;
		w.sample.recipient[0].organisation = sample_bytes(SAMPLE_CITY);
		assert_allowed(policy_submit(&w.submit), OWN_REGISTER);
	}
}

/* What an answer tells goes where the referral went, on the referral's consents. */
static void answer_rests_on_the_referrals_consents(void **state)
{
	static struct world w;

	(void)state;
#define RESTING                                                \
	(w.sample.header.n_consents = w.submit.n_consents = 0, \
	 w.submit.delivery_consents = w.consents, w.submit.n_delivery_consents = 1)
	SUBMIT_ALLOWED(INFORMATION_ANSWER, CONSENT, RESTING);
	SUBMIT_REFUSED(INFORMATION_ANSWER, "consent-expired", (RESTING, w.submit.today = 20270101));
	/* One category by each. */
	SUBMIT_ALLOWED(INFORMATION_ANSWER, CONSENT,
		       (split(&w), w.submit.n_consents = 1,
			w.submit.delivery_consents = &w.consents[1],
			w.submit.n_delivery_consents = 1));
	/* It is no feedback: covering that is not enough. */
	SUBMIT_REFUSED(INFORMATION_ANSWER, "consent-for-others",
		       (RESTING, w.consent[0].given.covers_feedback = true,
			party(&w)->organisation = sample_bytes(SAMPLE_COUNTY)));
#undef RESTING
}

/* Nobody closes without a sentence back, unless the sender may not be told. */
static void closing_to_nobody_only_where_the_sender_may_not_be_told(void **state)
{
	static struct world w;

	(void)state;
#define SILENT (w.sample.header.n_recipients = w.submit.n_recipients = 0)
	SUBMIT_REFUSED(CLOSING, "feedback-owed", SILENT);
	SUBMIT_ALLOWED(CLOSING, OWN_REGISTER, (SILENT, w.consent[0].given.covers_feedback = false));
	SUBMIT_ALLOWED(CLOSING, OWN_REGISTER, (SILENT, w.consents[0].withdrawn = true));
	SUBMIT_REFUSED(CLOSING, "feedback-owed",
		       (SILENT, w.consents[0].withdrawn = true,
			w.submit.delivery.author_organisation = *sample_id(SAMPLE_CITY)));
#undef SILENT
}

static void p3_feedback_is_opened_while_the_consent_covers_the_teller(void **state)
{
	static struct world w;

	(void)state;
#define FEEDBACK_OPENED(...)                                                   \
	do {                                                                   \
		good_open(&w);                                                 \
		w.consent[0].given.covers_feedback = true;                     \
		w.open.actor = worker();                                       \
		w.open.delivery.kind = LAHETTI_KIND_CLOSING;                   \
		w.open.delivery.categories =                                   \
			LAHETTI_SET(LAHETTI__V1__CATEGORY__CATEGORY_FEEDBACK); \
		w.open.delivery.organisation = *sample_id(SAMPLE_COUNTY);      \
		w.open.delivery.unit = *sample_id(SAMPLE_CLINIC);              \
		w.open.delivery.user = *sample_id(SAMPLE_WORKER);              \
		w.open.delivery.author = *sample_id(SAMPLE_COACH);             \
		w.open.delivery.author_unit = *sample_id(SAMPLE_COACHING);     \
		w.open.delivery.author_organisation = *sample_id(SAMPLE_CITY); \
		w.open.delivery.author_role = ROLE(JOB_COACH);                 \
		(void)(__VA_ARGS__);                                           \
	} while (0)
	FEEDBACK_OPENED(0);
	assert_allowed(policy_open(&w.open), CONSENT);
	FEEDBACK_OPENED(party(&w)->role = ROLE(JOB_COACH));
	assert_allowed(policy_open(&w.open), CONSENT);
	FEEDBACK_OPENED(w.consent[0].given.covers_feedback = false);
	assert_refused(policy_open(&w.open), "consent-without-feedback");
	FEEDBACK_OPENED(w.consents[0].withdrawn = true);
	assert_refused(policy_open(&w.open), "consent-withdrawn");
	FEEDBACK_OPENED((w.consents[0].withdrawn = true, w.open.delivery.opened_by_unit = true));
	assert_allowed(policy_open(&w.open), OWN_REGISTER);
	/* A referral is no feedback. */
	FEEDBACK_OPENED(w.open.delivery.kind = LAHETTI_KIND_REFERRAL);
	assert_refused(policy_open(&w.open), "consent-for-others");
	FEEDBACK_OPENED(w.open.delivery.kind = 99);
	assert_refused(policy_open(&w.open), "consent-for-others");
#undef FEEDBACK_OPENED
}

/* ---- redirecting ----------------------------------------------------------------------------- */

static void redirecting(struct world *w, enum sample_who to)
{
	good(w, LAHETTI_KIND_ACKNOWLEDGEMENT);
	w->sample.acknowledgement.step = STEP(REDIRECT);
	w->sample.acknowledgement.redirect_to = &w->sample.redirect_to;
	w->sample.redirect_to.organisation = sample_bytes(to);
	w->sample.header.basis = &w->sample.basis;
	w->submit.redirect = &w->redirect;
}

static void p3_redirecting_is_disclosing(void **state)
{
	static struct world w;

	(void)state;
	redirecting(&w, SAMPLE_CITY);
	assert_allowed(policy_submit(&w.submit), OWN_REGISTER);
	redirecting(&w, SAMPLE_COUNTY);
	assert_allowed(policy_submit(&w.submit), OWN_REGISTER);
	redirecting(&w, SAMPLE_KELA);
	assert_refused(policy_submit(&w.submit), "no-consent");
	w.sample.header.basis = NULL;
	assert_refused(policy_submit(&w.submit), "no-basis");

	/* The consents on which the delivery rests, and those that the redirecting one names. */
	redirecting(&w, SAMPLE_KELA);
	w.submit.delivery_consents = w.consents;
	w.submit.n_delivery_consents = 1;
	assert_refused(policy_submit(&w.submit), "consent-for-others");
	w.consent[0].given.n_parties = 2;
	assert_allowed(policy_submit(&w.submit), CONSENT);
	redirecting(&w, SAMPLE_KELA);
	party(&w)->organisation = sample_bytes(SAMPLE_KELA);
	w.submit.n_consents = w.sample.header.n_consents = 1;
	assert_allowed(policy_submit(&w.submit), CONSENT);

	redirecting(&w, SAMPLE_KELA);
	w.sample.basis.kind = BASIS(STATUTORY);
	assert_allowed(policy_submit(&w.submit), STATUTORY);

	redirecting(&w, SAMPLE_CITY);
	w.submit.redirect = NULL;
	assert_refused(policy_submit(&w.submit), "no-such-recipient");
	redirecting(&w, SAMPLE_CITY);
	w.redirect.exists = false;
	assert_refused(policy_submit(&w.submit), "no-such-recipient");
	redirecting(&w, SAMPLE_COUNTY);
	w.redirect.takes_clients = false;
	assert_refused(policy_submit(&w.submit), "unit-takes-no-clients");
}

/* The client allows that this very referral goes on to Kela. */
static void p3_consent_to_one_document_covers_that_one(void **state)
{
	static struct world w;

	(void)state;
	redirecting(&w, SAMPLE_KELA);
	party(&w)->organisation = sample_bytes(SAMPLE_KELA);
	w.consent[0].given.document = &w.consent[0].document;
	w.submit.n_consents = w.sample.header.n_consents = 1;
	assert_allowed(policy_submit(&w.submit), CONSENT);
	w.consent[0].document.sha256.len--;
	assert_refused(policy_submit(&w.submit), "consent-for-one-document");
	w.consent[0].document.sha256.len++;
	w.consent[0].document.id = sample_bytes(SAMPLE_CASE);
	assert_refused(policy_submit(&w.submit), "consent-for-one-document");

	good_open(&w);
	w.consent[0].given.document = &w.consent[0].document;
	assert_allowed(policy_open(&w.open), CONSENT);
	w.consent[0].document.id = sample_bytes(SAMPLE_CASE);
	assert_refused(policy_open(&w.open), "consent-for-one-document");
}

/* ---- opening --------------------------------------------------------------------------------- */

#define OPEN_REFUSED(code, ...)                             \
	do {                                                \
		good_open(&w);                              \
		(void)(__VA_ARGS__);                        \
		assert_refused(policy_open(&w.open), code); \
	} while (0)
#define OPEN_ALLOWED(basis, ...)                             \
	do {                                                 \
		good_open(&w);                               \
		(void)(__VA_ARGS__);                         \
		assert_allowed(policy_open(&w.open), basis); \
	} while (0)

static void p3_opening_has_a_basis(void **state)
{
	static struct world w;

	(void)state;
	OPEN_ALLOWED(CONSENT, 0);
	OPEN_ALLOWED(STATUTORY, w.open.delivery.basis = BASIS(STATUTORY));
	OPEN_ALLOWED(OWN_REGISTER, w.open.delivery.basis = BASIS(OWN_REGISTER));
	OPEN_ALLOWED(OWN_REGISTER, w.open.delivery.opened_by_unit = true);
	OPEN_ALLOWED(OWN_REGISTER, w.open.delivery.author_organisation = *sample_id(SAMPLE_CITY));
	OPEN_REFUSED("no-basis", w.open.delivery.basis = 0);
	OPEN_REFUSED("no-basis", w.open.delivery.basis = BASIS(BREAK_GLASS));
	OPEN_REFUSED("no-basis", w.open.delivery.basis = BASIS(NONE_NEEDED));
	OPEN_REFUSED("consent-withdrawn", w.consents[0].withdrawn = true);
	OPEN_ALLOWED(OWN_REGISTER,
		     (w.consents[0].withdrawn = true, w.open.delivery.opened_by_unit = true));
	OPEN_REFUSED("no-consent", w.open.n_consents = 0);
	OPEN_REFUSED("erased", w.open.delivery.erased = true);
	OPEN_REFUSED("erased",
		     (w.open.delivery.erased = true, w.open.delivery.opened_by_unit = true));
}

static void opening_is_signed_for_this_delivery_now(void **state)
{
	static struct world w;

	(void)state;
	OPEN_REFUSED("wrong-audience", w.open.audience_is_ours = false);
	OPEN_REFUSED("not-the-author", w.open.author_is_actor = false);
	OPEN_REFUSED("dated-ahead", w.open.now_us -= POLICY_AHEAD_US + 1);
	OPEN_REFUSED("too-old", w.open.now_us += POLICY_LATE_US + 1);
	OPEN_REFUSED("not-an-opening", w.sample.acknowledgement.step = STEP(TAKE));
	OPEN_REFUSED("no-such-delivery", w.open.statement_names_delivery = false);
	OPEN_REFUSED("no-such-delivery", w.open.delivery.found = false);
}

/* Each kind of recipient, each who: the one addressed opens, the others see nothing there. */
static void p3_who_is_not_addressed_finds_nothing(void **state)
{
	static struct world w;
	static const struct {
		int kind;
		enum sample_who user, organisation, unit;
		int role;
		bool addressed;
	} rows[] = {
		{TO(USER), SAMPLE_COACH, SAMPLE_CITY, SAMPLE_COACHING, ROLE(JOB_COACH), true},
		{TO(USER), SAMPLE_OTHER, SAMPLE_CITY, SAMPLE_COACHING, ROLE(JOB_COACH), false},
		{TO(USER), SAMPLE_COACH, SAMPLE_CITY, SAMPLE_WORKSHOP, ROLE(JOB_COACH), false},
		{TO(USER), SAMPLE_COACH, SAMPLE_KELA, SAMPLE_COACHING, ROLE(JOB_COACH), false},
		{TO(USER), SAMPLE_WORKER, SAMPLE_COUNTY, SAMPLE_CLINIC, ROLE(JOB_COACH), false},
		{TO(CARE_TEAM), SAMPLE_COACH, SAMPLE_CITY, SAMPLE_COACHING, ROLE(NURSE), false},
		{TO(CASE_MANAGER), SAMPLE_COACH, SAMPLE_CITY, SAMPLE_COACHING, ROLE(NURSE), false},
		{TO(ROLE), SAMPLE_OTHER, SAMPLE_CITY, SAMPLE_COACHING, ROLE(JOB_COACH), true},
		{TO(ROLE), SAMPLE_COACH, SAMPLE_CITY, SAMPLE_COACHING, ROLE(NURSE), false},
		{TO(ROLE), SAMPLE_COACH, SAMPLE_CITY, SAMPLE_WORKSHOP, ROLE(JOB_COACH), false},
		{TO(QUEUE), SAMPLE_OTHER, SAMPLE_CITY, SAMPLE_COACHING, ROLE(NURSE), true},
		{TO(QUEUE), SAMPLE_OTHER, SAMPLE_CITY, SAMPLE_WORKSHOP, ROLE(NURSE), false},
		{TO(UNSPECIFIED), SAMPLE_COACH, SAMPLE_CITY, SAMPLE_COACHING, ROLE(JOB_COACH),
		 false},
	};

	(void)state;
	for (size_t i = 0; i < LENGTH(rows); i++)
		for (int opened = 0; opened < 2; opened++) {
			struct facts_actor actor =
				somebody(rows[i].user, rows[i].organisation, rows[i].unit,
					 (Lahetti__V1__Role)rows[i].role);

			good_open(&w);
			w.open.actor = actor;
			w.open.delivery.recipient_kind = (Lahetti__V1__RecipientKind)rows[i].kind;
			w.open.delivery.role = ROLE(JOB_COACH);
			w.open.delivery.opened_by_unit = opened;
			w.open.delivery.claimed_by = actor.user;
			assert_int_equal(policy_addressed(&actor, &w.open.delivery),
					 rows[i].addressed);
			assert_refused(policy_open(&w.open),
				       rows[i].addressed ? "" : "no-such-delivery");
		}
}

static void queue_is_opened_by_the_one_who_claimed(void **state)
{
	static struct world w;

	(void)state;
#define QUEUED (w.open.delivery.recipient_kind = TO(QUEUE))
	OPEN_REFUSED("claim-first", QUEUED);
	OPEN_REFUSED("claimed-by-another",
		     (QUEUED, w.open.delivery.claimed_by = *sample_id(SAMPLE_OTHER)));
	OPEN_ALLOWED(CONSENT, (QUEUED, w.open.delivery.claimed_by = *sample_id(SAMPLE_COACH)));
#undef QUEUED
}

/* In each state, opened before or not. */
static void what_has_ended_is_opened_only_as_ones_own_record(void **state)
{
	static struct world w;
	const ProtobufCEnumDescriptor *states = &lahetti__v1__state__descriptor;

	(void)state;
	for (unsigned i = 1; i < states->n_values; i++)
		for (int opened = 0; opened < 2; opened++) {
			const char *code = "";

			switch (states->values[i].value) {
			case STATE(RETURNED):
			case STATE(REDIRECTED):
				code = "handed-back";
				break;
			case STATE(RECALLED):
			case STATE(SENT_IN_ERROR):
				code = "recalled";
				break;
			case STATE(EXPIRED):
				code = opened ? "" : "expired";
				break;
			case STATE(STOPPED):
				code = opened ? "" : "consent-withdrawn";
				break;
			default:
				break;
			}
			good_open(&w);
			w.open.delivery.state = (Lahetti__V1__State)states->values[i].value;
			w.open.delivery.opened_by_unit = opened;
			assert_refused(policy_open(&w.open), code);
		}
}

/* ---- the queue ------------------------------------------------------------------------------- */

/* ---- attachments ----------------------------------------------------------------------------- */

static struct facts_attachment of_delivery(const struct facts_delivery *delivery)
{
	return (struct facts_attachment){.actor = coach(), .delivery = delivery, .attached = true};
}

static struct facts_attachment of_statement(void)
{
	return (struct facts_attachment){
		.actor = worker(),
		.found = true,
		.author_unit = *sample_id(SAMPLE_CLINIC),
		.author_organisation = *sample_id(SAMPLE_COUNTY),
		.attached = true,
	};
}

/* Of a delivery d and the facts a, as they are at first but for what is told. */
#define DELIVERED_REFUSED(code, ...)                              \
	do {                                                      \
		d = to_coach();                                   \
		a = of_delivery(&d);                              \
		__VA_ARGS__;                                      \
		assert_refused(policy_read_attachment(&a), code); \
	} while (0)

#define OWN_REFUSED(code, ...)                                    \
	do {                                                      \
		a = of_statement();                               \
		__VA_ARGS__;                                      \
		assert_refused(policy_read_attachment(&a), code); \
	} while (0)

static void p3_attachment_is_read_by_whom_its_delivery_was_opened(void **state)
{
	struct facts_delivery d = to_coach();
	struct facts_attachment a = of_delivery(&d);

	(void)state;
	assert_allowed(policy_read_attachment(&a), OWN_REGISTER);
	DELIVERED_REFUSED("open-first", d.opened_by_unit = false);
	DELIVERED_REFUSED("no-such-attachment", a.attached = false);
	DELIVERED_REFUSED("no-such-delivery", d.found = false);
	DELIVERED_REFUSED("no-such-delivery", d.user = *sample_id(SAMPLE_OTHER));
	DELIVERED_REFUSED("no-such-delivery", a.actor = worker());
	DELIVERED_REFUSED("erased", d.erased = true);
	DELIVERED_REFUSED("handed-back", d.state = STATE(RETURNED));
	DELIVERED_REFUSED("handed-back", d.state = STATE(REDIRECTED));
	DELIVERED_REFUSED("recalled", d.state = STATE(RECALLED));
	DELIVERED_REFUSED("recalled", d.state = STATE(SENT_IN_ERROR));
	DELIVERED_REFUSED("consent-withdrawn", d.state = STATE(STOPPED), d.opened_by_unit = false);
	DELIVERED_REFUSED("expired", d.state = STATE(EXPIRED), d.opened_by_unit = false);
	DELIVERED_REFUSED("claim-first", d.recipient_kind = TO(QUEUE));
	DELIVERED_REFUSED("claimed-by-another", d.recipient_kind = TO(QUEUE),
			  d.claimed_by = *sample_id(SAMPLE_OTHER));
	DELIVERED_REFUSED("role-without-clients", a.actor.role = ROLE(ADMINISTRATOR));
	DELIVERED_REFUSED("device-revoked", a.actor.device_revoked = true);
	/* What the unit has opened is its own record: a withdrawal afterwards does not close it. */
	d = to_coach();
	a = of_delivery(&d);
	d.state = STATE(STOPPED);
	assert_allowed(policy_read_attachment(&a), OWN_REGISTER);
}

static void p3_attachment_of_ones_own_is_read_in_the_authors_unit(void **state)
{
	struct facts_attachment a = of_statement();

	(void)state;
	assert_allowed(policy_read_attachment(&a), OWN_REGISTER);
	OWN_REFUSED("no-such-statement", a.found = false);
	OWN_REFUSED("no-such-statement", a.author_unit = *sample_id(SAMPLE_SOCIAL_OFFICE));
	OWN_REFUSED("no-such-statement", a.actor = coach());
	OWN_REFUSED("erased", a.erased = true);
	OWN_REFUSED("no-such-attachment", a.attached = false);
	OWN_REFUSED("role-without-clients", a.actor.role = ROLE(DATA_PROTECTION_OFFICER));
	OWN_REFUSED("membership-ended", a.actor.membership_ended = true);
	OWN_REFUSED("no-membership", a.actor.known = false);
}

static struct facts_statement rereading(uint32_t kind)
{
	return (struct facts_statement){
		.actor = worker(),
		.found = true,
		.kind = kind,
		.author_unit = *sample_id(SAMPLE_CLINIC),
		.author_organisation = *sample_id(SAMPLE_COUNTY),
	};
}

#define REREADING_REFUSED(code, number, ...)                     \
	do {                                                     \
		s = rereading(LAHETTI_KIND_##number);            \
		__VA_ARGS__;                                     \
		assert_refused(policy_read_statement(&s), code); \
	} while (0)

static void p3_statement_is_read_again_in_its_authors_unit(void **state)
{
	struct facts_statement s;
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		bool consent = kinds[i].number == LAHETTI_KIND_CONSENT ||
			       kinds[i].number == LAHETTI_KIND_WITHDRAWAL;

		s = rereading(kinds[i].number);
		assert_allowed(policy_read_statement(&s), OWN_REGISTER);
		s.author_unit = *sample_id(SAMPLE_SOCIAL_OFFICE);
		assert_refused(policy_read_statement(&s), "no-such-statement");
		/* Of a client with whom the unit has to do, what the controller may rely on. */
		s.unit_has_client = true;
		if (consent)
			assert_allowed(policy_read_statement(&s), OWN_REGISTER);
		else
			assert_refused(policy_read_statement(&s), "no-such-statement");
		s.author_organisation = *sample_id(SAMPLE_CITY);
		assert_refused(policy_read_statement(&s), "no-such-statement");
	}
	REREADING_REFUSED("no-such-statement", REFERRAL, s.found = false);
	REREADING_REFUSED("no-such-statement", CONSENT, s.found = false, s.unit_has_client = true);
	REREADING_REFUSED("no-such-statement", CONSENT, s.actor = coach(),
			  s.unit_has_client = true);
	REREADING_REFUSED("erased", REFERRAL, s.erased = true);
	/* What is another's is not told to have been there. */
	REREADING_REFUSED("no-such-statement", REFERRAL, s.actor = coach(), s.erased = true);
	REREADING_REFUSED("role-without-clients", CONSENT,
			  s.actor.role = ROLE(DATA_PROTECTION_OFFICER));
	REREADING_REFUSED("role-without-clients", CONSENT, s.actor.role = ROLE(ADMINISTRATOR));
	REREADING_REFUSED("membership-ended", REFERRAL, s.actor.membership_ended = true);
	REREADING_REFUSED("no-membership", REFERRAL, s.actor.known = false);
	REREADING_REFUSED("device-revoked", REFERRAL, s.actor.device_revoked = true);
}

static void p3_case_is_listed_in_a_unit_that_has_it(void **state)
{
	struct facts_actor actor = worker();

	(void)state;
	assert_allowed(policy_read_case(&actor, true, false), OWN_REGISTER);
	assert_refused(policy_read_case(&actor, false, false), "no-such-case");
	assert_refused(policy_read_case(&actor, false, true), "no-such-case");
	assert_refused(policy_read_case(&actor, true, true), "erased");
	actor.role = ROLE(DATA_PROTECTION_OFFICER);
	assert_refused(policy_read_case(&actor, true, false), "role-without-clients");
	actor.role = ROLE(ADMINISTRATOR);
	assert_refused(policy_read_case(&actor, true, false), "role-without-clients");
	actor = worker();
	actor.membership_ended = true;
	assert_refused(policy_read_case(&actor, true, false), "membership-ended");
	actor = worker();
	actor.known = false;
	assert_refused(policy_read_case(&actor, true, false), "no-membership");
}

static void officer_finds_whom_somebody_names(void **state)
{
	const ProtobufCEnumDescriptor *roles = &lahetti__v1__role__descriptor;

	(void)state;
	for (unsigned k = 1; k < roles->n_values; k++) {
		struct facts_actor actor = coach();

		actor.role = (Lahetti__V1__Role)roles->values[k].value;
		if (actor.role == ROLE(DATA_PROTECTION_OFFICER)) {
			assert_true(policy_supervises(&actor));
			assert_allowed(policy_find_clients(&actor, true), SUPERVISION);
			assert_refused(policy_find_clients(&actor, false), "whole-code-or-name");
			actor.membership_ended = true;
			assert_refused(policy_find_clients(&actor, true), "membership-ended");
			continue;
		}
		assert_false(policy_supervises(&actor));
		for (int whole = 0; whole < 2; whole++)
			if (sees_clients((int)actor.role))
				assert_allowed(policy_find_clients(&actor, whole), OWN_REGISTER);
			else
				assert_refused(policy_find_clients(&actor, whole),
					       "role-without-clients");
	}
}

static void reading_lasts_for_an_hour(void **state)
{
	(void)state;
	assert_true(policy_reading_lasts(SAMPLE_CREATED_US, SAMPLE_CREATED_US));
	assert_true(
		policy_reading_lasts(SAMPLE_CREATED_US, SAMPLE_CREATED_US + POLICY_READING_US - 1));
	assert_false(
		policy_reading_lasts(SAMPLE_CREATED_US, SAMPLE_CREATED_US + POLICY_READING_US));
	assert_false(policy_reading_lasts(0, SAMPLE_CREATED_US));
}

static void what_lies_in_a_queue_is_claimed_once(void **state)
{
	struct facts_delivery delivery = to_coach();
	struct facts_actor actor = coach();
	struct facts_actor other =
		somebody(SAMPLE_OTHER, SAMPLE_CITY, SAMPLE_COACHING, ROLE(JOB_COACH));
	struct facts_actor stranger = worker();

	(void)state;
	assert_refused(policy_claim(&actor, &delivery), "not-in-a-queue");
	assert_refused(policy_release(&actor, &delivery), "not-in-a-queue");
	delivery.recipient_kind = TO(QUEUE);
	assert_allowed(policy_claim(&actor, &delivery), NONE_NEEDED);
	assert_refused(policy_claim(&stranger, &delivery), "no-such-delivery");
	assert_refused(policy_release(&stranger, &delivery), "no-such-delivery");
	assert_refused(policy_release(&actor, &delivery), "not-claimed");
	delivery.claimed_by = actor.user;
	assert_allowed(policy_claim(&actor, &delivery), NONE_NEEDED);
	assert_allowed(policy_release(&actor, &delivery), NONE_NEEDED);
	assert_refused(policy_claim(&other, &delivery), "claimed-by-another");
	assert_refused(policy_release(&other, &delivery), "claimed-by-another");
	other.leads_unit = true;
	assert_refused(policy_claim(&other, &delivery), "claimed-by-another");
	assert_allowed(policy_release(&other, &delivery), NONE_NEEDED);
	delivery.found = false;
	assert_refused(policy_claim(&actor, &delivery), "no-such-delivery");
}

/* ---- steps ----------------------------------------------------------------------------------- */

/* Who stands how to a delivery. */
enum side {
	RECIPIENT,
	CLAIMER,
	NOT_CLAIMED,
	CLAIMED_BY_ANOTHER,
	SENDER,
	SENDERS_COLLEAGUE,
	RECIPIENTS_COLLEAGUE,
	STRANGER,
	SIDES,
};

static struct facts_actor stand(enum side side, struct facts_delivery *delivery)
{
	switch (side) {
	case CLAIMER:
		delivery->recipient_kind = TO(QUEUE);
		delivery->claimed_by = *sample_id(SAMPLE_COACH);
		return coach();
	case NOT_CLAIMED:
		delivery->recipient_kind = TO(QUEUE);
		return coach();
	case CLAIMED_BY_ANOTHER:
		delivery->recipient_kind = TO(QUEUE);
		delivery->claimed_by = *sample_id(SAMPLE_OTHER);
		return coach();
	case SENDER:
		return worker();
	case SENDERS_COLLEAGUE:
		return somebody(SAMPLE_OTHER, SAMPLE_COUNTY, SAMPLE_CLINIC, ROLE(NURSE));
	case RECIPIENTS_COLLEAGUE:
		return somebody(SAMPLE_OTHER, SAMPLE_CITY, SAMPLE_COACHING, ROLE(JOB_COACH));
	case STRANGER:
		return somebody(SAMPLE_OTHER, SAMPLE_KELA, SAMPLE_BENEFITS, ROLE(KELA_EXPERT));
	default:
		return coach();
	}
}

/* What is expected of a step by one side from a state, told apart from how policy finds it. */
static const char *expected_of(int step, int from, enum side side, bool referral, bool makes)
{
	const struct lahetti_step_row *any = lahetti_step_any(step);
	bool sender = side == SENDER || side == SENDERS_COLLEAGUE;

	if (step == STEP(OPEN))
		return "open-instead";
	if (side == STRANGER || side == RECIPIENTS_COLLEAGUE)
		return "no-such-delivery";
	if (!makes || !referral)
		return "step-not-of-kind";
	if (any->by != (sender ? LAHETTI_BY_SENDER : LAHETTI_BY_RECIPIENT))
		return "not-your-step";
	if (side == NOT_CLAIMED)
		return "claim-first";
	if (side == CLAIMED_BY_ANOTHER)
		return "claimed-by-another";
	return lahetti_step_find(step, from) == NULL ? "step-not-now" : "";
}

static bool is_listed(const struct facts_actor *actor, const struct facts_delivery *delivery,
		      int step)
{
	Lahetti__V1__Step steps[32];
	size_t n = policy_steps(actor, delivery, steps, LENGTH(steps));

	for (size_t i = 0; i < n; i++)
		if ((int)steps[i] == step)
			return true;
	return false;
}

/* The kind that makes a step; an acknowledgement where none does. */
static enum lahetti_kind maker_of(int step)
{
	switch (step) {
	case STEP(ASK):
		return LAHETTI_KIND_INFORMATION_REQUEST;
	case STEP(ANSWER):
		return LAHETTI_KIND_INFORMATION_ANSWER;
	case STEP(REPORT):
		return LAHETTI_KIND_INTERIM_REPORT;
	case STEP(COMPLETE):
	case STEP(FAIL):
		return LAHETTI_KIND_CLOSING;
	default:
		return LAHETTI_KIND_ACKNOWLEDGEMENT;
	}
}

/* Everything but the step is in order: every recipient is whom it answers, within the controller.
 */
static void stepping(struct world *w, int step, enum side side)
{
	good(w, maker_of(step));
	w->submit.actor = stand(side, &w->submit.delivery);
	w->submit.redirect = &w->redirect;
	w->sample.redirect_to.organisation =
		lahetti_bytes(lahetti_id_span(sample_id(SAMPLE_COUNTY)));
	w->sample.recipient[0].organisation =
		lahetti_bytes(lahetti_id_span(&w->submit.actor.organisation));
	if (w->sample.body == &w->sample.acknowledgement.base)
		w->sample.acknowledgement.step = (Lahetti__V1__Step)step;
	if (step == STEP(FAIL))
		w->sample.closing.outcome = LAHETTI__V1__OUTCOME__OUTCOME_DECEASED;
}

/* Each state, step and side; and the steps that are listed are those that may be taken. */
static void steps_are_taken_from_their_state_by_their_side(void **state)
{
	static struct world w;
	const ProtobufCEnumDescriptor *states = &lahetti__v1__state__descriptor;
	const ProtobufCEnumDescriptor *steps = &lahetti__v1__step__descriptor;
	size_t allowed = 0;

	(void)state;
	for (unsigned from = 0; from < states->n_values; from++)
		for (unsigned k = 1; k < steps->n_values; k++)
			for (int side = 0; side < SIDES; side++) {
				int step = steps->values[k].value;
				bool makes = lahetti_step_any(step)->kinds != 0;
				const char *expected = expected_of(step, states->values[from].value,
								   (enum side)side, true, makes);
				const char *code;
				bool listed;

				stepping(&w, step, (enum side)side);
				w.submit.delivery.state =
					(Lahetti__V1__State)states->values[from].value;
				code = code_of(policy_submit(&w.submit));
				if (strcmp(code, expected) != 0)
					fail_msg("%s from %s by %d: %s, not %s",
						 steps->values[k].name, states->values[from].name,
						 side, code, expected);
				listed = is_listed(&w.submit.actor, &w.submit.delivery, step);
				if (step == STEP(OPEN))
					assert_int_equal(
						listed,
						(side == RECIPIENT || side == CLAIMER) &&
							lahetti_step_find(
								step, states->values[from].value) !=
								NULL);
				else
					assert_int_equal(listed, code[0] == '\0');
				allowed += code[0] == '\0';
			}
	assert_true(allowed > 200);
}

/* Answers, reports and closings are read; they have no life of their own. */
static void what_is_no_referral_is_only_opened(void **state)
{
	static struct world w;
	static const uint32_t kinds[] = {
		LAHETTI_KIND_INFORMATION_REQUEST,
		LAHETTI_KIND_INFORMATION_ANSWER,
		LAHETTI_KIND_INTERIM_REPORT,
		LAHETTI_KIND_CLOSING,
		LAHETTI_KIND_CONSENT,
	};
	const ProtobufCEnumDescriptor *steps = &lahetti__v1__step__descriptor;

	(void)state;
	for (size_t i = 0; i < LENGTH(kinds); i++)
		for (unsigned k = 1; k < steps->n_values; k++)
			for (int side = 0; side < SIDES; side++) {
				int step = steps->values[k].value;

				stepping(&w, step, (enum side)side);
				w.submit.delivery.kind = kinds[i];
				if (maker_of(step) == LAHETTI_KIND_ACKNOWLEDGEMENT &&
				    kinds[i] != LAHETTI_KIND_CONSENT)
					w.submit.replied_kind = kinds[i];
				w.submit.delivery.state = STATE(OPENED);
				assert_refused(policy_submit(&w.submit),
					       expected_of(step, STATE(OPENED), (enum side)side,
							   false, false));
				w.submit.delivery.state = STATE(HANDED_OVER);
				assert_int_equal(
					is_listed(&w.submit.actor, &w.submit.delivery, step),
					step == STEP(OPEN) && kinds[i] != LAHETTI_KIND_CONSENT &&
						(side == RECIPIENT || side == CLAIMER));
			}
}

static void step_speaks_of_a_delivery_that_is_there(void **state)
{
	static struct world w;
	Lahetti__V1__Step steps[2];

	(void)state;
	SUBMIT_REFUSED(ACKNOWLEDGEMENT, "no-such-delivery", w.submit.delivery.found = false);
	SUBMIT_REFUSED(ACKNOWLEDGEMENT, "no-such-delivery", w.submit.delivery.kind = 99);
	SUBMIT_REFUSED(ACKNOWLEDGEMENT, "erased", w.submit.delivery.erased = true);
	/* It answers the question, but speaks of the referral. */
	SUBMIT_REFUSED(ACKNOWLEDGEMENT, "no-such-delivery",
		       w.submit.replied_kind = LAHETTI_KIND_INFORMATION_REQUEST);
	good(&w, LAHETTI_KIND_ACKNOWLEDGEMENT);
	assert_int_equal(policy_steps(&w.submit.actor, &w.submit.delivery, steps, 2), 2);
	assert_int_equal(policy_steps(&w.submit.actor, &w.submit.delivery, steps, 0), 0);
	w.submit.delivery.erased = true;
	assert_int_equal(policy_steps(&w.submit.actor, &w.submit.delivery, steps, 2), 0);
	w.submit.delivery.erased = false;
	w.submit.delivery.kind = 99;
	assert_int_equal(policy_steps(&w.submit.actor, &w.submit.delivery, steps, 2), 0);
}

/* Within the sender's own unit one person may stand on both sides. */
static void one_unit_may_be_both_sides(void **state)
{
	struct facts_delivery delivery = to_coach();
	struct facts_actor actor = coach();

	(void)state;
	delivery.author_organisation = delivery.organisation;
	delivery.author_unit = delivery.unit;
	assert_true(is_listed(&actor, &delivery, STEP(TAKE)));
	assert_true(is_listed(&actor, &delivery, STEP(REQUEST_CANCEL)));
}

static void sender_is_shown_the_rest_as_feedback_only(void **state)
{
	struct facts_delivery outside = to_coach();
	struct facts_delivery inside = to_coach();
	const ProtobufCEnumDescriptor *steps = &lahetti__v1__step__descriptor;

	(void)state;
	inside.author_organisation = inside.organisation;
	for (unsigned k = 1; k < steps->n_values; k++) {
		Lahetti__V1__Step step = (Lahetti__V1__Step)steps->values[k].value;
		bool always = lahetti_step_any((int)step)->shown == LAHETTI_SHOWN_ALWAYS;

		assert_int_equal(policy_step_shown(&outside, step, false), always);
		assert_true(policy_step_shown(&outside, step, true));
		assert_true(policy_step_shown(&inside, step, false));
	}
	assert_false(policy_step_shown(&inside, (Lahetti__V1__Step)0, true));
}

/* ---- the trail, administration, devices ------------------------------------------------------ */

static void trail_is_read_by_the_data_protection_officer_of_the_controller(void **state)
{
	const ProtobufCEnumDescriptor *roles = &lahetti__v1__role__descriptor;

	(void)state;
	for (unsigned k = 1; k < roles->n_values; k++) {
		struct facts_actor actor = coach();

		actor.role = (Lahetti__V1__Role)roles->values[k].value;
		if (actor.role == ROLE(DATA_PROTECTION_OFFICER)) {
			assert_allowed(policy_read_trail(&actor, sample_id(SAMPLE_CITY)),
				       SUPERVISION);
			assert_refused(policy_read_trail(&actor, sample_id(SAMPLE_COUNTY)),
				       "other-controller");
		} else {
			assert_refused(policy_read_trail(&actor, sample_id(SAMPLE_CITY)),
				       "not-data-protection-officer");
		}
	}
}

static void administration_is_the_administrators_of_the_organisation(void **state)
{
	static const enum policy_admin acts[] = {
		POLICY_ADMIN_DIRECTORY,
		POLICY_ADMIN_CODE,
		POLICY_ADMIN_REVOKE,
	};
	const ProtobufCEnumDescriptor *roles = &lahetti__v1__role__descriptor;
	const struct lahetti_id *other = sample_id(SAMPLE_OTHER);

	(void)state;
	for (size_t i = 0; i < LENGTH(acts); i++)
		for (unsigned k = 1; k < roles->n_values; k++) {
			struct facts_actor actor = coach();

			actor.role = (Lahetti__V1__Role)roles->values[k].value;
			if (actor.role == ROLE(ADMINISTRATOR)) {
				assert_allowed(policy_admin(&actor, acts[i], sample_id(SAMPLE_CITY),
							    other),
					       NONE_NEEDED);
				assert_refused(policy_admin(&actor, acts[i],
							    sample_id(SAMPLE_COUNTY), other),
					       acts[i] == POLICY_ADMIN_REVOKE ? "no-such-device"
									      : "other-controller");
			} else {
				assert_refused(policy_admin(&actor, acts[i], sample_id(SAMPLE_CITY),
							    other),
					       "not-administrator");
			}
		}
}

static void anyone_revokes_their_own_device(void **state)
{
	struct facts_actor actor = coach();

	(void)state;
	actor.known = false;
	assert_allowed(
		policy_admin(&actor, POLICY_ADMIN_REVOKE, sample_id(SAMPLE_COUNTY), &actor.user),
		NONE_NEEDED);
	assert_refused(policy_admin(&actor, POLICY_ADMIN_CODE, sample_id(SAMPLE_CITY), &actor.user),
		       "no-membership");
	actor.device_confirmed = false;
	assert_refused(
		policy_admin(&actor, POLICY_ADMIN_REVOKE, sample_id(SAMPLE_CITY), &actor.user),
		"device-not-confirmed");
}

/* The coach's device; the administrator made its code. */
static struct facts_confirm confirmation(struct facts_actor actor)
{
	return (struct facts_confirm){
		.actor = actor,
		.owner = *sample_id(SAMPLE_COACH),
		.owner_organisation = *sample_id(SAMPLE_CITY),
		.code_maker = *sample_id(SAMPLE_WORKER),
	};
}

static void device_is_confirmed_by_another_than_the_maker_of_its_code(void **state)
{
	struct facts_actor leader =
		somebody(SAMPLE_OTHER, SAMPLE_CITY, SAMPLE_COACHING, ROLE(COACH_TEAM_LEADER));
	struct facts_actor administrator =
		somebody(SAMPLE_OTHER, SAMPLE_CITY, SAMPLE_WORKSHOP, ROLE(ADMINISTRATOR));
	struct facts_confirm facts;

	(void)state;
	facts = confirmation(coach());
	assert_allowed(policy_confirm(&facts), NONE_NEEDED);
	facts.actor.known = false;
	assert_allowed(policy_confirm(&facts), NONE_NEEDED);
	facts.same_device = true;
	assert_refused(policy_confirm(&facts), "same-device");

	facts = confirmation(leader);
	assert_refused(policy_confirm(&facts), "may-not-confirm");
	facts.actor_leads_owner = true;
	assert_allowed(policy_confirm(&facts), NONE_NEEDED);

	facts = confirmation(administrator);
	assert_allowed(policy_confirm(&facts), NONE_NEEDED);
	facts.owner_organisation = *sample_id(SAMPLE_COUNTY);
	assert_refused(policy_confirm(&facts), "no-such-device");
	facts.confirmed = true; /* which is not told */
	assert_refused(policy_confirm(&facts), "no-such-device");
	facts = (struct facts_confirm){.actor = administrator}; /* as if there were none */
	assert_refused(policy_confirm(&facts), "no-such-device");
	facts.actor = leader;
	assert_refused(policy_confirm(&facts), "may-not-confirm");
	facts = confirmation(leader);
	facts.confirmed = true;
	assert_refused(policy_confirm(&facts), "may-not-confirm");

	/* Whoever made the code, be it leader, administrator or the owner. */
	facts = confirmation(leader);
	facts.actor_leads_owner = true;
	facts.code_maker = leader.user;
	assert_refused(policy_confirm(&facts), "own-code");
	facts = confirmation(administrator);
	facts.code_maker = administrator.user;
	assert_refused(policy_confirm(&facts), "own-code");
	facts = confirmation(coach());
	facts.code_maker = *sample_id(SAMPLE_COACH);
	assert_refused(policy_confirm(&facts), "own-code");

	facts = confirmation(administrator);
	facts.confirmed = true;
	assert_refused(policy_confirm(&facts), "nothing-to-confirm");
	facts = confirmation(administrator);
	facts.revoked = true;
	assert_refused(policy_confirm(&facts), "nothing-to-confirm");

	/* The operator made the code at the console. */
	facts = confirmation(administrator);
	facts.code_maker = (struct lahetti_id){0};
	assert_allowed(policy_confirm(&facts), NONE_NEEDED);
}

/* ---- erasing -------------------------------------------------------------------------------- */

/* Of a client of the county, with whom the clinic has a case; proposed by somebody else. */
static struct facts_erasure erasure(struct facts_actor actor)
{
	return (struct facts_erasure){
		.actor = actor,
		.now_us = SAMPLE_CREATED_US,
		.controller = *sample_id(SAMPLE_COUNTY),
		.found = true,
		.unit_has_client = true,
		.proposer = *sample_id(SAMPLE_OTHER),
		.until_us = SAMPLE_CREATED_US + 1,
	};
}

static struct facts_actor head(void)
{
	struct facts_actor actor = worker();

	actor.leads_unit = true;
	return actor;
}

static struct facts_actor officer(void)
{
	return somebody(SAMPLE_WORKER, SAMPLE_COUNTY, SAMPLE_SOCIAL_OFFICE,
			ROLE(DATA_PROTECTION_OFFICER));
}

static void p8_two_different_people_of_the_controller_erase(void **state)
{
	struct facts_erasure facts = erasure(head());

	(void)state;
	assert_allowed(policy_erasure_propose(&facts), OWN_REGISTER);
	assert_allowed(policy_erasure_confirm(&facts), OWN_REGISTER);
	/* A person, whatever the device, the unit and the role. */
	facts.proposer = facts.actor.user;
	assert_refused(policy_erasure_confirm(&facts), "own-proposal");
	assert_allowed(policy_erasure_drop(&facts), OWN_REGISTER);
	facts.actor = officer();
	assert_refused(policy_erasure_confirm(&facts), "own-proposal");
	facts.proposer = *sample_id(SAMPLE_OTHER);
	facts.unit_has_client = false;
	assert_allowed(policy_erasure_confirm(&facts), SUPERVISION);
	/* Its moment. */
	facts.now_us = facts.until_us;
	assert_refused(policy_erasure_confirm(&facts), "erasure-lapsed");
	assert_refused(policy_erasure_drop(&facts), "erasure-lapsed");
	facts.ended = true;
	assert_refused(policy_erasure_confirm(&facts), "erasure-ended");
	facts = erasure(officer());
	facts.erased = true;
	assert_refused(policy_erasure_confirm(&facts), "erased");
	assert_refused(policy_erasure_propose(&facts), "erased");
	facts.no_statement = true;
	assert_refused(policy_erasure_propose(&facts), "no-such-statement");
}

/* What one may not decide about gives the answer of what is not there; whom the controller has
 * named comes from elsewhere, confirms, and proposes nothing. */
static void p8_other_controllers_client_is_as_one_that_is_not_there(void **state)
{
	struct facts_erasure facts = erasure(head());

	(void)state;
	for (int way = 0; way < 3; way++) {
		facts = erasure(head());
		facts.found = way != 0;
		facts.unit_has_client = way != 1;
		if (way == 2)
			facts.controller = *sample_id(SAMPLE_CITY);
		assert_refused(policy_erasure_propose(&facts), "no-such-client");
		assert_refused(policy_erasure_confirm(&facts), "no-such-erasure");
		assert_refused(policy_erasure_drop(&facts), "no-such-erasure");
		assert_false(policy_erasure_shown(&facts));
	}
	facts = erasure(coach());
	assert_refused(policy_erasure_confirm(&facts), "may-not-erase");
	facts.named = true;
	assert_allowed(policy_erasure_confirm(&facts), SUPERVISION);
	assert_allowed(policy_erasure_drop(&facts), SUPERVISION);
	assert_allowed(policy_erasure_list(&facts), SUPERVISION);
	assert_refused(policy_erasure_propose(&facts), "may-not-erase");
	facts.actor.leads_unit = true;
	assert_refused(policy_erasure_propose(&facts), "no-such-client");
	facts.actor.role = ROLE(ADMINISTRATOR);
	assert_refused(policy_erasure_confirm(&facts), "may-not-erase");
	facts.actor.role = ROLE(PEER_EXPERT);
	assert_refused(policy_erasure_confirm(&facts), "may-not-erase");
	/* One of the controller's own is not a stranger to it. */
	facts = erasure(worker());
	facts.named = true;
	assert_refused(policy_erasure_confirm(&facts), "may-not-erase");
}

/* Every combination, against the rule said another way: who is who first, then what it is about. */
static void p8_no_combination_erases_but_these(void **state)
{
	size_t n_roles;
	const struct lahetti_role_row *roles = lahetti_roles(&n_roles);
	unsigned allowed = 0;

	(void)state;
	for (unsigned bits = 0; bits < 1u << 11; bits++)
		for (size_t i = 0; i < n_roles; i++) {
			struct facts_erasure f = erasure(bits & 1 ? worker() : coach());
			bool dpo = roles[i].role == ROLE(DATA_PROTECTION_OFFICER);
			bool own, stranger, here, living;

			f.actor.role = (Lahetti__V1__Role)roles[i].role;
			f.actor.leads_unit = bits & 2;
			f.unit_has_client = bits & 4;
			f.named = bits & 8;
			f.found = bits & 16;
			f.proposer = bits & 32 ? f.actor.user : *sample_id(SAMPLE_OTHER);
			f.ended = bits & 64;
			f.until_us += bits & 128 ? -1 : 0;
			f.erased = bits & 256;
			f.no_statement = bits & 512;
			f.actor.membership_ended = bits & 1024;

			own = (bits & 1) && (dpo || (f.actor.leads_unit && f.unit_has_client &&
						     roles[i].sees_clients));
			stranger = !(bits & 1) && f.named && (roles[i].sees_clients || dpo);
			here = f.found && !f.actor.membership_ended;
			living = !f.ended && !(bits & 128);
			assert_int_equal(policy_erasure_propose(&f).allowed,
					 here && own && !f.erased && !f.no_statement);
			assert_int_equal(policy_erasure_confirm(&f).allowed,
					 here && (own || stranger) && !(bits & 32) && living &&
						 !f.erased);
			assert_int_equal(policy_erasure_drop(&f).allowed,
					 here && (own || stranger || (bits & 32)) && living);
			assert_int_equal(policy_erasure_shown(&f),
					 f.found && (own || stranger || (bits & 32)));
			assert_int_equal(policy_erasure_list(&f).allowed,
					 !f.actor.membership_ended &&
						 (stranger || ((bits & 1) &&
							       (dpo || (f.actor.leads_unit &&
									roles[i].sees_clients)))));
			allowed += policy_erasure_confirm(&f).allowed;
		}
	assert_true(allowed > 0);
}

/* ---- the care team --------------------------------------------------------------------------- */

static struct facts_team joining(void)
{
	return (struct facts_team){
		.actor = worker(),
		.unit_has_case = true,
		.person = {.exists = true, .takes_clients = true, .people = 1},
	};
}

static void p3_team_is_changed_where_the_unit_has_the_case(void **state)
{
	struct facts_team facts = joining();

	(void)state;
	assert_allowed(policy_team(&facts), OWN_REGISTER);
	assert_allowed(policy_case(&facts.actor, true), OWN_REGISTER);
	assert_refused(policy_case(&facts.actor, false), "no-such-case");
	/* Nothing else tells that there is such a case. */
	facts.unit_has_case = false;
	for (unsigned bits = 0; bits < 1u << 5; bits++) {
		facts.ended = bits & 1;
		facts.member = bits & 2;
		facts.full = bits & 4;
		facts.client_erased = bits & 8;
		facts.person.exists = bits & 16;
		assert_refused(policy_team(&facts), "no-such-case");
	}
	facts = joining();
	facts.actor.role = ROLE(ADMINISTRATOR);
	assert_refused(policy_team(&facts), "role-without-clients");
	assert_refused(policy_case(&facts.actor, true), "role-without-clients");
	facts.actor.membership_ended = true;
	assert_refused(policy_team(&facts), "membership-ended");
}

static void only_who_could_be_sent_something_comes_into_a_team(void **state)
{
	struct facts_team facts = joining();

	(void)state;
	facts.person.exists = false;
	assert_refused(policy_team(&facts), "no-such-recipient");
	facts = joining();
	facts.person.takes_clients = false;
	assert_refused(policy_team(&facts), "unit-takes-no-clients");
	facts = joining();
	facts.person.people = 0;
	assert_refused(policy_team(&facts), "nobody-there");
	facts = joining();
	facts.full = true;
	assert_refused(policy_team(&facts), "care-team-full");
	facts.member = true; /* changes place in it */
	assert_allowed(policy_team(&facts), OWN_REGISTER);
	facts.client_erased = true;
	assert_refused(policy_team(&facts), "erased");
	/* Leaving is open, whatever has become of the person and the client. */
	facts.ended = true;
	facts.person = (struct facts_recipient){0};
	assert_allowed(policy_team(&facts), OWN_REGISTER);
	/* Nobody is told who is not in the team of an erased client. */
	facts.member = false;
	assert_refused(policy_team(&facts), "erased");
	facts.client_erased = false;
	assert_allowed(policy_team(&facts), OWN_REGISTER);
}

/* Stands last. */
static void every_code_of_policy_was_reached(void **state)
{
	size_t n;
	const struct lahetti_code_row *codes = lahetti_codes(&n);

	(void)state;
	assert_true(n <= LENGTH(reached));
	for (size_t i = 0; i < n; i++)
		if (codes[i].from == LAHETTI_CODE_POLICY && !reached[i])
			fail_msg("%s was never reached", codes[i].code);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(session_needs_a_confirmed_device_and_a_living_membership),
		cmocka_unit_test(what_bars_a_session_bars_everything),
		cmocka_unit_test(each_kind_is_authored_by_whoever_sees_clients),
		cmocka_unit_test(protected_roles_see_no_client),
		cmocka_unit_test(good_sample_of_each_kind_is_accepted),
		cmocka_unit_test(statement_is_for_this_server_by_its_author_and_of_today),
		cmocka_unit_test(another_units_client_is_as_unknown_as_none),
		cmocka_unit_test(reply_answers_what_is_there_and_may_be_answered_so),
		cmocka_unit_test(only_ones_own_is_replaced_by_its_like),
		cmocka_unit_test(recipient_is_there_and_takes_clients),
		cmocka_unit_test(second_recipient_is_judged_like_the_first),
		cmocka_unit_test(p3_team_is_judged_as_the_people_in_it),
		cmocka_unit_test(what_the_statement_relies_on_is_there),
		cmocka_unit_test(p3_consents_decide_what_leaves_the_controller),
		cmocka_unit_test(p3_within_the_controller_no_consent_is_asked),
		cmocka_unit_test(p3_narrow_party_covers_no_wide_recipient),
		cmocka_unit_test(p3_unknown_role_is_not_covered),
		cmocka_unit_test(p3_withdrawal_for_a_person_closes_the_queue_to_them),
		cmocka_unit_test(p3_withdrawal_stops_what_nothing_covers_any_more),
		cmocka_unit_test(p3_sender_is_shown_what_this_recipient_may_tell),
		cmocka_unit_test(basis_goes_no_further_than_the_author_states),
		cmocka_unit_test(p3_who_would_see_follows_the_stated_basis),
		cmocka_unit_test(p3_feedback_needs_a_consent_that_covers_it),
		cmocka_unit_test(answer_rests_on_the_referrals_consents),
		cmocka_unit_test(closing_to_nobody_only_where_the_sender_may_not_be_told),
		cmocka_unit_test(p3_feedback_is_opened_while_the_consent_covers_the_teller),
		cmocka_unit_test(p3_redirecting_is_disclosing),
		cmocka_unit_test(p3_consent_to_one_document_covers_that_one),
		cmocka_unit_test(p3_opening_has_a_basis),
		cmocka_unit_test(opening_is_signed_for_this_delivery_now),
		cmocka_unit_test(p3_who_is_not_addressed_finds_nothing),
		cmocka_unit_test(queue_is_opened_by_the_one_who_claimed),
		cmocka_unit_test(what_has_ended_is_opened_only_as_ones_own_record),
		cmocka_unit_test(p3_attachment_is_read_by_whom_its_delivery_was_opened),
		cmocka_unit_test(p3_attachment_of_ones_own_is_read_in_the_authors_unit),
		cmocka_unit_test(p3_statement_is_read_again_in_its_authors_unit),
		cmocka_unit_test(p3_case_is_listed_in_a_unit_that_has_it),
		cmocka_unit_test(officer_finds_whom_somebody_names),
		cmocka_unit_test(reading_lasts_for_an_hour),
		cmocka_unit_test(what_lies_in_a_queue_is_claimed_once),
		cmocka_unit_test(steps_are_taken_from_their_state_by_their_side),
		cmocka_unit_test(what_is_no_referral_is_only_opened),
		cmocka_unit_test(step_speaks_of_a_delivery_that_is_there),
		cmocka_unit_test(one_unit_may_be_both_sides),
		cmocka_unit_test(sender_is_shown_the_rest_as_feedback_only),
		cmocka_unit_test(trail_is_read_by_the_data_protection_officer_of_the_controller),
		cmocka_unit_test(administration_is_the_administrators_of_the_organisation),
		cmocka_unit_test(anyone_revokes_their_own_device),
		cmocka_unit_test(device_is_confirmed_by_another_than_the_maker_of_its_code),
		cmocka_unit_test(p8_two_different_people_of_the_controller_erase),
		cmocka_unit_test(p8_other_controllers_client_is_as_one_that_is_not_there),
		cmocka_unit_test(p8_no_combination_erases_but_these),
		cmocka_unit_test(p3_team_is_changed_where_the_unit_has_the_case),
		cmocka_unit_test(only_who_could_be_sent_something_comes_into_a_team),
		cmocka_unit_test(every_code_of_policy_was_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
