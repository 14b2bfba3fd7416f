#include "checks.h"
#include "lahetti/forms.h"
#include "lahetti/id.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <lahetti/v1/common.pb-c.h>
#include <string.h>

#define AUDIENCE_MOST 255

static const char *const media_types[] = {
	"application/pdf",
	"image/png",
	"image/jpeg",
	"text/plain",
	"application/vnd.oasis.opendocument.text",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
	"application/octet-stream",
};

static bool newer_statement(struct lahetti_fault *f)
{
	return lahetti_wrong(f, "newer-statement");
}

static bool same_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return lahetti_span_equal(lahetti_bytes_span(a), lahetti_bytes_span(b));
}

/* Who says it, about whom, when. */
static bool check_author(const struct lahetti_kind_row *kind, const Lahetti__V1__Header *h,
			 struct lahetti_fault *f)
{
	if (!lahetti_check_id(h->id, f) || !lahetti_check_id(h->author, f) ||
	    !lahetti_check_id(h->unit, f) || !lahetti_check_id(h->organisation, f) ||
	    !lahetti_check_digest(h->device, f))
		return false;
	if (h->salt.len != LAHETTI_SALT_LEN)
		return lahetti_wrong(f, "bad-salt");
	if (h->audience[0] == '\0' || strlen(h->audience) > AUDIENCE_MOST)
		return lahetti_wrong(f, "bad-audience");
	if (h->role == LAHETTI__V1__ROLE__ROLE_UNSPECIFIED)
		return lahetti_wrong(f, "missing-role");
	if (h->created_us <= 0)
		return lahetti_wrong(f, "missing-time");
	if (!kind->has_client)
		return (h->client.len == 0 && h->case_id.len == 0) ||
		       lahetti_wrong(f, "unwanted-client");
	if (h->client.len == 0 || h->case_id.len == 0)
		return lahetti_wrong(f, "missing-client");
	return lahetti_check_id(h->client, f) && lahetti_check_id(h->case_id, f);
}

/* What it answers, replaces and relies on. */
static bool check_references(const struct lahetti_kind_row *kind, const Lahetti__V1__Header *h,
			     struct lahetti_fault *f)
{
	if (kind->replies_to != 0 && h->in_reply_to == NULL)
		return lahetti_wrong(f, "missing-reply");
	if (kind->replies_to == 0 && h->in_reply_to != NULL)
		return lahetti_wrong(f, "unwanted-reply");
	if (!kind->replaces && h->replaces != NULL)
		return lahetti_wrong(f, "unwanted-replacement");
	if (h->n_consents > LAHETTI_LIST_MOST)
		return lahetti_wrong(f, "bad-consents");
	for (size_t i = 0; i < h->n_consents; i++) {
		if (!lahetti_check_reference(h->consents[i], f))
			return false;
		for (size_t k = 0; k < i; k++)
			if (same_bytes(h->consents[i]->id, h->consents[k]->id))
				return lahetti_wrong(f, "bad-consents");
	}
	return lahetti_check_reference(h->in_reply_to, f) &&
	       lahetti_check_reference(h->replaces, f);
}

static bool same_recipient(const Lahetti__V1__Recipient *a, const Lahetti__V1__Recipient *b)
{
	return a->kind == b->kind && a->role == b->role &&
	       same_bytes(a->organisation, b->organisation) && same_bytes(a->unit, b->unit) &&
	       same_bytes(a->user, b->user);
}

static bool check_recipients(const struct lahetti_kind_row *kind, const Lahetti__V1__Header *h,
			     struct lahetti_fault *f)
{
	if (h->n_recipients < kind->recipients_least)
		return lahetti_wrong(f, "missing-recipient");
	if (h->n_recipients > kind->recipients_most)
		return lahetti_wrong(f, "too-many-recipients");
	for (size_t i = 0; i < h->n_recipients; i++) {
		if (!lahetti_check_recipient(h->recipients[i], kind->recipients, f))
			return false;
		for (size_t k = 0; k < i; k++)
			if (same_recipient(h->recipients[i], h->recipients[k]))
				return lahetti_wrong(f, "duplicate-recipient");
	}
	return true;
}

bool lahetti_basis_check(const Lahetti__V1__Basis *basis, struct lahetti_fault *f)
{
	if (basis == NULL)
		return lahetti_wrong(f, "missing-basis");
	switch (basis->kind) {
	case LAHETTI__V1__BASIS_KIND__BASIS_KIND_OWN_REGISTER:
	case LAHETTI__V1__BASIS_KIND__BASIS_KIND_CONSENT:
		return (basis->section[0] == '\0' && basis->necessity[0] == '\0' &&
			basis->decided_by.len == 0) ||
		       lahetti_wrong(f, "bad-basis");
	case LAHETTI__V1__BASIS_KIND__BASIS_KIND_STATUTORY:
		return lahetti_check_given(basis->section, LAHETTI_TEXT_LINE, "missing-section",
					   f) &&
		       lahetti_check_given(basis->necessity, LAHETTI_TEXT_SENTENCE,
					   "missing-necessity", f) &&
		       (basis->decided_by.len > 0 || lahetti_wrong(f, "missing-decider")) &&
		       lahetti_check_id(basis->decided_by, f);
	case LAHETTI__V1__BASIS_KIND__BASIS_KIND_UNSPECIFIED:
		return lahetti_wrong(f, "missing-basis");
	default:
		return lahetti_wrong(f, "bad-basis");
	}
}

static bool check_disclosure(const struct lahetti_kind_row *kind, const Lahetti__V1__Header *h,
			     struct lahetti_fault *f)
{
	if (kind->recipients != 0 && h->n_categories == 0)
		return lahetti_wrong(f, "missing-categories");
	return lahetti_check_categories(h->categories, h->n_categories, f) &&
	       ((h->basis == NULL && kind->recipients == 0) || lahetti_basis_check(h->basis, f)) &&
	       lahetti_check_date_or_none(h->deadline, f);
}

const char *lahetti_media_type(const char *type)
{
	for (size_t i = 0; i < sizeof media_types / sizeof media_types[0]; i++)
		if (strcmp(media_types[i], type) == 0)
			return media_types[i];
	return NULL;
}

const char *const *lahetti_media_types(size_t *n)
{
	*n = sizeof media_types / sizeof media_types[0];
	return media_types;
}

/* A name and nothing of a path, so that a program may write it into a folder. */
static bool is_file_name(const char *name)
{
	return !lahetti_text_blank(name) && strlen(name) <= LAHETTI_FILE_NAME_MOST &&
	       name[0] != '.' && strpbrk(name, "/\\") == NULL &&
	       lahetti_check_text(name, LAHETTI_TEXT_LINE, NULL);
}

/* What has no client carries no data of one. */
static bool check_attachments(const struct lahetti_kind_row *kind, const Lahetti__V1__Header *h,
			      struct lahetti_fault *f)
{
	if (!kind->has_client && h->n_attachments > 0)
		return lahetti_wrong(f, "unwanted-detail");
	if (h->n_attachments > LAHETTI_ATTACHMENTS_MOST)
		return lahetti_wrong(f, "too-many-attachments");
	for (size_t i = 0; i < h->n_attachments; i++) {
		const Lahetti__V1__Attachment *a = h->attachments[i];

		if (!lahetti_check_id(a->id, f) || !lahetti_check_digest(a->sha256, f))
			return false;
		if (a->size == 0 || a->size > LAHETTI_ATTACHMENT_MOST)
			return lahetti_wrong(f, "bad-attachment-size");
		if (lahetti_media_type(a->media_type) == NULL)
			return lahetti_wrong(f, "bad-media-type");
		if (!is_file_name(a->name))
			return lahetti_wrong(f, "bad-file-name");
		for (size_t k = 0; k < i; k++)
			if (same_bytes(a->id, h->attachments[k]->id))
				return lahetti_wrong(f, "duplicate-attachment");
	}
	return true;
}

bool lahetti_statement_read(struct lahetti_statement *s, struct lahetti_span payload,
			    struct lahetti_arena *arena, struct lahetti_fault *f)
{
	const Lahetti__V1__Statement *statement = lahetti_message_read(
		&lahetti__v1__statement__descriptor, payload, LAHETTI_MESSAGE_SIGNED, arena, f);
	const struct lahetti_kind_row *kind;
	const Lahetti__V1__Header *header;
	const void *body;

	if (statement == NULL)
		return false;
	header = statement->header;
	if (header == NULL)
		return lahetti_wrong(f, "missing-header");
	kind = lahetti_kind_find(header->kind);
	if (kind == NULL || header->kind_version != kind->version)
		return newer_statement(f);
	body = lahetti_message_read(kind->body, lahetti_bytes_span(statement->body),
				    LAHETTI_MESSAGE_SIGNED, arena, f);
	if (body == NULL)
		return false;
	*s = (struct lahetti_statement){.kind = kind, .header = header, .body = body};
	return check_author(kind, header, f) && check_references(kind, header, f) &&
	       check_recipients(kind, header, f) && check_disclosure(kind, header, f) &&
	       check_attachments(kind, header, f) && lahetti_form_check(kind, header, body, f) &&
	       (kind->check == NULL || kind->check(header, body, f));
}
