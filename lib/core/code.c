#include "lahetti/code.h"

#define SYMBOLS	   16
#define RANDOM_LEN 10 /* 80 bits, five to a symbol */

static const char label[] = "lahetti enrolment code v1\n";
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* Where the nth symbol stands in the text. */
static size_t place(size_t n)
{
	return n + n / 4;
}

static void write_hyphens(char text[LAHETTI_CODE_LEN + 1])
{
	for (size_t i = 4; i < LAHETTI_CODE_LEN; i += 5)
		text[i] = '-';
	text[LAHETTI_CODE_LEN] = '\0';
}

bool lahetti_code_new(char text[LAHETTI_CODE_LEN + 1], struct lahetti_fault *f)
{
	uint8_t random[RANDOM_LEN];
	unsigned bits = 0, held = 0;
	size_t next = 0;

	if (!lahetti_random(random, sizeof random, f))
		return false;
	for (size_t i = 0; i < SYMBOLS; i++) {
		if (held < 5) {
			bits = bits << 8 | random[next++];
			held += 8;
		}
		held -= 5;
		text[place(i)] = alphabet[bits >> held & 31];
	}
	write_hyphens(text);
	lahetti_wipe(random, sizeof random);
	lahetti_wipe(&bits, sizeof bits);
	return true;
}

/* The symbol that was meant, or NUL. */
static char meant(uint8_t typed)
{
	char upper = typed >= 'a' && typed <= 'z' ? (char)(typed - 'a' + 'A') : (char)typed;

	if (upper == 'O')
		return '0';
	if (upper == 'I' || upper == 'L')
		return '1';
	for (size_t i = 0; alphabet[i] != '\0'; i++) {
		if (alphabet[i] == upper)
			return upper;
	}
	return '\0';
}

static bool is_filling(uint8_t typed)
{
	return typed == ' ' || typed == '-' || (typed >= '\t' && typed <= '\r');
}

bool lahetti_code_normalise(char text[LAHETTI_CODE_LEN + 1], struct lahetti_span typed,
			    struct lahetti_fault *f)
{
	size_t n = 0;

	for (size_t i = 0; i < typed.len; i++) {
		char symbol;

		if (is_filling(typed.data[i]))
			continue;
		symbol = meant(typed.data[i]);
		if (symbol == '\0' || n == SYMBOLS)
			goto bad;
		text[place(n++)] = symbol;
	}
	if (n < SYMBOLS)
		goto bad;
	write_hyphens(text);
	return true;
bad:
	lahetti_wipe(text, LAHETTI_CODE_LEN + 1);
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-code",
				 "An enrolment code is 16 letters and digits, such as "
				 "AB12-CD34-EF56-GH78; check it and try again.");
}

bool lahetti_code_digest(struct lahetti_digest *digest, struct lahetti_span typed,
			 struct lahetti_fault *f)
{
	char text[LAHETTI_CODE_LEN + 1];
	struct lahetti_span spans[] = {lahetti_span_text(label),
				       lahetti_span(text, LAHETTI_CODE_LEN)};
	bool done;

	if (!lahetti_code_normalise(text, typed, f))
		return false;
	done = lahetti_sha256(digest, spans, 2, f);
	lahetti_wipe(text, sizeof text);
	return done;
}
