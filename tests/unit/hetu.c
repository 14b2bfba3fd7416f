#include "lahetti/hetu.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* Individual numbers from 900 on are nobody's. */
#define CODE "010190-900P"

static const char signs[] = "+-YXWVUABCDEF";

static const char *refused(const char *text)
{
	struct lahetti_hetu hetu;
	struct lahetti_fault f = {0};

	assert_false(lahetti_hetu_read(&hetu, lahetti_span_text(text), &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	if (text[0] != '\0')
		assert_null(strstr(f.text, text));
	return f.code;
}

static bool found(const char *text)
{
	return lahetti_hetu_found(lahetti_span_text(text));
}

static void code_gives_birth_date_and_upper_case(void **state)
{
	struct lahetti_hetu hetu;

	(void)state;
	assert_true(lahetti_hetu_read(&hetu, lahetti_span_text("010190-900p"), NULL));
	assert_string_equal(hetu.text, CODE);
	assert_int_equal(hetu.birth_date, 19900101);
	assert_true(hetu.test);
	assert_true(lahetti_hetu_read(&hetu, lahetti_span_text("290200a900b"), NULL));
	assert_string_equal(hetu.text, "290200A900B");
	assert_int_equal(hetu.birth_date, 20000229);
}

static void every_sign_in_force_tells_its_century(void **state)
{
	static const uint32_t years[] = {1885, 1985, 1985, 1985, 1985, 1985, 1985,
					 2085, 2085, 2085, 2085, 2085, 2085};
	char text[] = "150785-950W";

	(void)state;
	for (size_t i = 0; signs[i] != '\0'; i++) {
		struct lahetti_hetu hetu;

		text[6] = signs[i];
		assert_true(lahetti_hetu_read(&hetu, lahetti_span_text(text), NULL));
		assert_int_equal(hetu.birth_date, years[i] * 10000 + 715);
		/* Two people may differ in the sign alone. */
		assert_string_equal(hetu.text, text);
	}
}

static void other_signs_are_refused(void **state)
{
	char text[] = CODE;

	(void)state;
	for (int c = 1; c < 256; c++) {
		if (strchr(signs, c) != NULL || (c >= 'a' && c <= 'f') || (c >= 'u' && c <= 'y'))
			continue;
		text[6] = (char)c;
		assert_string_equal(refused(text), "hetu-form");
	}
}

static void other_forms_are_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"010190-900",
		"010190-900PP",
		" 010190-900P",
		"010190-900P ",
		"O10190-900P",
		"010190-9O0P",
		"010190-900*",
		"010190900P",
		"19900101-900P",
		"010190 900P",
		"0101900-00P",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_string_equal(refused(bad[i]), "hetu-form");
	assert_false(lahetti_hetu_read(&(struct lahetti_hetu){0}, lahetti_span(NULL, 0), NULL));
}

static void days_that_do_not_exist_are_refused(void **state)
{
	static const char *const bad[] = {
		"000190-900P", "320190-900P", "310490-900P", "011390-900P",
		"010090-900P", "290200-900B", "290201A900P",
	};

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_string_equal(refused(bad[i]), "hetu-date");
}

static void individual_numbers_below_two_are_refused(void **state)
{
	(void)state;
	assert_string_equal(refused("010190-0003"), "hetu-date");
	assert_string_equal(refused("010190-0014"), "hetu-date");
}

static void every_single_wrong_digit_is_noticed(void **state)
{
	static const char check[] = "0123456789ABCDEFHJKLMNPRSTUVWXYGIOQZ";
	struct lahetti_hetu hetu;
	char text[] = CODE;

	(void)state;
	for (size_t i = 0; i < sizeof text - 2; i++) {
		if (i == 6)
			continue;
		for (char c = '0'; c <= '9'; c++) {
			text[i] = c;
			assert_int_equal(lahetti_hetu_read(&hetu, lahetti_span_text(text), NULL),
					 c == CODE[i]);
		}
		text[i] = CODE[i];
	}
	for (size_t k = 0; check[k] != '\0'; k++) {
		text[10] = check[k];
		if (check[k] != CODE[10])
			assert_string_equal(refused(text), "hetu-check");
	}
}

static void code_is_found_anywhere_in_a_text(void **state)
{
	char text[] = "Asiakas 010190-900P tuli";

	(void)state;
	assert_true(found(CODE));
	assert_true(found("hetu:" CODE));
	assert_true(found("hetu" CODE "hetu"));
	assert_true(found("0" CODE));
	assert_true(found("äö " CODE));
	assert_true(found("010190-900p"));
	for (size_t i = 0; signs[i] != '\0'; i++) {
		text[14] = signs[i];
		assert_true(found(text));
	}
}

static void code_with_a_wrong_check_character_is_found(void **state)
{
	(void)state;
	assert_true(found("010190-900A"));
	assert_true(found("010190-900G"));
	assert_true(found("010190-9000"));
}

static void no_code_is_found_where_none_is(void **state)
{
	static const char *const none[] = {
		"",
		"010190-900",
		"Puhelin 040 123 4567, avoinna 10-15.",
		"320190-900P",
		"010190-000P",
		"010190-900 P",
		"010190/900P",
		"0199f3c2-79b0-7cc3-98c4-dc0c0c07398f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		assert_false(found(none[i]));
	assert_false(lahetti_hetu_found(lahetti_span(NULL, 0)));
	/* Only what the span holds is looked at. */
	assert_false(lahetti_hetu_found(lahetti_span(CODE, 10)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(code_gives_birth_date_and_upper_case),
		cmocka_unit_test(every_sign_in_force_tells_its_century),
		cmocka_unit_test(other_signs_are_refused),
		cmocka_unit_test(other_forms_are_refused),
		cmocka_unit_test(days_that_do_not_exist_are_refused),
		cmocka_unit_test(individual_numbers_below_two_are_refused),
		cmocka_unit_test(every_single_wrong_digit_is_noticed),
		cmocka_unit_test(code_is_found_anywhere_in_a_text),
		cmocka_unit_test(code_with_a_wrong_check_character_is_found),
		cmocka_unit_test(no_code_is_found_where_none_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
