#include "lahetti/key.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER_LEN	  32
#define PASSPHRASE_ROUNDS 600000
#define PASSPHRASE_SALT	  16

/*
 * What stands before x and y in the SubjectPublicKeyInfo of every P-256 key (RFC 5480). Comparing
 * it leaves no second spelling of a key, and keeps OpenSSL's reader of curve parameters away from
 * strangers.
 */
static const uint8_t spki_head[] = {
	0x30, 0x59, 0x30, 0x13,					    /* two SEQUENCEs */
	0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,	    /* id-ecPublicKey */
	0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, /* prime256v1 */
	0x03, 0x42, 0x00,					    /* BIT STRING */
	0x04,							    /* an uncompressed point */
};
#define POINT_LEN 65 /* from the 0x04 on */
#define SPKI_LEN  (sizeof spki_head - 1 + POINT_LEN)

struct lahetti_public_key {
	EVP_PKEY *native;
	struct lahetti_digest id;
	uint8_t spki[SPKI_LEN];
};

struct lahetti_private_key {
	EVP_PKEY *native;
	struct lahetti_public_key *public;
};

static bool bad_key(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-key",
				 "This is not a P-256 key in the form that is used here.");
}

static bool no_crypto(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-crypto",
				 "The cryptographic library could not do its part.");
}

/* ---- public keys --------------------------------------------------------------------------- */

/* NULL when the point is not on the curve. */
static EVP_PKEY *key_of_point(const uint8_t *point)
{
	uint8_t octets[POINT_LEN];
	char group[] = SN_X9_62_prime256v1;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets, sizeof octets),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *native = NULL;

	memcpy(octets, point, sizeof octets);
	if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
		(void)EVP_PKEY_fromdata(ctx, &native, EVP_PKEY_PUBLIC_KEY, params);
	EVP_PKEY_CTX_free(ctx);
	return native;
}

struct lahetti_public_key *lahetti_public_key_read(struct lahetti_span spki,
						   struct lahetti_fault *f)
{
	struct lahetti_public_key *key;
	bool done;

	if (spki.len != SPKI_LEN || memcmp(spki.data, spki_head, sizeof spki_head) != 0) {
		bad_key(f);
		return NULL;
	}
	key = calloc(1, sizeof *key);
	if (key == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	memcpy(key->spki, spki.data, SPKI_LEN);
	ERR_set_mark();
	key->native = key_of_point(key->spki + SPKI_LEN - POINT_LEN);
	ERR_pop_to_mark();
	done = key->native != NULL ? lahetti_sha256(&key->id, &spki, 1, f) : bad_key(f);
	if (!done) {
		lahetti_public_key_destroy(key);
		return NULL;
	}
	return key;
}

void lahetti_public_key_destroy(struct lahetti_public_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->native);
	free(key);
}

const struct lahetti_digest *lahetti_public_key_id(const struct lahetti_public_key *key)
{
	return &key->id;
}

struct lahetti_span lahetti_public_key_spki(const struct lahetti_public_key *key)
{
	return lahetti_span(key->spki, sizeof key->spki);
}

void *lahetti_public_key_native(const struct lahetti_public_key *key)
{
	return key->native;
}

/* ---- signatures ---------------------------------------------------------------------------- */

/* OpenSSL's form of a signature, from r and s: allocated by OpenSSL; its length, or 0. */
static size_t der_of_raw(const uint8_t *raw, uint8_t **der)
{
	ECDSA_SIG *sig = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(raw, NUMBER_LEN, NULL);
	BIGNUM *s = BN_bin2bn(raw + NUMBER_LEN, NUMBER_LEN, NULL);
	int len = -1;

	if (sig != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(sig, r, s) == 1) {
		r = s = NULL;
		len = i2d_ECDSA_SIG(sig, der);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(sig);
	return len < 0 ? 0 : (size_t)len;
}

static bool raw_of_der(const uint8_t *der, size_t len, uint8_t *raw)
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)len);
	bool done = sig != NULL &&
		    BN_bn2binpad(ECDSA_SIG_get0_r(sig), raw, NUMBER_LEN) == NUMBER_LEN &&
		    BN_bn2binpad(ECDSA_SIG_get0_s(sig), raw + NUMBER_LEN, NUMBER_LEN) == NUMBER_LEN;

	ECDSA_SIG_free(sig);
	return done;
}

static bool bad_signature(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "bad-signature",
				 "The signature does not hold.");
}

bool lahetti_verify(const struct lahetti_public_key *key, const struct lahetti_span *spans,
		    size_t n, struct lahetti_span sig, struct lahetti_fault *f)
{
	struct lahetti_digest digest;
	EVP_PKEY_CTX *ctx;
	uint8_t *der = NULL;
	size_t der_len;
	bool ready, holds;

	if (sig.len != LAHETTI_SIGNATURE_LEN)
		return bad_signature(f);
	if (!lahetti_sha256(&digest, spans, n, f))
		return false;
	ERR_set_mark();
	der_len = der_of_raw(sig.data, &der);
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->native, NULL);
	ready = der_len > 0 && ctx != NULL && EVP_PKEY_verify_init(ctx) == 1;
	/* r and s out of range make OpenSSL answer no, or an error: neither holds. */
	holds = ready && EVP_PKEY_verify(ctx, der, der_len, digest.bytes, sizeof digest.bytes) == 1;
	EVP_PKEY_CTX_free(ctx);
	OPENSSL_free(der);
	ERR_pop_to_mark();
	if (!ready)
		return no_crypto(f);
	return holds || bad_signature(f);
}

bool lahetti_sign(const struct lahetti_private_key *key, const struct lahetti_span *spans, size_t n,
		  uint8_t sig[LAHETTI_SIGNATURE_LEN], struct lahetti_fault *f)
{
	struct lahetti_digest digest;
	uint8_t der[2 * LAHETTI_SIGNATURE_LEN];
	size_t len = sizeof der;
	EVP_PKEY_CTX *ctx;
	bool done;

	if (!lahetti_sha256(&digest, spans, n, f))
		return false;
	ERR_set_mark();
	ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key->native, NULL);
	done = ctx != NULL && EVP_PKEY_sign_init(ctx) == 1 &&
	       EVP_PKEY_sign(ctx, der, &len, digest.bytes, sizeof digest.bytes) == 1 &&
	       raw_of_der(der, len, sig);
	EVP_PKEY_CTX_free(ctx);
	ERR_pop_to_mark();
	return done || no_crypto(f);
}

/* ---- private keys -------------------------------------------------------------------------- */

/* Takes native, also when it fails. What its public half is not read as is not a key of ours. */
static struct lahetti_private_key *private_key_of(EVP_PKEY *native, struct lahetti_fault *f)
{
	struct lahetti_private_key *key = calloc(1, sizeof *key);
	uint8_t *spki = NULL;
	int len;

	if (key == NULL) {
		lahetti_fault_no_memory(f);
		EVP_PKEY_free(native);
		return NULL;
	}
	key->native = native;
	len = i2d_PUBKEY(native, &spki);
	if (len < 0)
		bad_key(f);
	else
		key->public = lahetti_public_key_read(lahetti_span(spki, (size_t)len), f);
	OPENSSL_free(spki);
	if (key->public == NULL) {
		lahetti_private_key_destroy(key);
		return NULL;
	}
	return key;
}

struct lahetti_private_key *lahetti_private_key_new(struct lahetti_fault *f)
{
	EVP_PKEY *native;

	ERR_set_mark();
	native = EVP_EC_gen(SN_X9_62_prime256v1);
	ERR_pop_to_mark();
	if (native == NULL) {
		no_crypto(f);
		return NULL;
	}
	return private_key_of(native, f);
}

/* The public half may be written in the file too: it must be that of the private one. */
static bool halves_agree(EVP_PKEY *native)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, native, NULL);
	bool agree = ctx != NULL && EVP_PKEY_pairwise_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return agree;
}

struct lahetti_private_key *lahetti_private_key_read(struct lahetti_span pem,
						     struct lahetti_span passphrase,
						     struct lahetti_fault *f)
{
	struct lahetti_private_key *key = NULL;
	BIO *bio = NULL;
	X509_SIG *box = NULL;
	PKCS8_PRIV_KEY_INFO *plain = NULL;
	EVP_PKEY *native = NULL;
	const X509_ALGOR *how = NULL;

	ERR_set_mark();
	if (pem.len > INT_MAX || passphrase.len > INT_MAX) {
		bad_key(f);
		goto out;
	}
	bio = BIO_new_mem_buf(pem.data, (int)pem.len);
	box = bio == NULL ? NULL : PEM_read_bio_PKCS8(bio, NULL, NULL, NULL);
	if (box != NULL)
		X509_SIG_get0(box, &how, NULL);
	if (how == NULL || OBJ_obj2nid(how->algorithm) != NID_pbes2) {
		bad_key(f);
		goto out;
	}
	plain = PKCS8_decrypt(box, (const char *)passphrase.data, (int)passphrase.len);
	if (plain == NULL) {
		/* Nothing tells a wrong passphrase from a damaged file. */
		lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "wrong-passphrase",
				  "The passphrase does not open the key.");
		goto out;
	}
	native = EVP_PKCS82PKEY(plain);
	if (native == NULL || EVP_PKEY_is_a(native, "EC") != 1 || !halves_agree(native)) {
		bad_key(f);
		goto out;
	}
	key = private_key_of(native, f);
	native = NULL;
out:
	EVP_PKEY_free(native);
	PKCS8_PRIV_KEY_INFO_free(plain);
	X509_SIG_free(box);
	BIO_free(bio);
	ERR_pop_to_mark();
	return key;
}

bool lahetti_private_key_write(const struct lahetti_private_key *key,
			       struct lahetti_span passphrase, struct lahetti_buffer *out,
			       struct lahetti_fault *f)
{
	BIO *bio = NULL;
	PKCS8_PRIV_KEY_INFO *plain = NULL;
	X509_SIG *box = NULL;
	char *pem = NULL;
	long len;
	bool done = false;

	ERR_set_mark();
	if (passphrase.len > INT_MAX) {
		no_crypto(f);
		goto out;
	}
	plain = EVP_PKEY2PKCS8(key->native);
	if (plain != NULL)
		box = PKCS8_encrypt(NID_hmacWithSHA256, EVP_aes_256_cbc(),
				    (const char *)passphrase.data, (int)passphrase.len, NULL,
				    PASSPHRASE_SALT, PASSPHRASE_ROUNDS, plain);
	bio = BIO_new(BIO_s_mem());
	if (box == NULL || bio == NULL || PEM_write_bio_PKCS8(bio, box) != 1) {
		no_crypto(f);
		goto out;
	}
	len = BIO_get_mem_data(bio, &pem);
	done = lahetti_buffer_add(out, lahetti_span(pem, (size_t)len), f);
out:
	BIO_free(bio);
	X509_SIG_free(box);
	PKCS8_PRIV_KEY_INFO_free(plain);
	ERR_pop_to_mark();
	return done;
}

void lahetti_private_key_destroy(struct lahetti_private_key *key)
{
	if (key == NULL)
		return;
	EVP_PKEY_free(key->native);
	lahetti_public_key_destroy(key->public);
	free(key);
}

const struct lahetti_public_key *lahetti_private_key_public(const struct lahetti_private_key *key)
{
	return key->public;
}

void *lahetti_private_key_native(const struct lahetti_private_key *key)
{
	return key->native;
}
