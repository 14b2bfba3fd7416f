/* Reading the trail: who saw a client's data, and what was done. Each reading is itself an event,
 * recorded before anything is shown. */

#include "clients.h"
#include "handling.h"
#include "lahetti/message.h"
#include "ledger.h"
#include "proof.h"

#include <string.h>

#define PAGE_MOST 100
#define SKIP_MOST 1000 /* parts of one client in one event */

/* Flags of the fetch. */
#define WITH_PROOFS 1u

/* The reading's own event. It is about the client whose trail is read, or about none. */
static bool record_reading(struct handling *h, const struct lahetti_id *controller,
			   const struct lahetti_id *client, size_t n, struct lahetti_fault *f)
{
	struct trail_subject subject;
	struct trail_entry e;

	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_READ_TRAIL,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_SUPERVISION;
	e.event.controller = id_bytes(h, controller);
	e.event.count = (uint32_t)n;
	trail_subject_init(&subject, controller, client);
	return entry_append(h, &e, &subject, f);
}

/* Where a page of a client's parts goes on: at an event, after so many of its parts. */
struct onward {
	uint64_t event;
	uint32_t skip;
};

#define ONWARD_LEN (CURSOR_LEN + 4)

static bool read_onward(ProtobufCBinaryData b, struct onward *o, struct lahetti_fault *f)
{
	*o = (struct onward){0};
	if (!cursor_read(b, ONWARD_LEN, 0, &o->event, f))
		return false;
	for (size_t i = CURSOR_LEN; i < b.len; i++)
		o->skip = o->skip << 8 | b.data[i];
	if (o->skip > SKIP_MOST)
		o->skip = SKIP_MOST;
	return true;
}

static void write_onward(struct fetch *fetch, const struct ledger_place *places, size_t n,
			 const struct onward *from)
{
	uint32_t skip = places[0].event == places[n - 1].event && places[0].event == from->event
				? from->skip
				: 0;

	for (size_t i = 0; i < n; i++)
		skip += places[i].event == places[n - 1].event;
	cursor_write(fetch->cursor, places[n - 1].event);
	for (int i = ONWARD_LEN - 1; i >= CURSOR_LEN; i--, skip >>= 8)
		fetch->cursor[i] = (uint8_t)skip;
	fetch->cursor_len = ONWARD_LEN;
}

/* The places after those that the page before has shown. */
static bool find_places(struct handling *h, const struct lahetti_id *client,
			const struct onward *from, size_t most, struct ledger_place *places,
			size_t *n, struct lahetti_fault *f)
{
	size_t skip = 0;

	if (!ledger_client_places(h->store, client, from->event, places, most + from->skip, n, f))
		return false;
	while (skip < *n && skip < from->skip && places[skip].event == from->event)
		skip++;
	*n -= skip;
	if (*n > most)
		*n = most;
	memmove(places, places + skip, *n * sizeof *places);
	return true;
}

/* Who saw this client, oldest first: every event that has a part of the client's. */
bool handle_who_saw(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__WhoSaw *asked = h->frame->who_saw;
	size_t most = asked->limit == 0 || asked->limit > PAGE_MOST ? PAGE_MOST : asked->limit, n;
	struct ledger_place places[PAGE_MOST + SKIP_MOST];
	struct lahetti_id client;
	struct clients_row row;
	struct fetch *fetch;
	struct decision d;
	struct onward from;
	bool found;

	if (!lahetti_id_read(&client, lahetti_bytes_span(asked->client), f) ||
	    !read_onward(asked->cursor, &from, f) ||
	    !clients_find(h->store, &client, &row, &found, f))
		return false;
	/* Another controller's client gives the answer of an unknown one. */
	d = policy_read_trail(&h->actor, found ? &row.controller : &h->actor.organisation);
	if (!d.allowed && found && policy_read_trail(&h->actor, &h->actor.organisation).allowed)
		return refuse(h, "no-such-client", NULL, f);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (!found)
		return refuse(h, "no-such-client", NULL, f);
	if (!find_places(h, &client, &from, most, places, &n, f) ||
	    !record_reading(h, &row.controller, &client, n, f))
		return false;
	fetch = fetch_new(h, n);
	if (fetch == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < n; i++) {
		fetch->items[i].event = places[i].event;
		fetch->items[i].n = places[i].n;
	}
	fetch->flags = asked->proofs ? WITH_PROOFS : 0;
	if (n == most)
		write_onward(fetch, places, n, &from);
	return fetch_send(h, fetch, f);
}

/* The first part of an event that belongs to the controller whose trail is read; UINT32_MAX where
 * none does. */
static bool part_of(struct handling *h, uint64_t event, const struct lahetti_id *client,
		    uint32_t *n, struct lahetti_fault *f)
{
	struct ledger_place place;
	size_t found;

	*n = UINT32_MAX;
	if (lahetti_id_empty(client))
		return true;
	if (!ledger_client_places(h->store, client, event, &place, 1, &found, f))
		return false;
	if (found == 1 && place.event == event)
		*n = place.n;
	return true;
}

/* What was done, newest first, by what is asked for. */
bool handle_read_trail(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__ReadTrail *asked = h->frame->read_trail;
	size_t most = asked->limit == 0 || asked->limit > PAGE_MOST ? PAGE_MOST : asked->limit, n,
	       kept = 0;
	struct ledger_filter filter = {
		.controller = h->actor.organisation,
		.action = (uint32_t)asked->action,
		.outcome = (uint32_t)asked->outcome,
		.from_us = asked->from_us,
		.until_us = asked->until_us,
	};
	struct decision d = policy_read_trail(&h->actor, &h->actor.organisation);
	uint64_t events[PAGE_MOST], below;
	struct lahetti_id client;
	struct clients_row row;
	bool found;
	struct fetch *fetch;

	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (!facts_id(asked->client, &client, f) || !facts_id(asked->user, &filter.user, f) ||
	    !facts_id(asked->unit, &filter.unit, f) ||
	    !cursor_read(asked->cursor, CURSOR_LEN, UINT64_MAX, &below, f))
		return false;
	if (!lahetti_id_empty(&client)) {
		if (!clients_find(h->store, &client, &row, &found, f))
			return false;
		if (!found || !lahetti_id_equal(&row.controller, &h->actor.organisation))
			return refuse(h, "no-such-client", NULL, f);
	}
	if (!ledger_find(h->store, &filter, below, events, most, &n, f) ||
	    !record_reading(h, &h->actor.organisation, lahetti_id_empty(&client) ? NULL : &client,
			    n, f))
		return false;
	fetch = fetch_new(h, n);
	if (fetch == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < n; i++) {
		uint32_t part;

		if (!part_of(h, events[i], &client, &part, f))
			return false;
		if (!lahetti_id_empty(&client) && part == UINT32_MAX)
			continue;
		fetch->items[kept].event = events[i];
		fetch->items[kept++].n = part;
	}
	fetch->n = (uint32_t)kept;
	if (n == most) {
		cursor_write(fetch->cursor, events[n - 1]);
		fetch->cursor_len = CURSOR_LEN;
	}
	return fetch_send(h, fetch, f);
}

/* On a reader, after the commit: the lines, their parts opened, with proofs where they were asked
 * for. */
bool fetch_trail(struct handling *h, struct lahetti_fault *f)
{
	const struct fetch *fetch = (const struct fetch *)(const void *)h->job->frame;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__TrailPage page = LAHETTI__V1__TRAIL_PAGE__INIT;
	struct lahetti_span note;
	uint64_t size = 0, at;

	if (!proof_checkpoint(h->store, 0, &h->arena, &note, &at, f))
		return false;
	page.checkpoint = lahetti_bytes(note);
	if (fetch->flags & WITH_PROOFS)
		size = at;
	page.lines = lahetti_arena_take(&h->arena, fetch->n * sizeof *page.lines);
	if (page.lines == NULL)
		return lahetti_fault_no_memory(f);
	for (; page.n_lines < fetch->n; page.n_lines++) {
		Lahetti__V1__ReportLine *line = lahetti_arena_take(&h->arena, sizeof *line);
		const struct fetch_item *item = &fetch->items[page.n_lines];

		if (line == NULL)
			return lahetti_fault_no_memory(f);
		if (!proof_report_line(h->store, item->event, item->n, size, line, &h->arena, f))
			return false;
		page.lines[page.n_lines] = line;
	}
	page.cursor = lahetti_bytes(lahetti_span(fetch->cursor, fetch->cursor_len));
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_TRAIL;
	frame.trail = &page;
	return answer_session(h, &frame, 0, f);
}
