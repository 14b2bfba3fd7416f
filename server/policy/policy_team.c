#include "decide.h"

struct decision policy_team(const struct facts_team *facts)
{
	struct decision d = policy_case(&facts->actor, facts->unit_has_case);

	if (!d.allowed)
		return d;
	/* Whoever is in a team can leave it, whatever has become of the person or the client; of an
	 * erased client nobody is told who is not in it. */
	if (facts->client_erased && !(facts->ended && facts->member))
		return refuse("erased");
	if (facts->ended)
		return d;
	if (!facts->member && facts->full)
		return refuse("care-team-full");
	if (!policy_recipient(&facts->person, false).allowed)
		return policy_recipient(&facts->person, false);
	return d;
}
