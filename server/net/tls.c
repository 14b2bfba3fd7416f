#include "loop.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ECDHE and AEAD alone. TLS 1.3 has nothing else, so its list stays OpenSSL's. */
#define TLS12_CIPHERS                                                                              \
	"ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:" \
	"ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305"
#define GROUPS "X25519:P-256"

#define PEM_MOST (1 << 20) /* bytes: far more than a chain or a key has */

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

/* OpenSSL reads a file of any size to its end before it says that it is none. */
static bool may_be_pem(const char *what, const char *path, struct lahetti_fault *f)
{
	struct stat st;

	return stat(path, &st) != 0 || (S_ISREG(st.st_mode) && st.st_size <= PEM_MOST) ||
	       lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "certificate-unreadable",
				 "The %s in %s cannot be used: it is not a file of at most 1 MiB.",
				 what, path);
}

static bool load_certificate(SSL_CTX *ctx, const struct net_options *o, struct lahetti_fault *f)
{
	if (!may_be_pem("certificate", o->certificate, f) ||
	    !may_be_pem("private key", o->private_key, f))
		return false;
	if (SSL_CTX_use_certificate_chain_file(ctx, o->certificate) != 1)
		return unreadable("certificate", o->certificate, f);
	if (SSL_CTX_use_PrivateKey_file(ctx, o->private_key, SSL_FILETYPE_PEM) != 1)
		return unreadable("private key", o->private_key, f);
	if (SSL_CTX_check_private_key(ctx) != 1)
		return unreadable("private key", o->private_key, f);
	return true;
}

/* ---- revocation ---------------------------------------------------------------------------- */

/* The lists that the authority of that name has issued; to be freed. */
static STACK_OF(X509_CRL) * lists_of(X509_STORE *store, const X509_NAME *issuer)
{
	X509_STORE_CTX *c = X509_STORE_CTX_new();
	STACK_OF(X509_CRL) *lists = NULL;

	if (c != NULL && X509_STORE_CTX_init(c, store, NULL, NULL) == 1)
		lists = X509_STORE_CTX_get1_crls(c, issuer);
	X509_STORE_CTX_free(c);
	return lists;
}

static void lists_free(STACK_OF(X509_CRL) * lists)
{
	sk_X509_CRL_pop_free(lists, X509_CRL_free);
}

/*
 * OpenSSL's verdict stands, but for one: where lists are checked it wants one of every authority,
 * and ours has none. An authority of which a list was given must have one that holds today.
 */
static int on_verified(int ok, X509_STORE_CTX *c)
{
	STACK_OF(X509_CRL) * lists;
	int error = X509_STORE_CTX_get_error(c);

	if (ok != 0 || error != X509_V_ERR_UNABLE_TO_GET_CRL)
		return ok;
	lists = X509_STORE_CTX_get1_crls(c,
					 X509_get_issuer_name(X509_STORE_CTX_get_current_cert(c)));
	if (sk_X509_CRL_num(lists) <= 0) {
		X509_STORE_CTX_set_error(c, X509_V_OK);
		ok = 1;
	}
	lists_free(lists);
	return ok;
}

/* Whether one of the authorities has signed the list. */
static bool is_signed(X509_STORE *store, X509_CRL *list)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509 *authority = X509_OBJECT_get0_X509(sk_X509_OBJECT_value(objects, i));

		if (authority != NULL &&
		    X509_NAME_cmp(X509_get_subject_name(authority), X509_CRL_get_issuer(list)) ==
			    0 &&
		    X509_CRL_verify(list, X509_get0_pubkey(authority)) == 1)
			return true;
	}
	ERR_clear_error();
	return false;
}

/* A list that no authority of ours has signed would revoke nothing, and nobody would see that. */
static bool check_lists(X509_STORE *store, const char *path, struct lahetti_fault *f)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(store);

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509_CRL *list = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));

		if (list != NULL && !is_signed(store, list))
			return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "certificate-unreadable",
						 "The list of revoked certificates in %s is of no "
						 "authority in client-ca.",
						 path);
	}
	return true;
}

static bool load_lists(SSL_CTX *ctx, const struct net_options *o, struct lahetti_fault *f)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	X509_LOOKUP *lookup;

	if (o->client_crl == NULL)
		return true;
	lookup = X509_STORE_add_lookup(store, X509_LOOKUP_file());
	if (lookup == NULL)
		return lahetti_fault_no_memory(f);
	if (X509_load_crl_file(lookup, o->client_crl, X509_FILETYPE_PEM) <= 0)
		return unreadable("list of revoked certificates", o->client_crl, f);
	(void)X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
	return check_lists(store, o->client_crl, f);
}

int64_t tls_lists_until(void *ssl_ctx)
{
	STACK_OF(X509_OBJECT) *objects = X509_STORE_get0_objects(SSL_CTX_get_cert_store(ssl_ctx));
	int64_t first = 0;

	for (int i = 0; i < sk_X509_OBJECT_num(objects); i++) {
		X509_CRL *list = X509_OBJECT_get0_X509_CRL(sk_X509_OBJECT_value(objects, i));
		const ASN1_TIME *until = list != NULL ? X509_CRL_get0_nextUpdate(list) : NULL;
		struct tm tm;
		int64_t at;

		if (until == NULL || ASN1_TIME_to_tm(until, &tm) != 1)
			continue;
		at = (int64_t)timegm(&tm);
		if (first == 0 || at < first)
			first = at;
	}
	return first;
}

bool tls_is_revoked(void *ssl)
{
	X509 *certificate = SSL_get1_peer_certificate(ssl);
	STACK_OF(X509_CRL) *lists = NULL;
	bool revoked = false;

	if (certificate == NULL)
		return false;
	lists = lists_of(SSL_CTX_get_cert_store(SSL_get_SSL_CTX(ssl)),
			 X509_get_issuer_name(certificate));
	for (int i = 0; i < sk_X509_CRL_num(lists) && !revoked; i++) {
		X509_REVOKED *entry;

		revoked = X509_CRL_get0_by_cert(sk_X509_CRL_value(lists, i), &entry, certificate) ==
			  1;
	}
	lists_free(lists);
	X509_free(certificate);
	return revoked;
}

/* ---- what the files say -------------------------------------------------------------------- */

static bool load_authorities(SSL_CTX *ctx, const struct net_options *o, struct lahetti_fault *f)
{
	STACK_OF(X509_NAME) * names;

	if (o->client_certificate == NET_CLIENT_CERTIFICATE_OFF)
		return true;
	if (o->client_ca == NULL)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "certificate-unreadable",
					 "Client certificates are asked for, but no authority for "
					 "them is named.");
	if (SSL_CTX_load_verify_file(ctx, o->client_ca) != 1)
		return unreadable("client authority", o->client_ca, f);
	names = SSL_load_client_CA_file(o->client_ca);
	if (names == NULL)
		return unreadable("client authority", o->client_ca, f);
	SSL_CTX_set_client_CA_list(ctx, names);
	return load_lists(ctx, o, f);
}

/* With a key of another kind, the certificate before would be served beside the new one. */
static bool same_kind(SSL_CTX *ctx, EVP_PKEY *key)
{
	EVP_PKEY *before = SSL_CTX_get0_privatekey(ctx);

	return before == NULL || EVP_PKEY_get_base_id(before) == EVP_PKEY_get_base_id(key);
}

static bool take_over(SSL_CTX *ctx, SSL_CTX *from, struct lahetti_fault *f)
{
	EVP_PKEY *key = SSL_CTX_get0_privatekey(from);
	STACK_OF(X509) *chain = NULL;
	STACK_OF(X509_NAME) * names;

	if (!same_kind(ctx, key))
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "certificate-unreadable",
					 "The new private key is of another kind; restart the "
					 "server to use it.");
	(void)SSL_CTX_get0_chain_certs(from, &chain);
	names = SSL_dup_CA_list(SSL_CTX_get_client_CA_list(from));
	if (SSL_CTX_use_cert_and_key(ctx, SSL_CTX_get0_certificate(from), key, chain, 1) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return lahetti_fault_no_memory(f);
	}
	SSL_CTX_set_client_CA_list(ctx, names);
	SSL_CTX_set1_cert_store(ctx, SSL_CTX_get_cert_store(from));
	return true;
}

bool tls_load(void *ssl_ctx, const struct net_options *o, struct lahetti_fault *f)
{
	SSL_CTX *fresh = SSL_CTX_new(TLS_server_method());
	bool done;

	ERR_clear_error();
	if (fresh == NULL)
		return lahetti_fault_no_memory(f);
	done = load_certificate(fresh, o, f) && load_authorities(fresh, o, f) &&
	       take_over(ssl_ctx, fresh, f);
	SSL_CTX_free(fresh);
	return done;
}

/*
 * Not with libwebsockets' option for client certificates: the verdict would be the return value of
 * a callback of its own, which accepts what nobody answers for.
 */
static void ask_for_certificate(SSL_CTX *ctx, enum net_client_certificate how)
{
	static const int modes[] = {
		[NET_CLIENT_CERTIFICATE_OFF] = SSL_VERIFY_NONE,
		[NET_CLIENT_CERTIFICATE_OPTIONAL] = SSL_VERIFY_PEER,
		[NET_CLIENT_CERTIFICATE_REQUIRED] =
			SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
	};

	SSL_CTX_set_verify(ctx, modes[how], on_verified);
}

static void on_message(int written, int version, int type, const void *bytes, size_t len, SSL *ssl,
		       void *connection)
{
	(void)version;
	(void)bytes;
	(void)len;
	(void)ssl;
	if (connection != NULL && written == 0 && type == SSL3_RT_HEADER)
		connection_hears_record(connection);
}

void tls_watch_records(void *ssl, struct connection *c)
{
	SSL_set_msg_callback_arg(ssl, c);
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
	ask_for_certificate(ctx, o->client_certificate);
	/* Before any handshake: OpenSSL from 3.2 on calls it for those records only whose keys came
	 * after it. */
	SSL_CTX_set_msg_callback(ctx, on_message);
	return tls_load(ctx, o, f);
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

long tls_write(void *ssl, const void *bytes, size_t len)
{
	int n;

	ERR_clear_error();
	n = SSL_write(ssl, bytes, (int)len);
	if (n > 0)
		return n;
	return SSL_get_error(ssl, n) == SSL_ERROR_WANT_WRITE ? 0 : -1;
}
