#include "lahetti/key.h"

#include "vectors.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define P256	 "ecdsa_secp256r1_sha256_p1363_test.json"
#define P256_DER "ecdsa_secp256r1_sha256_test.json"

static const struct lahetti_span hello = {(const uint8_t *)"hello", 5};

static struct lahetti_private_key *new_key(void)
{
	struct lahetti_private_key *key = lahetti_private_key_new(NULL);

	assert_non_null(key);
	return key;
}

static void refuse_spki(struct lahetti_span spki)
{
	struct lahetti_fault f = {0};

	assert_null(lahetti_public_key_read(spki, &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	assert_string_equal(f.code, "bad-key");
	/* What OpenSSL has to say about it must not be found by the next who asks, as TLS does. */
	assert_int_equal(ERR_peek_error(), 0);
}

static void refuse_native(EVP_PKEY *native)
{
	uint8_t *der = NULL;
	int len = i2d_PUBKEY(native, &der);

	assert_true(len > 0);
	refuse_spki(lahetti_span(der, (size_t)len));
	OPENSSL_free(der);
}

static void refuse_signature(const struct lahetti_public_key *key, struct lahetti_span message,
			     struct lahetti_span sig)
{
	struct lahetti_fault f = {0};

	assert_false(lahetti_verify(key, &message, 1, sig, &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_INVALID);
	assert_string_equal(f.code, "bad-signature");
	assert_int_equal(ERR_peek_error(), 0);
}

/* ---- public keys --------------------------------------------------------------------------- */

static void key_is_named_by_the_digest_of_its_spki(void **state)
{
	struct lahetti_private_key *private = new_key();
	const struct lahetti_public_key *public = lahetti_private_key_public(private);
	struct lahetti_span spki = lahetti_public_key_spki(public);
	struct lahetti_public_key *read = lahetti_public_key_read(spki, NULL);
	struct lahetti_digest digest;

	(void)state;
	assert_non_null(read);
	assert_true(lahetti_sha256(&digest, &spki, 1, NULL));
	assert_true(lahetti_digest_equal(lahetti_public_key_id(public), &digest));
	assert_true(lahetti_digest_equal(lahetti_public_key_id(read), &digest));
	assert_true(lahetti_span_equal(lahetti_public_key_spki(read), spki));
	lahetti_public_key_destroy(read);
	lahetti_private_key_destroy(private);
}

static void native_key_is_written_as_the_same_spki(void **state)
{
	struct lahetti_private_key *private = new_key();
	struct lahetti_span spki = lahetti_public_key_spki(lahetti_private_key_public(private));
	struct lahetti_public_key *read = lahetti_public_key_read(spki, NULL);
	EVP_PKEY *natives[2] = {lahetti_private_key_native(private)};

	(void)state;
	assert_non_null(read);
	natives[1] = lahetti_public_key_native(read);
	for (size_t i = 0; i < 2; i++) {
		uint8_t *der = NULL;
		int len = i2d_PUBKEY(natives[i], &der);

		assert_int_equal(len, spki.len);
		assert_memory_equal(der, spki.data, spki.len);
		OPENSSL_free(der);
	}
	lahetti_public_key_destroy(read);
	lahetti_private_key_destroy(private);
}

static void key_has_one_spelling(void **state)
{
	struct lahetti_private_key *private = new_key();
	struct lahetti_span spki = lahetti_public_key_spki(lahetti_private_key_public(private));
	uint8_t bytes[128] = {0};

	(void)state;
	memcpy(bytes, spki.data, spki.len);
	for (size_t len = 0; len < spki.len; len++)
		refuse_spki(lahetti_span(bytes, len));
	refuse_spki(lahetti_span(bytes, spki.len + 1));
	/* Any bit of the head, and of the point: then it lies elsewhere than on the curve. */
	for (size_t i = 0; i < spki.len; i++) {
		bytes[i] ^= 1;
		refuse_spki(lahetti_span(bytes, spki.len));
		bytes[i] ^= 1;
	}
	/* A hybrid point says the same with another lead. */
	bytes[26] = 0x06 | (bytes[spki.len - 1] & 1);
	refuse_spki(lahetti_span(bytes, spki.len));
	lahetti_private_key_destroy(private);
}

static void compressed_and_explicit_keys_are_refused(void **state)
{
	EVP_PKEY *native;

	(void)state;
	native = EVP_EC_gen("P-256");
	assert_non_null(native);
	assert_int_equal(EVP_PKEY_set_utf8_string_param(native, "point-format", "compressed"), 1);
	refuse_native(native);
	EVP_PKEY_free(native);

	native = EVP_EC_gen("P-256");
	assert_non_null(native);
	assert_int_equal(EVP_PKEY_set_utf8_string_param(native, "encoding", "explicit"), 1);
	refuse_native(native);
	EVP_PKEY_free(native);
}

static void other_algorithms_are_refused(void **state)
{
	EVP_PKEY *natives[] = {
		EVP_EC_gen("P-384"),
		EVP_EC_gen("secp256k1"),
		EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
		EVP_RSA_gen(2048),
	};

	(void)state;
	for (size_t i = 0; i < sizeof natives / sizeof natives[0]; i++) {
		assert_non_null(natives[i]);
		refuse_native(natives[i]);
		EVP_PKEY_free(natives[i]);
	}
	refuse_spki(lahetti_span(NULL, 0));
}

/* ---- signatures ---------------------------------------------------------------------------- */

static void signature_holds_over_the_spans_joined(void **state)
{
	struct lahetti_private_key *key = new_key();
	const struct lahetti_public_key *public = lahetti_private_key_public(key);
	struct lahetti_span parts[] = {
		lahetti_span_text("he"),
		lahetti_span(NULL, 0),
		lahetti_span_text("llo"),
	};
	uint8_t bytes[LAHETTI_SIGNATURE_LEN];
	struct lahetti_span sig = lahetti_span(bytes, sizeof bytes);

	(void)state;
	assert_true(lahetti_sign(key, parts, 3, bytes, NULL));
	assert_true(lahetti_verify(public, parts, 3, sig, NULL));
	assert_true(lahetti_verify(public, &hello, 1, sig, NULL));
	refuse_signature(public, lahetti_span_text("hellp"), sig);
	refuse_signature(public, lahetti_span(NULL, 0), sig);
	lahetti_private_key_destroy(key);
}

static void every_changed_bit_of_a_signature_is_noticed(void **state)
{
	struct lahetti_private_key *key = new_key();
	const struct lahetti_public_key *public = lahetti_private_key_public(key);
	uint8_t sig[LAHETTI_SIGNATURE_LEN];

	(void)state;
	assert_true(lahetti_sign(key, &hello, 1, sig, NULL));
	for (size_t bit = 0; bit < 8 * sizeof sig; bit++) {
		sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
		refuse_signature(public, hello, lahetti_span(sig, sizeof sig));
		sig[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_true(lahetti_verify(public, &hello, 1, lahetti_span(sig, sizeof sig), NULL));
	lahetti_private_key_destroy(key);
}

static void signature_has_64_bytes(void **state)
{
	struct lahetti_private_key *key = new_key();
	const struct lahetti_public_key *public = lahetti_private_key_public(key);
	uint8_t sig[LAHETTI_SIGNATURE_LEN + 1] = {0};

	(void)state;
	assert_true(lahetti_sign(key, &hello, 1, sig, NULL));
	for (size_t len = 0; len <= sizeof sig; len++) {
		if (len != LAHETTI_SIGNATURE_LEN)
			refuse_signature(public, hello, lahetti_span(sig, len));
	}
	refuse_signature(public, hello, lahetti_span(NULL, 0));
	lahetti_private_key_destroy(key);
}

static void numbers_out_of_range_do_not_hold(void **state)
{
	/* The order of the curve, n. */
	static const uint8_t order[] = {
		0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff,
		0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17,
		0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
	};
	static const uint8_t zero[32];
	static const uint8_t *const halves[] = {zero, order};
	struct lahetti_private_key *key = new_key();
	const struct lahetti_public_key *public = lahetti_private_key_public(key);
	uint8_t good[LAHETTI_SIGNATURE_LEN];
	uint8_t sig[LAHETTI_SIGNATURE_LEN];

	(void)state;
	assert_true(lahetti_sign(key, &hello, 1, good, NULL));
	for (size_t i = 0; i < 2; i++) {
		memcpy(sig, good, sizeof sig);
		memcpy(sig, halves[i], 32);
		refuse_signature(public, hello, lahetti_span(sig, sizeof sig));
		memcpy(sig, good, sizeof sig);
		memcpy(sig + 32, halves[i], 32);
		refuse_signature(public, hello, lahetti_span(sig, sizeof sig));
		memcpy(sig, halves[i], 32);
		refuse_signature(public, hello, lahetti_span(sig, sizeof sig));
	}
	lahetti_private_key_destroy(key);
}

static void another_key_s_signature_does_not_hold(void **state)
{
	struct lahetti_private_key *mine = new_key();
	struct lahetti_private_key *yours = new_key();
	uint8_t sig[LAHETTI_SIGNATURE_LEN];

	(void)state;
	assert_true(lahetti_sign(yours, &hello, 1, sig, NULL));
	refuse_signature(lahetti_private_key_public(mine), hello, lahetti_span(sig, sizeof sig));
	lahetti_private_key_destroy(mine);
	lahetti_private_key_destroy(yours);
}

struct shared {
	const struct lahetti_public_key *key;
	struct lahetti_span sig;
};

static void *verify_often(void *data)
{
	const struct shared *s = data;

	for (int i = 0; i < 50; i++) {
		struct lahetti_span wrong = lahetti_span_text("wrong");

		if (!lahetti_verify(s->key, &hello, 1, s->sig, NULL) ||
		    lahetti_verify(s->key, &wrong, 1, s->sig, NULL))
			return NULL;
	}
	return data;
}

static void threads_share_a_key(void **state)
{
	struct lahetti_private_key *key = new_key();
	uint8_t sig[LAHETTI_SIGNATURE_LEN];
	struct shared s = {lahetti_private_key_public(key), lahetti_span(sig, sizeof sig)};
	pthread_t threads[4];
	void *done;

	(void)state;
	assert_true(lahetti_sign(key, &hello, 1, sig, NULL));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, verify_often, &s), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &done), 0);
		assert_ptr_equal(done, &s);
	}
	lahetti_private_key_destroy(key);
}

/* ---- Wycheproof ---------------------------------------------------------------------------- */

static struct lahetti_arena arena;

static void check(const json_t *group, const json_t *test, struct lahetti_span sig)
{
	struct lahetti_span spki = vectors_hex(group, "publicKeyDer", &arena);
	struct lahetti_span message = vectors_hex(test, "msg", &arena);
	bool valid = strcmp(vectors_text(test, "result"), "valid") == 0;
	struct lahetti_public_key *key = lahetti_public_key_read(spki, NULL);

	assert_non_null(key);
	if (lahetti_verify(key, &message, 1, sig, NULL) != valid)
		fail_msg("test %d: %s", (int)json_integer_value(json_object_get(test, "tcId")),
			 vectors_text(test, "comment"));
	lahetti_public_key_destroy(key);
	lahetti_arena_reset(&arena);
}

static void check_raw(const json_t *group, const json_t *test)
{
	check(group, test, vectors_hex(test, "sig", &arena));
}

/*
 * We never read signatures in DER, and these tests are mostly about reading it. Those whose
 * signature has a raw form, that is whose DER is the canonical one of two numbers of at most 32
 * bytes, are of use.
 */
static void check_der(const json_t *group, const json_t *test)
{
	struct lahetti_span der = vectors_hex(test, "sig", &arena);
	const uint8_t *at = der.data;
	uint8_t *again = NULL;
	uint8_t raw[LAHETTI_SIGNATURE_LEN];
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der.len);
	int len = sig == NULL ? -1 : i2d_ECDSA_SIG(sig, &again);
	bool raw_exists = len >= 0 && lahetti_span_equal(der, lahetti_span(again, (size_t)len)) &&
			  !BN_is_negative(ECDSA_SIG_get0_r(sig)) &&
			  !BN_is_negative(ECDSA_SIG_get0_s(sig)) &&
			  BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, 32) == 32 &&
			  BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + 32, 32) == 32;

	ERR_clear_error();
	OPENSSL_free(again);
	ECDSA_SIG_free(sig);
	if (raw_exists)
		check(group, test, lahetti_span(raw, sizeof raw));
	else if (strcmp(vectors_text(test, "result"), "valid") == 0)
		fail_msg("a valid signature without raw form");
	lahetti_arena_reset(&arena);
}

static void wycheproof_agrees(void **state)
{
	(void)state;
	assert_true(lahetti_arena_init(&arena, 65536, NULL));
	vectors_each("wycheproof/" P256, check_raw);
	vectors_each("wycheproof/" P256_DER, check_der);
	lahetti_arena_finish(&arena);
}

/* ---- private keys -------------------------------------------------------------------------- */

static const struct lahetti_span passphrase = {(const uint8_t *)"kolme sanaa riittää", 21};

static void refuse_pem(struct lahetti_span pem, const char *code)
{
	struct lahetti_fault f = {0};

	assert_null(lahetti_private_key_read(pem, passphrase, &f));
	assert_string_equal(f.code, code);
	assert_int_equal(ERR_peek_error(), 0);
}

/* What is refused when it is encrypted by that method, -1 for that of our own keys, with few
 * rounds. */
static void refuse_encrypted(PKCS8_PRIV_KEY_INFO *plain, int method, const char *code)
{
	X509_SIG *box = PKCS8_encrypt(method, method < 0 ? EVP_aes_256_cbc() : NULL,
				      (const char *)passphrase.data, (int)passphrase.len, NULL, 0,
				      1000, plain);
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long len;

	assert_non_null(box);
	assert_int_equal(PEM_write_bio_PKCS8(bio, box), 1);
	len = BIO_get_mem_data(bio, &pem);
	refuse_pem(lahetti_span(pem, (size_t)len), code);
	BIO_free(bio);
	X509_SIG_free(box);
	PKCS8_PRIV_KEY_INFO_free(plain);
}

static void refuse_written(EVP_PKEY *native, int method, const char *code)
{
	refuse_encrypted(EVP_PKEY2PKCS8(native), method, code);
	EVP_PKEY_free(native);
}

/* A passphrase is slow to work with: one key is written and shared. */
static struct lahetti_private_key *written_key;
static struct lahetti_buffer written;

static int write_key(void **state)
{
	(void)state;
	lahetti_buffer_init(&written, 4096);
	written_key = lahetti_private_key_new(NULL);
	return written_key != NULL &&
			       lahetti_private_key_write(written_key, passphrase, &written, NULL)
		       ? 0
		       : -1;
}

static int forget_key(void **state)
{
	(void)state;
	lahetti_buffer_finish(&written);
	lahetti_private_key_destroy(written_key);
	return 0;
}

static void private_key_goes_both_ways(void **state)
{
	struct lahetti_private_key *read =
		lahetti_private_key_read(lahetti_buffer_span(&written), passphrase, NULL);
	const struct lahetti_public_key *public = lahetti_private_key_public(written_key);
	uint8_t sig[LAHETTI_SIGNATURE_LEN];

	(void)state;
	assert_non_null(read);
	assert_true(lahetti_digest_equal(lahetti_public_key_id(lahetti_private_key_public(read)),
					 lahetti_public_key_id(public)));
	assert_true(lahetti_sign(read, &hello, 1, sig, NULL));
	assert_true(lahetti_verify(public, &hello, 1, lahetti_span(sig, sizeof sig), NULL));
	lahetti_private_key_destroy(read);
}

static void private_key_opens_with_its_passphrase_only(void **state)
{
	static const char *const wrong[] = {"", "kolme sanaa riittää "};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		struct lahetti_fault f = {0};

		assert_null(lahetti_private_key_read(lahetti_buffer_span(&written),
						     lahetti_span_text(wrong[i]), &f));
		assert_int_equal(f.kind, LAHETTI_FAULT_INVALID);
		assert_string_equal(f.code, "wrong-passphrase");
		assert_int_equal(ERR_peek_error(), 0);
	}
}

static bool holds(struct lahetti_span der, const char *bytes, size_t len)
{
	return memmem(der.data, der.len, bytes, len) != NULL;
}

static void private_key_is_written_with_the_promised_cost(void **state)
{
	BIO *bio = BIO_new_mem_buf(written.data, (int)written.len);
	X509_SIG *box = PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);
	const X509_ALGOR *how = NULL;
	uint8_t *bytes = NULL;
	struct lahetti_span der;

	(void)state;
	assert_memory_equal(written.data, "-----BEGIN ENCRYPTED PRIVATE KEY-----\n", 38);
	assert_non_null(box);
	X509_SIG_get0(box, &how, NULL);
	der.len = (size_t)i2d_X509_ALGOR(how, &bytes);
	der.data = bytes;
	/* Object identifiers and numbers: PBES2, PBKDF2, HMAC-SHA-256, AES-256-CBC, 600,000. */
	assert_true(holds(der, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d", 11));
	assert_true(holds(der, "\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c", 11));
	assert_true(holds(der, "\x06\x08\x2a\x86\x48\x86\xf7\x0d\x02\x09", 10));
	assert_true(holds(der, "\x06\x09\x60\x86\x48\x01\x65\x03\x04\x01\x2a", 11));
	assert_true(holds(der, "\x02\x03\x09\x27\xc0", 5));
	OPENSSL_free(bytes);
	X509_SIG_free(box);
	BIO_free(bio);
}

static void key_written_twice_is_salted_anew(void **state)
{
	struct lahetti_buffer again;

	(void)state;
	lahetti_buffer_init(&again, 4096);
	assert_true(lahetti_private_key_write(written_key, passphrase, &again, NULL));
	assert_int_equal(again.len, written.len);
	assert_memory_not_equal(again.data, written.data, written.len);
	lahetti_buffer_finish(&again);
}

static void key_that_does_not_fit_is_not_written(void **state)
{
	struct lahetti_fault f = {0};
	struct lahetti_buffer small;

	(void)state;
	lahetti_buffer_init(&small, 100);
	assert_false(lahetti_private_key_write(written_key, passphrase, &small, &f));
	assert_string_equal(f.code, "too-long");
	assert_int_equal(small.len, 0);
	lahetti_buffer_finish(&small);
}

static void only_p256_in_encrypted_pkcs8_is_read(void **state)
{
	struct lahetti_private_key *key = new_key();
	BIO *bio = BIO_new(BIO_s_mem());
	EVP_PKEY *native;
	char *pem;
	long len;

	(void)state;
	refuse_pem(lahetti_span(NULL, 0), "bad-key");
	refuse_pem(lahetti_span_text("not a key\n"), "bad-key");
	refuse_pem(lahetti_span_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n"
				     "-----END ENCRYPTED PRIVATE KEY-----\n"),
		   "bad-key");
	/* Not encrypted at all. */
	assert_int_equal(PEM_write_bio_PKCS8PrivateKey(bio, lahetti_private_key_native(key), NULL,
						       NULL, 0, NULL, NULL),
			 1);
	len = BIO_get_mem_data(bio, &pem);
	refuse_pem(lahetti_span(pem, (size_t)len), "bad-key");
	BIO_free(bio);
	lahetti_private_key_destroy(key);

	refuse_written(EVP_EC_gen("P-384"), -1, "bad-key");
	refuse_written(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), -1, "bad-key");
	/* Encrypted by an older method. */
	refuse_written(EVP_EC_gen("P-256"), NID_pbe_WithSHA1And3_Key_TripleDES_CBC, "bad-key");
	native = EVP_EC_gen("P-256");
	assert_non_null(native);
	assert_int_equal(EVP_PKEY_set_utf8_string_param(native, "encoding", "explicit"), 1);
	refuse_written(native, -1, "bad-key");
}

static void private_key_with_another_s_public_half_is_refused(void **state)
{
	struct lahetti_private_key *mine = new_key();
	struct lahetti_private_key *yours = new_key();
	struct lahetti_span my_spki = lahetti_public_key_spki(lahetti_private_key_public(mine));
	struct lahetti_span your_spki = lahetti_public_key_spki(lahetti_private_key_public(yours));
	PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(lahetti_private_key_native(mine));
	uint8_t *der = NULL;
	int len = i2d_PKCS8_PRIV_KEY_INFO(plain, &der);
	const uint8_t *from = der;
	uint8_t *point;

	(void)state;
	assert_true(len > 0);
	point = memmem(der, (size_t)len, my_spki.data + my_spki.len - 64, 64);
	assert_non_null(point);
	memcpy(point, your_spki.data + your_spki.len - 64, 64);
	PKCS8_PRIV_KEY_INFO_free(plain);
	plain = d2i_PKCS8_PRIV_KEY_INFO(NULL, &from, len);
	assert_non_null(plain);
	refuse_encrypted(plain, -1, "bad-key");
	OPENSSL_free(der);
	lahetti_private_key_destroy(yours);
	lahetti_private_key_destroy(mine);
}

static void nothing_may_be_destroyed(void **state)
{
	(void)state;
	lahetti_public_key_destroy(NULL);
	lahetti_private_key_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_is_named_by_the_digest_of_its_spki),
		cmocka_unit_test(native_key_is_written_as_the_same_spki),
		cmocka_unit_test(key_has_one_spelling),
		cmocka_unit_test(compressed_and_explicit_keys_are_refused),
		cmocka_unit_test(other_algorithms_are_refused),
		cmocka_unit_test(signature_holds_over_the_spans_joined),
		cmocka_unit_test(every_changed_bit_of_a_signature_is_noticed),
		cmocka_unit_test(signature_has_64_bytes),
		cmocka_unit_test(numbers_out_of_range_do_not_hold),
		cmocka_unit_test(another_key_s_signature_does_not_hold),
		cmocka_unit_test(threads_share_a_key),
		cmocka_unit_test(wycheproof_agrees),
		cmocka_unit_test(private_key_goes_both_ways),
		cmocka_unit_test(private_key_opens_with_its_passphrase_only),
		cmocka_unit_test(private_key_is_written_with_the_promised_cost),
		cmocka_unit_test(key_written_twice_is_salted_anew),
		cmocka_unit_test(key_that_does_not_fit_is_not_written),
		cmocka_unit_test(only_p256_in_encrypted_pkcs8_is_read),
		cmocka_unit_test(private_key_with_another_s_public_half_is_refused),
		cmocka_unit_test(nothing_may_be_destroyed),
	};

	return cmocka_run_group_tests(tests, write_key, forget_key);
}
