/* Erasing: one person proposes what the controller has decided, another confirms it. */

#include "client.h"
#include "commands.h"
#include "directory.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"
#include "statement.h"

#include <stdio.h>
#include <string.h>

static bool done(struct cli *c, Lahetti__V1__ClientFrame *frame, ProtobufCBinaryData erasure)
{
	const Lahetti__V1__ServerFrame *answer = session_ask(c, frame, SESSION_SERVER(DONE));
	struct table *t = answer != NULL ? table_create(c, TABLE_CARD) : NULL;

	if (t == NULL)
		return false;
	table_row(t);
	table_id(t, "id", erasure);
	table_number(t, "event", answer->done->event);
	return table_print(t, true);
}

/* ---- proposing ----------------------------------------------------------------------------- */

/* A whole identifier names any client of the controller, as a data-protection officer has it from
 * the trail; anything else one that the device or the unit knows. */
static bool read_client(struct cli *c, struct lahetti_id *id)
{
	const char *text = args_value(c, "client");
	struct client client;

	if (lahetti_id_parse(id, text, NULL))
		return true;
	if (!client_find(c, text, &client))
		return false;
	*id = client.id;
	return true;
}

static bool read_statement(struct cli *c, struct lahetti_id *id)
{
	const char *text = args_value(c, "statement");
	bool met;

	if (lahetti_id_parse(id, text, NULL))
		return true;
	return statement_met(c, text, id, &met) &&
	       (met || cli_fail(c, CLI_WRONG_USE, "cli.no-statement", text, NULL));
}

bool command_erase_propose(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ProposeErasure question = LAHETTI__V1__PROPOSE_ERASURE__INIT;
	struct lahetti_id erasure, client, statement;
	struct lahetti_fault fault;
	int scope = 0, reason = 0;

	if (!args_word(c, "scope", &lahetti__v1__erasure_scope__descriptor, &scope) ||
	    !args_word(c, "reason", &lahetti__v1__erasure_reason__descriptor, &reason) ||
	    !session_act(c) || !read_client(c, &client))
		return false;
	if (args_given(c, "statement")) {
		if (!read_statement(c, &statement))
			return false;
		question.statement = lahetti_bytes(lahetti_id_span(&statement));
	}
	if (!lahetti_id_new(&erasure, lahetti_now_us(), &fault))
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	question.erasure = lahetti_bytes(lahetti_id_span(&erasure));
	question.client = lahetti_bytes(lahetti_id_span(&client));
	question.scope = (Lahetti__V1__ErasureScope)scope;
	question.reason = (Lahetti__V1__ErasureReason)reason;
	question.sentence = lahetti_text(args_value(c, "sentence"));
	question.reference = lahetti_text(args_value(c, "reference"));
	frame.body_case = SESSION_CLIENT(PROPOSE_ERASURE);
	frame.propose_erasure = &question;
	return done(c, &frame, question.erasure);
}

/* ---- those that wait ----------------------------------------------------------------------- */

static const Lahetti__V1__ErasurePage *ask_page(struct cli *c, ProtobufCBinaryData cursor)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadErasures question = LAHETTI__V1__READ_ERASURES__INIT;
	const char *text = args_value(c, "organisation");
	const Lahetti__V1__Organisation *organisation;
	const Lahetti__V1__ServerFrame *answer;

	if (text != NULL) {
		if (!directory_organisation(c, text, strlen(text), &organisation))
			return NULL;
		question.organisation = organisation->id;
	}
	question.cursor = cursor;
	frame.body_case = SESSION_CLIENT(READ_ERASURES);
	frame.read_erasures = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(ERASURES));
	return answer != NULL ? answer->erasures : NULL;
}

static void show(struct table *t, const Lahetti__V1__Erasure *e)
{
	table_row(t);
	table_id(t, "id", e->erasure);
	table_id(t, "client", e->client);
	table_word(t, "scope", &lahetti__v1__erasure_scope__descriptor, (int)e->scope);
	table_id(t, "statement", e->statement);
	table_word(t, "reason", &lahetti__v1__erasure_reason__descriptor, (int)e->reason);
	table_text(t, "sentence", e->sentence);
	table_text(t, "reference", e->reference);
	table_text(t, "proposer", e->proposer_name);
	table_time(t, "time", e->proposed_us);
	table_time(t, "until", e->until_us);
	table_mark(t, "may-confirm", e->may_confirm);
}

bool command_erase_list(struct cli *c)
{
	ProtobufCBinaryData cursor = {.len = 0};
	struct table *t;
	bool ok;

	if (!session_act(c) || !directory_load(c))
		return false;
	t = table_create(c, TABLE_LIST);
	if (t == NULL)
		return false;
	do {
		const Lahetti__V1__ErasurePage *page = ask_page(c, cursor);

		ok = page != NULL;
		for (size_t i = 0; ok && i < page->n_erasures; i++)
			show(t, page->erasures[i]);
		if (ok)
			cursor = page->cursor;
	} while (ok && cursor.len > 0);
	return table_print(t, ok);
}

/* The one proposal whose identifier has these digits. */
static const Lahetti__V1__Erasure *find(struct cli *c)
{
	const char *text = args_value(c, "ERASURE");
	const Lahetti__V1__Erasure *found = NULL;
	ProtobufCBinaryData cursor = {.len = 0};

	do {
		const Lahetti__V1__ErasurePage *page = ask_page(c, cursor);

		if (page == NULL)
			return NULL;
		for (size_t i = 0; i < page->n_erasures; i++) {
			if (!directory_matches_id(page->erasures[i]->erasure, text, strlen(text)))
				continue;
			if (found != NULL) {
				(void)cli_fail(c, CLI_WRONG_USE, "cli.ambiguous-digits", text,
					       NULL);
				return NULL;
			}
			found = page->erasures[i];
		}
		cursor = page->cursor;
	} while (cursor.len > 0);
	if (found == NULL)
		(void)cli_fail(c, CLI_WRONG_USE, "cli.no-erasure", text, NULL);
	return found;
}

/* What is erased does not come back: a person has read what it is. */
static bool agreed(struct cli *c)
{
	char answer[16];

	if (args_given(c, "yes"))
		return true;
	if (!cli_can_ask())
		return cli_fail(c, CLI_WRONG_USE, "cli.say-yes", NULL, NULL);
	(void)fprintf(stderr, "%s ", cli_text(c, "cli.erase-question"));
	if (fgets(answer, sizeof answer, stdin) == NULL)
		answer[0] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	return strcmp(answer, cli_text(c, "cli.yes")) == 0 ||
	       cli_fail(c, CLI_WRONG_USE, "cli.not-erased", NULL, NULL);
}

/* For a person: what is about to be erased. */
static bool tell(struct cli *c, const Lahetti__V1__Erasure *e)
{
	struct table *t;

	if (c->json)
		return true;
	t = table_create(c, TABLE_CARD);
	if (t == NULL)
		return false;
	show(t, e);
	return table_print(t, true);
}

bool command_erase_confirm(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ConfirmErasure question = LAHETTI__V1__CONFIRM_ERASURE__INIT;
	const Lahetti__V1__Erasure *e;

	if (!session_act(c) || !directory_load(c))
		return false;
	e = find(c);
	if (e == NULL || !tell(c, e) || !agreed(c))
		return false;
	question.erasure = e->erasure;
	frame.body_case = SESSION_CLIENT(CONFIRM_ERASURE);
	frame.confirm_erasure = &question;
	return done(c, &frame, e->erasure);
}

bool command_erase_drop(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__DropErasure question = LAHETTI__V1__DROP_ERASURE__INIT;
	const Lahetti__V1__Erasure *e;

	if (!session_act(c) || !directory_load(c))
		return false;
	e = find(c);
	if (e == NULL)
		return false;
	question.erasure = e->erasure;
	frame.body_case = SESSION_CLIENT(DROP_ERASURE);
	frame.drop_erasure = &question;
	return done(c, &frame, e->erasure);
}
