#include "gather.h"

#include "care_team.h"
#include "clients.h"
#include "lahetti/message.h"

#define MEMBERS_MOST 256

static bool spent(struct lahetti_fault *f)
{
	return lahetti_fault_no_memory(f);
}

/* Statements
 * --------------------------------------------------------------------------------------------------------
 */

/* The content of a statement whose row has been looked for. */
static bool read_stored(struct handling *h, struct stored *out, struct lahetti_fault *f)
{
	struct lahetti_envelope envelope;
	struct lahetti_buffer b;
	bool ok;

	if (!out->found || out->row.erased)
		return true;
	lahetti_buffer_init(&b, DESK_ARENA);
	ok = statements_read(h->store, &out->row.id, NULL, &b, f);
	if (ok) {
		out->envelope = lahetti_span(lahetti_arena_copy(&h->arena, b.data, b.len), b.len);
		ok = out->envelope.data != NULL || spent(f);
	}
	lahetti_buffer_finish(&b);
	out->readable = ok && lahetti_envelope_read(&envelope, out->envelope, &h->arena, f) &&
			lahetti_statement_read(&out->statement, envelope.payload, &h->arena, f);
	return out->readable;
}

bool gather_statement(struct handling *h, const struct lahetti_id *id, struct stored *out,
		      struct lahetti_fault *f)
{
	*out = (struct stored){0};
	return statements_find(h->store, id, &out->row, &out->found, f) && read_stored(h, out, f);
}

bool gather_known(struct handling *h, const struct lahetti_id *id, struct stored *out,
		  struct lahetti_fault *f)
{
	*out = (struct stored){0};
	if (lahetti_id_empty(&h->actor.unit))
		return true; /* who acts in no unit knows of none */
	return statements_find_known(h->store, id, &h->actor.unit, &out->row, &out->found, f) &&
	       read_stored(h, out, f);
}

bool gather_readable(struct handling *h, const struct lahetti_id *id, struct stored *out,
		     struct lahetti_fault *f)
{
	*out = (struct stored){0};
	if (lahetti_id_empty(&h->actor.unit))
		return true;
	return statements_find_readable(h->store, id, &h->actor.unit, &h->actor.organisation,
					&out->row, &out->found, f) &&
	       read_stored(h, out, f);
}

bool gather_author(struct handling *h, const struct stored *stored, Lahetti__V1__Content *content,
		   struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__DirectoryEntry *device = directory_find(
		h->store, DIRECTORY_DEVICE, lahetti_bytes_span(stored->statement.header->device),
		stored->row.accepted_us, &h->arena, &fault);
	char name[256];

	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	if (device != NULL)
		content->spki = device->device->spki;
	if (!directory_name(h->store, DIRECTORY_USER, &stored->row.author, stored->row.accepted_us,
			    name, f))
		return false;
	content->author_name = lahetti_arena_text(&h->arena, lahetti_span_text(name));
	return content->author_name != NULL || lahetti_fault_no_memory(f);
}

static bool consent_parts(struct handling *h, const struct lahetti_id *ids, size_t n,
			  struct facts_consent *c, struct lahetti_fault *f)
{
	const Lahetti__V1__Withdrawal **parts = lahetti_arena_take(&h->arena, n * sizeof *parts);
	struct stored stored;

	if (parts == NULL)
		return spent(f);
	for (size_t i = 0; i < n; i++) {
		if (!gather_statement(h, &ids[i], &stored, f))
			return false;
		/* A part whose withdrawal can't be read any more counts as the whole. */
		if (!stored.readable || stored.row.kind != LAHETTI_KIND_WITHDRAWAL)
			c->withdrawn = true;
		else
			parts[c->n_parts++] = stored.statement.body;
	}
	c->parts = parts;
	return true;
}

bool gather_consents(struct handling *h, const struct lahetti_id *ids, size_t n_ids,
		     struct facts_consent **consents, size_t *n, struct lahetti_fault *f)
{
	struct lahetti_id parts[PARTS_MOST];
	struct stored stored;
	bool found, ended;
	size_t n_parts;

	*n = 0;
	*consents = lahetti_arena_take(&h->arena, n_ids * sizeof **consents);
	if (*consents == NULL)
		return spent(f);
	for (size_t i = 0; i < n_ids; i++) {
		struct facts_consent *c = &(*consents)[*n];

		if (!gather_statement(h, &ids[i], &stored, f) ||
		    !statements_consent(h->store, &ids[i], &found, &ended, parts, PARTS_MOST,
					&n_parts, f))
			return false;
		if (!found || !stored.readable)
			continue;
		*c = (struct facts_consent){.id = ids[i], .terms = stored.statement.body};
		/* More partial withdrawals than are looked at: none of it is relied on. */
		c->withdrawn = ended || n_parts == PARTS_MOST;
		if (!consent_parts(h, parts, n_parts, c, f))
			return false;
		(*n)++;
	}
	return true;
}

/* Recipients
 * --------------------------------------------------------------------------------------------------------
 */

static bool sees_clients(int role)
{
	const struct lahetti_role_row *row = lahetti_role_find(role);

	return row != NULL && row->sees_clients;
}

/* Counts those of the unit who would see it. */
static bool count_people(struct handling *h, const struct lahetti_id *unit,
			 struct facts_recipient *out, struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *found[MEMBERS_MOST];
	const Lahetti__V1__Recipient *asked = out->asked;
	size_t n;

	if (!directory_members(h->store, DIRECTORY_BY_UNIT, unit, found, MEMBERS_MOST, &n,
			       &h->arena, f))
		return false;
	for (size_t i = 0; i < n; i++) {
		const Lahetti__V1__Membership *m = found[i]->membership;
		bool this_user = lahetti_span_equal(lahetti_bytes_span(m->user),
						    lahetti_bytes_span(asked->user));

		if (!sees_clients((int)m->role) ||
		    (asked->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER &&
		     !this_user) ||
		    (asked->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_ROLE &&
		     m->role != asked->role))
			continue;
		/* A person's role where it is one only. */
		if (asked->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER)
			out->role =
				out->people == 0 ? m->role : LAHETTI__V1__ROLE__ROLE_UNSPECIFIED;
		out->people++;
	}
	return true;
}

bool gather_recipient(struct handling *h, const Lahetti__V1__Recipient *asked,
		      struct facts_recipient *out, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__DirectoryEntry *unit;
	struct lahetti_id id;

	*out = (struct facts_recipient){.asked = asked};
	if (asked->unit.len == 0)
		return true;
	if (!facts_id(asked->unit, &id, f))
		return false;
	unit = directory_find(h->store, DIRECTORY_UNIT, lahetti_id_span(&id), 0, &h->arena, &fault);
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	if (unit == NULL || !lahetti_span_equal(lahetti_bytes_span(unit->unit->organisation),
						lahetti_bytes_span(asked->organisation)))
		return true;
	out->takes_clients = unit->unit->takes_clients;
	if (!count_people(h, &id, out, f))
		return false;
	out->exists =
		asked->kind != LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER || out->people > 0;
	return true;
}

static bool is_person(const Lahetti__V1__Recipient *r, const struct lahetti_id *user)
{
	return r->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER &&
	       lahetti_span_equal(lahetti_bytes_span(r->user), lahetti_id_span(user));
}

/* What of recipients is being resolved. */
struct resolving {
	Lahetti__V1__Recipient *const *asked;
	size_t n_asked;
	uint32_t at;
	struct resolved *out;
};

static bool has_person(const struct resolving *r, const struct lahetti_id *user)
{
	for (size_t i = 0; i < r->n_asked; i++)
		if (is_person(r->asked[i], user))
			return true;
	for (size_t i = 0; i < r->out->n; i++)
		if (is_person(r->out->recipients[i].asked, user))
			return true;
	return false;
}

/* A member of the team as the person that they are. Who does not work there any more is nobody. */
static bool add_member(struct handling *h, struct resolving *r, const struct care_team_member *m,
		       bool *somebody, struct lahetti_fault *f)
{
	Lahetti__V1__Recipient *to = lahetti_arena_take(&h->arena, sizeof *to);
	struct facts_recipient person;
	size_t mark;

	if (to == NULL)
		return spent(f);
	lahetti__v1__recipient__init(to);
	to->kind = LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER;
	to->organisation = id_bytes(h, &m->organisation);
	to->unit = id_bytes(h, &m->unit);
	to->user = id_bytes(h, &m->user);
	mark = h->arena.used;
	if (!gather_recipient(h, to, &person, f))
		return false;
	h->arena.used = mark; /* the directory's page of the unit */
	if (!person.exists)
		return true;
	*somebody = true;
	r->out->which[r->out->n] = r->at;
	r->out->recipients[r->out->n++] = person;
	return true;
}

/* The members for whom the team or the case manager stands. */
static bool add_team(struct handling *h, struct resolving *r, const struct lahetti_id *case_id,
		     bool *somebody, struct lahetti_fault *f)
{
	const Lahetti__V1__Recipient *asked = r->asked[r->at];
	bool manager = asked->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CASE_MANAGER;
	struct care_team_member members[CARE_TEAM_MOST];
	size_t n;

	if (asked->organisation.len > 0 &&
	    !lahetti_span_equal(lahetti_bytes_span(asked->organisation),
				lahetti_id_span(&h->actor.organisation)))
		return true;
	if (!care_team(h->store, case_id, members, &n, f))
		return false;
	for (size_t i = 0; i < n; i++) {
		if ((manager && !members[i].case_manager) ||
		    lahetti_id_equal(&members[i].user, &h->actor.user))
			continue;
		if (has_person(r, &members[i].user))
			*somebody = true;
		else if (!add_member(h, r, &members[i], somebody, f))
			return false;
	}
	return true;
}

bool gather_is_team(const Lahetti__V1__Recipient *r)
{
	return r->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CARE_TEAM ||
	       r->kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_CASE_MANAGER;
}

bool gather_recipients(struct handling *h, const struct lahetti_id *case_id,
		       Lahetti__V1__Recipient *const *asked, size_t n_asked, struct resolved *out,
		       struct lahetti_fault *f)
{
	struct resolving r = {.asked = asked, .n_asked = n_asked, .out = out};
	size_t most = n_asked + CARE_TEAM_MOST; /* nobody of a team comes twice */

	*out = (struct resolved){
		.recipients = lahetti_arena_take(&h->arena, most * sizeof *out->recipients),
		.which = lahetti_arena_take(&h->arena, most * sizeof *out->which),
	};
	if (out->recipients == NULL || out->which == NULL)
		return spent(f);
	for (r.at = 0; r.at < n_asked; r.at++) {
		const Lahetti__V1__Recipient *one = asked[r.at];
		bool team = gather_is_team(one), somebody = false;

		if (team && case_id != NULL && !add_team(h, &r, case_id, &somebody, f))
			return false;
		if (somebody)
			continue;
		out->which[out->n] = r.at;
		if (team)
			out->recipients[out->n] = (struct facts_recipient){.asked = one};
		else if (!gather_recipient(h, one, &out->recipients[out->n], f))
			return false;
		out->n++;
	}
	return true;
}

/* Whether a controller that wrote or opened the statement has it no more; of one that has not
 * opened it yet, whether its author's has it no more. */
static bool gather_lost(struct handling *h, const struct stored *stored,
			const struct lahetti_id *controller, bool *lost, struct lahetti_fault *f)
{
	const struct lahetti_id *holder = &stored->row.organisation;
	struct lahetti_id client;
	struct statements_copy copy;
	bool found = false;

	*lost = true;
	if (!stored->found || stored->row.erased)
		return true;
	if (!lahetti_id_equal(controller, holder) &&
	    !statements_copy_find(h->store, &stored->row.id, controller, &copy, &found, f))
		return false;
	if (found)
		holder = controller;
	if (!statements_holder(h->store, &stored->row.id, holder, &client, &found, f))
		return false;
	*lost = !found;
	return true;
}

bool gather_case(struct handling *h, const struct lahetti_id *case_id, struct lahetti_id *client,
		 bool *has, struct lahetti_fault *f)
{
	struct lahetti_id controller = {0};
	bool found;

	*client = (struct lahetti_id){0};
	if (!clients_case_find(h->store, case_id, client, &controller, &found, f) ||
	    !clients_unit_has_case(h->store, &h->actor.unit, case_id, has, f))
		return false;
	*has = *has && found && lahetti_id_equal(&controller, &h->actor.organisation);
	return true;
}

bool gather_erased(struct handling *h, const struct lahetti_id *client, bool *erased,
		   struct lahetti_fault *f)
{
	struct clients_row row;
	bool found;

	if (!clients_find(h->store, client, &row, &found, f))
		return false;
	*erased = !found || row.identity_erased;
	return true;
}

bool record_list(struct handling *h, const struct lahetti_id *client,
		 const struct lahetti_id *case_id, size_t count, struct lahetti_fault *f)
{
	struct trail_subject subject;
	struct trail_entry e;

	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_LIST,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER;
	e.event.count = (uint32_t)count;
	trail_subject_init(&subject, &h->actor.organisation, client);
	subject.part.case_id = id_bytes(h, case_id);
	return entry_append(h, &e, &subject, f);
}

bool gather_holds(struct handling *h, const struct lahetti_id *statement,
		  const struct lahetti_id *controller, bool *holds, struct lahetti_fault *f)
{
	struct lahetti_id client;

	return statements_holder(h->store, statement, controller, &client, holds, f);
}

/* Deliveries
 * --------------------------------------------------------------------------------------------------------
 */

Lahetti__V1__Recipient *gather_addressee(struct handling *h, const struct deliveries_row *row)
{
	Lahetti__V1__Recipient *r = lahetti_arena_take(&h->arena, sizeof *r);

	if (r == NULL)
		return NULL;
	lahetti__v1__recipient__init(r);
	r->kind = (Lahetti__V1__RecipientKind)row->recipient_kind;
	r->organisation = id_bytes(h, &row->organisation);
	r->unit = id_bytes(h, &row->unit);
	r->role = (Lahetti__V1__Role)row->role;
	r->user = id_bytes(h, &row->user);
	return r;
}

/* What a person of another controller is in the unit: consents may speak of roles. */
static bool role_of_person(struct handling *h, struct delivered *d, struct lahetti_fault *f)
{
	struct facts_recipient person;
	const Lahetti__V1__Recipient *asked;
	size_t mark = h->arena.used;

	if (d->n_consents == 0 ||
	    d->row.recipient_kind != LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER ||
	    lahetti_id_equal(&d->row.organisation, &d->stored.row.organisation))
		return true;
	asked = gather_addressee(h, &d->row);
	if (asked == NULL)
		return spent(f);
	if (!gather_recipient(h, asked, &person, f))
		return false;
	d->facts.role = person.role;
	h->arena.used = mark; /* the directory's page of the unit */
	return true;
}

/* All but what only the statement's content says. */
static bool outline(struct handling *h, const struct deliveries_row *row, struct delivered *out,
		    struct lahetti_fault *f)
{
	struct lahetti_id ids[CONSENTS_MOST];
	const struct lahetti_id *side;
	bool lost;
	size_t n;

	*out = (struct delivered){.row = *row};
	if (!statements_find(h->store, &row->statement, &out->stored.row, &out->stored.found, f))
		return false;
	/* Each side sees what its own controller still has. */
	side = lahetti_id_equal(&h->actor.organisation, &out->stored.row.organisation)
		       ? &out->stored.row.organisation
		       : &row->organisation;
	if (!gather_lost(h, &out->stored, side, &lost, f))
		return false;
	/* Within a controller nothing rests on a consent. */
	if (!lahetti_id_equal(&row->organisation, &out->stored.row.organisation) &&
	    (!deliveries_consents(h->store, &row->id, ids, CONSENTS_MOST, &n, f) ||
	     !gather_consents(h, ids, n, &out->consents, &out->n_consents, f)))
		return false;
	out->facts = (struct facts_delivery){
		.found = true,
		.state = (Lahetti__V1__State)row->state,
		.recipient_kind = (Lahetti__V1__RecipientKind)row->recipient_kind,
		.organisation = row->organisation,
		.unit = row->unit,
		.user = row->user,
		.role = (Lahetti__V1__Role)row->role,
		.claimed_by = row->claimed_by,
		.opened_by_unit = row->opened != 0,
		.author = out->stored.row.author,
		.author_unit = out->stored.row.unit,
		.author_organisation = out->stored.row.organisation,
		.kind = out->stored.row.kind,
		.basis = (Lahetti__V1__BasisKind)row->basis,
		.erased = lost,
	};
	return !out->stored.found || out->stored.row.erased || role_of_person(h, out, f);
}

bool gather_delivered(struct handling *h, const struct deliveries_row *row, struct delivered *out,
		      struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header;

	if (!outline(h, row, out, f) || !read_stored(h, &out->stored, f))
		return false;
	if (!out->stored.readable)
		return true;
	header = out->stored.statement.header;
	out->facts.author_role = header->role;
	for (size_t i = 0; i < header->n_categories; i++)
		out->facts.categories |= (lahetti_set)1 << header->categories[i];
	return true;
}

bool gather_delivery(struct handling *h, const struct lahetti_id *id, struct delivered *out,
		     struct lahetti_fault *f)
{
	struct deliveries_row row;
	bool found;

	*out = (struct delivered){0};
	return deliveries_find(h->store, id, &row, &found, f) &&
	       (!found || gather_delivered(h, &row, out, f));
}

/* The row of one that the actor's unit may know of. */
static bool find_known(struct handling *h, const struct lahetti_id *id, struct deliveries_row *row,
		       bool *found, struct lahetti_fault *f)
{
	*found = false;
	return lahetti_id_empty(&h->actor.unit) ||
	       deliveries_find_known(h->store, id, &h->actor.unit, row, found, f);
}

bool gather_known_delivery(struct handling *h, const struct lahetti_id *id, struct delivered *out,
			   struct lahetti_fault *f)
{
	struct deliveries_row row;
	bool found;

	*out = (struct delivered){0};
	return find_known(h, id, &row, &found, f) && (!found || gather_delivered(h, &row, out, f));
}

bool gather_known_outline(struct handling *h, const struct lahetti_id *id, struct delivered *out,
			  struct lahetti_fault *f)
{
	struct deliveries_row row;
	bool found;

	*out = (struct delivered){0};
	return find_known(h, id, &row, &found, f) && (!found || outline(h, &row, out, f));
}

bool gather_copy(struct handling *h, const struct stored *stored,
		 const struct lahetti_id *controller, struct statements_copy *copy,
		 struct lahetti_fault *f)
{
	bool found;
	*copy = (struct statements_copy){.client = stored->row.client,
					 .case_id = stored->row.case_id};
	if (!stored->found)
		return true;
	return lahetti_id_equal(&stored->row.organisation, controller) ||
	       statements_copy_find(h->store, &stored->row.id, controller, copy, &found, f);
}

/* What is shown
 * -----------------------------------------------------------------------------------------------------
 */

static bool open_steps(struct handling *h, const struct delivered *d,
		       const struct facts_actor *actor, size_t *n, Lahetti__V1__Step **steps,
		       struct lahetti_fault *f)
{
	*steps = lahetti_arena_take(&h->arena, 32 * sizeof **steps);
	if (*steps == NULL)
		return spent(f);
	*n = actor == NULL ? 0 : policy_steps(actor, &d->facts, *steps, 32);
	return true;
}

Lahetti__V1__Notice *gather_notice(struct handling *h, const struct delivered *d,
				   const struct facts_actor *actor, struct lahetti_fault *f)
{
	Lahetti__V1__Notice *n = lahetti_arena_take(&h->arena, sizeof *n);

	if (n == NULL) {
		(void)spent(f);
		return NULL;
	}
	lahetti__v1__notice__init(n);
	n->position = d->row.position;
	n->delivery = id_bytes(h, &d->row.id);
	n->statement = id_bytes(h, &d->row.statement);
	n->statement_sha256 = digest_bytes(h, &d->stored.row.sha256);
	n->kind = d->stored.row.kind;
	n->from_unit = id_bytes(h, &d->stored.row.unit);
	n->from_organisation = id_bytes(h, &d->stored.row.organisation);
	n->urgency = (Lahetti__V1__Urgency)d->row.urgency;
	n->deadline = d->row.deadline;
	n->recipient = gather_addressee(h, &d->row);
	n->state = (Lahetti__V1__State)d->row.state;
	n->claimed_by = id_bytes(h, &d->row.claimed_by);
	n->accepted_us = d->stored.row.accepted_us;
	n->in_reply_to = id_bytes(h, &d->stored.row.in_reply_to);
	n->gone = d->facts.erased || d->row.state == LAHETTI__V1__STATE__STATE_RECALLED ||
		  d->row.state == LAHETTI__V1__STATE__STATE_REDIRECTED ||
		  d->row.state == LAHETTI__V1__STATE__STATE_RETURNED ||
		  d->row.state == LAHETTI__V1__STATE__STATE_STOPPED;
	if (!open_steps(h, d, actor, &n->n_steps, &n->steps, f))
		return NULL;
	return n;
}

bool gather_feedback_covered(const struct handling *h, const struct delivered *d)
{
	return policy_feedback_covered(&d->facts, lahetti_date_of(h->now_us), d->consents,
				       d->n_consents);
}

/* The last state on the way that the sender may be shown: where all is, the one it is in. */
static bool last_shown(struct handling *h, const struct delivered *d, Lahetti__V1__Status *s,
		       struct lahetti_fault *f)
{
	struct deliveries_step steps[256];
	size_t n = 0;

	if (!gather_feedback_covered(h, d)) {
		if (!deliveries_steps(h->store, &d->row.id, steps, 256, &n, f))
			return false;
	} else if (d->row.state != LAHETTI__V1__STATE__STATE_REQUESTED) {
		s->state = (Lahetti__V1__State)d->row.state;
		s->reason = (Lahetti__V1__Reason)d->row.reason;
		s->since_us = d->row.since_us;
	}
	for (size_t i = 0; i < n; i++)
		if (policy_step_shown(&d->facts, (Lahetti__V1__Step)steps[i].step, false)) {
			s->state = (Lahetti__V1__State)steps[i].state;
			s->reason = (Lahetti__V1__Reason)steps[i].reason;
			s->since_us = steps[i].time_us;
		}
	return true;
}

Lahetti__V1__Status *gather_status(struct handling *h, const struct delivered *d,
				   const struct facts_actor *actor, struct lahetti_fault *f)
{
	Lahetti__V1__Status *s = lahetti_arena_take(&h->arena, sizeof *s);

	if (s == NULL) {
		(void)spent(f);
		return NULL;
	}
	lahetti__v1__status__init(s);
	s->position = d->row.position;
	s->statement = id_bytes(h, &d->row.statement);
	s->delivery = id_bytes(h, &d->row.id);
	s->kind = d->stored.row.kind;
	s->recipient = gather_addressee(h, &d->row);
	s->state = LAHETTI__V1__STATE__STATE_REQUESTED;
	s->since_us = d->stored.row.accepted_us;
	if (!last_shown(h, d, s, f) || !open_steps(h, d, actor, &s->n_steps, &s->steps, f))
		return NULL;
	return s;
}

static bool tell(struct handling *h, const struct lahetti_id *delivery, struct lahetti_fault *f)
{
	struct delivered *d = lahetti_arena_take(&h->arena, sizeof *d);
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	struct answer_head to = {.to = ANSWER_ROLE};
	struct deliveries_row row;
	bool found;

	if (d == NULL)
		return spent(f);
	if (!deliveries_find(h->store, delivery, &row, &found, f))
		return false;
	if (!found)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, "db-corrupt",
			"A delivery that was made is not there: run lahettid fsck.");
	if (!outline(h, &row, d, f))
		return false;
	to.unit = d->row.unit;
	if (!lahetti_id_empty(&d->row.user)) {
		to.to = ANSWER_USER;
		to.user = d->row.user;
	} else if (d->row.recipient_kind == LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_ROLE) {
		to.role = d->row.role;
	}
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_NOTICE;
	frame.notice = gather_notice(h, d, NULL, f);
	if (frame.notice == NULL || !answer_frame(h, &to, &frame, f))
		return false;
	if (d->facts.erased)
		return true;
	to = (struct answer_head){
		.to = ANSWER_USER, .user = d->facts.author, .unit = d->facts.author_unit};
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_STATUS;
	frame.status = gather_status(h, d, NULL, f);
	return frame.status != NULL && answer_frame(h, &to, &frame, f);
}

/* What was told is packed by now: its room is given back, so that telling many takes no more. */
bool gather_tell(struct handling *h, const struct lahetti_id *delivery, struct lahetti_fault *f)
{
	size_t mark = h->arena.used;
	bool ok = tell(h, delivery, f);

	h->arena.used = mark;
	return ok;
}

/* Records
 * -----------------------------------------------------------------------------------------------------------
 */

Lahetti__V1__Record *record_moved(struct handling *h, const struct lahetti_id *delivery,
				  Lahetti__V1__Step step, Lahetti__V1__State state,
				  Lahetti__V1__Reason reason, const struct lahetti_id *statement,
				  const struct lahetti_id *claimed_by)
{
	Lahetti__V1__Record *r = lahetti_arena_take(&h->arena, sizeof *r);
	Lahetti__V1__DeliveryMoved *m = lahetti_arena_take(&h->arena, sizeof *m);

	if (r == NULL || m == NULL)
		return NULL;
	lahetti__v1__record__init(r);
	lahetti__v1__delivery_moved__init(m);
	m->delivery = id_bytes(h, delivery);
	m->step = step;
	m->state = state;
	m->reason = reason;
	if (statement != NULL)
		m->statement = id_bytes(h, statement);
	if (claimed_by != NULL)
		m->claimed_by = id_bytes(h, claimed_by);
	r->record_case = LAHETTI__V1__RECORD__RECORD_DELIVERY_MOVED;
	r->delivery_moved = m;
	return r;
}

Lahetti__V1__Record *record_accepted(struct handling *h, const Lahetti__V1__Header *header,
				     const struct lahetti_digest *sha256)
{
	Lahetti__V1__Record *r = lahetti_arena_take(&h->arena, sizeof *r);
	Lahetti__V1__StatementAccepted *a = lahetti_arena_take(&h->arena, sizeof *a);

	if (r == NULL || a == NULL)
		return NULL;
	lahetti__v1__record__init(r);
	lahetti__v1__statement_accepted__init(a);
	a->statement = header->id;
	a->sha256 = digest_bytes(h, sha256);
	a->kind = header->kind;
	a->organisation = header->organisation;
	a->unit = header->unit;
	if (header->in_reply_to != NULL)
		a->in_reply_to = header->in_reply_to->id;
	a->sent_late = policy_sent_late(header->created_us, h->now_us);
	r->record_case = LAHETTI__V1__RECORD__RECORD_STATEMENT_ACCEPTED;
	r->statement_accepted = a;
	return r;
}

Lahetti__V1__Record *record_shared(struct handling *h, const struct lahetti_id *case_id,
				   const struct lahetti_id *unit, bool ended)
{
	Lahetti__V1__Record *r = lahetti_arena_take(&h->arena, sizeof *r);
	Lahetti__V1__CaseShared *s = lahetti_arena_take(&h->arena, sizeof *s);

	if (r == NULL || s == NULL)
		return NULL;
	lahetti__v1__record__init(r);
	lahetti__v1__case_shared__init(s);
	s->case_id = id_bytes(h, case_id);
	s->unit = id_bytes(h, unit);
	s->ended = ended;
	r->record_case = LAHETTI__V1__RECORD__RECORD_CASE_SHARED;
	r->case_shared = s;
	return r;
}

Lahetti__V1__Record *record_case(struct handling *h, const struct lahetti_id *case_id,
				 const struct lahetti_id *client)
{
	Lahetti__V1__Record *r = lahetti_arena_take(&h->arena, sizeof *r);
	Lahetti__V1__CaseAdded *a = lahetti_arena_take(&h->arena, sizeof *a);

	if (r == NULL || a == NULL)
		return NULL;
	lahetti__v1__record__init(r);
	lahetti__v1__case_added__init(a);
	a->case_id = id_bytes(h, case_id);
	a->client = id_bytes(h, client);
	a->controller = id_bytes(h, &h->actor.organisation);
	r->record_case = LAHETTI__V1__RECORD__RECORD_CASE_ADDED;
	r->case_added = a;
	return r;
}

bool records_of_client(struct handling *h, const struct lahetti_id *client,
		       const Lahetti__V1__ClientIdentity *identity,
		       const Lahetti__V1__Record *records[CLIENT_RECORDS], size_t *n,
		       struct lahetti_fault *f)
{
	Lahetti__V1__Record *r = lahetti_arena_take(&h->arena, CLIENT_RECORDS * sizeof *r);
	Lahetti__V1__ClientAdded *added = lahetti_arena_take(&h->arena, sizeof *added);
	Lahetti__V1__IdentityRecorded *recorded = lahetti_arena_take(&h->arena, sizeof *recorded);
	Lahetti__V1__AliasRecorded *alias = lahetti_arena_take(&h->arena, sizeof *alias);
	struct lahetti_id person;

	if (r == NULL || added == NULL || recorded == NULL || alias == NULL)
		return spent(f);
	for (size_t i = 0; i < CLIENT_RECORDS; i++) {
		lahetti__v1__record__init(&r[i]);
		records[i] = &r[i];
	}
	lahetti__v1__client_added__init(added);
	added->client = id_bytes(h, client);
	added->controller = id_bytes(h, &h->actor.organisation);
	r[0].record_case = LAHETTI__V1__RECORD__RECORD_CLIENT_ADDED;
	r[0].client_added = added;
	*n = 1;
	if (identity == NULL)
		return true;
	if (!clients_person(h->store, &h->actor.organisation, client, identity, &person, f))
		return false;
	lahetti__v1__identity_recorded__init(recorded);
	lahetti__v1__alias_recorded__init(alias);
	recorded->client = alias->client = added->client;
	alias->person = id_bytes(h, &person);
	r[1].record_case = LAHETTI__V1__RECORD__RECORD_IDENTITY_RECORDED;
	r[1].identity_recorded = recorded;
	r[2].record_case = LAHETTI__V1__RECORD__RECORD_ALIAS_RECORDED;
	r[2].alias_recorded = alias;
	*n = CLIENT_RECORDS;
	return true;
}
