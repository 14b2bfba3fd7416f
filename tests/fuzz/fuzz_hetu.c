/*
 * Personal identity codes in texts of strangers. A code that reads is found, reads as itself again,
 * and no other check character or day of its own goes with it.
 */
#include "lahetti/hetu.h"
#include "lahetti/id.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool held)
{
	if (!held)
		abort();
}

static bool check(struct lahetti_span text)
{
	struct lahetti_fault f = {0};
	struct lahetti_hetu hetu, again;

	if (!lahetti_hetu_read(&hetu, text, &f)) {
		must(f.kind == LAHETTI_FAULT_MALFORMED && strncmp(f.code, "hetu-", 5) == 0);
		return false;
	}
	must(strlen(hetu.text) == LAHETTI_HETU_LEN && lahetti_date_valid(hetu.birth_date));
	must(lahetti_hetu_found(text));
	must(lahetti_hetu_read(&again, lahetti_span_text(hetu.text), NULL));
	must(strcmp(again.text, hetu.text) == 0 && again.birth_date == hetu.birth_date);
	again.text[LAHETTI_HETU_LEN - 1] = hetu.text[LAHETTI_HETU_LEN - 1] == '0' ? '1' : '0';
	must(!lahetti_hetu_read(&hetu, lahetti_span_text(again.text), NULL));
	must(lahetti_hetu_found(lahetti_span_text(again.text)));
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	bool one_reads = check(lahetti_span(data, len));

	for (size_t i = 0; i + LAHETTI_HETU_LEN <= len; i++)
		one_reads |= check(lahetti_span(data + i, LAHETTI_HETU_LEN));
	if (one_reads)
		must(lahetti_hetu_found(lahetti_span(data, len)));
	return 0;
}
