#include "decide.h"

#include <lahetti/v1/common.pb-c.h>

static bool is_kind(lahetti_set kinds, uint32_t number)
{
	return lahetti_kind_find(number) != NULL && LAHETTI_IN(kinds, number);
}

/*
 * The client and the case are the author's, and the author's unit has the case. One answer to all
 * that are not, so that it does not tell who is known to whom.
 */
static struct decision judge_client(const struct facts_submit *facts)
{
	if (facts->statement->kind->has_client) {
		if (!facts->client_known || !facts->case_known || !facts->unit_has_case)
			return refuse("no-such-case");
		if (facts->client_erased)
			return refuse("erased");
	}
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
}

/* What it answers and what it replaces are there and of a kind for that. */
static struct decision judge_references(const struct facts_submit *facts)
{
	const struct lahetti_kind_row *kind = facts->statement->kind;
	bool anyone_of_controller = kind->recipients == 0;

	if (kind->replies_to != 0) {
		/* Another's delivery is none: it does not tell whether what it delivers is there.
		 */
		if (!facts->replied_found)
			return refuse(
				lahetti_body_delivery(kind, facts->statement->body).len > 0 &&
						policy_sides(&facts->actor, &facts->delivery) == 0
					? "no-such-delivery"
					: "no-such-statement");
		if (!is_kind(kind->replies_to, facts->replied_kind))
			return refuse("cannot-be-answered-so");
	}
	if (facts->statement->header->replaces != NULL) {
		if (!facts->replaced_found || facts->replaced_kind != kind->number)
			return refuse("no-such-statement");
		/* A consent is the controller's; what was sent is its unit's. */
		if (!anyone_of_controller && !facts->replaced_is_ours)
			return refuse("not-yours-to-replace");
	}
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
}

/* The step that it makes may be taken from the delivery's state, by this actor. */
static struct decision judge_step(const struct facts_submit *facts)
{
	const struct lahetti_statement *s = facts->statement;
	const struct facts_delivery *delivery = &facts->delivery;
	Lahetti__V1__Step step = lahetti_body_step(s->kind, s->body);
	const struct lahetti_kind_row *delivered = lahetti_kind_find(delivery->kind);
	const struct lahetti_step_row *row = lahetti_step_any((int)step);
	unsigned sides = policy_sides(&facts->actor, delivery);

	if (step == LAHETTI__V1__STEP__STEP_UNSPECIFIED)
		return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
	if (step == LAHETTI__V1__STEP__STEP_OPEN)
		return refuse("open-instead");
	if (delivered == NULL || sides == 0)
		return refuse("no-such-delivery");
	/* What speaks of a delivery answers what was delivered; an answer answers the question. */
	if (is_kind(s->kind->replies_to, delivery->kind) && delivery->kind != facts->replied_kind)
		return refuse("no-such-delivery");
	if (delivery->erased)
		return refuse("erased");
	if (row == NULL || !LAHETTI_IN(row->kinds, s->kind->number) ||
	    !LAHETTI_IN(delivered->steps, step))
		return refuse("step-not-of-kind");
	if ((row->by & sides) == 0)
		return refuse("not-your-step");
	if (row->by & sides & LAHETTI_BY_RECIPIENT) {
		struct decision claimed = policy_claimed(&facts->actor, delivery);

		if (!claimed.allowed)
			return claimed;
	}
	if (lahetti_step_find((int)step, (int)delivery->state) == NULL)
		return refuse("step-not-now");
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
}

/* ---- to whom ---- */

static struct viewer viewer_of(const struct facts_recipient *recipient)
{
	const Lahetti__V1__Recipient *asked = recipient->asked;

	return (struct viewer){
		.organisation = lahetti_bytes_span(asked->organisation),
		.unit = lahetti_bytes_span(asked->unit),
		.role = asked->role != 0 ? asked->role : recipient->role,
		.user = lahetti_bytes_span(asked->user),
	};
}

/* Who tells of what became of it: the consents to feedback speak of them. */
static struct viewer teller_of(const struct facts_actor *actor)
{
	return (struct viewer){
		.organisation = lahetti_id_span(&actor->organisation),
		.unit = lahetti_id_span(&actor->unit),
		.role = actor->role,
		.user = lahetti_id_span(&actor->user),
	};
}

/* On what basis one recipient may have it. */
static struct decision judge_disclosure(const struct facts_submit *facts, struct viewer to,
					struct matter matter)
{
	const struct lahetti_statement *s = facts->statement;
	struct viewer teller = teller_of(&facts->actor);
	struct reliance consents = {
		.named = facts->consents,
		.n_named = facts->n_consents,
		.rested_on = facts->delivery_consents,
		.n_rested_on = facts->n_delivery_consents,
	};

	if (lahetti_span_equal(to.organisation, lahetti_id_span(&facts->actor.organisation)))
		return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
	return policy_based(&to, &matter, s->kind->feedback ? &teller : NULL, facts->today,
			    &consents, s->header->basis);
}

struct decision policy_resolved(const struct lahetti_id *organisation,
				const Lahetti__V1__Recipient *recipient)
{
	bool team = recipient->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CARE_TEAM;

	if (!team && recipient->kind != LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CASE_MANAGER)
		return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
	if (recipient->organisation.len > 0 && !names(recipient->organisation, organisation))
		return refuse("no-such-recipient");
	return refuse(team ? "no-care-team" : "no-case-manager");
}

struct decision policy_recipient(const struct facts_recipient *recipient, bool answer)
{
	if (!recipient->exists)
		return refuse("no-such-recipient");
	if (answer && !recipient->in_reply)
		return refuse("not-whom-it-answers");
	if (!answer && !recipient->takes_clients)
		return refuse("unit-takes-no-clients");
	if (recipient->people == 0)
		return refuse("nobody-there");
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
}

/* A closing to nobody: only where the sender may not be told. */
static struct decision judge_silence(const struct facts_submit *facts, lahetti_set categories)
{
	const struct facts_delivery *delivery = &facts->delivery;
	struct viewer teller = teller_of(&facts->actor);
	struct reliance consents = {
		.rested_on = facts->delivery_consents,
		.n_rested_on = facts->n_delivery_consents,
	};

	if (same(&delivery->organisation, &delivery->author_organisation) ||
	    policy_feedback(&teller, categories, facts->today, &consents).allowed)
		return refuse("feedback-owed");
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
}

/* Every recipient; allowed on the basis that comes last in their order. */
static struct decision judge_recipients(const struct facts_submit *facts)
{
	const struct lahetti_statement *s = facts->statement;
	struct decision all = allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
	struct matter matter = {.document = NULL};

	if (s->kind->recipients == 0)
		return all;
	if (!lahetti_enum_set(s->header->categories, s->header->n_categories, &matter.categories))
		return refuse("no-consent");
	if (s->header->n_recipients == 0)
		return judge_silence(facts, matter.categories);
	if (facts->n_resolved < s->header->n_recipients || facts->n_recipients == 0)
		return refuse("no-such-recipient");
	for (size_t i = 0; i < facts->n_recipients; i++) {
		const struct facts_recipient *recipient = &facts->recipients[i];
		struct decision d = policy_resolved(&facts->actor.organisation, recipient->asked);

		if (!d.allowed)
			return d;
		d = policy_recipient(recipient, s->kind->replies_to != 0);
		if (!d.allowed)
			return d;
		d = judge_disclosure(facts, viewer_of(recipient), matter);
		if (!d.allowed)
			return d;
		if (d.basis > all.basis)
			all = d;
	}
	return all;
}

/*
 * To whom a delivery is sent on: back into the register of the sender it needs no more; else it is
 * the recipient's own record by now, or needs what any disclosure needs. A consent to this one
 * document covers it.
 */
static struct decision judge_redirect(const struct facts_submit *facts)
{
	const struct lahetti_statement *s = facts->statement;
	struct matter matter = {
		.categories = facts->delivery.categories,
		.document = s->header->in_reply_to,
	};
	struct decision d;

	if (lahetti_body_step(s->kind, s->body) != LAHETTI__V1__STEP__STEP_REDIRECT)
		return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
	if (facts->redirect == NULL)
		return refuse("no-such-recipient");
	d = policy_recipient(facts->redirect, false);
	if (!d.allowed ||
	    names(facts->redirect->asked->organisation, &facts->delivery.author_organisation))
		return d;
	return judge_disclosure(facts, viewer_of(facts->redirect), matter);
}

struct decision policy_submit(const struct facts_submit *facts)
{
	const struct lahetti_statement *s = facts->statement;
	struct decision (*const rules[])(const struct facts_submit *) = {
		judge_client,
		judge_references,
		judge_step,
		judge_redirect,
	};
	struct decision d = policy_authorship(&facts->actor, s, facts->audience_is_ours,
					      facts->author_is_actor, facts->now_us);

	for (size_t i = 0; d.allowed && i < sizeof rules / sizeof rules[0]; i++)
		d = rules[i](facts);
	if (!d.allowed)
		return d;
	if (facts->consent_missing || facts->n_consents < s->header->n_consents)
		return refuse("no-such-consent");
	if (facts->attachments_missing)
		return refuse("attachment-missing");
	if (s->kind->recipients == 0)
		return d;
	return judge_recipients(facts);
}
