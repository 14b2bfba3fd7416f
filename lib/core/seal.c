#include "lahetti/seal.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <pthread.h>
#include <string.h>

#define NONCE_LEN	  12
#define TAG_LEN		  16
#define PASSPHRASE_ROUNDS 600000

_Static_assert(NONCE_LEN + TAG_LEN == LAHETTI_SEAL_OVERHEAD, "a seal is a nonce and a tag");

/* Fetched once: asking OpenSSL by name each time costs more than sealing a key does. */
static EVP_CIPHER *aes_256_gcm;
static EVP_KDF *hkdf;
static EVP_MAC *hmac;

static void fetch(void)
{
	aes_256_gcm = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	hkdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
}

static bool fetched(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, fetch);
	return aes_256_gcm != NULL && hkdf != NULL && hmac != NULL;
}

static bool crypto_failed(struct lahetti_fault *f)
{
	ERR_clear_error();
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-crypto",
				 "The cryptographic library could not do what was asked.");
}

static bool bad_seal(struct lahetti_fault *f)
{
	ERR_clear_error();
	return lahetti_fault_set(
		f, LAHETTI_FAULT_INVALID, "bad-seal",
		"Sealed data do not open: the key, the data or what they belong to is another.");
}

/* OpenSSL's parameters are not const, though those that are set are only read. */
static OSSL_PARAM octets(const char *name, struct lahetti_span s)
{
	union {
		const uint8_t *given;
		void *wanted;
	} data = {.given = s.data};

	return OSSL_PARAM_construct_octet_string(name, data.wanted, s.len);
}

/* ---- AES-256-GCM --------------------------------------------------------------------------- */

/* Starts a context with key, nonce and associated data; NULL when OpenSSL fails. */
static EVP_CIPHER_CTX *start(const struct lahetti_secret *key, const uint8_t *nonce,
			     const struct lahetti_span *aad, size_t n, int encrypt)
{
	EVP_CIPHER_CTX *ctx;
	bool done;
	int len;

	if (!fetched())
		return NULL;
	ctx = EVP_CIPHER_CTX_new();
	done = ctx != NULL &&
	       EVP_CipherInit_ex2(ctx, aes_256_gcm, key->bytes, nonce, encrypt, NULL) == 1;
	for (size_t i = 0; done && i < n; i++) {
		if (aad[i].len > 0)
			done = aad[i].len <= INT_MAX &&
			       EVP_CipherUpdate(ctx, NULL, &len, aad[i].data, (int)aad[i].len) == 1;
	}
	if (!done) {
		EVP_CIPHER_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

/* The sealed form of plain into `sealed`, which has room for it. */
static bool seal_to(const struct lahetti_secret *key, const struct lahetti_span *aad, size_t n,
		    struct lahetti_span plain, uint8_t *sealed, struct lahetti_fault *f)
{
	uint8_t *text = sealed + NONCE_LEN;
	EVP_CIPHER_CTX *ctx;
	bool done = true;
	int len;

	if (!lahetti_random(sealed, NONCE_LEN, f))
		return false;
	ctx = start(key, sealed, aad, n, 1);
	if (ctx == NULL)
		return crypto_failed(f);
	if (plain.len > 0)
		done = EVP_CipherUpdate(ctx, text, &len, plain.data, (int)plain.len) == 1;
	done = done && EVP_CipherFinal_ex(ctx, text + plain.len, &len) == 1 &&
	       EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, TAG_LEN, text + plain.len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	return done || crypto_failed(f);
}

/* The plaintext into `plain`, which has room for it and is overwritten where the seal does not
 * hold. */
static bool unseal_to(const struct lahetti_secret *key, const struct lahetti_span *aad, size_t n,
		      struct lahetti_span sealed, uint8_t *plain, struct lahetti_fault *f)
{
	size_t plain_len = sealed.len - LAHETTI_SEAL_OVERHEAD;
	const uint8_t *text = sealed.data + NONCE_LEN;
	uint8_t tag[TAG_LEN];
	EVP_CIPHER_CTX *ctx;
	bool done = true;
	int len;

	memcpy(tag, text + plain_len, TAG_LEN);
	ctx = start(key, sealed.data, aad, n, 0);
	if (ctx == NULL)
		return crypto_failed(f);
	if (plain_len > 0)
		done = EVP_CipherUpdate(ctx, plain, &len, text, (int)plain_len) == 1;
	done = done && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, TAG_LEN, tag) == 1 &&
	       EVP_CipherFinal_ex(ctx, plain + plain_len, &len) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (done)
		return true;
	lahetti_wipe(plain, plain_len);
	return bad_seal(f);
}

bool lahetti_seal(const struct lahetti_secret *key, const struct lahetti_span *aad, size_t n,
		  struct lahetti_span plain, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	uint8_t *to;

	if (plain.len > INT_MAX - LAHETTI_SEAL_OVERHEAD)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "too-long",
					 "There is more than can be sealed at once.");
	to = lahetti_buffer_reserve(out, plain.len + LAHETTI_SEAL_OVERHEAD, f);
	if (to == NULL || !seal_to(key, aad, n, plain, to, f))
		return false;
	out->len += plain.len + LAHETTI_SEAL_OVERHEAD;
	return true;
}

bool lahetti_unseal(const struct lahetti_secret *key, const struct lahetti_span *aad, size_t n,
		    struct lahetti_span sealed, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	uint8_t *to;

	if (sealed.len < LAHETTI_SEAL_OVERHEAD || sealed.len > INT_MAX)
		return bad_seal(f);
	to = lahetti_buffer_reserve(out, sealed.len - LAHETTI_SEAL_OVERHEAD, f);
	if (to == NULL || !unseal_to(key, aad, n, sealed, to, f))
		return false;
	out->len += sealed.len - LAHETTI_SEAL_OVERHEAD;
	return true;
}

bool lahetti_wrap(const struct lahetti_secret *key, const struct lahetti_span *aad, size_t n,
		  const struct lahetti_secret *secret, uint8_t wrapped[LAHETTI_WRAPPED_LEN],
		  struct lahetti_fault *f)
{
	return seal_to(key, aad, n, lahetti_span(secret->bytes, sizeof secret->bytes), wrapped, f);
}

bool lahetti_unwrap(const struct lahetti_secret *key, const struct lahetti_span *aad, size_t n,
		    struct lahetti_span wrapped, struct lahetti_secret *secret,
		    struct lahetti_fault *f)
{
	bool done = wrapped.len == LAHETTI_WRAPPED_LEN
			    ? unseal_to(key, aad, n, wrapped, secret->bytes, f)
			    : bad_seal(f);

	if (!done)
		lahetti_wipe(secret, sizeof *secret);
	return done;
}

/* ---- derived keys -------------------------------------------------------------------------- */

bool lahetti_hkdf(struct lahetti_span secret, struct lahetti_span salt, struct lahetti_span info,
		  uint8_t *out, size_t len, struct lahetti_fault *f)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[5] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		octets(OSSL_KDF_PARAM_KEY, secret),
	};
	size_t n = 2;
	EVP_KDF_CTX *ctx;
	bool done;

	if (!fetched())
		return crypto_failed(f);
	if (salt.len > 0)
		params[n++] = octets(OSSL_KDF_PARAM_SALT, salt);
	if (info.len > 0)
		params[n++] = octets(OSSL_KDF_PARAM_INFO, info);
	params[n] = OSSL_PARAM_construct_end();
	ctx = EVP_KDF_CTX_new(hkdf);
	done = ctx != NULL && EVP_KDF_derive(ctx, out, len, params) == 1;
	EVP_KDF_CTX_free(ctx);
	return done || crypto_failed(f);
}

bool lahetti_hmac(const struct lahetti_secret *key, const struct lahetti_span *spans, size_t n,
		  struct lahetti_digest *out, struct lahetti_fault *f)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *ctx;
	size_t len = 0;
	bool done;

	if (!fetched())
		return crypto_failed(f);
	ctx = EVP_MAC_CTX_new(hmac);
	done = ctx != NULL && EVP_MAC_init(ctx, key->bytes, sizeof key->bytes, params) == 1;
	for (size_t i = 0; done && i < n; i++)
		done = spans[i].len == 0 || EVP_MAC_update(ctx, spans[i].data, spans[i].len) == 1;
	done = done && EVP_MAC_final(ctx, out->bytes, &len, sizeof out->bytes) == 1 &&
	       len == sizeof out->bytes;
	EVP_MAC_CTX_free(ctx);
	return done || crypto_failed(f);
}

bool lahetti_secret_new(struct lahetti_secret *secret, struct lahetti_fault *f)
{
	return lahetti_random_private(secret->bytes, sizeof secret->bytes, f);
}

bool lahetti_secret_from_passphrase(struct lahetti_secret *secret, struct lahetti_span passphrase,
				    struct lahetti_span salt, struct lahetti_fault *f)
{
	if (passphrase.len > INT_MAX || salt.len > INT_MAX)
		return crypto_failed(f);
	if (PKCS5_PBKDF2_HMAC((const char *)passphrase.data, (int)passphrase.len, salt.data,
			      (int)salt.len, PASSPHRASE_ROUNDS, EVP_sha256(),
			      (int)sizeof secret->bytes, secret->bytes) != 1)
		return crypto_failed(f);
	return true;
}
