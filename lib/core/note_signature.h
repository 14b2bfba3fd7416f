/* What one Ed25519 signature covers, apart from the form of notes: so that it can be tested with
 * any message. */
#ifndef LAHETTI_NOTE_SIGNATURE_H
#define LAHETTI_NOTE_SIGNATURE_H

#include "lahetti/note.h"

#define LAHETTI_ED25519_LEN 64

/* "bad-signature" (INVALID) where it does not hold, a signature of another length too. */
LAHETTI_CHECKED bool lahetti_note_signature_verify(const struct lahetti_note_verifier *v,
						   struct lahetti_span text,
						   struct lahetti_span sig,
						   struct lahetti_fault *f);

#endif
