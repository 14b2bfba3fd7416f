#include "outbox.h"

#include "attachment.h"
#include "commands.h"
#include "directory.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define NAME_MOST 64

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

/* Why a command failed, kept while something is done about it. */
struct failure {
	enum cli_status status;
	char sentence[sizeof((struct cli *)0)->sentence];
};

static struct failure failure_of(const struct cli *c)
{
	struct failure f = {.status = c->status};

	(void)snprintf(f.sentence, sizeof f.sentence, "%s", c->sentence);
	return f;
}

/* Always false. */
static bool fail_as(struct cli *c, const struct failure *f)
{
	c->status = f->status;
	(void)snprintf(c->sentence, sizeof c->sentence, "%s", f->sentence);
	return false;
}

/* From one folder, after its attachments: what is stopped on the way is done again. */
static bool drop(struct cli *c, const char *folder, const struct signed_statement *s)
{
	char name[NAME_MOST];

	name_in(folder, &s->id, name);
	return attachment_drop(c, s) && home_remove(c, name);
}

static bool set_aside(struct cli *c, const struct signed_statement *s)
{
	char name[NAME_MOST];

	name_in("outbox", &s->id, name);
	return put(c, "aside", s) && home_remove(c, name);
}

bool outbox_put(struct cli *c, const struct signed_statement *s)
{
	struct failure why;

	/* What it names is there before it. */
	if (attachment_keep(c, s) && put(c, "outbox", s))
		return true;
	why = failure_of(c);
	(void)!attachment_drop(c, s);
	return fail_as(c, &why);
}

bool outbox_waits(struct cli *c, const struct signed_statement *s)
{
	const struct failure why = failure_of(c);
	char id[LAHETTI_ID_TEXT_LEN + 1];

	lahetti_id_format(&s->id, id);
	c->kept = true;
	return cli_fail(c, why.status != CLI_DONE ? why.status : CLI_NO_CONNECTION,
			"cli.kept-in-outbox", id, why.sentence);
}

bool outbox_keep(struct cli *c, const struct signed_statement *s)
{
	const struct failure why = failure_of(c);

	if (!outbox_put(c, s))
		return false;
	(void)fail_as(c, &why);
	return outbox_waits(c, s);
}

bool outbox_sent(struct cli *c, const struct signed_statement *s)
{
	return put(c, "sent", s) && drop(c, "outbox", s);
}

bool outbox_forget(struct cli *c, const struct signed_statement *s)
{
	const struct failure why = failure_of(c);

	return drop(c, "outbox", s) && fail_as(c, &why);
}

/* *found is false where another run has sent it meanwhile. */
static bool read_one(struct cli *c, const char *folder, const char *file,
		     struct signed_statement *s, bool *found)
{
	char name[NAME_MOST];

	(void)snprintf(name, sizeof name, "%s/%.*s", folder, LAHETTI_ID_TEXT_LEN, file);
	return statement_read(c, name, s, found);
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
	struct lahetti_id *ids;
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

/*
 * Neither sent nor refused, and not for the connection. Another run may have sent it meanwhile; one
 * whose attachments can't be read any more holds up nothing.
 */
static bool failed_one(struct cli *c, const struct signed_statement *s, bool *refused)
{
	const struct failure why = failure_of(c);
	struct signed_statement sent;
	char id[LAHETTI_ID_TEXT_LEN + 1];
	bool found;

	lahetti_id_format(&s->id, id);
	if (read_one(c, "sent", id, &sent, &found) && found)
		return drop(c, "outbox", s);
	*refused = !attachment_whole(c, s);
	if (!*refused)
		return fail_as(c, &why);
	tell(c, s, "cli.outbox-damaged", NULL);
	return set_aside(c, s);
}

/* One statement of the outbox. *waits: the connection broke; *refused: it was set aside. */
static bool send_one(struct cli *c, const struct signed_statement *s, bool *waits, bool *refused)
{
	const Lahetti__V1__Accepted *accepted;

	if (session_act_as(c, s->header->unit, s->header->role) && statement_ask(c, s, &accepted)) {
		tell(c, s, "cli.outbox-sent", NULL);
		return outbox_sent(c, s);
	}
	*waits = c->status == CLI_NO_CONNECTION;
	*refused = c->status == CLI_REFUSED;
	if (*refused) {
		tell(c, s, "cli.outbox-refused", c->sentence);
		return set_aside(c, s);
	}
	return *waits || failed_one(c, s, refused);
}

/* One that can't be read any more, as it is: it may be worth a look, and holds up nothing. */
static bool set_aside_damaged(struct cli *c, const char *file)
{
	char from[NAME_MOST], to[NAME_MOST];

	(void)snprintf(from, sizeof from, "outbox/%.*s", LAHETTI_ID_TEXT_LEN, file);
	(void)snprintf(to, sizeof to, "aside/%.*s", LAHETTI_ID_TEXT_LEN, file);
	cli_say(c, "cli.outbox-damaged", file, NULL);
	return home_rename(c, from, to);
}

static bool flush_one(struct cli *c, const struct signed_statement *s, struct aside *aside,
		      bool *waits)
{
	bool refused = false;

	if (speaks_of_refused(s, aside)) {
		tell(c, s, "cli.outbox-depends", NULL);
		if (!set_aside(c, s))
			return false;
		refused = true;
	} else if (!send_one(c, s, waits, &refused)) {
		return false;
	}
	if (refused)
		aside->ids[aside->n++] = s->id;
	return true;
}

static bool flush_all(struct cli *c, const char *const *names, size_t n, struct aside *aside,
		      bool *empty)
{
	for (size_t i = 0; i < n && *empty; i++) {
		struct signed_statement s;
		bool waits = false;
		bool found;

		if (!read_one(c, "outbox", names[i], &s, &found)) {
			if (c->status != CLI_NOT_PROVED || !set_aside_damaged(c, names[i]))
				return false;
			continue;
		}
		if (found && !flush_one(c, &s, aside, &waits))
			return false;
		*empty = !waits;
	}
	return true;
}

bool outbox_flush(struct cli *c, bool *empty)
{
	struct profile before = c->session->profile;
	struct aside aside = {.n = 0};
	const char **names;
	size_t n;

	*empty = true;
	if (!home_list(c, "outbox", &names, &n))
		return false;
	aside.ids = cli_take(c, (n + 1) * sizeof *aside.ids);
	if (aside.ids == NULL || !flush_all(c, names, n, &aside, empty))
		return false;
	return !*empty ||
	       session_act_as(c, lahetti_bytes(lahetti_id_span(&before.unit)), before.role);
}

/* What the server has still answers with its first receipt. */
bool outbox_again(struct cli *c, int64_t since_us, size_t *n)
{
	const struct failure before = failure_of(c);
	const char **names;
	size_t found;

	*n = 0;
	if (!home_list(c, "sent", &names, &found))
		return false;
	for (size_t i = 0; i < found; i++) {
		struct signed_statement s;
		bool there;

		/* What can't be read any more can't be sent again: nothing else waits for it. */
		if (!read_one(c, "sent", names[i], &s, &there)) {
			if (c->status != CLI_NOT_PROVED)
				return false;
			(void)fail_as(c, &before);
			continue;
		}
		if (!there || s.header->created_us < since_us)
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
		static const Lahetti__V1__Header nothing = LAHETTI__V1__HEADER__INIT;
		struct signed_statement s = {.header = &nothing};
		struct lahetti_id id = {0};
		bool found = true;
		bool damaged = !read_one(c, folder, names[i], &s, &found);

		if (damaged && c->status != CLI_NOT_PROVED)
			return false;
		if (!found)
			continue;
		(void)!lahetti_id_parse(&id, names[i], NULL);
		table_row(t);
		table_id(t, "statement", lahetti_bytes(lahetti_id_span(&id)));
		table_kind(t, "kind", s.header->kind);
		table_time(t, "created", s.header->created_us);
		table_number(t, "attachments", s.header->n_attachments);
		table_text(t, "state",
			   damaged   ? c->json ? "damaged" : cli_text(c, "cli.state-damaged")
			     : c->json ? folder
				     : cli_text(c, state));
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

/* One that can't be read any more no longer says what it has with it. */
static bool drop_file(struct cli *c, const char *folder, const struct lahetti_id *id)
{
	struct signed_statement s;
	char name[NAME_MOST];
	bool found;

	name_in(folder, id, name);
	if (statement_read(c, name, &s, &found))
		return !found || drop(c, folder, &s);
	return c->status == CLI_NOT_PROVED && home_remove(c, name);
}

bool command_outbox_drop(struct cli *c)
{
	static const char *const folders[] = {"outbox", "aside"};
	const char *text = args_value(c, "STATEMENT");
	struct lahetti_id id = {0};
	size_t matches = 0;

	for (size_t f = 0; f < 2; f++) {
		const char **names;
		struct lahetti_id each;
		size_t n;

		if (!home_list(c, folders[f], &names, &n))
			return false;
		for (size_t i = 0; i < n; i++)
			/* A run that was stopped may have left it in both. */
			if (statement_names(names[i], text, &each) &&
			    (matches == 0 || !lahetti_id_equal(&each, &id))) {
				id = each;
				matches++;
			}
	}
	if (matches != 1)
		return cli_fail(c, CLI_WRONG_USE,
				matches == 0 ? "cli.no-statement" : "cli.ambiguous-digits", text,
				NULL);
	return drop_file(c, folders[0], &id) && drop_file(c, folders[1], &id);
}
