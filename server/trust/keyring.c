#include "keyring.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define SPKI_MOST 256 /* a P-256 key's is 91 bytes; what is longer is none */

/*
 * Entries stand in a bucket, by identifier, and in `age`, by when they were last asked for. Those
 * that are held stay; so nothing that a caller uses is freed, and what is kept is bounded.
 */
struct entry {
	LIST_ENTRY(entry) in_bucket;
	TAILQ_ENTRY(entry) in_age;
	struct lahetti_public_key *key;
	size_t holders;
};

LIST_HEAD(bucket, entry);
TAILQ_HEAD(age, entry);

struct keyring {
	pthread_mutex_t lock;
	size_t most;
	size_t len;
	size_t mask; /* buckets, a power of two, minus one */
	struct bucket *buckets;
	struct age age; /* the last used first */
};

struct keyring *keyring_create(size_t most, struct lahetti_fault *f)
{
	struct keyring *ring = calloc(1, sizeof *ring);
	size_t buckets = 1;

	assert(most > 0);
	while (buckets < most)
		buckets *= 2;
	if (ring != NULL)
		ring->buckets = calloc(buckets, sizeof *ring->buckets);
	if (ring == NULL || ring->buckets == NULL || pthread_mutex_init(&ring->lock, NULL) != 0) {
		if (ring != NULL)
			free(ring->buckets);
		free(ring);
		lahetti_fault_no_memory(f);
		return NULL;
	}
	ring->most = most;
	ring->mask = buckets - 1;
	TAILQ_INIT(&ring->age);
	return ring;
}

/* ---- under the lock ------------------------------------------------------------------------ */

/* Identifiers are digests of keys that were found: nobody chooses where one falls. */
static struct bucket *bucket_of(struct keyring *ring, const struct lahetti_digest *id)
{
	size_t hash;

	memcpy(&hash, id->bytes, sizeof hash);
	return &ring->buckets[hash & ring->mask];
}

static struct entry *find(struct keyring *ring, const struct lahetti_digest *id)
{
	struct entry *e;

	LIST_FOREACH(e, bucket_of(ring, id), in_bucket)
	{
		if (lahetti_digest_equal(lahetti_public_key_id(e->key), id))
			return e;
	}
	return NULL;
}

static const struct lahetti_public_key *hold(struct keyring *ring, struct entry *e)
{
	TAILQ_REMOVE(&ring->age, e, in_age);
	TAILQ_INSERT_HEAD(&ring->age, e, in_age);
	e->holders++;
	return e->key;
}

static void drop(struct keyring *ring, struct entry *e)
{
	LIST_REMOVE(e, in_bucket);
	TAILQ_REMOVE(&ring->age, e, in_age);
	ring->len--;
	lahetti_public_key_destroy(e->key);
	free(e);
}

/* Room for one more; the held ones passed over are as many as threads, and lie far from the end. */
static bool make_room(struct keyring *ring)
{
	struct entry *e;

	if (ring->len < ring->most)
		return true;
	TAILQ_FOREACH_REVERSE(e, &ring->age, age, in_age)
	{
		if (e->holders == 0) {
			drop(ring, e);
			return true;
		}
	}
	return false;
}

/* ---- asking -------------------------------------------------------------------------------- */

/* What lookup has, parsed. */
static struct lahetti_public_key *look_up(const struct lahetti_digest *id,
					  keyring_lookup_fn *lookup, void *context,
					  struct lahetti_fault *f)
{
	struct lahetti_public_key *key = NULL;
	struct lahetti_buffer spki;
	bool found = false;

	lahetti_buffer_init(&spki, SPKI_MOST);
	if (!lookup(context, id, &spki, &found, f))
		goto out;
	if (!found) {
		lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "unknown-key",
				  "The key is not known here.");
		goto out;
	}
	key = lahetti_public_key_read(lahetti_buffer_span(&spki), NULL);
	if (key == NULL || !lahetti_digest_equal(lahetti_public_key_id(key), id)) {
		lahetti_public_key_destroy(key);
		key = NULL;
		lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "key-damaged",
				  "A registered key is not the one that its identifier names.");
	}
out:
	lahetti_buffer_finish(&spki);
	return key;
}

/* Takes the key, also when it fails. Another thread may have been quicker: then its is held. */
static const struct lahetti_public_key *add(struct keyring *ring, struct lahetti_public_key *key,
					    struct lahetti_fault *f)
{
	const struct lahetti_public_key *held = NULL;
	struct entry *new = calloc(1, sizeof *new);
	struct entry *there;

	if (new == NULL) {
		lahetti_public_key_destroy(key);
		lahetti_fault_no_memory(f);
		return NULL;
	}
	(void)pthread_mutex_lock(&ring->lock);
	there = find(ring, lahetti_public_key_id(key));
	if (there != NULL) {
		held = hold(ring, there);
	} else if (make_room(ring)) {
		new->key = key;
		LIST_INSERT_HEAD(bucket_of(ring, lahetti_public_key_id(key)), new, in_bucket);
		TAILQ_INSERT_HEAD(&ring->age, new, in_age);
		ring->len++;
		held = hold(ring, new);
		new = NULL;
		key = NULL;
	}
	(void)pthread_mutex_unlock(&ring->lock);
	if (held == NULL)
		lahetti_fault_set(f, LAHETTI_FAULT_BUSY, "keyring-full",
				  "Too many keys are in use at once; try again later.");
	lahetti_public_key_destroy(key);
	free(new);
	return held;
}

const struct lahetti_public_key *keyring_get(struct keyring *ring, const struct lahetti_digest *id,
					     keyring_lookup_fn *lookup, void *context,
					     struct lahetti_fault *f)
{
	const struct lahetti_public_key *held = NULL;
	struct lahetti_public_key *key;
	struct entry *e;

	(void)pthread_mutex_lock(&ring->lock);
	e = find(ring, id);
	if (e != NULL)
		held = hold(ring, e);
	(void)pthread_mutex_unlock(&ring->lock);
	if (held != NULL)
		return held;
	key = look_up(id, lookup, context, f);
	return key != NULL ? add(ring, key, f) : NULL;
}

void keyring_release(struct keyring *ring, const struct lahetti_public_key *key)
{
	struct entry *e;

	if (key == NULL)
		return;
	(void)pthread_mutex_lock(&ring->lock);
	e = find(ring, lahetti_public_key_id(key));
	assert(e != NULL && e->key == key && e->holders > 0);
	if (e != NULL)
		e->holders--;
	(void)pthread_mutex_unlock(&ring->lock);
}

size_t keyring_len(struct keyring *ring)
{
	size_t len;

	(void)pthread_mutex_lock(&ring->lock);
	len = ring->len;
	(void)pthread_mutex_unlock(&ring->lock);
	return len;
}

void keyring_destroy(struct keyring *ring)
{
	if (ring == NULL)
		return;
	while (!TAILQ_EMPTY(&ring->age)) {
		assert(TAILQ_FIRST(&ring->age)->holders == 0);
		drop(ring, TAILQ_FIRST(&ring->age));
	}
	(void)pthread_mutex_destroy(&ring->lock);
	free(ring->buckets);
	free(ring);
}
