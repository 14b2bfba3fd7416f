/*
 * C2SP signed notes (c2sp.org/signed-note) and tlog checkpoints (c2sp.org/tlog-checkpoint), signed
 * with Ed25519.
 */
#ifndef LAHETTI_NOTE_H
#define LAHETTI_NOTE_H

#include "lahetti/buffer.h"
#include "lahetti/id.h"

#define LAHETTI_NOTE_MOST     4096 /* bytes of a checkpoint of ours */
#define LAHETTI_KEY_NAME_MOST 255
#define LAHETTI_VKEY_MOST     309 /* letters of a verifier key */

struct lahetti_note_signer; /* Ed25519 private key and its name */
struct lahetti_note_verifier;

/*
 * A signer from a 32-byte seed. The name is the key's: no spaces, no plus, not empty
 * ("bad-key-name", MALFORMED).
 */
LAHETTI_API LAHETTI_CHECKED struct lahetti_note_signer *
lahetti_note_signer_new(const char *name, const uint8_t seed[32], struct lahetti_fault *f);
LAHETTI_API void lahetti_note_signer_destroy(struct lahetti_note_signer *s);

/* The verifier key, NAME+HASH+BASE64, NUL-terminated; borrowed, lives as long as the signer. */
LAHETTI_API const char *lahetti_note_signer_vkey(const struct lahetti_note_signer *s);

/* From a verifier key; "bad-verifier-key" (MALFORMED). */
LAHETTI_API LAHETTI_CHECKED struct lahetti_note_verifier *
lahetti_note_verifier_read(const char *vkey, struct lahetti_fault *f);
LAHETTI_API void lahetti_note_verifier_destroy(struct lahetti_note_verifier *v);
/* Borrowed, as long as it lives. */
LAHETTI_API const char *lahetti_note_verifier_name(const struct lahetti_note_verifier *v);
LAHETTI_API const char *lahetti_note_verifier_vkey(const struct lahetti_note_verifier *v);

/*
 * The text part of a note (its last newline included, the separating blank line not) if at least
 * one signature of the verifier's key is there and all of that key hold; signatures of unknown keys
 * are passed over. "bad-note" (MALFORMED) for its form, "unknown-key" or "bad-signature" (INVALID).
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_note_open(struct lahetti_span note,
						   const struct lahetti_note_verifier *v,
						   struct lahetti_span *text,
						   struct lahetti_fault *f);

/*
 * The note of a text, signed by each signer in order, appended to out. A text that is not UTF-8,
 * has control characters or does not end with a newline is "bad-note" (MALFORMED).
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_note_sign(struct lahetti_span text,
						   const struct lahetti_note_signer *const *signers,
						   size_t n, struct lahetti_buffer *out,
						   struct lahetti_fault *f);

struct lahetti_checkpoint {
	char origin[LAHETTI_KEY_NAME_MOST + 1];
	uint64_t size;
	struct lahetti_digest root;
};

/*
 * Writes and signs; note holds LAHETTI_NOTE_MOST bytes, *len is what was used. An origin that is
 * empty or has control characters is "bad-checkpoint" (MALFORMED).
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_checkpoint_sign(const struct lahetti_checkpoint *c,
							 const struct lahetti_note_signer *s,
							 char *note, size_t *len,
							 struct lahetti_fault *f);

/*
 * Opens a note and reads its first three lines ("bad-checkpoint", MALFORMED); the origin must be
 * `origin` where that is not NULL ("wrong-origin", INVALID).
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_checkpoint_open(struct lahetti_checkpoint *c,
							 struct lahetti_span note,
							 const struct lahetti_note_verifier *v,
							 const char *origin,
							 struct lahetti_fault *f);

/*
 * Reads a checkpoint, its text alone or the whole note, without regard to who signed it: for
 * messages to people and for tools. "bad-checkpoint" or "bad-note" (MALFORMED).
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_checkpoint_parse(struct lahetti_checkpoint *c,
							  struct lahetti_span text,
							  struct lahetti_fault *f);

#endif
