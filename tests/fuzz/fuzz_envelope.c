/* Envelopes of strangers. None verifies against a key but the one that was signed with it. */
#include "lahetti/dsse.h"

#include <stdlib.h>
#include <string.h>

#define ROOM (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool held)
{
	if (!held)
		abort();
}

/* The key with which corpus/envelope/signed is signed. */
static const uint8_t spki[] = {
	0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
	0x04, 0x05, 0xc4, 0xed, 0xbf, 0x94, 0x1f, 0x6e, 0x7c, 0x04, 0x79, 0x9b, 0xd2,
	0xb4, 0xaa, 0xa3, 0xf9, 0x29, 0x9f, 0x69, 0x4d, 0x46, 0x12, 0x25, 0x9e, 0x5b,
	0xcc, 0x89, 0x27, 0x8a, 0x8f, 0x60, 0xe1, 0xa9, 0x22, 0x3f, 0xc4, 0xa2, 0x80,
	0xd4, 0x54, 0x40, 0x3f, 0x55, 0x82, 0xbe, 0x16, 0x93, 0x19, 0x2a, 0x71, 0x6d,
	0x33, 0xb5, 0x7a, 0x17, 0x67, 0x61, 0x3a, 0x22, 0xa7, 0x7b, 0x42, 0x13, 0x5e,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct lahetti_arena arena;
	static struct lahetti_public_key *key;
	struct lahetti_fault f = {0};
	struct lahetti_envelope e;

	must(arena.block != NULL || lahetti_arena_init(&arena, ROOM, NULL));
	if (key == NULL)
		key = lahetti_public_key_read(lahetti_span(spki, sizeof spki), NULL);
	must(key != NULL);
	lahetti_arena_reset(&arena);
	if (!lahetti_envelope_read(&e, lahetti_span(data, len), &arena, &f)) {
		must(f.kind == LAHETTI_FAULT_MALFORMED);
		return 0;
	}
	must(e.sig.len == LAHETTI_SIGNATURE_LEN);
	if (lahetti_envelope_verify(&e, LAHETTI_TYPE_STATEMENT, key, &f))
		must(lahetti_span_equal(e.payload, lahetti_span_text("signed")));
	else
		must(f.kind == LAHETTI_FAULT_INVALID);
	/* The signature's own bytes are looked at whatever the envelope says of type and key. */
	if (lahetti_verify(key, &e.payload, 1, e.sig, &f))
		abort();
	must(f.kind == LAHETTI_FAULT_INVALID);
	return 0;
}
