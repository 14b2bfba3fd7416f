#include "statement.h"

#include "attachment.h"
#include "directory.h"
#include "lahetti/message.h"
#include "outbox.h"
#include "output.h"
#include "session.h"

#include <stdio.h>
#include <string.h>

#define ENVELOPE_MOST ((size_t)16 << 20)
#define NAME_MOST     64

/* ---- drafts -------------------------------------------------------------------------------- */

void draft_init(struct draft *d, enum lahetti_kind kind, const ProtobufCMessage *body)
{
	*d = (struct draft){.kind = lahetti_kind_find(kind), .body = body};
	lahetti__v1__header__init(&d->header);
	lahetti__v1__basis__init(&d->basis);
	d->header.recipients = d->recipients;
	d->header.categories = d->categories;
	d->header.consents = d->consents;
	d->header.attachments = d->attachments;
}

Lahetti__V1__Reference *draft_reference(struct cli *c, ProtobufCBinaryData id,
					ProtobufCBinaryData sha256)
{
	Lahetti__V1__Reference *r = cli_take(c, sizeof *r);

	if (r == NULL)
		return NULL;
	lahetti__v1__reference__init(r);
	r->id = id;
	r->sha256 = sha256;
	return r;
}

bool draft_recipients(struct cli *c, struct draft *d)
{
	const char *text;
	size_t at = 0;

	while ((text = args_next(c, "to", &at)) != NULL) {
		if (d->header.n_recipients == RECIPIENTS_MOST)
			return cli_fail(c, CLI_WRONG_USE, "cli.too-many-arguments", NULL, NULL);
		if (!directory_recipient(c, text, &d->recipients[d->header.n_recipients++]))
			return false;
	}
	return true;
}

bool draft_categories(struct cli *c, struct draft *d, const Lahetti__V1__Category *otherwise,
		      size_t n)
{
	int *values;
	size_t given;

	if (!args_words_all(c, "category", &lahetti__v1__category__descriptor, &values, &given))
		return false;
	if (given > CATEGORIES_MOST)
		return cli_fail(c, CLI_WRONG_USE, "cli.too-many-arguments", NULL, NULL);
	for (size_t i = 0; i < (given > 0 ? given : n); i++)
		d->categories[i] = given > 0 ? (Lahetti__V1__Category)values[i] : otherwise[i];
	d->header.n_categories = given > 0 ? given : n;
	return true;
}

bool draft_consents(struct cli *c, struct draft *d)
{
	struct known_statement known;
	const char *text;
	size_t at = 0;

	while ((text = args_next(c, "consent", &at)) != NULL) {
		Lahetti__V1__Reference *r;
		const uint8_t *id;

		if (d->header.n_consents == RECIPIENTS_MOST)
			return cli_fail(c, CLI_WRONG_USE, "cli.too-many-arguments", NULL, NULL);
		if (!statement_find(c, text, &known))
			return false;
		id = lahetti_arena_copy(&c->arena, known.id.bytes, sizeof known.id.bytes);
		if (id == NULL)
			return cli_no_memory(c);
		r = draft_reference(c, lahetti_bytes(lahetti_span(id, sizeof known.id.bytes)),
				    known.sha256);
		if (r == NULL)
			return false;
		d->consents[d->header.n_consents++] = r;
	}
	return true;
}

bool draft_attachments(struct cli *c, struct draft *d)
{
	ProtobufCBinaryData id;
	const char *path;
	size_t at = 0;

	while ((path = args_next(c, "attach", &at)) != NULL)
		if (!attachment_add(c, d, path, &id))
			return false;
	return true;
}

/* Whether all recipients are of the organisation in which the user acts. In a team there may be
 * others: a consent that is named is meant for them. */
static bool stays_inside(const struct cli *c, const struct draft *d)
{
	struct lahetti_span own = lahetti_id_span(&c->session->profile.organisation);

	for (size_t i = 0; i < d->header.n_recipients; i++)
		if (!lahetti_span_equal(lahetti_bytes_span(d->recipients[i]->organisation), own) ||
		    (d->recipients[i]->unit.len == 0 && d->header.n_consents > 0))
			return false;
	return true;
}

bool draft_basis(struct cli *c, struct draft *d)
{
	const char *section = args_value(c, "section");
	const char *necessity = args_value(c, "necessity");
	const char *decider = args_value(c, "decided-by");
	const Lahetti__V1__User *user;

	d->header.basis = &d->basis;
	d->basis.kind = stays_inside(c, d) ? LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER
					   : LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT;
	if (section == NULL && necessity == NULL && decider == NULL)
		return true;
	d->basis.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_STATUTORY;
	if (section != NULL)
		d->basis.section = lahetti_text(section);
	if (necessity != NULL)
		d->basis.necessity = lahetti_text(necessity);
	if (decider == NULL)
		return true;
	if (!directory_load(c) || !directory_user(c, decider, strlen(decider), NULL, &user))
		return false;
	d->basis.decided_by = user->id;
	return true;
}

/* ---- signing ------------------------------------------------------------------------------- */

static bool fill_header(struct cli *c, struct draft *d)
{
	const struct profile *p = &c->session->profile;
	Lahetti__V1__Header *h = &d->header;
	struct lahetti_fault fault;

	h->created_us = lahetti_now_us();
	if (!lahetti_id_new(&d->id, h->created_us, &fault) ||
	    !lahetti_random(d->salt, sizeof d->salt, &fault))
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	h->id = lahetti_bytes(lahetti_id_span(&d->id));
	h->salt = lahetti_bytes(lahetti_span(d->salt, sizeof d->salt));
	h->audience = lahetti_text(p->server_name);
	h->kind = d->kind->number;
	h->kind_version = d->kind->version;
	h->author = lahetti_bytes(lahetti_id_span(&p->user));
	h->device = lahetti_bytes(lahetti_digest_span(&p->key_id));
	h->role = p->role;
	h->unit = lahetti_bytes(lahetti_id_span(&p->unit));
	h->organisation = lahetti_bytes(lahetti_id_span(&p->organisation));
	return true;
}

static bool unpack(struct cli *c, struct lahetti_span bytes, struct signed_statement *s)
{
	struct lahetti_statement statement;
	struct lahetti_span payload;
	struct lahetti_fault fault;

	s->bytes = bytes;
	s->envelope = lahetti_message_read(&lahetti__v1__envelope__descriptor, bytes,
					   LAHETTI_MESSAGE_FRAME, &c->arena, &fault);
	if (s->envelope == NULL)
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	payload = lahetti_bytes_span(s->envelope->payload);
	if (!lahetti_sha256(&s->sha256, &payload, 1, &fault) ||
	    !lahetti_statement_read(&statement, payload, &c->arena, &fault) ||
	    !lahetti_id_read(&s->id, lahetti_bytes_span(statement.header->id), &fault))
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	s->header = statement.header;
	return true;
}

bool draft_sign(struct cli *c, struct draft *d, struct signed_statement *s)
{
	Lahetti__V1__Statement message = LAHETTI__V1__STATEMENT__INIT;
	struct lahetti_statement checked;
	struct lahetti_span payload, body;
	struct lahetti_fault fault;

	if (!fill_header(c, d))
		return false;
	body = lahetti_message_pack(d->body, &c->arena);
	message.header = &d->header;
	message.body = lahetti_bytes(body);
	payload = lahetti_message_pack(&message.base, &c->arena);
	if (body.data == NULL || payload.data == NULL)
		return cli_no_memory(c);
	if (!lahetti_statement_read(&checked, payload, &c->arena, &fault))
		return cli_fault(c, CLI_WRONG_USE, &fault);
	s->bytes = lahetti_envelope_sign(LAHETTI_TYPE_STATEMENT, payload, c->session->key,
					 &c->arena, &fault);
	if (s->bytes.data == NULL)
		return cli_fault(c, CLI_OWN_FAULT, &fault);
	return unpack(c, s->bytes, s);
}

/* ---- sending ------------------------------------------------------------------------------- */

static Lahetti__V1__ServerFrame *submit(struct cli *c, const struct signed_statement *s)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Submit submit = LAHETTI__V1__SUBMIT__INIT;

	submit.envelope = s->envelope;
	frame.body_case = SESSION_CLIENT(SUBMIT);
	frame.submit = &submit;
	return session_ask(c, &frame, SESSION_SERVER(ACCEPTED));
}

/* What was sent of attachments a server forgets that starts again between them and the statement.
 */
static bool forgotten(const struct cli *c, const struct signed_statement *s)
{
	return c->status == CLI_REFUSED && s->header->n_attachments > 0 &&
	       strcmp(c->code, "attachment-missing") == 0;
}

bool statement_ask(struct cli *c, const struct signed_statement *s,
		   const Lahetti__V1__Accepted **accepted)
{
	struct lahetti_receipt_facts facts;
	struct lahetti_fault fault;
	const Lahetti__V1__Limits *limits = c->session->greeting->limits;
	const Lahetti__V1__ServerFrame *answer;

	/* Such a frame would end the session, and nothing behind it would ever be sent. */
	if (limits != NULL && limits->statement != 0 &&
	    s->envelope->payload.len > limits->statement)
		return cli_fail(c, CLI_REFUSED, "code.too-long", NULL, NULL);
	if (!attachment_send(c, s))
		return false;
	answer = submit(c, s);
	if (answer == NULL && forgotten(c, s) && attachment_send(c, s))
		answer = submit(c, s);
	if (answer == NULL)
		return false;
	*accepted = answer->accepted;
	if (!session_receipt(c, answer->accepted->receipt, &facts))
		return false;
	if (answer->accepted->since_erased && facts.subject == NULL)
		return true;
	return lahetti_receipt_names(&facts, lahetti_id_span(&s->id), &s->sha256, &fault) ||
	       cli_fault(c, CLI_NOT_PROVED, &fault);
}

/* To whom what a withdrawn consent covered had gone: the client may ask it now. */
static bool print_disclosed(struct cli *c, const Lahetti__V1__Accepted *accepted)
{
	struct table *t;

	if (accepted->n_deliveries == 0) {
		cli_say(c, "cli.nothing-disclosed", NULL, NULL);
		return true;
	}
	(void)printf("\n%s\n", cli_text(c, "cli.disclosed"));
	t = table_create(c, TABLE_LIST);
	if (t == NULL)
		return false;
	for (size_t i = 0; i < accepted->n_deliveries; i++) {
		const Lahetti__V1__Notice *n = accepted->deliveries[i];

		table_row(t);
		table_recipient(t, "recipient", n->recipient);
		table_kind(t, "kind", n->kind);
		table_flag(t, "opened", n->opened);
		table_word(t, "state", &lahetti__v1__state__descriptor, (int)n->state);
		table_id(t, "statement", n->statement);
	}
	return table_print(t, true);
}

static json_t *disclosed_json(const struct cli *c, const Lahetti__V1__Accepted *accepted)
{
	json_t *array = json_array();

	for (size_t i = 0; i < accepted->n_deliveries; i++) {
		json_t *notice = output_json(c, &accepted->deliveries[i]->base);

		(void)json_object_set_new(notice, "opened",
					  json_boolean(accepted->deliveries[i]->opened));
		(void)json_array_append_new(array, notice);
	}
	return array;
}

/* What the receipt, which has been verified, says. */
static bool print_receipt(struct cli *c, const struct signed_statement *s,
			  const Lahetti__V1__Accepted *accepted)
{
	struct lahetti_receipt_facts facts;
	struct lahetti_fault fault;
	struct table *t;

	if (!lahetti_receipt_verify(accepted->receipt, session_log(c, accepted->receipt), &c->arena,
				    &facts, &fault))
		return cli_fault(c, CLI_NOT_PROVED, &fault);
	cli_say(c, accepted->since_erased ? "cli.accepted-since-erased" : "cli.accepted", NULL,
		NULL);
	t = table_create(c, TABLE_CARD);
	if (t == NULL)
		return false;
	table_row(t);
	table_id(t, "statement", lahetti_bytes(lahetti_id_span(&s->id)));
	table_number(t, "event", facts.event->number);
	table_time(t, "time", facts.event->time_us);
	table_number(t, "log-size", facts.checkpoint.size);
	table_mark(t, "sent-late", accepted->sent_late);
	if (s->header->kind != LAHETTI_KIND_WITHDRAWAL) {
		table_number(t, "deliveries", accepted->n_deliveries);
		return table_print(t, true);
	}
	if (c->json)
		table_json(t, "disclosed", disclosed_json(c, accepted));
	return table_print(t, true) && (c->json || print_disclosed(c, accepted));
}

bool statement_submit(struct cli *c, const struct signed_statement *s)
{
	const Lahetti__V1__Accepted *accepted;
	bool empty;

	if (c->session->peer == NULL)
		return outbox_keep(c, s);
	/* In order: what was written earlier may be what this one speaks of. */
	if (!outbox_flush(c, &empty) || !empty)
		return outbox_keep(c, s);
	if (!outbox_put(c, s))
		return false;
	if (!statement_ask(c, s, &accepted))
		return c->status == CLI_REFUSED ? outbox_forget(c, s) : outbox_waits(c, s);
	return outbox_sent(c, s) && print_receipt(c, s, accepted);
}

/* ---- finding ------------------------------------------------------------------------------- */

bool statement_names(const char *name, const char *text, struct lahetti_id *id)
{
	return lahetti_id_parse(id, name, NULL) &&
	       directory_matches_id(lahetti_bytes(lahetti_id_span(id)), text, strlen(text));
}

/* Where the device keeps what it has signed. */
static const char *const folders[] = {"sent", "outbox"};

/* How many of the kept ones a text names. */
static bool count_kept(struct cli *c, const char *text, struct lahetti_id *id, size_t *found)
{
	struct lahetti_id each;
	const char **names;
	size_t n;

	*found = 0;
	for (size_t f = 0; f < sizeof folders / sizeof folders[0]; f++) {
		if (!home_list(c, folders[f], &names, &n))
			return false;
		for (size_t i = 0; i < n; i++)
			/* A run that was stopped may have left it in both. */
			if (statement_names(names[i], text, &each) &&
			    (*found == 0 || !lahetti_id_equal(&each, id))) {
				*id = each;
				(*found)++;
			}
	}
	return *found < 2 || cli_fail(c, CLI_WRONG_USE, "cli.ambiguous-digits", text, NULL);
}

bool statement_signed_here(struct cli *c, const char *text, struct lahetti_id *id, bool *found)
{
	size_t n;

	if (!count_kept(c, text, id, &n))
		return false;
	*found = n == 1;
	return true;
}

bool statement_met(struct cli *c, const char *text, struct lahetti_id *id, bool *met)
{
	*met = lahetti_id_parse(id, text, NULL);
	return *met || statement_signed_here(c, text, id, met);
}

bool statement_read(struct cli *c, const char *name, struct signed_statement *s, bool *found)
{
	struct lahetti_buffer bytes;
	const void *copy = NULL;
	bool ok;

	lahetti_buffer_init(&bytes, ENVELOPE_MOST);
	ok = home_unseal(c, name, &bytes, found);
	if (!ok || !*found)
		goto out;
	copy = lahetti_arena_copy(&c->arena, bytes.data, bytes.len);
	ok = copy != NULL ? unpack(c, lahetti_span(copy, bytes.len), s) : cli_no_memory(c);
out:
	lahetti_buffer_finish(&bytes);
	return ok;
}

bool statement_kept(struct cli *c, const struct lahetti_id *id, struct signed_statement *s)
{
	char text[LAHETTI_ID_TEXT_LEN + 1];
	char name[NAME_MOST];
	bool found = false;

	lahetti_id_format(id, text);
	for (size_t f = 0; f < sizeof folders / sizeof folders[0] && !found; f++) {
		(void)snprintf(name, sizeof name, "%s/%s", folders[f], text);
		if (!statement_read(c, name, s, &found))
			return false;
	}
	return found || cli_fail(c, CLI_WRONG_USE, "cli.not-kept", text, NULL);
}

/* What the device itself knows of it. */
static bool find_kept(struct cli *c, struct known_statement *known)
{
	struct signed_statement s;
	const void *digest;

	if (!statement_kept(c, &known->id, &s))
		return false;
	digest = lahetti_arena_copy(&c->arena, s.sha256.bytes, sizeof s.sha256.bytes);
	if (digest == NULL)
		return cli_no_memory(c);
	known->sha256 = lahetti_bytes(lahetti_span(digest, sizeof s.sha256.bytes));
	known->client = s.header->client;
	known->case_id = s.header->case_id;
	return true;
}

/* One that waits in the outbox is unknown to the server until it has been sent. */
static bool send_if_waiting(struct cli *c, const struct lahetti_id *id)
{
	struct lahetti_id each;
	char text[LAHETTI_ID_TEXT_LEN + 1];
	const char **names;
	bool empty;
	size_t n;

	lahetti_id_format(id, text);
	if (!home_list(c, "outbox", &names, &n))
		return false;
	for (size_t i = 0; i < n; i++)
		if (statement_names(names[i], text, &each))
			return outbox_flush(c, &empty);
	return true;
}

bool statement_find(struct cli *c, const char *text, struct known_statement *known)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadReceipt question = LAHETTI__V1__READ_RECEIPT__INIT;
	struct lahetti_receipt_facts facts;
	Lahetti__V1__ServerFrame *answer;
	bool met;

	*known = (struct known_statement){.accepted = NULL};
	if (!statement_met(c, text, &known->id, &met))
		return false;
	if (!met)
		return cli_fail(c, CLI_WRONG_USE, "cli.no-statement", text, NULL);
	if (c->session->peer == NULL)
		return find_kept(c, known);
	if (!send_if_waiting(c, &known->id))
		return false;
	question.statement = lahetti_bytes(lahetti_id_span(&known->id));
	frame.body_case = SESSION_CLIENT(READ_RECEIPT);
	frame.read_receipt = &question;
	answer = session_ask(c, &frame, SESSION_SERVER(ACCEPTED));
	if (answer == NULL || !session_receipt(c, answer->accepted->receipt, &facts))
		return false;
	known->accepted = answer->accepted;
	if (facts.subject == NULL)
		return cli_fail(c, CLI_REFUSED, "cli.accepted-since-erased", NULL, NULL);
	if (!lahetti_span_equal(lahetti_bytes_span(facts.subject->statement),
				lahetti_id_span(&known->id)))
		return cli_fail(c, CLI_NOT_PROVED, "cli.no-receipt", NULL, NULL);
	known->sha256 = facts.subject->statement_sha256;
	known->client = facts.subject->client;
	known->case_id = facts.subject->case_id;
	return true;
}
