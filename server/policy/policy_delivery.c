#include "decide.h"

#include <lahetti/v1/common.pb-c.h>

/* Whether the actor sees clients in that unit. The device is policy_session's to judge. */
static bool serves_in(const struct facts_actor *actor, const struct lahetti_id *organisation,
		      const struct lahetti_id *unit)
{
	return actor->known && !actor->membership_ended && !actor->user_disabled &&
	       policy_sees_clients(actor->role) && same(&actor->organisation, organisation) &&
	       same(&actor->unit, unit);
}

bool policy_addressed(const struct facts_actor *actor, const struct facts_delivery *delivery)
{
	if (!delivery->found || !serves_in(actor, &delivery->organisation, &delivery->unit))
		return false;
	switch (delivery->recipient_kind) {
	case LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER:
		return same(&actor->user, &delivery->user);
	case LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_ROLE:
		return actor->role == delivery->role;
	case LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_QUEUE:
		return true;
	default: /* a team is resolved to people before anything is delivered */
		return false;
	}
}

unsigned policy_sides(const struct facts_actor *actor, const struct facts_delivery *delivery)
{
	unsigned sides = 0;

	if (policy_addressed(actor, delivery))
		sides |= LAHETTI_BY_RECIPIENT;
	if (delivery->found &&
	    serves_in(actor, &delivery->author_organisation, &delivery->author_unit))
		sides |= LAHETTI_BY_SENDER;
	return sides;
}

static bool is_queue(const struct facts_delivery *delivery)
{
	return delivery->recipient_kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_QUEUE;
}

struct decision policy_claimed(const struct facts_actor *actor,
			       const struct facts_delivery *delivery)
{
	if (is_queue(delivery)) {
		if (lahetti_id_empty(&delivery->claimed_by))
			return refuse("claim-first");
		if (!same(&delivery->claimed_by, &actor->user))
			return refuse("claimed-by-another");
	}
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_NONE_NEEDED);
}

/* ---- opening ---- */

/*
 * Whether the life of a delivery leaves something to open. What the unit opened before the end
 * stays its record, but what it handed back or sent on is no longer its matter, and what was sent
 * by mistake never was.
 */
static struct decision openable(const struct facts_delivery *delivery)
{
	switch (delivery->state) {
	case LAHETTI__V1__STATE__STATE_RETURNED:
	case LAHETTI__V1__STATE__STATE_REDIRECTED:
		return refuse("handed-back");
	case LAHETTI__V1__STATE__STATE_RECALLED:
	case LAHETTI__V1__STATE__STATE_SENT_IN_ERROR:
		return refuse("recalled");
	case LAHETTI__V1__STATE__STATE_EXPIRED:
		if (!delivery->opened_by_unit)
			return refuse("expired");
		break;
	case LAHETTI__V1__STATE__STATE_STOPPED:
		if (!delivery->opened_by_unit)
			return refuse("consent-withdrawn");
		break;
	default:
		break;
	}
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
}

/* Whether the consents on which the delivery rests cover it today still, for who opens it. */
static struct decision still_consented(const struct facts_open *facts)
{
	struct viewer reader = {
		.organisation = lahetti_id_span(&facts->actor.organisation),
		.unit = lahetti_id_span(&facts->actor.unit),
		.role = facts->actor.role,
		.user = lahetti_id_span(&facts->actor.user),
	};

	return policy_still_consented(&facts->delivery, &reader,
				      facts->statement->header->in_reply_to, facts->today,
				      facts->consents, facts->n_consents);
}

struct decision policy_open(const struct facts_open *facts)
{
	const struct facts_delivery *delivery = &facts->delivery;
	const struct lahetti_statement *s = facts->statement;
	struct decision d = policy_may_act(&facts->actor);

	if (!d.allowed)
		return d;
	d = policy_authorship(&facts->actor, s, facts->audience_is_ours, facts->author_is_actor,
			      facts->now_us);
	if (!d.allowed)
		return d;
	if (lahetti_body_step(s->kind, s->body) != LAHETTI__V1__STEP__STEP_OPEN)
		return refuse("not-an-opening");
	if (!facts->statement_names_delivery || !policy_addressed(&facts->actor, delivery))
		return refuse("no-such-delivery");
	if (delivery->erased)
		return refuse("erased");
	d = policy_claimed(&facts->actor, delivery);
	if (!d.allowed)
		return d;
	d = openable(delivery);
	if (!d.allowed)
		return d;
	if (delivery->opened_by_unit ||
	    same(&delivery->organisation, &delivery->author_organisation))
		return d;
	switch (delivery->basis) {
	case LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER: /* sent on within the controller */
		return d;
	case LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT:
		return still_consented(facts);
	case LAHETTI__V1__BASIS_KIND__BASIS_KIND_STATUTORY:
		return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_STATUTORY);
	default:
		return refuse("no-basis");
	}
}

/* ---- attachments ---- */

static struct decision attachment_of_delivery(const struct facts_attachment *facts)
{
	const struct facts_delivery *delivery = facts->delivery;
	struct decision d;

	if (!policy_addressed(&facts->actor, delivery))
		return refuse("no-such-delivery");
	if (delivery->erased)
		return refuse("erased");
	d = policy_claimed(&facts->actor, delivery);
	if (!d.allowed)
		return d;
	d = openable(delivery);
	if (d.allowed && !delivery->opened_by_unit)
		return refuse("open-first");
	return d;
}

static struct decision attachment_of_statement(const struct facts_attachment *facts)
{
	if (!facts->found ||
	    !serves_in(&facts->actor, &facts->author_organisation, &facts->author_unit))
		return refuse("no-such-statement");
	if (facts->erased)
		return refuse("erased");
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
}

struct decision policy_read_attachment(const struct facts_attachment *facts)
{
	struct decision d = policy_may_act(&facts->actor);

	if (!d.allowed)
		return d;
	d = facts->delivery != NULL ? attachment_of_delivery(facts)
				    : attachment_of_statement(facts);
	if (d.allowed && !facts->attached)
		return refuse("no-such-attachment");
	return d;
}

/* ---- reading again ---- */

struct decision policy_read_statement(const struct facts_statement *facts)
{
	struct decision d = policy_may_act(&facts->actor);
	bool consent =
		facts->kind == LAHETTI_KIND_CONSENT || facts->kind == LAHETTI_KIND_WITHDRAWAL;

	if (!d.allowed)
		return d;
	if (!facts->found ||
	    (!serves_in(&facts->actor, &facts->author_organisation, &facts->author_unit) &&
	     !(consent && facts->unit_has_client &&
	       same(&facts->actor.organisation, &facts->author_organisation))))
		return refuse("no-such-statement");
	if (facts->erased)
		return refuse("erased");
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
}

bool policy_reading_lasts(int64_t event_us, int64_t now_us)
{
	return event_us > now_us - POLICY_READING_US;
}

/* ---- the queue ---- */

static struct decision queued(const struct facts_actor *actor,
			      const struct facts_delivery *delivery)
{
	struct decision d = policy_may_act(actor);

	if (!d.allowed)
		return d;
	if (!policy_addressed(actor, delivery))
		return refuse("no-such-delivery");
	if (!is_queue(delivery))
		return refuse("not-in-a-queue");
	return d;
}

struct decision policy_claim(const struct facts_actor *actor, const struct facts_delivery *delivery)
{
	struct decision d = queued(actor, delivery);

	if (!d.allowed)
		return d;
	if (!lahetti_id_empty(&delivery->claimed_by) && !same(&delivery->claimed_by, &actor->user))
		return refuse("claimed-by-another");
	return d;
}

struct decision policy_release(const struct facts_actor *actor,
			       const struct facts_delivery *delivery)
{
	struct decision d = queued(actor, delivery);

	if (!d.allowed)
		return d;
	if (lahetti_id_empty(&delivery->claimed_by))
		return refuse("not-claimed");
	if (!same(&delivery->claimed_by, &actor->user) && !actor->leads_unit)
		return refuse("claimed-by-another");
	return d;
}

/* ---- steps ---- */

size_t policy_steps(const struct facts_actor *actor, const struct facts_delivery *delivery,
		    Lahetti__V1__Step *steps, size_t most)
{
	const struct lahetti_kind_row *kind = lahetti_kind_find(delivery->kind);
	unsigned sides = policy_sides(actor, delivery);
	const struct lahetti_step_row *rows;
	size_t n_rows;
	size_t n = 0;

	if (kind == NULL || delivery->erased)
		return 0;
	if (!policy_claimed(actor, delivery).allowed)
		sides &= ~(unsigned)LAHETTI_BY_RECIPIENT;
	rows = lahetti_steps(&n_rows);
	for (size_t i = 0; i < n_rows && n < most; i++)
		if ((rows[i].by & sides) != 0 && rows[i].kinds != 0 &&
		    LAHETTI_IN(kind->steps, rows[i].step) &&
		    lahetti_step_find((int)rows[i].step, (int)delivery->state) == &rows[i])
			steps[n++] = rows[i].step;
	return n;
}

bool policy_step_shown(const struct facts_delivery *delivery, Lahetti__V1__Step step,
		       bool feedback_covered)
{
	const struct lahetti_step_row *row = lahetti_step_any((int)step);

	if (row == NULL)
		return false;
	return row->shown == LAHETTI_SHOWN_ALWAYS || feedback_covered ||
	       same(&delivery->organisation, &delivery->author_organisation);
}
