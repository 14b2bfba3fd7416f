#include "lahetti/hetu.h"

#include "lahetti/id.h"

#include <string.h>

#define SIGN_AT	       6
#define INDIVIDUAL_AT  7
#define CHECK_AT       10
#define INDIVIDUAL_LEN 3
#define FIRST_PERSON   2
#define FIRST_TEST     900

/* 0 where the sign is not in force. */
static uint32_t century_of(char sign)
{
	if (sign == '+')
		return 1800;
	if (sign == '-' || (sign >= 'U' && sign <= 'Y'))
		return 1900;
	if (sign >= 'A' && sign <= 'F')
		return 2000;
	return 0;
}

/* Not toupper, which asks the locale. */
static char upper(uint8_t c)
{
	return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static uint32_t number(const char *digits, size_t len)
{
	uint32_t n = 0;

	while (len-- > 0)
		n = n * 10 + (uint32_t)(*digits++ - '0');
	return n;
}

/*
 * Reads the 11 characters at text without looking at which check character they end in. Returns the
 * code of what is wrong, or NULL.
 */
static const char *read_unchecked(struct lahetti_hetu *hetu, const uint8_t *text)
{
	char *code = hetu->text;
	uint32_t century, individual;

	for (size_t i = 0; i < LAHETTI_HETU_LEN; i++) {
		code[i] = upper(text[i]);
		if (i != SIGN_AT && !is_digit(code[i]) &&
		    (i != CHECK_AT || code[i] < 'A' || code[i] > 'Z'))
			return "hetu-form";
	}
	code[LAHETTI_HETU_LEN] = '\0';
	century = century_of(code[SIGN_AT]);
	if (century == 0)
		return "hetu-form";
	hetu->birth_date = (century + number(code + 4, 2)) * 10000 + number(code + 2, 2) * 100 +
			   number(code, 2);
	individual = number(code + INDIVIDUAL_AT, INDIVIDUAL_LEN);
	hetu->test = individual >= FIRST_TEST;
	if (!lahetti_date_valid(hetu->birth_date) || individual < FIRST_PERSON)
		return "hetu-date";
	return NULL;
}

/* DDMMYYNNN as one number, modulo 31. */
static char check_character(const char *code)
{
	static const char characters[] = "0123456789ABCDEFHJKLMNPRSTUVWXY";
	uint32_t n = number(code, SIGN_AT) * 1000 + number(code + INDIVIDUAL_AT, INDIVIDUAL_LEN);

	return characters[n % 31];
}

bool lahetti_hetu_read(struct lahetti_hetu *hetu, struct lahetti_span text, struct lahetti_fault *f)
{
	struct lahetti_hetu read;
	const char *wrong = "hetu-form";

	if (text.len == LAHETTI_HETU_LEN)
		wrong = read_unchecked(&read, text.data);
	if (wrong == NULL && read.text[CHECK_AT] != check_character(read.text))
		wrong = "hetu-check";
	if (wrong != NULL)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_MALFORMED, wrong,
			"The personal identity code is not right: look for a mistyped character.");
	*hetu = read;
	return true;
}

bool lahetti_hetu_found(struct lahetti_span text)
{
	struct lahetti_hetu hetu;

	for (size_t i = 0; i + LAHETTI_HETU_LEN <= text.len; i++) {
		if (read_unchecked(&hetu, text.data + i) == NULL)
			return true;
	}
	return false;
}
