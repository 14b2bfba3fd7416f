/* Administration: the rows of one's own organisation in the directory, and enrolment codes. */

#include "commands.h"
#include "directory.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"

#include <string.h>

/* Puts a row; its identifier is told, so that programs can go on with it. */
static bool put(struct cli *c, Lahetti__V1__DirectoryEntry *entry, ProtobufCBinaryData id)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__PutDirectory question = LAHETTI__V1__PUT_DIRECTORY__INIT;
	Lahetti__V1__ServerFrame *answer;
	struct table *t;

	question.entry = entry;
	frame.body_case = SESSION_CLIENT(PUT_DIRECTORY);
	frame.put_directory = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(DONE));
	t = answer != NULL ? table_create(c, TABLE_CARD) : NULL;
	if (t == NULL)
		return false;
	table_row(t);
	table_id(t, "id", id);
	table_number(t, "event", answer->done->event);
	return table_print(t, true);
}

static bool begin(struct cli *c)
{
	return session_act(c) && directory_load(c);
}

static bool new_id(struct cli *c, struct lahetti_id *id, ProtobufCBinaryData *out)
{
	struct lahetti_fault fault;

	*out = lahetti_bytes(lahetti_id_span(id));
	return lahetti_id_new(id, lahetti_now_us(), &fault) || cli_fault(c, CLI_OWN_FAULT, &fault);
}

/* The organisation named, or one's own. */
static bool organisation(struct cli *c, const char *name, ProtobufCBinaryData *id)
{
	const char *text = args_value(c, name);
	const Lahetti__V1__Organisation *found;

	*id = lahetti_bytes(lahetti_id_span(&c->session->profile.organisation));
	if (text == NULL)
		return true;
	if (!directory_organisation(c, text, strlen(text), &found))
		return false;
	*id = found->id;
	return true;
}

/* The organisation's own row as it is: what a command does not name stays. */
static bool organisation_row(struct cli *c, ProtobufCBinaryData id, Lahetti__V1__Organisation *row)
{
	for (size_t i = 0; i < c->directory->n; i++) {
		const Lahetti__V1__DirectoryEntry *e = c->directory->entries[i];

		if (e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION &&
		    lahetti_span_equal(lahetti_bytes_span(e->organisation->id),
				       lahetti_bytes_span(id))) {
			*row = *e->organisation;
			return true;
		}
	}
	return cli_fail(c, CLI_OWN_FAULT, "cli.unexpected-answer", NULL, NULL);
}

bool command_admin_organisation(struct cli *c)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__Organisation row = LAHETTI__V1__ORGANISATION__INIT;
	ProtobufCBinaryData id;
	int type = 0;

	if (!args_word(c, "type", &lahetti__v1__organisation_type__descriptor, &type) ||
	    !begin(c) || !organisation(c, "id", &id) || !organisation_row(c, id, &row))
		return false;
	row.name = lahetti_text(args_value(c, "name"));
	row.type = (Lahetti__V1__OrganisationType)type;
	if (args_given(c, "business-id"))
		row.business_id = lahetti_text(args_value(c, "business-id"));
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION;
	entry.organisation = &row;
	return put(c, &entry, row.id);
}

/* Names a person of another organisation who may confirm what is erased here, or names them no
 * more. */
bool command_admin_erasure_second(struct cli *c)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__Organisation row = LAHETTI__V1__ORGANISATION__INIT;
	const char *text = args_value(c, "user");
	ProtobufCBinaryData id, *seconds;
	const Lahetti__V1__User *user;
	size_t n = 0;

	if (!begin(c) || !directory_user(c, text, strlen(text), NULL, &user))
		return false;
	id = lahetti_bytes(lahetti_id_span(&c->session->profile.organisation));
	if (!organisation_row(c, id, &row))
		return false;
	seconds = cli_take(c, (row.n_erasure_seconds + 1) * sizeof *seconds);
	if (seconds == NULL)
		return false;
	for (size_t i = 0; i < row.n_erasure_seconds; i++)
		if (!lahetti_span_equal(lahetti_bytes_span(row.erasure_seconds[i]),
					lahetti_bytes_span(user->id)))
			seconds[n++] = row.erasure_seconds[i];
	if (!args_given(c, "ended"))
		seconds[n++] = user->id;
	row.erasure_seconds = seconds;
	row.n_erasure_seconds = n;
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION;
	entry.organisation = &row;
	return put(c, &entry, row.id);
}

/* A row of a unit or a user: a new one of an organisation where --id names none. */
static bool begin_row(struct cli *c, struct lahetti_id *fresh, ProtobufCBinaryData *id,
		      ProtobufCBinaryData *of)
{
	return begin(c) && (args_given(c, "id") ||
			    (organisation(c, "organisation", of) && new_id(c, fresh, id)));
}

/* What is not said stays as it was. */
static void set(struct cli *c, const char *yes, const char *no, protobuf_c_boolean *flag)
{
	if (args_given(c, yes))
		*flag = 1;
	if (args_given(c, no))
		*flag = 0;
}

bool command_admin_unit(struct cli *c)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__Unit row = LAHETTI__V1__UNIT__INIT;
	const char *text = args_value(c, "id");
	const Lahetti__V1__Unit *old;
	struct lahetti_id id;

	row.takes_clients = 1;
	if (!begin_row(c, &id, &row.id, &row.organisation))
		return false;
	if (text != NULL) {
		if (!directory_unit(c, text, strlen(text), &old))
			return false;
		row = *old;
	}
	row.name = lahetti_text(args_value(c, "name"));
	set(c, "takes-clients", "takes-no-clients", &row.takes_clients);
	if (args_given(c, "area"))
		row.area = lahetti_text(args_value(c, "area"));
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT;
	entry.unit = &row;
	return put(c, &entry, row.id);
}

bool command_admin_user(struct cli *c)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__User row = LAHETTI__V1__USER__INIT;
	const char *text = args_value(c, "id");
	const Lahetti__V1__User *old;
	struct lahetti_id id;

	if (!begin_row(c, &id, &row.id, &row.organisation))
		return false;
	if (text != NULL) {
		if (!directory_user(c, text, strlen(text), NULL, &old))
			return false;
		row = *old;
	}
	row.name = lahetti_text(args_value(c, "name"));
	set(c, "disabled", "enabled", &row.disabled);
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER;
	entry.user = &row;
	return put(c, &entry, row.id);
}

/* The row of this person, unit and role, if there is one: it is changed, not doubled. */
static const Lahetti__V1__Membership *find_role(const struct cli *c,
						const Lahetti__V1__Membership *wanted)
{
	for (size_t i = 0; i < c->directory->n; i++) {
		const Lahetti__V1__DirectoryEntry *e = c->directory->entries[i];

		if (e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP &&
		    e->membership->role == wanted->role &&
		    lahetti_span_equal(lahetti_bytes_span(e->membership->user),
				       lahetti_bytes_span(wanted->user)) &&
		    lahetti_span_equal(lahetti_bytes_span(e->membership->unit),
				       lahetti_bytes_span(wanted->unit)))
			return e->membership;
	}
	return NULL;
}

bool command_admin_role(struct cli *c)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__Membership row = LAHETTI__V1__MEMBERSHIP__INIT;
	const char *user_text = args_value(c, "user");
	const char *unit_text = args_value(c, "unit");
	const Lahetti__V1__Membership *old;
	const Lahetti__V1__User *user;
	const Lahetti__V1__Unit *unit;
	struct lahetti_id id;
	int role = 0;

	if (!args_word(c, "role", &lahetti__v1__role__descriptor, &role) || !begin(c) ||
	    !directory_user(c, user_text, strlen(user_text), NULL, &user) ||
	    !directory_unit(c, unit_text, strlen(unit_text), &unit))
		return false;
	row.user = user->id;
	row.unit = unit->id;
	row.organisation = unit->organisation;
	row.role = (Lahetti__V1__Role)role;
	old = find_role(c, &row);
	if (old != NULL)
		row = *old;
	else if (!new_id(c, &id, &row.id))
		return false;
	if (args_given(c, "title"))
		row.title = lahetti_text(args_value(c, "title"));
	set(c, "leader", "not-leader", &row.leader);
	row.ended = args_given(c, "ended");
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP;
	entry.membership = &row;
	return put(c, &entry, row.id);
}

bool command_admin_code(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__IssueCode question = LAHETTI__V1__ISSUE_CODE__INIT;
	const char *text = args_value(c, "USER");
	const Lahetti__V1__User *user;
	Lahetti__V1__ServerFrame *answer;
	struct table *t;

	if (!begin(c) || !directory_user(c, text, strlen(text), NULL, &user))
		return false;
	question.user = user->id;
	frame.body_case = SESSION_CLIENT(ISSUE_CODE);
	frame.issue_code = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(ENROLMENT_CODE));
	t = answer != NULL ? table_create(c, TABLE_CARD) : NULL;
	if (t == NULL)
		return false;
	table_row(t);
	table_text(t, "user", user->name);
	table_text(t, "code", answer->enrolment_code->code);
	table_time(t, "until", answer->enrolment_code->until_us);
	table_number(t, "event", answer->enrolment_code->event);
	return table_print(t, true);
}
