/* The team of a client's case: who is in it, who comes, changes place and leaves. */

#include "care_team.h"
#include "clients.h"
#include "gather.h"
#include "lahetti/message.h"

#define RECORDS_MOST 2

/* What is asked of a team, and how it stands. */
struct change {
	struct lahetti_id case_id, client;
	struct care_team_member asked; /* the organisation is the unit's */
	struct care_team_member members[CARE_TEAM_MOST];
	size_t n_members;
	const struct care_team_member *now, *manager; /* of these; NULL: none */
	struct facts_team facts;
};

static bool read_asked(struct handling *h, struct change *c, struct lahetti_fault *f)
{
	const Lahetti__V1__PutCareTeamMember *asked = h->frame->put_care_team_member;

	c->facts.ended = asked->ended;
	c->asked.case_manager = asked->case_manager;
	return lahetti_id_read(&c->case_id, lahetti_bytes_span(asked->case_id), f) &&
	       lahetti_id_read(&c->asked.user, lahetti_bytes_span(asked->user), f) &&
	       (asked->ended ||
		lahetti_id_read(&c->asked.unit, lahetti_bytes_span(asked->unit), f));
}

/* The person as one to whom something could be sent in that unit, of whatever organisation. */
static bool gather_person(struct handling *h, struct care_team_member *m,
			  struct facts_recipient *out, struct lahetti_fault *f)
{
	Lahetti__V1__Recipient *to = lahetti_arena_take(&h->arena, sizeof *to);
	struct lahetti_fault fault = {0};
	const Lahetti__V1__DirectoryEntry *unit;

	if (to == NULL)
		return lahetti_fault_no_memory(f);
	unit = directory_find(h->store, DIRECTORY_UNIT, lahetti_id_span(&m->unit), 0, &h->arena,
			      &fault);
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	if (unit != NULL && !facts_id(unit->unit->organisation, &m->organisation, f))
		return false;
	lahetti__v1__recipient__init(to);
	to->kind = LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_USER;
	to->organisation = id_bytes(h, &m->organisation);
	to->unit = id_bytes(h, &m->unit);
	to->user = id_bytes(h, &m->user);
	return gather_recipient(h, to, out, f);
}

/* Of a case that the unit does not have nothing more is asked. */
static bool gather_change(struct handling *h, struct change *c, struct lahetti_fault *f)
{
	struct clients_row client;
	bool found;

	c->facts.actor = h->actor;
	if (!gather_case(h, &c->case_id, &c->client, &c->facts.unit_has_case, f))
		return false;
	if (!c->facts.unit_has_case)
		return true;
	if (!clients_find(h->store, &c->client, &client, &found, f) ||
	    !care_team(h->store, &c->case_id, c->members, &c->n_members, f))
		return false;
	c->facts.client_erased = client.content_erased;
	for (size_t i = 0; i < c->n_members; i++) {
		if (lahetti_id_equal(&c->members[i].user, &c->asked.user))
			c->now = &c->members[i];
		if (c->members[i].case_manager)
			c->manager = &c->members[i];
	}
	c->facts.member = c->now != NULL;
	c->facts.full = c->n_members == CARE_TEAM_MOST;
	return c->facts.ended || gather_person(h, &c->asked, &c->facts.person, f);
}

static bool is_so_already(const struct change *c)
{
	if (c->facts.ended || c->now == NULL)
		return c->facts.ended && c->now == NULL;
	return lahetti_id_equal(&c->now->unit, &c->asked.unit) &&
	       c->now->case_manager == c->asked.case_manager;
}

static Lahetti__V1__Record *record_member(struct handling *h, const struct lahetti_id *case_id,
					  const struct care_team_member *m, bool case_manager,
					  bool ended)
{
	Lahetti__V1__Record *r = lahetti_arena_take(&h->arena, sizeof *r);
	Lahetti__V1__CareTeamMember *out = lahetti_arena_take(&h->arena, sizeof *out);

	if (r == NULL || out == NULL)
		return NULL;
	lahetti__v1__record__init(r);
	lahetti__v1__care_team_member__init(out);
	out->case_id = id_bytes(h, case_id);
	out->user = id_bytes(h, &m->user);
	out->unit = id_bytes(h, &m->unit);
	out->organisation = id_bytes(h, &m->organisation);
	out->case_manager = case_manager;
	out->ended = ended;
	r->record_case = LAHETTI__V1__RECORD__RECORD_CARE_TEAM_MEMBER;
	r->care_team_member = out;
	return r;
}

static const char *reason_of(const struct change *c)
{
	if (c->facts.ended)
		return "left-care-team";
	if (c->asked.case_manager)
		return "made-case-manager";
	return c->now != NULL && c->now->case_manager ? "case-manager-no-more" : "in-care-team";
}

static void subject_of(struct handling *h, const struct change *c, struct trail_subject *s)
{
	trail_subject_init(s, &h->actor.organisation, &c->client);
	s->part.case_id = id_bytes(h, &c->case_id);
	s->part.member = id_bytes(h, &c->asked.user);
}

static bool record_change(struct handling *h, const struct change *c, struct decision d,
			  struct lahetti_fault *f)
{
	const Lahetti__V1__Record *records[RECORDS_MOST];
	struct trail_subject subject;
	struct trail_entry e;
	size_t n = 0;

	/* Before the next one: a case has one manager at every record. */
	if (c->asked.case_manager && !c->facts.ended && c->manager != NULL && c->manager != c->now)
		records[n++] = record_member(h, &c->case_id, c->manager, false, false);
	records[n++] = record_member(h, &c->case_id, c->facts.ended ? c->now : &c->asked,
				     c->asked.case_manager && !c->facts.ended, c->facts.ended);
	for (size_t i = 0; i < n; i++)
		if (records[i] == NULL)
			return lahetti_fault_no_memory(f);
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_CARE_TEAM,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = d.basis;
	e.event.reason = (char *)(uintptr_t)reason_of(c);
	subject_of(h, c, &subject);
	e.subjects = &subject;
	e.n_subjects = 1;
	e.records = records;
	e.n_records = n;
	return trail_append(h->trail, &e, f) && answer_done(h, e.number, f);
}

bool handle_put_care_team_member(struct handling *h, struct lahetti_fault *f)
{
	struct change *c = lahetti_arena_take(&h->arena, sizeof *c);
	struct decision d = policy_clients(&h->actor);
	struct trail_subject subject;

	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (c == NULL)
		return lahetti_fault_no_memory(f);
	*c = (struct change){0};
	if (!read_asked(h, c, f) || !gather_change(h, c, f))
		return false;
	d = policy_team(&c->facts);
	if (!c->facts.unit_has_case)
		return refuse(h, d.code, NULL, f);
	/* Asked again, because the answer was not heard; or somebody was quicker. */
	if (d.allowed && is_so_already(c))
		return answer_done(h, 0, f);
	subject_of(h, c, &subject);
	return d.allowed ? record_change(h, c, d, f) : refuse(h, d.code, &subject, f);
}

/* Reading
 * -----------------------------------------------------------------------------------------------------------
 */

static bool show(struct handling *h, const struct care_team_member *m,
		 Lahetti__V1__CareTeamEntry *out, struct lahetti_fault *f)
{
	struct care_team_member there = *m;
	struct facts_recipient person;
	char name[256];

	if (!gather_person(h, &there, &person, f) ||
	    !directory_name(h->store, DIRECTORY_USER, &m->user, 0, name, f))
		return false;
	lahetti__v1__care_team_entry__init(out);
	out->user = id_bytes(h, &m->user);
	out->user_name = lahetti_arena_text(&h->arena, lahetti_span_text(name));
	out->unit = id_bytes(h, &m->unit);
	out->organisation = id_bytes(h, &m->organisation);
	out->role = person.role;
	out->case_manager = m->case_manager;
	out->since_us = m->from_us;
	out->gone = !person.exists;
	return out->user_name != NULL || lahetti_fault_no_memory(f);
}

bool handle_read_care_team(struct handling *h, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__CareTeam team = LAHETTI__V1__CARE_TEAM__INIT;
	struct change *c = lahetti_arena_take(&h->arena, sizeof *c);
	struct decision d = policy_clients(&h->actor);
	bool has, erased = false;

	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (c == NULL)
		return lahetti_fault_no_memory(f);
	*c = (struct change){0};
	if (!lahetti_id_read(&c->case_id, lahetti_bytes_span(h->frame->read_care_team->case_id),
			     f) ||
	    !gather_case(h, &c->case_id, &c->client, &has, f) ||
	    (has && !gather_erased(h, &c->client, &erased, f)))
		return false;
	d = policy_read_case(&h->actor, has, erased);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	team.members = lahetti_arena_take(&h->arena, CARE_TEAM_MOST * sizeof *team.members);
	if (team.members == NULL)
		return lahetti_fault_no_memory(f);
	if (!care_team(h->store, &c->case_id, c->members, &c->n_members, f))
		return false;
	for (; team.n_members < c->n_members; team.n_members++) {
		Lahetti__V1__CareTeamEntry *entry = lahetti_arena_take(&h->arena, sizeof *entry);

		if (entry == NULL)
			return lahetti_fault_no_memory(f);
		if (!show(h, &c->members[team.n_members], entry, f))
			return false;
		team.members[team.n_members] = entry;
	}
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_CARE_TEAM;
	frame.care_team = &team;
	return record_list(h, &c->client, &c->case_id, 1, f) && answer_session(h, &frame, 0, f);
}
