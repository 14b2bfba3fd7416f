#include "lahetti/code.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ALPHABET "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

static void accept_as(const char *typed, const char *expected)
{
	char text[LAHETTI_CODE_LEN + 1];

	assert_true(lahetti_code_normalise(text, lahetti_span_text(typed), NULL));
	assert_string_equal(text, expected);
}

static void refuse(struct lahetti_span typed)
{
	char text[LAHETTI_CODE_LEN + 1];
	struct lahetti_digest digest;
	struct lahetti_fault f = {0};

	assert_false(lahetti_code_normalise(text, typed, &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	assert_string_equal(f.code, "bad-code");
	assert_false(lahetti_code_digest(&digest, typed, NULL));
}

/* The bits 0, 1, 2, … in fives: every symbol but in order, of which 16 fit. */
static uint8_t first_byte;
static bool counting(uint8_t *data, size_t len)
{
	static const uint8_t low[] = {0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf};
	static const uint8_t high[] = {0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75, 0xbe, 0x77, 0xdf};

	assert_int_equal(len, sizeof low);
	memcpy(data, first_byte == 0 ? low : high, len);
	return true;
}

static bool nothing(uint8_t *data, size_t len)
{
	memset(data, 0, len);
	return false;
}

static void code_holds_every_bit(void **state)
{
	char text[LAHETTI_CODE_LEN + 1];

	(void)state;
	lahetti_random_set(counting);
	first_byte = 0;
	assert_true(lahetti_code_new(text, NULL));
	assert_string_equal(text, "0123-4567-89AB-CDEF");
	first_byte = 1;
	assert_true(lahetti_code_new(text, NULL));
	assert_string_equal(text, "GHJK-MNPQ-RSTV-WXYZ");
	lahetti_random_set(NULL);
}

static void code_without_random_is_none(void **state)
{
	char text[LAHETTI_CODE_LEN + 1];
	struct lahetti_fault f = {0};

	(void)state;
	lahetti_random_set(nothing);
	assert_false(lahetti_code_new(text, &f));
	assert_string_equal(f.code, "no-random");
	lahetti_random_set(NULL);
}

static void codes_differ_and_are_read_as_they_are(void **state)
{
	char before[LAHETTI_CODE_LEN + 1] = "";
	char text[LAHETTI_CODE_LEN + 1];

	(void)state;
	for (int i = 0; i < 1000; i++) {
		assert_true(lahetti_code_new(text, NULL));
		assert_int_equal(strlen(text), LAHETTI_CODE_LEN);
		assert_string_not_equal(text, before);
		for (size_t c = 0; c < LAHETTI_CODE_LEN; c++)
			assert_non_null(strchr(c % 5 == 4 ? "-" : ALPHABET, text[c]));
		accept_as(text, text);
		memcpy(before, text, sizeof text);
	}
}

static void what_a_person_types_is_understood(void **state)
{
	(void)state;
	accept_as("AB12-CD34-EF56-GH78", "AB12-CD34-EF56-GH78");
	accept_as("ab12cd34ef56gh78", "AB12-CD34-EF56-GH78");
	accept_as("  ab12 cd34\tEF56 - gh78\r\n", "AB12-CD34-EF56-GH78");
	accept_as("a-b-1-2-c-d-3-4-e-f-5-6-g-h-7-8-", "AB12-CD34-EF56-GH78");
	accept_as("oOiI-lL00-1111-zzzz", "0011-1100-1111-ZZZZ");
}

static void what_is_no_code_is_refused(void **state)
{
	static const char *const wrong[] = {
		"",
		"AB12-CD34-EF56-GH7",
		"AB12-CD34-EF56-GH789",
		"AB12-CD34-EF56-GH7U", /* no U in this alphabet */
		"AB12-CD34-EF56-GH7u",
		"AB12_CD34_EF56_GH78",
		"AB12-CD34-EF56-GH7\xc3\x84",
		"AB12.CD34.EF56.GH78",
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		refuse(lahetti_span_text(wrong[i]));
	refuse(lahetti_span("AB12-CD34-EF56-GH7\0", 19));
}

static void refusal_does_not_repeat_what_was_typed(void **state)
{
	char text[LAHETTI_CODE_LEN + 1];
	struct lahetti_fault f = {0};

	(void)state;
	assert_false(lahetti_code_normalise(text, lahetti_span_text("QQQQ-WWWW-ZZZZ-9999-X"), &f));
	assert_null(strstr(f.text, "QQQQ"));
	assert_null(memchr(text, 'Q', sizeof text));
}

static void digest_is_of_label_and_written_form(void **state)
{
	struct lahetti_span written =
		lahetti_span_text("lahetti enrolment code v1\nAB12-CD34-EF56-GH78");
	struct lahetti_digest expected, typed, other;

	(void)state;
	assert_true(lahetti_sha256(&expected, &written, 1, NULL));
	assert_true(lahetti_code_digest(&typed, lahetti_span_text("ab12 cd34 ef56 gh78"), NULL));
	assert_true(lahetti_digest_equal(&typed, &expected));
	assert_true(lahetti_code_digest(&other, lahetti_span_text("ab12 cd34 ef56 gh79"), NULL));
	assert_false(lahetti_digest_equal(&other, &expected));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_holds_every_bit),
		cmocka_unit_test(code_without_random_is_none),
		cmocka_unit_test(codes_differ_and_are_read_as_they_are),
		cmocka_unit_test(what_a_person_types_is_understood),
		cmocka_unit_test(what_is_no_code_is_refused),
		cmocka_unit_test(refusal_does_not_repeat_what_was_typed),
		cmocka_unit_test(digest_is_of_label_and_written_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
