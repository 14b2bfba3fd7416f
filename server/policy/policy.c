#include "policy.h"

#include "decide.h"

bool policy_sees_clients(Lahetti__V1__Role role)
{
	const struct lahetti_role_row *row = lahetti_role_find((int)role);

	return row != NULL && row->sees_clients;
}

struct decision policy_session(const struct facts_actor *actor)
{
	if (actor->user_disabled)
		return refuse("user-disabled");
	if (actor->device_revoked)
		return refuse("device-revoked");
	if (!actor->device_confirmed)
		return refuse("device-not-confirmed");
	if (actor->known && actor->membership_ended)
		return refuse("membership-ended");
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_NONE_NEEDED);
}

struct decision policy_acts(const struct facts_actor *actor)
{
	struct decision d = policy_session(actor);

	if (d.allowed && !actor->known)
		return refuse("no-membership");
	return d;
}

struct decision policy_may_act(const struct facts_actor *actor)
{
	struct decision d = policy_acts(actor);

	if (d.allowed && !policy_sees_clients(actor->role))
		return refuse("role-without-clients");
	return d;
}

struct decision policy_clients(const struct facts_actor *actor)
{
	struct decision d = policy_may_act(actor);

	if (!d.allowed)
		return d;
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER);
}

struct decision policy_case(const struct facts_actor *actor, bool unit_has_case)
{
	struct decision d = policy_clients(actor);

	return d.allowed && !unit_has_case ? refuse("no-such-case") : d;
}

bool policy_supervises(const struct facts_actor *actor)
{
	return actor->role == LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER;
}

struct decision policy_find_clients(const struct facts_actor *actor, bool whole)
{
	struct decision d = policy_acts(actor);

	if (!d.allowed || !policy_supervises(actor))
		return policy_clients(actor);
	return whole ? allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_SUPERVISION)
		     : refuse("whole-code-or-name");
}

struct decision policy_read_case(const struct facts_actor *actor, bool unit_has_case, bool erased)
{
	struct decision d = policy_case(actor, unit_has_case);

	return d.allowed && erased ? refuse("erased") : d;
}

bool policy_sent_late(int64_t created_us, int64_t now_us)
{
	return created_us < now_us - INT64_C(60000000);
}

struct decision policy_authorship(const struct facts_actor *actor,
				  const struct lahetti_statement *s, bool audience_is_ours,
				  bool author_is_actor, int64_t now_us)
{
	struct decision d = policy_acts(actor);

	if (!d.allowed)
		return d;
	if (!audience_is_ours)
		return refuse("wrong-audience");
	if (!author_is_actor)
		return refuse("not-the-author");
	if (!LAHETTI_IN(s->kind->authors, actor->role))
		return refuse("role-may-not-author");
	if (s->header->created_us > now_us + POLICY_AHEAD_US)
		return refuse("dated-ahead");
	if (s->header->created_us < now_us - POLICY_LATE_US)
		return refuse("too-old");
	return d;
}

struct decision policy_read_trail(const struct facts_actor *actor,
				  const struct lahetti_id *controller)
{
	struct decision d = policy_acts(actor);

	if (!d.allowed)
		return d;
	if (!policy_supervises(actor))
		return refuse("not-data-protection-officer");
	if (!same(&actor->organisation, controller))
		return refuse("other-controller");
	return allow(LAHETTI__V1__BASIS_KIND__BASIS_KIND_SUPERVISION);
}

struct decision policy_admin(const struct facts_actor *actor, enum policy_admin act,
			     const struct lahetti_id *organisation, const struct lahetti_id *user)
{
	struct decision d = policy_session(actor);

	if (!d.allowed || (act == POLICY_ADMIN_REVOKE && same(&actor->user, user)))
		return d;
	d = policy_acts(actor);
	if (!d.allowed)
		return d;
	if (actor->role != LAHETTI__V1__ROLE__ROLE_ADMINISTRATOR)
		return refuse("not-administrator");
	if (!same(&actor->organisation, organisation))
		return refuse(act == POLICY_ADMIN_REVOKE ? "no-such-device" : "other-controller");
	return d;
}

struct decision policy_confirm(const struct facts_confirm *facts)
{
	const struct facts_actor *actor = &facts->actor;
	struct decision d = policy_session(actor);

	if (!d.allowed)
		return d;
	/* Who has nothing to do with the device is told nothing of it, not even that it is there.
	 */
	if (!same(&actor->user, &facts->owner) && !same(&actor->user, &facts->code_maker)) {
		d = policy_acts(actor);
		if (!d.allowed)
			return d;
		if (!facts->actor_leads_owner &&
		    actor->role != LAHETTI__V1__ROLE__ROLE_ADMINISTRATOR)
			return refuse("may-not-confirm");
		if (!facts->actor_leads_owner &&
		    !same(&actor->organisation, &facts->owner_organisation))
			return refuse("no-such-device");
	}
	if (facts->confirmed || facts->revoked)
		return refuse("nothing-to-confirm");
	if (same(&actor->user, &facts->code_maker))
		return refuse("own-code");
	return facts->same_device ? refuse("same-device") : d;
}
