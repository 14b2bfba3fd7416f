/*
 * What one's unit has already: what a case holds, and one statement again. Decided and recorded by
 * the writer, opened and shown by a reader.
 */

#include "clients.h"
#include "gather.h"
#include "lahetti/message.h"
#include "proof.h"

#include <string.h>

#define PAGE_MOST  50
#define CASES_MOST 50
#define STEPS_MOST 32

/* Flags of the fetch. */
#define WITH_IDENTITY 1u

/* What a case holds
 * --------------------------------------------------------------------------------------------------
 */

bool handle_read_case(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__ReadCase *asked = h->frame->read_case;
	size_t most = asked->limit == 0 || asked->limit > PAGE_MOST ? PAGE_MOST : asked->limit, n;
	struct statements_case of = {.unit = h->actor.unit};
	struct statements_row *rows = lahetti_arena_take(&h->arena, PAGE_MOST * sizeof *rows);
	bool has, erased = false;
	struct decision d;
	struct fetch *fetch;
	uint64_t below;

	if (rows == NULL)
		return lahetti_fault_no_memory(f);
	d = policy_clients(&h->actor);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (!lahetti_id_read(&of.case_id, lahetti_bytes_span(asked->case_id), f) ||
	    !cursor_read(asked->cursor, CURSOR_LEN, UINT64_MAX, &below, f) ||
	    !gather_case(h, &of.case_id, &of.client, &has, f) ||
	    (has && !gather_erased(h, &of.client, &erased, f)))
		return false;
	d = policy_read_case(&h->actor, has, erased);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (!statements_of_case(h->store, &of, below, rows, most, &n, f) ||
	    !record_list(h, &of.client, &of.case_id, n, f))
		return false;
	fetch = fetch_new(h, n);
	if (fetch == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < n; i++)
		fetch->items[i].id = rows[i].id;
	if (n == most) {
		cursor_write(fetch->cursor, rows[n - 1].event);
		fetch->cursor_len = CURSOR_LEN;
	}
	return fetch_send(h, fetch, f);
}

/* What of a delivery is shown to the side on which the actor's unit is. */
static bool show_side(struct handling *h, const struct deliveries_row *row,
		      Lahetti__V1__CaseDelivery *out, struct lahetti_fault *f)
{
	struct delivered *d = lahetti_arena_take(&h->arena, sizeof *d);
	const Lahetti__V1__Status *status;

	if (d == NULL)
		return lahetti_fault_no_memory(f);
	if (!gather_delivered(h, row, d, f))
		return false;
	out->state = (Lahetti__V1__State)row->state;
	out->since_us = row->since_us;
	out->n_steps = policy_steps(&h->actor, &d->facts, out->steps, STEPS_MOST);
	if (out->received)
		return true;
	status = gather_status(h, d, NULL, f);
	if (status == NULL)
		return false;
	out->state = status->state;
	out->since_us = status->since_us;
	return true;
}

/* What the delivery was opened for is given back, so that many take no more room than one. */
static bool show_delivery(struct handling *h, const struct deliveries_row *row,
			  Lahetti__V1__CaseEntry *entry, struct lahetti_fault *f)
{
	Lahetti__V1__CaseDelivery *out = lahetti_arena_take(&h->arena, sizeof *out);
	size_t mark;
	bool ok;

	if (out == NULL)
		return lahetti_fault_no_memory(f);
	lahetti__v1__case_delivery__init(out);
	out->delivery = id_bytes(h, &row->id);
	out->recipient = gather_addressee(h, row);
	out->received = lahetti_id_equal(&row->unit, &h->actor.unit);
	out->steps = lahetti_arena_take(&h->arena, STEPS_MOST * sizeof *out->steps);
	if (out->recipient == NULL || out->steps == NULL)
		return lahetti_fault_no_memory(f);
	mark = h->arena.used;
	ok = show_side(h, row, out, f);
	h->arena.used = mark;
	entry->deliveries[entry->n_deliveries++] = out;
	return ok;
}

static bool show_deliveries(struct handling *h, const struct statements_row *statement,
			    Lahetti__V1__CaseEntry *entry, struct lahetti_fault *f)
{
	struct deliveries_row *rows = lahetti_arena_take(&h->arena, DELIVERIES_MOST * sizeof *rows);
	bool sent = lahetti_id_equal(&statement->unit, &h->actor.unit);
	size_t n;

	entry->deliveries =
		lahetti_arena_take(&h->arena, DELIVERIES_MOST * sizeof *entry->deliveries);
	if (rows == NULL || entry->deliveries == NULL)
		return lahetti_fault_no_memory(f);
	if (!deliveries_of_statement(h->store, &statement->id, rows, DELIVERIES_MOST, &n, f))
		return false;
	for (size_t i = 0; i < n; i++)
		if ((sent || lahetti_id_equal(&rows[i].unit, &h->actor.unit)) &&
		    !show_delivery(h, &rows[i], entry, f))
			return false;
	return true;
}

static bool show_entry(struct handling *h, const struct lahetti_id *id,
		       Lahetti__V1__CaseEntry *entry, struct lahetti_fault *f)
{
	struct statements_row row;
	struct lahetti_id part;
	size_t n;
	bool found, holds, consent, ended;

	if (!statements_find(h->store, id, &row, &found, f) ||
	    !gather_holds(h, id, &h->actor.organisation, &holds, f) ||
	    !statements_consent(h->store, id, &consent, &ended, &part, 1, &n, f))
		return false;
	entry->statement = id_bytes(h, id);
	entry->sha256 = digest_bytes(h, &row.sha256);
	entry->kind = row.kind;
	entry->organisation = id_bytes(h, &row.organisation);
	entry->unit = id_bytes(h, &row.unit);
	entry->accepted_us = row.accepted_us;
	entry->in_reply_to = id_bytes(h, &row.in_reply_to);
	entry->consent_ended = ended;
	entry->since_erased = !holds;
	return show_deliveries(h, &row, entry, f);
}

/* On a reader, after the commit: what the page may show. */
bool fetch_case(struct handling *h, struct lahetti_fault *f)
{
	const struct fetch *fetch = (const struct fetch *)(const void *)h->job->frame;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__CasePage page = LAHETTI__V1__CASE_PAGE__INIT;

	page.entries = lahetti_arena_take(&h->arena, fetch->n * sizeof *page.entries);
	if (page.entries == NULL)
		return lahetti_fault_no_memory(f);
	for (; page.n_entries < fetch->n; page.n_entries++) {
		Lahetti__V1__CaseEntry *entry = lahetti_arena_take(&h->arena, sizeof *entry);

		if (entry == NULL)
			return lahetti_fault_no_memory(f);
		lahetti__v1__case_entry__init(entry);
		if (!show_entry(h, &fetch->items[page.n_entries].id, entry, f))
			return false;
		page.entries[page.n_entries] = entry;
	}
	page.cursor = lahetti_bytes(lahetti_span(fetch->cursor, fetch->cursor_len));
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_CASE_PAGE;
	frame.case_page = &page;
	return answer_session(h, &frame, 0, f);
}

/* One statement again
 * ------------------------------------------------------------------------------------------------
 */

struct rereading {
	struct stored stored;
	struct facts_statement facts;
	struct lahetti_id client;  /* under whose key it lies: an acknowledgement names none */
	struct lahetti_id case_id; /* of the unit's */
};

/* The case in which it was written, where the unit has it; else the newest that the unit has. */
static bool own_case(struct handling *h, struct rereading *r, struct lahetti_fault *f)
{
	struct lahetti_id cases[CASES_MOST];
	size_t n;

	if (lahetti_id_empty(&r->stored.row.case_id))
		return true;
	if (!clients_cases(h->store, &r->client, &h->actor.unit, cases, CASES_MOST, &n, f))
		return false;
	for (size_t i = 0; i < n; i++) {
		r->case_id = cases[i];
		if (lahetti_id_equal(&cases[i], &r->stored.row.case_id))
			break;
	}
	return true;
}

static bool gather_rereading(struct handling *h, struct rereading *r, struct lahetti_fault *f)
{
	const struct statements_row *row = &r->stored.row;
	struct lahetti_id id;
	bool holds;

	r->facts.actor = h->actor;
	if (!lahetti_id_read(&id, lahetti_bytes_span(h->frame->read_statement->statement), f) ||
	    !gather_readable(h, &id, &r->stored, f))
		return false;
	if (!r->stored.found)
		return true;
	if (!statements_holder(h->store, &id, &h->actor.organisation, &r->client, &holds, f))
		return false;
	r->facts.found = true;
	r->facts.kind = row->kind;
	r->facts.author_unit = row->unit;
	r->facts.author_organisation = row->organisation;
	r->facts.erased = !holds || !r->stored.readable;
	return r->facts.erased || (clients_unit_has_client(h->store, &h->actor.unit, &r->client,
							   &r->facts.unit_has_client, f) &&
				   own_case(h, r, f));
}

static bool record_rereading(struct handling *h, const struct rereading *r, struct decision d,
			     struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header = r->stored.statement.header;
	struct trail_subject subject;
	struct trail_entry e;

	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_OPEN,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = d.basis;
	e.event.kind = r->stored.row.kind;
	e.event.categories = header->categories;
	e.event.n_categories = header->n_categories;
	trail_subject_init(&subject, &h->actor.organisation, &r->client);
	subject.part.case_id = id_bytes(h, &r->case_id);
	subject.part.statement = id_bytes(h, &r->stored.row.id);
	subject.part.statement_sha256 = digest_bytes(h, &r->stored.row.sha256);
	return entry_append(h, &e, &subject, f);
}

bool handle_read_statement(struct handling *h, struct lahetti_fault *f)
{
	struct rereading *r = lahetti_arena_take(&h->arena, sizeof *r);
	struct fetch *fetch;
	struct decision d;

	if (r == NULL)
		return lahetti_fault_no_memory(f);
	memset(r, 0, sizeof *r);
	d = policy_clients(&h->actor);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (!gather_rereading(h, r, f))
		return false;
	d = policy_read_statement(&r->facts);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (!record_rereading(h, r, d, f))
		return false;
	fetch = fetch_new(h, 1);
	if (fetch == NULL)
		return lahetti_fault_no_memory(f);
	fetch->event = h->event;
	/* A unit that has no more to do with a client has its own words still, and no address. */
	fetch->flags = r->facts.unit_has_client ? WITH_IDENTITY : 0;
	fetch->items[0].id = r->stored.row.id;
	fetch->items[0].id2 = r->case_id;
	return fetch_send(h, fetch, f);
}

static bool show_statement(struct handling *h, const struct fetch *fetch,
			   const struct stored *stored, const struct lahetti_id *client,
			   struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Content content = LAHETTI__V1__CONTENT__INIT;
	struct lahetti_fault fault = {0};
	Lahetti__V1__Receipt receipt;
	bool erased;

	if (!gather_author(h, stored, &content, f) ||
	    !proof_receipt(h->store, fetch->event, 0, &receipt, &erased, &h->arena, f))
		return false;
	content.envelope =
		lahetti_message_read(&lahetti__v1__envelope__descriptor, stored->envelope,
				     LAHETTI_MESSAGE_FRAME, &h->arena, f);
	if (content.envelope == NULL)
		return false;
	content.receipt = &receipt;
	content.client = id_bytes(h, client);
	content.case_id = id_bytes(h, &fetch->items[0].id2);
	if ((fetch->flags & WITH_IDENTITY) != 0)
		content.identity = (Lahetti__V1__ClientIdentity *)(uintptr_t)clients_identity(
			h->store, client, &h->arena, &fault);
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_CONTENT;
	frame.content = &content;
	return answer_session(h, &frame, 0, f);
}

/* On a reader, after the commit. */
bool fetch_statement(struct handling *h, struct lahetti_fault *f)
{
	const struct fetch *fetch = (const struct fetch *)(const void *)h->job->frame;
	struct lahetti_id client;
	struct stored stored;
	bool holds;

	if (!gather_statement(h, &fetch->items[0].id, &stored, f) ||
	    !statements_holder(h->store, &fetch->items[0].id, &h->actor.organisation, &client,
			       &holds, f))
		return false;
	/* Between the commit that permitted it and now. */
	if (!stored.readable || !holds)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, "erased", 0, f);
	return show_statement(h, fetch, &stored, &client, f);
}
