#include "certificate.h"

#include <limits.h>
#include <openssl/err.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <strings.h>

static const char prefix[] = "urn:uuid:"; /* RFC 8141: in either case */
#define PREFIX_LEN (sizeof prefix - 1)

static bool bad_certificate(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-certificate",
				 "This is not a certificate that can be read.");
}

static bool no_user(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "no-user",
				 "The certificate does not name one user.");
}

/* Whether a name is a urn:uuid. */
static bool is_urn(const GENERAL_NAME *name, const ASN1_STRING **uri)
{
	int type;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);

	if (type != GEN_URI || (size_t)ASN1_STRING_length(value) < PREFIX_LEN ||
	    strncasecmp((const char *)ASN1_STRING_get0_data(value), prefix, PREFIX_LEN) != 0)
		return false;
	*uri = value;
	return true;
}

static bool user_of(const ASN1_STRING *uri, struct lahetti_id *user)
{
	char text[LAHETTI_ID_TEXT_LEN + 1] = "";
	const uint8_t *data = ASN1_STRING_get0_data(uri);

	if ((size_t)ASN1_STRING_length(uri) != PREFIX_LEN + LAHETTI_ID_TEXT_LEN)
		return false;
	memcpy(text, data + PREFIX_LEN, LAHETTI_ID_TEXT_LEN);
	return lahetti_id_parse(user, text, NULL);
}

/* Of the names the only urn:uuid, or NULL. */
static const ASN1_STRING *only_urn(const GENERAL_NAMES *names)
{
	const ASN1_STRING *uri = NULL;
	int urns = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++)
		urns += is_urn(sk_GENERAL_NAME_value(names, i), &uri);
	return urns == 1 ? uri : NULL;
}

bool certificate_user(struct lahetti_span der, struct lahetti_id *user, struct lahetti_fault *f)
{
	const uint8_t *at = der.data;
	GENERAL_NAMES *names = NULL;
	X509 *certificate = NULL;
	const ASN1_STRING *uri;
	bool done = false;

	ERR_set_mark();
	if (der.len <= LONG_MAX)
		certificate = d2i_X509(NULL, &at, (long)der.len);
	if (certificate == NULL || at != der.data + der.len) {
		bad_certificate(f);
		goto out;
	}
	/* NULL as well where there are two such extensions. */
	names = X509_get_ext_d2i(certificate, NID_subject_alt_name, NULL, NULL);
	uri = names != NULL ? only_urn(names) : NULL;
	done = uri != NULL && user_of(uri, user);
	if (!done)
		no_user(f);
out:
	GENERAL_NAMES_free(names);
	X509_free(certificate);
	ERR_pop_to_mark();
	return done;
}
