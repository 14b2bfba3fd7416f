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

/* ---- the world: a worker of the county's clinic, a coach of the city's coaching unit ---------- */

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

/* Its own state is inside: it must not be moved. */
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

/* What stops an actor everywhere. */
static const struct bar {
	const char *code;
	void (*set)(struct facts_actor *actor);
} bars[] = {
#define BAR(name, code_, field, value)                     \
	static void bar_##name(struct facts_actor *actor); \
	BAR_ROW(name, code_)
#undef BAR
};

int main(void)
{
	return 0;
}
