#include "ca.h"

#include "lahetti/key.h"

#include <limits.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERIAL_LEN    16
#define EARLIER_S     300 /* notBefore, for clocks that are late */
#define DAY_S	      86400
#define NAME_MOST     64 /* of a common name, RFC 5280's upper bound */
#define HOST_MOST     253
#define LABEL_MOST    63
#define SHORT_KEY_LEN 8 /* bytes of a key identifier that name a device */

struct ca {
	EVP_PKEY *key;
	X509 *certificate;
};

static bool no_crypto(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "no-crypto",
				 "The cryptographic library could not do its part.");
}

/* ---- what goes out ------------------------------------------------------------------------- */

/* Takes der, of that length, as OpenSSL allocated it; a length below 1 is OpenSSL's failure. */
static bool add_der(struct lahetti_buffer *out, uint8_t *der, int len, struct lahetti_fault *f)
{
	bool done;

	if (len < 1)
		return no_crypto(f);
	done = lahetti_buffer_add(out, lahetti_span(der, (size_t)len), f);
	OPENSSL_clear_free(der, (size_t)len);
	return done;
}

static bool add_certificate(struct lahetti_buffer *out, const X509 *certificate,
			    struct lahetti_fault *f)
{
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);

	return add_der(out, der, len, f);
}

/* Takes what was written to bio (NULL: OpenSSL's failure). */
static bool add_bio(struct lahetti_buffer *out, BIO *bio, bool written, struct lahetti_fault *f)
{
	char *pem = NULL;
	long len = bio != NULL && written ? BIO_get_mem_data(bio, &pem) : 0;
	bool done =
		len > 0 ? lahetti_buffer_add(out, lahetti_span(pem, (size_t)len), f) : no_crypto(f);

	BIO_free(bio);
	return done;
}

static bool add_certificate_pem(struct lahetti_buffer *out, X509 *certificate,
				struct lahetti_fault *f)
{
	BIO *bio = BIO_new(BIO_s_mem());

	return add_bio(out, bio, bio != NULL && PEM_write_bio_X509(bio, certificate) == 1, f);
}

static bool add_key_pem(struct lahetti_buffer *out, EVP_PKEY *key, struct lahetti_fault *f)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool written = bio != NULL &&
		       PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;

	return add_bio(out, bio, written, f);
}

/* ---- a certificate in the making ----------------------------------------------------------- */

static bool set_serial(X509 *certificate)
{
	uint8_t random[SERIAL_LEN];
	BIGNUM *serial = NULL;
	bool done;

	if (!lahetti_random(random, sizeof random, NULL))
		return false;
	serial = BN_bin2bn(random, sizeof random, NULL);
	done = serial != NULL &&
	       BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate)) != NULL;
	BN_free(serial);
	return done;
}

static bool set_times(X509 *certificate, const X509 *issuer, const struct ca_validity *validity)
{
	time_t from = (time_t)(validity->from_us / 1000000);
	time_t until = from + (time_t)validity->days * DAY_S;

	if (ASN1_TIME_set(X509_getm_notBefore(certificate), from - EARLIER_S) == NULL ||
	    ASN1_TIME_set(X509_getm_notAfter(certificate), until) == NULL)
		return false;
	if (issuer == certificate ||
	    ASN1_TIME_compare(X509_get0_notAfter(issuer), X509_get0_notAfter(certificate)) >= 0)
		return true;
	return X509_set1_notAfter(certificate, X509_get0_notAfter(issuer)) == 1;
}

static bool set_common_name(X509 *certificate, const char *name)
{
	union {
		const char *text;
		const unsigned char *bytes;
	} value = {.text = name};

	return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
					  MBSTRING_UTF8, value.bytes, (int)strlen(name), -1,
					  0) == 1;
}

/* All but extensions and signature. issuer NULL: itself. */
static X509 *draft(EVP_PKEY *key, const char *name, const X509 *issuer,
		   const struct ca_validity *validity)
{
	X509 *certificate = X509_new();

	if (certificate == NULL)
		return NULL;
	if (issuer == NULL)
		issuer = certificate;
	if (X509_set_version(certificate, X509_VERSION_3) == 1 && set_serial(certificate) &&
	    set_common_name(certificate, name) &&
	    X509_set_issuer_name(certificate, X509_get_subject_name(issuer)) == 1 &&
	    set_times(certificate, issuer, validity) && X509_set_pubkey(certificate, key) == 1)
		return certificate;
	X509_free(certificate);
	return NULL;
}

/* Extensions as OpenSSL's configuration would say them: constant, never from outside. */
struct extension {
	int nid;
	const char *value;
};

static const struct extension of_authority[] = {
	{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
	{NID_key_usage, "critical,keyCertSign,cRLSign"},
	{NID_subject_key_identifier, "hash"},
	{NID_authority_key_identifier, "keyid:always"},
	{NID_undef, NULL},
};

static const struct extension of_device[] = {
	{NID_basic_constraints, "critical,CA:FALSE"},
	{NID_key_usage, "critical,digitalSignature"},
	{NID_ext_key_usage, "clientAuth"},
	{NID_subject_key_identifier, "hash"},
	{NID_authority_key_identifier, "keyid:always"},
	{NID_undef, NULL},
};

static const struct extension of_server[] = {
	{NID_basic_constraints, "critical,CA:FALSE"},
	{NID_key_usage, "critical,digitalSignature"},
	{NID_ext_key_usage, "serverAuth"},
	{NID_subject_key_identifier, "hash"},
	{NID_authority_key_identifier, "keyid:always"},
	{NID_undef, NULL},
};

static bool extend(X509 *certificate, X509 *issuer, const struct extension *extensions)
{
	X509V3_CTX ctx;

	X509V3_set_ctx(&ctx, issuer, certificate, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	for (; extensions->value != NULL; extensions++) {
		X509_EXTENSION *made =
			X509V3_EXT_nconf_nid(NULL, &ctx, extensions->nid, extensions->value);
		bool added = made != NULL && X509_add_ext(certificate, made, -1) == 1;

		X509_EXTENSION_free(made);
		if (!added)
			return false;
	}
	return true;
}

/* Adds a name of a type whose value is an ASN.1 string (a URI, a DNS name, an address). Takes it.
 */
static bool add_name(GENERAL_NAMES *names, int type, ASN1_STRING *value)
{
	GENERAL_NAME *name = GENERAL_NAME_new();

	if (value == NULL || name == NULL) {
		ASN1_STRING_free(value);
		GENERAL_NAME_free(name);
		return false;
	}
	GENERAL_NAME_set0_value(name, type, value);
	if (sk_GENERAL_NAME_push(names, name) > 0)
		return true;
	GENERAL_NAME_free(name);
	return false;
}

static ASN1_STRING *ia5(const char *text)
{
	ASN1_STRING *string = ASN1_STRING_type_new(V_ASN1_IA5STRING);

	if (string != NULL && ASN1_STRING_set(string, text, (int)strlen(text)) != 1) {
		ASN1_STRING_free(string);
		return NULL;
	}
	return string;
}

static bool set_names(X509 *certificate, GENERAL_NAMES *names)
{
	return X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) ==
	       1;
}

static bool sign(X509 *certificate, EVP_PKEY *key)
{
	return X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* ---- the authority ------------------------------------------------------------------------- */

struct ca *ca_create(const char *name, const struct ca_validity *validity, struct lahetti_fault *f)
{
	struct ca *ca;

	if (name[0] == '\0' || strlen(name) > NAME_MOST) {
		lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-name",
				  "The authority's name must have 1 to %d bytes.", NAME_MOST);
		return NULL;
	}
	ca = calloc(1, sizeof *ca);
	if (ca == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	ERR_set_mark();
	ca->key = EVP_EC_gen(SN_X9_62_prime256v1);
	if (ca->key != NULL)
		ca->certificate = draft(ca->key, name, NULL, validity);
	if (ca->certificate == NULL || !extend(ca->certificate, ca->certificate, of_authority) ||
	    !sign(ca->certificate, ca->key)) {
		ca_destroy(ca);
		ca = NULL;
		no_crypto(f);
	}
	ERR_pop_to_mark();
	return ca;
}

/* Whether it may issue, with that key, and the key is of the one sort that we use. */
static bool is_authority(X509 *certificate, EVP_PKEY *key)
{
	struct lahetti_public_key *public;
	uint8_t *spki = NULL;
	int len;

	if (X509_check_ca(certificate) != 1 || X509_check_private_key(certificate, key) != 1 ||
	    X509_verify(certificate, key) != 1)
		return false;
	len = i2d_PUBKEY(key, &spki);
	if (len < 1)
		return false;
	public = lahetti_public_key_read(lahetti_span(spki, (size_t)len), NULL);
	lahetti_public_key_destroy(public);
	OPENSSL_free(spki);
	return public != NULL;
}

struct ca *ca_load(struct lahetti_span key, struct lahetti_span certificate,
		   struct lahetti_fault *f)
{
	const uint8_t *key_at = key.data, *certificate_at = certificate.data;
	struct ca *ca = calloc(1, sizeof *ca);

	if (ca == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	ERR_set_mark();
	if (key.len <= LONG_MAX && certificate.len <= LONG_MAX) {
		ca->key = d2i_AutoPrivateKey(NULL, &key_at, (long)key.len);
		ca->certificate = d2i_X509(NULL, &certificate_at, (long)certificate.len);
	}
	if (ca->key == NULL || key_at != key.data + key.len || ca->certificate == NULL ||
	    certificate_at != certificate.data + certificate.len ||
	    !is_authority(ca->certificate, ca->key)) {
		ca_destroy(ca);
		ca = NULL;
		lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-authority",
				  "The certification authority's key and certificate can't be "
				  "used: they are damaged or don't belong together.");
	}
	ERR_pop_to_mark();
	return ca;
}

void ca_destroy(struct ca *ca)
{
	if (ca == NULL)
		return;
	EVP_PKEY_free(ca->key);
	X509_free(ca->certificate);
	free(ca);
}

bool ca_key(const struct ca *ca, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	PKCS8_PRIV_KEY_INFO *plain;
	uint8_t *der = NULL;
	int len = 0;
	bool done;

	ERR_set_mark();
	plain = EVP_PKEY2PKCS8(ca->key);
	if (plain != NULL)
		len = i2d_PKCS8_PRIV_KEY_INFO(plain, &der);
	done = add_der(out, der, len, f);
	PKCS8_PRIV_KEY_INFO_free(plain);
	ERR_pop_to_mark();
	return done;
}

bool ca_certificate(const struct ca *ca, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	bool done;

	ERR_set_mark();
	done = add_certificate(out, ca->certificate, f);
	ERR_pop_to_mark();
	return done;
}

bool ca_certificate_pem(const struct ca *ca, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	bool done;

	ERR_set_mark();
	done = add_certificate_pem(out, ca->certificate, f);
	ERR_pop_to_mark();
	return done;
}

/* ---- issuing ------------------------------------------------------------------------------- */

/* What has ended issues nothing that anybody would accept. */
static bool in_force(const struct ca *ca, int64_t now_us, struct lahetti_fault *f)
{
	if (ASN1_TIME_cmp_time_t(X509_get0_notAfter(ca->certificate), (time_t)(now_us / 1000000)) >
	    0)
		return true;
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "authority-expired",
				 "The certification authority's certificate has expired: make a "
				 "new authority.");
}

/* A signed certificate, or NULL when OpenSSL failed. */
static X509 *issue(const struct ca *ca, EVP_PKEY *key, const char *name,
		   const struct extension *extensions, GENERAL_NAMES *names,
		   const struct ca_validity *validity)
{
	X509 *certificate = draft(key, name, ca->certificate, validity);

	if (certificate != NULL && extend(certificate, ca->certificate, extensions) &&
	    set_names(certificate, names) && sign(certificate, ca->key))
		return certificate;
	X509_free(certificate);
	return NULL;
}

bool ca_issue_device(const struct ca *ca, struct lahetti_span spki, const struct lahetti_id *user,
		     const struct ca_validity *validity, struct lahetti_buffer *out,
		     struct lahetti_fault *f)
{
	struct lahetti_public_key *key = NULL;
	GENERAL_NAMES *names = NULL;
	X509 *certificate = NULL;
	char id[LAHETTI_ID_TEXT_LEN + 1];
	char uri[sizeof "urn:uuid:" + LAHETTI_ID_TEXT_LEN];
	char name[2 * SHORT_KEY_LEN + 1];
	bool done = false;

	if (!in_force(ca, validity->from_us, f))
		return false;
	key = lahetti_public_key_read(spki, f);
	if (key == NULL)
		return false;
	lahetti_id_format(user, id);
	(void)snprintf(uri, sizeof uri, "urn:uuid:%s", id);
	lahetti_hex(lahetti_public_key_id(key)->bytes, SHORT_KEY_LEN, name);
	ERR_set_mark();
	names = sk_GENERAL_NAME_new_null();
	if (names != NULL && add_name(names, GEN_URI, ia5(uri)))
		certificate =
			issue(ca, lahetti_public_key_native(key), name, of_device, names, validity);
	done = certificate != NULL ? add_certificate(out, certificate, f) : no_crypto(f);
	X509_free(certificate);
	GENERAL_NAMES_free(names);
	ERR_pop_to_mark();
	lahetti_public_key_destroy(key);
	return done;
}

/* RFC 1123: labels of letters, digits and hyphens, between dots; the last is not a number, so that
 * what looks like an address is one. */
static bool is_dns_name(const char *host)
{
	static const char digits[] = "0123456789";
	static const char inside[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789-";
	size_t len;

	if (strlen(host) > HOST_MOST)
		return false;
	for (;; host += len + 1) {
		len = strspn(host, inside);
		if (len == 0 || len > LABEL_MOST || host[0] == '-' || host[len - 1] == '-')
			return false;
		if (host[len] == '\0')
			return strspn(host, digits) < len;
		if (host[len] != '.')
			return false;
	}
}

static bool add_host(GENERAL_NAMES *names, const char *host, struct lahetti_fault *f)
{
	ASN1_OCTET_STRING *address = a2i_IPADDRESS(host);

	if (address != NULL)
		return add_name(names, GEN_IPADD, address) || no_crypto(f);
	if (is_dns_name(host))
		return add_name(names, GEN_DNS, ia5(host)) || no_crypto(f);
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-host",
				 "A server's certificate is for DNS names and IP addresses.");
}

bool ca_issue_server(const struct ca *ca, const char *const *hosts, size_t n,
		     const struct ca_validity *validity, struct lahetti_buffer *key,
		     struct lahetti_buffer *certificate, struct lahetti_fault *f)
{
	size_t key_len = key->len;
	EVP_PKEY *pair = NULL;
	GENERAL_NAMES *names = NULL;
	X509 *made = NULL;
	bool done = false;

	if (!in_force(ca, validity->from_us, f))
		return false;
	if (n < 1 || n > CA_HOSTS_MOST)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-host",
					 "A server's certificate is for 1 to %d hosts.",
					 CA_HOSTS_MOST);
	ERR_set_mark();
	pair = EVP_EC_gen(SN_X9_62_prime256v1);
	names = sk_GENERAL_NAME_new_null();
	if (pair == NULL || names == NULL) {
		no_crypto(f);
		goto out;
	}
	for (size_t i = 0; i < n; i++) {
		if (!add_host(names, hosts[i], f))
			goto out;
	}
	made = issue(ca, pair, "lahettid", of_server, names, validity);
	if (made == NULL) {
		no_crypto(f);
		goto out;
	}
	done = add_key_pem(key, pair, f) && add_certificate_pem(certificate, made, f);
	if (!done) {
		lahetti_wipe(key->data + key_len, key->len - key_len);
		key->len = key_len;
	}
out:
	X509_free(made);
	GENERAL_NAMES_free(names);
	EVP_PKEY_free(pair);
	ERR_pop_to_mark();
	return done;
}
