/* The team of a client's case: who is in it, and changing that. */

#include "client.h"
#include "commands.h"
#include "directory.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"

#include <string.h>

bool command_team_list(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadCareTeam question = LAHETTI__V1__READ_CARE_TEAM__INIT;
	const Lahetti__V1__ServerFrame *answer;
	struct client client;
	struct table *t;

	if (!session_act(c) || !directory_load(c) ||
	    !client_find(c, args_value(c, "CLIENT"), &client))
		return false;
	question.case_id = lahetti_bytes(lahetti_id_span(&client.case_id));
	frame.body_case = SESSION_CLIENT(READ_CARE_TEAM);
	frame.read_care_team = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(CARE_TEAM));
	t = answer != NULL ? table_create(c, TABLE_LIST) : NULL;
	if (t == NULL)
		return false;
	for (size_t i = 0; i < answer->care_team->n_members; i++) {
		const Lahetti__V1__CareTeamEntry *e = answer->care_team->members[i];
		const char *unit = directory_name(c, e->unit);
		const char *organisation = directory_name(c, e->organisation);

		table_row(t);
		table_text(t, "user", e->user_name);
		table_word(t, "role", &lahetti__v1__role__descriptor, (int)e->role);
		table_text(t, "unit", unit != NULL ? unit : "");
		table_text(t, "organisation", organisation != NULL ? organisation : "");
		table_mark(t, "case-manager", e->case_manager);
		table_time(t, "since", e->since_us);
		table_mark(t, "gone", e->gone);
		table_id(t, "user-id", e->user);
	}
	return table_print(t, true);
}

static bool put(struct cli *c, Lahetti__V1__PutCareTeamMember *question)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	const Lahetti__V1__ServerFrame *answer;
	struct client client;
	struct table *t;

	if (!client_find(c, args_value(c, "client"), &client))
		return false;
	question->case_id = lahetti_bytes(lahetti_id_span(&client.case_id));
	frame.body_case = SESSION_CLIENT(PUT_CARE_TEAM_MEMBER);
	frame.put_care_team_member = question;
	answer = session_ask(c, &frame, SESSION_SERVER(DONE));
	t = answer != NULL ? table_create(c, TABLE_CARD) : NULL;
	if (t == NULL)
		return false;
	table_row(t);
	table_id(t, "user-id", question->user);
	table_number(t, "event", answer->done->event);
	return table_print(t, true);
}

bool command_team_add(struct cli *c)
{
	Lahetti__V1__PutCareTeamMember question = LAHETTI__V1__PUT_CARE_TEAM_MEMBER__INIT;
	const char *unit_text = args_value(c, "unit");
	const char *user_text = args_value(c, "user");
	const Lahetti__V1__Unit *unit;
	const Lahetti__V1__User *user;

	if (!session_act(c) || !directory_load(c) ||
	    !directory_unit(c, unit_text, strlen(unit_text), &unit) ||
	    !directory_user(c, user_text, strlen(user_text), unit, &user))
		return false;
	question.unit = unit->id;
	question.user = user->id;
	question.case_manager = args_given(c, "case-manager");
	return put(c, &question);
}

bool command_team_remove(struct cli *c)
{
	Lahetti__V1__PutCareTeamMember question = LAHETTI__V1__PUT_CARE_TEAM_MEMBER__INIT;
	const char *text = args_value(c, "user");
	const Lahetti__V1__User *user;

	if (!session_act(c) || !directory_load(c) ||
	    !directory_user(c, text, strlen(text), NULL, &user))
		return false;
	question.user = user->id;
	question.ended = 1;
	return put(c, &question);
}
