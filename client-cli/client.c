#include "client.h"

#include "commands.h"
#include "directory.h"
#include "form.h"
#include "lahetti/hetu.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define CASES_MOST ((size_t)8 << 20) /* bytes of the file */
#define CASE_LINE  (2 * LAHETTI_ID_TEXT_LEN + 2)
#define FITS_MOST  12 /* candidates that are listed */

/* ---- the cases that this device has met ---------------------------------------------------- */

/* Lines of "CLIENT CASE\n", the newest last. Reads the nth; false past the end or where damaged. */
static bool read_case(struct lahetti_span file, size_t nth, struct client *client)
{
	char line[CASE_LINE];

	if ((nth + 1) * CASE_LINE > file.len)
		return false;
	memcpy(line, file.data + nth * CASE_LINE, CASE_LINE);
	line[LAHETTI_ID_TEXT_LEN] = '\0';
	line[CASE_LINE - 1] = '\0';
	return lahetti_id_parse(&client->id, line, NULL) &&
	       lahetti_id_parse(&client->case_id, line + LAHETTI_ID_TEXT_LEN + 1, NULL);
}

/* How many different clients digits name; the newest case of the last of them is in *client. */
static size_t find_met(struct lahetti_span file, const char *text, struct client *client)
{
	struct client each;
	size_t found = 0;

	for (size_t i = 0; read_case(file, i, &each); i++) {
		if (!directory_matches_id(lahetti_bytes(lahetti_id_span(&each.id)), text,
					  strlen(text)))
			continue;
		if (found == 0 || !lahetti_id_equal(&each.id, &client->id))
			found++;
		*client = each;
	}
	return found;
}

/* Adds a line to a file of them, unless it is there. */
static bool remember(struct cli *c, const char *name, ProtobufCBinaryData client,
		     ProtobufCBinaryData case_id)
{
	struct client new_one, each;
	char line[CASE_LINE + 1];
	struct lahetti_buffer file;
	bool found, known = false, ok;

	if (!lahetti_id_read(&new_one.id, lahetti_bytes_span(client), NULL) ||
	    !lahetti_id_read(&new_one.case_id, lahetti_bytes_span(case_id), NULL))
		return true;
	if (!home_lock(c))
		return false;
	lahetti_buffer_init(&file, CASES_MOST);
	ok = home_read(c, name, &file, &found);
	for (size_t i = 0; ok && read_case(lahetti_buffer_span(&file), i, &each); i++)
		known = known || (lahetti_id_equal(&each.id, &new_one.id) &&
				  lahetti_id_equal(&each.case_id, &new_one.case_id));
	if (ok && !known) {
		lahetti_id_format(&new_one.id, line);
		line[LAHETTI_ID_TEXT_LEN] = ' ';
		lahetti_id_format(&new_one.case_id, line + LAHETTI_ID_TEXT_LEN + 1);
		line[CASE_LINE - 1] = '\n';
		line[CASE_LINE] = '\0';
		ok = lahetti_buffer_add(&file, lahetti_span(line, CASE_LINE), NULL)
			     ? home_write(c, name, lahetti_buffer_span(&file))
			     : cli_no_memory(c);
	}
	home_unlock(c);
	lahetti_buffer_finish(&file);
	return ok;
}

bool client_remember(struct cli *c, ProtobufCBinaryData client, ProtobufCBinaryData case_id)
{
	return remember(c, "cases", client, case_id);
}

/* *found tells how many fit: 0 or 1; more is a failure. */
static bool look_in(struct cli *c, const char *name, const char *text, struct client *client,
		    size_t *found)
{
	struct lahetti_buffer file;
	bool there, ok;

	lahetti_buffer_init(&file, CASES_MOST);
	ok = home_read(c, name, &file, &there);
	*found = ok ? find_met(lahetti_buffer_span(&file), text, client) : 0;
	lahetti_buffer_finish(&file);
	if (*found > 1)
		return cli_fail(c, CLI_WRONG_USE, "cli.ambiguous-digits", text, NULL);
	return ok;
}

static bool look_among_met(struct cli *c, const char *text, struct client *client, size_t *found)
{
	return look_in(c, "cases", text, client, found);
}

bool client_case(struct cli *c, const char *text, struct client *client)
{
	struct lahetti_buffer file;
	struct client each;
	bool there, ok;
	size_t found = 0;

	*client = (struct client){.id = {{0}}};
	if (lahetti_id_parse(&client->case_id, text, NULL))
		return true;
	lahetti_buffer_init(&file, CASES_MOST);
	ok = home_read(c, "cases", &file, &there);
	for (size_t i = 0; ok && read_case(lahetti_buffer_span(&file), i, &each); i++)
		if (directory_matches_id(lahetti_bytes(lahetti_id_span(&each.case_id)), text,
					 strlen(text))) {
			*client = each;
			found++;
		}
	lahetti_buffer_finish(&file);
	if (ok && found > 1)
		return cli_fail(c, CLI_WRONG_USE, "cli.ambiguous-digits", text, NULL);
	return ok && (found == 1 || client_find(c, text, client));
}

bool client_id(struct cli *c, const char *text, struct lahetti_id *id)
{
	struct client client;
	size_t found;

	if (lahetti_id_parse(id, text, NULL))
		return true;
	if (!look_among_met(c, text, &client, &found) ||
	    (found == 0 && !look_in(c, "clients", text, &client, &found)))
		return false;
	if (found == 0)
		return cli_fail(c, CLI_WRONG_USE, "cli.no-client", text, NULL);
	*id = client.id;
	return true;
}

/* ---- the server's -------------------------------------------------------------------------- */

/* One page of those that fit a term. */
static const Lahetti__V1__ClientPage *ask_page(struct cli *c, const char *term,
					       ProtobufCBinaryData cursor)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients question = LAHETTI__V1__FIND_CLIENTS__INIT;
	Lahetti__V1__ServerFrame *answer;

	question.term = lahetti_text(term);
	question.cursor = cursor;
	frame.body_case = SESSION_CLIENT(FIND_CLIENTS);
	frame.find_clients = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(CLIENTS));
	if (answer == NULL)
		return NULL;
	for (size_t i = 0; i < answer->clients->n_clients; i++) {
		const Lahetti__V1__ClientEntry *e = answer->clients->clients[i];

		/* An officer is shown no case: only who it is, for the report. */
		if (e->n_cases > 0 ? !client_remember(c, e->client, e->cases[e->n_cases - 1])
				   : !remember(c, "clients", e->client, e->client))
			return NULL;
	}
	return answer->clients;
}

static const char *full_name(struct cli *c, const Lahetti__V1__ClientIdentity *identity)
{
	char *name;
	size_t room;

	if (identity == NULL)
		return "";
	room = strlen(identity->family_name) + strlen(identity->given_names) + 3;
	name = cli_take(c, room);
	if (name == NULL)
		return "";
	(void)snprintf(name, room, "%s%s%s", identity->family_name,
		       identity->given_names[0] != '\0' ? ", " : "", identity->given_names);
	return name;
}

static bool several(struct cli *c, const char *text, const Lahetti__V1__ClientPage *page)
{
	char list[1024] = "";
	size_t len = 0;

	for (size_t i = 0; i < page->n_clients && i < FITS_MOST; i++) {
		char digits[OUTPUT_SHORT_LEN + 1];
		int more;

		output_short(page->clients[i]->client, digits);
		more = snprintf(list + len, sizeof list - len, "%s%s (%s)", i > 0 ? "; " : "",
				full_name(c, page->clients[i]->identity), digits);
		if (more > 0 && (size_t)more < sizeof list - len)
			len += (size_t)more;
	}
	return cli_fail(c, CLI_WRONG_USE, "cli.ambiguous", text, list);
}

bool client_find(struct cli *c, const char *text, struct client *client)
{
	const Lahetti__V1__ClientPage *page;
	const Lahetti__V1__ClientEntry *e;
	size_t found;

	if (!look_among_met(c, text, client, &found))
		return false;
	if (found == 1)
		return true;
	if (c->session->peer == NULL)
		return cli_fail(c, CLI_NO_CONNECTION, "cli.no-client-offline", text, NULL);
	page = ask_page(c, text, lahetti_bytes(lahetti_span(NULL, 0)));
	if (page == NULL)
		return false;
	if (page->n_clients > 1)
		return several(c, text, page);
	if (page->n_clients == 0)
		return cli_fail(c, CLI_WRONG_USE, "cli.no-client", text, NULL);
	e = page->clients[0];
	if (e->n_cases == 0 || !lahetti_id_read(&client->id, lahetti_bytes_span(e->client), NULL) ||
	    !lahetti_id_read(&client->case_id, lahetti_bytes_span(e->cases[e->n_cases - 1]), NULL))
		return cli_fail(c, CLI_OWN_FAULT, "cli.unexpected-answer", NULL, NULL);
	return true;
}

/* ---- the commands -------------------------------------------------------------------------- */

static bool read_identity(struct cli *c, Lahetti__V1__ClientIdentity *identity)
{
	static const char *const names[] = {"family-name", "given-names", "hetu",   "language",
					    "phone",	   "email",	  "address"};
	char **const fields[] = {
		&identity->family_name, &identity->given_names, &identity->personal_identity_code,
		&identity->language,	&identity->phone,	&identity->email,
		&identity->address};
	struct lahetti_hetu hetu;
	struct lahetti_fault fault;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (args_given(c, names[i]))
			*fields[i] = lahetti_text(args_value(c, names[i]));
	if (!args_date(c, "birth-date", &identity->birth_date))
		return false;
	if (!args_given(c, "hetu"))
		return true;
	if (!lahetti_hetu_read(&hetu, lahetti_span_text(args_value(c, "hetu")), &fault))
		return cli_fault(c, CLI_WRONG_USE, &fault);
	identity->personal_identity_code =
		lahetti_arena_text(&c->arena, lahetti_span_text(hetu.text));
	if (identity->birth_date == 0)
		identity->birth_date = hetu.birth_date;
	lahetti_wipe(&hetu, sizeof hetu);
	return identity->personal_identity_code != NULL || cli_no_memory(c);
}

static bool add_client(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__AddClient add = LAHETTI__V1__ADD_CLIENT__INIT;
	Lahetti__V1__ClientIdentity identity = LAHETTI__V1__CLIENT_IDENTITY__INIT;
	struct client client;
	struct lahetti_fault fault;
	Lahetti__V1__ServerFrame *answer;
	struct table *t;

	if (!args_given(c, "family-name") && !args_given(c, "given-names"))
		return cli_fail(c, CLI_WRONG_USE, "code.missing-name", NULL, NULL);
	if (!read_identity(c, &identity) || !session_act(c))
		return false;
	if (!lahetti_id_new(&client.id, lahetti_now_us(), &fault) ||
	    !lahetti_id_new(&client.case_id, lahetti_now_us(), &fault))
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	add.client = lahetti_bytes(lahetti_id_span(&client.id));
	add.case_id = lahetti_bytes(lahetti_id_span(&client.case_id));
	if (args_given(c, "service"))
		add.service = lahetti_text(args_value(c, "service"));
	add.identity = &identity;
	frame.body_case = SESSION_CLIENT(ADD_CLIENT);
	frame.add_client = &add;
	answer = session_ask(c, &frame, SESSION_SERVER(DONE));
	if (answer == NULL || !client_remember(c, add.client, add.case_id))
		return false;
	t = table_create(c, TABLE_CARD);
	if (t == NULL)
		return false;
	table_row(t);
	table_id(t, "client", add.client);
	table_id(t, "case", add.case_id);
	table_number(t, "event", answer->done->event);
	return table_print(t, true);
}

bool command_client_add(struct cli *c)
{
	bool edited, ok;

	if (!form_fill(c, &edited))
		return false;
	ok = add_client(c);
	if (edited)
		form_done(c, ok);
	return ok;
}

static void print_client(struct cli *c, struct table *t, const Lahetti__V1__ClientEntry *e)
{
	static const Lahetti__V1__ClientIdentity nobody = LAHETTI__V1__CLIENT_IDENTITY__INIT;
	const Lahetti__V1__ClientIdentity *who = e->identity != NULL ? e->identity : &nobody;

	table_row(t);
	table_id(t, "client", e->client);
	table_text(t, "name", full_name(c, who));
	table_text(t, "hetu", who->personal_identity_code);
	table_date(t, "birth-date", who->birth_date);
	table_text(t, "language", who->language);
	table_text(t, "phone", who->phone);
	table_id(t, "case",
		 e->n_cases > 0 ? e->cases[e->n_cases - 1] : (ProtobufCBinaryData){.len = 0});
}

bool command_clients(struct cli *c)
{
	const char *term = args_given(c, "TERM") ? args_value(c, "TERM") : "";
	ProtobufCBinaryData cursor = {.len = 0};
	struct table *t;
	bool ok;

	if (!session_act(c))
		return false;
	t = table_create(c, TABLE_LIST);
	if (t == NULL)
		return false;
	do {
		const Lahetti__V1__ClientPage *page = ask_page(c, term, cursor);

		ok = page != NULL;
		for (size_t i = 0; ok && i < page->n_clients; i++)
			print_client(c, t, page->clients[i]);
		if (ok)
			cursor = page->cursor;
	} while (ok && cursor.len > 0);
	return table_print(t, ok);
}

/* ---- the directory ------------------------------------------------------------------------- */

static void print_member(struct cli *c, struct table *t, const Lahetti__V1__Membership *m,
			 const char *term)
{
	const char *user = directory_name(c, m->user);
	const char *unit = directory_name(c, m->unit);
	const char *organisation = directory_name(c, m->organisation);

	if (m->ended || user == NULL || unit == NULL || organisation == NULL)
		return;
	if (term != NULL && !directory_matches(m->user, user, term, strlen(term)) &&
	    !directory_matches(m->unit, unit, term, strlen(term)) &&
	    !directory_matches(m->organisation, organisation, term, strlen(term)))
		return;
	table_row(t);
	table_text(t, "organisation", organisation);
	table_text(t, "unit", unit);
	table_text(t, "user", user);
	table_word(t, "role", &lahetti__v1__role__descriptor, (int)m->role);
	table_text(t, "title", m->title);
	table_id(t, "unit-id", m->unit);
	table_id(t, "user-id", m->user);
}

/* Units where nobody works yet are shown too: something may be addressed to them tomorrow. */
static bool has_members(const struct cli *c, const Lahetti__V1__Unit *unit)
{
	for (size_t i = 0; i < c->directory->n; i++) {
		const Lahetti__V1__DirectoryEntry *e = c->directory->entries[i];

		if (e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP &&
		    !e->membership->ended &&
		    lahetti_span_equal(lahetti_bytes_span(e->membership->unit),
				       lahetti_bytes_span(unit->id)))
			return true;
	}
	return false;
}

static void print_empty_unit(struct cli *c, struct table *t, const Lahetti__V1__Unit *unit,
			     const char *term)
{
	const char *organisation = directory_name(c, unit->organisation);

	if (has_members(c, unit) || organisation == NULL)
		return;
	if (term != NULL && !directory_matches(unit->id, unit->name, term, strlen(term)) &&
	    !directory_matches(unit->organisation, organisation, term, strlen(term)))
		return;
	table_row(t);
	table_text(t, "organisation", organisation);
	table_text(t, "unit", unit->name);
	table_text(t, "user", "");
	table_word(t, "role", &lahetti__v1__role__descriptor, 0);
	table_text(t, "title", "");
	table_id(t, "unit-id", unit->id);
	table_id(t, "user-id", (ProtobufCBinaryData){.len = 0});
}

bool command_who(struct cli *c)
{
	const char *term = args_value(c, "TERM");
	struct table *t;

	if (!session_open(c) || !directory_load(c))
		return false;
	t = table_create(c, TABLE_LIST);
	if (t == NULL)
		return false;
	for (size_t i = 0; i < c->directory->n; i++) {
		const Lahetti__V1__DirectoryEntry *e = c->directory->entries[i];

		if (e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP)
			print_member(c, t, e->membership, term);
		else if (e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT)
			print_empty_unit(c, t, e->unit, term);
	}
	return table_print(t, true);
}
