/*
 * The server's certification authority: one P-256 key and its self-signed certificate, which issue
 * certificates for devices (TLS clients) and, where nobody else does, for the server itself. X.509
 * v3 (RFC 5280) by OpenSSL. Certificates are not how a device is trusted: the directory says
 * whether its key is in force. They let TLS turn strangers away early.
 *
 * An authority is immutable: several threads may issue from one. Beside what is said below
 * everything may fail with "no-crypto" or "no-memory" (BROKEN), and what appends with "too-long".
 */
#ifndef CA_H
#define CA_H

#include "lahetti/buffer.h"
#include "lahetti/id.h"

struct ca;

/* Enough for anything that is written here. */
#define CA_CERTIFICATE_MOST 4096

/* From when until when. notBefore is written five minutes earlier, for clocks that are late. */
struct ca_validity {
	int64_t from_us;
	uint32_t days; /* what is issued ends with the authority, if that is earlier */
};

/*
 * A new key and certificate: CA, path length 0, may sign certificates and lists of revoked ones.
 * The name (1 to 64 bytes of UTF-8, else "bad-name", MALFORMED) is its subject's common name.
 */
LAHETTI_CHECKED struct ca *ca_create(const char *name, const struct ca_validity *validity,
				     struct lahetti_fault *f);

/*
 * From what ca_key and ca_certificate wrote. "bad-authority" (MALFORMED) where either can't be
 * read, the certificate may not issue, or the key is not its.
 */
LAHETTI_CHECKED struct ca *ca_load(struct lahetti_span key, struct lahetti_span certificate,
				   struct lahetti_fault *f);
void ca_destroy(struct ca *ca);

/* Appends the private key, PKCS#8 in DER and not encrypted: whoever keeps it seals it first. */
LAHETTI_CHECKED bool ca_key(const struct ca *ca, struct lahetti_buffer *out,
			    struct lahetti_fault *f);

/* Appends the certificate in DER, or in PEM as TLS wants its file of client authorities. */
LAHETTI_CHECKED bool ca_certificate(const struct ca *ca, struct lahetti_buffer *out,
				    struct lahetti_fault *f);
LAHETTI_CHECKED bool ca_certificate_pem(const struct ca *ca, struct lahetti_buffer *out,
					struct lahetti_fault *f);

/*
 * Appends the certificate, in DER, of a device's key: subject the first 16 hexadecimal digits of
 * its key identifier and nothing about the person, URI SAN "urn:uuid:USER", for TLS clients only,
 * serial of 128 random bits. "bad-key" (MALFORMED).
 */
LAHETTI_CHECKED bool ca_issue_device(const struct ca *ca, struct lahetti_span spki,
				     const struct lahetti_id *user,
				     const struct ca_validity *validity, struct lahetti_buffer *out,
				     struct lahetti_fault *f);

/*
 * A new P-256 key and its certificate for a TLS server; appends both in PEM (the key is PKCS#8, not
 * encrypted). Hosts are DNS names or IP addresses, 1 to CA_HOSTS_MOST, else "bad-host" (MALFORMED);
 * a client looks for them in the SANs, so the subject is just "lahettid".
 */
#define CA_HOSTS_MOST 16
LAHETTI_CHECKED bool ca_issue_server(const struct ca *ca, const char *const *hosts, size_t n,
				     const struct ca_validity *validity, struct lahetti_buffer *key,
				     struct lahetti_buffer *certificate, struct lahetti_fault *f);

#endif
