#include "lahetti/seal.h"

#include "vectors.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MOST (1 << 20)

static const struct lahetti_secret key = {{1, 2, 3}};
static const struct lahetti_secret other_key = {{1, 2, 4}};

static struct lahetti_span text(const char *s)
{
	return lahetti_span_text(s);
}

static void refused(const struct lahetti_secret *k, const struct lahetti_span *aad, size_t n,
		    struct lahetti_span sealed)
{
	struct lahetti_fault f = {0};
	struct lahetti_buffer out;

	lahetti_buffer_init(&out, MOST);
	assert_true(lahetti_buffer_add(&out, text("before"), &f));
	assert_false(lahetti_unseal(k, aad, n, sealed, &out, &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_INVALID);
	assert_string_equal(f.code, "bad-seal");
	assert_true(lahetti_span_equal(lahetti_buffer_span(&out), text("before")));
	lahetti_buffer_finish(&out);
}

static void opens_what_it_sealed(void **state)
{
	static const size_t lens[] = {0, 1, 15, 16, 17, 4096, 65536};
	static uint8_t plain[65536];
	const struct lahetti_span aad[] = {text("client"), lahetti_span(NULL, 0), text("kind")};
	struct lahetti_buffer sealed, out;
	struct lahetti_fault f;

	(void)state;
	assert_true(lahetti_random(plain, sizeof plain, &f));
	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		lahetti_buffer_init(&sealed, MOST);
		lahetti_buffer_init(&out, MOST);
		assert_true(lahetti_seal(&key, aad, 3, lahetti_span(plain, lens[i]), &sealed, &f));
		assert_int_equal(sealed.len, lens[i] + LAHETTI_SEAL_OVERHEAD);
		assert_true(lahetti_unseal(&key, aad, 3, lahetti_buffer_span(&sealed), &out, &f));
		assert_true(lahetti_span_equal(lahetti_buffer_span(&out),
					       lahetti_span(plain, lens[i])));
		lahetti_buffer_finish(&sealed);
		lahetti_buffer_finish(&out);
	}
}

static void appends_to_what_the_buffers_hold(void **state)
{
	struct lahetti_buffer sealed, out;
	struct lahetti_fault f;

	(void)state;
	lahetti_buffer_init(&sealed, MOST);
	lahetti_buffer_init(&out, MOST);
	assert_true(lahetti_buffer_add(&sealed, text("head"), &f));
	assert_true(lahetti_buffer_add(&out, text("one "), &f));
	assert_true(lahetti_seal(&key, NULL, 0, text("two"), &sealed, &f));
	assert_memory_equal(sealed.data, "head", 4);
	assert_true(lahetti_unseal(&key, NULL, 0, lahetti_span(sealed.data + 4, sealed.len - 4),
				   &out, &f));
	assert_true(lahetti_span_equal(lahetti_buffer_span(&out), text("one two")));
	lahetti_buffer_finish(&sealed);
	lahetti_buffer_finish(&out);
}

static void no_two_seals_are_alike(void **state)
{
	uint8_t a[LAHETTI_WRAPPED_LEN];
	uint8_t b[LAHETTI_WRAPPED_LEN];
	struct lahetti_fault f;

	(void)state;
	assert_true(lahetti_wrap(&key, NULL, 0, &other_key, a, &f));
	assert_true(lahetti_wrap(&key, NULL, 0, &other_key, b, &f));
	assert_memory_not_equal(a, b, 12);
	assert_memory_not_equal(a + 12, b + 12, LAHETTI_SEAL_KEY_LEN);
}

static void any_changed_bit_is_refused(void **state)
{
	const struct lahetti_span aad = text("aad");
	struct lahetti_buffer sealed;
	struct lahetti_fault f;

	(void)state;
	lahetti_buffer_init(&sealed, MOST);
	assert_true(lahetti_seal(&key, &aad, 1, text("invented content"), &sealed, &f));
	for (size_t bit = 0; bit < 8 * sealed.len; bit++) {
		sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		refused(&key, &aad, 1, lahetti_buffer_span(&sealed));
		sealed.data[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	lahetti_buffer_finish(&sealed);
}

static void any_other_length_is_refused(void **state)
{
	struct lahetti_buffer sealed;
	struct lahetti_fault f;

	(void)state;
	lahetti_buffer_init(&sealed, MOST);
	assert_true(lahetti_seal(&key, NULL, 0, text("invented content"), &sealed, &f));
	for (size_t len = 0; len < sealed.len; len++)
		refused(&key, NULL, 0, lahetti_span(sealed.data, len));
	assert_true(lahetti_buffer_add(&sealed, text("x"), &f));
	refused(&key, NULL, 0, lahetti_buffer_span(&sealed));
	lahetti_buffer_finish(&sealed);
}

static void another_key_or_another_owner_is_refused(void **state)
{
	const struct lahetti_span aad[] = {text("client"), text("statement")};
	const struct lahetti_span swapped[] = {text("statement"), text("client")};
	const struct lahetti_span changed[] = {text("client"), text("statemenu")};
	struct lahetti_buffer sealed;
	struct lahetti_fault f;

	(void)state;
	lahetti_buffer_init(&sealed, MOST);
	assert_true(lahetti_seal(&key, aad, 2, text("invented content"), &sealed, &f));
	refused(&other_key, aad, 2, lahetti_buffer_span(&sealed));
	refused(&key, swapped, 2, lahetti_buffer_span(&sealed));
	refused(&key, changed, 2, lahetti_buffer_span(&sealed));
	refused(&key, aad, 1, lahetti_buffer_span(&sealed));
	refused(&key, NULL, 0, lahetti_buffer_span(&sealed));
	lahetti_buffer_finish(&sealed);
}

static void full_buffer_is_left_as_it_was(void **state)
{
	struct lahetti_buffer sealed, small;
	struct lahetti_fault f = {0};

	(void)state;
	lahetti_buffer_init(&sealed, MOST);
	lahetti_buffer_init(&small, 7 + LAHETTI_SEAL_OVERHEAD);
	assert_false(lahetti_seal(&key, NULL, 0, text("8 bytes!"), &small, &f));
	assert_string_equal(f.code, "too-long");
	assert_int_equal(small.len, 0);
	assert_true(lahetti_seal(&key, NULL, 0, text("7 bytes"), &small, &f));
	assert_true(lahetti_seal(&key, NULL, 0, text("8 bytes!"), &sealed, &f));
	lahetti_buffer_finish(&small);
	lahetti_buffer_init(&small, 7);
	assert_false(lahetti_unseal(&key, NULL, 0, lahetti_buffer_span(&sealed), &small, &f));
	assert_string_equal(f.code, "too-long");
	assert_int_equal(small.len, 0);
	lahetti_buffer_finish(&sealed);
	lahetti_buffer_finish(&small);
}

/* Who does not heed the answer is left with zeros. */
static bool no_random(uint8_t *data, size_t len)
{
	memset(data, 0, len);
	return false;
}

static void nothing_is_sealed_without_random(void **state)
{
	struct lahetti_fault f = {0};
	struct lahetti_secret secret;
	struct lahetti_buffer sealed;
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];

	(void)state;
	lahetti_buffer_init(&sealed, MOST);
	lahetti_random_set(no_random);
	assert_false(lahetti_seal(&key, NULL, 0, text("content"), &sealed, &f));
	assert_false(lahetti_wrap(&key, NULL, 0, &other_key, wrapped, &f));
	assert_false(lahetti_secret_new(&secret, &f));
	lahetti_random_set(NULL);
	assert_string_equal(f.code, "no-random");
	assert_int_equal(f.kind, LAHETTI_FAULT_BROKEN);
	assert_int_equal(sealed.len, 0);
	lahetti_buffer_finish(&sealed);
}

static void wrapped_secret_comes_back_whole_or_not_at_all(void **state)
{
	static const struct lahetti_secret none = {{0}};
	const struct lahetti_span aad = text("whose");
	struct lahetti_fault f = {0};
	struct lahetti_secret secret;
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];

	(void)state;
	assert_true(lahetti_wrap(&key, &aad, 1, &other_key, wrapped, &f));
	assert_true(
		lahetti_unwrap(&key, &aad, 1, lahetti_span(wrapped, sizeof wrapped), &secret, &f));
	assert_memory_equal(&secret, &other_key, sizeof secret);
	assert_false(
		lahetti_unwrap(&key, NULL, 0, lahetti_span(wrapped, sizeof wrapped), &secret, &f));
	assert_string_equal(f.code, "bad-seal");
	assert_memory_equal(&secret, &none, sizeof secret);
	for (size_t len = 0; len < sizeof wrapped; len++) {
		secret = other_key;
		assert_false(
			lahetti_unwrap(&key, &aad, 1, lahetti_span(wrapped, len), &secret, &f));
		assert_memory_equal(&secret, &none, sizeof secret);
	}
}

/* ---- published vectors --------------------------------------------------------------------- */

static unsigned valid, invalid;

static void check_gcm(const json_t *group, const json_t *test)
{
	bool expected = strcmp(vectors_text(test, "result"), "valid") == 0;
	struct lahetti_buffer sealed, out;
	struct lahetti_arena arena;
	struct lahetti_fault f = {0};
	struct lahetti_secret k;
	struct lahetti_span aad, msg;

	if (json_integer_value(json_object_get(group, "ivSize")) != 96 ||
	    json_integer_value(json_object_get(group, "keySize")) != 256 ||
	    json_integer_value(json_object_get(group, "tagSize")) != 128)
		return;
	assert_true(lahetti_arena_init(&arena, MOST, &f));
	lahetti_buffer_init(&sealed, MOST);
	lahetti_buffer_init(&out, MOST);
	memcpy(k.bytes, vectors_hex(test, "key", &arena).data, sizeof k.bytes);
	aad = vectors_hex(test, "aad", &arena);
	msg = vectors_hex(test, "msg", &arena);
	assert_true(lahetti_buffer_add(&sealed, vectors_hex(test, "iv", &arena), &f) &&
		    lahetti_buffer_add(&sealed, vectors_hex(test, "ct", &arena), &f) &&
		    lahetti_buffer_add(&sealed, vectors_hex(test, "tag", &arena), &f));
	if (expected) {
		assert_true(lahetti_unseal(&k, &aad, 1, lahetti_buffer_span(&sealed), &out, &f));
		assert_true(lahetti_span_equal(lahetti_buffer_span(&out), msg));
		valid++;
	} else {
		refused(&k, &aad, 1, lahetti_buffer_span(&sealed));
		invalid++;
	}
	lahetti_buffer_finish(&sealed);
	lahetti_buffer_finish(&out);
	lahetti_arena_finish(&arena);
}

static void agrees_with_wycheproof_on_aes_gcm(void **state)
{
	(void)state;
	valid = invalid = 0;
	vectors_each("wycheproof/aes_gcm_test.json", check_gcm);
	assert_true(valid > 30 && invalid > 20);
}

static void check_hkdf(const json_t *group, const json_t *test)
{
	bool expected = strcmp(vectors_text(test, "result"), "valid") == 0;
	size_t len = (size_t)json_integer_value(json_object_get(test, "size"));
	struct lahetti_span ikm, salt, info;
	struct lahetti_arena arena;
	struct lahetti_fault f = {0};
	uint8_t *out;

	(void)group;
	assert_true(lahetti_arena_init(&arena, MOST, &f));
	ikm = vectors_hex(test, "ikm", &arena);
	salt = vectors_hex(test, "salt", &arena);
	info = vectors_hex(test, "info", &arena);
	out = lahetti_arena_take(&arena, len);
	assert_non_null(out);
	assert_int_equal(lahetti_hkdf(ikm, salt, info, out, len, &f), expected);
	if (expected) {
		assert_true(lahetti_span_equal(lahetti_span(out, len),
					       vectors_hex(test, "okm", &arena)));
		valid++;
	} else {
		assert_string_equal(f.code, "no-crypto");
		invalid++;
	}
	lahetti_arena_finish(&arena);
}

static void agrees_with_wycheproof_on_hkdf(void **state)
{
	(void)state;
	valid = invalid = 0;
	vectors_each("wycheproof/hkdf_sha256_test.json", check_hkdf);
	assert_true(valid > 50 && invalid > 0);
}

/* RFC 4231, cases 1, 2 and 4: a key shorter than a block is padded with zeros, as ours are here. */
static void agrees_with_rfc_4231_on_hmac(void **state)
{
	static const struct {
		struct lahetti_secret key;
		const char *mac;
	} cases[] = {
		{{{11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11}},
		 "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
		{{{'J', 'e', 'f', 'e'}},
		 "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
		{{{1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13,
		   14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25}},
		 "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
	};
	uint8_t fifty[50];
	const struct lahetti_span data[][2] = {
		{text("Hi "), text("There")},
		{text("what do ya want "), text("for nothing?")},
		{lahetti_span(fifty, 50), lahetti_span(NULL, 0)},
	};
	struct lahetti_digest mac, expected;
	struct lahetti_fault f;

	(void)state;
	memset(fifty, 0xcd, sizeof fifty);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(
			lahetti_hex_parse(expected.bytes, sizeof expected.bytes, cases[i].mac, &f));
		assert_true(lahetti_hmac(&cases[i].key, data[i], 2, &mac, &f));
		assert_true(lahetti_digest_equal(&mac, &expected));
	}
}

static void passphrase_gives_its_key(void **state)
{
	struct lahetti_secret secret, expected;
	struct lahetti_fault f;

	(void)state;
	assert_true(lahetti_hex_parse(
		expected.bytes, sizeof expected.bytes,
		"2d8860f1ee5606f7586a63cfdba8437520001e7209782e81aa0f4561f11a40b4", &f));
	assert_true(lahetti_secret_from_passphrase(&secret, text("sana, jota kukaan ei arvaa"),
						   text("suola"), &f));
	assert_memory_equal(&secret, &expected, sizeof secret);
}

/* ---- threads ------------------------------------------------------------------------------- */

static void *seal_and_unseal(void *argument)
{
	bool *fine = argument;
	struct lahetti_secret secret, back;
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	struct lahetti_digest mac;

	*fine = true;
	for (int i = 0; *fine && i < 500; i++)
		*fine = lahetti_secret_new(&secret, NULL) &&
			lahetti_wrap(&key, NULL, 0, &secret, wrapped, NULL) &&
			lahetti_unwrap(&key, NULL, 0, lahetti_span(wrapped, sizeof wrapped), &back,
				       NULL) &&
			memcmp(&secret, &back, sizeof secret) == 0 &&
			lahetti_hmac(&secret, NULL, 0, &mac, NULL);
	return NULL;
}

static void threads_do_not_disturb_each_other(void **state)
{
	pthread_t threads[4];
	bool fine[4];

	(void)state;
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, seal_and_unseal, &fine[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], NULL), 0);
		assert_true(fine[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		/* first, so that what is fetched once is fetched by several at once */
		cmocka_unit_test(threads_do_not_disturb_each_other),
		cmocka_unit_test(opens_what_it_sealed),
		cmocka_unit_test(appends_to_what_the_buffers_hold),
		cmocka_unit_test(no_two_seals_are_alike),
		cmocka_unit_test(any_changed_bit_is_refused),
		cmocka_unit_test(any_other_length_is_refused),
		cmocka_unit_test(another_key_or_another_owner_is_refused),
		cmocka_unit_test(full_buffer_is_left_as_it_was),
		cmocka_unit_test(nothing_is_sealed_without_random),
		cmocka_unit_test(wrapped_secret_comes_back_whole_or_not_at_all),
		cmocka_unit_test(agrees_with_wycheproof_on_aes_gcm),
		cmocka_unit_test(agrees_with_wycheproof_on_hkdf),
		cmocka_unit_test(agrees_with_rfc_4231_on_hmac),
		cmocka_unit_test(passphrase_gives_its_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
