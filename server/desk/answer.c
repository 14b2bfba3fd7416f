#include "handling.h"
#include "lahetti/message.h"
#include "lahetti/text.h"

#include <stdio.h>
#include <string.h>

static bool spent(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "answer-too-large",
				 "The answer does not fit into one frame.");
}

bool answer_frame(struct handling *h, const struct answer_head *head,
		  Lahetti__V1__ServerFrame *frame, struct lahetti_fault *f)
{
	struct lahetti_span packed = lahetti_message_pack(&frame->base, &h->arena);
	struct answer *a;

	if (packed.data == NULL)
		return spent(f);
	a = answer_new(head, packed, f);
	if (a == NULL)
		return false;
	*h->end = a;
	h->end = &a->next;
	return true;
}

bool answer_session(struct handling *h, Lahetti__V1__ServerFrame *frame, uint32_t flags,
		    struct lahetti_fault *f)
{
	const struct answer_head head = {
		.to = ANSWER_SESSION,
		.flags = flags | ANSWER_COMPLETES,
		.session = h->job->head.session,
	};

	frame->correlation = h->job->head.correlation;
	h->answered = true;
	return answer_frame(h, &head, frame, f);
}

bool answer_done(struct handling *h, uint64_t event, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Done done = LAHETTI__V1__DONE__INIT;

	done.event = event;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_DONE;
	frame.done = &done;
	return answer_session(h, &frame, 0, f);
}

bool answer_error(struct handling *h, Lahetti__V1__Error__Class class, const char *code,
		  uint32_t flags, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Error error = LAHETTI__V1__ERROR__INIT;
	enum lahetti_language language;
	const char *sentence;

	if (!lahetti_language_find(h->job->head.language, &language))
		language = LAHETTI_ENGLISH;
	sentence = lahetti_text_of_code(code, language);
	if (sentence == NULL)
		sentence = lahetti_text_of_code("server-fault", language);
	error.code = (char *)(uintptr_t)code;
	error.class_ = class;
	error.sentence = (char *)(uintptr_t)sentence;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_ERROR;
	frame.error = &error;
	return answer_session(h, &frame, flags, f);
}

void answers_drop(struct handling *h)
{
	for (struct answer *a = h->first, *next; a != NULL; a = next) {
		next = a->next;
		answer_destroy(a);
	}
	h->first = NULL;
	h->end = &h->first;
	h->answered = false;
	job_destroy(h->fetch);
	h->fetch = NULL;
}

bool record_refusal(struct trail *t, const struct refusal *r, const struct trail_subject *subject,
		    struct lahetti_fault *f)
{
	const struct job_actor *who = &r->actor;
	struct trail_subject whom;
	struct trail_entry e;

	trail_entry_init(&e, r->action, LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_REFUSED);
	e.user = who->user;
	e.device = who->device;
	e.organisation = who->organisation;
	e.event.role = (Lahetti__V1__Role)who->role;
	if (!lahetti_id_empty(&who->organisation))
		e.event.organisation = e.event.controller =
			lahetti_bytes(lahetti_id_span(&who->organisation));
	if (!lahetti_id_empty(&who->unit))
		e.event.unit = lahetti_bytes(lahetti_id_span(&who->unit));
	e.event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_NONE_NEEDED;
	e.event.reason = (char *)(uintptr_t)r->code;
	e.event.count = r->count > 1 ? r->count : 0;
	if (subject != NULL)
		whom = *subject;
	else if (!lahetti_id_empty(&r->client))
		trail_subject_init(&whom, &r->controller, &r->client);
	else
		trail_subject_init(&whom, &who->organisation, NULL);
	if (!lahetti_id_empty(&whom.controller)) {
		e.subjects = &whom;
		e.n_subjects = 1;
	}
	return trail_append(t, &e, f);
}

/* Whose refusals of what are equal: of a stranger all from one address, whatever they were; of
 * somebody those of one thing. */
static bool is_to_be_recorded(struct handling *h, struct refusal *r)
{
	const struct job_head *head = &h->job->head;
	bool stranger = (frame_row(head->frame)->states & FRAME_STRANGER) != 0;
	const struct lahetti_span source =
		!stranger ? lahetti_span(&head->session, sizeof head->session)
		: lahetti_id_empty(&head->actor.user)
			? lahetti_span(head->address, sizeof head->address)
			: lahetti_digest_span(&head->actor.device);
	const struct lahetti_span key[] = {
		source,
		lahetti_span(&r->action, sizeof r->action),
		lahetti_span_text(r->code),
		lahetti_id_span(&r->client),
	};

	return quiet_speak(h->quiet, key, stranger && lahetti_id_empty(&head->actor.user) ? 1 : 4,
			   r, h->now_us);
}

/* What may succeed when the same is tried later. */
static bool is_transient(const char *code)
{
	return strcmp(code, "too-many-tries") == 0;
}

bool refuse(struct handling *h, const char *code, const struct trail_subject *subject,
	    struct lahetti_fault *f)
{
	struct refusal r = {.action = handler_of(h->job->head.frame)->action,
			    .actor = h->job->head.actor};

	(void)snprintf(r.code, sizeof r.code, "%s", code);
	r.actor.organisation = h->actor.organisation;
	r.actor.unit = h->actor.unit;
	r.actor.role = (uint32_t)h->actor.role;
	if (subject != NULL) {
		r.client = subject->client;
		r.controller = subject->controller;
	}
	h->refused = true;
	if (is_to_be_recorded(h, &r) && !record_refusal(h->trail, &r, subject, f))
		return false;
	return answer_error(h,
			    is_transient(code) ? LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT
					       : LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED,
			    code, 0, f);
}

bool refuse_reading(struct handling *h, const char *code)
{
	h->refusal = code;
	return true;
}

/* Events
 * ------------------------------------------------------------------------------------------------------------
 */

ProtobufCBinaryData id_bytes(struct handling *h, const struct lahetti_id *id)
{
	ProtobufCBinaryData b = {0};

	if (!lahetti_id_empty(id)) {
		b.data = lahetti_arena_copy(&h->arena, id->bytes, sizeof id->bytes);
		b.len = b.data == NULL ? 0 : sizeof id->bytes;
	}
	return b;
}

ProtobufCBinaryData digest_bytes(struct handling *h, const struct lahetti_digest *d)
{
	ProtobufCBinaryData b = {.data = lahetti_arena_copy(&h->arena, d->bytes, sizeof d->bytes)};

	b.len = b.data == NULL ? 0 : sizeof d->bytes;
	return b;
}

void entry_init(struct handling *h, struct trail_entry *e, Lahetti__V1__Action action,
		Lahetti__V1__EventOutcome outcome)
{
	trail_entry_init(e, action, outcome);
	e->user = h->job->head.actor.user;
	e->device = h->job->head.actor.device;
	e->organisation = h->actor.organisation;
	e->event.role = h->actor.role;
	e->event.organisation = id_bytes(h, &h->actor.organisation);
	e->event.controller = e->event.organisation;
	e->event.unit = id_bytes(h, &h->actor.unit);
	e->event.basis = LAHETTI__V1__BASIS_KIND__BASIS_KIND_NONE_NEEDED;
}

bool entry_append(struct handling *h, struct trail_entry *e, struct trail_subject *subject,
		  struct lahetti_fault *f)
{
	e->subjects = subject;
	e->n_subjects = 1;
	if (!trail_append(h->trail, e, f))
		return false;
	h->event = e->number;
	return true;
}

struct trail_subject subject_nobody(const struct lahetti_id *organisation)
{
	struct trail_subject s;

	trail_subject_init(&s, organisation, NULL);
	return s;
}

Lahetti__V1__Record *record_directory(struct handling *h, Lahetti__V1__DirectoryEntry *entry)
{
	Lahetti__V1__Record *record = lahetti_arena_take(&h->arena, sizeof *record);

	if (record != NULL) {
		lahetti__v1__record__init(record);
		record->record_case = LAHETTI__V1__RECORD__RECORD_DIRECTORY;
		record->directory = entry;
	}
	return record;
}

/* What a reader ends
 * ------------------------------------------------------------------------------------------------
 */

struct fetch *fetch_new(struct handling *h, size_t n)
{
	size_t len = sizeof(struct fetch) + n * sizeof(struct fetch_item);
	struct fetch *fetch = lahetti_arena_take(&h->arena, len);

	if (fetch == NULL)
		return NULL;
	memset(fetch, 0, len);
	fetch->what = h->job->head.frame;
	fetch->n = (uint32_t)n;
	return fetch;
}

bool fetch_send(struct handling *h, const struct fetch *fetch, struct lahetti_fault *f)
{
	if (fetch == NULL)
		return spent(f);
	h->fetch = job_new(
		&h->job->head,
		lahetti_span(fetch, sizeof *fetch + fetch->n * sizeof(struct fetch_item)), f);
	if (h->fetch == NULL)
		return false;
	h->fetch->head.frame = JOB_FETCH;
	h->answered = true;
	return true;
}
