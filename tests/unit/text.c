#include "lahetti/text.h"

#include "lahetti/kinds.h"

#include <lahetti/v1/audit.pb-c.h>
#include <lahetti/v1/common.pb-c.h>
#include <lahetti/v1/directory.pb-c.h>
#include <lahetti/v1/session.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const ProtobufCEnumDescriptor *const types[] = {
	&lahetti__v1__role__descriptor,		  &lahetti__v1__category__descriptor,
	&lahetti__v1__purpose__descriptor,	  &lahetti__v1__basis_kind__descriptor,
	&lahetti__v1__recipient_kind__descriptor, &lahetti__v1__service__descriptor,
	&lahetti__v1__urgency__descriptor,	  &lahetti__v1__criterion__descriptor,
	&lahetti__v1__answer__descriptor,	  &lahetti__v1__giver__descriptor,
	&lahetti__v1__how_given__descriptor,	  &lahetti__v1__step__descriptor,
	&lahetti__v1__state__descriptor,	  &lahetti__v1__reason__descriptor,
	&lahetti__v1__cause__descriptor,	  &lahetti__v1__phase__descriptor,
	&lahetti__v1__outcome__descriptor,	  &lahetti__v1__action__descriptor,
	&lahetti__v1__event_outcome__descriptor,  &lahetti__v1__organisation_type__descriptor,
};

static void keys_grow(void **state)
{
	size_t n;
	const struct lahetti_text_row *rows = lahetti_texts(&n);

	(void)state;
	assert_true(n > 300);
	for (size_t i = 1; i < n; i++)
		if (strcmp(rows[i - 1].key, rows[i].key) >= 0)
			fail_msg("%s stands before %s", rows[i - 1].key, rows[i].key);
}

static void every_text_is_there_in_each_language(void **state)
{
	size_t n;
	const struct lahetti_text_row *rows = lahetti_texts(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < LAHETTI_LANGUAGES; k++) {
			const char *text = rows[i].text[k];
			size_t len = strlen(text);

			if (len == 0 || text[0] == ' ' || text[len - 1] == ' ')
				fail_msg("%s: empty or with blanks around it", rows[i].key);
			assert_ptr_equal(lahetti_text_find(rows[i].key, (enum lahetti_language)k),
					 text);
		}
	assert_null(lahetti_text_find("", LAHETTI_FINNISH));
	assert_null(lahetti_text_find("role", LAHETTI_FINNISH));
	assert_null(lahetti_text_find("role.job-coachx", LAHETTI_FINNISH));
}

/* A sentence is a sentence in each language, and another one. */
static void sentences_are_translated(void **state)
{
	size_t n;
	const struct lahetti_text_row *rows = lahetti_texts(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const char *const *t = rows[i].text;
		bool sentence = t[LAHETTI_ENGLISH][strlen(t[LAHETTI_ENGLISH]) - 1] == '.';

		for (int k = 0; k < LAHETTI_LANGUAGES; k++)
			if ((t[k][strlen(t[k]) - 1] == '.') != sentence)
				fail_msg("%s: a sentence in one language only", rows[i].key);
		if (strncmp(rows[i].key, "code.", 5) == 0)
			assert_true(sentence);
		if ((sentence || strchr(t[LAHETTI_ENGLISH], ' ') != NULL) &&
		    (strcmp(t[LAHETTI_ENGLISH], t[LAHETTI_FINNISH]) == 0 ||
		     strcmp(t[LAHETTI_ENGLISH], t[LAHETTI_SWEDISH]) == 0 ||
		     strcmp(t[LAHETTI_FINNISH], t[LAHETTI_SWEDISH]) == 0))
			fail_msg("%s: the same in two languages", rows[i].key);
	}
}

static void every_value_has_a_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		for (unsigned k = 0; k < types[i]->n_values; k++) {
			int value = types[i]->values[k].value;
			const char *text = lahetti_text_of(types[i], value, LAHETTI_SWEDISH);

			if ((text != NULL) != (value != 0))
				fail_msg("%s", types[i]->values[k].name);
		}
	assert_string_equal(lahetti_text_of(&lahetti__v1__role__descriptor,
					    LAHETTI__V1__ROLE__ROLE_JOB_COACH, LAHETTI_FINNISH),
			    "työhönvalmentaja");
	assert_string_equal(lahetti_text_of(&lahetti__v1__how_given__descriptor,
					    LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_PAPER,
					    LAHETTI_SWEDISH),
			    "På papper");
}

static void every_kind_has_a_text(void **state)
{
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char key[64];

		(void)snprintf(key, sizeof key, "kind.%s", kinds[i].name);
		assert_non_null(lahetti_text_find(key, LAHETTI_FINNISH));
	}
}

/* Codes and their texts, each way; the English one must fit a fault. */
static void every_code_has_a_sentence_and_every_sentence_a_code(void **state)
{
	size_t n_codes, n_texts;
	const struct lahetti_code_row *codes = lahetti_codes(&n_codes);
	const struct lahetti_text_row *rows = lahetti_texts(&n_texts);
	size_t sentences = 0;

	(void)state;
	for (size_t i = 0; i < n_codes; i++) {
		const char *sentence = lahetti_text_of_code(codes[i].code, LAHETTI_ENGLISH);

		if (sentence == NULL) {
			fail_msg("%s has no text", codes[i].code);
			continue; /* never: fail_msg does not return */
		}
		assert_true(strlen(sentence) < sizeof((struct lahetti_fault *)0)->text);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(codes[i].code, codes[k].code);
	}
	for (size_t i = 0; i < n_texts; i++)
		sentences += strncmp(rows[i].key, "code.", 5) == 0;
	assert_int_equal(sentences, n_codes);
	assert_null(lahetti_text_of_code("no-such-code", LAHETTI_ENGLISH));
}

static void fault_says_the_sentence_of_its_code(void **state)
{
	struct lahetti_fault f = {0};

	(void)state;
	assert_false(lahetti_fault_say(&f, LAHETTI_FAULT_MALFORMED, "missing-urgency"));
	assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	assert_string_equal(f.code, "missing-urgency");
	assert_string_equal(f.text, lahetti_text_of_code("missing-urgency", LAHETTI_ENGLISH));
	assert_false(lahetti_fault_say(NULL, LAHETTI_FAULT_MALFORMED, "missing-urgency"));
}

static void language_is_found_by_its_tag(void **state)
{
	static const struct {
		const char *tag;
		int language; /* -1: none */
	} tags[] = {
		{"fi", LAHETTI_FINNISH},
		{"sv", LAHETTI_SWEDISH},
		{"en", LAHETTI_ENGLISH},
		{"sv-FI", LAHETTI_SWEDISH},
		{"fi_FI.UTF-8", LAHETTI_FINNISH},
		{"en_GB@euro", LAHETTI_ENGLISH},
		{"fi.UTF-8", LAHETTI_FINNISH},
		{"", -1},
		{"f", -1},
		{"fin", -1},
		{"de", -1},
		{"C", -1},
		{NULL, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof tags / sizeof tags[0]; i++) {
		enum lahetti_language language = LAHETTI_ENGLISH;

		assert_int_equal(lahetti_language_find(tags[i].tag, &language),
				 tags[i].language >= 0);
		if (tags[i].language >= 0)
			assert_int_equal(language, tags[i].language);
	}
	for (int i = 0; i < LAHETTI_LANGUAGES; i++) {
		enum lahetti_language language;

		assert_true(lahetti_language_find(lahetti_language_tag((enum lahetti_language)i),
						  &language));
		assert_int_equal(language, i);
	}
}

static void language_is_the_options_then_the_environments(void **state)
{
	(void)state;
	assert_int_equal(lahetti_language_choose("sv", "fi", "fi", "fi"), LAHETTI_SWEDISH);
	assert_int_equal(lahetti_language_choose("de", "fi", NULL, NULL), LAHETTI_FINNISH);
	assert_int_equal(lahetti_language_choose(NULL, "fi_FI", "sv", "sv"), LAHETTI_FINNISH);
	assert_int_equal(lahetti_language_choose(NULL, NULL, "sv_FI", "fi"), LAHETTI_SWEDISH);
	assert_int_equal(lahetti_language_choose(NULL, "", "", "fi_FI"), LAHETTI_FINNISH);
	assert_int_equal(lahetti_language_choose(NULL, "C", "fi", "fi"), LAHETTI_ENGLISH);
	assert_int_equal(lahetti_language_choose(NULL, NULL, NULL, NULL), LAHETTI_ENGLISH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_grow),
		cmocka_unit_test(every_text_is_there_in_each_language),
		cmocka_unit_test(sentences_are_translated),
		cmocka_unit_test(every_value_has_a_text),
		cmocka_unit_test(every_kind_has_a_text),
		cmocka_unit_test(every_code_has_a_sentence_and_every_sentence_a_code),
		cmocka_unit_test(fault_says_the_sentence_of_its_code),
		cmocka_unit_test(language_is_found_by_its_tag),
		cmocka_unit_test(language_is_the_options_then_the_environments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
