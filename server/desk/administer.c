/* What administrators and leaders do: the directory, enrolment codes, devices; and reading the
 * directory. */

#include "handling.h"
#include "lahetti/code.h"
#include "lahetti/message.h"
#include "lahetti/text.h"

#include <assert.h>
#include <string.h>

#define PAGE_MOST    200
#define NAME_MOST    200 /* bytes of a name, and of a term that is looked for */
#define SECONDS_MOST 16	 /* whom an organisation names for its erasures */

/* One event that changes rows and concerns no client. */
static bool record(struct handling *h, Lahetti__V1__Action action,
		   const struct lahetti_id *controller, const Lahetti__V1__Record *row,
		   struct lahetti_fault *f)
{
	const Lahetti__V1__Record *const records[] = {row};
	struct trail_subject subject = subject_nobody(controller);
	struct trail_entry e;

	entry_init(h, &e, action, LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.controller = id_bytes(h, controller);
	e.records = records;
	e.n_records = 1;
	return row != NULL ? entry_append(h, &e, &subject, f) : lahetti_fault_no_memory(f);
}

/* The organisation of a user; empty where there is no such user. */
static bool organisation_of(struct handling *h, ProtobufCBinaryData user,
			    struct lahetti_id *organisation, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__DirectoryEntry *e = directory_find(
		h->store, DIRECTORY_USER, lahetti_bytes_span(user), 0, &h->arena, &fault);

	*organisation = (struct lahetti_id){0};
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	return e == NULL || facts_id(e->user->organisation, organisation, f);
}

/* The directory
 * -----------------------------------------------------------------------------------------------------
 */

static bool bad_entry(struct lahetti_fault *f)
{
	return lahetti_fault_set(
		f, LAHETTI_FAULT_MALFORMED, "bad-entry",
		"The entry lacks an identifier or a name, or speaks of something that is not there.");
}

static bool is_named(const char *name, struct lahetti_fault *f)
{
	return name[0] != '\0' ? lahetti_text_is_line(name, NAME_MOST, f) : bad_entry(f);
}

static bool is_of_a_type(const Lahetti__V1__Organisation *o, struct lahetti_fault *f)
{
	const ProtobufCEnumDescriptor *types = &lahetti__v1__organisation_type__descriptor;

	return (o->type != LAHETTI__V1__ORGANISATION_TYPE__ORGANISATION_TYPE_UNSPECIFIED &&
		protobuf_c_enum_descriptor_get_value(types, (int)o->type) != NULL) ||
	       bad_entry(f);
}

/* What everybody will be shown of it. */
static bool texts_hold(const Lahetti__V1__DirectoryEntry *e, struct lahetti_fault *f)
{
	switch (e->entry_case) {
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION:
		return is_named(e->organisation->name, f) && is_of_a_type(e->organisation, f) &&
		       lahetti_text_is_line(e->organisation->business_id, NAME_MOST, f);
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT:
		return is_named(e->unit->name, f) &&
		       lahetti_text_is_line(e->unit->area, NAME_MOST, f);
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER:
		return is_named(e->user->name, f);
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP:
		return lahetti_text_is_line(e->membership->title, NAME_MOST, f);
	default:
		return true;
	}
}

static bool known(struct handling *h, enum directory_kind kind, ProtobufCBinaryData id,
		  const Lahetti__V1__DirectoryEntry **entry, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_id parsed;

	*entry = NULL;
	if (!lahetti_id_read(&parsed, lahetti_bytes_span(id), f))
		return false;
	*entry = directory_find(h->store, kind, lahetti_id_span(&parsed), 0, &h->arena, &fault);
	if (fault.kind != LAHETTI_FAULT_NONE)
		*f = fault;
	return fault.kind == LAHETTI_FAULT_NONE;
}

/* Whom an organisation names to confirm its erasures: users, and not its own. */
static bool good_seconds(struct handling *h, const Lahetti__V1__Organisation *o,
			 struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *user;

	if (o->n_erasure_seconds > SECONDS_MOST)
		return bad_entry(f);
	for (size_t i = 0; i < o->n_erasure_seconds; i++) {
		if (!known(h, DIRECTORY_USER, o->erasure_seconds[i], &user, f))
			return false;
		if (user == NULL || lahetti_span_equal(lahetti_bytes_span(user->user->organisation),
						       lahetti_bytes_span(o->id)))
			return bad_entry(f);
	}
	return true;
}

/*
 * The organisation whose directory an entry changes, as it is and as it was; "bad-entry".
 * Organisations are added by the operator. A membership may put another organisation's user into a
 * unit of one's own.
 */
static bool owner_of(struct handling *h, const Lahetti__V1__DirectoryEntry *e,
		     struct lahetti_id *owner, struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *old, *unit, *user;
	struct lahetti_id was = {0}, id;

	switch (e->entry_case) {
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION:
		if (!known(h, DIRECTORY_ORGANISATION, e->organisation->id, &old, f) ||
		    !good_seconds(h, e->organisation, f))
			return false;
		return old != NULL ? facts_id(e->organisation->id, owner, f) : bad_entry(f);
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT:
		if (!known(h, DIRECTORY_UNIT, e->unit->id, &old, f) ||
		    !known(h, DIRECTORY_ORGANISATION, e->unit->organisation, &unit, f))
			return bad_entry(f);
		if (unit == NULL || !facts_id(e->unit->organisation, owner, f) ||
		    (old != NULL && !facts_id(old->unit->organisation, &was, f)))
			return bad_entry(f);
		return lahetti_id_empty(&was) || lahetti_id_equal(&was, owner) || bad_entry(f);
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER:
		if (!known(h, DIRECTORY_USER, e->user->id, &old, f) ||
		    !known(h, DIRECTORY_ORGANISATION, e->user->organisation, &unit, f))
			return bad_entry(f);
		if (unit == NULL || !facts_id(e->user->organisation, owner, f) ||
		    (old != NULL && !facts_id(old->user->organisation, &was, f)))
			return bad_entry(f);
		return lahetti_id_empty(&was) || lahetti_id_equal(&was, owner) || bad_entry(f);
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP:
		if (lahetti_role_find((int)e->membership->role) == NULL ||
		    !known(h, DIRECTORY_MEMBERSHIP, e->membership->id, &old, f) ||
		    !known(h, DIRECTORY_UNIT, e->membership->unit, &unit, f) ||
		    !known(h, DIRECTORY_USER, e->membership->user, &user, f))
			return bad_entry(f);
		if (unit == NULL || user == NULL ||
		    !facts_id(e->membership->organisation, owner, f) ||
		    !facts_id(unit->unit->organisation, &id, f) || !lahetti_id_equal(&id, owner))
			return bad_entry(f);
		/* A membership ends or changes its role; it never becomes another person's or
		 * another unit's. */
		return old == NULL ||
		       (lahetti_span_equal(lahetti_bytes_span(old->membership->user),
					   lahetti_bytes_span(e->membership->user)) &&
			lahetti_span_equal(lahetti_bytes_span(old->membership->unit),
					   lahetti_bytes_span(e->membership->unit))) ||
		       bad_entry(f);
	default:
		return bad_entry(
			f); /* devices change by enrolment, confirmation and revocation alone */
	}
}

/* Administrators never see client data: nor do they give themselves a role that does. */
static bool gives_own_sight(const struct handling *h, const Lahetti__V1__DirectoryEntry *e)
{
	const struct lahetti_role_row *role;

	if (e->entry_case != LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP || e->membership->ended)
		return false;
	role = lahetti_role_find((int)e->membership->role);
	return lahetti_span_equal(lahetti_bytes_span(e->membership->user),
				  lahetti_id_span(&h->actor.user)) &&
	       (role == NULL || role->sees_clients ||
		e->membership->role == LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER);
}

/* Closes sessions after the commit. */
static bool send_away(struct handling *h, struct answer_head *whom, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__GoingAway going = LAHETTI__V1__GOING_AWAY__INIT;

	whom->flags = ANSWER_CLOSES;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_GOING_AWAY;
	frame.going_away = &going;
	return answer_frame(h, whom, &frame, f);
}

/* Whoever can act no more is not told anything more either: their sessions end at once. */
static bool end_sessions(struct handling *h, const Lahetti__V1__DirectoryEntry *e,
			 struct lahetti_fault *f)
{
	struct answer_head whom = {.to = ANSWER_USER};

	if (e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER && e->user->disabled)
		return facts_id(e->user->id, &whom.user, f) && send_away(h, &whom, f);
	if (e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP && e->membership->ended)
		return facts_id(e->membership->user, &whom.user, f) &&
		       facts_id(e->membership->id, &whom.membership, f) && send_away(h, &whom, f);
	return true;
}

bool handle_put_directory(struct handling *h, struct lahetti_fault *f)
{
	Lahetti__V1__DirectoryEntry *entry = h->frame->put_directory->entry;
	struct lahetti_id owner;
	struct decision d;

	if (entry == NULL)
		return bad_entry(f);
	if (!texts_hold(entry, f) || !owner_of(h, entry, &owner, f))
		return false;
	d = policy_admin(&h->actor, POLICY_ADMIN_DIRECTORY, &owner, NULL);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	if (gives_own_sight(h, entry))
		return refuse(h, "own-role", NULL, f);
	return record(h, LAHETTI__V1__ACTION__ACTION_DIRECTORY, &owner, record_directory(h, entry),
		      f) &&
	       answer_done(h, h->event, f) && end_sessions(h, entry, f);
}

/* Codes and devices
 * -------------------------------------------------------------------------------------------------
 */

static bool answer_code(struct handling *h, const char *code, int64_t until_us,
			struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__EnrolmentCode answer = LAHETTI__V1__ENROLMENT_CODE__INIT;

	answer.code = (char *)(uintptr_t)code;
	answer.until_us = until_us;
	answer.event = h->event;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_ENROLMENT_CODE;
	frame.enrolment_code = &answer;
	return answer_session(h, &frame, 0, f);
}

bool handle_issue_code(struct handling *h, struct lahetti_fault *f)
{
	Lahetti__V1__Record row = LAHETTI__V1__RECORD__INIT;
	Lahetti__V1__CodeIssued issued = LAHETTI__V1__CODE_ISSUED__INIT;
	char code[LAHETTI_CODE_LEN + 1];
	struct lahetti_digest digest;
	struct lahetti_id owner, user;
	struct decision d;
	bool ok;

	if (!lahetti_id_read(&user, lahetti_bytes_span(h->frame->issue_code->user), f) ||
	    !organisation_of(h, h->frame->issue_code->user, &owner, f))
		return false;
	d = policy_admin(&h->actor, POLICY_ADMIN_CODE, &owner, NULL);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	issued.user = h->frame->issue_code->user;
	issued.maker = id_bytes(h, &h->actor.user);
	issued.until_us = h->now_us + h->desk->options->limits.code_life_us;
	row.record_case = LAHETTI__V1__RECORD__RECORD_CODE_ISSUED;
	row.code_issued = &issued;
	ok = lahetti_code_new(code, f) && lahetti_code_digest(&digest, lahetti_span_text(code), f);
	issued.code_sha256 = digest_bytes(h, &digest);
	ok = ok && record(h, LAHETTI__V1__ACTION__ACTION_ISSUE_CODE, &owner, &row, f) &&
	     answer_code(h, code, issued.until_us, f);
	lahetti_wipe(code, sizeof code);
	return ok;
}

/* The device as it stands; NULL without a fault kind where there is none. */
static const Lahetti__V1__Device *device_of(struct handling *h, ProtobufCBinaryData key_id,
					    struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *e;

	if (key_id.len != LAHETTI_DIGEST_LEN) {
		lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-identifier",
				  "A key identifier has 32 bytes.");
		return NULL;
	}
	e = directory_find(h->store, DIRECTORY_DEVICE, lahetti_bytes_span(key_id), 0, &h->arena, f);
	return e == NULL ? NULL : e->device;
}

/* Whether the actor heads a unit in which the user is. */
static bool leads(struct handling *h, ProtobufCBinaryData user, bool *yes, struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *found[PAGE_MOST];
	size_t n;

	*yes = false;
	if (!h->actor.leads_unit || h->actor.membership_ended)
		return true;
	if (!directory_members(h->store, DIRECTORY_BY_UNIT, &h->actor.unit, found, PAGE_MOST, &n,
			       &h->arena, f))
		return false;
	for (size_t i = 0; i < n && !*yes; i++)
		*yes = lahetti_span_equal(lahetti_bytes_span(found[i]->membership->user),
					  lahetti_bytes_span(user));
	return true;
}

/* The device's next row: confirmed, or revoked. */
static bool change_device(struct handling *h, Lahetti__V1__Action action,
			  const Lahetti__V1__Device *changed, const struct lahetti_id *owner,
			  struct lahetti_fault *f)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;

	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_DEVICE;
	entry.device = (Lahetti__V1__Device *)(uintptr_t)changed;
	return record(h, action, owner, record_directory(h, &entry), f);
}

/* A device that is not there has no facts, and policy lets nobody do anything with it. */
static bool facts_of_device(struct handling *h, const Lahetti__V1__Device *device,
			    struct facts_confirm *facts, struct lahetti_fault *f)
{
	facts->confirmed = device->confirmed;
	facts->revoked = device->revoked;
	facts->same_device = lahetti_span_equal(lahetti_bytes_span(device->key_id),
						lahetti_digest_span(&h->job->head.actor.device));
	return facts_id(device->user, &facts->owner, f) &&
	       facts_id(device->code_maker, &facts->code_maker, f) &&
	       organisation_of(h, device->user, &facts->owner_organisation, f) &&
	       leads(h, device->user, &facts->actor_leads_owner, f);
}

bool handle_confirm_device(struct handling *h, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__Device *device = device_of(h, h->frame->confirm_device->key_id, &fault);
	Lahetti__V1__Device changed;
	struct facts_confirm facts = {.actor = h->actor};
	struct decision d;

	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	if (device != NULL && !facts_of_device(h, device, &facts, f))
		return false;
	d = policy_confirm(&facts);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	assert(device != NULL);
	changed = *device;
	changed.confirmed = 1;
	changed.confirmed_by = id_bytes(h, &h->actor.user);
	return change_device(h, LAHETTI__V1__ACTION__ACTION_CONFIRM_DEVICE, &changed,
			     &facts.owner_organisation, f) &&
	       answer_done(h, h->event, f);
}

bool handle_revoke_device(struct handling *h, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__Device *device = device_of(h, h->frame->revoke_device->key_id, &fault);
	struct answer_head closing = {.to = ANSWER_DEVICE};
	Lahetti__V1__Device changed;
	struct lahetti_id user = {0}, owner = {0};
	struct decision d;

	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	if (device != NULL &&
	    (!facts_id(device->user, &user, f) || !organisation_of(h, device->user, &owner, f)))
		return false;
	d = policy_admin(&h->actor, POLICY_ADMIN_REVOKE, &owner, &user);
	if (!d.allowed)
		return refuse(h, d.code, NULL, f);
	assert(device != NULL);
	if (device->revoked)
		return answer_done(h, 0, f);
	changed = *device;
	changed.revoked = 1;
	memcpy(closing.device.bytes, device->key_id.data, sizeof closing.device.bytes);
	return change_device(h, LAHETTI__V1__ACTION__ACTION_REVOKE_DEVICE, &changed, &owner, f) &&
	       answer_done(h, h->event, f) && send_away(h, &closing, f);
}

/* Reading: nothing of a client is shown
 * ------------------------------------------------------------------------------ */

static bool answer_directory(struct handling *h, const Lahetti__V1__DirectoryEntry **found,
			     size_t n, ProtobufCBinaryData cursor, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__DirectoryPage page = LAHETTI__V1__DIRECTORY_PAGE__INIT;

	page.entries = (Lahetti__V1__DirectoryEntry **)(uintptr_t)found;
	page.n_entries = n;
	page.cursor = cursor;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_DIRECTORY;
	frame.directory = &page;
	return answer_session(h, &frame, 0, f);
}

static bool matches(const Lahetti__V1__DirectoryEntry *e, const char *term)
{
	const char *name =
		e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION
			? e->organisation->name
		: e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT ? e->unit->name
		: e->entry_case == LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER ? e->user->name
									    : "";

	return term[0] == '\0' || strcasestr(name, term) != NULL;
}

/* Where a page goes on: a kind, and the identifier after which. */
struct onward {
	unsigned kind;
	struct lahetti_span after;
};
#define ONWARD_LEN (1 + LAHETTI_ID_LEN)

static bool read_onward(ProtobufCBinaryData cursor, struct onward *from, struct lahetti_fault *f)
{
	*from = (struct onward){.kind = DIRECTORY_ORGANISATION};
	if (cursor.len == 0)
		return true;
	if (cursor.len != ONWARD_LEN || cursor.data[0] < DIRECTORY_ORGANISATION ||
	    cursor.data[0] > DIRECTORY_MEMBERSHIP)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_MALFORMED, "bad-cursor",
			"The place to go on from is not one that this server gave.");
	from->kind = cursor.data[0];
	from->after = lahetti_span(cursor.data + 1, LAHETTI_ID_LEN);
	return true;
}

/* After the last entry of a page; nothing where it was not full. */
static ProtobufCBinaryData write_onward(uint8_t *cursor, const Lahetti__V1__DirectoryEntry *last,
					unsigned kind, bool full)
{
	if (!full)
		return (ProtobufCBinaryData){0};
	cursor[0] = (uint8_t)kind;
	memcpy(cursor + 1, directory_entity(last).data, LAHETTI_ID_LEN);
	return (ProtobufCBinaryData){.data = cursor, .len = ONWARD_LEN};
}

/* Adds a row to a page; one that is not there is left out. */
static bool add_row(struct handling *h, enum directory_kind kind, struct lahetti_span id,
		    const Lahetti__V1__DirectoryEntry **page, size_t *n, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__DirectoryEntry *row =
		directory_find(h->store, kind, id, 0, &h->arena, &fault);

	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	if (row != NULL)
		page[(*n)++] = row;
	return true;
}

/*
 * A unit and who is in it, or a user and what they are: that row on the first page, then the
 * memberships, each after the row of its other end.
 */
static bool read_memberships(struct handling *h, enum directory_by by, const struct lahetti_id *of,
			     const struct onward *from, size_t most, uint8_t *cursor,
			     struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *found[PAGE_MOST / 2], *page[PAGE_MOST + 1];
	bool of_unit = by == DIRECTORY_BY_UNIT;
	size_t pairs = most < 2 ? 1 : most / 2, n, n_page = 0;

	if (from->after.len == 0 && !add_row(h, of_unit ? DIRECTORY_UNIT : DIRECTORY_USER,
					     lahetti_id_span(of), page, &n_page, f))
		return false;
	if (!directory_list(h->store, DIRECTORY_MEMBERSHIP, by, of, from->after, found, pairs, &n,
			    &h->arena, f))
		return false;
	for (size_t i = 0; i < n; i++) {
		const Lahetti__V1__Membership *m = found[i]->membership;

		if (!add_row(h, of_unit ? DIRECTORY_USER : DIRECTORY_UNIT,
			     lahetti_bytes_span(of_unit ? m->user : m->unit), page, &n_page, f))
			return false;
		page[n_page++] = found[i];
	}
	return answer_directory(h, page, n_page,
				write_onward(cursor, n == 0 ? NULL : found[n - 1],
					     DIRECTORY_MEMBERSHIP, n == pairs),
				f);
}

/* Organisations, then units, then users, then memberships, by identifier. An organisation narrows
 * all but organisations. */
static bool read_all(struct handling *h, const Lahetti__V1__ReadDirectory *asked,
		     const struct lahetti_id *organisation, struct onward from, size_t most,
		     uint8_t *cursor, struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *found[PAGE_MOST], *kept[PAGE_MOST];
	ProtobufCBinaryData onward = {0};
	size_t n_kept = 0, n;

	while (from.kind <= DIRECTORY_MEMBERSHIP && n_kept < most) {
		bool narrowed =
			from.kind != DIRECTORY_ORGANISATION && !lahetti_id_empty(organisation);

		if (!directory_list(h->store, from.kind,
				    narrowed ? DIRECTORY_BY_ORGANISATION : DIRECTORY_ALL,
				    organisation, from.after, found, most - n_kept, &n, &h->arena,
				    f))
			return false;
		for (size_t i = 0; i < n; i++)
			if (matches(found[i], asked->term))
				kept[n_kept++] = found[i];
		if (n == 0) {
			from = (struct onward){.kind = from.kind + 1};
			continue;
		}
		onward = write_onward(cursor, found[n - 1], from.kind, true);
		from.after = lahetti_span(cursor + 1, LAHETTI_ID_LEN);
	}
	return answer_directory(h, kept, n_kept, n_kept == most ? onward : (ProtobufCBinaryData){0},
				f);
}

bool read_directory(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__ReadDirectory *asked = h->frame->read_directory;
	size_t most = asked->limit == 0 || asked->limit > PAGE_MOST ? PAGE_MOST : asked->limit;
	uint8_t *cursor = lahetti_arena_take(&h->arena, ONWARD_LEN);
	struct lahetti_id organisation, unit, user;
	struct onward from;

	if (cursor == NULL)
		return lahetti_fault_no_memory(f);
	if (!lahetti_text_is_line(asked->term, NAME_MOST, f) ||
	    !facts_id(asked->organisation, &organisation, f) || !facts_id(asked->unit, &unit, f) ||
	    !facts_id(asked->user, &user, f) || !read_onward(asked->cursor, &from, f))
		return false;
	if (!lahetti_id_empty(&unit))
		return read_memberships(h, DIRECTORY_BY_UNIT, &unit, &from, most, cursor, f);
	if (!lahetti_id_empty(&user))
		return read_memberships(h, DIRECTORY_BY_USER, &user, &from, most, cursor, f);
	return read_all(h, asked, &organisation, from, most, cursor, f);
}

bool read_devices(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__DirectoryEntry *found[PAGE_MOST];
	struct lahetti_id user, owner;
	struct decision d;
	bool leader;
	size_t n;

	if (!facts_id(h->frame->read_devices->user, &user, f))
		return false;
	if (lahetti_id_empty(&user))
		user = h->actor.user;
	if (!organisation_of(h, lahetti_bytes(lahetti_id_span(&user)), &owner, f))
		return false;
	d = policy_admin(&h->actor, POLICY_ADMIN_REVOKE, &owner, &user);
	if (!leads(h, lahetti_bytes(lahetti_id_span(&user)), &leader, f))
		return false;
	if (!d.allowed && !leader)
		return refuse_reading(h, d.code);
	return directory_list(h->store, DIRECTORY_DEVICE, DIRECTORY_BY_USER, &user,
			      (struct lahetti_span){0}, found, PAGE_MOST, &n, &h->arena, f) &&
	       answer_directory(h, found, n, (ProtobufCBinaryData){0}, f);
}
