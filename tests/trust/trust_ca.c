#include "ca.h"

#include "certificate.h"

#include <lahetti/key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000)
#define DAY    (86400 * SECOND)
#define NOW    (INT64_C(1750000000) * SECOND)

static const struct ca_validity ten_years = {NOW, 3650};
static const struct ca_validity one_year = {NOW, 365};
static const struct lahetti_id anna = {{0x01, 0x97, 0x77, 0x42, 0x1c, 0x00, 0x70, 0x00, 0x80, 0x00,
					0x00, 0x00, 0x00, 0x00, 0x00, 0x01}};

struct world {
	struct ca *ca;
	struct lahetti_private_key *device;
};

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	if (w == NULL)
		return -1;
	w->ca = ca_create("Lähetti of Example", &ten_years, NULL);
	w->device = lahetti_private_key_new(NULL);
	*state = w;
	return w->ca == NULL || w->device == NULL ? -1 : 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	ca_destroy(w->ca);
	lahetti_private_key_destroy(w->device);
	free(w);
	return 0;
}

static struct lahetti_span spki_of(const struct world *w)
{
	return lahetti_public_key_spki(lahetti_private_key_public(w->device));
}

static X509 *read_der(const struct lahetti_buffer *der)
{
	const uint8_t *at = der->data;
	X509 *certificate = d2i_X509(NULL, &at, (long)der->len);

	assert_non_null(certificate);
	assert_ptr_equal(at, der->data + der->len);
	return certificate;
}

static X509 *read_pem(const struct lahetti_buffer *pem)
{
	BIO *bio = BIO_new_mem_buf(pem->data, (int)pem->len);
	X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);

	assert_non_null(certificate);
	BIO_free(bio);
	return certificate;
}

static X509 *authority(const struct ca *ca)
{
	struct lahetti_buffer der;
	X509 *certificate;

	lahetti_buffer_init(&der, CA_CERTIFICATE_MOST);
	assert_true(ca_certificate(ca, &der, NULL));
	certificate = read_der(&der);
	lahetti_buffer_finish(&der);
	return certificate;
}

static X509 *issue_device(const struct world *w, const struct ca_validity *validity)
{
	struct lahetti_buffer der;
	X509 *certificate;

	lahetti_buffer_init(&der, CA_CERTIFICATE_MOST);
	assert_true(ca_issue_device(w->ca, spki_of(w), &anna, validity, &der, NULL));
	certificate = read_der(&der);
	lahetti_buffer_finish(&der);
	return certificate;
}

static X509 *issue_server(const struct ca *ca, const char *const *hosts, size_t n, EVP_PKEY **key)
{
	struct lahetti_buffer key_pem, certificate_pem;
	X509 *certificate;
	BIO *bio;

	lahetti_buffer_init(&key_pem, CA_CERTIFICATE_MOST);
	lahetti_buffer_init(&certificate_pem, CA_CERTIFICATE_MOST);
	assert_true(ca_issue_server(ca, hosts, n, &one_year, &key_pem, &certificate_pem, NULL));
	certificate = read_pem(&certificate_pem);
	bio = BIO_new_mem_buf(key_pem.data, (int)key_pem.len);
	*key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	assert_non_null(*key);
	BIO_free(bio);
	lahetti_buffer_finish(&key_pem);
	lahetti_buffer_finish(&certificate_pem);
	return certificate;
}

/* OpenSSL's verdict about a certificate under that authority, for a purpose, at a time. */
static int verdict(X509 *trusted, X509 *certificate, int purpose, int64_t at_us)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int result;

	assert_int_equal(X509_STORE_add_cert(store, trusted), 1);
	assert_int_equal(X509_STORE_CTX_init(ctx, store, certificate, NULL), 1);
	assert_int_equal(X509_STORE_CTX_set_purpose(ctx, purpose), 1);
	X509_STORE_CTX_set_time(ctx, 0, (time_t)(at_us / SECOND));
	X509_VERIFY_PARAM_set_flags(X509_STORE_CTX_get0_param(ctx), X509_V_FLAG_X509_STRICT);
	(void)X509_verify_cert(ctx);
	result = X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return result;
}

static bool user_of(X509 *certificate, struct lahetti_id *user, struct lahetti_fault *f)
{
	uint8_t *der = NULL;
	int len = i2d_X509(certificate, &der);
	bool done;

	assert_true(len > 0);
	done = certificate_user(lahetti_span(der, (size_t)len), user, f);
	OPENSSL_free(der);
	return done;
}

/* ---- the authority ------------------------------------------------------------------------- */

static void authority_may_issue_and_nothing_else(void **state)
{
	struct world *w = *state;
	X509 *ca = authority(w->ca);

	assert_int_equal(X509_get_version(ca), X509_VERSION_3);
	assert_int_equal(X509_check_ca(ca), 1);
	assert_int_equal(X509_get_pathlen(ca), 0);
	assert_int_equal(X509_get_key_usage(ca), KU_KEY_CERT_SIGN | KU_CRL_SIGN);
	assert_int_equal(X509_verify(ca, X509_get0_pubkey(ca)), 1);
	assert_int_equal(verdict(ca, ca, X509_PURPOSE_ANY, NOW), X509_V_OK);
	assert_int_equal(X509_get_ext_by_NID(ca, NID_ext_key_usage, -1), -1);
	X509_free(ca);
}

static void authority_is_loaded_as_it_was_written(void **state)
{
	struct world *w = *state;
	struct lahetti_buffer key, certificate;
	struct world loaded = {.device = w->device};
	X509 *trusted = authority(w->ca);
	X509 *device;

	lahetti_buffer_init(&key, CA_CERTIFICATE_MOST);
	lahetti_buffer_init(&certificate, CA_CERTIFICATE_MOST);
	assert_true(ca_key(w->ca, &key, NULL));
	assert_true(ca_certificate(w->ca, &certificate, NULL));
	loaded.ca = ca_load(lahetti_buffer_span(&key), lahetti_buffer_span(&certificate), NULL);
	assert_non_null(loaded.ca);
	device = issue_device(&loaded, &one_year);
	assert_int_equal(verdict(trusted, device, X509_PURPOSE_SSL_CLIENT, NOW), X509_V_OK);
	X509_free(device);
	X509_free(trusted);
	ca_destroy(loaded.ca);
	lahetti_buffer_finish(&key);
	lahetti_buffer_finish(&certificate);
}

static void pem_is_the_same_certificate(void **state)
{
	struct world *w = *state;
	struct lahetti_buffer pem;
	X509 *der = authority(w->ca);
	X509 *read;

	lahetti_buffer_init(&pem, CA_CERTIFICATE_MOST);
	assert_true(ca_certificate_pem(w->ca, &pem, NULL));
	read = read_pem(&pem);
	assert_int_equal(X509_cmp(read, der), 0);
	X509_free(read);
	X509_free(der);
	lahetti_buffer_finish(&pem);
}

static void refuse_load(struct lahetti_span key, struct lahetti_span certificate)
{
	struct lahetti_fault f = {0};

	assert_null(ca_load(key, certificate, &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	assert_string_equal(f.code, "bad-authority");
	assert_int_equal(ERR_peek_error(), 0);
}

static void key_and_certificate_must_belong_together(void **state)
{
	struct world *w = *state;
	struct ca *other = ca_create("Other", &ten_years, NULL);
	struct lahetti_buffer key, certificate, other_key, device;
	struct lahetti_span k, c;

	assert_non_null(other);
	lahetti_buffer_init(&key, CA_CERTIFICATE_MOST);
	lahetti_buffer_init(&certificate, CA_CERTIFICATE_MOST);
	lahetti_buffer_init(&other_key, CA_CERTIFICATE_MOST);
	lahetti_buffer_init(&device, CA_CERTIFICATE_MOST);
	assert_true(ca_key(w->ca, &key, NULL));
	assert_true(ca_certificate(w->ca, &certificate, NULL));
	assert_true(ca_key(other, &other_key, NULL));
	assert_true(ca_issue_device(w->ca, spki_of(w), &anna, &one_year, &device, NULL));
	k = lahetti_buffer_span(&key);
	c = lahetti_buffer_span(&certificate);
	refuse_load(lahetti_buffer_span(&other_key), c);
	refuse_load(k, lahetti_buffer_span(&device));
	refuse_load(lahetti_span(k.data, k.len - 1), c);
	refuse_load(k, lahetti_span(c.data, c.len - 1));
	refuse_load(lahetti_span(NULL, 0), lahetti_span(NULL, 0));
	refuse_load(c, k);
	key.data[key.len - 1] ^= 1; /* of the public half */
	refuse_load(k, c);
	key.data[key.len - 1] ^= 1;
	certificate.data[certificate.len - 1] ^= 1; /* of the signature */
	refuse_load(k, c);
	lahetti_buffer_finish(&key);
	lahetti_buffer_finish(&certificate);
	lahetti_buffer_finish(&other_key);
	lahetti_buffer_finish(&device);
	ca_destroy(other);
}

static void device_is_no_authority(void **state)
{
	struct world *w = *state;
	X509 *device = issue_device(w, &one_year);

	assert_int_equal(X509_check_ca(device), 0);
	X509_free(device);
}

static void name_of_authority_is_bounded(void **state)
{
	char name[66];
	struct lahetti_fault f = {0};
	struct ca *ca;

	(void)state;
	memset(name, 'x', sizeof name);
	name[65] = '\0';
	assert_null(ca_create(name, &ten_years, &f));
	assert_string_equal(f.code, "bad-name");
	assert_null(ca_create("", &ten_years, &f));
	name[64] = '\0';
	ca = ca_create(name, &ten_years, NULL);
	assert_non_null(ca);
	ca_destroy(ca);
}

/* ---- devices ------------------------------------------------------------------------------- */

static void device_is_a_client_and_no_server(void **state)
{
	struct world *w = *state;
	X509 *ca = authority(w->ca);
	X509 *device = issue_device(w, &one_year);

	assert_int_equal(verdict(ca, device, X509_PURPOSE_SSL_CLIENT, NOW), X509_V_OK);
	assert_int_equal(verdict(ca, device, X509_PURPOSE_SSL_SERVER, NOW),
			 X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(X509_get_key_usage(device), KU_DIGITAL_SIGNATURE);
	assert_int_equal(X509_get_extended_key_usage(device), XKU_SSL_CLIENT);
	X509_free(device);
	X509_free(ca);
}

static void device_of_another_authority_is_not_trusted(void **state)
{
	struct world *w = *state;
	struct ca *same_name = ca_create("Lähetti of Example", &ten_years, NULL);
	X509 *trusted = authority(same_name);
	X509 *device = issue_device(w, &one_year);

	assert_int_not_equal(verdict(trusted, device, X509_PURPOSE_SSL_CLIENT, NOW), X509_V_OK);
	X509_free(device);
	X509_free(trusted);
	ca_destroy(same_name);
}

static void certificate_names_user_and_key(void **state)
{
	struct world *w = *state;
	X509 *device = issue_device(w, &one_year);
	struct lahetti_id user;
	char name[64], expected[2 * LAHETTI_DIGEST_LEN + 1];
	const ASN1_OCTET_STRING *of_device, *of_ca;
	X509 *ca = authority(w->ca);

	assert_true(user_of(device, &user, NULL));
	assert_true(lahetti_id_equal(&user, &anna));
	assert_int_equal(X509_NAME_get_text_by_NID(X509_get_subject_name(device), NID_commonName,
						   name, sizeof name),
			 16);
	lahetti_hex(lahetti_public_key_id(lahetti_private_key_public(w->device))->bytes,
		    LAHETTI_DIGEST_LEN, expected);
	assert_memory_equal(name, expected, 16);
	assert_int_equal(X509_NAME_entry_count(X509_get_subject_name(device)), 1);
	assert_int_equal(
		EVP_PKEY_eq(X509_get0_pubkey(device), lahetti_private_key_native(w->device)), 1);
	of_device = X509_get0_authority_key_id(device);
	of_ca = X509_get0_subject_key_id(ca);
	assert_non_null(of_device);
	assert_non_null(of_ca);
	assert_int_equal(ASN1_OCTET_STRING_cmp(of_device, of_ca), 0);
	assert_non_null(X509_get0_subject_key_id(device));
	X509_free(ca);
	X509_free(device);
}

static void certificate_is_valid_from_a_little_before_to_its_day(void **state)
{
	struct world *w = *state;
	X509 *ca = authority(w->ca);
	X509 *device = issue_device(w, &one_year);

	assert_int_equal(verdict(ca, device, X509_PURPOSE_SSL_CLIENT, NOW - 300 * SECOND),
			 X509_V_OK);
	assert_int_equal(verdict(ca, device, X509_PURPOSE_SSL_CLIENT, NOW - 301 * SECOND),
			 X509_V_ERR_CERT_NOT_YET_VALID);
	assert_int_equal(verdict(ca, device, X509_PURPOSE_SSL_CLIENT, NOW + 365 * DAY - SECOND),
			 X509_V_OK);
	assert_int_equal(verdict(ca, device, X509_PURPOSE_SSL_CLIENT, NOW + 366 * DAY),
			 X509_V_ERR_CERT_HAS_EXPIRED);
	X509_free(device);
	X509_free(ca);
}

static void certificate_never_outlives_its_authority(void **state)
{
	struct world *w = *state;
	struct ca_validity late = {NOW + 3600 * DAY, 365};
	X509 *ca = authority(w->ca);
	X509 *device = issue_device(w, &late);

	assert_int_equal(ASN1_TIME_compare(X509_get0_notAfter(device), X509_get0_notAfter(ca)), 0);
	X509_free(device);
	X509_free(ca);
}

static void expired_authority_issues_nothing(void **state)
{
	struct world *w = *state;
	struct ca_validity after = {NOW + 3650 * DAY, 365};
	struct lahetti_buffer key, der;
	struct lahetti_fault f = {0};
	const char *host = "localhost";

	lahetti_buffer_init(&key, CA_CERTIFICATE_MOST);
	lahetti_buffer_init(&der, CA_CERTIFICATE_MOST);
	assert_false(ca_issue_device(w->ca, spki_of(w), &anna, &after, &der, &f));
	assert_string_equal(f.code, "authority-expired");
	f.code = "";
	assert_false(ca_issue_server(w->ca, &host, 1, &after, &key, &der, &f));
	assert_string_equal(f.code, "authority-expired");
	assert_int_equal(der.len, 0);
	assert_int_equal(key.len, 0);
	lahetti_buffer_finish(&der);
}

static void serials_are_never_the_same(void **state)
{
	struct world *w = *state;
	X509 *a = issue_device(w, &one_year), *b = issue_device(w, &one_year);
	const ASN1_INTEGER *serial = X509_get0_serialNumber(a);
	BIGNUM *number = ASN1_INTEGER_to_BN(serial, NULL);

	assert_int_not_equal(ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(b)), 0);
	assert_int_equal(BN_is_negative(number), 0);
	/* Shorter by chance: once in 2^64. */
	assert_true(BN_num_bits(number) > 64 && BN_num_bits(number) <= 128);
	BN_free(number);
	X509_free(a);
	X509_free(b);
}

static void device_with_another_key_gets_no_certificate(void **state)
{
	struct world *w = *state;
	struct lahetti_buffer der;
	struct lahetti_fault f = {0};

	lahetti_buffer_init(&der, CA_CERTIFICATE_MOST);
	assert_false(ca_issue_device(w->ca, lahetti_span_text("key"), &anna, &one_year, &der, &f));
	assert_string_equal(f.code, "bad-key");
	assert_int_equal(der.len, 0);
}

/* ---- servers ------------------------------------------------------------------------------- */

static void server_is_found_under_its_hosts(void **state)
{
	static const char *const hosts[] = {"lahetti.example.fi", "localhost", "127.0.0.1", "::1"};
	struct world *w = *state;
	X509 *ca = authority(w->ca);
	EVP_PKEY *key;
	X509 *server = issue_server(w->ca, hosts, 4, &key);
	struct lahetti_id user;

	assert_int_equal(verdict(ca, server, X509_PURPOSE_SSL_SERVER, NOW), X509_V_OK);
	assert_int_equal(verdict(ca, server, X509_PURPOSE_SSL_CLIENT, NOW),
			 X509_V_ERR_INVALID_PURPOSE);
	assert_int_equal(X509_check_private_key(server, key), 1);
	assert_int_equal(X509_check_host(server, "lahetti.example.fi", 0, 0, NULL), 1);
	assert_int_equal(X509_check_host(server, "localhost", 0, 0, NULL), 1);
	assert_int_equal(X509_check_ip_asc(server, "127.0.0.1", 0), 1);
	assert_int_equal(X509_check_ip_asc(server, "::1", 0), 1);
	assert_int_equal(X509_check_host(server, "example.fi", 0, 0, NULL), 0);
	assert_int_equal(X509_check_host(server, "lahettid", 0, 0, NULL), 0);
	assert_int_equal(X509_check_ip_asc(server, "127.0.0.2", 0), 0);
	assert_false(user_of(server, &user, NULL));
	X509_free(server);
	X509_free(ca);
	EVP_PKEY_free(key);
}

static void what_is_no_host_gets_no_certificate(void **state)
{
	static const char *const wrong[] = {
		"",
		".",
		"a..b",
		"a.",
		".a",
		"-a.fi",
		"a-.fi",
		"a b",
		"a,DNS:b",
		"*.example.fi",
		"l\xc3\xa4hetti.fi",
		"300.1.1.1",
		"127.0.0.1:8443",
		"https://a.fi",
		"a123456789012345678901234567890123456789012345678901234567890123.fi",
	};
	struct world *w = *state;
	struct lahetti_buffer key, certificate;

	lahetti_buffer_init(&key, CA_CERTIFICATE_MOST);
	lahetti_buffer_init(&certificate, CA_CERTIFICATE_MOST);
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
		const char *hosts[] = {"localhost", wrong[i]};
		struct lahetti_fault f = {0};

		assert_false(ca_issue_server(w->ca, hosts, 2, &one_year, &key, &certificate, &f));
		assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
		assert_string_equal(f.code, "bad-host");
	}
	for (size_t n = 0; n <= CA_HOSTS_MOST + 1; n += CA_HOSTS_MOST + 1) {
		const char *hosts[CA_HOSTS_MOST + 1];

		for (size_t i = 0; i <= CA_HOSTS_MOST; i++)
			hosts[i] = "localhost";
		assert_false(ca_issue_server(w->ca, hosts, n, &one_year, &key, &certificate, NULL));
	}
	assert_int_equal(key.len, 0);
	assert_int_equal(certificate.len, 0);
}

/* The private key must not stay behind where its certificate did not fit. */
static void no_key_is_given_without_its_certificate(void **state)
{
	struct world *w = *state;
	struct lahetti_buffer key, certificate;
	struct lahetti_fault f = {0};
	const char *host = "localhost";

	lahetti_buffer_init(&key, CA_CERTIFICATE_MOST);
	lahetti_buffer_init(&certificate, 10);
	assert_false(ca_issue_server(w->ca, &host, 1, &one_year, &key, &certificate, &f));
	assert_string_equal(f.code, "too-long");
	assert_int_equal(key.len, 0);
	lahetti_buffer_finish(&key);
	lahetti_buffer_finish(&certificate);
}

/* ---- whom a certificate names -------------------------------------------------------------- */

/* A certificate with those alternative names, as OpenSSL's configuration writes them. */
static X509 *with_names(const char *names)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *certificate = X509_new();
	X509_EXTENSION *extension = X509V3_EXT_nconf_nid(NULL, NULL, NID_subject_alt_name, names);

	assert_non_null(extension);
	assert_int_equal(X509_set_version(certificate, X509_VERSION_3), 1);
	assert_non_null(ASN1_TIME_set(X509_getm_notBefore(certificate), 0));
	assert_non_null(ASN1_TIME_set(X509_getm_notAfter(certificate), 0));
	assert_int_equal(X509_set_pubkey(certificate, key), 1);
	assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
	assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
	X509_EXTENSION_free(extension);
	EVP_PKEY_free(key);
	return certificate;
}

#define ANNA  "01977742-1c00-7000-8000-000000000001"
#define PEKKA "01977742-1c00-7000-8000-000000000002"

static void user_is_read_from_one_urn(void **state)
{
	static const struct {
		const char *names;
		bool is_anna;
	} rows[] = {
		{"URI:urn:uuid:" ANNA, true},
		{"URI:URN:UUID:" ANNA, true},
		{"DNS:a.fi,URI:https://a.fi/x,URI:urn:uuid:" ANNA ",email:a@b.fi", true},
		{"URI:urn:uuid:" ANNA ",URI:urn:uuid:" PEKKA, false},
		{"URI:urn:uuid:" ANNA ",URI:urn:uuid:" ANNA, false},
		{"DNS:urn:uuid:" ANNA, false},
		{"email:urn:uuid:" ANNA, false},
		{"URI:uuid:" ANNA, false},
		{"URI:urn:uuid:", false},
		{"URI:urn:uui", false},
		{"URI:urn:uuid:" ANNA "0", false},
		{"URI:urn:uuid:01977742-1c00-7000-8000-00000000000", false},
		{"URI:urn:uuid:01977742-1c00-4000-8000-000000000001", false}, /* version 4 */
		{"URI:urn:uuid:019777421c0070008000000000000001", false},
		{"DNS:a.fi", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		X509 *certificate = with_names(rows[i].names);
		struct lahetti_id user = {{0}};
		struct lahetti_fault f = {0};
		bool done = user_of(certificate, &user, &f);

		assert_int_equal(done, rows[i].is_anna);
		if (done) {
			assert_true(lahetti_id_equal(&user, &anna));
		} else {
			assert_int_equal(f.kind, LAHETTI_FAULT_INVALID);
			assert_string_equal(f.code, "no-user");
		}
		X509_free(certificate);
	}
}

static void what_is_no_certificate_names_nobody(void **state)
{
	struct world *w = *state;
	struct lahetti_buffer der;
	struct lahetti_span whole;
	struct lahetti_id user;
	struct lahetti_fault f = {0};

	lahetti_buffer_init(&der, CA_CERTIFICATE_MOST);
	assert_true(ca_issue_device(w->ca, spki_of(w), &anna, &one_year, &der, NULL));
	assert_true(lahetti_buffer_add(&der, lahetti_span_text("x"), NULL));
	whole = lahetti_buffer_span(&der);
	for (size_t len = 0; len <= whole.len; len++) {
		bool done = certificate_user(lahetti_span(whole.data, len), &user, &f);

		assert_int_equal(done, len == whole.len - 1);
		if (!done)
			assert_string_equal(f.code, "bad-certificate");
	}
	assert_int_equal(ERR_peek_error(), 0);
	lahetti_buffer_finish(&der);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(authority_may_issue_and_nothing_else),
		TEST(authority_is_loaded_as_it_was_written),
		TEST(pem_is_the_same_certificate),
		TEST(key_and_certificate_must_belong_together),
		TEST(device_is_no_authority),
		TEST(name_of_authority_is_bounded),
		TEST(device_is_a_client_and_no_server),
		TEST(device_of_another_authority_is_not_trusted),
		TEST(certificate_names_user_and_key),
		TEST(certificate_is_valid_from_a_little_before_to_its_day),
		TEST(certificate_never_outlives_its_authority),
		TEST(expired_authority_issues_nothing),
		TEST(serials_are_never_the_same),
		TEST(device_with_another_key_gets_no_certificate),
		TEST(server_is_found_under_its_hosts),
		TEST(what_is_no_host_gets_no_certificate),
		TEST(no_key_is_given_without_its_certificate),
		TEST(user_is_read_from_one_urn),
		TEST(what_is_no_certificate_names_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
