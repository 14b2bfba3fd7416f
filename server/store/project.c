#include "project.h"

#include "directory.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "store_internal.h"

static struct db_value bytes(ProtobufCBinaryData b)
{
	return store_bytes_or_null(lahetti_bytes_span(b));
}

static struct db_value number(uint64_t n)
{
	return db_int((int64_t)n);
}

static bool bad_record(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "bad-record",
				 "A stored record is of a kind that this version does not know, or "
				 "lacks what it is about.");
}

/* What one entry of the directory is found by. */
struct place {
	enum directory_kind kind;
	struct db_value entity, organisation, unit, user, role;
};

static bool place_of(struct place *p, const Lahetti__V1__DirectoryEntry *e, struct lahetti_fault *f)
{
	*p = (struct place){
		.organisation = db_null(), .unit = db_null(), .user = db_null(), .role = db_null()};
	switch (e->entry_case) {
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_ORGANISATION:
		p->kind = DIRECTORY_ORGANISATION;
		p->entity = p->organisation = bytes(e->organisation->id);
		return true;
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_UNIT:
		p->kind = DIRECTORY_UNIT;
		p->entity = p->unit = bytes(e->unit->id);
		p->organisation = bytes(e->unit->organisation);
		return true;
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER:
		p->kind = DIRECTORY_USER;
		p->entity = p->user = bytes(e->user->id);
		p->organisation = bytes(e->user->organisation);
		return true;
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP:
		p->kind = DIRECTORY_MEMBERSHIP;
		p->entity = bytes(e->membership->id);
		p->organisation = bytes(e->membership->organisation);
		p->unit = bytes(e->membership->unit);
		p->user = bytes(e->membership->user);
		p->role = number((uint64_t)e->membership->role);
		return true;
	case LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_DEVICE:
		p->kind = DIRECTORY_DEVICE;
		p->entity = bytes(e->device->key_id);
		p->user = bytes(e->device->user);
		return true;
	default:
		return bad_record(f);
	}
}

static bool directory(struct store *s, uint64_t event, uint32_t n, int64_t time_us,
		      const Lahetti__V1__DirectoryEntry *e, struct lahetti_fault *f)
{
	struct place p;

	return place_of(&p, e, f) &&
	       store_change(s, SQL_DIRECTORY_END,
			    STORE_PARAMS(db_int(p.kind), p.entity, db_int(time_us)), f) &&
	       store_change(s, SQL_DIRECTORY_ADD,
			    STORE_PARAMS(number(event), number(n), db_int(p.kind), p.entity,
					 p.organisation, p.unit, p.user, p.role, db_int(time_us)),
			    f);
}

static bool statement_accepted(struct store *s, uint64_t event, int64_t time_us,
			       const Lahetti__V1__StatementAccepted *r, struct lahetti_fault *f)
{
	if (!store_change(s, SQL_STATEMENT_ADD,
			  STORE_PARAMS(bytes(r->statement), number(event), bytes(r->sha256),
				       number(r->kind), bytes(r->organisation), bytes(r->unit),
				       bytes(r->in_reply_to), db_int(r->sent_late),
				       db_int(time_us)),
			  f))
		return false;
	return r->kind != LAHETTI_KIND_CONSENT ||
	       store_change(s, SQL_CONSENT_ADD, STORE_PARAMS(bytes(r->statement)), f);
}

static bool delivery_made(struct store *s, uint64_t event, int64_t time_us,
			  const Lahetti__V1__DeliveryMade *r, struct lahetti_fault *f)
{
	const Lahetti__V1__Recipient *to = r->recipient;

	if (to == NULL)
		return bad_record(f);
	if (!store_change(s, SQL_DELIVERY_ADD,
			  STORE_PARAMS(bytes(r->delivery), bytes(r->statement), number(event),
				       db_int(time_us), number((uint64_t)to->kind),
				       bytes(to->organisation), bytes(to->unit),
				       number((uint64_t)to->role), bytes(to->user),
				       number((uint64_t)r->urgency), number(r->deadline),
				       number((uint64_t)r->basis)),
			  f))
		return false;
	for (size_t i = 0; i < r->n_consents; i++)
		if (!store_change(s, SQL_DELIVERY_CONSENT_ADD,
				  STORE_PARAMS(bytes(r->delivery), bytes(r->consents[i])), f))
			return false;
	return true;
}

static bool delivery_moved(struct store *s, uint64_t event, uint32_t n, int64_t time_us,
			   const Lahetti__V1__DeliveryMoved *r, struct lahetti_fault *f)
{
	if (r->step == LAHETTI__V1__STEP__STEP_UNSPECIFIED)
		return store_change_one(
			s, SQL_DELIVERY_CLAIM,
			STORE_PARAMS(bytes(r->delivery), number(event), bytes(r->claimed_by)), f);
	if (r->step == LAHETTI__V1__STEP__STEP_OPEN &&
	    !store_change(s, SQL_DELIVERY_OPENED, STORE_PARAMS(bytes(r->delivery), number(event)),
			  f))
		return false;
	return store_change_one(s, SQL_DELIVERY_MOVE,
				STORE_PARAMS(bytes(r->delivery), number(event),
					     number((uint64_t)r->state),
					     number((uint64_t)r->reason), db_int(time_us)),
				f) &&
	       store_change(s, SQL_STEP_ADD,
			    STORE_PARAMS(bytes(r->delivery), number(event), number(n),
					 number((uint64_t)r->step), number((uint64_t)r->state),
					 number((uint64_t)r->reason), bytes(r->statement),
					 db_int(time_us)),
			    f);
}

static bool erasure_proposed(struct store *s, uint64_t event, int64_t time_us,
			     const Lahetti__V1__ErasureProposed *r, struct lahetti_fault *f)
{
	return store_change(s, SQL_ERASURE_PROPOSE,
			    STORE_PARAMS(bytes(r->erasure), bytes(r->controller), bytes(r->client),
					 number((uint64_t)r->scope), bytes(r->statement),
					 number((uint64_t)r->reason),
					 db_text(lahetti_span_text(r->reference)),
					 bytes(r->proposer), number(event), db_int(time_us),
					 db_int(r->until_us)),
			    f);
}

static bool care_team_member(struct store *s, uint64_t event, uint32_t n, int64_t time_us,
			     const Lahetti__V1__CareTeamMember *r, struct lahetti_fault *f)
{
	if (!store_change(s, SQL_CARE_TEAM_END,
			  STORE_PARAMS(bytes(r->case_id), bytes(r->user), db_int(time_us)), f))
		return false;
	if (!r->ended &&
	    (!store_change(s, SQL_CARE_TEAM_ADD,
			   STORE_PARAMS(number(event), number(n), bytes(r->case_id), bytes(r->user),
					bytes(r->unit), bytes(r->organisation),
					db_int(r->case_manager), db_int(time_us)),
			   f) ||
	     !store_change(s, SQL_CARE_TEAM_UNIT_ADD,
			   STORE_PARAMS(bytes(r->case_id), bytes(r->unit), bytes(r->organisation),
					number(event)),
			   f)))
		return false;
	return store_change(s, SQL_CARE_TEAM_UNIT_END, STORE_PARAMS(bytes(r->case_id)), f);
}

bool project_record(struct store *s, uint64_t event, uint32_t n, int64_t time_us,
		    const Lahetti__V1__Record *r, struct lahetti_fault *f)
{
	switch (r->record_case) {
	case LAHETTI__V1__RECORD__RECORD_DIRECTORY:
		return directory(s, event, n, time_us, r->directory, f);
	case LAHETTI__V1__RECORD__RECORD_CODE_ISSUED:
		return store_change(s, SQL_CODE_ADD,
				    STORE_PARAMS(bytes(r->code_issued->code_sha256),
						 bytes(r->code_issued->user),
						 bytes(r->code_issued->maker),
						 db_int(r->code_issued->until_us)),
				    f);
	case LAHETTI__V1__RECORD__RECORD_CODE_USED:
		return store_change_one(
			s, SQL_CODE_USE,
			STORE_PARAMS(bytes(r->code_used->code_sha256), number(event)), f);
	case LAHETTI__V1__RECORD__RECORD_CLIENT_ADDED:
		clients_forget(s);
		return store_change(s, SQL_CLIENT_ADD,
				    STORE_PARAMS(bytes(r->client_added->client),
						 bytes(r->client_added->controller),
						 db_int(r->client_added->nameless),
						 r->client_added->week == 0
							 ? db_null()
							 : number(r->client_added->week),
						 number(event)),
				    f);
	case LAHETTI__V1__RECORD__RECORD_ALIAS_RECORDED:
		return store_change_one(s, SQL_CLIENT_ALIAS,
					STORE_PARAMS(bytes(r->alias_recorded->client),
						     bytes(r->alias_recorded->person)),
					f);
	case LAHETTI__V1__RECORD__RECORD_IDENTITY_RECORDED:
		return true; /* the identity itself is sealed beside */
	case LAHETTI__V1__RECORD__RECORD_CASE_ADDED:
		return store_change(s, SQL_CASE_ADD,
				    STORE_PARAMS(bytes(r->case_added->case_id),
						 bytes(r->case_added->client),
						 bytes(r->case_added->controller), number(event)),
				    f);
	case LAHETTI__V1__RECORD__RECORD_CASE_SHARED:
		if (r->case_shared->ended)
			return store_change(s, SQL_CASE_UNIT_END,
					    STORE_PARAMS(bytes(r->case_shared->case_id),
							 bytes(r->case_shared->unit)),
					    f);
		return store_change(s, SQL_CASE_UNIT_ADD,
				    STORE_PARAMS(bytes(r->case_shared->case_id),
						 bytes(r->case_shared->unit), number(event)),
				    f);
	case LAHETTI__V1__RECORD__RECORD_CARE_TEAM_MEMBER:
		return care_team_member(s, event, n, time_us, r->care_team_member, f);
	case LAHETTI__V1__RECORD__RECORD_STATEMENT_ACCEPTED:
		return statement_accepted(s, event, time_us, r->statement_accepted, f);
	case LAHETTI__V1__RECORD__RECORD_DELIVERY_MADE:
		return delivery_made(s, event, time_us, r->delivery_made, f);
	case LAHETTI__V1__RECORD__RECORD_DELIVERY_MOVED:
		return delivery_moved(s, event, n, time_us, r->delivery_moved, f);
	case LAHETTI__V1__RECORD__RECORD_COPY_TAKEN:
		return store_change(s, SQL_COPY_ADD,
				    STORE_PARAMS(bytes(r->copy_taken->statement),
						 bytes(r->copy_taken->controller),
						 bytes(r->copy_taken->client),
						 bytes(r->copy_taken->case_id), number(event)),
				    f);
	case LAHETTI__V1__RECORD__RECORD_CONSENT_ENDED:
		if (r->consent_ended->whole)
			return store_change_one(
				s, SQL_CONSENT_END,
				STORE_PARAMS(bytes(r->consent_ended->consent), number(event)), f);
		return store_change(s, SQL_CONSENT_PART_ADD,
				    STORE_PARAMS(bytes(r->consent_ended->consent),
						 bytes(r->consent_ended->statement)),
				    f);
	case LAHETTI__V1__RECORD__RECORD_ERASURE_PROPOSED:
		return erasure_proposed(s, event, time_us, r->erasure_proposed, f);
	case LAHETTI__V1__RECORD__RECORD_ERASURE_ENDED:
		return store_change_one(s, SQL_ERASURE_END,
					STORE_PARAMS(bytes(r->erasure_ended->erasure),
						     bytes(r->erasure_ended->controller),
						     bytes(r->erasure_ended->client),
						     number((uint64_t)r->erasure_ended->scope),
						     bytes(r->erasure_ended->statement),
						     db_int(time_us), number(event),
						     db_int(r->erasure_ended->done),
						     bytes(r->erasure_ended->by)),
					f);
	case LAHETTI__V1__RECORD__RECORD_CONFIGURED:
		return store_change(s, SQL_CONFIGURATION_ADD,
				    STORE_PARAMS(db_text(lahetti_span_text(r->configured->name)),
						 number(event), bytes(r->configured->sha256)),
				    f);
	default:
		return bad_record(f);
	}
}
