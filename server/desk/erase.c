/* Erasing: proposed by one person, confirmed by another, carried out so that no crash leaves half
 * of it. */

#include "erase.h"

#include "clients.h"
#include "erasures.h"
#include "handling.h"
#include "lahetti/message.h"
#include "lahetti/text.h"
#include "ledger.h"
#include "statements.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MOST     50
#define SENTENCE_MOST 1000
#define FORGET_A_PAGE 64
#define A_DAY_US      INT64_C(86400000000)

#define SCOPE(NAME) LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_##NAME

/* Carrying out
 * ------------------------------------------------------------------------------------------------------
 */

/* What of an erasure is still here. */
static bool still_there(struct store *s, const struct vault_erasure *e,
			const struct clients_row *client, bool *there, struct lahetti_fault *f)
{
	struct lahetti_id holder;

	switch (e->scope) {
	case SCOPE(STATEMENT):
		if (!statements_holder(s, &e->statement, &client->controller, &holder, there, f))
			return false;
		*there = *there && lahetti_id_equal(&holder, &e->client);
		return true;
	case SCOPE(CONTENT):
		*there = !client->content_erased;
		return true;
	default:
		*there = !client->content_erased || !client->identity_erased;
		return true;
	}
}

struct erase_gone {
	struct erase_gone *next;
	struct attachments_gone files;
};

void erase_settle(struct attachments *a, struct erase_gone **gone, bool committed)
{
	for (struct erase_gone *g = *gone, *next; g != NULL; g = next) {
		next = g->next;
		if (committed)
			attachments_remove(a, &g->files);
		free(g);
	}
	*gone = NULL;
}

/* What is erased here, and where what is left to do after the commit is kept. */
struct erasing {
	struct store *store;
	struct attachments *attachments;
	const struct vault_erasure *what;
	const struct lahetti_id *controller;
	struct erase_gone **gone;
};

static bool forget_attachments(const struct erasing *e, const struct lahetti_id *statement,
			       struct lahetti_fault *f)
{
	struct erase_gone *g = calloc(1, sizeof *g);

	if (g == NULL)
		return lahetti_fault_no_memory(f);
	g->next = *e->gone;
	*e->gone = g;
	return attachments_forget(e->store, e->attachments, statement, &g->files, f);
}

/* One statement out of a controller's hands: whoever else holds it keeps it, with what is attached.
 */
static bool forget(const struct erasing *e, const struct lahetti_id *statement,
		   struct lahetti_fault *f)
{
	bool gone;

	return statements_forget(e->store, statement, e->controller, &gone, f) &&
	       (!gone || forget_attachments(e, statement, f));
}

static bool forget_all(const struct erasing *e, struct lahetti_fault *f)
{
	static const struct lahetti_id first;
	struct lahetti_id page[FORGET_A_PAGE];
	size_t n = FORGET_A_PAGE;

	while (n == FORGET_A_PAGE) {
		if (!statements_of_client(e->store, &e->what->client, &first, page, FORGET_A_PAGE,
					  &n, f))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!forget(e, &page[i], f))
				return false;
	}
	return true;
}

/* The others of the client go under a new content key, so that the old one opens nothing of the one
 * that goes. Where the old one is dead already nothing is left to go. */
static bool forget_one(const struct erasing *e, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};

	if (!forget(e, &e->what->statement, f))
		return false;
	if (statements_change_key(e->store, &e->what->client, &fault) ||
	    strcmp(fault.code, "key-destroyed") == 0)
		return true;
	*f = fault;
	return false;
}

static bool destroy(const struct erasing *e, struct lahetti_fault *f)
{
	uint32_t scope = e->what->scope;

	if (scope == SCOPE(STATEMENT))
		return forget_one(e, f);
	return forget_all(e, f) &&
	       clients_keys_destroy(e->store, &e->what->client,
				    scope == SCOPE(CONTENT) ? CLIENTS_DESTROY_CONTENT
							    : CLIENTS_DESTROY_IDENTITY,
				    f);
}

/* In a database older than the retention a client's keys may be dead: what is recorded is of
 * nobody. */
static bool identity_lives(struct store *s, const struct lahetti_id *client, bool *lives,
			   struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_secret key;

	*lives = clients_key(s, client, CLIENTS_IDENTITY_KEY, &key, &fault);
	lahetti_wipe(&key, sizeof key);
	if (*lives || strcmp(fault.code, "key-destroyed") == 0)
		return true;
	*f = fault;
	return false;
}

/* The lines of an erasure: of one statement its own; else one for each identifier of the client
 * that has something left, the one that was named among them. */
#define LINES_MOST 64

static bool lines_of(struct store *s, const struct vault_erasure *e, struct vault_erasure *lines,
		     size_t *n, bool *there, struct lahetti_fault *f)
{
	static const struct lahetti_id first;
	struct lahetti_id ids[LINES_MOST];
	struct clients_row client;
	size_t n_ids = 0;
	bool found, left;

	*n = 0;
	*there = false;
	if (e->scope != SCOPE(STATEMENT) &&
	    !clients_aliases(s, &e->client, &first, ids, LINES_MOST, &n_ids, f))
		return false;
	if (n_ids == LINES_MOST)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "too-many-elements",
					 "The client has too many identifiers for one erasure.");
	if (n_ids == 0)
		ids[n_ids++] = e->client;
	for (size_t i = 0; i < n_ids; i++) {
		lines[*n] = *e;
		lines[*n].client = ids[i];
		if (!clients_find(s, &ids[i], &client, &found, f))
			return false;
		if (!found) /* the same is looked up as for one that is there */
			client.controller = ids[i];
		if (!still_there(s, &lines[*n], &client, &left, f))
			return false;
		*there = *there || (found && left);
		*n += (found && left) || lahetti_id_equal(&ids[i], &e->client);
	}
	return true;
}

/* The event that something was erased, or that it will not be. What it is about may be sealed with
 * it for the last time. */
static bool record_end(struct store *s, struct trail *t, struct trail_entry *e,
		       const struct vault_erasure *what, const struct vault_erasure *lines,
		       size_t n, const struct lahetti_id *controller, bool done,
		       struct lahetti_fault *f)
{
	Lahetti__V1__Record record = LAHETTI__V1__RECORD__INIT;
	Lahetti__V1__ErasureEnded ended = LAHETTI__V1__ERASURE_ENDED__INIT;
	const Lahetti__V1__Record *const records[] = {&record};
	struct trail_subject subjects[LINES_MOST];
	bool living;

	ended.erasure = lahetti_bytes(lahetti_id_span(&what->erasure));
	ended.controller = lahetti_bytes(lahetti_id_span(controller));
	ended.client = lahetti_bytes(lahetti_id_span(&what->client));
	ended.scope = (Lahetti__V1__ErasureScope)what->scope;
	if (!lahetti_id_empty(&what->statement))
		ended.statement = lahetti_bytes(lahetti_id_span(&what->statement));
	ended.done = done;
	if (!lahetti_id_empty(&what->by))
		ended.by = lahetti_bytes(lahetti_id_span(&what->by));
	record.record_case = LAHETTI__V1__RECORD__RECORD_ERASURE_ENDED;
	record.erasure_ended = &ended;
	for (size_t i = 0; i < n; i++) {
		if (!identity_lives(s, &lines[i].client, &living, f))
			return false;
		trail_subject_init(&subjects[i], controller, living ? &lines[i].client : NULL);
		if (living)
			subjects[i].part.statement = ended.statement;
	}
	e->event.controller = ended.controller;
	e->subjects = subjects;
	e->n_subjects = n;
	e->records = records;
	e->n_records = 1;
	return trail_append(t, e, f);
}

/* Replaying
 * ---------------------------------------------------------------------------------------------------------
 */

struct replay {
	struct store *store;
	struct trail *trail;
	struct attachments *attachments;
	struct erase_gone *gone;
	unsigned applied;
	bool changed;
};

static bool replay_line(void *context, const struct vault_erasure *e, struct lahetti_fault *f)
{
	struct replay *r = context;
	struct clients_row client;
	struct erasures_row known;
	struct trail_entry entry;
	bool found, there;

	if (!clients_find(r->store, &e->client, &client, &found, f))
		return false;
	if (!found)
		return true;
	if (!still_there(r->store, e, &client, &there, f) ||
	    !erasures_find(r->store, &e->erasure, &known, &found, f))
		return false;
	if (!there)
		return true;
	if (!found || known.ended == 0) {
		trail_entry_init(&entry, LAHETTI__V1__ACTION__ACTION_ERASE,
				 LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
		entry.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_NONE_NEEDED;
		entry.event.reason = (char *)(uintptr_t) "done-again";
		if (!record_end(r->store, r->trail, &entry, e, e, 1, &client.controller, true, f))
			return false;
	}
	r->applied++;
	r->changed = true;
	return destroy(&(struct erasing){r->store, r->attachments, e, &client.controller, &r->gone},
		       f);
}

/* An older database has living keys under a period key that was retired since. */
static bool rescue(struct replay *r, struct lahetti_fault *f)
{
	struct vault *v = store_vault(r->store);
	struct vault_period p;
	bool in_use;

	for (uint32_t from = 0; vault_period_find(v, from, &p); from = p.serial + 1) {
		if (!p.retired)
			continue;
		if (!clients_period_in_use(r->store, p.serial, &in_use, f) ||
		    (in_use && !clients_period_leave(r->store, p.serial, f)))
			return false;
		r->changed = r->changed || in_use;
	}
	return true;
}

/* After the commit: no living key lies under one that was replaced and is not in use, and none
 * will. */
static bool retire(struct store *s, struct lahetti_fault *f)
{
	struct vault *v = store_vault(s);
	struct vault_period p;
	bool in_use;

	for (uint32_t from = 0; vault_period_find(v, from, &p); from = p.serial + 1) {
		if (p.retired || !p.replaced)
			continue;
		if (!clients_period_in_use(s, p.serial, &in_use, f) ||
		    (!in_use && !vault_period_retire(v, p.serial, lahetti_now_us(), f)))
			return false;
	}
	return true;
}

static bool replay(struct replay *r, struct lahetti_fault *f)
{
	if (!store_begin(r->store, f) || !rescue(r, f) ||
	    !vault_journal_read(store_vault(r->store), replay_line, r, f))
		return false;
	if (!r->changed) {
		store_rollback(r->store);
		return true;
	}
	if (!trail_seal(r->trail, f) || !store_commit(r->store, f))
		return false;
	trail_committed(r->trail);
	return true;
}

bool erase_replay(struct store *s, struct trail *t, struct attachments *a, unsigned *erased,
		  struct lahetti_fault *f)
{
	struct replay r = {.store = s, .trail = t, .attachments = a};
	bool ok = replay(&r, f);

	erase_settle(a, &r.gone, ok);
	*erased = r.applied;
	return ok && retire(s, f);
}

bool erase_destroy_retired(struct vault *v, int64_t now_us, unsigned retention_days,
			   unsigned *destroyed, struct lahetti_fault *f)
{
	return vault_destroy_retired(v, now_us - (int64_t)retention_days * A_DAY_US, destroyed, f);
}

/* Facts
 * -------------------------------------------------------------------------------------------------------------
 */

static bool is_named(struct handling *h, const struct lahetti_id *controller, bool *named,
		     struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__DirectoryEntry *e =
		directory_find(h->store, DIRECTORY_ORGANISATION, lahetti_id_span(controller), 0,
			       &h->arena, &fault);

	*named = false;
	for (size_t i = 0; e != NULL && i < e->organisation->n_erasure_seconds; i++)
		*named = *named ||
			 lahetti_span_equal(lahetti_bytes_span(e->organisation->erasure_seconds[i]),
					    lahetti_id_span(&h->actor.user));
	if (fault.kind != LAHETTI_FAULT_NONE)
		*f = fault;
	return fault.kind == LAHETTI_FAULT_NONE;
}

/* Whom and what it concerns. The same is looked up whether there is such a client or not. */
static bool gather_erasure(struct handling *h, const struct vault_erasure *e,
			   struct facts_erasure *facts, struct lahetti_fault *f)
{
	struct vault_erasure lines[LINES_MOST];
	struct clients_row client;
	bool there;
	size_t n;

	*facts = (struct facts_erasure){.actor = h->actor, .now_us = h->now_us};
	if (!clients_find(h->store, &e->client, &client, &facts->found, f))
		return false;
	if (!facts->found)
		client.controller = h->actor.organisation;
	if (!clients_unit_has_client(h->store, &h->actor.unit, &e->client, &facts->unit_has_client,
				     f) ||
	    !is_named(h, &client.controller, &facts->named, f) ||
	    !lines_of(h->store, e, lines, &n, &there, f))
		return false;
	facts->found = facts->found && !client.nameless;
	facts->controller = client.controller;
	facts->erased = !there;
	return true;
}

static bool gather_proposal(struct handling *h, const struct erasures_row *row, bool found,
			    struct vault_erasure *what, struct facts_erasure *facts,
			    struct lahetti_fault *f)
{
	*what = (struct vault_erasure){
		.time_us = h->now_us,
		.erasure = row->id,
		.client = row->client,
		.statement = row->statement,
		.by = h->actor.user,
		.scope = row->scope,
	};
	if (!gather_erasure(h, what, facts, f))
		return false;
	facts->found = facts->found && found;
	facts->proposer = row->proposer;
	facts->until_us = row->until_us;
	facts->ended = row->ended != 0;
	return true;
}

/* Proposing
 * ---------------------------------------------------------------------------------------------------------
 */

static const char *code_of_reason(Lahetti__V1__ErasureReason reason)
{
	switch (reason) {
	case LAHETTI__V1__ERASURE_REASON__ERASURE_REASON_RETENTION_OVER:
		return "retention-over";
	case LAHETTI__V1__ERASURE_REASON__ERASURE_REASON_CLIENT_REQUEST:
		return "client-request";
	case LAHETTI__V1__ERASURE_REASON__ERASURE_REASON_MADE_IN_ERROR:
		return "made-in-error";
	case LAHETTI__V1__ERASURE_REASON__ERASURE_REASON_OTHER:
		return "other-reason";
	default:
		return NULL;
	}
}

/* A diary number, not a sentence: it lies open and for ever. */
static bool is_reference(const char *text)
{
	static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				      "ABCDEFGHIJKLMNOPQRSTUVWXYZ /.:_-";
	size_t len = strlen(text);

	return len > 0 && len <= ERASURES_REFERENCE_MOST && strspn(text, allowed) == len &&
	       strpbrk(text, "0123456789") != NULL;
}

static bool well_formed(const Lahetti__V1__ProposeErasure *p)
{
	bool one = p->scope == SCOPE(STATEMENT);

	return p->scope != SCOPE(UNSPECIFIED) && code_of_reason(p->reason) != NULL &&
	       one == (p->statement.len > 0) && p->sentence[0] != '\0' &&
	       is_reference(p->reference);
}

static bool record_proposal(struct handling *h, const struct vault_erasure *what, struct decision d,
			    struct lahetti_fault *f)
{
	const Lahetti__V1__ProposeErasure *asked = h->frame->propose_erasure;
	Lahetti__V1__Record record = LAHETTI__V1__RECORD__INIT;
	Lahetti__V1__ErasureProposed proposed = LAHETTI__V1__ERASURE_PROPOSED__INIT;
	const Lahetti__V1__Record *const records[] = {&record};
	struct trail_subject subject;
	struct trail_entry e;

	proposed.erasure = asked->erasure;
	proposed.controller = id_bytes(h, &h->actor.organisation);
	proposed.client = asked->client;
	proposed.scope = asked->scope;
	proposed.statement = asked->statement;
	proposed.reason = asked->reason;
	proposed.reference = asked->reference;
	proposed.proposer = id_bytes(h, &h->actor.user);
	proposed.until_us = h->now_us + h->desk->options->limits.erasure_life_us;
	record.record_case = LAHETTI__V1__RECORD__RECORD_ERASURE_PROPOSED;
	record.erasure_proposed = &proposed;
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_PROPOSE_ERASURE,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = d.basis;
	e.event.reason = (char *)(uintptr_t)code_of_reason(asked->reason);
	trail_subject_init(&subject, &h->actor.organisation, &what->client);
	subject.part.statement = asked->statement;
	subject.part.written_reason = asked->sentence;
	e.subjects = &subject;
	e.n_subjects = 1;
	e.records = records;
	e.n_records = 1;
	return trail_append(h->trail, &e, f) && answer_done(h, e.number, f);
}

bool handle_propose_erasure(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__ProposeErasure *asked = h->frame->propose_erasure;
	struct vault_erasure what = {.scope = (uint32_t)asked->scope};
	struct facts_erasure facts;
	struct erasures_row known;
	struct decision d;
	bool found;

	if (lahetti_id_empty(&h->actor.unit))
		return refuse(h, "no-membership", NULL, f);
	if (!lahetti_id_read(&what.erasure, lahetti_bytes_span(asked->erasure), f) ||
	    !lahetti_id_read(&what.client, lahetti_bytes_span(asked->client), f) ||
	    !facts_id(asked->statement, &what.statement, f))
		return false;
	if (!lahetti_text_is_line(asked->sentence, SENTENCE_MOST, f))
		return false;
	if (!well_formed(asked))
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, "bad-erasure", 0,
				    f);
	if (!gather_erasure(h, &what, &facts, f) ||
	    !erasures_find(h->store, &what.erasure, &known, &found, f))
		return false;
	/* A statement that the client does not have, or has no more. */
	facts.no_statement = what.scope == SCOPE(STATEMENT) && facts.erased;
	d = policy_erasure_propose(&facts);
	/* Asked again, because the answer was not heard. */
	if (found && lahetti_id_equal(&known.proposer, &h->actor.user) &&
	    lahetti_id_equal(&known.client, &what.client))
		return answer_done(h, known.proposed, f);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (found)
		return refuse(h, "identifier-used", NULL, f);
	return record_proposal(h, &what, d, f);
}

/* Confirming and dropping
 * -------------------------------------------------------------------------------------------
 */

/* The proposal, and what is known of it. */
static bool find_proposal(struct handling *h, ProtobufCBinaryData id, struct erasures_row *row,
			  struct vault_erasure *what, struct facts_erasure *facts,
			  struct lahetti_fault *f)
{
	struct lahetti_id erasure;
	bool found;

	if (!lahetti_id_read(&erasure, lahetti_bytes_span(id), f) ||
	    !erasures_find(h->store, &erasure, row, &found, f))
		return false;
	/* Of one that is not there the same is looked up as of one that is. */
	if (!found)
		row->client = erasure;
	return gather_proposal(h, row, found, what, facts, f);
}

static bool end_proposal(struct handling *h, const struct erasures_row *row,
			 const struct vault_erasure *what, const struct vault_erasure *lines,
			 size_t n, struct decision d, bool done, struct trail_entry *e,
			 struct lahetti_fault *f)
{
	entry_init(h, e,
		   done ? LAHETTI__V1__ACTION__ACTION_ERASE
			: LAHETTI__V1__ACTION__ACTION_PROPOSE_ERASURE,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e->event.basis = d.basis;
	e->event.reason =
		(char *)(uintptr_t)(done ? code_of_reason((Lahetti__V1__ErasureReason)row->reason)
					 : "erasure-dropped");
	return record_end(h->store, h->trail, e, what, lines, n, &row->controller, done, f);
}

bool handle_confirm_erasure(struct handling *h, struct lahetti_fault *f)
{
	struct vault_erasure what, lines[LINES_MOST];
	struct facts_erasure facts;
	struct erasures_row row;
	struct trail_entry e;
	struct decision d;
	bool there;
	size_t n;

	if (lahetti_id_empty(&h->actor.unit))
		return refuse(h, "no-membership", NULL, f);
	if (!find_proposal(h, h->frame->confirm_erasure->erasure, &row, &what, &facts, f))
		return false;
	d = policy_erasure_confirm(&facts);
	/* Asked again, because the answer was not heard. */
	if (row.done && lahetti_id_equal(&row.ended_by, &h->actor.user))
		return answer_done(h, row.ended, f);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (!lines_of(h->store, &what, lines, &n, &there, f) ||
	    !end_proposal(h, &row, &what, lines, n, d, true, &e, f))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!destroy(&(struct erasing){h->store, h->desk->attachments, &lines[i],
					       &row.controller, &h->gone},
			     f))
			return false;
	if (!answer_done(h, e.number, f))
		return false;
	h->erases = true;
	return vault_journal_add(store_vault(h->store), lines, n, f);
}

bool handle_drop_erasure(struct handling *h, struct lahetti_fault *f)
{
	struct vault_erasure what;
	struct facts_erasure facts;
	struct erasures_row row;
	struct trail_entry e;
	struct decision d;

	if (lahetti_id_empty(&h->actor.unit))
		return refuse(h, "no-membership", NULL, f);
	if (!find_proposal(h, h->frame->drop_erasure->erasure, &row, &what, &facts, f))
		return false;
	d = policy_erasure_drop(&facts);
	if (row.ended != 0 && !row.done && lahetti_id_equal(&row.ended_by, &h->actor.user))
		return answer_done(h, row.ended, f);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	return end_proposal(h, &row, &what, &what, 1, d, false, &e, f) &&
	       answer_done(h, e.number, f);
}

/* The list of those that wait
 * ----------------------------------------------------------------------------------------
 */

/* Why, in words: from the sealed part of the proposal's event. *sentence stays NULL where that is
 * erased. */
static bool read_sentence(struct handling *h, uint64_t event, char **sentence,
			  struct lahetti_fault *f)
{
	const Lahetti__V1__StoredPart *stored = NULL;
	const Lahetti__V1__SubjectPart *part = NULL;
	struct lahetti_fault fault = {0};
	struct ledger_part place;
	struct lahetti_buffer b;
	bool found, ok;

	lahetti_buffer_init(&b, 1 << 20);
	ok = ledger_subject_open(h->store, event, 0, &place, &b, &found, &fault);
	if (ok && found) {
		struct lahetti_span copy =
			lahetti_span(lahetti_arena_copy(&h->arena, b.data, b.len), b.len);

		ok = copy.data != NULL || lahetti_fault_no_memory(&fault);
		if (ok)
			stored = lahetti_message_read(&lahetti__v1__stored_part__descriptor, copy,
						      LAHETTI_MESSAGE_FRAME, &h->arena, &fault);
		if (stored != NULL)
			part = lahetti_message_read(&lahetti__v1__subject_part__descriptor,
						    lahetti_bytes_span(stored->part->part),
						    LAHETTI_MESSAGE_FRAME, &h->arena, &fault);
		ok = part != NULL;
	}
	lahetti_buffer_finish(&b);
	if (part != NULL)
		*sentence = part->written_reason;
	if (!ok && strcmp(fault.code, "key-destroyed") != 0) {
		*f = fault;
		return false;
	}
	return true;
}

static bool show(struct handling *h, const struct erasures_row *row,
		 const struct facts_erasure *facts, Lahetti__V1__Erasure *out,
		 struct lahetti_fault *f)
{
	char name[256];

	lahetti__v1__erasure__init(out);
	out->erasure = id_bytes(h, &row->id);
	out->client = id_bytes(h, &row->client);
	out->scope = (Lahetti__V1__ErasureScope)row->scope;
	out->statement = id_bytes(h, &row->statement);
	out->reason = (Lahetti__V1__ErasureReason)row->reason;
	out->proposer = id_bytes(h, &row->proposer);
	out->proposed_us = row->proposed_us;
	out->until_us = row->until_us;
	out->may_confirm = policy_erasure_confirm(facts).allowed;
	if (!directory_name(h->store, DIRECTORY_USER, &row->proposer, row->proposed_us, name, f))
		return false;
	out->reference = lahetti_arena_text(&h->arena, lahetti_span_text(row->reference));
	out->proposer_name = lahetti_arena_text(&h->arena, lahetti_span_text(name));
	if (out->reference == NULL || out->proposer_name == NULL)
		return lahetti_fault_no_memory(f);
	return read_sentence(h, row->proposed, &out->sentence, f);
}

/* The page shows clients: it is an event, of the controller whose they are. */
static bool record_list(struct handling *h, const struct lahetti_id *controller, struct decision d,
			const struct lahetti_id *clients, size_t n, struct lahetti_fault *f)
{
	struct trail_subject subjects[PAGE_MOST];
	struct trail_entry e;
	size_t kept = 0;

	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_LIST,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.controller = id_bytes(h, controller);
	e.event.basis = d.basis;
	e.event.count = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		bool seen = false;

		for (size_t k = 0; k < kept; k++)
			seen = seen || lahetti_id_equal(&subjects[k].client, &clients[i]);
		if (!seen)
			trail_subject_init(&subjects[kept++], controller, &clients[i]);
	}
	if (kept == 0)
		subjects[kept++] = subject_nobody(controller);
	e.subjects = subjects;
	e.n_subjects = kept;
	return trail_append(h->trail, &e, f);
}

bool handle_read_erasures(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__ReadErasures *asked = h->frame->read_erasures;
	size_t most = asked->limit == 0 || asked->limit > PAGE_MOST ? PAGE_MOST : asked->limit, n;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__ErasurePage page = LAHETTI__V1__ERASURE_PAGE__INIT;
	struct facts_erasure facts = {.actor = h->actor};
	struct erasures_row *rows = lahetti_arena_take(&h->arena, PAGE_MOST * sizeof *rows);
	struct lahetti_id clients[PAGE_MOST], after;
	struct vault_erasure what;
	struct decision d;

	if (lahetti_id_empty(&h->actor.unit))
		return refuse(h, "no-membership", NULL, f);
	page.erasures = lahetti_arena_take(&h->arena, PAGE_MOST * sizeof *page.erasures);
	if (rows == NULL || page.erasures == NULL)
		return lahetti_fault_no_memory(f);
	if (!facts_id(asked->organisation, &facts.controller, f) ||
	    !facts_id(asked->cursor, &after, f))
		return false;
	if (lahetti_id_empty(&facts.controller))
		facts.controller = h->actor.organisation;
	if (!is_named(h, &facts.controller, &facts.named, f))
		return false;
	d = policy_erasure_list(&facts);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	const struct lahetti_id controller = facts.controller;

	if (!erasures_waiting(h->store, &controller, &after, h->now_us, rows, most, &n, f))
		return false;
	for (size_t i = 0; i < n; i++) {
		Lahetti__V1__Erasure *shown = lahetti_arena_take(&h->arena, sizeof *shown);

		if (shown == NULL)
			return lahetti_fault_no_memory(f);
		if (!gather_proposal(h, &rows[i], true, &what, &facts, f))
			return false;
		if (!policy_erasure_shown(&facts))
			continue;
		if (!show(h, &rows[i], &facts, shown, f))
			return false;
		clients[page.n_erasures] = rows[i].client;
		page.erasures[page.n_erasures++] = shown;
	}
	if (n == most)
		page.cursor = id_bytes(h, &rows[n - 1].id);
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_ERASURES;
	frame.erasures = &page;
	return record_list(h, &controller, d, clients, page.n_erasures, f) &&
	       answer_session(h, &frame, 0, f);
}
