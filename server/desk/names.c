#include "names.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#define WORDS_MOST 64

struct names {
	locale_t letters; /* which letter is another's lower case */
	size_t n;
	wchar_t *words[WORDS_MOST]; /* sorted, in text */
	wchar_t *text;
};

static int compare(const void *a, const void *b)
{
	return wcscmp(*(wchar_t *const *)a, *(wchar_t *const *)b);
}

static bool separates(wchar_t c)
{
	return c == L' ' || c == L'\t' || c == L',';
}

/* The words of n->text. More than are looked at count, and are the words of no one. */
static void split(struct names *n)
{
	wchar_t *at = n->text;

	while (*at != L'\0') {
		while (separates(*at))
			*at++ = L'\0';
		if (*at == L'\0')
			break;
		if (n->n < WORDS_MOST)
			n->words[n->n] = at;
		n->n++;
		while (*at != L'\0' && !separates(*at)) {
			*at = (wchar_t)towlower_l((wint_t)*at, n->letters);
			at++;
		}
	}
	if (n->n <= WORDS_MOST)
		qsort(n->words, n->n, sizeof *n->words, compare);
}

/* With the letters of another, which are not its own then. */
static struct names *create(const char *text, locale_t letters, struct lahetti_fault *f)
{
	struct names *n = calloc(1, sizeof *n);
	size_t room = strlen(text) + 1;
	locale_t before;

	if (n != NULL)
		n->text = calloc(room, sizeof *n->text);
	if (n == NULL || n->text == NULL) {
		free(n);
		(void)lahetti_fault_no_memory(f);
		return NULL;
	}
	n->letters = letters;
	before = uselocale(letters);
	/* What is no UTF-8 has been refused long ago; it has no words. */
	if (mbstowcs(n->text, text, room) == (size_t)-1)
		n->text[0] = L'\0';
	(void)uselocale(before);
	split(n);
	return n;
}

static void destroy(struct names *n)
{
	free(n->text);
	free(n);
}

struct names *names_create(const char *text, struct lahetti_fault *f)
{
	locale_t letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	struct names *n;

	if (letters == (locale_t)0) {
		(void)lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-letters",
					"The C library has no C.UTF-8: install its locales.");
		return NULL;
	}
	n = create(text, letters, f);
	if (n == NULL)
		freelocale(letters);
	return n;
}

void names_destroy(struct names *n)
{
	if (n == NULL)
		return;
	freelocale(n->letters);
	destroy(n);
}

size_t names_count(const struct names *n)
{
	return n->n;
}

static bool equal(const struct names *a, const struct names *b)
{
	if (a->n != b->n || a->n > WORDS_MOST)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (wcscmp(a->words[i], b->words[i]) != 0)
			return false;
	return true;
}

bool names_are(const struct names *n, const char *family_name, const char *given_names, bool *are,
	       struct lahetti_fault *f)
{
	size_t room = strlen(family_name) + strlen(given_names) + 2;
	char *whole = malloc(room);
	struct names *other;

	*are = false;
	if (whole == NULL)
		return lahetti_fault_no_memory(f);
	(void)snprintf(whole, room, "%s %s", family_name, given_names);
	other = create(whole, n->letters, f);
	free(whole);
	if (other == NULL)
		return false;
	*are = equal(n, other);
	destroy(other);
	return true;
}
