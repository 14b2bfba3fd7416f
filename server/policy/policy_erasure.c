#include "decide.h"
#include "policy.h"

/* Who decides for their own controller: its data-protection officer, or whoever leads a unit and
 * sees clients there. */
static bool decides(const struct facts_actor *actor)
{
	return actor->role == LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER ||
	       (actor->leads_unit && policy_sees_clients(actor->role));
}

/* The one decides about every client of the controller, the other about the unit's. */
static bool decides_here(const struct facts_erasure *facts)
{
	const struct facts_actor *actor = &facts->actor;

	return decides(actor) && same(&actor->organisation, &facts->controller) &&
	       (actor->role == LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER ||
		facts->unit_has_client);
}

/* Of another organisation, whatever they are there but for the two that never have to do with
 * clients. */
static bool named(const struct facts_erasure *facts)
{
	const struct facts_actor *actor = &facts->actor;

	return facts->named && !same(&actor->organisation, &facts->controller) &&
	       actor->role != LAHETTI__V1__ROLE__ROLE_ADMINISTRATOR &&
	       actor->role != LAHETTI__V1__ROLE__ROLE_PEER_EXPERT;
}

static struct decision allowed(const struct facts_actor *actor)
{
	return allow(policy_sees_clients(actor->role) && actor->leads_unit
			     ? LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER
			     : LAHETTI__V1__BASIS_KIND__BASIS_KIND_SUPERVISION);
}

struct decision policy_erasure_propose(const struct facts_erasure *facts)
{
	struct decision d = policy_acts(&facts->actor);

	if (!d.allowed)
		return d;
	if (!decides(&facts->actor))
		return refuse("may-not-erase");
	if (!facts->found || !decides_here(facts))
		return refuse("no-such-client");
	if (facts->no_statement)
		return refuse("no-such-statement");
	if (facts->erased)
		return refuse("erased");
	return allowed(&facts->actor);
}

/* What has not come to an end yet. */
static struct decision waits(const struct facts_erasure *facts)
{
	if (facts->ended)
		return refuse("erasure-ended");
	if (facts->now_us >= facts->until_us)
		return refuse("erasure-lapsed");
	if (named(facts))
		return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_SUPERVISION);
	return allowed(&facts->actor);
}

static struct decision not_there(const struct facts_actor *actor)
{
	return refuse(decides(actor) ? "no-such-erasure" : "may-not-erase");
}

struct decision policy_erasure_confirm(const struct facts_erasure *facts)
{
	struct decision d = policy_acts(&facts->actor);

	if (!d.allowed)
		return d;
	if (!facts->found || (!decides_here(facts) && !named(facts)))
		return not_there(&facts->actor);
	if (same(&facts->proposer, &facts->actor.user))
		return refuse("own-proposal");
	d = waits(facts);
	if (d.allowed && facts->erased)
		return refuse("erased");
	return d;
}

struct decision policy_erasure_drop(const struct facts_erasure *facts)
{
	struct decision d = policy_acts(&facts->actor);

	if (!d.allowed)
		return d;
	if (!policy_erasure_shown(facts))
		return not_there(&facts->actor);
	return waits(facts);
}

struct decision policy_erasure_list(const struct facts_erasure *facts)
{
	struct decision d = policy_acts(&facts->actor);
	bool own = same(&facts->actor.organisation, &facts->controller);

	if (!d.allowed)
		return d;
	if (own ? !decides(&facts->actor) : !named(facts))
		return refuse("may-not-erase");
	return own ? allowed(&facts->actor)
		   : allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_SUPERVISION);
}

bool policy_erasure_shown(const struct facts_erasure *facts)
{
	return facts->found &&
	       (same(&facts->proposer, &facts->actor.user) || decides_here(facts) || named(facts));
}
