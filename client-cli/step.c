/* Steps in the life of a referral: acknowledgements, and the statements that are steps by
 * themselves. */

#include "client.h"
#include "commands.h"
#include "directory.h"
#include "inbox.h"
#include "lahetti/message.h"
#include "sent.h"
#include "session.h"
#include "statement.h"

#include <string.h>

/* ---- acknowledgements ---------------------------------------------------------------------- */

/* The delivery, and the statement that it delivers, on the side of the one who takes the step. */
struct target {
	ProtobufCBinaryData delivery;
	Lahetti__V1__Reference *statement;
};

static bool find_as_recipient(struct cli *c, const char *text, struct target *target)
{
	const Lahetti__V1__Notice *notice;

	if (!inbox_find(c, text, &notice))
		return false;
	target->delivery = notice->delivery;
	target->statement = draft_reference(c, notice->statement, notice->statement_sha256);
	return target->statement != NULL;
}

/* The sender has no notice: the statement's digest stands in its receipt. */
static bool find_as_sender(struct cli *c, const char *text, struct target *target)
{
	char id[LAHETTI_ID_TEXT_LEN + 1];
	const Lahetti__V1__Status *status;
	struct known_statement known;
	struct lahetti_id statement;

	if (!sent_find(c, text, false, &status))
		return false;
	if (!lahetti_id_read(&statement, lahetti_bytes_span(status->statement), NULL))
		return cli_fail(c, CLI_OWN_FAULT, "cli.unexpected-answer", NULL, NULL);
	lahetti_id_format(&statement, id);
	if (!statement_find(c, id, &known))
		return false;
	target->delivery = status->delivery;
	target->statement = draft_reference(c, status->statement, known.sha256);
	return target->statement != NULL;
}

/* The name of the command is the step's word. */
bool command_step(struct cli *c)
{
	Lahetti__V1__Acknowledgement body = LAHETTI__V1__ACKNOWLEDGEMENT__INIT;
	const char *delivery = args_value(c, "DELIVERY");
	const struct lahetti_step_row *row;
	struct signed_statement s;
	int step = 0, reason = 0, cause = 0;
	struct target target;
	struct draft draft;

	if (!args_word_of(c, c->args.command->name, &lahetti__v1__step__descriptor, &step) ||
	    !args_word(c, "reason", &lahetti__v1__reason__descriptor, &reason) ||
	    !args_word(c, "cause", &lahetti__v1__cause__descriptor, &cause) ||
	    !args_date(c, "date", &body.date) || !session_act(c))
		return false;
	row = lahetti_step_any(step);
	if (row != NULL && (row->by & LAHETTI_BY_SENDER) ? !find_as_sender(c, delivery, &target)
							 : !find_as_recipient(c, delivery, &target))
		return false;
	body.delivery = target.delivery;
	body.step = (Lahetti__V1__Step)step;
	body.reason = (Lahetti__V1__Reason)reason;
	body.cause = (Lahetti__V1__Cause)cause;
	if (args_given(c, "sentence"))
		body.sentence = lahetti_text(args_value(c, "sentence"));
	if (args_given(c, "to") && !directory_recipient(c, args_value(c, "to"), &body.redirect_to))
		return false;
	draft_init(&draft, LAHETTI_KIND_ACKNOWLEDGEMENT, &body.base);
	draft.header.in_reply_to = target.statement;
	if (!draft_sign(c, &draft, &s) || !statement_submit(c, &s))
		return false;
	if (step == LAHETTI__V1__STEP__STEP_RETURN)
		cli_say(c, "note.returned", NULL, NULL);
	return true;
}

/* ---- what is written to the author of what was delivered ----------------------------------- */

/*
 * A reply to what a delivery brought: the device keeps none of it, so it is opened again for
 * client, case and author, and that is on record.
 */
struct reply {
	struct opened opened;
	struct draft draft;
	Lahetti__V1__Recipient to;
};

static bool reply_init(struct cli *c, struct reply *r, enum lahetti_kind kind,
		       const ProtobufCMessage *body, Lahetti__V1__Category category)
{
	const Lahetti__V1__Header *header = r->opened.statement.header;
	struct draft *d = &r->draft;

	draft_init(d, kind, body);
	d->header.client = r->opened.content->client;
	d->header.case_id = r->opened.content->case_id;
	d->header.in_reply_to =
		draft_reference(c, r->opened.notice->statement, r->opened.notice->statement_sha256);
	if (d->header.in_reply_to == NULL || !draft_categories(c, d, &category, 1))
		return false;
	lahetti__v1__recipient__init(&r->to);
	r->to.kind = LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER;
	r->to.organisation = header->organisation;
	r->to.unit = header->unit;
	r->to.user = header->author;
	d->recipients[0] = &r->to;
	d->header.n_recipients = args_given(c, "without-sender") ? 0 : 1;
	return draft_basis(c, d) && draft_attachments(c, d);
}

static bool reply_send(struct cli *c, struct reply *r)
{
	struct signed_statement s;

	return draft_sign(c, &r->draft, &s) && statement_submit(c, &s);
}

static bool open_it(struct cli *c, struct reply *r)
{
	return session_act(c) && inbox_open(c, args_value(c, "DELIVERY"), &r->opened);
}

bool command_ask(struct cli *c)
{
	Lahetti__V1__InformationRequest body = LAHETTI__V1__INFORMATION_REQUEST__INIT;
	struct reply r;

	if (!args_date(c, "answer-by", &body.answer_by) || !open_it(c, &r))
		return false;
	body.delivery = r.opened.notice->delivery;
	body.question = lahetti_text(args_value(c, "question"));
	return reply_init(c, &r, LAHETTI_KIND_INFORMATION_REQUEST, &body.base,
			  LAHETTI__V1__CATEGORY__CATEGORY_FEEDBACK) &&
	       reply_send(c, &r);
}

/* The question speaks of the delivery that it is about; so does the answer. */
bool command_answer(struct cli *c)
{
	Lahetti__V1__InformationAnswer body = LAHETTI__V1__INFORMATION_ANSWER__INIT;
	struct lahetti_span delivery;
	struct reply r;

	if (!open_it(c, &r))
		return false;
	if (r.opened.statement.kind->number != LAHETTI_KIND_INFORMATION_REQUEST)
		return cli_fail(c, CLI_WRONG_USE, "cli.not-a-question", args_value(c, "DELIVERY"),
				NULL);
	delivery = lahetti_body_delivery(r.opened.statement.kind, r.opened.statement.body);
	body.delivery = lahetti_bytes(delivery);
	body.answer = lahetti_text(args_value(c, "answer"));
	return reply_init(c, &r, LAHETTI_KIND_INFORMATION_ANSWER, &body.base,
			  LAHETTI__V1__CATEGORY__CATEGORY_SERVICE_NEED) &&
	       reply_send(c, &r);
}

bool command_report(struct cli *c)
{
	Lahetti__V1__InterimReport body = LAHETTI__V1__INTERIM_REPORT__INIT;
	struct reply r;
	int phase = 0;

	if (!args_word(c, "phase", &lahetti__v1__phase__descriptor, &phase) || !open_it(c, &r))
		return false;
	body.delivery = r.opened.notice->delivery;
	body.report = lahetti_text(args_value(c, "report"));
	body.phase = (Lahetti__V1__Phase)phase;
	return reply_init(c, &r, LAHETTI_KIND_INTERIM_REPORT, &body.base,
			  LAHETTI__V1__CATEGORY__CATEGORY_FEEDBACK) &&
	       reply_send(c, &r);
}

bool command_close(struct cli *c)
{
	Lahetti__V1__Closing body = LAHETTI__V1__CLOSING__INIT;
	struct reply r;
	int outcome = 0;

	if (!args_word(c, "outcome", &lahetti__v1__outcome__descriptor, &outcome) ||
	    !open_it(c, &r))
		return false;
	body.delivery = r.opened.notice->delivery;
	body.outcome = (Lahetti__V1__Outcome)outcome;
	body.sentence_back = lahetti_text(args_value(c, "sentence"));
	if (args_given(c, "summary"))
		body.summary = lahetti_text(args_value(c, "summary"));
	return reply_init(c, &r, LAHETTI_KIND_CLOSING, &body.base,
			  LAHETTI__V1__CATEGORY__CATEGORY_FEEDBACK) &&
	       reply_send(c, &r);
}
