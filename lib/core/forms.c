#include "lahetti/forms.h"

#include "checks.h"
#include "lahetti/id.h"
#include "lahetti/message.h"

#include <lahetti/v1/common.pb-c.h>
#include <string.h>

static const struct {
	const char *name;
	size_t most;
} shapes[] = {
#define SHAPE(NAME, name, most, check) [LAHETTI_SHAPE_##NAME] = {name, most},
#include "lahetti/shapes.def"
#undef SHAPE
};

const char *lahetti_shape_name(enum lahetti_shape shape)
{
	return shapes[shape].name;
}

size_t lahetti_shape_most(enum lahetti_shape shape)
{
	return shapes[shape].most;
}

/* The words of the columns of forms.def. */
#define GIVER(VALUE) LAHETTI_SET(LAHETTI__V1__GIVER__GIVER_##VALUE)
#define HOW(VALUE)   LAHETTI_SET(LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_##VALUE)
#define OFFERED	     LAHETTI_OTHERWISE_OFFERED
#define REFUSED	     LAHETTI_OTHERWISE_REFUSED
#define NEEDS(THING) LAHETTI_NEEDS_##THING
#define TO(KIND)     LAHETTI_SET(LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_##KIND)

static const struct lahetti_form_row table[] = {
#define FIELD(message_, field_, ...)                                 \
	{                                                            \
		.message = #message_,                                \
		.field = #field_,                                    \
		.offset = offsetof(Lahetti__V1__##message_, field_), \
		.shape = LAHETTI_SHAPE_##__VA_ARGS__,                \
	},
#include "lahetti/forms.def"
#undef FIELD
};

/* The rows of a message stand together. */
const struct lahetti_form_row *lahetti_form(uint32_t kind, size_t *n)
{
	const struct lahetti_kind_row *row = lahetti_kind_find(kind);
	const struct lahetti_form_row *first = NULL;

	*n = 0;
	if (row == NULL)
		return NULL;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (strcmp(table[i].message, row->body->short_name) == 0) {
			first = first == NULL ? &table[i] : first;
			++*n;
		}
	return first;
}

lahetti_set lahetti_form_values(const struct lahetti_kind_row *kind,
				const struct lahetti_form_row *row)
{
	lahetti_set values = row->is;
	size_t n;
	const struct lahetti_step_row *steps = lahetti_steps(&n);

	for (size_t i = 0; i < n; i++)
		if ((steps[i].needs & row->step_needs) && LAHETTI_IN(steps[i].kinds, kind->number))
			values |= LAHETTI_SET(steps[i].step);
	return values;
}

/* ---- fields ---- */

/* A field of a body that is checked. */
struct field {
	const struct lahetti_form_row *row;
	const ProtobufCFieldDescriptor *type;
	const Lahetti__V1__Header *header;
	const uint8_t *body;
};

static struct field field_of(const struct lahetti_kind_row *kind,
			     const struct lahetti_form_row *row, const Lahetti__V1__Header *header,
			     const void *body)
{
	return (struct field){
		.row = row,
		.type = protobuf_c_message_descriptor_get_field_by_name(kind->body, row->field),
		.header = header,
		.body = body,
	};
}

static const char *text_of(const struct field *field)
{
	const char *text;

	memcpy(&text, field->body + field->row->offset, sizeof text);
	return text;
}

static ProtobufCBinaryData bytes_of(const struct field *field)
{
	ProtobufCBinaryData bytes;

	memcpy(&bytes, field->body + field->row->offset, sizeof bytes);
	return bytes;
}

/* A number, a flag or an enum's value: protobuf-c makes all as wide. */
static uint32_t number_of(const struct field *field)
{
	uint32_t number;

	memcpy(&number, field->body + field->row->offset, sizeof number);
	return number;
}

/* A message, or the elements of a repeated field. */
static const void *pointer_of(const struct field *field)
{
	const void *pointer;

	memcpy(&pointer, field->body + field->row->offset, sizeof pointer);
	return pointer;
}

static size_t count_of(const struct field *field)
{
	size_t n;

	memcpy(&n, field->body + field->type->quantifier_offset, sizeof n);
	return n;
}

static bool is_given(const struct field *field)
{
	if (field->type->label == PROTOBUF_C_LABEL_REPEATED)
		return count_of(field) > 0;
	switch (field->type->type) {
	case PROTOBUF_C_TYPE_STRING:
		return !lahetti_text_blank(text_of(field));
	case PROTOBUF_C_TYPE_BYTES:
		return bytes_of(field).len > 0;
	case PROTOBUF_C_TYPE_MESSAGE:
		return pointer_of(field) != NULL;
	default:
		return number_of(field) != 0;
	}
}

/* ---- shapes: what each asks of what is given ---- */

static bool check_anything(const struct field *field, struct lahetti_fault *f)
{
	(void)field;
	(void)f;
	return true;
}

static bool check_text(const struct field *field, struct lahetti_fault *f)
{
	return lahetti_check_text(text_of(field),
				  (enum lahetti_text_most)lahetti_shape_most(field->row->shape), f);
}

static bool check_choices(const struct field *field, struct lahetti_fault *f)
{
	lahetti_set ignored;

	return lahetti_enum_set(pointer_of(field), count_of(field), &ignored) ||
	       lahetti_wrong(f, field->row->bad);
}

static bool check_date(const struct field *field, struct lahetti_fault *f)
{
	return lahetti_check_date_or_none(number_of(field), f);
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The shape of a BCP 47 tag: two or three letters, and subtags. May be empty. */
static bool is_language(const char *tag)
{
	size_t len = strlen(tag);
	size_t part = 0; /* characters of the subtag so far */
	bool first = true;

	if (len == 0)
		return true;
	for (size_t i = 0; i <= len; i++) {
		bool end = i == len || tag[i] == '-';

		if (end && (first ? part < 2 || part > 3 : part < 1 || part > 8))
			return false;
		if (!end && !is_letter(tag[i]) && (first || tag[i] < '0' || tag[i] > '9'))
			return false;
		first = first && !end;
		part = end ? 0 : part + 1;
	}
	return len <= LAHETTI_LANGUAGE_MOST;
}

static bool check_language(const struct field *field, struct lahetti_fault *f)
{
	return is_language(text_of(field)) || lahetti_wrong(f, "bad-language");
}

/* "bad-criteria": one is unspecified, not answered, or stands there twice. */
static bool check_criteria(const struct field *field, struct lahetti_fault *f)
{
	Lahetti__V1__CriterionAnswer *const *criteria = pointer_of(field);
	size_t n = count_of(field);
	lahetti_set seen = 0;

	for (size_t i = 0; i < n; i++) {
		const Lahetti__V1__CriterionAnswer *answer = criteria[i];

		if (answer->criterion == LAHETTI__V1__CRITERION__CRITERION_UNSPECIFIED ||
		    answer->answer == LAHETTI__V1__ANSWER__ANSWER_UNSPECIFIED ||
		    LAHETTI_IN(seen, answer->criterion))
			return lahetti_wrong(f, "bad-criteria");
		seen |= LAHETTI_SET(answer->criterion);
	}
	return true;
}

static bool same_party(const Lahetti__V1__Party *a, const Lahetti__V1__Party *b)
{
	return lahetti_span_equal(lahetti_bytes_span(a->organisation),
				  lahetti_bytes_span(b->organisation)) &&
	       lahetti_span_equal(lahetti_bytes_span(a->unit), lahetti_bytes_span(b->unit)) &&
	       lahetti_span_equal(lahetti_bytes_span(a->user), lahetti_bytes_span(b->user)) &&
	       a->role == b->role;
}

/* "bad-parties": too many, one twice, not well formed, or a role that never sees clients. */
static bool check_parties(const struct field *field, struct lahetti_fault *f)
{
	Lahetti__V1__Party *const *parties = pointer_of(field);
	size_t n = count_of(field);

	if (n > LAHETTI_LIST_MOST)
		return lahetti_wrong(f, "bad-parties");
	for (size_t i = 0; i < n; i++) {
		const struct lahetti_role_row *role = lahetti_role_find((int)parties[i]->role);

		if (!lahetti_check_id(parties[i]->organisation, f) ||
		    !lahetti_check_id_or_none(parties[i]->unit, f) ||
		    !lahetti_check_id_or_none(parties[i]->user, f))
			return false;
		if (role != NULL && !role->sees_clients)
			return lahetti_wrong(f, "bad-parties");
		for (size_t k = 0; k < i; k++)
			if (same_party(parties[i], parties[k]))
				return lahetti_wrong(f, "bad-parties");
	}
	return true;
}

static bool check_recipient(const struct field *field, struct lahetti_fault *f)
{
	const Lahetti__V1__Recipient *recipient = pointer_of(field);

	return recipient == NULL || lahetti_check_recipient(recipient, field->row->recipients, f);
}

static bool check_identifier(const struct field *field, struct lahetti_fault *f)
{
	return lahetti_check_id_or_none(bytes_of(field), f);
}

static bool check_scan(const struct field *field, struct lahetti_fault *f)
{
	const Lahetti__V1__Header *header = field->header;
	ProtobufCBinaryData scan = bytes_of(field);

	for (size_t i = 0; i < header->n_attachments; i++)
		if (lahetti_span_equal(lahetti_bytes_span(header->attachments[i]->id),
				       lahetti_bytes_span(scan)))
			return true;
	return scan.len == 0 || lahetti_wrong(f, "missing-scan");
}

static bool check_reference(const struct field *field, struct lahetti_fault *f)
{
	return lahetti_check_reference(pointer_of(field), f);
}

/* An identifier, or a value that the kind's own check looks at. */
static bool check_filled(const struct field *field, struct lahetti_fault *f)
{
	return field->type->type != PROTOBUF_C_TYPE_BYTES || check_identifier(field, f);
}

static bool (*const checks[])(const struct field *field, struct lahetti_fault *f) = {
#define SHAPE(NAME, name, most, check) [LAHETTI_SHAPE_##NAME] = check_##check,
#include "lahetti/shapes.def"
#undef SHAPE
};

/* ---- the check ---- */

/* Whether the row's condition holds. */
static bool holds(const struct lahetti_kind_row *kind, const struct lahetti_form_row *row,
		  const uint8_t *body)
{
	const ProtobufCFieldDescriptor *on;
	int value;

	if (row->when == NULL)
		return true;
	on = protobuf_c_message_descriptor_get_field_by_name(kind->body, row->when);
	memcpy(&value, body + on->offset, sizeof value);
	return LAHETTI_IN(lahetti_form_values(kind, row), value);
}

/* Whether one of those of which one is enough is given. */
static bool one_is_given(const struct lahetti_kind_row *kind, const char *needed, const void *body)
{
	size_t n;
	const struct lahetti_form_row *rows = lahetti_form(kind->number, &n);

	for (size_t i = 0; i < n; i++)
		if (rows[i].either && strcmp(rows[i].needed, needed) == 0) {
			struct field field = field_of(kind, &rows[i], NULL, body);

			if (is_given(&field))
				return true;
		}
	return false;
}

static bool check_presence(const struct lahetti_kind_row *kind, const struct field *field,
			   struct lahetti_fault *f)
{
	const struct lahetti_form_row *row = field->row;
	bool given = is_given(field);

	if (!holds(kind, row, field->body))
		return !given || row->otherwise != LAHETTI_OTHERWISE_REFUSED ||
		       lahetti_wrong(f, "unwanted-detail");
	return given || row->needed == NULL ||
	       (row->either && one_is_given(kind, row->needed, field->body)) ||
	       lahetti_wrong(f, row->needed);
}

bool lahetti_form_check(const struct lahetti_kind_row *kind, const Lahetti__V1__Header *header,
			const void *body, struct lahetti_fault *f)
{
	size_t n;
	const struct lahetti_form_row *rows = lahetti_form(kind->number, &n);

	for (size_t i = 0; i < n; i++) {
		struct field field = field_of(kind, &rows[i], header, body);

		if (!check_presence(kind, &field, f) || !checks[rows[i].shape](&field, f))
			return false;
	}
	return true;
}
