#include "lahetti/message.h"

#include <assert.h>
#include <string.h>

#define FIELDS_MOST  256 /* of one message of ours */
#define FIELD_NUMBER 3	 /* a tag is a field number above three bits of wire type */

/* The wire format (protobuf.dev, Encoding). Groups, 3 and 4, are refused. */
enum wire {
	WIRE_VARINT = 0,
	WIRE_64 = 1,
	WIRE_LEN = 2,
	WIRE_32 = 5,
};

static const uint8_t wire_of[] = {
	[PROTOBUF_C_TYPE_INT32] = WIRE_VARINT,	[PROTOBUF_C_TYPE_SINT32] = WIRE_VARINT,
	[PROTOBUF_C_TYPE_SFIXED32] = WIRE_32,	[PROTOBUF_C_TYPE_INT64] = WIRE_VARINT,
	[PROTOBUF_C_TYPE_SINT64] = WIRE_VARINT, [PROTOBUF_C_TYPE_SFIXED64] = WIRE_64,
	[PROTOBUF_C_TYPE_UINT32] = WIRE_VARINT, [PROTOBUF_C_TYPE_FIXED32] = WIRE_32,
	[PROTOBUF_C_TYPE_UINT64] = WIRE_VARINT, [PROTOBUF_C_TYPE_FIXED64] = WIRE_64,
	[PROTOBUF_C_TYPE_FLOAT] = WIRE_32,	[PROTOBUF_C_TYPE_DOUBLE] = WIRE_64,
	[PROTOBUF_C_TYPE_BOOL] = WIRE_VARINT,	[PROTOBUF_C_TYPE_ENUM] = WIRE_VARINT,
	[PROTOBUF_C_TYPE_STRING] = WIRE_LEN,	[PROTOBUF_C_TYPE_BYTES] = WIRE_LEN,
	[PROTOBUF_C_TYPE_MESSAGE] = WIRE_LEN,
};

struct value {
	uint64_t number;	   /* of a varint */
	struct lahetti_span bytes; /* of anything else */
};

/* One scan, all levels of it. */
struct walk {
	enum lahetti_message_rule rule;
	size_t elements;
	struct lahetti_fault *f;
};

static bool walk_message(struct walk *w, const ProtobufCMessageDescriptor *type,
			 struct lahetti_span rest, unsigned depth);

static bool bad_message(struct walk *w)
{
	return lahetti_fault_set(w->f, LAHETTI_FAULT_MALFORMED, "bad-message",
				 "The bytes are not a message of the protocol.");
}

static bool newer_statement(struct walk *w)
{
	return lahetti_fault_set(w->f, LAHETTI_FAULT_MALFORMED, "newer-statement",
				 "This was signed by a newer program: update this one.");
}

static bool take_bytes(struct lahetti_span *rest, uint64_t len, struct lahetti_span *bytes)
{
	if (len > rest->len)
		return false;
	*bytes = lahetti_span(rest->data, (size_t)len);
	if (len > 0)
		*rest = lahetti_span(rest->data + len, rest->len - (size_t)len);
	return true;
}

/* The shortest form of a number below 2^64, nothing else. */
static bool take_varint(struct lahetti_span *rest, uint64_t *number)
{
	uint64_t so_far = 0;

	for (unsigned i = 0; i < rest->len && i < 10; i++) {
		uint8_t byte = rest->data[i];

		so_far |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (byte >= 0x80)
			continue;
		if ((i > 0 && byte == 0) || (i == 9 && byte > 1))
			return false;
		*number = so_far;
		*rest = lahetti_span(rest->data + i + 1, rest->len - i - 1);
		return true;
	}
	return false;
}

static bool take_value(struct lahetti_span *rest, unsigned wire, struct value *v)
{
	uint64_t len;

	switch (wire) {
	case WIRE_VARINT:
		return take_varint(rest, &v->number);
	case WIRE_64:
		return take_bytes(rest, 8, &v->bytes);
	case WIRE_LEN:
		return take_varint(rest, &len) && take_bytes(rest, len, &v->bytes);
	case WIRE_32:
		return take_bytes(rest, 4, &v->bytes);
	default:
		return false;
	}
}

/* UTF-8 as RFC 3629 has it: shortest forms, no surrogates, nothing above U+10FFFF; and no NUL. */
static bool is_text(struct lahetti_span s)
{
	static const uint32_t least[] = {0x1, 0x80, 0x800, 0x10000};
	size_t i = 0;

	while (i < s.len) {
		uint8_t lead = s.data[i++];
		unsigned more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
		uint32_t c = lead < 0x80 ? lead : lead & (0x3fU >> more);

		if ((lead >= 0x80 && lead < 0xc0) || lead >= 0xf8 || more > s.len - i)
			return false;
		for (unsigned k = 0; k < more; k++) {
			if ((s.data[i] & 0xc0) != 0x80)
				return false;
			c = c << 6 | (s.data[i++] & 0x3f);
		}
		if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return false;
	}
	return true;
}

/* What fits a field of 32 bits; negative ones are sign-extended to 64. */
static bool fits_signed(uint64_t number)
{
	return number <= INT32_MAX || number >= (uint64_t)INT32_MIN;
}

/* One value, or one element. Readers differ in how they cut a number that is too long: none may be.
 */
static bool check_value(struct walk *w, const ProtobufCFieldDescriptor *field,
			const struct value *v, unsigned depth)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_STRING:
		return is_text(v->bytes) ||
		       lahetti_fault_set(w->f, LAHETTI_FAULT_MALFORMED, "bad-text",
					 "A text is not UTF-8 or holds a NUL.");
	case PROTOBUF_C_TYPE_MESSAGE:
		return walk_message(w, field->descriptor, v->bytes, depth + 1);
	case PROTOBUF_C_TYPE_BOOL:
		return v->number <= 1 || bad_message(w);
	case PROTOBUF_C_TYPE_UINT32:
	case PROTOBUF_C_TYPE_SINT32:
		return v->number <= UINT32_MAX || bad_message(w);
	case PROTOBUF_C_TYPE_INT32:
		return fits_signed(v->number) || bad_message(w);
	case PROTOBUF_C_TYPE_ENUM:
		if (!fits_signed(v->number))
			return bad_message(w);
		return w->rule != LAHETTI_MESSAGE_SIGNED ||
		       lahetti_enum_known(field->descriptor, (int32_t)v->number) ||
		       newer_statement(w);
	default:
		return true;
	}
}

static bool check_element(struct walk *w, const ProtobufCFieldDescriptor *field,
			  const struct value *v, unsigned depth)
{
	if (++w->elements > LAHETTI_MESSAGE_ELEMENTS)
		return lahetti_fault_set(w->f, LAHETTI_FAULT_MALFORMED, "too-many-elements",
					 "A message lists more than %d things in all.",
					 LAHETTI_MESSAGE_ELEMENTS);
	return check_value(w, field, v, depth);
}

/* Repeated scalars may come packed, many elements in one value, or one by one, or both. */
static bool check_repeated(struct walk *w, const ProtobufCFieldDescriptor *field, unsigned wire,
			   const struct value *v, unsigned depth)
{
	unsigned own_wire = wire_of[field->type];
	struct lahetti_span rest = v->bytes;

	if (wire == own_wire)
		return check_element(w, field, v, depth);
	if (wire != WIRE_LEN)
		return bad_message(w);
	while (rest.len > 0) {
		struct value element;

		if (!take_value(&rest, own_wire, &element))
			return bad_message(w);
		if (!check_element(w, field, &element, depth))
			return false;
	}
	return true;
}

/* Where a singular field is noted as seen: its own place, or that of its oneof's first member. */
static unsigned place_of(const ProtobufCMessageDescriptor *type,
			 const ProtobufCFieldDescriptor *field)
{
	unsigned place = 0;

	if ((field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0)
		return (unsigned)(field - type->fields);
	/* Members of one oneof share the offset of its case. */
	while ((type->fields[place].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) == 0 ||
	       type->fields[place].quantifier_offset != field->quantifier_offset)
		place++;
	return place;
}

static bool walk_message(struct walk *w, const ProtobufCMessageDescriptor *type,
			 struct lahetti_span rest, unsigned depth)
{
	bool seen[FIELDS_MOST];

	assert(type->n_fields <= FIELDS_MOST);
	if (depth > LAHETTI_MESSAGE_DEPTH)
		return bad_message(w);
	memset(seen, 0, type->n_fields * sizeof seen[0]);
	while (rest.len > 0) {
		const ProtobufCFieldDescriptor *field;
		struct value v = {0};
		uint64_t tag;
		unsigned wire, place;

		if (!take_varint(&rest, &tag) || tag > UINT32_MAX || tag >> FIELD_NUMBER == 0)
			return bad_message(w);
		wire = tag & ((1U << FIELD_NUMBER) - 1);
		if (!take_value(&rest, wire, &v))
			return bad_message(w);

		field = protobuf_c_message_descriptor_get_field(type,
								(unsigned)(tag >> FIELD_NUMBER));
		if (field == NULL) {
			if (w->rule == LAHETTI_MESSAGE_SIGNED)
				return newer_statement(w);
			continue;
		}
		if (field->label == PROTOBUF_C_LABEL_REPEATED) {
			if (!check_repeated(w, field, wire, &v, depth))
				return false;
			continue;
		}
		if (wire != wire_of[field->type])
			return bad_message(w);
		place = place_of(type, field);
		if (seen[place])
			return lahetti_fault_set(w->f, LAHETTI_FAULT_MALFORMED, "duplicate-field",
						 "A message says the same thing twice.");
		seen[place] = true;
		if (!check_value(w, field, &v, depth))
			return false;
	}
	return true;
}

bool lahetti_message_scan(const ProtobufCMessageDescriptor *type, struct lahetti_span bytes,
			  enum lahetti_message_rule rule, struct lahetti_fault *f)
{
	struct walk w = {.rule = rule, .f = f};

	return walk_message(&w, type, bytes, 1);
}

void *lahetti_message_read(const ProtobufCMessageDescriptor *type, struct lahetti_span bytes,
			   enum lahetti_message_rule rule, struct lahetti_arena *arena,
			   struct lahetti_fault *f)
{
	ProtobufCMessage *message;

	if (!lahetti_message_scan(type, bytes, rule, f))
		return NULL;
	/* What the scan has let through fails for want of room only. */
	message = protobuf_c_message_unpack(type, &arena->protobuf, bytes.len, bytes.data);
	if (message == NULL)
		lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "message-too-large",
				  "A message takes more memory than one is given.");
	return message;
}

struct lahetti_span lahetti_message_pack(const ProtobufCMessage *message,
					 struct lahetti_arena *arena)
{
	size_t len = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = lahetti_arena_take(arena, len);

	if (bytes == NULL)
		return lahetti_span(NULL, 0);
	return lahetti_span(bytes, protobuf_c_message_pack(message, bytes));
}

bool lahetti_enum_known(const ProtobufCEnumDescriptor *type, int value)
{
	return protobuf_c_enum_descriptor_get_value(type, value) != NULL;
}

char *lahetti_text(const char *text)
{
	return (char *)(uintptr_t)text;
}

ProtobufCBinaryData lahetti_bytes(struct lahetti_span s)
{
	return (ProtobufCBinaryData){.data = (uint8_t *)(uintptr_t)s.data, .len = s.len};
}
