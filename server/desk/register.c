/* Clients of one's own controller: adding one, finding those with whom one's unit has a case. */

#include "clients.h"
#include "gather.h"
#include "lahetti/hetu.h"
#include "lahetti/message.h"
#include "lahetti/text.h"
#include "ledger.h"

#include <string.h>

#define PAGE_MOST 50

/* Adding
 * ------------------------------------------------------------------------------------------------------------
 */

/* What a person would be stopped at: each with its own code. */
static const char *wrong_identity(const Lahetti__V1__ClientIdentity *i)
{
	const struct {
		const char *text;
		size_t most;
	} texts[] = {
		{i->family_name, 200}, {i->given_names, 200}, {i->language, 35},
		{i->phone, 50},	       {i->email, 254},	      {i->address, 500},
	};
	struct lahetti_hetu hetu;
	struct lahetti_fault fault = {0};

	if (i->family_name[0] == '\0' && i->given_names[0] == '\0')
		return "missing-name";
	for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
		if (!lahetti_text_is_line(texts[k].text, texts[k].most, &fault))
			return fault.code;
	if (i->personal_identity_code[0] != '\0' &&
	    !lahetti_hetu_read(&hetu, lahetti_span_text(i->personal_identity_code), &fault))
		return fault.code;
	if (i->birth_date != 0 && !lahetti_date_valid(i->birth_date))
		return "bad-date";
	return NULL;
}

bool handle_add_client(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__AddClient *add = h->frame->add_client;
	const Lahetti__V1__Record *records[CLIENT_RECORDS + 2];
	struct decision d = policy_clients(&h->actor);
	struct trail_subject subject;
	struct trail_entry e;
	struct clients_row known;
	struct lahetti_id client, case_id, of_client, of_controller;
	const char *wrong;
	bool found, case_found;
	size_t n;

	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (!lahetti_id_read(&client, lahetti_bytes_span(add->client), f) ||
	    !lahetti_id_read(&case_id, lahetti_bytes_span(add->case_id), f) ||
	    !lahetti_text_is_line(add->service, 200, f))
		return false;
	wrong = add->identity == NULL ? "missing-name" : wrong_identity(add->identity);
	if (wrong != NULL)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, wrong, 0, f);
	if (!clients_find(h->store, &client, &known, &found, f))
		return false;
	/* The same device asks again because it did not hear the answer: once is enough. Another's
	 * client is never told. */
	if (!clients_case_find(h->store, &case_id, &of_client, &of_controller, &case_found, f))
		return false;
	if (found && case_found && lahetti_id_equal(&of_client, &client) &&
	    lahetti_id_equal(&known.controller, &h->actor.organisation))
		return answer_done(h, 0, f);
	if (found || case_found)
		return refuse(h, "identifier-used", NULL, f);
	if (!records_of_client(h, &client, add->identity, records, &n, f))
		return false;
	records[n++] = record_case(h, &case_id, &client);
	records[n++] = record_shared(h, &case_id, &h->actor.unit, false);
	if (records[n - 2] == NULL || records[n - 1] == NULL)
		return lahetti_fault_no_memory(f);
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_ADD_CLIENT,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER;
	trail_subject_init(&subject, &h->actor.organisation, &client);
	subject.part.case_id = add->case_id;
	e.subjects = &subject;
	e.n_subjects = 1;
	e.records = records;
	e.n_records = n;
	return trail_append(h->trail, &e, f) &&
	       clients_identity_put(h->store, &client, e.number, add->identity, f) &&
	       answer_done(h, e.number, f);
}

/* Finding
 * -----------------------------------------------------------------------------------------------------------
 */

/* A page: what may be shown is fixed here as identifiers, and is one event with a subject part for
 * each. */
struct page {
	struct lahetti_id clients[PAGE_MOST];
	size_t n;
	struct lahetti_id last; /* of the unit's clients looked through; empty: none are left */
};

static bool holds(const char *text, const char *term)
{
	return strcasestr(text, term) != NULL;
}

static bool name_matches(const Lahetti__V1__ClientIdentity *i, const char *term)
{
	return i != NULL && (holds(i->family_name, term) || holds(i->given_names, term));
}

/* A whole personal identity code: by its blind index, among one's own controller's clients with
 * whom the unit has a case. */
static bool by_code(struct handling *h, const struct lahetti_hetu *hetu, struct page *page,
		    struct lahetti_digest *blind, struct lahetti_fault *f)
{
	return clients_blind(h->store, &h->actor.organisation, "hetu",
			     lahetti_span_text(hetu->text), blind, f) &&
	       clients_by_blind(h->store, &h->actor.organisation, blind, &h->actor.unit,
				page->clients, PAGE_MOST, &page->n, f);
}

/* A search: a whole code, a part of a name, or everybody. */
struct search {
	struct lahetti_span term;
	struct lahetti_hetu hetu;
	bool by_code;
	struct lahetti_id after;
	size_t most;
};

/* Reads what is asked. What has digits is meant as a code: one that is mistyped is refused and not
 * kept. *wrong is the code of that, or NULL. */
static bool read_search(const Lahetti__V1__FindClients *asked, struct search *s, const char **wrong,
			struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};

	*s = (struct search){
		.term = lahetti_span_text(asked->term),
		.most = asked->limit == 0 || asked->limit > PAGE_MOST ? PAGE_MOST : asked->limit,
	};
	*wrong = NULL;
	if (!facts_id(asked->cursor, &s->after, f))
		return false;
	while (s->term.len > 0 && s->term.data[0] == ' ')
		s->term = lahetti_span(s->term.data + 1, s->term.len - 1);
	while (s->term.len > 0 && s->term.data[s->term.len - 1] == ' ')
		s->term.len--;
	s->by_code = lahetti_hetu_read(&s->hetu, s->term, &fault);
	if (!s->by_code && strpbrk(asked->term, "0123456789") != NULL)
		*wrong = fault.code;
	if (s->term.len > 200)
		*wrong = "too-long";
	return true;
}

static bool by_name(struct handling *h, const struct search *s, struct page *page,
		    struct lahetti_fault *f)
{
	char *term = lahetti_arena_text(&h->arena, s->term);
	struct lahetti_id found[PAGE_MOST];
	struct lahetti_fault fault = {0};
	size_t n = PAGE_MOST;

	if (term == NULL)
		return lahetti_fault_no_memory(f);
	page->last = s->after;
	while (page->n < s->most && n == PAGE_MOST) {
		if (!clients_of_unit(h->store, &h->actor.unit, &page->last, found, PAGE_MOST, &n,
				     f))
			return false;
		for (size_t i = 0; i < n && page->n < s->most; i++) {
			size_t mark = h->arena.used;

			page->last = found[i];
			if (term[0] == '\0' ||
			    name_matches(clients_identity(h->store, &found[i], &h->arena, &fault),
					 term))
				page->clients[page->n++] = found[i];
			h->arena.used = mark;
			if (fault.kind != LAHETTI_FAULT_NONE) {
				*f = fault;
				return false;
			}
		}
	}
	if (page->n < s->most)
		page->last = (struct lahetti_id){0};
	return true;
}

/* Names lie sealed: they are opened here, one by one, and never on the writer. */
bool look_for_clients(struct handling *h, struct lahetti_fault *f)
{
	struct page *page = lahetti_arena_take(&h->arena, sizeof *page);
	struct search search;
	const char *wrong;
	bool ok;

	if (page == NULL)
		return lahetti_fault_no_memory(f);
	memset(page, 0, sizeof *page);
	if (!read_search(h->frame->find_clients, &search, &wrong, f))
		return false;
	/* Who acts in no unit, or asks wrongly, is refused by the writer. */
	ok = search.by_code || wrong != NULL || lahetti_id_empty(&h->actor.unit) ||
	     by_name(h, &search, page, f);
	lahetti_wipe(&search.hetu, sizeof search.hetu);
	h->found = lahetti_span(page, sizeof *page);
	return ok;
}

/* What was found a moment ago, as far as the unit still has it. */
static bool still_there(struct handling *h, struct page *page, struct lahetti_fault *f)
{
	struct page found;
	bool has;

	if (h->found.len != sizeof found)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "bad-job",
					 "The writer got a search that nobody had looked for.");
	memcpy(&found, h->found.data, sizeof found);
	page->last = found.last;
	for (size_t i = 0; i < found.n; i++) {
		if (!clients_unit_has_client(h->store, &h->actor.unit, &found.clients[i], &has, f))
			return false;
		if (has)
			page->clients[page->n++] = found.clients[i];
	}
	return true;
}

static bool record_page(struct handling *h, const struct page *page, bool searched,
			struct lahetti_span search, struct lahetti_fault *f)
{
	struct trail_subject subjects[PAGE_MOST];
	struct trail_entry e;

	entry_init(h, &e,
		   searched ? LAHETTI__V1__ACTION__ACTION_SEARCH : LAHETTI__V1__ACTION__ACTION_LIST,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER;
	e.event.count = (uint32_t)page->n;
	for (size_t i = 0; i < page->n; i++) {
		trail_subject_init(&subjects[i], &h->actor.organisation, &page->clients[i]);
		subjects[i].part.search_term = lahetti_bytes(search);
	}
	/* An empty page is an event too. */
	if (page->n == 0) {
		subjects[0] = subject_nobody(&h->actor.organisation);
		subjects[0].part.search_term = lahetti_bytes(search);
	}
	e.subjects = subjects;
	e.n_subjects = page->n == 0 ? 1 : page->n;
	if (!trail_append(h->trail, &e, f))
		return false;
	h->event = e.number;
	return true;
}

bool handle_find_clients(struct handling *h, struct lahetti_fault *f)
{
	struct decision d = policy_clients(&h->actor);
	struct page *page = lahetti_arena_take(&h->arena, sizeof *page);
	struct lahetti_digest blind;
	struct lahetti_span kept;
	struct search search;
	struct fetch *fetch;
	const char *wrong;
	bool ok;

	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (page == NULL)
		return lahetti_fault_no_memory(f);
	memset(page, 0, sizeof *page);
	if (!read_search(h->frame->find_clients, &search, &wrong, f))
		return false;
	if (wrong != NULL)
		return refuse(h, wrong, NULL, f);
	ok = search.by_code ? by_code(h, &search.hetu, page, &blind, f) : still_there(h, page, f);
	kept = search.by_code ? lahetti_digest_span(&blind) : search.term;
	lahetti_wipe(&search.hetu, sizeof search.hetu);
	if (!ok || !record_page(h, page, search.term.len > 0, kept, f))
		return false;
	fetch = fetch_new(h, page->n);
	if (fetch == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < page->n; i++)
		fetch->items[i].id = page->clients[i];
	if (!lahetti_id_empty(&page->last)) {
		memcpy(fetch->cursor, page->last.bytes, sizeof page->last.bytes);
		fetch->cursor_len = sizeof page->last.bytes;
	}
	return fetch_send(h, fetch, f);
}

/* On a reader, after the commit: what the page may show. */
bool fetch_clients(struct handling *h, struct lahetti_fault *f)
{
	const struct fetch *fetch = (const struct fetch *)(const void *)h->job->frame;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__ClientPage page = LAHETTI__V1__CLIENT_PAGE__INIT;
	struct lahetti_fault fault = {0};
	struct lahetti_id cases[PAGE_MOST];
	size_t n;

	page.clients = lahetti_arena_take(&h->arena, fetch->n * sizeof *page.clients);
	if (page.clients == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < fetch->n; i++) {
		Lahetti__V1__ClientEntry *entry = lahetti_arena_take(&h->arena, sizeof *entry);

		if (entry == NULL || !clients_cases(h->store, &fetch->items[i].id, &h->actor.unit,
						    cases, PAGE_MOST, &n, f))
			return entry != NULL ? false : lahetti_fault_no_memory(f);
		lahetti__v1__client_entry__init(entry);
		entry->client = id_bytes(h, &fetch->items[i].id);
		entry->cases = lahetti_arena_take(&h->arena, n * sizeof *entry->cases);
		if (entry->cases == NULL)
			return lahetti_fault_no_memory(f);
		for (entry->n_cases = 0; entry->n_cases < n; entry->n_cases++)
			entry->cases[entry->n_cases] = id_bytes(h, &cases[entry->n_cases]);
		entry->identity = (Lahetti__V1__ClientIdentity *)(uintptr_t)clients_identity(
			h->store, &fetch->items[i].id, &h->arena, &fault);
		if (fault.kind != LAHETTI_FAULT_NONE) {
			*f = fault;
			return false;
		}
		page.clients[page.n_clients++] = entry;
	}
	page.cursor = lahetti_bytes(lahetti_span(fetch->cursor, fetch->cursor_len));
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_CLIENTS;
	frame.clients = &page;
	return answer_session(h, &frame, 0, f);
}
