/* What became of what one's unit sent: its state at a glance, and the steps of one statement. */

#include "gather.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <string.h>

#define PAGE_MOST  50
#define STEPS_MOST 256

/* A list that goes backwards: the event below which the next page begins. */
static ProtobufCBinaryData write_cursor(struct handling *h, uint64_t below)
{
	uint8_t *data = lahetti_arena_take(&h->arena, CURSOR_LEN);

	if (data != NULL)
		cursor_write(data, below);
	return (ProtobufCBinaryData){.data = data, .len = data == NULL ? 0 : CURSOR_LEN};
}

/* A page shows which clients were referred: it is one event, with a part for each. */
static bool record_page(struct handling *h, const struct delivered *const *page, size_t n,
			struct lahetti_fault *f)
{
	struct trail_subject subjects[PAGE_MOST];
	struct trail_entry e;
	size_t kept = 0;

	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_LIST,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER;
	e.event.count = (uint32_t)n;
	for (size_t i = 0; i < n; i++) {
		bool seen = page[i]->facts.erased || lahetti_id_empty(&page[i]->stored.row.client);

		for (size_t k = 0; k < kept; k++)
			seen = seen ||
			       lahetti_id_equal(&subjects[k].client, &page[i]->stored.row.client);
		if (!seen)
			trail_subject_init(&subjects[kept++], &h->actor.organisation,
					   &page[i]->stored.row.client);
	}
	if (kept == 0)
		subjects[kept++] = subject_nobody(&h->actor.organisation);
	e.subjects = subjects;
	e.n_subjects = kept;
	return trail_append(h->trail, &e, f);
}

bool handle_read_sent(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__ReadSent *asked = h->frame->read_sent;
	size_t most = asked->limit == 0 || asked->limit > PAGE_MOST ? PAGE_MOST : asked->limit;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__SentPage page = LAHETTI__V1__SENT_PAGE__INIT;
	struct deliveries_row *rows = lahetti_arena_take(&h->arena, PAGE_MOST * sizeof *rows);
	const struct delivered *shown[PAGE_MOST];
	struct decision allowed = policy_clients(&h->actor);
	uint64_t below;
	bool full = false;
	size_t n;

	if (!allowed.allowed)
		return refuse(h, allowed.code, NULL, f);
	page.statuses = lahetti_arena_take(&h->arena, PAGE_MOST * sizeof *page.statuses);
	if (rows == NULL || page.statuses == NULL)
		return lahetti_fault_no_memory(f);
	if (!cursor_read(asked->cursor, CURSOR_LEN, UINT64_MAX, &below, f) ||
	    !deliveries_sent_by_unit(h->store, &h->actor.unit, below, rows, most, &n, f))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct delivered *d = lahetti_arena_take(&h->arena, sizeof *d);

		if (d == NULL)
			return lahetti_fault_no_memory(f);
		if (!gather_delivered(h, &rows[i], d, f))
			return false;
		/* A page ends between statements, so that the next one misses nothing. */
		if (n == most && i > 0 &&
		    lahetti_id_equal(&rows[i].statement, &rows[n - 1].statement) &&
		    !lahetti_id_equal(&rows[0].statement, &rows[n - 1].statement)) {
			n = i;
			full = true;
			break;
		}
		page.statuses[i] = gather_status(h, d, &h->actor, f);
		if (page.statuses[i] == NULL)
			return false;
		if (!d->facts.erased)
			page.statuses[i]->client = id_bytes(h, &d->stored.row.client);
		shown[i] = d;
		below = d->stored.row.event;
	}
	page.n_statuses = n;
	if (full || n == most)
		page.cursor = write_cursor(h, below);
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_SENT;
	frame.sent = &page;
	return record_page(h, shown, n, f) && answer_session(h, &frame, 0, f);
}

/* One statement's way
 * ----------------------------------------------------------------------------------------------------
 */

/* The sentence that went with a step: of an acknowledgement, or the one that a closing sends back.
 */
static char *sentence_of(const struct stored *s)
{
	if (!s->readable)
		return NULL;
	if (s->row.kind == LAHETTI_KIND_ACKNOWLEDGEMENT)
		return ((const Lahetti__V1__Acknowledgement *)s->statement.body)->sentence;
	if (s->row.kind == LAHETTI_KIND_CLOSING)
		return ((const Lahetti__V1__Closing *)s->statement.body)->sentence_back;
	return NULL;
}

/* A step as the sender may see it: another organisation's people are not named. */
static bool add_step(struct handling *h, const struct delivered *d,
		     const struct deliveries_step *step, Lahetti__V1__Timeline *out,
		     struct lahetti_fault *f)
{
	Lahetti__V1__TimelineStep *t;
	struct stored by = {0};
	bool own = lahetti_id_equal(&d->row.organisation, &h->actor.organisation);
	char name[256];

	if (!policy_step_shown(&d->facts, (Lahetti__V1__Step)step->step,
			       gather_feedback_covered(h, d)))
		return true;
	t = lahetti_arena_take(&h->arena, sizeof *t);
	if (t == NULL)
		return lahetti_fault_no_memory(f);
	lahetti__v1__timeline_step__init(t);
	t->event = step->event;
	t->time_us = step->time_us;
	t->delivery = id_bytes(h, &d->row.id);
	t->step = (Lahetti__V1__Step)step->step;
	t->state = (Lahetti__V1__State)step->state;
	t->reason = (Lahetti__V1__Reason)step->reason;
	t->unit = id_bytes(h, &d->row.unit);
	if (!lahetti_id_empty(&step->statement)) {
		if (!gather_statement(h, &step->statement, &by, f))
			return false;
		t->statement = id_bytes(h, &step->statement);
		/* A closing's sentence is feedback, though that it ended is always shown. */
		if (sentence_of(&by) != NULL &&
		    (by.row.kind != LAHETTI_KIND_CLOSING || gather_feedback_covered(h, d)))
			t->sentence = sentence_of(&by);
	}
	if (own && by.readable) {
		if (!directory_name(h->store, DIRECTORY_USER, &by.row.author, step->time_us, name,
				    f))
			return false;
		t->user = id_bytes(h, &by.row.author);
		t->user_name = lahetti_arena_text(&h->arena, lahetti_span_text(name));
		if (t->user_name == NULL)
			return lahetti_fault_no_memory(f);
	}
	out->state = t->state;
	out->steps[out->n_steps++] = t;
	return true;
}

static bool record_look(struct handling *h, const struct stored *s, struct lahetti_fault *f)
{
	struct trail_subject subject;
	struct trail_entry e;

	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_LIST,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER;
	e.event.kind = s->row.kind;
	e.event.count = 1;
	trail_subject_init(&subject, &h->actor.organisation, &s->row.client);
	subject.part.statement = id_bytes(h, &s->row.id);
	subject.part.statement_sha256 = digest_bytes(h, &s->row.sha256);
	e.subjects = &subject;
	e.n_subjects = 1;
	return trail_append(h->trail, &e, f);
}

bool handle_read_timeline(struct handling *h, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Timeline timeline = LAHETTI__V1__TIMELINE__INIT;
	struct deliveries_row rows[DELIVERIES_MOST];
	struct deliveries_step steps[STEPS_MOST];
	struct decision allowed = policy_clients(&h->actor);
	struct stored stored;
	struct lahetti_id id;
	size_t n, n_steps;
	bool holds;

	if (!allowed.allowed)
		return refuse(h, allowed.code, NULL, f);
	if (!lahetti_id_read(&id, lahetti_bytes_span(h->frame->read_timeline->statement), f) ||
	    !gather_known(h, &id, &stored, f) ||
	    !gather_holds(h, &id, &h->actor.organisation, &holds, f))
		return false;
	if (!stored.readable || !holds || !lahetti_id_equal(&stored.row.unit, &h->actor.unit))
		return refuse(h, "no-such-statement", NULL, f);
	if (!deliveries_of_statement(h->store, &id, rows, DELIVERIES_MOST, &n, f))
		return false;
	timeline.steps = lahetti_arena_take(&h->arena, STEPS_MOST * sizeof *timeline.steps);
	if (timeline.steps == NULL)
		return lahetti_fault_no_memory(f);
	timeline.state = LAHETTI__V1__STATE__STATE_REQUESTED;
	for (size_t i = 0; i < n; i++) {
		struct delivered *d = lahetti_arena_take(&h->arena, sizeof *d);

		if (d == NULL)
			return lahetti_fault_no_memory(f);
		if (!gather_delivered(h, &rows[i], d, f) ||
		    !deliveries_steps(h->store, &rows[i].id, steps, STEPS_MOST, &n_steps, f))
			return false;
		for (size_t k = 0; k < n_steps && timeline.n_steps < STEPS_MOST; k++)
			if (!add_step(h, d, &steps[k], &timeline, f))
				return false;
	}
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_TIMELINE;
	frame.timeline = &timeline;
	return record_look(h, &stored, f) && answer_session(h, &frame, 0, f);
}
