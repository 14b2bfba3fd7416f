/*
 * Keys of devices: ECDSA P-256. (The log's own key is in note.h.) A key's identifier is the SHA-256
 * of its SubjectPublicKeyInfo. Parsing a key costs more than a verification with it, so parsed keys
 * are kept.
 */
#ifndef LAHETTI_KEY_H
#define LAHETTI_KEY_H

#include "lahetti/buffer.h"
#include "lahetti/id.h"

#define LAHETTI_SIGNATURE_LEN 64

/* Both immutable: may be used by several threads at once. */
struct lahetti_public_key;
struct lahetti_private_key;

/*
 * A P-256 public key from DER, in the one form that gives it its one identifier: named curve,
 * uncompressed point. "bad-key" (MALFORMED) for anything else, other curves and points off the
 * curve too.
 */
LAHETTI_API LAHETTI_CHECKED struct lahetti_public_key *
lahetti_public_key_read(struct lahetti_span spki, struct lahetti_fault *f);
LAHETTI_API void lahetti_public_key_destroy(struct lahetti_public_key *key);
LAHETTI_API const struct lahetti_digest *
lahetti_public_key_id(const struct lahetti_public_key *key);
LAHETTI_API struct lahetti_span lahetti_public_key_spki(const struct lahetti_public_key *key);

/*
 * ECDSA with SHA-256 over the spans one after another; sig is r and s, 32 bytes each, big-endian
 * (IEEE P1363). "bad-signature" (INVALID) where it does not hold. Whoever has seen a signature can
 * make another of the same bytes: it identifies nothing.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_verify(const struct lahetti_public_key *key,
						const struct lahetti_span *spans, size_t n,
						struct lahetti_span sig, struct lahetti_fault *f);

/* A new P-256 key. */
LAHETTI_API LAHETTI_CHECKED struct lahetti_private_key *
lahetti_private_key_new(struct lahetti_fault *f);

/*
 * PKCS#8 in PEM, encrypted with the passphrase (PBES2, AES-256-CBC, PBKDF2 with SHA-256 and 600,000
 * rounds). Read are other rounds and ciphers too. Reading: "bad-key" (MALFORMED),
 * "wrong-passphrase" (INVALID). Writing appends to out.
 */
LAHETTI_API LAHETTI_CHECKED struct lahetti_private_key *
lahetti_private_key_read(struct lahetti_span pem, struct lahetti_span passphrase,
			 struct lahetti_fault *f);
LAHETTI_API LAHETTI_CHECKED bool lahetti_private_key_write(const struct lahetti_private_key *key,
							   struct lahetti_span passphrase,
							   struct lahetti_buffer *out,
							   struct lahetti_fault *f);
LAHETTI_API void lahetti_private_key_destroy(struct lahetti_private_key *key);

/* Borrowed, lives as long as the private key. */
LAHETTI_API const struct lahetti_public_key *
lahetti_private_key_public(const struct lahetti_private_key *key);

LAHETTI_API LAHETTI_CHECKED bool lahetti_sign(const struct lahetti_private_key *key,
					      const struct lahetti_span *spans, size_t n,
					      uint8_t sig[LAHETTI_SIGNATURE_LEN],
					      struct lahetti_fault *f);

/* The OpenSSL key behind it (EVP_PKEY *), borrowed: for certificates and TLS. */
LAHETTI_API void *lahetti_private_key_native(const struct lahetti_private_key *key);
LAHETTI_API void *lahetti_public_key_native(const struct lahetti_public_key *key);

#endif
