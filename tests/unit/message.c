#include "lahetti/message.h"

#include <lahetti/v1/session.pb-c.h>
#include <lahetti/v1/statement.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* A literal with its length, as it may hold NUL. */
#define BYTES(literal) lahetti_span((literal), sizeof(literal) - 1)

static const ProtobufCMessageDescriptor *const header = &lahetti__v1__header__descriptor;
static const ProtobufCMessageDescriptor *const frame = &lahetti__v1__client_frame__descriptor;

static bool passes(const ProtobufCMessageDescriptor *type, struct lahetti_span bytes,
		   enum lahetti_message_rule rule)
{
	return lahetti_message_scan(type, bytes, rule, NULL);
}

static const char *refused(const ProtobufCMessageDescriptor *type, struct lahetti_span bytes,
			   enum lahetti_message_rule rule)
{
	struct lahetti_fault f = {0};

	assert_false(lahetti_message_scan(type, bytes, rule, &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	return f.code;
}

/* ---- a message with a field of every type, numbered by the type, and itself inside --------- */

#define FIELD(NUMBER, TYPE, LABEL, DESCRIPTOR)                                    \
	{                                                                         \
		.name = #TYPE, .id = (NUMBER), .label = PROTOBUF_C_LABEL_##LABEL, \
		.type = PROTOBUF_C_TYPE_##TYPE, .descriptor = (DESCRIPTOR)        \
	}

static const ProtobufCMessageDescriptor all_types;
static const ProtobufCFieldDescriptor all_fields[] = {
	FIELD(1, INT32, NONE, NULL),	    FIELD(2, SINT32, NONE, NULL),
	FIELD(3, SFIXED32, NONE, NULL),	    FIELD(4, INT64, NONE, NULL),
	FIELD(5, SINT64, NONE, NULL),	    FIELD(6, SFIXED64, NONE, NULL),
	FIELD(7, UINT32, NONE, NULL),	    FIELD(8, FIXED32, NONE, NULL),
	FIELD(9, UINT64, NONE, NULL),	    FIELD(10, FIXED64, NONE, NULL),
	FIELD(11, FLOAT, NONE, NULL),	    FIELD(12, DOUBLE, NONE, NULL),
	FIELD(13, BOOL, NONE, NULL),	    FIELD(14, STRING, NONE, NULL),
	FIELD(15, BYTES, NONE, NULL),	    FIELD(16, MESSAGE, NONE, &all_types),
	FIELD(17, FIXED32, REPEATED, NULL),
};
static const ProtobufCIntRange all_ranges[] = {{1, 0},
					       {0, sizeof all_fields / sizeof all_fields[0]}};
static const ProtobufCMessageDescriptor all_types = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
	.n_fields = sizeof all_fields / sizeof all_fields[0],
	.fields = all_fields,
	.n_field_ranges = 1,
	.field_ranges = all_ranges,
};

/* Two oneofs, of two members and of one. */
static const ProtobufCFieldDescriptor choice_fields[] = {
	{.id = 1,
	 .type = PROTOBUF_C_TYPE_BOOL,
	 .label = PROTOBUF_C_LABEL_NONE,
	 .flags = PROTOBUF_C_FIELD_FLAG_ONEOF,
	 .quantifier_offset = 8},
	{.id = 2,
	 .type = PROTOBUF_C_TYPE_BOOL,
	 .label = PROTOBUF_C_LABEL_NONE,
	 .flags = PROTOBUF_C_FIELD_FLAG_ONEOF,
	 .quantifier_offset = 8},
	{.id = 3,
	 .type = PROTOBUF_C_TYPE_BOOL,
	 .label = PROTOBUF_C_LABEL_NONE,
	 .flags = PROTOBUF_C_FIELD_FLAG_ONEOF,
	 .quantifier_offset = 16},
};
static const ProtobufCIntRange choice_ranges[] = {{1, 0}, {0, 3}};
static const ProtobufCMessageDescriptor choices = {
	.magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
	.n_fields = 3,
	.fields = choice_fields,
	.n_field_ranges = 1,
	.field_ranges = choice_ranges,
};

static void every_type_is_known(void **state)
{
	(void)state;
	assert_true(passes(&all_types,
			   BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" /* -1 */
				 "\x10\xff\xff\xff\xff\x0f"
				 "\x1d"
				 "1234"
				 "\x20\x01\x28\x01\x31"
				 "12345678"
				 "\x38\xff\xff\xff\xff\x0f\x45"
				 "1234"
				 "\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x51"
				 "12345678"
				 "\x5d"
				 "1234"
				 "\x61"
				 "12345678"
				 "\x68\x01\x72\x02\xc3\xa4\x7a\x01\xff\x82\x01\x02\x68\x00"),
			   LAHETTI_MESSAGE_SIGNED));
}

static void every_type_has_one_wire_type(void **state)
{
	static const unsigned lens[] = {[0] = 1, [1] = 8, [2] = 1, [5] = 4};
	static const unsigned wires[] = {0, 1, 2, 5};

	(void)state;
	for (size_t i = 0; i + 1 < all_types.n_fields; i++) {
		unsigned n = 0;

		for (size_t k = 0; k < 4; k++) {
			uint8_t bytes[10] = {0};
			uint64_t tag = (i + 1) << 3 | wires[k];
			size_t at = 0;

			bytes[at++] = (uint8_t)(tag | (tag >= 0x80 ? 0x80 : 0));
			if (tag >= 0x80)
				bytes[at++] = (uint8_t)(tag >> 7);
			n += passes(&all_types, lahetti_span(bytes, at + lens[wires[k]]),
				    LAHETTI_MESSAGE_FRAME);
		}
		assert_int_equal(n, 1);
	}
}

static void numbers_beyond_their_field_are_refused(void **state)
{
	static const struct lahetti_span bad[] = {
		{(const uint8_t *)"\x08\x80\x80\x80\x80\x08", 6}, /* int32 2^31 */
		{(const uint8_t *)"\x08\xff\xff\xff\xff\xf7\xff\xff\xff\xff\x01", 11},
		{(const uint8_t *)"\x10\x80\x80\x80\x80\x10", 6}, /* sint32 2^32 */
		{(const uint8_t *)"\x38\x80\x80\x80\x80\x10", 6}, /* uint32 2^32 */
		{(const uint8_t *)"\x68\x02", 2},		  /* bool 2 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_string_equal(refused(&all_types, bad[i], LAHETTI_MESSAGE_FRAME),
				    "bad-message");
	/* An enum of 2^31. */
	assert_string_equal(
		refused(header, BYTES("\x40\x80\x80\x80\x80\x08"), LAHETTI_MESSAGE_FRAME),
		"bad-message");
}

/* ---- what the wire must be ----------------------------------------------------------------- */

static void varints_are_as_short_as_can_be(void **state)
{
	static const struct lahetti_span bad[] = {
		{(const uint8_t *)"\x08", 1},
		{(const uint8_t *)"\x08\x80", 2},
		{(const uint8_t *)"\x08\x81\x00", 3}, /* 1, padded */
		{(const uint8_t *)"\x88\x00\x01", 3}, /* a padded tag */
		{(const uint8_t *)"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11}, /* 65 bits */
		{(const uint8_t *)"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x01", 12},
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_string_equal(refused(frame, bad[i], LAHETTI_MESSAGE_FRAME), "bad-message");
	assert_true(passes(frame, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
			   LAHETTI_MESSAGE_FRAME));
	assert_true(passes(frame, BYTES("\x08\x00"), LAHETTI_MESSAGE_FRAME));
}

static void broken_wire_is_refused(void **state)
{
	static const struct lahetti_span bad[] = {
		{(const uint8_t *)"\x00\x00", 2},		  /* field 0 */
		{(const uint8_t *)"\x0b\x0c", 2},		  /* a group */
		{(const uint8_t *)"\xc3\x3e\xc4\x3e", 4},	  /* an unknown group */
		{(const uint8_t *)"\xc6\x3e", 2},		  /* wire type 6 */
		{(const uint8_t *)"\xc7\x3e", 2},		  /* wire type 7 */
		{(const uint8_t *)"\x80\x80\x80\x80\x10\x00", 6}, /* field 2^29 */
		{(const uint8_t *)"\x0a\x01\x00", 3},		  /* length for a number */
		{(const uint8_t *)"\x0d\x00\x00\x00\x00", 5},	  /* 32 bits for a number */
		{(const uint8_t *)"\x50\x00", 2},		  /* a number for a message */
		{(const uint8_t *)"\x52\x05\x0a", 3},		  /* longer than what there is */
		{(const uint8_t *)"\x52\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
		{(const uint8_t *)"\xc1\x3e\x00\x00\x00\x00\x00\x00\x00",
		 9},					      /* 64 bits, one byte short */
		{(const uint8_t *)"\xc5\x3e\x00\x00\x00", 5}, /* 32 bits, one byte short */
		{(const uint8_t *)"\x52\x03\x0a\x02\x61", 5}, /* inside, longer than outside */
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_string_equal(refused(frame, bad[i], LAHETTI_MESSAGE_FRAME), "bad-message");
}

static void empty_message_passes(void **state)
{
	(void)state;
	assert_true(passes(frame, lahetti_span(NULL, 0), LAHETTI_MESSAGE_SIGNED));
	assert_true(passes(frame, BYTES("\x52\x00"), LAHETTI_MESSAGE_SIGNED));
}

static void texts_are_utf8_without_nul(void **state)
{
	static const char *const good[] = {
		"",
		"Lähetti",
		"\x7f",
		"\xc2\x80",
		"\xdf\xbf",
		"\xe0\xa0\x80",
		"\xed\x9f\xbf",
		"\xee\x80\x80",
		"\xef\xbf\xbf",
		"\xf0\x90\x80\x80",
		"\xf4\x8f\xbf\xbf",
	};
	static const char *const bad[] = {
		"\x80",
		"\xbf",
		"\xc0\x80", /* NUL, overlong */
		"\xc1\xbf",
		"\xe0\x9f\xbf",
		"\xed\xa0\x80", /* a surrogate */
		"\xed\xbf\xbf",
		"\xf0\x8f\xbf\xbf",
		"\xf4\x90\x80\x80", /* U+110000 */
		"\xf8\x88\x80\x80\x80",
		"\xff",
		"\xc3",
		"\xe2\x82",
		"\xf0\x9f\x98",
		"\xc3(",
		"\xe2(\xa1",
		"\xe2\x82(",
		"a\xffz",
	};
	uint8_t bytes[32];

	(void)state;
	bytes[0] = 14 << 3 | 2;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		size_t len = strlen(good[i]);

		bytes[1] = (uint8_t)len;
		memcpy(bytes + 2, good[i], len);
		assert_true(
			passes(&all_types, lahetti_span(bytes, len + 2), LAHETTI_MESSAGE_FRAME));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		size_t len = strlen(bad[i]);

		bytes[1] = (uint8_t)len;
		memcpy(bytes + 2, bad[i], len);
		assert_string_equal(
			refused(&all_types, lahetti_span(bytes, len + 2), LAHETTI_MESSAGE_FRAME),
			"bad-text");
	}
	assert_string_equal(refused(&all_types,
				    BYTES("\x72\x03"
					  "a\0b"),
				    LAHETTI_MESSAGE_FRAME),
			    "bad-text");
}

/* ---- once is enough ------------------------------------------------------------------------ */

static void singular_field_twice_is_refused(void **state)
{
	(void)state;
	assert_string_equal(refused(frame, BYTES("\x08\x01\x08\x01"), LAHETTI_MESSAGE_FRAME),
			    "duplicate-field");
	/* protobuf would merge the two. */
	assert_string_equal(refused(header, BYTES("\x72\x00\x72\x00"), LAHETTI_MESSAGE_FRAME),
			    "duplicate-field");
	/* In different messages they are different fields. */
	assert_true(
		passes(header, BYTES("\x72\x02\x0a\x00\x7a\x02\x0a\x00"), LAHETTI_MESSAGE_FRAME));
}

static void two_members_of_one_oneof_are_refused(void **state)
{
	(void)state;
	assert_true(passes(frame, BYTES("\x9a\x06\x00"), LAHETTI_MESSAGE_FRAME));
	assert_string_equal(
		refused(frame, BYTES("\x9a\x06\x00\x9a\x06\x00"), LAHETTI_MESSAGE_FRAME),
		"duplicate-field");
	assert_string_equal(refused(frame, BYTES("\x9a\x06\x00\x52\x00"), LAHETTI_MESSAGE_FRAME),
			    "duplicate-field");
	assert_string_equal(refused(&choices, BYTES("\x08\x01\x10\x01"), LAHETTI_MESSAGE_FRAME),
			    "duplicate-field");
	assert_true(passes(&choices, BYTES("\x08\x01\x18\x01"), LAHETTI_MESSAGE_FRAME));
	/* What stands beside the oneof does not count as one of it. */
	assert_true(passes(frame, BYTES("\x52\x00\x08\x01"), LAHETTI_MESSAGE_FRAME));
}

/* ---- not too much -------------------------------------------------------------------------- */

/* n categories in one packed field. */
static size_t packed_categories(uint8_t *to, size_t n)
{
	to[0] = 0x92;
	to[1] = 0x01;
	to[2] = (uint8_t)(n & 0x7f) | 0x80;
	to[3] = (uint8_t)(n >> 7);
	memset(to + 4, 1, n);
	return n + 4;
}

/* The same one by one. */
static size_t single_categories(uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		memcpy(to + 3 * i, "\x90\x01\x01", 3);
	return 3 * n;
}

static void elements_are_counted_however_they_come(void **state)
{
	static uint8_t bytes[4 * LAHETTI_MESSAGE_ELEMENTS];
	size_t len;

	(void)state;
	len = packed_categories(bytes, LAHETTI_MESSAGE_ELEMENTS);
	assert_true(passes(header, lahetti_span(bytes, len), LAHETTI_MESSAGE_SIGNED));
	len = packed_categories(bytes, LAHETTI_MESSAGE_ELEMENTS + 1);
	assert_string_equal(refused(header, lahetti_span(bytes, len), LAHETTI_MESSAGE_SIGNED),
			    "too-many-elements");
	len = single_categories(bytes, LAHETTI_MESSAGE_ELEMENTS);
	assert_true(passes(header, lahetti_span(bytes, len), LAHETTI_MESSAGE_SIGNED));
	len += single_categories(bytes + len, 1);
	assert_string_equal(refused(header, lahetti_span(bytes, len), LAHETTI_MESSAGE_SIGNED),
			    "too-many-elements");
	len = single_categories(bytes, 96);
	len += packed_categories(bytes + len, LAHETTI_MESSAGE_ELEMENTS - 96);
	assert_true(passes(header, lahetti_span(bytes, len), LAHETTI_MESSAGE_SIGNED));
	/* An empty recipient is one more, of another field. */
	memcpy(bytes + len, "\x8a\x01\x00", 3);
	assert_string_equal(refused(header, lahetti_span(bytes, len + 3), LAHETTI_MESSAGE_SIGNED),
			    "too-many-elements");
}

static void packed_elements_are_looked_at(void **state)
{
	(void)state;
	assert_true(passes(header, BYTES("\x92\x01\x00"), LAHETTI_MESSAGE_SIGNED));
	assert_string_equal(refused(header, BYTES("\x92\x01\x02\x01\x80"), LAHETTI_MESSAGE_FRAME),
			    "bad-message");
	assert_string_equal(refused(header, BYTES("\x92\x01\x02\x01\x63"), LAHETTI_MESSAGE_SIGNED),
			    "newer-statement");
	assert_true(passes(header, BYTES("\x92\x01\x02\x01\x63"), LAHETTI_MESSAGE_FRAME));
	assert_string_equal(
		refused(header, BYTES("\x95\x01\x01\x00\x00\x00"), LAHETTI_MESSAGE_FRAME),
		"bad-message");
	/* Fixed sizes: two elements, then two and a half. */
	assert_true(passes(&all_types,
			   BYTES("\x8a\x01\x08"
				 "12345678"),
			   LAHETTI_MESSAGE_FRAME));
	assert_string_equal(refused(&all_types,
				    BYTES("\x8a\x01\x0a"
					  "1234567890"),
				    LAHETTI_MESSAGE_FRAME),
			    "bad-message");
}

static size_t nested(uint8_t *bytes, size_t levels)
{
	size_t len = 0;

	/* From the innermost outwards, written backwards. */
	for (size_t i = 1; i < levels; i++) {
		memmove(bytes + 3, bytes, len);
		bytes[0] = 0x82;
		bytes[1] = 0x01;
		bytes[2] = (uint8_t)len;
		len += 3;
	}
	return len;
}

static void nesting_is_bounded(void **state)
{
	uint8_t bytes[3 * (LAHETTI_MESSAGE_DEPTH + 1)];
	size_t len;

	(void)state;
	len = nested(bytes, LAHETTI_MESSAGE_DEPTH);
	assert_true(passes(&all_types, lahetti_span(bytes, len), LAHETTI_MESSAGE_FRAME));
	len = nested(bytes, LAHETTI_MESSAGE_DEPTH + 1);
	assert_string_equal(refused(&all_types, lahetti_span(bytes, len), LAHETTI_MESSAGE_FRAME),
			    "bad-message");
}

static void measure(const ProtobufCMessageDescriptor *type, unsigned depth)
{
	if (depth > LAHETTI_MESSAGE_DEPTH)
		fail_msg("%s lies too deep, or in itself", type->name);
	assert_in_range(type->n_fields, 0, 256);
	for (size_t i = 0; i < type->n_fields; i++) {
		if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
			measure(type->fields[i].descriptor, depth + 1);
	}
}

static void protocol_stays_within_the_limits(void **state)
{
	(void)state;
	measure(frame, 1);
	measure(&lahetti__v1__server_frame__descriptor, 1);
	measure(&lahetti__v1__statement__descriptor, 1);
	measure(&lahetti__v1__bundle__descriptor, 1);
}

/* ---- newer peers --------------------------------------------------------------------------- */

static void unknown_fields_pass_in_frames_only(void **state)
{
	static const struct lahetti_span unknown[] = {
		{(const uint8_t *)"\xc0\x3e\x01", 3},
		{(const uint8_t *)"\xc1\x3e\x01\x02\x03\x04\x05\x06\x07\x08", 10},
		{(const uint8_t *)"\xc2\x3e\x02\x00\xff", 5},
		{(const uint8_t *)"\xc5\x3e\x01\x02\x03\x04", 6},
		{(const uint8_t *)"\xf8\xff\xff\xff\x0f\x00", 6}, /* the greatest number */
	};

	(void)state;
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
		assert_true(passes(header, unknown[i], LAHETTI_MESSAGE_FRAME));
		assert_string_equal(refused(header, unknown[i], LAHETTI_MESSAGE_SIGNED),
				    "newer-statement");
	}
	/* Inside a message inside. */
	assert_string_equal(refused(header, BYTES("\x72\x03\xc0\x3e\x01"), LAHETTI_MESSAGE_SIGNED),
			    "newer-statement");
}

static void unknown_enum_values_pass_in_frames_only(void **state)
{
	static const struct lahetti_span unknown[] = {
		{(const uint8_t *)"\x40\x63", 2},
		{(const uint8_t *)"\x40\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11},
		{(const uint8_t *)"\x92\x01\x01\x63", 4},
		{(const uint8_t *)"\x90\x01\x63", 3},
	};

	(void)state;
	assert_true(passes(header, BYTES("\x40\x01"), LAHETTI_MESSAGE_SIGNED));
	for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
		assert_true(passes(header, unknown[i], LAHETTI_MESSAGE_FRAME));
		assert_string_equal(refused(header, unknown[i], LAHETTI_MESSAGE_SIGNED),
				    "newer-statement");
	}
	assert_true(lahetti_enum_known(&lahetti__v1__role__descriptor, 1));
	assert_false(lahetti_enum_known(&lahetti__v1__role__descriptor, 22));
	assert_false(lahetti_enum_known(&lahetti__v1__role__descriptor, -1));
}

/* ---- reading and packing ------------------------------------------------------------------- */

static Lahetti__V1__Reference consent = {
	.base = PROTOBUF_C_MESSAGE_INIT(&lahetti__v1__reference__descriptor),
};

static struct lahetti_span pack_sample(struct lahetti_arena *arena)
{
	static const uint8_t id[] = {1, 2, 3};
	Lahetti__V1__Header message = LAHETTI__V1__HEADER__INIT;
	Lahetti__V1__Reference *consents[] = {&consent, &consent};
	Lahetti__V1__Category categories[] = {
		LAHETTI__V1__CATEGORY__CATEGORY_CONTACT,
		LAHETTI__V1__CATEGORY__CATEGORY_HEALTH,
	};

	consent.id = lahetti_bytes(lahetti_span(id, sizeof id));
	message.audience = lahetti_text("lähetti.example/lahetti");
	message.role = LAHETTI__V1__ROLE__ROLE_JOB_COACH;
	message.created_us = -1;
	message.consents = consents;
	message.n_consents = 2;
	message.categories = categories;
	message.n_categories = 2;
	return lahetti_message_pack(&message.base, arena);
}

static void packed_message_reads_as_it_was(void **state)
{
	const Lahetti__V1__Header *read;
	struct lahetti_arena arena;
	struct lahetti_span packed;

	(void)state;
	assert_true(lahetti_arena_init(&arena, 8192, NULL));
	packed = pack_sample(&arena);
	assert_non_null(packed.data);
	read = lahetti_message_read(header, packed, LAHETTI_MESSAGE_SIGNED, &arena, NULL);
	assert_non_null(read);
	assert_string_equal(read->audience, "lähetti.example/lahetti");
	assert_int_equal(read->role, LAHETTI__V1__ROLE__ROLE_JOB_COACH);
	assert_int_equal(read->created_us, -1);
	assert_int_equal(read->n_consents, 2);
	assert_true(lahetti_span_equal(lahetti_bytes_span(read->consents[1]->id), BYTES("\1\2\3")));
	assert_int_equal(read->n_categories, 2);
	assert_int_equal(read->categories[1], LAHETTI__V1__CATEGORY__CATEGORY_HEALTH);
	lahetti_arena_finish(&arena);
}

static void message_larger_than_the_arena_is_refused(void **state)
{
	struct lahetti_arena arena, small;
	struct lahetti_span packed;
	struct lahetti_fault f = {0};

	(void)state;
	assert_true(lahetti_arena_init(&arena, 8192, NULL));
	packed = pack_sample(&arena);
	for (size_t size = 1; size < 256; size += 16) {
		assert_true(lahetti_arena_init(&small, size, NULL));
		f = (struct lahetti_fault){0};
		assert_null(
			lahetti_message_read(header, packed, LAHETTI_MESSAGE_SIGNED, &small, &f));
		assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
		assert_string_equal(f.code, "message-too-large");
		lahetti_arena_finish(&small);
	}
	assert_true(lahetti_arena_init(&small, packed.len - 1, NULL));
	assert_null(pack_sample(&small).data);
	lahetti_arena_finish(&small);
	lahetti_arena_finish(&arena);
}

static void every_shortened_message_is_refused_or_still_whole(void **state)
{
	struct lahetti_arena arena;
	struct lahetti_span packed;

	(void)state;
	assert_true(lahetti_arena_init(&arena, 8192, NULL));
	packed = pack_sample(&arena);
	for (size_t len = 0; len < packed.len; len++) {
		struct lahetti_fault f = {0};
		size_t used = arena.used;

		if (lahetti_message_read(header, lahetti_span(packed.data, len),
					 LAHETTI_MESSAGE_SIGNED, &arena, &f) == NULL)
			assert_string_equal(f.code, "bad-message");
		arena.used = used;
	}
	lahetti_arena_finish(&arena);
}

static void empty_bytes_read_as_an_empty_message(void **state)
{
	const Lahetti__V1__Header *read;
	struct lahetti_arena arena;

	(void)state;
	assert_true(lahetti_arena_init(&arena, 4096, NULL));
	read = lahetti_message_read(header, lahetti_span(NULL, 0), LAHETTI_MESSAGE_SIGNED, &arena,
				    NULL);
	assert_non_null(read);
	assert_string_equal(read->audience, "");
	assert_int_equal(lahetti_message_pack(&read->base, &arena).len, 0);
	assert_non_null(lahetti_message_pack(&read->base, &arena).data);
	lahetti_arena_finish(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_is_known),
		cmocka_unit_test(every_type_has_one_wire_type),
		cmocka_unit_test(numbers_beyond_their_field_are_refused),
		cmocka_unit_test(varints_are_as_short_as_can_be),
		cmocka_unit_test(broken_wire_is_refused),
		cmocka_unit_test(empty_message_passes),
		cmocka_unit_test(texts_are_utf8_without_nul),
		cmocka_unit_test(singular_field_twice_is_refused),
		cmocka_unit_test(two_members_of_one_oneof_are_refused),
		cmocka_unit_test(elements_are_counted_however_they_come),
		cmocka_unit_test(packed_elements_are_looked_at),
		cmocka_unit_test(nesting_is_bounded),
		cmocka_unit_test(protocol_stays_within_the_limits),
		cmocka_unit_test(unknown_fields_pass_in_frames_only),
		cmocka_unit_test(unknown_enum_values_pass_in_frames_only),
		cmocka_unit_test(packed_message_reads_as_it_was),
		cmocka_unit_test(message_larger_than_the_arena_is_refused),
		cmocka_unit_test(every_shortened_message_is_refused_or_still_whole),
		cmocka_unit_test(empty_bytes_read_as_an_empty_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
