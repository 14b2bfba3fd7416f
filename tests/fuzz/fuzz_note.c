/*
 * Notes and checkpoints of strangers. What opens can only be the one text that the key has signed,
 * and what is read as a checkpoint is written back as the bytes it was read from.
 */
#include "lahetti/note.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Signed, in the corpus, with the key of test 1 of RFC 8032 7.1. */
#define NAME "log.example.com/lahetti/1"
#define VKEY NAME "+608f8ba6+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea"
#define TEXT NAME "\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool held)
{
	if (!held)
		abort();
}

static void check_checkpoint(const struct lahetti_checkpoint *c, struct lahetti_span read)
{
	char root[64];
	char text[LAHETTI_NOTE_MOST];
	int len;

	lahetti_base64(lahetti_digest_span(&c->root), root);
	len = snprintf(text, sizeof text, "%s\n%" PRIu64 "\n%s\n", c->origin, c->size, root);
	must(len > 0 && (size_t)len <= read.len && memcmp(text, read.data, (size_t)len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct lahetti_note_verifier *verifier;
	const struct lahetti_span note = lahetti_span(data, len);
	struct lahetti_span text = {0};
	struct lahetti_checkpoint parsed;
	struct lahetti_checkpoint opened;
	bool is_checkpoint = lahetti_checkpoint_parse(&parsed, note, NULL);

	if (verifier == NULL)
		verifier = lahetti_note_verifier_read(VKEY, NULL);
	must(verifier != NULL);
	if (is_checkpoint)
		check_checkpoint(&parsed, note);
	if (lahetti_note_open(note, verifier, &text, NULL))
		must(lahetti_span_equal(text, lahetti_span_text(TEXT)));
	if (lahetti_checkpoint_open(&opened, note, verifier, NULL, NULL)) {
		must(is_checkpoint && parsed.size == opened.size);
		must(strcmp(parsed.origin, opened.origin) == 0);
		must(lahetti_digest_equal(&parsed.root, &opened.root));
	}
	return 0;
}
