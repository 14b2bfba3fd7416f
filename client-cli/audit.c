/* Reading the trail: who saw a client's data, what was done, whether the log is what it was. */

#include "client.h"
#include "commands.h"
#include "directory.h"
#include "lahetti/message.h"
#include "output.h"
#include "report.h"
#include "session.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LINES_MOST 100000
#define PAGE	   100
#define DAY_US	   (INT64_C(86400) * 1000000)

/* ---- lines --------------------------------------------------------------------------------- */

static void print_line(struct cli *c, struct table *t, const Lahetti__V1__ReportLine *line)
{
	const Lahetti__V1__AuditEvent *e = lahetti_message_read(
		&lahetti__v1__audit_event__descriptor, lahetti_bytes_span(line->event),
		LAHETTI_MESSAGE_FRAME, &c->arena, NULL);

	if (e == NULL)
		return;
	table_row(t);
	table_number(t, "event", e->number);
	table_time(t, "time", e->time_us);
	table_text(t, "user", line->user_name);
	table_word(t, "role", &lahetti__v1__role__descriptor, (int)e->role);
	table_text(t, "unit", line->unit_name);
	table_text(t, "organisation", line->organisation_name);
	table_word(t, "action", &lahetti__v1__action__descriptor, (int)e->action);
	table_kind(t, "kind", e->kind);
	table_word(t, "outcome", &lahetti__v1__event_outcome__descriptor, (int)e->outcome);
	table_word(t, "basis", &lahetti__v1__basis_kind__descriptor, (int)e->basis);
	table_words(t, "categories", &lahetti__v1__category__descriptor, e->categories,
		    e->n_categories);
	table_code(t, "reason", e->reason);
}

/* ---- who saw ------------------------------------------------------------------------------- */

/* A report that is being gathered. */
struct gathered {
	Lahetti__V1__ReportLine **lines;
	size_t n;
	ProtobufCBinaryData checkpoint; /* of the last page */
	size_t proved;			/* lines before this one are proved under an earlier one */
};

static bool ask_page(struct cli *c, const struct lahetti_id *client, ProtobufCBinaryData *cursor,
		     struct gathered *g)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__WhoSaw question = LAHETTI__V1__WHO_SAW__INIT;
	Lahetti__V1__ServerFrame *answer;

	question.client = lahetti_bytes(lahetti_id_span(client));
	question.cursor = *cursor;
	question.limit = PAGE;
	question.proofs = 1;
	frame.body_case = SESSION_CLIENT(WHO_SAW);
	frame.who_saw = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(TRAIL));
	if (answer == NULL || !session_saw(c, answer->trail->checkpoint, true))
		return false;
	if (answer->trail->n_lines > LINES_MOST - g->n)
		return cli_fail(c, CLI_OWN_FAULT, "cli.too-much", NULL, NULL);
	if (!lahetti_span_equal(lahetti_bytes_span(answer->trail->checkpoint),
				lahetti_bytes_span(g->checkpoint)))
		g->proved = g->n;
	for (size_t i = 0; i < answer->trail->n_lines; i++)
		g->lines[g->n++] = answer->trail->lines[i];
	g->checkpoint = answer->trail->checkpoint;
	*cursor = answer->trail->cursor;
	return true;
}

/* Lines of earlier pages, proved anew under the last page's head: a report stands on one. */
static bool prove_earlier(struct cli *c, struct gathered *g)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadInclusion question = LAHETTI__V1__READ_INCLUSION__INIT;
	struct lahetti_checkpoint head;
	struct lahetti_fault fault;

	if (!lahetti_checkpoint_parse(&head, lahetti_bytes_span(g->checkpoint), &fault))
		return cli_fault(c, CLI_NOT_PROVED, &fault);
	question.size = head.size;
	frame.body_case = SESSION_CLIENT(READ_INCLUSION);
	frame.read_inclusion = &question;
	for (size_t i = 0; i < g->proved; i++) {
		const Lahetti__V1__AuditEvent *e =
			lahetti_message_read(&lahetti__v1__audit_event__descriptor,
					     lahetti_bytes_span(g->lines[i]->event),
					     LAHETTI_MESSAGE_FRAME, &c->arena, &fault);
		Lahetti__V1__ServerFrame *answer;

		if (e == NULL)
			return cli_fault(c, CLI_NOT_PROVED, &fault);
		question.number = e->number;
		answer = session_ask(c, &frame, SESSION_SERVER(PROOF));
		if (answer == NULL)
			return false;
		g->lines[i]->inclusion = answer->proof->hashes;
		g->lines[i]->n_inclusion = answer->proof->n_hashes;
	}
	return true;
}

static bool gather(struct cli *c, const struct lahetti_id *client, struct gathered *g)
{
	ProtobufCBinaryData cursor = {.len = 0};

	*g = (struct gathered){.lines = cli_take(c, LINES_MOST * sizeof *g->lines)};
	if (g->lines == NULL)
		return false;
	do {
		if (!ask_page(c, client, &cursor, g))
			return false;
	} while (cursor.len > 0);
	return prove_earlier(c, g);
}

/* Verifies the report as anybody could, and tells how far it reaches. */
static bool verify_report(struct cli *c, struct lahetti_span packed,
			  const struct lahetti_id *client, const struct gathered *g)
{
	struct report report = {.c = c, .client = *client};
	struct lahetti_checkpoint head;
	char number[32], size[32];

	if (!report_verify(c, packed, c->session->profile.log_key, &report))
		return false;
	if (g->n > 0 && !report.of_client)
		return cli_fail(c, CLI_NOT_PROVED, "code.broken-chain", NULL, NULL);
	if (!lahetti_checkpoint_parse(&head, lahetti_bytes_span(g->checkpoint), NULL))
		return cli_fail(c, CLI_NOT_PROVED, "code.bad-checkpoint", NULL, NULL);
	(void)snprintf(number, sizeof number, "%" PRIu64, report.entries);
	(void)snprintf(size, sizeof size, "%" PRIu64, head.size);
	cli_say(c, "cli.report-whole", number, size);
	return true;
}

bool command_audit_who_saw(struct cli *c)
{
	Lahetti__V1__Bundle bundle = LAHETTI__V1__BUNDLE__INIT;
	const char *path = args_value(c, "out");
	struct lahetti_span packed;
	struct lahetti_id client;
	struct gathered g;
	struct table *t;

	if (!client_id(c, args_value(c, "CLIENT"), &client) || !session_act(c) ||
	    !gather(c, &client, &g))
		return false;
	if (g.n == 0)
		return cli_fail(c, CLI_WRONG_USE, "cli.no-client", args_value(c, "CLIENT"), NULL);
	bundle.log_key = c->session->profile.log_key;
	bundle.checkpoint = g.checkpoint;
	bundle.acts = c->session->log.acts;
	bundle.n_acts = c->session->log.n_acts;
	bundle.lines = g.lines;
	bundle.n_lines = g.n;
	packed = lahetti_message_pack(&bundle.base, &c->arena);
	if (packed.data == NULL)
		return cli_no_memory(c);
	/* Only what holds is shown. */
	if (!verify_report(c, packed, &client, &g))
		return false;
	t = table_create(c, TABLE_LIST);
	if (t == NULL)
		return false;
	for (size_t i = 0; i < g.n; i++)
		print_line(c, t, g.lines[i]);
	if (!table_print(t, true))
		return false;
	if (path == NULL)
		return true;
	if (!home_write_path(c, path, packed))
		return false;
	cli_say(c, "cli.bundle-written", path, NULL);
	return true;
}

/* ---- what was done ------------------------------------------------------------------------- */

/* The instant at which a civil date begins in Helsinki. The clocks there change at three o'clock.
 */
static int64_t day_begins(uint32_t date)
{
	int64_t y = date / 10000;
	int64_t m = date / 100 % 100;
	int64_t d = date % 100;
	int64_t era_year, days, us;

	/* Days of the proleptic Gregorian calendar, in years that begin with March. */
	era_year = m <= 2 ? y - 1 : y;
	days = 365 * era_year + era_year / 4 - era_year / 100 + era_year / 400 +
	       (153 * (m > 2 ? m - 3 : m + 9) + 2) / 5 + d - 1 - 719468;
	us = days * DAY_US;
	return us - (int64_t)lahetti_helsinki_offset(us - DAY_US / 8) * 1000000;
}

static bool read_filter(struct cli *c, Lahetti__V1__ReadTrail *question, struct lahetti_id *client)
{
	const char *user_text = args_value(c, "user");
	const char *unit_text = args_value(c, "unit");
	const Lahetti__V1__User *user;
	const Lahetti__V1__Unit *unit;
	uint32_t from, until;
	int action = 0, outcome = 0;

	if (!args_word(c, "action", &lahetti__v1__action__descriptor, &action) ||
	    !args_word(c, "outcome", &lahetti__v1__event_outcome__descriptor, &outcome) ||
	    !args_date(c, "from", &from) || !args_date(c, "until", &until))
		return false;
	question->action = (Lahetti__V1__Action)action;
	question->outcome = (Lahetti__V1__EventOutcome)outcome;
	question->from_us = from != 0 ? day_begins(from) : 0;
	question->until_us = until != 0 ? day_begins(until) + DAY_US : 0;
	if (args_given(c, "client")) {
		if (!client_id(c, args_value(c, "client"), client))
			return false;
		question->client = lahetti_bytes(lahetti_id_span(client));
	}
	if (!session_act(c) || !directory_load(c))
		return false;
	if (user_text != NULL) {
		if (!directory_user(c, user_text, strlen(user_text), NULL, &user))
			return false;
		question->user = user->id;
	}
	if (unit_text != NULL) {
		if (!directory_unit(c, unit_text, strlen(unit_text), &unit))
			return false;
		question->unit = unit->id;
	}
	return true;
}

bool command_audit_list(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadTrail question = LAHETTI__V1__READ_TRAIL__INIT;
	uint32_t left = PAGE;
	struct lahetti_id client;
	struct table *t;
	bool ok;

	if (!args_number(c, "limit", LINES_MOST, &left) || !read_filter(c, &question, &client))
		return false;
	t = table_create(c, TABLE_LIST);
	if (t == NULL)
		return false;
	frame.body_case = SESSION_CLIENT(READ_TRAIL);
	frame.read_trail = &question;
	do {
		Lahetti__V1__ServerFrame *answer;

		question.limit = left < PAGE ? left : PAGE;
		answer = session_ask(c, &frame, SESSION_SERVER(TRAIL));
		ok = answer != NULL;
		for (size_t i = 0; ok && i < answer->trail->n_lines && left > 0; i++, left--)
			print_line(c, t, answer->trail->lines[i]);
		if (ok)
			question.cursor = answer->trail->cursor;
	} while (ok && left > 0 && question.cursor.len > 0);
	return table_print(t, ok);
}

/* ---- the log ------------------------------------------------------------------------------- */

/* Signing in has checked that the log continues what this device has seen; so does its newest head.
 */
bool command_audit_verify(struct cli *c)
{
	struct lahetti_checkpoint head;
	char root[LAHETTI_DIGEST_HEX_LEN + 1];
	const struct lahetti_note_verifier *log;
	struct lahetti_buffer note;
	struct lahetti_fault fault;
	struct table *t;
	bool found, ok;

	if (!session_open(c) || !session_read_head(c))
		return false;
	log = c->session->log.list[0].log;
	lahetti_buffer_init(&note, LAHETTI_NOTE_MOST);
	ok = home_read(c, "checkpoint", &note, &found) &&
	     (lahetti_checkpoint_open(&head, lahetti_buffer_span(&note), log,
				      lahetti_note_verifier_name(log), &fault) ||
	      cli_fault(c, CLI_NOT_PROVED, &fault));
	lahetti_buffer_finish(&note);
	t = ok ? table_create(c, TABLE_CARD) : NULL;
	if (t == NULL)
		return false;
	cli_say(c, "cli.log-continues", NULL, NULL);
	lahetti_hex(head.root.bytes, sizeof head.root.bytes, root);
	table_row(t);
	table_text(t, "log", head.origin);
	table_number(t, "log-size", head.size);
	table_text(t, "root", root);
	return table_print(t, true);
}
