/* Names: the same words, however they are ordered and written; nothing less, nothing more. */
#include "names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static bool are(const char *term, const char *family_name, const char *given_names)
{
	struct lahetti_fault f = {0};
	struct names *n = names_create(term, &f);
	bool same;

	assert_non_null(n);
	assert_true(names_are(n, family_name, given_names, &same, &f));
	names_destroy(n);
	return same;
}

static size_t count(const char *term)
{
	struct lahetti_fault f = {0};
	struct names *n = names_create(term, &f);
	size_t words;

	assert_non_null(n);
	words = names_count(n);
	names_destroy(n);
	return words;
}

static void same_words_are_the_same_name(void **state)
{
	static const char *const terms[] = {
		"Äyräs-Öhman Eeva Åsa",	  "Eeva Åsa Äyräs-Öhman", "äyräs-öhman eeva åsa",
		"ÄYRÄS-ÖHMAN, EEVA ÅSA",  "Åsa äyräs-öhman EEVA", "  Äyräs-Öhman ,Eeva   Åsa  ",
		"Äyräs-Öhman\tEeva\tÅsa",
	};

	(void)state;
	for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
		if (!are(terms[i], "Äyräs-Öhman", "Eeva Åsa"))
			fail_msg("%s", terms[i]);
	assert_true(are("von Essen", "von Essen", ""));
	assert_true(are("Ольга ЖУКОВА", "Жукова", "Ольга"));
}

static void part_of_a_name_is_not_the_name(void **state)
{
	static const char *const terms[] = {
		"",
		"Äyräs-Öhman",
		"Eeva Åsa",
		"Äyräs-Öhman Eeva",
		"Äyräs Eeva Åsa",
		"Äyräs-Öhman Eeva Åsa Eeva",
		"Äyräs-Öhman Eeva Asa",
		"Äyräs-Öhman Eev Åsa",
		"Äyräs-Öhman EevaÅsa",
		"% %",
		"* *",
		"Äyräs-Öhman Eeva Eeva",
	};

	(void)state;
	for (size_t i = 0; i < sizeof terms / sizeof *terms; i++)
		if (are(terms[i], "Äyräs-Öhman", "Eeva Åsa"))
			fail_msg("%s", terms[i]);
}

static void words_are_counted(void **state)
{
	(void)state;
	assert_int_equal(0, count(""));
	assert_int_equal(0, count(" ,\t, "));
	assert_int_equal(1, count(" Esimerkki ,"));
	assert_int_equal(2, count("Esimerkki,Eeva"));
	assert_int_equal(3, count("Äyräs-Öhman Eeva Åsa"));
	/* What is no UTF-8 has no words. */
	assert_int_equal(0, count("Eeva \xff\xfe Esimerkki"));
}

/* More words than anybody has are nobody's name, and not the beginning of one. */
static void many_words_are_nobody(void **state)
{
	char term[201];

	(void)state;
	for (size_t i = 0; i < 200; i++)
		term[i] = i % 2 == 0 ? 'a' : ' ';
	term[200] = '\0';
	assert_int_equal(100, count(term));
	assert_false(are(term, term, ""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_words_are_the_same_name),
		cmocka_unit_test(part_of_a_name_is_not_the_name),
		cmocka_unit_test(words_are_counted),
		cmocka_unit_test(many_words_are_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
