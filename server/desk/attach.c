/*
 * Attachments. They come in pieces before the statement that names them, which nothing of the trail
 * tells yet; they are read in pieces under one event, and what permits the reading is asked again
 * at each of them.
 */

#include "gather.h"
#include "lahetti/message.h"
#include "ledger.h"
#include "uploads.h"

#include <stdio.h>
#include <string.h>

#define PART_MOST 65536

/* On a worker: a piece comes
 * ------------------------------------------------------------------------------------------- */

bool put_attachment(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__PutAttachment *put = h->frame->put_attachment;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__AttachmentStored stored = LAHETTI__V1__ATTACHMENT_STORED__INIT;
	struct decision d = policy_clients(&h->actor);
	struct uploads_piece piece = {
		.user = h->actor.user,
		.size = put->size,
		.offset = put->offset,
		.data = lahetti_bytes_span(put->data),
	};

	if (!d.allowed)
		return refuse_reading(h, d.code);
	if (!lahetti_id_read(&piece.id, lahetti_bytes_span(put->id), f))
		return false;
	if (put->sha256.len != sizeof piece.sha256.bytes)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, "bad-digest", 0,
				    f);
	memcpy(piece.sha256.bytes, put->sha256.data, sizeof piece.sha256.bytes);
	if (!uploads_put(h->desk->uploads, &piece, h->now_us, &stored.received, f))
		return false;
	stored.id = put->id;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_ATTACHMENT_STORED;
	frame.attachment_stored = &stored;
	return answer_session(h, &frame, 0, f);
}

/* In the writer's transaction: a statement names them
 * ----------------------------------------------------------------------------- */

static bool read_attachment(const Lahetti__V1__Attachment *a, struct lahetti_id *id,
			    struct lahetti_digest *sha256, struct lahetti_fault *f)
{
	if (a->sha256.len != sizeof sha256->bytes)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-digest",
					 "The digest of an attachment has another length.");
	memcpy(sha256->bytes, a->sha256.data, sizeof sha256->bytes);
	return lahetti_id_read(id, lahetti_bytes_span(a->id), f);
}

bool attach_missing(struct handling *h, const Lahetti__V1__Header *header, bool *missing,
		    struct lahetti_fault *f)
{
	struct lahetti_digest sha256;
	struct lahetti_id id;

	*missing = false;
	for (size_t i = 0; i < header->n_attachments && !*missing; i++) {
		if (!read_attachment(header->attachments[i], &id, &sha256, f))
			return false;
		*missing = !uploads_whole(h->desk->uploads, &h->actor.user, &id,
					  header->attachments[i]->size, &sha256);
	}
	return true;
}

bool attach_all(struct handling *h, const struct lahetti_id *statement,
		const Lahetti__V1__Header *header, struct lahetti_fault *f)
{
	const struct attachments_upload *upload;
	struct lahetti_digest sha256;

	h->taken = lahetti_arena_take(&h->arena, header->n_attachments * sizeof *h->taken);
	if (h->taken == NULL)
		return lahetti_fault_no_memory(f);
	for (size_t i = 0; i < header->n_attachments; i++) {
		struct lahetti_id *id = &h->taken[h->n_taken];

		if (!read_attachment(header->attachments[i], id, &sha256, f))
			return false;
		upload = uploads_take(h->desk->uploads, &h->actor.user, id);
		if (upload == NULL)
			return lahetti_fault_set(f, LAHETTI_FAULT_BUSY, "attachment-missing",
						 "An attachment has just gone.");
		h->n_taken++;
		if (!attachments_add(h->store, statement, &h->actor.organisation, upload, f))
			return false;
	}
	return true;
}

void attach_settle(struct handling *h, bool named)
{
	for (size_t i = 0; i < h->n_taken; i++)
		uploads_settle(h->desk->uploads, &h->actor.user, &h->taken[i], named);
	h->n_taken = 0;
}

/* In the writer's transaction: one is read
 * --------------------------------------------------------------------------------------- */

struct reading {
	struct lahetti_id attachment;
	struct delivered delivered; /* by delivery */
	struct stored own;	    /* by statement */
	const struct stored *stored;
	struct facts_attachment facts;
	uint64_t size;
};

static bool gather_reading(struct handling *h, struct reading *r, struct lahetti_fault *f)
{
	const Lahetti__V1__ReadAttachment *read = h->frame->read_attachment;
	struct lahetti_id id;

	r->facts.actor = h->actor;
	if (!lahetti_id_read(&r->attachment, lahetti_bytes_span(read->attachment), f))
		return false;
	if (read->delivery.len > 0) {
		if (!facts_id(read->statement, &id, f) ||
		    !lahetti_id_read(&id, lahetti_bytes_span(read->delivery), f) ||
		    !gather_known_delivery(h, &id, &r->delivered, f))
			return false;
		r->facts.delivery = &r->delivered.facts;
		r->stored = &r->delivered.stored;
	} else {
		if (!lahetti_id_read(&id, lahetti_bytes_span(read->statement), f) ||
		    !gather_known(h, &id, &r->own, f))
			return false;
		r->stored = &r->own;
		r->facts.found = r->own.found;
		r->facts.erased = !r->own.readable;
		r->facts.author_unit = r->own.row.unit;
		r->facts.author_organisation = r->own.row.organisation;
	}
	for (size_t i = 0; r->stored->readable && i < r->stored->statement.header->n_attachments;
	     i++) {
		const Lahetti__V1__Attachment *a = r->stored->statement.header->attachments[i];

		if (!lahetti_span_equal(lahetti_bytes_span(a->id), lahetti_id_span(&r->attachment)))
			continue;
		r->facts.attached = true;
		r->size = a->size;
	}
	return true;
}

/* Whose it is, in the register of a controller. */
static void subject_of(struct handling *h, const struct reading *r,
		       const struct lahetti_id *controller, const struct lahetti_id *client,
		       const struct lahetti_id *case_id, struct trail_subject *s)
{
	trail_subject_init(s, controller, client);
	s->part.case_id = id_bytes(h, case_id);
	s->part.statement = id_bytes(h, &r->stored->row.id);
	s->part.statement_sha256 = digest_bytes(h, &r->stored->row.sha256);
	s->part.attachment = id_bytes(h, &r->attachment);
	if (r->facts.delivery != NULL)
		s->part.delivery = id_bytes(h, &r->delivered.row.id);
}

static bool record_reading(struct handling *h, const struct reading *r, struct decision d,
			   struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header = r->stored->statement.header;
	const struct statements_row *row = &r->stored->row;
	bool other = !lahetti_id_equal(&row->organisation, &h->actor.organisation);
	struct trail_subject subjects[2];
	struct statements_copy copy;
	struct trail_entry e;

	if (!gather_copy(h, r->stored, &h->actor.organisation, &copy, f))
		return false;
	entry_init(h, &e, LAHETTI__V1__ACTION__ACTION_READ_ATTACHMENT,
		   LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE);
	e.event.controller = id_bytes(h, &row->organisation);
	e.event.basis = d.basis;
	e.event.kind = row->kind;
	e.event.categories = header->categories;
	e.event.n_categories = header->n_categories;
	subject_of(h, r, &h->actor.organisation, &copy.client, &copy.case_id, &subjects[0]);
	if (other)
		subject_of(h, r, &row->organisation, &row->client, &row->case_id, &subjects[1]);
	e.subjects = subjects;
	e.n_subjects = other ? 2 : 1;
	if (!trail_append(h->trail, &e, f))
		return false;
	h->event = e.number;
	return true;
}

/* A part of an event, opened. NULL without a fault where there is none or it is erased. */
static const void *open_part(struct handling *h, uint64_t event, bool actor,
			     const ProtobufCMessageDescriptor *type, struct lahetti_fault *f)
{
	const Lahetti__V1__StoredPart *stored = NULL;
	struct lahetti_fault fault = {0};
	struct ledger_part part;
	struct lahetti_buffer b;
	const void *message = NULL;
	bool found, ok;

	lahetti_buffer_init(&b, PART_MOST);
	ok = actor ? ledger_actor_open(h->store, event, &part, &b, &found, &fault)
		   : ledger_subject_open(h->store, event, 0, &part, &b, &found, &fault);
	if (ok && found)
		stored = lahetti_message_read(&lahetti__v1__stored_part__descriptor,
					      lahetti_buffer_span(&b), LAHETTI_MESSAGE_SIGNED,
					      &h->arena, &fault);
	if (stored != NULL && stored->part != NULL)
		message = lahetti_message_read(type, lahetti_bytes_span(stored->part->part),
					       LAHETTI_MESSAGE_SIGNED, &h->arena, &fault);
	lahetti_buffer_finish(&b);
	if (message == NULL && fault.kind != LAHETTI_FAULT_NONE &&
	    fault.kind != LAHETTI_FAULT_INVALID)
		*f = fault;
	return message;
}

/* Whether an event is what permitted this reading: by this user and device, of this attachment, not
 * long ago. */
static bool is_permitted(struct handling *h, const struct reading *r, bool *permitted,
			 struct lahetti_fault *f)
{
	const Lahetti__V1__ReadAttachment *read = h->frame->read_attachment;
	struct lahetti_fault fault = {0};
	const Lahetti__V1__AuditEvent *event = NULL;
	const Lahetti__V1__ActorPart *actor;
	const Lahetti__V1__SubjectPart *subject;
	struct lahetti_buffer b;

	*permitted = false;
	lahetti_buffer_init(&b, PART_MOST);
	if (ledger_event_read(h->store, read->event, &b, &fault))
		event = lahetti_message_read(&lahetti__v1__audit_event__descriptor,
					     lahetti_buffer_span(&b), LAHETTI_MESSAGE_SIGNED,
					     &h->arena, &fault);
	lahetti_buffer_finish(&b);
	if (event != NULL && event->action == LAHETTI__V1__ACTION__ACTION_READ_ATTACHMENT &&
	    event->outcome == LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_DONE &&
	    policy_reading_lasts(event->time_us, h->now_us)) {
		actor = open_part(h, read->event, true, &lahetti__v1__actor_part__descriptor,
				  &fault);
		subject = open_part(h, read->event, false, &lahetti__v1__subject_part__descriptor,
				    &fault);
		*permitted = actor != NULL && subject != NULL &&
			     lahetti_span_equal(lahetti_bytes_span(actor->user),
						lahetti_id_span(&h->actor.user)) &&
			     lahetti_span_equal(lahetti_bytes_span(actor->device),
						lahetti_digest_span(&h->job->head.actor.device)) &&
			     lahetti_span_equal(lahetti_bytes_span(event->unit),
						lahetti_id_span(&h->actor.unit)) &&
			     lahetti_span_equal(lahetti_bytes_span(subject->attachment),
						lahetti_id_span(&r->attachment)) &&
			     lahetti_span_equal(lahetti_bytes_span(subject->statement),
						lahetti_id_span(&r->stored->row.id)) &&
			     lahetti_span_equal(lahetti_bytes_span(subject->delivery),
						lahetti_bytes_span(read->delivery));
	}
	/* A number that was never given is no fault of ours. */
	if (fault.kind == LAHETTI_FAULT_NONE || fault.kind == LAHETTI_FAULT_MALFORMED)
		return true;
	*f = fault;
	return false;
}

/* What the reader fetches: items are the statement with the attachment, whose size stands in the
 * first's event, and the offset in the second's. */
static bool send_piece(struct handling *h, const struct reading *r, struct lahetti_fault *f)
{
	struct fetch *fetch = fetch_new(h, 2);

	if (fetch == NULL)
		return lahetti_fault_no_memory(f);
	fetch->event = h->event;
	fetch->items[0].id = r->stored->row.id;
	fetch->items[0].id2 = r->attachment;
	fetch->items[0].event = r->size;
	fetch->items[1].event = h->frame->read_attachment->offset;
	return fetch_send(h, fetch, f);
}

bool handle_read_attachment(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__ReadAttachment *read = h->frame->read_attachment;
	struct reading *r = lahetti_arena_take(&h->arena, sizeof *r);
	struct trail_subject subject;
	struct decision d;
	bool permitted;

	if (r == NULL)
		return lahetti_fault_no_memory(f);
	memset(r, 0, sizeof *r);
	if (!gather_reading(h, r, f))
		return false;
	d = policy_read_attachment(&r->facts);
	if (!d.allowed) {
		/* Whose it is, only to those who know that it is there. */
		bool theirs = r->stored->readable &&
			      (r->facts.delivery == NULL
				       ? lahetti_id_equal(&r->stored->row.unit, &h->actor.unit)
				       : policy_addressed(&h->actor, r->facts.delivery));

		if (!theirs)
			return refuse(h, d.code, NULL, f);
		trail_subject_init(&subject, &r->stored->row.organisation, &r->stored->row.client);
		subject.part.statement = id_bytes(h, &r->stored->row.id);
		subject.part.attachment = id_bytes(h, &r->attachment);
		return refuse(h, d.code, &subject, f);
	}
	if (read->offset >= r->size || read->offset % ATTACHMENTS_CHUNK != 0)
		return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, "bad-piece", 0, f);
	if (read->event == 0)
		return record_reading(h, r, d, f) && send_piece(h, r, f);
	if (!is_permitted(h, r, &permitted, f))
		return false;
	if (!permitted)
		return refuse(h, "reading-ended", NULL, f);
	h->event = read->event;
	return send_piece(h, r, f);
}

/* On a reader, after the commit
 * ---------------------------------------------------------------------------------------- */

/* What can't be read is told to the reader as it is, and to the operator. */
static bool tell_damage(struct handling *h, const struct lahetti_fault *fault,
			struct lahetti_fault *f)
{
	const struct desk_options *o = h->desk->options;
	char line[400];

	(void)snprintf(line, sizeof line, "event=attachment_unreadable code=%s text=\"%s\"",
		       fault->code, fault->text);
	o->log(o->context, line);
	return answer_error(h, LAHETTI__V1__ERROR__CLASS__CLASS_REFUSED, "attachment-damaged", 0,
			    f);
}

bool fetch_attachment(struct handling *h, struct lahetti_fault *f)
{
	const struct fetch *fetch = (const struct fetch *)(const void *)h->job->frame;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__AttachmentPiece piece = LAHETTI__V1__ATTACHMENT_PIECE__INIT;
	struct lahetti_fault fault = {0};
	struct lahetti_buffer b;
	bool ok;

	lahetti_buffer_init(&b, ATTACHMENTS_CHUNK + LAHETTI_SEAL_OVERHEAD);
	piece.attachment = id_bytes(h, &fetch->items[0].id2);
	piece.size = fetch->items[0].event;
	piece.offset = fetch->items[1].event;
	piece.event = fetch->event;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_ATTACHMENT_PIECE;
	frame.attachment_piece = &piece;
	ok = attachments_read(h->store, h->desk->attachments, &fetch->items[0].id,
			      &h->actor.organisation, &fetch->items[0].id2, piece.size,
			      piece.offset, &b, &fault);
	if (ok) {
		piece.data = lahetti_bytes(lahetti_buffer_span(&b));
		ok = answer_session(h, &frame, 0, f);
	} else if (fault.kind == LAHETTI_FAULT_BROKEN && strcmp(fault.code, "attachment-io") != 0 &&
		   strncmp(fault.code, "attachment-", strlen("attachment-")) == 0) {
		ok = tell_damage(h, &fault, f);
	} else {
		*f = fault;
	}
	lahetti_buffer_finish(&b);
	return ok;
}
