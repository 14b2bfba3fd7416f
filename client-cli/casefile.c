#include "casefile.h"

#include "commands.h"
#include "directory.h"
#include "inbox.h"
#include "lahetti/message.h"
#include "output.h"
#include "sent.h"
#include "session.h"
#include "statement.h"

#include <string.h>

static const Lahetti__V1__CasePage *ask_page(struct cli *c, const struct client *client,
					     ProtobufCBinaryData cursor)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadCase question = LAHETTI__V1__READ_CASE__INIT;
	Lahetti__V1__ServerFrame *answer;

	question.case_id = lahetti_bytes(lahetti_id_span(&client->case_id));
	question.cursor = cursor;
	frame.body_case = SESSION_CLIENT(READ_CASE);
	frame.read_case = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(CASE_PAGE));
	return answer != NULL ? answer->case_page : NULL;
}

bool casefile_find(struct cli *c, const struct client *client, const char *text,
		   const Lahetti__V1__CaseEntry **entry)
{
	ProtobufCBinaryData cursor = {.len = 0};
	size_t found = 0;

	do {
		const Lahetti__V1__CasePage *page = ask_page(c, client, cursor);

		if (page == NULL)
			return false;
		for (size_t i = 0; i < page->n_entries; i++)
			if (directory_matches_id(page->entries[i]->statement, text, strlen(text))) {
				*entry = page->entries[i];
				found++;
			}
		cursor = page->cursor;
	} while (cursor.len > 0);
	if (found == 1)
		return true;
	return cli_fail(c, CLI_WRONG_USE, found == 0 ? "cli.no-statement" : "cli.ambiguous-digits",
			text, NULL);
}

/* ---- lists --------------------------------------------------------------------------------- */

static const char *name_of(const struct cli *c, ProtobufCBinaryData id)
{
	const char *name = directory_name(c, id);

	return name != NULL ? name : "";
}

static void print_entry(struct cli *c, struct table *t, const Lahetti__V1__CaseEntry *e)
{
	table_row(t);
	table_id(t, "statement", e->statement);
	if (c->json) {
		table_digest(t, "sha256", e->sha256);
		table_id(t, "in-reply-to", e->in_reply_to);
		table_text(t, "organisation", name_of(c, e->organisation));
	}
	table_kind(t, "kind", e->kind);
	table_text(t, "unit", name_of(c, e->unit));
	table_time(t, "accepted", e->accepted_us);
	table_mark(t, "ended", e->consent_ended);
	table_mark(t, "erased", e->since_erased);
}

/* A row for each delivery that the unit sent or got; one for what has none. */
static void print_deliveries(struct cli *c, struct table *t, const Lahetti__V1__CaseEntry *e)
{
	static const Lahetti__V1__CaseDelivery none = LAHETTI__V1__CASE_DELIVERY__INIT;
	size_t n = e->n_deliveries > 0 ? e->n_deliveries : 1;

	for (size_t i = 0; i < n; i++) {
		const Lahetti__V1__CaseDelivery *d = e->n_deliveries > 0 ? e->deliveries[i] : &none;

		print_entry(c, t, e);
		table_id(t, "delivery", d->delivery);
		table_recipient(t, "recipient", d->recipient);
		table_word(t, "state", &lahetti__v1__state__descriptor, (int)d->state);
		table_time(t, "since", d->since_us);
		table_steps(t, "steps", d->steps, d->n_steps);
	}
}

static bool print_case(struct cli *c, const struct client *client, bool consents)
{
	ProtobufCBinaryData cursor = {.len = 0};
	struct table *t = table_create(c, TABLE_LIST);
	bool ok;

	if (t == NULL)
		return false;
	do {
		const Lahetti__V1__CasePage *page = ask_page(c, client, cursor);

		ok = page != NULL;
		for (size_t i = 0; ok && i < page->n_entries; i++) {
			const Lahetti__V1__CaseEntry *e = page->entries[i];

			if (!consents)
				print_deliveries(c, t, e);
			else if (e->kind == LAHETTI_KIND_CONSENT)
				print_entry(c, t, e);
		}
		if (ok)
			cursor = page->cursor;
	} while (ok && cursor.len > 0);
	return table_print(t, ok);
}

bool command_case(struct cli *c)
{
	struct client client;

	return session_act(c) && directory_load(c) &&
	       client_case(c, args_value(c, "CASE"), &client) && print_case(c, &client, false);
}

bool command_consents(struct cli *c)
{
	struct client client;

	return session_act(c) && directory_load(c) &&
	       client_find(c, args_value(c, "client"), &client) && print_case(c, &client, true);
}

/* ---- one of them --------------------------------------------------------------------------- */

/* What is named: of a client's, of this device's, or of what the unit has sent. */
static bool find(struct cli *c, const char *text, struct lahetti_id *id)
{
	const Lahetti__V1__CaseEntry *entry;
	const Lahetti__V1__Status *status;
	struct client client;
	bool met;

	if (args_given(c, "client"))
		return client_find(c, args_value(c, "client"), &client) &&
		       casefile_find(c, &client, text, &entry) &&
		       lahetti_id_read(id, lahetti_bytes_span(entry->statement), NULL);
	if (!statement_met(c, text, id, &met))
		return false;
	return met || (sent_find(c, text, true, &status) &&
		       lahetti_id_read(id, lahetti_bytes_span(status->statement), NULL));
}

bool command_read(struct cli *c)
{
	struct lahetti_id id;
	struct opened o;

	return session_act(c) && directory_load(c) && find(c, args_value(c, "STATEMENT"), &id) &&
	       inbox_read_again(c, lahetti_bytes(lahetti_id_span(&id)), &o) && inbox_print(c, &o);
}
