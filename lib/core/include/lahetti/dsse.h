/*
 * DSSE envelopes (github.com/secure-systems-lab/dsse, v1.0.2): what is signed, how it is signed and
 * verified.
 */
#ifndef LAHETTI_DSSE_H
#define LAHETTI_DSSE_H

#include "lahetti/arena.h"
#include "lahetti/key.h"

#define LAHETTI_TYPE_STATEMENT "application/vnd.lahetti.statement.v1+protobuf"
#define LAHETTI_TYPE_LOGIN     "application/vnd.lahetti.login.v1+protobuf"
#define LAHETTI_TYPE_ENROLMENT "application/vnd.lahetti.enrolment.v1+protobuf"

/* What of an Envelope is needed; spans are borrowed from the bytes or message it was read from. */
struct lahetti_envelope {
	struct lahetti_span payload;
	struct lahetti_span payload_type;
	struct lahetti_digest key_id;
	struct lahetti_span sig; /* 64 bytes */
};

/*
 * What is signed, PAE(type, payload), as spans over the two and over the texts between them that
 * hold their lengths: so the struct must not be moved.
 */
#define LAHETTI_PAE_SPANS 4
struct lahetti_pae {
	char head[32];
	char middle[32];
	struct lahetti_span spans[LAHETTI_PAE_SPANS];
};
LAHETTI_API void lahetti_pae(struct lahetti_pae *pae, struct lahetti_span type,
			     struct lahetti_span payload);

/*
 * Reads packed Envelope bytes into spans over the arena: exactly one signature of 64 bytes and a
 * key identifier of 32, else "bad-envelope" (MALFORMED), or what lahetti_message_read says. Nothing
 * is verified.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_envelope_read(struct lahetti_envelope *e,
						       struct lahetti_span bytes,
						       struct lahetti_arena *arena,
						       struct lahetti_fault *f);

/* The same of an Envelope that came unpacked inside a frame; the spans are over what it points to.
 */
struct Lahetti__V1__Envelope;
LAHETTI_API LAHETTI_CHECKED bool lahetti_envelope_of(struct lahetti_envelope *e,
						     const struct Lahetti__V1__Envelope *message,
						     struct lahetti_fault *f);

/*
 * Verifies against a registered key: the type must be the expected one ("wrong-type"), the key
 * identifier the key's ("wrong-key"), the signature must hold ("bad-signature"); all INVALID. Never
 * parses the payload.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_envelope_verify(const struct lahetti_envelope *e,
							 const char *type,
							 const struct lahetti_public_key *key,
							 struct lahetti_fault *f);

/*
 * Signs and packs an Envelope into the arena. An empty span on failure ("message-too-large",
 * MALFORMED, when the arena is spent).
 */
LAHETTI_API struct lahetti_span lahetti_envelope_sign(const char *type, struct lahetti_span payload,
						      const struct lahetti_private_key *key,
						      struct lahetti_arena *arena,
						      struct lahetti_fault *f);

#endif
