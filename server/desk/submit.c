/* A statement is accepted: facts, decision, record. And the receipt of one that was. */

#include "clients.h"
#include "gather.h"
#include "lahetti/message.h"
#include "proof.h"

#include <string.h>

#define RECORDS_MOST 256

/* What is known of a statement that came, beside the facts that policy asks for. */
struct coming {
	struct lahetti_envelope envelope;
	struct lahetti_digest sha256;
	struct lahetti_statement statement;
	struct lahetti_id id, client, case_id;
	struct stored replied, replaced;
	struct delivered delivered; /* of a body that speaks of a delivery */
	struct facts_submit facts;
	const Lahetti__V1__Record *records[RECORDS_MOST];
	size_t n_records;
	struct decision decided;
	struct lahetti_id told[2 * DELIVERIES_MOST]; /* deliveries that are new or changed */
	size_t n_told;
};

static bool refers_to(const Lahetti__V1__Reference *r, const struct stored *stored)
{
	return stored->found && stored->readable &&
	       lahetti_span_equal(lahetti_bytes_span(r->sha256),
				  lahetti_digest_span(&stored->row.sha256));
}

/* Facts
 * -------------------------------------------------------------------------------------------------------------
 */

static bool gather_client(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header = c->statement.header;
	struct lahetti_id owner, controller;
	struct clients_row row;
	bool found;

	if (!facts_id(header->client, &c->client, f) || !facts_id(header->case_id, &c->case_id, f))
		return false;
	if (lahetti_id_empty(&c->client))
		return true;
	if (!clients_find(h->store, &c->client, &row, &found, f))
		return false;
	c->facts.client_known =
		found && !row.nameless && lahetti_id_equal(&row.controller, &h->actor.organisation);
	c->facts.client_erased = found && row.content_erased;
	if (!clients_case_find(h->store, &c->case_id, &owner, &controller, &found, f))
		return false;
	c->facts.case_known = found && lahetti_id_equal(&owner, &c->client);
	return clients_unit_has_case(h->store, &h->actor.unit, &c->case_id, &c->facts.unit_has_case,
				     f);
}

static bool gather_recipients_of(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header = c->statement.header;
	const Lahetti__V1__Header *answered =
		c->replied.readable ? c->replied.statement.header : NULL;
	bool own_case = c->facts.client_known && c->facts.case_known && c->facts.unit_has_case;
	struct resolved to;

	if (!gather_recipients(h, own_case ? &c->case_id : NULL, header->recipients,
			       header->n_recipients, &to, f))
		return false;
	for (size_t i = 0; answered != NULL && i < to.n; i++) {
		const Lahetti__V1__Recipient *asked = to.recipients[i].asked;

		to.recipients[i].in_reply =
			lahetti_span_equal(lahetti_bytes_span(asked->user),
					   lahetti_bytes_span(answered->author)) &&
			lahetti_span_equal(lahetti_bytes_span(asked->unit),
					   lahetti_bytes_span(answered->unit));
	}
	c->facts.recipients = to.recipients;
	c->facts.n_recipients = to.n;
	c->facts.n_resolved = header->n_recipients;
	return true;
}

/* Under whose register the statement lies: its own client's, or that of the delivery it speaks of.
 */
static bool holder_of(struct handling *h, const struct coming *c, struct statements_copy *holder,
		      struct lahetti_fault *f)
{
	*holder = (struct statements_copy){.client = c->client, .case_id = c->case_id};
	return !lahetti_id_empty(&c->client) ||
	       gather_copy(h, &c->delivered.stored, &h->actor.organisation, holder, f);
}

static bool gather_named_consents(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header = c->statement.header;
	struct lahetti_id *ids = lahetti_arena_take(&h->arena, header->n_consents * sizeof *ids);
	struct facts_consent *consents;
	struct statements_copy holder;
	struct stored stored;

	if (ids == NULL)
		return lahetti_fault_no_memory(f);
	if (!holder_of(h, c, &holder, f))
		return false;
	for (size_t i = 0; i < header->n_consents; i++) {
		if (!lahetti_id_read(&ids[i], lahetti_bytes_span(header->consents[i]->id), f) ||
		    !gather_known(h, &ids[i], &stored, f))
			return false;
		if (!refers_to(header->consents[i], &stored) ||
		    stored.row.kind != LAHETTI_KIND_CONSENT ||
		    !lahetti_id_equal(&stored.row.client, &holder.client)) {
			c->facts.consent_missing = true;
			return true;
		}
	}
	if (!gather_consents(h, ids, header->n_consents, &consents, &c->facts.n_consents, f))
		return false;
	c->facts.consents = consents;
	return true;
}

/* What it answers may be known to the actor: delivered to, sent by, or the consent of a client of,
 * the actor's own. */
static bool gather_replied(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header = c->statement.header;
	struct lahetti_span delivery = lahetti_body_delivery(c->statement.kind, c->statement.body);
	struct lahetti_id id;
	bool known;

	if (delivery.len > 0) {
		if (!lahetti_id_read(&id, delivery, f) ||
		    !gather_known_delivery(h, &id, &c->delivered, f))
			return false;
		c->facts.delivery = c->delivered.facts;
		c->facts.delivery_consents = c->delivered.consents;
		c->facts.n_delivery_consents = c->delivered.n_consents;
	}
	if (header->in_reply_to == NULL)
		return true;
	if (!facts_id(header->in_reply_to->id, &id, f) || !gather_known(h, &id, &c->replied, f))
		return false;
	if (!refers_to(header->in_reply_to, &c->replied))
		return true;
	c->facts.replied_kind = c->replied.row.kind;
	c->facts.replied_is_ours = lahetti_id_equal(&c->replied.row.unit, &h->actor.unit);
	if (c->replied.row.kind == LAHETTI_KIND_CONSENT)
		known = lahetti_id_equal(&c->replied.row.client, &c->client);
	else
		known = c->facts.replied_is_ours ||
			(c->delivered.facts.found &&
			 (lahetti_id_equal(&c->delivered.row.statement, &c->replied.row.id) ||
			  lahetti_id_equal(&c->delivered.row.statement,
					   &c->replied.row.in_reply_to)));
	c->facts.replied_found = known;
	/* A body may speak only of a delivery of what it answers, or of what the question was
	 * about. */
	if (c->delivered.facts.found &&
	    !lahetti_id_equal(&c->delivered.row.statement, &c->replied.row.id) &&
	    !lahetti_id_equal(&c->delivered.row.statement, &c->replied.row.in_reply_to))
		c->facts.delivery.found = false;
	return true;
}

static bool gather_replaced(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header = c->statement.header;
	struct lahetti_id id;

	if (header->replaces == NULL)
		return true;
	if (!facts_id(header->replaces->id, &id, f) || !gather_known(h, &id, &c->replaced, f))
		return false;
	c->facts.replaced_found = refers_to(header->replaces, &c->replaced) &&
				  lahetti_id_equal(&c->replaced.row.client, &c->client);
	c->facts.replaced_kind = c->replaced.row.kind;
	c->facts.replaced_is_ours = lahetti_id_equal(&c->replaced.row.unit, &h->actor.unit);
	return true;
}

static bool gather_redirect(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	const Lahetti__V1__Acknowledgement *a = c->statement.body;
	struct facts_recipient *to;

	if (c->statement.kind->number != LAHETTI_KIND_ACKNOWLEDGEMENT || a->redirect_to == NULL)
		return true;
	to = lahetti_arena_take(&h->arena, sizeof *to);
	if (to == NULL)
		return lahetti_fault_no_memory(f);
	c->facts.redirect = to;
	return gather_recipient(h, a->redirect_to, to, f);
}

static bool gather_all(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header = c->statement.header;

	c->facts.actor = h->actor;
	c->facts.now_us = h->now_us;
	c->facts.today = lahetti_date_of(h->now_us);
	c->facts.statement = &c->statement;
	c->facts.audience_is_ours = strcmp(header->audience, h->desk->server_name) == 0;
	c->facts.author_is_actor = facts_author_is_actor(h, header);
	return attach_missing(h, header, &c->facts.attachments_missing, f) &&
	       gather_client(h, c, f) && gather_replied(h, c, f) && gather_replaced(h, c, f) &&
	       gather_recipients_of(h, c, f) && gather_named_consents(h, c, f) &&
	       gather_redirect(h, c, f);
}

/* Records
 * -----------------------------------------------------------------------------------------------------------
 */

static bool add(struct coming *c, const Lahetti__V1__Record *record, struct lahetti_fault *f)
{
	if (record == NULL)
		return lahetti_fault_no_memory(f);
	if (c->n_records == RECORDS_MOST)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_MALFORMED, "too-many-recipients",
			"What follows from this statement is too much for one event.");
	c->records[c->n_records++] = record;
	return true;
}

static bool tell(struct coming *c, const struct lahetti_id *delivery)
{
	if (c->n_told < 2 * DELIVERIES_MOST)
		c->told[c->n_told++] = *delivery;
	return true;
}

/* By when an answer is due: the day that the author says, else as long as the kind takes. */
static uint32_t deadline_of(const struct handling *h, const struct lahetti_statement *s)
{
	int64_t days = s->kind->deadline_days;

	if (s->header->deadline != 0 || days == 0)
		return s->header->deadline;
	return lahetti_date_of(h->now_us + days * INT64_C(86400000000));
}

/* One recipient's delivery; within the controller the recipient's unit has the case from now on. */
static bool add_delivery(struct handling *h, struct coming *c, const Lahetti__V1__Recipient *to,
			 const struct stored *forwarded, ProtobufCBinaryData *consents,
			 size_t n_consents, struct lahetti_fault *f)
{
	Lahetti__V1__Record *r = lahetti_arena_take(&h->arena, sizeof *r);
	Lahetti__V1__DeliveryMade *d = lahetti_arena_take(&h->arena, sizeof *d);
	const struct lahetti_statement *what =
		forwarded != NULL ? &forwarded->statement : &c->statement;
	const struct lahetti_id *case_id =
		forwarded != NULL ? &forwarded->row.case_id : &c->case_id;
	struct lahetti_id id, unit;
	bool own = lahetti_span_equal(lahetti_bytes_span(to->organisation),
				      lahetti_bytes_span(what->header->organisation));

	if (r == NULL || d == NULL)
		return lahetti_fault_no_memory(f);
	if (!lahetti_id_new(&id, h->now_us, f) || !facts_id(to->unit, &unit, f))
		return false;
	lahetti__v1__record__init(r);
	lahetti__v1__delivery_made__init(d);
	d->delivery = id_bytes(h, &id);
	d->statement = what->header->id;
	d->recipient = (Lahetti__V1__Recipient *)(uintptr_t)to;
	d->deadline = deadline_of(h, what);
	d->urgency = what->kind->number == LAHETTI_KIND_REFERRAL
			     ? ((const Lahetti__V1__Referral *)what->body)->urgency
			     : LAHETTI__V1__URGENCY__URGENCY_NORMAL;
	/* What one's own controller holds already needs no more within it. */
	d->basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER;
	if (!own &&
	    (forwarded == NULL || !lahetti_span_equal(lahetti_bytes_span(to->organisation),
						      lahetti_id_span(&h->actor.organisation)))) {
		d->basis = c->decided.basis;
		d->consents = consents;
		d->n_consents = n_consents;
	}
	r->record_case = LAHETTI__V1__RECORD__RECORD_DELIVERY_MADE;
	r->delivery_made = d;
	return add(c, r, f) && tell(c, &id) &&
	       (!own || lahetti_id_empty(case_id) ||
		add(c, record_shared(h, case_id, &unit, false), f));
}

/* The consents named, and those of the delivery that it speaks of. */
static bool relied_on(struct handling *h, const struct coming *c, ProtobufCBinaryData **consents,
		      size_t *n, struct lahetti_fault *f)
{
	*n = c->facts.n_consents + c->facts.n_delivery_consents;
	*consents = lahetti_arena_take(&h->arena, *n * sizeof **consents);
	if (*consents == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < c->facts.n_consents; i++)
		(*consents)[i] = id_bytes(h, &c->facts.consents[i].id);
	for (size_t i = 0; i < c->facts.n_delivery_consents; i++)
		(*consents)[c->facts.n_consents + i] =
			id_bytes(h, &c->facts.delivery_consents[i].id);
	return true;
}

static bool add_deliveries(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	ProtobufCBinaryData *consents;
	size_t n;

	if (!relied_on(h, c, &consents, &n, f))
		return false;
	for (size_t i = 0; i < c->facts.n_recipients; i++)
		if (!add_delivery(h, c, c->facts.recipients[i].asked, NULL, consents, n, f))
			return false;
	return true;
}

/* From whom a matter is gone, who gave it back or sent it on, has the case no more, unless for
 * another reason; from its reopening on it is theirs again. */
static bool add_case_change(struct handling *h, struct coming *c, Lahetti__V1__State to,
			    struct lahetti_fault *f)
{
	const struct delivered *d = &c->delivered;
	bool again = to == LAHETTI__V1__STATE__STATE_REOPENED;
	struct statements_copy copy;
	bool keeps;

	if (!again && to != LAHETTI__V1__STATE__STATE_RETURNED &&
	    to != LAHETTI__V1__STATE__STATE_REDIRECTED && to != LAHETTI__V1__STATE__STATE_RECALLED)
		return true;
	if (!gather_copy(h, &d->stored, &d->row.organisation, &copy, f))
		return false;
	if (lahetti_id_empty(&copy.case_id))
		return true; /* another controller, which has not opened it */
	if (!clients_unit_keeps_case(h->store, &d->row.unit, &copy.case_id, &d->row.id, &keeps, f))
		return false;
	return (keeps && !again) ||
	       add(c, record_shared(h, &copy.case_id, &d->row.unit, !again), f);
}

/* The step that the statement makes in the life of the delivery that it speaks of. */
static bool add_step(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	Lahetti__V1__Step step = lahetti_body_step(c->statement.kind, c->statement.body);
	const struct lahetti_step_row *row =
		lahetti_step_find((int)step, (int)c->delivered.row.state);
	const Lahetti__V1__Acknowledgement *a =
		c->statement.kind->number == LAHETTI_KIND_ACKNOWLEDGEMENT ? c->statement.body
									  : NULL;
	Lahetti__V1__Reason reason =
		a != NULL ? a->reason : LAHETTI__V1__REASON__REASON_UNSPECIFIED;
	const struct delivered *d = &c->delivered;
	ProtobufCBinaryData *consents;
	size_t n;

	if (step == LAHETTI__V1__STEP__STEP_UNSPECIFIED || row == NULL)
		return true;
	if (!add(c, record_moved(h, &d->row.id, step, row->to, reason, &c->id, NULL), f) ||
	    !tell(c, &d->row.id))
		return false;
	if (!add_case_change(h, c, row->to, f))
		return false;
	if (a == NULL || a->redirect_to == NULL)
		return true;
	return relied_on(h, c, &consents, &n, f) &&
	       add_delivery(h, c, a->redirect_to, &d->stored, consents, n, f);
}

/* Stops one delivery that rested on a consent which no longer covers it: one that is not opened
 * yet, or a matter that goes on. What was merely to be read has been read. */
static bool stop_delivery(struct handling *h, struct coming *c, const struct lahetti_id *id,
			  struct lahetti_fault *f)
{
	struct delivered *d = lahetti_arena_take(&h->arena, sizeof *d);
	Lahetti__V1__Reference document = LAHETTI__V1__REFERENCE__INIT;
	const struct lahetti_kind_row *kind;
	const struct lahetti_step_row *row;

	if (d == NULL)
		return lahetti_fault_no_memory(f);
	if (!gather_delivery(h, id, d, f))
		return false;
	kind = lahetti_kind_find(d->facts.kind);
	row = lahetti_step_find(LAHETTI__V1__STEP__STEP_STOP, (int)d->row.state);
	if (row == NULL || (d->facts.opened_by_unit && kind != NULL &&
			    !LAHETTI_IN(kind->steps, LAHETTI__V1__STEP__STEP_TAKE)))
		return true;
	document.id = id_bytes(h, &d->row.statement);
	document.sha256 = digest_bytes(h, &d->stored.row.sha256);
	if (policy_stays(&d->facts, &document, c->facts.today, d->consents, d->n_consents).allowed)
		return true;
	return add(c,
		   record_moved(h, id, LAHETTI__V1__STEP__STEP_STOP, row->to,
				LAHETTI__V1__REASON__REASON_UNSPECIFIED, &c->id, NULL),
		   f) &&
	       tell(c, id);
}

/* A withdrawal, or a consent that replaces another: the old one ends, in whole or in part. */
static const struct stored *ended_consent(const struct coming *c, bool *whole)
{
	const Lahetti__V1__Withdrawal *w = c->statement.body;

	*whole = true;
	if (c->statement.kind->number == LAHETTI_KIND_CONSENT && c->replaced.found)
		return &c->replaced;
	if (c->statement.kind->number != LAHETTI_KIND_WITHDRAWAL)
		return NULL;
	*whole = w->n_parties == 0 && w->n_categories == 0;
	return &c->replied;
}

static bool add_consent_end(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	bool whole;
	const struct stored *consent = ended_consent(c, &whole);
	Lahetti__V1__Record *r;
	Lahetti__V1__ConsentEnded *e;
	struct lahetti_id parts[PARTS_MOST];
	bool found, ended;
	size_t n_parts;

	if (consent == NULL)
		return true;
	if (!statements_consent(h->store, &consent->row.id, &found, &ended, parts, PARTS_MOST,
				&n_parts, f))
		return false;
	if (!found || ended)
		return true; /* another was quicker: there is nothing left to end */
	r = lahetti_arena_take(&h->arena, sizeof *r);
	e = lahetti_arena_take(&h->arena, sizeof *e);
	if (r == NULL || e == NULL)
		return lahetti_fault_no_memory(f);
	lahetti__v1__record__init(r);
	lahetti__v1__consent_ended__init(e);
	e->consent = id_bytes(h, &consent->row.id);
	e->statement = id_bytes(h, &c->id);
	e->whole = whole;
	r->record_case = LAHETTI__V1__RECORD__RECORD_CONSENT_ENDED;
	r->consent_ended = e;
	return add(c, r, f);
}

/*
 * After the consent has ended in the store: events of their own for what stops with it, a page of
 * deliveries each. The facts are read again, so that the consent counts as it stands now.
 */
static bool stop_page(struct handling *h, struct coming *c, const struct stored *consent,
		      const struct lahetti_id *ids, size_t n, struct lahetti_fault *f)
{
	struct trail_subject subject;
	struct trail_entry e;

	c->n_records = 0;
	for (size_t i = 0; i < n; i++)
		if (!stop_delivery(h, c, &ids[i], f))
			return false;
	if (c->n_records == 0)
		return true;
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_STOP,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.reason = (char *)(uintptr_t) "consent-withdrawn";
	e.event.step = LAHETTI__V1__STEP__STEP_STOP;
	e.event.count = (uint32_t)c->n_records;
	trail_subject_init(&subject, &h->actor.organisation, &c->client);
	subject.part.consent = id_bytes(h, &consent->row.id);
	subject.part.consent_sha256 = digest_bytes(h, &consent->row.sha256);
	e.subjects = &subject;
	e.n_subjects = 1;
	e.records = c->records;
	e.n_records = c->n_records;
	return trail_append(h->trail, &e, f);
}

static bool stop_deliveries(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	bool whole;
	const struct stored *consent = ended_consent(c, &whole);
	struct lahetti_id ids[DELIVERIES_MOST], after = {0};
	size_t n = consent == NULL ? 0 : DELIVERIES_MOST;

	while (n == DELIVERIES_MOST) {
		size_t mark = h->arena.used, told = c->n_told;

		if (!deliveries_of_consent(h->store, &consent->row.id, &after, ids, DELIVERIES_MOST,
					   &n, f) ||
		    !stop_page(h, c, consent, ids, n, f))
			return false;
		/* Those of this page are told at once: the list holds no more than a page. */
		for (size_t i = told; i < c->n_told; i++)
			if (!gather_tell(h, &c->told[i], f))
				return false;
		c->n_told = told;
		h->arena.used = mark;
		if (n > 0)
			after = ids[n - 1];
	}
	return true;
}

/* What a unit writes keeps the case with it, also when it has had it only by a member of the team.
 */
static bool add_share(struct handling *h, struct coming *c, struct lahetti_fault *f)
{
	bool shares = true;

	if (lahetti_id_empty(&c->case_id))
		return true;
	return clients_unit_shares_case(h->store, &h->actor.unit, &c->case_id, &shares, f) &&
	       (shares || add(c, record_shared(h, &c->case_id, &h->actor.unit, false), f));
}

static bool record_acceptance(struct handling *h, struct coming *c, struct decision d,
			      struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header = c->statement.header;
	struct statements_copy holder;
	struct trail_subject subject;
	struct trail_entry e;
	struct statements_content content = {
		.statement = c->id,
		.controller = h->actor.organisation,
		.nameless = lahetti_id_empty(&c->client),
		.case_id = c->case_id,
		.author = h->actor.user,
		.kind = header->kind,
	};

	if (!holder_of(h, c, &holder, f))
		return false;
	if (lahetti_id_empty(&holder.client))
		return refuse(h, "no-such-delivery", NULL, f);
	h->late = policy_sent_late(header->created_us, h->now_us);
	if (header->kind == LAHETTI_KIND_WITHDRAWAL)
		h->withdrawn = c->replied.row.id;
	if (!add(c, record_accepted(h, header, &c->sha256), f) || !add_deliveries(h, c, f) ||
	    !add_step(h, c, f) || !add_consent_end(h, c, f) || !add_share(h, c, f))
		return false;
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_ACCEPT,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = d.basis;
	e.event.kind = header->kind;
	e.event.step = lahetti_body_step(c->statement.kind, c->statement.body);
	e.event.categories = header->categories;
	e.event.n_categories = header->n_categories;
	trail_subject_init(&subject, &h->actor.organisation, &holder.client);
	subject.part.case_id = id_bytes(h, &holder.case_id);
	subject.part.statement = header->id;
	subject.part.statement_sha256 = lahetti_bytes(lahetti_digest_span(&c->sha256));
	if (header->n_consents > 0) {
		subject.part.consent = header->consents[0]->id;
		subject.part.consent_sha256 = header->consents[0]->sha256;
	}
	if (c->delivered.facts.found)
		subject.part.delivery = id_bytes(h, &c->delivered.row.id);
	e.records = c->records;
	e.n_records = c->n_records;
	content.client = holder.client;
	if (!entry_append(h, &e, &subject, f))
		return false;
	content.envelope = lahetti_message_pack(&h->frame->submit->envelope->base, &h->arena);
	return content.envelope.data != NULL && statements_content_add(h->store, &content, f) &&
	       attach_all(h, &c->id, header, f) && stop_deliveries(h, c, f);
}

/* The frame
 * -----------------------------------------------------------------------------------------------------------
 */

/* The receipt stays the same; that the content is gone is told with it. */
static bool accepted_before(struct handling *h, const struct statements_row *row,
			    struct lahetti_fault *f)
{
	bool holds;

	if (!gather_holds(h, &row->id, &row->organisation, &holds, f))
		return false;
	h->event = row->event;
	h->late = row->late;
	h->since_erased = !holds;
	if (row->kind == LAHETTI_KIND_WITHDRAWAL)
		h->withdrawn = row->in_reply_to;
	return true;
}

/* Whether the statement is here already: the same gets its first receipt again, another under its
 * identifier is refused. */
static bool seen_before(struct handling *h, struct coming *c, bool *seen, struct lahetti_fault *f)
{
	struct statements_row row;

	if (!statements_find(h->store, &c->id, &row, seen, f))
		return false;
	if (!*seen)
		return true;
	if (!lahetti_digest_equal(&row.sha256, &c->sha256) ||
	    !lahetti_id_equal(&row.organisation, &h->actor.organisation))
		return refuse(h, "identifier-used", NULL, f);
	return accepted_before(h, &row, f);
}

bool handle_submit(struct handling *h, struct lahetti_fault *f)
{
	struct coming *c = lahetti_arena_take(&h->arena, sizeof *c);
	struct decision d;
	bool seen;

	if (c == NULL)
		return lahetti_fault_no_memory(f);
	memset(c, 0, sizeof *c);
	if (!lahetti_envelope_of(&c->envelope, h->frame->submit->envelope, f))
		return false;
	if (c->envelope.payload.len > h->desk->options->limits.statement)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, "too-long", 0, f);
	if (!lahetti_sha256(&c->sha256, &c->envelope.payload, 1, f) ||
	    !lahetti_statement_read(&c->statement, c->envelope.payload, &h->arena, f) ||
	    !lahetti_id_read(&c->id, lahetti_bytes_span(c->statement.header->id), f))
		return false;
	h->id = c->id;
	if (!seen_before(h, c, &seen, f))
		return false;
	if (seen)
		return true;
	if (lahetti_id_empty(&h->actor.unit))
		return refuse(h, "no-membership", NULL, f);
	if (c->statement.header->n_attachments > h->desk->options->limits.attachments)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED,
				    "too-many-attachments", 0, f);
	if (!gather_all(h, c, f))
		return false;
	if (c->facts.n_recipients > h->desk->options->limits.recipients)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED,
				    "too-many-recipients", 0, f);
	d = c->decided = policy_submit(&c->facts);
	if (!d.allowed) {
		struct trail_subject subject;

		if (!c->facts.client_known)
			return refuse(h, d.code, NULL, f);
		trail_subject_init(&subject, &h->actor.organisation, &c->client);
		subject.part.statement = c->statement.header->id;
		subject.part.statement_sha256 = lahetti_bytes(lahetti_digest_span(&c->sha256));
		return refuse(h, d.code, &subject, f);
	}
	if (!record_acceptance(h, c, d, f))
		return false;
	for (size_t i = 0; i < c->n_told; i++)
		if (!gather_tell(h, &c->told[i], f))
			return false;
	return true;
}

static bool answer_delivery(struct handling *h, const struct deliveries_row *row,
			    Lahetti__V1__Accepted *accepted, struct lahetti_fault *f)
{
	Lahetti__V1__Notice *notice = lahetti_arena_take(&h->arena, sizeof *notice);

	if (notice == NULL)
		return lahetti_fault_no_memory(f);
	lahetti__v1__notice__init(notice);
	notice->delivery = id_bytes(h, &row->id);
	notice->statement = id_bytes(h, &row->statement);
	notice->position = row->position;
	notice->state = LAHETTI__V1__STATE__STATE_REQUESTED;
	accepted->deliveries[accepted->n_deliveries++] = notice;
	return true;
}

static bool own_deliveries(struct handling *h, Lahetti__V1__Accepted *accepted,
			   struct lahetti_fault *f)
{
	struct deliveries_row rows[DELIVERIES_MOST];
	size_t n;

	if (!deliveries_of_statement(h->store, &h->id, rows, DELIVERIES_MOST, &n, f))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!answer_delivery(h, &rows[i], accepted, f))
			return false;
	return true;
}

/* To whom the controller had disclosed on the ground of the consent, and who had opened it. */
static bool disclosed(struct handling *h, const struct lahetti_id *consent,
		      Lahetti__V1__Accepted *accepted, struct lahetti_fault *f)
{
	struct lahetti_id ids[DELIVERIES_MOST], after = {0};
	struct delivered d;
	size_t n;

	if (!deliveries_of_consent(h->store, consent, &after, ids, DELIVERIES_MOST, &n, f))
		return false;
	for (size_t i = 0; i < n; i++) {
		Lahetti__V1__Notice *notice;

		if (!gather_delivery(h, &ids[i], &d, f))
			return false;
		if (!lahetti_id_equal(&d.stored.row.organisation, &h->actor.organisation) ||
		    lahetti_id_equal(&d.row.organisation, &h->actor.organisation))
			continue;
		notice = gather_notice(h, &d, NULL, f);
		if (notice == NULL)
			return false;
		notice->opened = d.facts.opened_by_unit;
		accepted->deliveries[accepted->n_deliveries++] = notice;
	}
	return true;
}

/* After the commit: the receipt stands on the checkpoint of the group. */
bool finish_submit(struct handling *h, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Accepted accepted = LAHETTI__V1__ACCEPTED__INIT;
	Lahetti__V1__Receipt receipt;
	bool erased;

	accepted.deliveries =
		lahetti_arena_take(&h->arena, DELIVERIES_MOST * sizeof *accepted.deliveries);
	if (accepted.deliveries == NULL)
		return lahetti_fault_no_memory(f);
	if (!proof_receipt_of(h->proofs, h->event, 0, &receipt, &erased, &h->arena, f) ||
	    !(lahetti_id_empty(&h->withdrawn) ? own_deliveries(h, &accepted, f)
					      : disclosed(h, &h->withdrawn, &accepted, f)))
		return false;
	accepted.statement = id_bytes(h, &h->id);
	accepted.receipt = &receipt;
	accepted.since_erased = erased || h->since_erased;
	accepted.sent_late = h->late;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED;
	frame.accepted = &accepted;
	return answer_session(h, &frame, 0, f);
}

/* The receipt once more, for the author's unit: it shows which client it is about, so it is
 * recorded. */
bool handle_read_receipt(struct handling *h, struct lahetti_fault *f)
{
	struct decision allowed = policy_clients(&h->actor);
	struct statements_row row;
	struct trail_subject subject;
	struct trail_entry e;
	bool found;

	if (!allowed.allowed)
		return refuse(h, allowed.code, NULL, f);
	if (!lahetti_id_read(&h->id, lahetti_bytes_span(h->frame->read_receipt->statement), f) ||
	    !statements_find(h->store, &h->id, &row, &found, f))
		return false;
	if (!found || !lahetti_id_equal(&row.unit, &h->actor.unit))
		return refuse(h, "no-such-statement", NULL, f);
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_LIST,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER;
	e.event.kind = row.kind;
	trail_subject_init(&subject, &h->actor.organisation, &row.client);
	subject.part.statement = id_bytes(h, &row.id);
	subject.part.statement_sha256 = digest_bytes(h, &row.sha256);
	e.subjects = &subject;
	e.n_subjects = 1;
	return accepted_before(h, &row, f) && trail_append(h->trail, &e, f);
}
