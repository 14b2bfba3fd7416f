/* Deliveries on their way: who hears of them, that they arrived, who of a unit has taken one from
 * its queue. */

#include "gather.h"
#include "lahetti/message.h"

#define PAGE_MOST 200

/* Subscribing
 * -----------------------------------------------------------------------------------------------------------
 */

/* A notice is no content and names no client: who is told is not an event. Handing over is. */
bool handle_subscribe(struct handling *h, struct lahetti_fault *f)
{
	const struct answer_head head = {.to = ANSWER_SESSION, .session = h->job->head.session};
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Subscribed subscribed = LAHETTI__V1__SUBSCRIBED__INIT;
	struct deliveries_row *rows = lahetti_arena_take(&h->arena, PAGE_MOST * sizeof *rows);
	struct delivered *d = lahetti_arena_take(&h->arena, sizeof *d);
	struct decision allowed = policy_clients(&h->actor);
	uint64_t after = h->frame->subscribe->after;
	bool more;
	size_t n;

	if (!allowed.allowed)
		return refuse(h, allowed.code, NULL, f);
	if (rows == NULL || d == NULL)
		return lahetti_fault_no_memory(f);
	if (!deliveries_of_unit(h->store, &h->actor.unit, after, rows, PAGE_MOST, &n, f))
		return false;
	more = n == PAGE_MOST;
	/* Deliveries of one event share a position: a page ends between positions. */
	while (more && n > 1 && rows[n - 1].position == rows[PAGE_MOST - 1].position &&
	       rows[0].position != rows[PAGE_MOST - 1].position)
		n--;
	for (size_t i = 0; i < n; i++) {
		size_t mark = h->arena.used;

		if (!gather_delivered(h, &rows[i], d, f))
			return false;
		after = rows[i].position;
		if (policy_addressed(&h->actor, &d->facts)) {
			frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_NOTICE;
			frame.notice = gather_notice(h, d, &h->actor, f);
			if (frame.notice == NULL || !answer_frame(h, &head, &frame, f))
				return false;
		}
		h->arena.used = mark; /* the notice is packed */
	}
	/* Where there is more, the client asks on from this position; what changes meanwhile it
	 * hears at once. */
	subscribed.position = after;
	subscribed.more = more;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_SUBSCRIBED;
	frame.subscribed = &subscribed;
	return answer_session(h, &frame, ANSWER_SUBSCRIBES, f);
}

/* Handing over
 * ----------------------------------------------------------------------------------------------------------
 */

/* Those that have arrived, and whose they are. */
struct arrivals {
	struct lahetti_id deliveries[PAGE_MOST];
	struct trail_subject subjects[PAGE_MOST];
	const Lahetti__V1__Record *records[PAGE_MOST];
	size_t n;
};

/* Adds a delivery that has arrived with this unit for the first time; any other is left out. */
static bool add_arrival(struct handling *h, struct arrivals *a, ProtobufCBinaryData delivery,
			struct delivered *d, struct lahetti_fault *f)
{
	const struct lahetti_step_row *row;
	struct trail_subject *s = &a->subjects[a->n];
	struct lahetti_id id;

	if (!lahetti_id_read(&id, lahetti_bytes_span(delivery), f) ||
	    !gather_known_outline(h, &id, d, f))
		return false;
	row = lahetti_step_find(LAHETTI__V1__STEP__STEP_HAND_OVER, (int)d->row.state);
	if (row == NULL || !policy_addressed(&h->actor, &d->facts))
		return true;
	for (size_t i = 0; i < a->n; i++)
		if (lahetti_id_equal(&a->deliveries[i], &id))
			return true;
	a->records[a->n] = record_moved(h, &id, LAHETTI__V1__STEP__STEP_HAND_OVER, row->to,
					LAHETTI__V1__REASON__REASON_UNSPECIFIED, NULL, NULL);
	if (a->records[a->n] == NULL)
		return lahetti_fault_no_memory(f);
	trail_subject_init(s, &d->stored.row.organisation, &d->stored.row.client);
	s->part.delivery = id_bytes(h, &id);
	s->part.statement = id_bytes(h, &d->row.statement);
	a->deliveries[a->n++] = id;
	return true;
}

/* One event for what is of one controller, with a part for each client: it stands where that one's
 * data-protection officer looks. */
static bool record_arrivals(struct handling *h, const struct arrivals *a, struct arrivals *part,
			    const struct lahetti_id *controller, struct lahetti_fault *f)
{
	struct trail_entry e;

	part->n = 0;
	for (size_t i = 0; i < a->n; i++) {
		if (!lahetti_id_equal(&a->subjects[i].controller, controller))
			continue;
		part->subjects[part->n] = a->subjects[i];
		part->records[part->n++] = a->records[i];
	}
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_HAND_OVER,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.controller = id_bytes(h, controller);
	e.event.step = LAHETTI__V1__STEP__STEP_HAND_OVER;
	e.event.count = (uint32_t)part->n;
	e.subjects = part->subjects;
	e.n_subjects = part->n;
	e.records = part->records;
	e.n_records = part->n;
	if (!trail_append(h->trail, &e, f))
		return false;
	h->event = e.number;
	return true;
}

static bool first_of_controller(const struct arrivals *a, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (lahetti_id_equal(&a->subjects[k].controller, &a->subjects[i].controller))
			return false;
	return true;
}

bool handle_handed_over(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__HandedOver *said = h->frame->handed_over;
	struct arrivals *a = lahetti_arena_take(&h->arena, 2 * sizeof *a);
	struct delivered *d = lahetti_arena_take(&h->arena, sizeof *d);
	struct decision allowed = policy_clients(&h->actor);

	if (!allowed.allowed)
		return refuse(h, allowed.code, NULL, f);
	if (said->n_deliveries > PAGE_MOST)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED,
				    "too-many-elements", 0, f);
	if (a == NULL || d == NULL)
		return lahetti_fault_no_memory(f);
	a->n = 0;
	for (size_t i = 0; i < said->n_deliveries; i++)
		if (!add_arrival(h, a, said->deliveries[i], d, f))
			return false;
	for (size_t i = 0; i < a->n; i++)
		if (first_of_controller(a, i) &&
		    !record_arrivals(h, a, a + 1, &a->subjects[i].controller, f))
			return false;
	if (!answer_done(h, h->event, f))
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!gather_tell(h, &a->deliveries[i], f))
			return false;
	return true;
}

/* The queue
 * -------------------------------------------------------------------------------------------------------------
 */

static bool
change_claim(struct handling *h, ProtobufCBinaryData delivery, Lahetti__V1__Action action,
	     struct decision (*decide)(const struct facts_actor *, const struct facts_delivery *),
	     const struct lahetti_id *claimed_by, struct lahetti_fault *f)
{
	struct delivered *d = lahetti_arena_take(&h->arena, sizeof *d);
	const Lahetti__V1__Record *records[1];
	struct trail_subject subject;
	struct trail_entry e;
	struct lahetti_id id;
	struct decision allowed;

	if (d == NULL)
		return lahetti_fault_no_memory(f);
	if (!lahetti_id_read(&id, lahetti_bytes_span(delivery), f) ||
	    !gather_known_delivery(h, &id, d, f))
		return false;
	allowed = decide(&h->actor, &d->facts);
	if (!allowed.allowed)
		return refuse(h, allowed.code, NULL, f);
	/* Asked again: who has it has it. */
	if (claimed_by != NULL && lahetti_id_equal(&d->row.claimed_by, claimed_by))
		return answer_done(h, 0, f);
	records[0] = record_moved(h, &id, LAHETTI__V1__STEP__STEP_UNSPECIFIED,
				  (Lahetti__V1__State)d->row.state,
				  LAHETTI__V1__REASON__REASON_UNSPECIFIED, NULL, claimed_by);
	if (records[0] == NULL)
		return lahetti_fault_no_memory(f);
	entry_init(h, &e, action, LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.controller = id_bytes(h, &d->stored.row.organisation);
	trail_subject_init(&subject, &d->stored.row.organisation, &d->stored.row.client);
	subject.part.delivery = id_bytes(h, &id);
	subject.part.statement = id_bytes(h, &d->row.statement);
	e.subjects = &subject;
	e.n_subjects = 1;
	e.records = records;
	e.n_records = 1;
	return trail_append(h->trail, &e, f) && answer_done(h, e.number, f) &&
	       gather_tell(h, &id, f);
}

bool handle_claim(struct handling *h, struct lahetti_fault *f)
{
	return change_claim(h, h->frame->claim->delivery, LAHETTI__V1__ACTION__ACTION_CLAIM,
			    policy_claim, &h->actor.user, f);
}

bool handle_release(struct handling *h, struct lahetti_fault *f)
{
	return change_claim(h, h->frame->release->delivery, LAHETTI__V1__ACTION__ACTION_RELEASE,
			    policy_release, NULL, f);
}
