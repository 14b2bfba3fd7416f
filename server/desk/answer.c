#include "handling.h"
#include "lahetti/message.h"
#include "lahetti/text.h"

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

/* Who is refused: a session, or before login the prefix of an address. */
static struct lahetti_span source_of(const struct handling *h)
{
	const struct job_head *head = &h->job->head;

	if ((frame_row(head->frame)->states & FRAME_STRANGER) != 0)
		return lahetti_span(head->address, sizeof head->address);
	return lahetti_span(&head->session, sizeof head->session);
}

bool refuse(struct handling *h, const char *code, const struct trail_subject *subject,
	    struct lahetti_fault *f)
{
	const struct handler *handler = handler_of(h->job->head.frame);
	struct trail_subject nobody, *whom = NULL;
	struct trail_entry e;
	uint32_t count;

	if (!quiet_speak(h->quiet, source_of(h), code, h->now_us, &count))
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, code, 0, f);
	entry_init(h, &e, handler->action, LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_REFUSED);
	e.event.reason = (char *)(uintptr_t)code;
	e.event.count = count > 1 ? count : 0;
	if (subject != NULL) {
		nobody = *subject;
		whom = &nobody;
	} else if (!lahetti_id_empty(&e.organisation)) {
		trail_subject_init(&nobody, &e.organisation, NULL);
		whom = &nobody;
	}
	e.subjects = whom;
	e.n_subjects = whom != NULL;
	return trail_append(h->trail, &e, f) &&
	       answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, code, 0, f);
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
