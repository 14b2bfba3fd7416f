/*
 * Opening: the content of a delivery leaves the server only in answer to the signed statement that
 * opens it, decided and recorded first. And, before anything is sent: who would see it.
 */

#include "clients.h"
#include "gather.h"
#include "lahetti/message.h"
#include "ledger.h"
#include "proof.h"

#include <string.h>

#define RECORDS_MOST 16

struct opening {
	struct lahetti_envelope envelope;
	struct lahetti_digest sha256;
	struct lahetti_statement statement;
	struct lahetti_id id;
	struct delivered delivered;
	struct facts_open facts;
	/* Where the content belongs in the reader's register. */
	struct statements_copy copy;
	bool new_copy, new_client;
	const Lahetti__V1__Record *records[RECORDS_MOST];
	size_t n_records;
};

static bool add(struct opening *o, const Lahetti__V1__Record *record, struct lahetti_fault *f)
{
	if (record == NULL || o->n_records == RECORDS_MOST)
		return lahetti_fault_no_memory(f);
	o->records[o->n_records++] = record;
	return true;
}

static bool gather_opening(struct handling *h, struct opening *o, struct lahetti_fault *f)
{
	const Lahetti__V1__Reference *r = o->statement.header->in_reply_to;
	struct lahetti_span delivery = lahetti_body_delivery(o->statement.kind, o->statement.body);
	struct lahetti_id id;

	if (!lahetti_id_read(&id, delivery, f) || !gather_known_delivery(h, &id, &o->delivered, f))
		return false;
	o->facts = (struct facts_open){
		.actor = h->actor,
		.now_us = h->now_us,
		.today = lahetti_date_of(h->now_us),
		.statement = &o->statement,
		.audience_is_ours =
			strcmp(o->statement.header->audience, h->desk->server_name) == 0,
		.author_is_actor = facts_author_is_actor(h, o->statement.header),
		.delivery = o->delivered.facts,
		.consents = o->delivered.consents,
		.n_consents = o->delivered.n_consents,
		.statement_names_delivery =
			r != NULL && o->delivered.facts.found &&
			lahetti_span_equal(lahetti_bytes_span(r->id),
					   lahetti_id_span(&o->delivered.row.statement)) &&
			lahetti_span_equal(lahetti_bytes_span(r->sha256),
					   lahetti_digest_span(&o->delivered.stored.row.sha256)),
	};
	return true;
}

/* The reader's register
 * -----------------------------------------------------------------------------------------------
 */

/* Always a new identifier, so that the answer tells nobody that the controller knows the client. */
static bool add_client(struct handling *h, struct opening *o,
		       const Lahetti__V1__ClientIdentity *identity, struct lahetti_fault *f)
{
	const Lahetti__V1__Record *records[CLIENT_RECORDS];
	size_t n;

	if (!lahetti_id_new(&o->copy.client, h->now_us, f) ||
	    !records_of_client(h, &o->copy.client, identity, records, &n, f))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!add(o, records[i], f))
			return false;
	return true;
}

/* That this controller has its copy now, with that client and in that case. */
static bool add_taken(struct handling *h, struct opening *o, struct lahetti_fault *f)
{
	Lahetti__V1__Record *r = lahetti_arena_take(&h->arena, sizeof *r);
	Lahetti__V1__CopyTaken *t = lahetti_arena_take(&h->arena, sizeof *t);

	if (r == NULL || t == NULL)
		return lahetti_fault_no_memory(f);
	lahetti__v1__record__init(r);
	lahetti__v1__copy_taken__init(t);
	t->statement = id_bytes(h, &o->delivered.row.statement);
	t->controller = id_bytes(h, &h->actor.organisation);
	t->client = id_bytes(h, &o->copy.client);
	t->case_id = id_bytes(h, &o->copy.case_id);
	r->record_case = LAHETTI__V1__RECORD__RECORD_COPY_TAKEN;
	r->copy_taken = t;
	return add(o, r, f);
}

/* The case in which the reader's controller keeps what it opened, and that this is its copy. */
static bool add_copy(struct handling *h, struct opening *o, struct lahetti_fault *f)
{
	return lahetti_id_new(&o->copy.case_id, h->now_us, f) &&
	       add(o, record_case(h, &o->copy.case_id, &o->copy.client), f) &&
	       add(o, record_shared(h, &o->copy.case_id, &h->actor.unit, false), f) &&
	       add_taken(h, o, f);
}

/*
 * What answers one's own statement comes back into the case that one has: the sender's client and
 * case are its own already.
 */
static bool own_case(struct handling *h, struct opening *o, bool *own, struct lahetti_fault *f)
{
	struct stored answered = {0};
	struct lahetti_id id = o->delivered.stored.row.in_reply_to;
	bool holds;

	*own = false;
	/* An answer to a question about one's own referral: two steps back. */
	for (int i = 0; i < 2 && !lahetti_id_empty(&id) && !*own; i++) {
		if (!gather_statement(h, &id, &answered, f) ||
		    !gather_holds(h, &id, &h->actor.organisation, &holds, f))
			return false;
		*own = answered.readable && holds &&
		       lahetti_id_equal(&answered.row.organisation, &h->actor.organisation);
		if (*own)
			o->copy = (struct statements_copy){.client = answered.row.client,
							   .case_id = answered.row.case_id};
		id = answered.row.in_reply_to;
	}
	return true;
}

/* Another unit of a controller that has its copy already has the case from its own first opening
 * on. */
static bool share_case(struct handling *h, struct opening *o, struct lahetti_fault *f)
{
	bool has;

	if (lahetti_id_empty(&o->copy.case_id))
		return true;
	return clients_unit_shares_case(h->store, &h->actor.unit, &o->copy.case_id, &has, f) &&
	       (has || add(o, record_shared(h, &o->copy.case_id, &h->actor.unit, false), f));
}

/* The reader's client and case: the author's own within the controller, else made at the first
 * opening. */
static bool place_copy(struct handling *h, struct opening *o,
		       const Lahetti__V1__ClientIdentity *identity, struct lahetti_fault *f)
{
	bool own;

	if (!gather_copy(h, &o->delivered.stored, &h->actor.organisation, &o->copy, f))
		return false;
	if (!lahetti_id_empty(&o->copy.client))
		return share_case(h, o, f);
	o->new_copy = true;
	if (!own_case(h, o, &own, f))
		return false;
	if (own)
		return add_taken(h, o, f);
	o->new_client = true;
	return add_client(h, o, identity, f) && add_copy(h, o, f);
}

/* As the author's controller has it; where that has erased it, as the reader's own has. */
static const Lahetti__V1__ClientIdentity *identity_of(struct handling *h, const struct stored *s,
						      const struct lahetti_id *own,
						      struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__ClientIdentity *identity =
		clients_identity(h->store, &s->row.client, &h->arena, &fault);

	if (identity == NULL && fault.kind == LAHETTI_FAULT_NONE && !lahetti_id_empty(own))
		identity = clients_identity(h->store, own, &h->arena, &fault);
	if (fault.kind != LAHETTI_FAULT_NONE)
		*f = fault;
	return identity;
}

/* Of the client's identity, what the disclosed categories cover. */
static const Lahetti__V1__ClientIdentity *
disclosed_identity(struct handling *h, const struct opening *o, struct lahetti_fault *f)
{
	const struct stored *stored = &o->delivered.stored;
	struct statements_copy copy;

	if (!LAHETTI_IN(o->delivered.facts.categories, LAHETTI__V1__CATEGORY__CATEGORY_CONTACT) &&
	    !lahetti_id_equal(&stored->row.organisation, &h->actor.organisation))
		return NULL;
	if (!gather_copy(h, stored, &h->actor.organisation, &copy, f))
		return NULL;
	return identity_of(h, stored, &copy.client, f);
}

/* Recording
 * ------------------------------------------------------------------------------------------------------------
 */

/* The first opening moves the delivery; a later one is recorded as an event and changes nothing. */
static bool add_step(struct handling *h, struct opening *o, struct lahetti_fault *f)
{
	const struct lahetti_step_row *row =
		lahetti_step_find(LAHETTI__V1__STEP__STEP_OPEN, (int)o->delivered.row.state);

	if (row == NULL)
		return true;
	return add(o,
		   record_moved(h, &o->delivered.row.id, LAHETTI__V1__STEP__STEP_OPEN, row->to,
				LAHETTI__V1__REASON__REASON_UNSPECIFIED, &o->id, NULL),
		   f);
}

/* The subject's part: what was opened, and by which signed statement. */
static void subject_of(struct handling *h, const struct opening *o,
		       const struct lahetti_id *controller, const struct lahetti_id *client,
		       const struct lahetti_id *case_id, struct trail_subject *s)
{
	trail_subject_init(s, controller, client);
	s->part.case_id = id_bytes(h, case_id);
	s->part.statement = id_bytes(h, &o->delivered.row.statement);
	s->part.statement_sha256 = digest_bytes(h, &o->delivered.stored.row.sha256);
	s->part.delivery = id_bytes(h, &o->delivered.row.id);
	s->part.by = o->statement.header->id;
	s->part.by_sha256 = lahetti_bytes(lahetti_digest_span(&o->sha256));
	if (o->delivered.n_consents > 0)
		s->part.consent = id_bytes(h, &o->delivered.consents[0].id);
}

/* Whether the author's controller is another that has the client still. */
static bool other_register(struct handling *h, const struct stored *stored, bool *other,
			   struct lahetti_fault *f)
{
	struct clients_row row;
	bool found;

	*other = !lahetti_id_equal(&stored->row.organisation, &h->actor.organisation);
	if (!*other)
		return true;
	if (!clients_find(h->store, &stored->row.client, &row, &found, f))
		return false;
	*other = found && !row.identity_erased;
	return true;
}

/* The event of an opening: a part for the reader's client, and for the author's where that is
 * another's. */
static bool append_opening(struct handling *h, struct opening *o, struct decision d,
			   struct trail_entry *e, struct lahetti_fault *f)
{
	const struct stored *stored = &o->delivered.stored;
	struct trail_subject subjects[2];
	bool other;

	if (!other_register(h, stored, &other, f))
		return false;
	e->event.controller = id_bytes(h, &stored->row.organisation);
	e->event.basis = d.basis;
	e->event.kind = stored->row.kind;
	e->event.categories = stored->statement.header->categories;
	e->event.n_categories = stored->statement.header->n_categories;
	subject_of(h, o, &h->actor.organisation, &o->copy.client, &o->copy.case_id, &subjects[0]);
	subject_of(h, o, &stored->row.organisation, &stored->row.client, &stored->row.case_id,
		   &subjects[1]);
	e->subjects = subjects;
	e->n_subjects = other ? 2 : 1;
	if (!trail_append(h->trail, e, f))
		return false;
	h->event = e->number;
	return true;
}

static bool record_opening(struct handling *h, struct opening *o, struct decision d,
			   const Lahetti__V1__ClientIdentity *identity, struct lahetti_fault *f)
{
	const struct stored *stored = &o->delivered.stored;
	struct trail_entry e;
	struct statements_content content = {
		.statement = o->id,
		.controller = h->actor.organisation,
		.client = o->copy.client,
		.nameless = true, /* an acknowledgement names no client */
		.author = h->actor.user,
		.kind = o->statement.header->kind,
	};

	if (!add(o, record_accepted(h, o->statement.header, &o->sha256), f) || !add_step(h, o, f))
		return false;
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_OPEN,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.step = LAHETTI__V1__STEP__STEP_OPEN;
	e.records = o->records;
	e.n_records = o->n_records;
	if (!append_opening(h, o, d, &e, f))
		return false;
	content.envelope = lahetti_message_pack(&h->frame->open->envelope->base, &h->arena);
	return content.envelope.data != NULL &&
	       (!o->new_client || identity == NULL ||
		clients_identity_put(h->store, &o->copy.client, h->event, identity, f)) &&
	       (!o->new_copy ||
		statements_key_share(h->store, &stored->row.id, &stored->row.organisation,
				     &h->actor.organisation, &o->copy.client, f)) &&
	       statements_content_add(h->store, &content, f);
}

/* What a reader fetches after the commit: items are the delivery with the reader's client, and the
 * statement with the case. */
static bool send_content(struct handling *h, const struct delivered *d,
			 const struct statements_copy *copy, bool with_identity,
			 struct lahetti_fault *f)
{
	struct fetch *fetch = fetch_new(h, 2);

	if (fetch == NULL)
		return lahetti_fault_no_memory(f);
	fetch->event = h->event;
	fetch->flags = with_identity;
	fetch->items[0].id = d->row.id;
	fetch->items[0].id2 = copy->client;
	fetch->items[1].id = d->row.statement;
	fetch->items[1].id2 = copy->case_id;
	return fetch_send(h, fetch, f);
}

/* The same opening asked for again, because its answer was not heard: what it opened is shown
 * again, and recorded as one more. */
static bool opened_before(struct handling *h, struct opening *o, bool *seen,
			  struct lahetti_fault *f)
{
	struct statements_row row;

	if (!statements_find(h->store, &o->id, &row, seen, f))
		return false;
	return !*seen || lahetti_digest_equal(&row.sha256, &o->sha256) ||
	       refuse(h, "identifier-used", NULL, f);
}

static bool record_again(struct handling *h, struct opening *o, struct decision d,
			 struct lahetti_fault *f)
{
	struct trail_entry e;

	if (!gather_copy(h, &o->delivered.stored, &h->actor.organisation, &o->copy, f))
		return false;
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_OPEN,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.reason = (char *)(uintptr_t) "repeated";
	return append_opening(h, o, d, &e, f);
}

bool handle_open(struct handling *h, struct lahetti_fault *f)
{
	struct opening *o = lahetti_arena_take(&h->arena, sizeof *o);
	const Lahetti__V1__ClientIdentity *identity;
	struct lahetti_fault fault = {0};
	struct trail_subject subject;
	struct decision d;
	bool seen;

	if (o == NULL)
		return lahetti_fault_no_memory(f);
	memset(o, 0, sizeof *o);
	if (!lahetti_envelope_of(&o->envelope, h->frame->open->envelope, f) ||
	    !lahetti_sha256(&o->sha256, &o->envelope.payload, 1, f) ||
	    !lahetti_statement_read(&o->statement, o->envelope.payload, &h->arena, f) ||
	    !lahetti_id_read(&o->id, lahetti_bytes_span(o->statement.header->id), f))
		return false;
	if (o->statement.kind->number != LAHETTI_KIND_ACKNOWLEDGEMENT ||
	    lahetti_body_step(o->statement.kind, o->statement.body) != LAHETTI__V1__STEP__STEP_OPEN)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, "not-an-opening",
				    0, f);
	if (!opened_before(h, o, &seen, f))
		return false;
	if (h->answered)
		return true;
	if (!gather_opening(h, o, f))
		return false;
	d = policy_open(&o->facts);
	if (!d.allowed && !policy_addressed(&h->actor, &o->delivered.facts))
		return refuse(h, d.code, NULL, f);
	if (!d.allowed) {
		trail_subject_init(&subject, &o->delivered.stored.row.organisation,
				   &o->delivered.stored.row.client);
		subject.part.delivery = id_bytes(h, &o->delivered.row.id);
		subject.part.statement = id_bytes(h, &o->delivered.row.statement);
		/* The signature is kept as a request; it never counts as an opening. */
		subject.part.by = o->statement.header->id;
		subject.part.by_sha256 = lahetti_bytes(lahetti_digest_span(&o->sha256));
		return refuse(h, d.code, o->delivered.stored.readable ? &subject : NULL, f);
	}
	identity = disclosed_identity(h, o, &fault);
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	if (seen)
		return record_again(h, o, d, f) &&
		       send_content(h, &o->delivered, &o->copy, identity != NULL, f);
	return place_copy(h, o, identity, f) && record_opening(h, o, d, identity, f) &&
	       send_content(h, &o->delivered, &o->copy, identity != NULL, f) &&
	       gather_tell(h, &o->delivered.row.id, f);
}

/* On a reader, after the commit
 * ---------------------------------------------------------------------------------------- */

bool fetch_content(struct handling *h, struct lahetti_fault *f)
{
	const struct fetch *fetch = (const struct fetch *)(const void *)h->job->frame;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Content content = LAHETTI__V1__CONTENT__INIT;
	struct delivered *d = lahetti_arena_take(&h->arena, sizeof *d);
	struct lahetti_fault fault = {0};
	Lahetti__V1__Receipt receipt;
	Lahetti__V1__Step steps[32];
	bool erased;

	if (d == NULL)
		return lahetti_fault_no_memory(f);
	if (!gather_delivery(h, &fetch->items[0].id, d, f))
		return false;
	/* Between the commit that permitted it and now. */
	if (d->facts.erased)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, "erased", 0, f);
	if (!gather_author(h, &d->stored, &content, f) ||
	    !proof_receipt(h->store, fetch->event, 0, &receipt, &erased, &h->arena, f))
		return false;
	content.delivery = id_bytes(h, &d->row.id);
	content.envelope =
		lahetti_message_read(&lahetti__v1__envelope__descriptor, d->stored.envelope,
				     LAHETTI_MESSAGE_FRAME, &h->arena, f);
	if (content.envelope == NULL)
		return false;
	content.receipt = &receipt;
	content.state = (Lahetti__V1__State)d->row.state;
	content.steps = steps;
	content.n_steps = policy_steps(&h->actor, &d->facts, steps, 32);
	content.client = id_bytes(h, &fetch->items[0].id2);
	content.case_id = id_bytes(h, &fetch->items[1].id2);
	if (fetch->flags != 0)
		content.identity = (Lahetti__V1__ClientIdentity *)(uintptr_t)identity_of(
			h, &d->stored, &fetch->items[0].id2, &fault);
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_CONTENT;
	frame.content = &content;
	return answer_session(h, &frame, 0, f);
}

/* Who would see this
 * ----------------------------------------------------------------------------------------------------
 */

#define MEMBERS_MOST 256

/* One who would see it, or why nobody would. NULL when memory is spent. */
static Lahetti__V1__Viewer *add_viewer(struct handling *h, uint32_t which, struct decision d,
				       Lahetti__V1__Viewers *out)
{
	Lahetti__V1__Viewer *v = lahetti_arena_take(&h->arena, sizeof *v);

	if (v == NULL)
		return NULL;
	lahetti__v1__viewer__init(v);
	v->recipient = which;
	v->basis = d.allowed ? d.basis : LAHETTI__V1__BASIS_KIND__BASIS_KIND_UNSPECIFIED;
	v->code = (char *)(uintptr_t)d.code;
	out->viewers[out->n_viewers++] = v;
	return v;
}

/* The basis that the author would state. */
static const Lahetti__V1__Basis *stated(const Lahetti__V1__WhoWouldSee *asked)
{
	static const Lahetti__V1__Basis consent = {
		PROTOBUF_C_MESSAGE_INIT(&lahetti__v1__basis__descriptor),
		.kind = LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT,
	};

	return asked->basis != NULL ? asked->basis : &consent;
}

/* Everyone whom one resolved recipient stands for, and on what basis, or why not. */
static bool add_viewers(struct handling *h, const Lahetti__V1__WhoWouldSee *asked,
			const Lahetti__V1__Recipient *recipient, uint32_t which,
			const struct facts_consent *consents, size_t n_consents,
			Lahetti__V1__Viewers *out, struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *found[MEMBERS_MOST];
	Lahetti__V1__Recipient to = *recipient;
	struct lahetti_id unit, user;
	lahetti_set categories = 0;
	struct decision d;
	char name[256];
	size_t n;

	if (!facts_id(to.unit, &unit, f))
		return false;
	for (size_t i = 0; i < asked->n_categories; i++)
		categories |= (lahetti_set)1 << ((unsigned)asked->categories[i] % 64);
	if (!directory_members(h->store, DIRECTORY_BY_UNIT, &unit, found, MEMBERS_MOST, &n,
			       &h->arena, f))
		return false;
	for (size_t i = 0; i < n && out->n_viewers < MEMBERS_MOST; i++) {
		const Lahetti__V1__Membership *m = found[i]->membership;
		const struct lahetti_role_row *role = lahetti_role_find((int)m->role);
		Lahetti__V1__Viewer *v;

		if (role == NULL || !role->sees_clients ||
		    (to.kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER &&
		     !lahetti_span_equal(lahetti_bytes_span(m->user),
					 lahetti_bytes_span(to.user))) ||
		    (to.kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_ROLE &&
		     m->role != to.role))
			continue;
		if (!facts_id(m->user, &user, f) ||
		    !directory_name(h->store, DIRECTORY_USER, &user, 0, name, f))
			return false;
		/* A consent may speak of the role that a person has. */
		if (to.kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER)
			to.role = m->role;
		d = policy_disclose(&h->actor.organisation, &to, categories,
				    lahetti_date_of(h->now_us), consents, n_consents,
				    stated(asked));
		v = add_viewer(h, which, d, out);
		if (v == NULL)
			return lahetti_fault_no_memory(f);
		v->user = m->user;
		v->unit = m->unit;
		v->role = m->role;
		v->user_name = lahetti_arena_text(&h->arena, lahetti_span_text(name));
		if (v->user_name == NULL)
			return lahetti_fault_no_memory(f);
	}
	return true;
}

/* A team or a case manager that stands for nobody: why not. */
static bool add_nobody(struct handling *h, const Lahetti__V1__Recipient *asked, uint32_t which,
		       Lahetti__V1__Viewers *out, struct lahetti_fault *f)
{
	struct decision d = policy_disclose(&h->actor.organisation, asked, 0, 0, NULL, 0, NULL);

	return out->n_viewers == MEMBERS_MOST || add_viewer(h, which, d, out) != NULL ||
	       lahetti_fault_no_memory(f);
}

static bool view_all(struct handling *h, const Lahetti__V1__WhoWouldSee *asked,
		     const struct resolved *to, const struct facts_consent *consents,
		     size_t n_consents, Lahetti__V1__Viewers *out, struct lahetti_fault *f)
{
	for (size_t i = 0; i < to->n; i++) {
		const Lahetti__V1__Recipient *one = to->recipients[i].asked;

		if (!(gather_is_team(one) ? add_nobody(h, one, to->which[i], out, f)
					  : add_viewers(h, asked, one, to->which[i], consents,
							n_consents, out, f)))
			return false;
	}
	return true;
}

bool handle_who_would_see(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__WhoWouldSee *asked = h->frame->who_would_see;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Viewers viewers = LAHETTI__V1__VIEWERS__INIT;
	struct decision d = policy_clients(&h->actor);
	struct lahetti_id ids[CONSENTS_MOST], client, case_id, owner;
	struct facts_consent *consents;
	struct resolved to;
	struct stored stored;
	size_t n = 0, n_consents;
	bool has, erased = false, team = false;

	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (asked->n_recipients > h->desk->options->limits.recipients)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED,
				    "too-many-recipients", 0, f);
	if (!lahetti_id_read(&client, lahetti_bytes_span(asked->client), f) ||
	    !lahetti_id_read(&case_id, lahetti_bytes_span(asked->case_id), f))
		return false;
	if (lahetti_kind_find(asked->kind) == NULL)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, "newer-statement",
				    0, f);
	if (asked->basis != NULL && !lahetti_basis_check(asked->basis, f))
		return false;
	if (!gather_case(h, &case_id, &owner, &has, f))
		return false;
	has = has && lahetti_id_equal(&owner, &client);
	if (has && !gather_erased(h, &client, &erased, f))
		return false;
	d = policy_read_case(&h->actor, has, erased);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	/* A consent of another client is none; what is asked tells nothing about others' clients.
	 */
	for (size_t i = 0; i < asked->n_consents && n < CONSENTS_MOST; i++) {
		if (!lahetti_id_read(&ids[n], lahetti_bytes_span(asked->consents[i]->id), f) ||
		    !gather_known(h, &ids[n], &stored, f))
			return false;
		n += stored.readable && lahetti_id_equal(&stored.row.client, &client) &&
		     lahetti_id_equal(&stored.row.organisation, &h->actor.organisation);
	}
	viewers.viewers = lahetti_arena_take(&h->arena, MEMBERS_MOST * sizeof *viewers.viewers);
	if (viewers.viewers == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < asked->n_recipients && !team; i++)
		team = gather_is_team(asked->recipients[i]);
	/* Who is in the client's team is shown, which is to be seen in the client's report. */
	if (team && !record_list(h, &client, &case_id, 1, f))
		return false;
	if (!gather_consents(h, ids, n, &consents, &n_consents, f) ||
	    !gather_recipients(h, &case_id, asked->recipients, asked->n_recipients, &to, f))
		return false;
	if (to.n > h->desk->options->limits.recipients)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED,
				    "too-many-recipients", 0, f);
	if (!view_all(h, asked, &to, consents, n_consents, &viewers, f))
		return false;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_VIEWERS;
	frame.viewers = &viewers;
	return answer_session(h, &frame, 0, f);
}
