/* Clients of one's own controller: adding one, finding those with whom one's unit has a case. To a
 * data-protection officer all of its units, where somebody is looked for by a whole code or name.
 */

#include "clients.h"
#include "gather.h"
#include "lahetti/hetu.h"
#include "lahetti/message.h"
#include "lahetti/text.h"
#include "ledger.h"
#include "names.h"

#include <string.h>

#define PAGE_MOST 50
/* Identities that one look opens for an officer: of a large register a page may be short. */
#define LOOKED_MOST 10000

/* Flags of the fetch. */
#define WITHOUT_CASES 1u

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
	/* Fields that nobody here knows would be kept with the others. */
	if (wrong == NULL &&
	    protobuf_c_message_get_packed_size(&add->identity->base) > CLIENTS_IDENTITY_MOST)
		wrong = "too-long";
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
	struct lahetti_id last; /* of those looked through; empty: none are left */
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
 * whom the unit has a case; among all of them for an officer. */
static bool by_code(struct handling *h, const struct lahetti_hetu *hetu, struct page *page,
		    struct lahetti_digest *blind, struct lahetti_fault *f)
{
	if (!clients_blind(h->store, &h->actor.organisation, "hetu", lahetti_span_text(hetu->text),
			   blind, f))
		return false;
	if (policy_supervises(&h->actor))
		return clients_all_by_blind(h->store, &h->actor.organisation, blind, page->clients,
					    PAGE_MOST, &page->n, f);
	return clients_by_blind(h->store, &h->actor.organisation, blind, &h->actor.unit,
				page->clients, PAGE_MOST, &page->n, f);
}

/* A search: a whole code, a part of a name, or everybody. */
struct search {
	struct lahetti_span term;
	struct lahetti_hetu hetu;
	bool by_code;
	struct names *names; /* the words of what is no code */
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
	s->names = names_create(asked->term, f);
	return s->names != NULL;
}

static void search_finish(struct search *s)
{
	lahetti_wipe(&s->hetu, sizeof s->hetu);
	names_destroy(s->names);
}

/* What an officer must give: a family name and given names are two words at least. */
static bool is_whole(const struct search *s)
{
	return s->by_code || names_count(s->names) >= 2;
}

/* Some of those who may be found at all, by identifier. */
static bool candidates(struct handling *h, const struct lahetti_id *after, struct lahetti_id *found,
		       size_t *n, struct lahetti_fault *f)
{
	if (policy_supervises(&h->actor))
		return clients_of_controller(h->store, &h->actor.organisation, after, found,
					     PAGE_MOST, n, f);
	return clients_of_unit(h->store, &h->actor.unit, after, found, PAGE_MOST, n, f);
}

/* Whether a client is one who is looked for. */
static bool matches(struct handling *h, const struct search *s, const char *term,
		    const struct lahetti_id *client, bool *does, struct lahetti_fault *f)
{
	const Lahetti__V1__ClientIdentity *i;
	struct lahetti_fault fault = {0};
	size_t mark = h->arena.used;
	bool ok = true;

	*does = term[0] == '\0';
	if (*does)
		return true;
	i = clients_identity(h->store, client, &h->arena, &fault);
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	if (!policy_supervises(&h->actor))
		*does = name_matches(i, term);
	else if (i != NULL)
		ok = names_are(s->names, i->family_name, i->given_names, does, f);
	h->arena.used = mark;
	return ok;
}

static bool by_name(struct handling *h, const struct search *s, struct page *page,
		    struct lahetti_fault *f)
{
	char *term = lahetti_arena_text(&h->arena, s->term);
	struct lahetti_id found[PAGE_MOST];
	size_t n = PAGE_MOST, looked = 0;
	bool does;

	if (term == NULL)
		return lahetti_fault_no_memory(f);
	page->last = s->after;
	while (page->n < s->most && n == PAGE_MOST) {
		if (policy_supervises(&h->actor) && looked >= LOOKED_MOST)
			return true;
		if (!candidates(h, &page->last, found, &n, f))
			return false;
		looked += n;
		for (size_t i = 0; i < n && page->n < s->most; i++) {
			page->last = found[i];
			if (!matches(h, s, term, &found[i], &does, f))
				return false;
			if (does)
				page->clients[page->n++] = found[i];
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
	/* Who acts in no unit, may not search, or asks wrongly is refused by the writer. */
	ok = search.by_code || wrong != NULL || lahetti_id_empty(&h->actor.unit) ||
	     !policy_find_clients(&h->actor, is_whole(&search)).allowed ||
	     by_name(h, &search, page, f);
	search_finish(&search);
	h->found = lahetti_span(page, sizeof *page);
	return ok;
}

/* Whether the one who searches may still be shown a client. */
static bool still_has(struct handling *h, const struct lahetti_id *client, bool *has,
		      struct lahetti_fault *f)
{
	struct clients_row row;

	if (!policy_supervises(&h->actor))
		return clients_unit_has_client(h->store, &h->actor.unit, client, has, f);
	if (!clients_find(h->store, client, &row, has, f))
		return false;
	*has = *has && !row.identity_erased &&
	       lahetti_id_equal(&row.controller, &h->actor.organisation);
	return true;
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
		if (!still_has(h, &found.clients[i], &has, f))
			return false;
		if (has)
			page->clients[page->n++] = found.clients[i];
	}
	return true;
}

static bool record_page(struct handling *h, const struct page *page, struct decision d,
			bool searched, struct lahetti_span search, struct lahetti_fault *f)
{
	struct trail_subject subjects[PAGE_MOST];
	struct trail_entry e;

	entry_init(h, &e,
		   searched ? LAHETTI__V1__ACTION__ACTION_SEARCH : LAHETTI__V1__ACTION__ACTION_LIST,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = d.basis;
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

/* Fixes and records what a search shows. */
static bool find(struct handling *h, const struct search *search, struct decision d,
		 struct page *page, struct lahetti_fault *f)
{
	struct lahetti_digest blind = {0};
	bool ok = search->by_code ? by_code(h, &search->hetu, page, &blind, f)
				  : still_there(h, page, f);

	return ok && record_page(h, page, d, search->term.len > 0,
				 search->by_code ? lahetti_digest_span(&blind) : search->term, f);
}

static bool send_page(struct handling *h, const struct page *page, struct lahetti_fault *f)
{
	struct fetch *fetch = fetch_new(h, page->n);

	if (fetch == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < page->n; i++)
		fetch->items[i].id = page->clients[i];
	if (!lahetti_id_empty(&page->last)) {
		memcpy(fetch->cursor, page->last.bytes, sizeof page->last.bytes);
		fetch->cursor_len = sizeof page->last.bytes;
	}
	fetch->flags = policy_supervises(&h->actor) ? WITHOUT_CASES : 0;
	return fetch_send(h, fetch, f);
}

bool handle_find_clients(struct handling *h, struct lahetti_fault *f)
{
	struct page *page = lahetti_arena_take(&h->arena, sizeof *page);
	struct search search;
	struct decision d;
	const char *wrong;
	bool ok;

	if (page == NULL)
		return lahetti_fault_no_memory(f);
	memset(page, 0, sizeof *page);
	/* Who may not search at all is told so whatever is asked. */
	d = policy_find_clients(&h->actor, true);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (!read_search(h->frame->find_clients, &search, &wrong, f))
		return false;
	d = policy_find_clients(&h->actor, is_whole(&search));
	if (wrong != NULL || !d.allowed)
		ok = refuse(h, wrong != NULL ? wrong : d.code, NULL, f);
	else
		ok = find(h, &search, d, page, f) && send_page(h, page, f);
	search_finish(&search);
	return ok;
}

/* On a reader, after the commit: what the page may show. */
bool fetch_clients(struct handling *h, struct lahetti_fault *f)
{
	const struct fetch *fetch = (const struct fetch *)(const void *)h->job->frame;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__ClientPage page = LAHETTI__V1__CLIENT_PAGE__INIT;
	struct lahetti_fault fault = {0};
	struct lahetti_id cases[PAGE_MOST];
	size_t n = 0;

	page.clients = lahetti_arena_take(&h->arena, fetch->n * sizeof *page.clients);
	if (page.clients == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < fetch->n; i++) {
		Lahetti__V1__ClientEntry *entry = lahetti_arena_take(&h->arena, sizeof *entry);

		if (entry == NULL)
			return lahetti_fault_no_memory(f);
		if ((fetch->flags & WITHOUT_CASES) == 0 &&
		    !clients_cases(h->store, &fetch->items[i].id, &h->actor.unit, cases, PAGE_MOST,
				   &n, f))
			return false;
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
