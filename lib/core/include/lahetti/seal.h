/*
 * Authenticated encryption (AES-256-GCM), HKDF-SHA-256 (RFC 5869) and HMAC-SHA-256, by OpenSSL. Any
 * thread. What OpenSSL can't do is "no-crypto" (BROKEN).
 */
#ifndef LAHETTI_SEAL_H
#define LAHETTI_SEAL_H

#include "lahetti/buffer.h"
#include "lahetti/id.h"

#define LAHETTI_SEAL_KEY_LEN  32
#define LAHETTI_SEAL_OVERHEAD 28 /* nonce of 12 bytes in front, tag of 16 behind */

struct lahetti_secret {
	uint8_t bytes[LAHETTI_SEAL_KEY_LEN];
};

/*
 * Appends nonce, ciphertext and tag to out. The nonce is random; one key seals at most 2^32 times.
 * The associated data are the spans one after another; callers give fields of fixed length, so that
 * no two lists read alike.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_seal(const struct lahetti_secret *key,
					      const struct lahetti_span *aad, size_t n,
					      struct lahetti_span plain, struct lahetti_buffer *out,
					      struct lahetti_fault *f);

/*
 * Appends the plaintext to out; "bad-seal" (INVALID), with out unchanged, where key, data or
 * associated data are others.
 */
LAHETTI_API LAHETTI_CHECKED bool
lahetti_unseal(const struct lahetti_secret *key, const struct lahetti_span *aad, size_t n,
	       struct lahetti_span sealed, struct lahetti_buffer *out, struct lahetti_fault *f);

/* Seals one secret under another: 60 bytes. A secret that can't be unwrapped is all zero. */
#define LAHETTI_WRAPPED_LEN (LAHETTI_SEAL_KEY_LEN + LAHETTI_SEAL_OVERHEAD)
LAHETTI_API LAHETTI_CHECKED bool lahetti_wrap(const struct lahetti_secret *key,
					      const struct lahetti_span *aad, size_t n,
					      const struct lahetti_secret *secret,
					      uint8_t wrapped[LAHETTI_WRAPPED_LEN],
					      struct lahetti_fault *f);
LAHETTI_API LAHETTI_CHECKED bool
lahetti_unwrap(const struct lahetti_secret *key, const struct lahetti_span *aad, size_t n,
	       struct lahetti_span wrapped, struct lahetti_secret *secret, struct lahetti_fault *f);

/* Derives len bytes, at most 8,160; salt and info (at most 1,024 bytes) may be empty. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_hkdf(struct lahetti_span secret, struct lahetti_span salt,
					      struct lahetti_span info, uint8_t *out, size_t len,
					      struct lahetti_fault *f);

/* Of the spans one after another. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_hmac(const struct lahetti_secret *key,
					      const struct lahetti_span *spans, size_t n,
					      struct lahetti_digest *out, struct lahetti_fault *f);

/* A random one; "no-random" (BROKEN). */
LAHETTI_API LAHETTI_CHECKED bool lahetti_secret_new(struct lahetti_secret *secret,
						    struct lahetti_fault *f);

/*
 * PBKDF2-HMAC-SHA-256, 600,000 rounds: a key from a passphrase, for what a client program keeps on
 * its device.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_secret_from_passphrase(struct lahetti_secret *secret,
								struct lahetti_span passphrase,
								struct lahetti_span salt,
								struct lahetti_fault *f);

#endif
