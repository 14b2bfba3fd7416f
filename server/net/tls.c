#include "loop.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

/* ECDHE and AEAD alone. TLS 1.3 has nothing else, so its list stays OpenSSL's. */
#define TLS12_CIPHERS                                                                              \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" \
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256"

static bool unreadable(const char *what, const char *path, struct lahetti_fault *f)
{
	unsigned long error = ERR_peek_error();
	const char *why = ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error))
						  : ERR_reason_error_string(error);

	ERR_clear_error();
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "certificate-unreadable",
				 "The %s in %s cannot be used: %s.", what, path,
				 why != NULL ? why : "no reason is known");
}

static bool load_certificate(SSL_CTX *ctx, const struct net_options *o, struct lahetti_fault *f)
{
	if (SSL_CTX_use_certificate_chain_file(ctx, o->certificate) != 1)
		return unreadable("certificate", o->certificate, f);
	if (SSL_CTX_use_PrivateKey_file(ctx, o->private_key, SSL_FILETYPE_PEM) != 1)
		return unreadable("private key", o->private_key, f);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return unreadable("private key", o->private_key, f);
	return true;
}

/*
 * OpenSSL's own verdict stands: with libwebsockets' option for client certificates the verdict
 * would be the return value of a callback, and accept what nobody answers for.
 */
static bool ask_for_certificate(SSL_CTX *ctx, const struct net_options *o, struct lahetti_fault *f)
{
	int mode = SSL_VERIFY_NONE;
	STACK_OF(X509_NAME) * names;

	if (o->client_certificate == NET_CLIENT_CERTIFICATE_OFF) {
		SSL_CTX_set_verify(ctx, mode, NULL);
		return true;
	}
	if (o->client_ca == NULL)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "certificate-unreadable",
					 "Client certificates are asked for, but no authority for "
					 "them is named.");
	mode = SSL_VERIFY_PEER;
	if (o->client_certificate == NET_CLIENT_CERTIFICATE_REQUIRED)
		mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
	SSL_CTX_set_verify(ctx, mode, NULL);
	if (SSL_CTX_load_verify_file(ctx, o->client_ca) != 1)
		return unreadable("client authority", o->client_ca, f);
	names = SSL_load_client_CA_file(o->client_ca);
	if (names == NULL)
		return unreadable("client authority", o->client_ca, f);
	SSL_CTX_set_client_CA_list(ctx, names);
	return true;
}

bool tls_configure(void *ssl_ctx, const struct net_options *o, struct lahetti_fault *f)
{
	static const unsigned char session_context[] = "lahetti";
	SSL_CTX *ctx = ssl_ctx;

	ERR_clear_error();
	(void)SSL_CTX_set_min_proto_version(ctx, o->tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
	(void)SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
					       SSL_OP_CIPHER_SERVER_PREFERENCE);
	(void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
	/* Nothing is resumed: who presents a certificate has it checked each time, against today's
	 * date and today's list of revocations. */
	(void)SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	(void)SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
	(void)SSL_CTX_set_num_tickets(ctx, 0);
	(void)SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context - 1);
	if (SSL_CTX_set_cipher_list(ctx, TLS12_CIPHERS) != 1 ||
	    SSL_CTX_set1_groups_list(ctx, GROUPS) != 1)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "tls-unusable",
					 "OpenSSL has none of the ciphers or groups that are "
					 "allowed; check its configuration.");
	return load_certificate(ctx, o, f) && ask_for_certificate(ctx, o, f);
}

static bool read_key_id(X509 *certificate, struct lahetti_digest *id)
{
	unsigned char *spki = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &spki);
	struct lahetti_span span = lahetti_span(spki, len > 0 ? (size_t)len : 0);
	bool done = len > 0 && lahetti_sha256(id, &span, 1, NULL);

	OPENSSL_free(spki);
	return done;
}

void tls_read_peer(void *ssl, struct session_peer *peer)
{
	static const char label[] = "EXPORTER-Channel-Binding"; /* RFC 9266 */
	X509 *certificate = SSL_get1_peer_certificate(ssl);

	memset(peer->exporter, 0, sizeof peer->exporter);
	memset(&peer->key, 0, sizeof peer->key);
	/* Without a certificate the verdict is OK too. */
	if (certificate != NULL && SSL_get_verify_result(ssl) == X509_V_OK)
		if (!read_key_id(certificate, &peer->key))
			memset(&peer->key, 0, sizeof peer->key);
	X509_free(certificate);
	/* RFC 9266: not in TLS 1.2 without the extended master secret. */
	if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1)
		return;
	if (SSL_export_keying_material(ssl, peer->exporter, sizeof peer->exporter, label,
				       sizeof label - 1, NULL, 0, 0) != 1)
		memset(peer->exporter, 0, sizeof peer->exporter);
}

static void on_message(int written, int version, int type, const void *bytes, size_t len, SSL *ssl,
		       void *connection)
{
	(void)version;
	(void)bytes;
	(void)len;
	(void)ssl;
	if (written == 0 && type == SSL3_RT_HEADER)
		connection_hears_record(connection);
}

void tls_watch_records(void *ssl, struct connection *c)
{
	SSL_set_msg_callback(ssl, on_message);
	SSL_set_msg_callback_arg(ssl, c);
}
