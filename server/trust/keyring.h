/*
 * Parsed public keys by key identifier: parsing one costs more than a verification with it, so it
 * is done once. A key never changes and its identifier is the digest of its bytes, so what is kept
 * here is never out of date; whether the key is enrolled, confirmed or revoked is a fact of the
 * directory, asked by whoever decides.
 *
 * Thread-safe: the workers share one.
 */
#ifndef KEYRING_H
#define KEYRING_H

#include "lahetti/key.h"

struct keyring;

/* Keeps at most `most` keys (1 or more); of those that nobody holds the one longest unused goes. */
LAHETTI_CHECKED struct keyring *keyring_create(size_t most, struct lahetti_fault *f);

/* When nobody holds a key any more. */
void keyring_destroy(struct keyring *ring);

/*
 * Appends the SPKI of the key with that identifier, or says that there is none. Called from the
 * thread that asks, without a lock; several threads may ask for the same key at once.
 */
typedef bool keyring_lookup_fn(void *context, const struct lahetti_digest *id,
			       struct lahetti_buffer *spki, bool *found, struct lahetti_fault *f);

/*
 * The key with that identifier, held until keyring_release. NULL: "unknown-key" (INVALID), which is
 * not remembered; "key-damaged" (BROKEN) where what lookup gave is not the key of that identifier;
 * "keyring-full" (BUSY) where every key is held; what lookup says.
 */
LAHETTI_CHECKED const struct lahetti_public_key *
keyring_get(struct keyring *ring, const struct lahetti_digest *id, keyring_lookup_fn *lookup,
	    void *context, struct lahetti_fault *f);

/* Once for each keyring_get; NULL is accepted. */
void keyring_release(struct keyring *ring, const struct lahetti_public_key *key);

size_t keyring_len(struct keyring *ring);

#endif
