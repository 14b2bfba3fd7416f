#include "inbox.h"

#include "client.h"
#include "commands.h"
#include "directory.h"
#include "lahetti/message.h"
#include "output.h"
#include "session.h"
#include "statement.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOTICES_MOST 10000
#define HAND_OVER    100 /* deliveries in one frame */

#define STATE(NAME) LAHETTI__V1__STATE__STATE_##NAME

/* ---- notices ------------------------------------------------------------------------------- */

/* A later notice of a delivery takes the place of the earlier. */
static bool keep(struct cli *c, struct inbox *inbox, const Lahetti__V1__Notice *notice)
{
	for (size_t i = 0; i < inbox->n; i++)
		if (lahetti_span_equal(lahetti_bytes_span(inbox->notices[i]->delivery),
				       lahetti_bytes_span(notice->delivery))) {
			inbox->notices[i] = notice;
			return true;
		}
	if (inbox->n == NOTICES_MOST)
		return cli_fail(c, CLI_OWN_FAULT, "cli.too-much", NULL, NULL);
	inbox->notices[inbox->n++] = notice;
	return true;
}

/* What has been pushed so far: the notices come before the answer that says where they end. */
static bool take_pushed(struct cli *c, struct inbox *inbox)
{
	bool failed;

	for (;;) {
		const Lahetti__V1__ServerFrame *frame = session_next(c, 0, &failed);

		if (frame == NULL)
			return !failed;
		if (frame->body_case == SESSION_SERVER(GOING_AWAY))
			return cli_fail(c, CLI_NO_CONNECTION, "cli.going-away", NULL, NULL);
		if (frame->body_case == SESSION_SERVER(NOTICE) && !keep(c, inbox, frame->notice))
			return false;
	}
}

bool inbox_read(struct cli *c, uint64_t after, struct inbox *inbox)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Subscribe subscribe = LAHETTI__V1__SUBSCRIBE__INIT;
	Lahetti__V1__ServerFrame *answer;

	*inbox = (struct inbox){.position = after};
	inbox->notices = cli_take(c, NOTICES_MOST * sizeof *inbox->notices);
	if (inbox->notices == NULL)
		return false;
	frame.body_case = SESSION_CLIENT(SUBSCRIBE);
	frame.subscribe = &subscribe;
	do {
		subscribe.after = inbox->position;
		answer = session_ask(c, &frame, SESSION_SERVER(SUBSCRIBED));
		if (answer == NULL || !take_pushed(c, inbox))
			return false;
		inbox->position = answer->subscribed->position;
	} while (answer->subscribed->more);
	return true;
}

bool inbox_find(struct cli *c, const char *text, const Lahetti__V1__Notice **notice)
{
	struct inbox inbox;
	size_t found = 0;

	if (!inbox_read(c, 0, &inbox))
		return false;
	for (size_t i = 0; i < inbox.n; i++)
		if (directory_matches_id(inbox.notices[i]->delivery, text, strlen(text))) {
			*notice = inbox.notices[i];
			found++;
		}
	if (found == 1)
		return true;
	return cli_fail(c, CLI_WRONG_USE, found == 0 ? "cli.no-delivery" : "cli.ambiguous-digits",
			text, NULL);
}

/* Says to the server that they have arrived; from then on their clocks run. */
static bool hand_over(struct cli *c, const Lahetti__V1__Notice *const *notices, size_t n)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__HandedOver handed_over = LAHETTI__V1__HANDED_OVER__INIT;
	ProtobufCBinaryData deliveries[HAND_OVER];

	frame.body_case = SESSION_CLIENT(HANDED_OVER);
	frame.handed_over = &handed_over;
	handed_over.deliveries = deliveries;
	for (size_t i = 0; i < n; i++) {
		if (notices[i]->state == STATE(REQUESTED) && !notices[i]->gone)
			deliveries[handed_over.n_deliveries++] = notices[i]->delivery;
		if (handed_over.n_deliveries < HAND_OVER &&
		    (i + 1 < n || handed_over.n_deliveries == 0))
			continue;
		if (session_ask(c, &frame, SESSION_SERVER(DONE)) == NULL)
			return false;
		handed_over.n_deliveries = 0;
	}
	return true;
}

static const char *name_of(const struct cli *c, ProtobufCBinaryData id)
{
	const char *name = directory_name(c, id);

	return name != NULL ? name : "";
}

/* Nothing can be done with it before somebody takes it from the queue. */
static bool waits_in_queue(const Lahetti__V1__Notice *notice)
{
	return notice->recipient != NULL &&
	       notice->recipient->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_QUEUE &&
	       notice->claimed_by.len == 0 && !notice->gone &&
	       !lahetti_state_ended((int)notice->state);
}

static bool is_own(const struct cli *c, ProtobufCBinaryData organisation)
{
	return lahetti_span_equal(lahetti_bytes_span(organisation),
				  lahetti_id_span(&c->session->profile.organisation));
}

/* A notice that has just been told of is handed over by telling. */
static void print_notice(struct cli *c, struct table *t, const Lahetti__V1__Notice *notice)
{
	table_row(t);
	table_id(t, "delivery", notice->delivery);
	if (c->json) {
		table_id(t, "statement", notice->statement);
		table_id(t, "in-reply-to", notice->in_reply_to);
	}
	table_kind(t, "kind", notice->kind);
	table_text(t, "from", name_of(c, notice->from_unit));
	/* People are told of others' organisations only. */
	table_text(t, "organisation",
		   c->json || !is_own(c, notice->from_organisation)
			   ? name_of(c, notice->from_organisation)
			   : "");
	table_recipient(t, "recipient", notice->recipient);
	table_word(t, "urgency", &lahetti__v1__urgency__descriptor, (int)notice->urgency);
	table_date(t, "deadline", notice->deadline);
	table_time(t, "accepted", notice->accepted_us);
	table_word(t, "state", &lahetti__v1__state__descriptor, (int)notice->state);
	table_text(t, "claimed-by", name_of(c, notice->claimed_by));
	table_mark(t, "gone", notice->gone);
	if (!c->json && waits_in_queue(notice))
		table_text(t, "steps", "claim");
	else
		table_steps(t, "steps", notice->steps, notice->n_steps);
}

static bool read_position(struct cli *c, uint64_t *position)
{
	struct lahetti_buffer text;
	bool found, ok;

	*position = 0;
	lahetti_buffer_init(&text, 64);
	ok = home_read(c, "position", &text, &found) &&
	     (lahetti_buffer_add(&text, lahetti_span("", 1), NULL) || cli_no_memory(c));
	if (ok && found)
		*position = strtoull((const char *)text.data, NULL, 10);
	lahetti_buffer_finish(&text);
	return ok;
}

static bool write_position(struct cli *c, uint64_t position)
{
	char text[32];

	(void)snprintf(text, sizeof text, "%" PRIu64 "\n", position);
	return home_write(c, "position", lahetti_span_text(text));
}

/* For ever, or until the connection ends: each change as it comes. */
static bool watch(struct cli *c, struct table *t)
{
	size_t mark = c->arena.used;

	for (;;) {
		const Lahetti__V1__ServerFrame *frame;
		const Lahetti__V1__Notice *notice;
		bool failed;

		c->arena.used = mark;
		frame = session_next(c, -1, &failed);
		if (failed)
			return false;
		if (frame == NULL)
			continue;
		if (frame->body_case == SESSION_SERVER(GOING_AWAY))
			return cli_fail(c, CLI_NO_CONNECTION, "cli.going-away", NULL, NULL);
		if (frame->body_case != SESSION_SERVER(NOTICE))
			continue;
		notice = frame->notice;
		print_notice(c, t, notice);
		if (!table_flush(t) || !hand_over(c, &notice, 1) ||
		    !write_position(c, notice->position))
			return false;
	}
}

/* What has not ended; with --new what has changed since the last time, with --all everything. */
bool command_inbox(struct cli *c)
{
	bool watching = args_given(c, "watch");
	bool only_new = watching || args_given(c, "new");
	bool all = only_new || args_given(c, "all");
	struct inbox inbox;
	uint64_t after = 0;
	struct table *t;
	bool ok;

	if (!session_act(c) || !directory_load(c) || (only_new && !read_position(c, &after)) ||
	    !inbox_read(c, after, &inbox))
		return false;
	t = table_create(c, watching ? TABLE_LINE : TABLE_LIST);
	if (t == NULL)
		return false;
	for (size_t i = 0; i < inbox.n; i++)
		if (all ||
		    (!inbox.notices[i]->gone && !lahetti_state_ended((int)inbox.notices[i]->state)))
			print_notice(c, t, inbox.notices[i]);
	ok = hand_over(c, inbox.notices, inbox.n) && write_position(c, inbox.position);
	if (watching)
		ok = ok && table_flush(t) && watch(c, t);
	return table_print(t, ok);
}

/* ---- opening ------------------------------------------------------------------------------- */

/* The author's signature over the very bytes that were asked for, by the author's own key. */
static bool verify_author(struct cli *c, struct opened *o, ProtobufCBinaryData statement,
			  struct lahetti_digest *sha256)
{
	const Lahetti__V1__Content *content = o->content;
	struct lahetti_envelope envelope;
	struct lahetti_public_key *key;
	struct lahetti_fault fault;
	bool ok;

	if (content->envelope == NULL)
		return cli_fail(c, CLI_OWN_FAULT, "cli.unexpected-answer", NULL, NULL);
	key = lahetti_public_key_read(lahetti_bytes_span(content->spki), &fault);
	ok = key != NULL && lahetti_envelope_of(&envelope, content->envelope, &fault) &&
	     lahetti_envelope_verify(&envelope, LAHETTI_TYPE_STATEMENT, key, &fault) &&
	     lahetti_sha256(sha256, &envelope.payload, 1, &fault) &&
	     lahetti_statement_read(&o->statement, envelope.payload, &c->arena, &fault);
	ok = ok || cli_fault(c, CLI_NOT_PROVED, &fault);
	if (ok && (!lahetti_span_equal(lahetti_bytes_span(o->statement.header->id),
				       lahetti_bytes_span(statement)) ||
		   !lahetti_span_equal(lahetti_bytes_span(o->statement.header->device),
				       lahetti_digest_span(lahetti_public_key_id(key)))))
		ok = cli_fail(c, CLI_NOT_PROVED, "cli.other-content", NULL, NULL);
	lahetti_public_key_destroy(key);
	return ok;
}

/* Those that the notice spoke of. */
static bool verify_notified(struct cli *c, struct opened *o)
{
	struct lahetti_digest sha256;

	if (!verify_author(c, o, o->notice->statement, &sha256))
		return false;
	return lahetti_span_equal(lahetti_digest_span(&sha256),
				  lahetti_bytes_span(o->notice->statement_sha256)) ||
	       cli_fail(c, CLI_NOT_PROVED, "cli.other-content", NULL, NULL);
}

/* That the log has this opening, by this signature, of this statement. */
static bool verify_opening(struct cli *c, struct opened *o, const struct signed_statement *opening)
{
	struct lahetti_receipt_facts facts;
	struct lahetti_fault fault;

	if (!session_receipt(c, o->content->receipt, &facts))
		return false;
	if (!lahetti_receipt_names(&facts, lahetti_id_span(&opening->id), &opening->sha256, &fault))
		return cli_fault(c, CLI_NOT_PROVED, &fault);
	if (!lahetti_span_equal(lahetti_bytes_span(facts.subject->statement),
				lahetti_bytes_span(o->notice->statement)))
		return cli_fail(c, CLI_NOT_PROVED, "code.wrong-receipt", NULL, NULL);
	o->event = facts.event->number;
	return true;
}

bool inbox_open(struct cli *c, const char *text, struct opened *o)
{
	Lahetti__V1__Acknowledgement body = LAHETTI__V1__ACKNOWLEDGEMENT__INIT;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Open open = LAHETTI__V1__OPEN__INIT;
	struct signed_statement opening;
	Lahetti__V1__ServerFrame *answer;
	struct draft draft;

	*o = (struct opened){.notice = NULL};
	if (!inbox_find(c, text, &o->notice))
		return false;
	body.delivery = o->notice->delivery;
	body.step = LAHETTI__V1__STEP__STEP_OPEN;
	draft_init(&draft, LAHETTI_KIND_ACKNOWLEDGEMENT, &body.base);
	draft.header.in_reply_to =
		draft_reference(c, o->notice->statement, o->notice->statement_sha256);
	if (draft.header.in_reply_to == NULL || !draft_sign(c, &draft, &opening))
		return false;
	open.envelope = opening.envelope;
	frame.body_case = SESSION_CLIENT(OPEN);
	frame.open = &open;
	answer = session_ask(c, &frame, SESSION_SERVER(CONTENT));
	if (answer == NULL)
		return false;
	o->content = answer->content;
	return verify_notified(c, o) && verify_opening(c, o, &opening) &&
	       client_remember(c, o->content->client, o->content->case_id);
}

/* Nothing is signed: the log's word, for these bytes, that it was read now. */
static bool verify_reading(struct cli *c, struct opened *o, ProtobufCBinaryData statement)
{
	struct lahetti_receipt_facts facts;
	struct lahetti_digest sha256;

	if (!verify_author(c, o, statement, &sha256) ||
	    !session_receipt(c, o->content->receipt, &facts))
		return false;
	if (facts.event->action != LAHETTI__V1__ACTION__ACTION_OPEN || facts.subject == NULL ||
	    !lahetti_span_equal(lahetti_bytes_span(facts.subject->statement),
				lahetti_bytes_span(statement)) ||
	    !lahetti_span_equal(lahetti_bytes_span(facts.subject->statement_sha256),
				lahetti_digest_span(&sha256)))
		return cli_fail(c, CLI_NOT_PROVED, "code.wrong-receipt", NULL, NULL);
	o->event = facts.event->number;
	return true;
}

bool inbox_read_again(struct cli *c, ProtobufCBinaryData statement, struct opened *o)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadStatement question = LAHETTI__V1__READ_STATEMENT__INIT;
	Lahetti__V1__ServerFrame *answer;

	*o = (struct opened){.notice = NULL};
	question.statement = statement;
	frame.body_case = SESSION_CLIENT(READ_STATEMENT);
	frame.read_statement = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(CONTENT));
	if (answer == NULL)
		return false;
	o->content = answer->content;
	return verify_reading(c, o, statement) &&
	       client_remember(c, o->content->client, o->content->case_id);
}

/* ---- printing what was opened -------------------------------------------------------------- */

static void print_header(struct cli *c, struct table *t, const struct opened *o)
{
	const Lahetti__V1__Header *h = o->statement.header;

	table_row(t);
	table_kind(t, "kind", h->kind);
	table_text(t, "author", o->content->author_name);
	table_word(t, "role", &lahetti__v1__role__descriptor, (int)h->role);
	table_text(t, "unit", name_of(c, h->unit));
	table_text(t, "organisation", name_of(c, h->organisation));
	table_time(t, "created", h->created_us);
	table_date(t, "deadline", h->deadline);
	table_words(t, "categories", &lahetti__v1__category__descriptor, h->categories,
		    h->n_categories);
	table_word(t, "basis", &lahetti__v1__basis_kind__descriptor,
		   h->basis != NULL ? (int)h->basis->kind : 0);
	table_id(t, "statement", h->id);
	table_id(t, "delivery", o->content->delivery);
	table_id(t, "client", o->content->client);
	table_id(t, "case", o->content->case_id);
	table_word(t, "state", &lahetti__v1__state__descriptor, (int)o->content->state);
	table_steps(t, "steps", o->content->steps, o->content->n_steps);
	table_number(t, "event", o->event);
	table_flag(t, "signature-holds", true);
}

static json_t *id_json(ProtobufCBinaryData bytes)
{
	char text[LAHETTI_ID_TEXT_LEN + 1] = "";
	struct lahetti_id id;

	if (lahetti_id_read(&id, lahetti_bytes_span(bytes), NULL))
		lahetti_id_format(&id, text);
	return json_string(text);
}

static json_t *opening_json(const struct opened *o)
{
	const Lahetti__V1__Content *content = o->content;
	json_t *steps = json_array();
	char word[64];

	for (size_t i = 0; i < content->n_steps; i++)
		(void)json_array_append_new(
			steps, json_string(lahetti_word(&lahetti__v1__step__descriptor,
							(int)content->steps[i], word)));
	return json_pack("{s:o, s:o, s:o, s:s, s:I, s:s, s:o}", "delivery",
			 id_json(content->delivery), "client", id_json(content->client), "case",
			 id_json(content->case_id), "author", content->author_name, "event",
			 (json_int_t)o->event, "state",
			 lahetti_word(&lahetti__v1__state__descriptor, (int)content->state, word),
			 "steps", steps);
}

/* The opening, and what was opened as its author signed it. */
static bool print_json(struct cli *c, const struct opened *o)
{
	const ProtobufCMessage *body = o->statement.body;
	json_t *object = json_object();

	(void)json_object_set_new(object, "opening", opening_json(o));
	if (o->content->identity != NULL)
		(void)json_object_set_new(object, "identity",
					  output_json(c, &o->content->identity->base));
	(void)json_object_set_new(object, "header", output_json(c, &o->statement.header->base));
	(void)json_object_set_new(object, o->statement.kind->name, output_json(c, body));
	return output_json_print(c, object);
}

static bool print_attachments(struct cli *c, const Lahetti__V1__Header *header)
{
	struct table *t;

	if (header->n_attachments == 0)
		return true;
	(void)printf("\n%s\n", cli_text(c, "cli.attachments"));
	t = table_create(c, TABLE_LIST);
	if (t == NULL)
		return false;
	for (size_t i = 0; i < header->n_attachments; i++) {
		const Lahetti__V1__Attachment *a = header->attachments[i];

		table_row(t);
		table_id(t, "attachment", a->id);
		table_text(t, "name", a->name);
		table_text(t, "media-type", a->media_type);
		table_size(t, "size", a->size);
	}
	return table_print(t, true);
}

bool inbox_print(struct cli *c, const struct opened *o)
{
	const ProtobufCMessage *body;
	struct table *t;

	if (c->json)
		return print_json(c, o);
	t = table_create(c, TABLE_CARD);
	if (t == NULL)
		return false;
	print_header(c, t, o);
	if (!table_print(t, true))
		return false;
	(void)printf("\n");
	if (o->content->identity != NULL) {
		output_message(c, &o->content->identity->base, 0);
		(void)printf("\n");
	}
	body = o->statement.body;
	output_message(c, body, 0);
	return print_attachments(c, o->statement.header);
}

bool command_open(struct cli *c)
{
	struct opened o;

	if (!session_act(c) || !directory_load(c) ||
	    !inbox_open(c, args_value(c, "DELIVERY"), &o) || !inbox_print(c, &o))
		return false;
	if (!c->json)
		(void)printf("\n%s\n", cli_text(c, "note.opened"));
	return true;
}

/* ---- the queue ----------------------------------------------------------------------------- */

/* Puts the delivery that the person named into a frame of one's own, and asks. */
static bool ask_of_delivery(struct cli *c, Lahetti__V1__ClientFrame *frame,
			    ProtobufCBinaryData *delivery)
{
	const Lahetti__V1__Notice *notice;

	if (!session_act(c) || !inbox_find(c, args_value(c, "DELIVERY"), &notice))
		return false;
	*delivery = notice->delivery;
	if (session_ask(c, frame, SESSION_SERVER(DONE)) == NULL)
		return false;
	cli_say(c, "cli.done", NULL, NULL);
	return true;
}

bool command_claim(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Claim claim = LAHETTI__V1__CLAIM__INIT;

	frame.body_case = SESSION_CLIENT(CLAIM);
	frame.claim = &claim;
	return ask_of_delivery(c, &frame, &claim.delivery);
}

bool command_release(struct cli *c)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Release release = LAHETTI__V1__RELEASE__INIT;

	frame.body_case = SESSION_CLIENT(RELEASE);
	frame.release = &release;
	return ask_of_delivery(c, &frame, &release.delivery);
}
