#include "names.h"

#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <wctype.h>

#define WORDS_MOST 64

/* Which letter is another's lower case: found by the first thread that asks, and kept. */
static locale_t letters;
static pthread_once_t letters_found = PTHREAD_ONCE_INIT;

struct names {
	size_t n;
	wchar_t *words[WORDS_MOST]; /* sorted, in text */
	wchar_t *text;
};

/* A text in UTF-8 as letters, room of them at most; how many, (size_t)-1 where it is none. */
static size_t letters_of(wchar_t *to, const char *text, size_t room)
{
	locale_t before = uselocale(letters);
	size_t n = mbstowcs(to, text, room);

	(void)uselocale(before);
	return n;
}

/* The C library makes ready for a locale at its first use, not when it is made. */
static void find_letters(void)
{
	letters = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (letters != (locale_t)0)
		(void)letters_of(NULL, "", 0);
}

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
			*at = (wchar_t)towlower_l((wint_t)*at, letters);
			at++;
		}
	}
	if (n->n <= WORDS_MOST)
		qsort(n->words, n->n, sizeof *n->words, compare);
}

struct names *names_create(const char *text, struct lahetti_fault *f)
{
	struct names *n = calloc(1, sizeof *n);
	size_t room = strlen(text) + 1;

	(void)pthread_once(&letters_found, find_letters);
	if (letters == (locale_t)0) {
		free(n);
		(void)lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-letters",
					"The C library has no C.UTF-8: install its locales.");
		return NULL;
	}
	if (n != NULL)
		n->text = calloc(room, sizeof *n->text);
	if (n == NULL || n->text == NULL) {
		free(n);
		(void)lahetti_fault_no_memory(f);
		return NULL;
	}
	/* What is no UTF-8 has been refused long ago; it has no words. */
	if (letters_of(n->text, text, room) == (size_t)-1)
		n->text[0] = L'\0';
	split(n);
	return n;
}

void names_destroy(struct names *n)
{
	if (n == NULL)
		return;
	free(n->text);
	free(n);
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
	other = names_create(whole, f);
	free(whole);
	if (other == NULL)
		return false;
	*are = equal(n, other);
	names_destroy(other);
	return true;
}
