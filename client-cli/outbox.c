#include "outbox.h"

#include "attachment.h"
#include "commands.h"
#include "directory.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define ENVELOPE_MOST ((size_t)16 << 20)
#define NAME_MOST     64

static void name_in(const char *folder, const struct lahetti_id *id, char name[NAME_MOST])
{
	char text[LAHETTI_ID_TEXT_LEN + 1];

	lahetti_id_format(id, text);
	(void)snprintf(name, NAME_MOST, "%s/%s", folder, text);
}

static bool put(struct cli *c, const char *folder, const struct signed_statement *s)
{
	char name[NAME_MOST];

	name_in(folder, &s->id, name);
	return home_seal(c, name, s->bytes);
}

static bool move(struct cli *c, const struct signed_statement *s, const char *to)
{
	char name[NAME_MOST];

	name_in("outbox", &s->id, name);
	return put(c, to, s) && home_remove(c, name);
}

bool outbox_keep(struct cli *c, const struct signed_statement *s)
{
	enum cli_status status = c->status != CLI_DONE ? c->status : CLI_NO_CONNECTION;
	char why[sizeof c->sentence];
	char id[LAHETTI_ID_TEXT_LEN + 1];

	(void)snprintf(why, sizeof why, "%s", c->sentence);
	lahetti_id_format(&s->id, id);
	/* What it names is there before it. */
	c->kept = attachment_keep(c, s) && put(c, "outbox", s);
	return c->kept && cli_fail(c, status, "cli.kept-in-outbox", id, why);
}

bool outbox_sent(struct cli *c, const struct signed_statement *s)
{
	return put(c, "sent", s);
}

static bool read_one(struct cli *c, const char *name, struct signed_statement *s)
{
	struct lahetti_buffer bytes;
	const void *copy = NULL;
	bool found, ok;

	lahetti_buffer_init(&bytes, ENVELOPE_MOST);
	ok = home_unseal(c, name, &bytes, &found) &&
	     (found || cli_fail(c, CLI_OWN_FAULT, "cli.not-kept", name, NULL));
	if (ok)
		copy = lahetti_arena_copy(&c->arena, bytes.data, bytes.len);
	if (ok && copy == NULL)
		ok = cli_no_memory(c);
	ok = ok && statement_of(c, lahetti_span(copy, bytes.len), s);
	lahetti_buffer_finish(&bytes);
	return ok;
}

static bool read_file(struct cli *c, const char *folder, const char *file,
		      struct signed_statement *s)
{
	char name[NAME_MOST];

	(void)snprintf(name, sizeof name, "%s/%.*s", folder, LAHETTI_ID_TEXT_LEN, file);
	return read_one(c, name, s);
}

static bool names_it(const Lahetti__V1__Reference *r, const struct lahetti_id *id)
{
	return r != NULL && lahetti_span_equal(lahetti_bytes_span(r->id), lahetti_id_span(id));
}

/* Whether a statement speaks of another: answers it, replaces it, relies on it. */
static bool speaks_of(const struct signed_statement *s, const struct lahetti_id *id)
{
	const Lahetti__V1__Header *h = s->header;

	for (size_t i = 0; i < h->n_consents; i++)
		if (names_it(h->consents[i], id))
			return true;
	return names_it(h->in_reply_to, id) || names_it(h->replaces, id);
}

/* What was refused in this run, and what spoke of it. */
struct aside {
	const struct lahetti_id *ids;
	size_t n;
};

static bool speaks_of_refused(const struct signed_statement *s, const struct aside *aside)
{
	for (size_t i = 0; i < aside->n; i++)
		if (speaks_of(s, &aside->ids[i]))
			return true;
	return false;
}

static void tell(struct cli *c, const struct signed_statement *s, const char *key, const char *why)
{
	char id[LAHETTI_ID_TEXT_LEN + 1];

	lahetti_id_format(&s->id, id);
	cli_say(c, key, id, why);
}

/* One statement of the outbox. *waits: the connection broke; *refused: it was set aside. */
static bool send_one(struct cli *c, const struct signed_statement *s, bool *waits, bool *refused)
{
	const Lahetti__V1__Accepted *accepted;

	if (statement_ask(c, s, &accepted)) {
		tell(c, s, "cli.outbox-sent", NULL);
		return move(c, s, "sent") && attachment_drop(c, s);
	}
	*waits = c->status == CLI_NO_CONNECTION;
	*refused = c->status == CLI_REFUSED;
	if (*refused) {
		tell(c, s, "cli.outbox-refused", c->sentence);
		return move(c, s, "aside");
	}
	return *waits;
}

bool outbox_flush(struct cli *c, bool *empty)
{
	struct lahetti_id *ids;
	struct aside aside = {.n = 0};
	const char **names;
	size_t n;

	*empty = true;
	if (!home_list(c, "outbox", &names, &n))
		return false;
	ids = cli_take(c, (n + 1) * sizeof *ids);
	if (ids == NULL)
		return false;
	aside.ids = ids;
	for (size_t i = 0; i < n && *empty; i++) {
		struct signed_statement s;
		bool waits = false;
		bool refused = false;

		if (!read_file(c, "outbox", names[i], &s))
			return false;
		if (speaks_of_refused(&s, &aside)) {
			tell(c, &s, "cli.outbox-depends", NULL);
			if (!move(c, &s, "aside"))
				return false;
			refused = true;
		} else if (!send_one(c, &s, &waits, &refused)) {
			return false;
		}
		if (refused)
			ids[aside.n++] = s.id;
		*empty = !waits;
	}
	return true;
}

/* What the server has still answers with its first receipt. */
bool outbox_again(struct cli *c, int64_t since_us, size_t *n)
{
	const char **names;
	size_t found;

	*n = 0;
	if (!home_list(c, "sent", &names, &found))
		return false;
	for (size_t i = 0; i < found; i++) {
		struct signed_statement s;
		struct lahetti_statement statement;
		struct lahetti_fault fault;

		if (!read_file(c, "sent", names[i], &s))
			return false;
		if (!lahetti_statement_read(&statement, lahetti_bytes_span(s.envelope->payload),
					    &c->arena, &fault))
			return cli_fault(c, CLI_OWN_FAULT, &fault);
		if (statement.header->created_us < since_us)
			continue;
		if (!put(c, "outbox", &s))
			return false;
		++*n;
	}
	return true;
}

/* ---- the commands -------------------------------------------------------------------------- */

/* The folder's name is the state for programs. */
static bool list_folder(struct cli *c, struct table *t, const char *folder, const char *state)
{
	const char **names;
	size_t n;

	if (!home_list(c, folder, &names, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct signed_statement s;

		if (!read_file(c, folder, names[i], &s))
			return false;
		table_row(t);
		table_id(t, "statement", s.header->id);
		table_kind(t, "kind", s.header->kind);
		table_time(t, "created", s.header->created_us);
		table_number(t, "attachments", s.header->n_attachments);
		table_text(t, "state", c->json ? folder : cli_text(c, state));
	}
	return true;
}

bool command_outbox(struct cli *c)
{
	struct table *t = table_create(c, TABLE_LIST);
	bool ok;

	if (t == NULL)
		return false;
	ok = list_folder(c, t, "outbox", "cli.state-waits") &&
	     list_folder(c, t, "aside", "cli.state-aside");
	return table_print(t, ok);
}

bool command_outbox_send(struct cli *c)
{
	bool empty;

	if (!session_act(c) || !outbox_flush(c, &empty))
		return false;
	if (!empty)
		return false; /* the connection's failure has been told */
	c->status = CLI_DONE;
	cli_say(c, "cli.outbox-empty", NULL, NULL);
	return true;
}

bool command_outbox_drop(struct cli *c)
{
	static const char *const folders[] = {"outbox", "aside"};
	const char *text = args_value(c, "STATEMENT");
	char found[NAME_MOST] = "";
	struct signed_statement s;
	size_t matches = 0;

	for (size_t f = 0; f < 2; f++) {
		const char **names;
		struct lahetti_id id;
		size_t n;

		if (!home_list(c, folders[f], &names, &n))
			return false;
		for (size_t i = 0; i < n; i++)
			if (statement_names(names[i], text, &id)) {
				name_in(folders[f], &id, found);
				matches++;
			}
	}
	if (matches != 1)
		return cli_fail(c, CLI_WRONG_USE,
				matches == 0 ? "cli.no-statement" : "cli.ambiguous-digits", text,
				NULL);
	return read_one(c, found, &s) && attachment_drop(c, &s) && home_remove(c, found);
}
