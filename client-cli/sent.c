#include "sent.h"

#include "commands.h"
#include "directory.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"
#include "statement.h"

#include <stdio.h>
#include <string.h>

static const Lahetti__V1__SentPage *ask_page(struct cli *c, ProtobufCBinaryData cursor)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadSent question = LAHETTI__V1__READ_SENT__INIT;
	Lahetti__V1__ServerFrame *answer;

	question.cursor = cursor;
	frame.body_case = SESSION_CLIENT(READ_SENT);
	frame.read_sent = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(SENT));
	return answer != NULL ? answer->sent : NULL;
}

bool sent_find(struct cli *c, const char *text, bool any, const Lahetti__V1__Status **status)
{
	ProtobufCBinaryData cursor = {.len = 0};
	size_t found = 0;

	/* The newest come first, and are what one mostly means: no page is read in vain. */
	do {
		const Lahetti__V1__SentPage *page = ask_page(c, cursor);

		if (page == NULL)
			return false;
		for (size_t i = 0; i < page->n_statuses; i++) {
			const Lahetti__V1__Status *s = page->statuses[i];

			if (!directory_matches_id(s->delivery, text, strlen(text)) &&
			    !directory_matches_id(s->statement, text, strlen(text)))
				continue;
			if (any && found > 0 &&
			    lahetti_span_equal(lahetti_bytes_span((*status)->statement),
					       lahetti_bytes_span(s->statement)))
				continue;
			*status = s;
			found++;
		}
		cursor = page->cursor;
	} while (found == 0 && cursor.len > 0);
	if (found == 1)
		return true;
	return cli_fail(c, CLI_WRONG_USE, found == 0 ? "cli.no-delivery" : "cli.ambiguous-digits",
			text, NULL);
}

bool command_sent(struct cli *c)
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
		const Lahetti__V1__SentPage *page = ask_page(c, cursor);

		ok = page != NULL;
		for (size_t i = 0; ok && i < page->n_statuses; i++) {
			const Lahetti__V1__Status *s = page->statuses[i];
			table_row(t);
			table_id(t, "statement", s->statement);
			table_id(t, "delivery", s->delivery);
			table_kind(t, "kind", s->kind);
			table_recipient(t, "recipient", s->recipient);
			table_word(t, "state", &lahetti__v1__state__descriptor, (int)s->state);
			table_word(t, "reason", &lahetti__v1__reason__descriptor, (int)s->reason);
			table_time(t, "since", s->since_us);
			table_id(t, "client", s->client);
			table_steps(t, "steps", s->steps, s->n_steps);
		}
		if (ok)
			cursor = page->cursor;
	} while (ok && cursor.len > 0);
	return table_print(t, ok);
}

bool command_timeline(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadTimeline question = LAHETTI__V1__READ_TIMELINE__INIT;
	const char *text = args_value(c, "STATEMENT");
	const Lahetti__V1__Status *status;
	struct lahetti_id id;
	Lahetti__V1__ServerFrame *answer;
	struct table *t;
	bool met;

	if (!session_act(c) || !directory_load(c))
		return false;
	/* What this device has sent it knows without a list of the unit's clients. */
	if (!statement_met(c, text, &id, &met))
		return false;
	if (met) {
		question.statement = lahetti_bytes(lahetti_id_span(&id));
	} else {
		if (!sent_find(c, text, true, &status))
			return false;
		question.statement = status->statement;
	}
	frame.body_case = SESSION_CLIENT(READ_TIMELINE);
	frame.read_timeline = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(TIMELINE));
	t = answer != NULL ? table_create(c, TABLE_LIST) : NULL;
	if (t == NULL)
		return false;
	for (size_t i = 0; i < answer->timeline->n_steps; i++) {
		const Lahetti__V1__TimelineStep *s = answer->timeline->steps[i];
		const char *unit = directory_name(c, s->unit);

		table_row(t);
		table_time(t, "time", s->time_us);
		table_word(t, "step", &lahetti__v1__step__descriptor, (int)s->step);
		table_word(t, "state", &lahetti__v1__state__descriptor, (int)s->state);
		table_text(t, "unit", unit != NULL ? unit : "");
		table_text(t, "user", s->user_name);
		table_word(t, "reason", &lahetti__v1__reason__descriptor, (int)s->reason);
		table_text(t, "sentence", s->sentence);
		table_id(t, "delivery", s->delivery);
		table_number(t, "event", s->event);
	}
	return table_print(t, true);
}

/* ---- receipts ------------------------------------------------------------------------------ */

/* What `lahetti verify` reads: the statement as it was signed, and the log's proof of it. */
static bool write_bundle(struct cli *c, const struct known_statement *known, const char *path)
{
	Lahetti__V1__Bundle bundle = LAHETTI__V1__BUNDLE__INIT;
	struct signed_statement s;
	struct lahetti_span packed;

	if (!statement_kept(c, &known->id, &s))
		return false;
	bundle.log_key =
		lahetti_text(lahetti_note_verifier_vkey(session_log(c, known->accepted->receipt)));
	bundle.acts = c->session->log.acts;
	bundle.n_acts = c->session->log.n_acts;
	bundle.envelope = s.envelope;
	bundle.spki =
		lahetti_bytes(lahetti_public_key_spki(lahetti_private_key_public(c->session->key)));
	bundle.receipt = known->accepted->receipt;
	packed = lahetti_message_pack(&bundle.base, &c->arena);
	return packed.data != NULL ? home_write_path(c, path, packed) : cli_no_memory(c);
}

bool command_receipt(struct cli *c)
{
	const char *path = args_value(c, "out");
	struct lahetti_receipt_facts facts;
	struct known_statement known;
	struct lahetti_fault fault;
	struct table *t;

	if (!session_act(c) || !statement_find(c, args_value(c, "STATEMENT"), &known))
		return false;
	if (!lahetti_receipt_verify(known.accepted->receipt,
				    session_log(c, known.accepted->receipt), &c->arena, &facts,
				    &fault))
		return cli_fault(c, CLI_NOT_PROVED, &fault);
	t = table_create(c, TABLE_CARD);
	if (t == NULL)
		return false;
	table_row(t);
	table_id(t, "statement", lahetti_bytes(lahetti_id_span(&known.id)));
	table_digest(t, "sha256", known.sha256);
	table_number(t, "event", facts.event->number);
	table_time(t, "time", facts.event->time_us);
	table_number(t, "log-size", facts.checkpoint.size);
	table_text(t, "log", facts.checkpoint.origin);
	table_mark(t, "sent-late", known.accepted->sent_late);
	if (!table_print(t, true))
		return false;
	if (path == NULL)
		return true;
	if (!write_bundle(c, &known, path))
		return false;
	cli_say(c, "cli.bundle-written", path, NULL);
	return true;
}
