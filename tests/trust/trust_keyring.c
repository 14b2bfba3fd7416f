#include "keyring.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEYS	12
#define THREADS 4
#define ROUNDS	2000

/* The directory's stand-in: some keys, and how often they were asked for. */
struct directory {
	struct lahetti_private_key *keys[KEYS];
	size_t registered; /* those before this one */
	atomic_uint asked;
	bool fails;
	bool mixes_up; /* gives another key than was asked for */
};

static const struct lahetti_public_key *public(const struct directory *d, size_t i)
{
	return lahetti_private_key_public(d->keys[i]);
}

static const struct lahetti_digest *id_of(const struct directory *d, size_t i)
{
	return lahetti_public_key_id(public(d, i));
}

static bool look_up(void *context, const struct lahetti_digest *id, struct lahetti_buffer *spki,
		    bool *found, struct lahetti_fault *f)
{
	struct directory *d = context;

	atomic_fetch_add(&d->asked, 1);
	if (d->fails)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "disk", "The disk is gone.");
	*found = false;
	for (size_t i = 0; i < d->registered; i++) {
		size_t given = d->mixes_up ? (i + 1) % KEYS : i;

		if (!lahetti_digest_equal(id, id_of(d, i)))
			continue;
		*found = true;
		return lahetti_buffer_add(spki, lahetti_public_key_spki(public(d, given)), f);
	}
	return true;
}

static int setup(void **state)
{
	struct directory *d = calloc(1, sizeof *d);

	if (d == NULL)
		return -1;
	for (size_t i = 0; i < KEYS; i++)
		d->keys[i] = lahetti_private_key_new(NULL);
	d->registered = KEYS;
	*state = d;
	return d->keys[KEYS - 1] == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	struct directory *d = *state;

	for (size_t i = 0; i < KEYS; i++)
		lahetti_private_key_destroy(d->keys[i]);
	free(d);
	return 0;
}

static struct keyring *new_ring(size_t most)
{
	struct keyring *ring = keyring_create(most, NULL);

	assert_non_null(ring);
	return ring;
}

static const struct lahetti_public_key *get(struct keyring *ring, struct directory *d, size_t i)
{
	const struct lahetti_public_key *key = keyring_get(ring, id_of(d, i), look_up, d, NULL);

	assert_non_null(key);
	assert_true(lahetti_digest_equal(lahetti_public_key_id(key), id_of(d, i)));
	return key;
}

static void use(struct keyring *ring, struct directory *d, size_t i)
{
	keyring_release(ring, get(ring, d, i));
}

static void refuse(struct keyring *ring, struct directory *d, size_t i, const char *code,
		   enum lahetti_fault_kind kind)
{
	struct lahetti_fault f = {0};

	assert_null(keyring_get(ring, id_of(d, i), look_up, d, &f));
	assert_string_equal(f.code, code);
	assert_int_equal(f.kind, kind);
}

static void key_is_looked_up_once(void **state)
{
	struct directory *d = *state;
	struct keyring *ring = new_ring(KEYS);
	const struct lahetti_public_key *first = get(ring, d, 0);
	const struct lahetti_public_key *again = get(ring, d, 0);

	assert_ptr_equal(first, again);
	assert_int_equal(d->asked, 1);
	assert_int_equal(keyring_len(ring), 1);
	keyring_release(ring, first);
	keyring_release(ring, again);
	keyring_release(ring, NULL);
	use(ring, d, 0);
	assert_int_equal(d->asked, 1);
	keyring_destroy(ring);
}

static void unknown_key_is_asked_for_again(void **state)
{
	struct directory *d = *state;
	struct keyring *ring = new_ring(KEYS);

	d->registered = 3;
	refuse(ring, d, 3, "unknown-key", LAHETTI_FAULT_INVALID);
	refuse(ring, d, 3, "unknown-key", LAHETTI_FAULT_INVALID);
	assert_int_equal(d->asked, 2);
	assert_int_equal(keyring_len(ring), 0);
	d->registered = 4;
	use(ring, d, 3);
	keyring_destroy(ring);
}

static void key_under_anothers_identifier_is_refused(void **state)
{
	struct directory *d = *state;
	struct keyring *ring = new_ring(KEYS);

	d->mixes_up = true;
	refuse(ring, d, 0, "key-damaged", LAHETTI_FAULT_BROKEN);
	d->mixes_up = false;
	use(ring, d, 0);
	use(ring, d, 1);
	keyring_destroy(ring);
}

static bool give_rubbish(void *context, const struct lahetti_digest *id,
			 struct lahetti_buffer *spki, bool *found, struct lahetti_fault *f)
{
	(void)context;
	(void)id;
	*found = true;
	return lahetti_buffer_add(spki, lahetti_span_text("rubbish"), f);
}

static void rubbish_is_refused(void **state)
{
	struct directory *d = *state;
	struct keyring *ring = new_ring(KEYS);
	struct lahetti_fault f = {0};

	assert_null(keyring_get(ring, id_of(d, 0), give_rubbish, NULL, &f));
	assert_string_equal(f.code, "key-damaged");
	keyring_destroy(ring);
}

static void fault_of_the_lookup_is_passed_on(void **state)
{
	struct directory *d = *state;
	struct keyring *ring = new_ring(KEYS);

	d->fails = true;
	refuse(ring, d, 0, "disk", LAHETTI_FAULT_BROKEN);
	d->fails = false;
	use(ring, d, 0);
	keyring_destroy(ring);
}

static void longest_unused_key_goes_first(void **state)
{
	struct directory *d = *state;
	struct keyring *ring = new_ring(3);

	use(ring, d, 0);
	use(ring, d, 1);
	use(ring, d, 2);
	use(ring, d, 0);
	use(ring, d, 3); /* in place of 1 */
	assert_int_equal(keyring_len(ring), 3);
	assert_int_equal(d->asked, 4);
	use(ring, d, 0);
	use(ring, d, 2);
	use(ring, d, 3);
	assert_int_equal(d->asked, 4);
	use(ring, d, 1);
	assert_int_equal(d->asked, 5);
	assert_int_equal(keyring_len(ring), 3);
	keyring_destroy(ring);
}

static void held_key_stays(void **state)
{
	struct directory *d = *state;
	struct keyring *ring = new_ring(2);
	const struct lahetti_public_key *held = get(ring, d, 0);
	const struct lahetti_public_key *other;

	for (size_t i = 1; i < KEYS; i++)
		use(ring, d, i);
	assert_int_equal(keyring_len(ring), 2);
	assert_ptr_equal(get(ring, d, 0), held);
	keyring_release(ring, held);
	other = get(ring, d, 1);
	refuse(ring, d, 2, "keyring-full", LAHETTI_FAULT_BUSY);
	keyring_release(ring, other);
	use(ring, d, 2);
	keyring_release(ring, held);
	keyring_destroy(ring);
}

struct crowd {
	struct keyring *ring;
	struct directory *directory;
	size_t nth;
	unsigned wrong;
};

static void *hold_two_at_a_time(void *context)
{
	struct crowd *c = context;
	struct directory *d = c->directory;

	for (size_t round = 0; round < ROUNDS; round++) {
		size_t a = (c->nth + round) % KEYS, b = (c->nth * 5 + round * 7) % KEYS;
		const struct lahetti_public_key *first =
			keyring_get(c->ring, id_of(d, a), look_up, d, NULL);
		const struct lahetti_public_key *second =
			keyring_get(c->ring, id_of(d, b), look_up, d, NULL);

		c->wrong += first == NULL || second == NULL ||
			    !lahetti_span_equal(lahetti_public_key_spki(first),
						lahetti_public_key_spki(public(d, a))) ||
			    !lahetti_span_equal(lahetti_public_key_spki(second),
						lahetti_public_key_spki(public(d, b)));
		keyring_release(c->ring, first);
		keyring_release(c->ring, second);
	}
	return NULL;
}

/* A ring too small for all keys, but never for those that are held at once. */
static void threads_share_a_ring(void **state)
{
	struct directory *d = *state;
	struct keyring *ring = new_ring(2 * THREADS);
	struct crowd crowd[THREADS];
	pthread_t threads[THREADS];

	for (size_t i = 0; i < THREADS; i++) {
		crowd[i] = (struct crowd){.ring = ring, .directory = d, .nth = i};
		assert_int_equal(pthread_create(&threads[i], NULL, hold_two_at_a_time, &crowd[i]),
				 0);
	}
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(crowd[i].wrong, 0);
	assert_true(d->asked >= KEYS);
	keyring_destroy(ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(key_is_looked_up_once, setup, teardown),
		cmocka_unit_test_setup_teardown(unknown_key_is_asked_for_again, setup, teardown),
		cmocka_unit_test_setup_teardown(key_under_anothers_identifier_is_refused, setup,
						teardown),
		cmocka_unit_test_setup_teardown(rubbish_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(fault_of_the_lookup_is_passed_on, setup, teardown),
		cmocka_unit_test_setup_teardown(longest_unused_key_goes_first, setup, teardown),
		cmocka_unit_test_setup_teardown(held_key_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(threads_share_a_ring, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
