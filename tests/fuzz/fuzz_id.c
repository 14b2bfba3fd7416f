/* Identifiers, hexadecimal, Base64 and public keys of strangers: what reads is written as it was.
 */
#include "lahetti/key.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define TEXT_MOST 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool held)
{
	if (!held)
		abort();
}

static void check_text(const char *text, size_t len)
{
	uint8_t bytes[TEXT_MOST];
	char again[TEXT_MOST + 1];
	struct lahetti_id id;
	size_t n;

	if (lahetti_id_parse(&id, text, NULL)) {
		lahetti_id_format(&id, again);
		must(strcasecmp(again, text) == 0);
		must(lahetti_id_read(&id, lahetti_id_span(&id), NULL));
	}
	if (lahetti_hex_parse(bytes, len / 2, text, NULL)) {
		lahetti_hex(bytes, len / 2, again);
		must(strcasecmp(again, text) == 0);
	}
	if (lahetti_base64_parse(bytes, sizeof bytes, &n, lahetti_span(text, len), NULL)) {
		must(lahetti_base64_len(n) == len);
		lahetti_base64(lahetti_span(bytes, n), again);
		must(strcmp(again, text) == 0);
		must(n == 0 ||
		     !lahetti_base64_parse(bytes, n - 1, &n, lahetti_span(text, len), NULL));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct lahetti_span bytes = lahetti_span(data, len);
	struct lahetti_public_key *key = lahetti_public_key_read(bytes, NULL);
	struct lahetti_id id;
	char text[TEXT_MOST + 1] = {0};

	if (key != NULL)
		must(lahetti_span_equal(lahetti_public_key_spki(key), bytes));
	lahetti_public_key_destroy(key);
	if (lahetti_id_read(&id, bytes, NULL))
		must(lahetti_span_equal(lahetti_id_span(&id), bytes));
	if (len > TEXT_MOST)
		return 0;
	if (len > 0)
		memcpy(text, data, len);
	check_text(text, strlen(text));
	return 0;
}
