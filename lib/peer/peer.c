#include "lahetti/peer.h"

#include "lahetti/buffer.h"
#include "lahetti/message.h"

#include <libwebsockets.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define PATH		  "/lahetti"
#define SUBPROTOCOL	  "lahetti.v1"
#define VERSION		  1 /* of the protocol */
#define TIMEOUT_S	  30
#define CLOSE_TIMEOUT_MS  1000
#define FRAME_LIMIT	  1048576
#define FRAMES_KEPT_LIMIT 64 /* times the frame limit: what may come unread */
#define RECEIVE_BUFFER	  16384
#define FILES		  16 /* libwebsockets' table: it needs two */

/* A frame that has come and was not asked for yet. */
struct frame {
	STAILQ_ENTRY(frame) link;
	uint64_t correlation;
	size_t len;
	uint8_t bytes[];
};

STAILQ_HEAD(frame_list, frame);

/*
 *   CONNECTING --WebSocket stands--> OPEN --close, failure--> GONE
 *        |                                                     ^
 *        +------------------failure----------------------------+
 */
enum peer_state {
	PEER_CONNECTING,
	PEER_OPEN,
	PEER_GONE, /* fault says why */
};

struct lahetti_peer {
	struct lws_context *context;
	struct lws_vhost *vhost;
	SSL_CTX *tls;
	struct lws *wsi; /* NULL: not connected */
	enum peer_state state;
	struct lahetti_fault fault;
	unsigned timeout_ms;
	uint32_t frame_limit;
	uint64_t correlation;
	bool closing;

	lws_sorted_usec_list_t timer;
	bool late; /* the timer has run out */

	uint8_t *out; /* LWS_PRE bytes, then out_len; NULL: nothing to send */
	size_t out_len;

	struct lahetti_buffer message; /* pieces of the one that is coming */
	struct frame_list frames;
	size_t kept; /* bytes in frames */
	struct lahetti_arena scratch;

	struct lahetti_arena greeting_arena;
	const Lahetti__V1__Greeting *greeting;
	uint8_t exporter[32];
	bool has_exporter;
};

/* The first reason counts: what follows from it is told after it. */
static void fail(struct lahetti_peer *p, enum lahetti_fault_kind kind, const char *code,
		 const char *text)
{
	p->state = PEER_GONE;
	if (p->fault.kind == LAHETTI_FAULT_NONE)
		lahetti_fault_set(&p->fault, kind, code, "%s", text);
}

/* ---- what comes ---------------------------------------------------------------------------- */

static void frame_destroy(struct frame *frame)
{
	if (frame == NULL)
		return;
	lahetti_wipe(frame->bytes, frame->len);
	free(frame);
}

static void keep_frame(struct lahetti_peer *p, struct lahetti_span bytes)
{
	const Lahetti__V1__ServerFrame *read;
	struct frame *frame;

	lahetti_arena_reset(&p->scratch);
	read = lahetti_message_read(&lahetti__v1__server_frame__descriptor, bytes,
				    LAHETTI_MESSAGE_FRAME, &p->scratch, NULL);
	if (read == NULL) {
		fail(p, LAHETTI_FAULT_MALFORMED, "bad-message",
		     "The server sent what is not a frame of this protocol.");
		return;
	}
	if (p->kept + bytes.len > (size_t)p->frame_limit * FRAMES_KEPT_LIMIT) {
		fail(p, LAHETTI_FAULT_BROKEN, "too-much-unread",
		     "The server sent more than was read here.");
		return;
	}
	frame = malloc(sizeof *frame + bytes.len);
	if (frame == NULL) {
		fail(p, LAHETTI_FAULT_BROKEN, "no-memory", "There is no memory left.");
		return;
	}
	frame->correlation = read->correlation;
	frame->len = bytes.len;
	if (bytes.len > 0)
		memcpy(frame->bytes, bytes.data, bytes.len);
	STAILQ_INSERT_TAIL(&p->frames, frame, link);
	p->kept += frame->len;
}

static void hear(struct lahetti_peer *p, const void *in, size_t len)
{
	size_t room = p->frame_limit - p->message.len;

	if (lws_frame_is_binary(p->wsi) == 0) {
		fail(p, LAHETTI_FAULT_MALFORMED, "bad-message", "The server sent text.");
		return;
	}
	if (len > room || lws_remaining_packet_payload(p->wsi) > room - len) {
		fail(p, LAHETTI_FAULT_MALFORMED, "frame-too-long",
		     "The server sent a frame that is longer than is taken here.");
		return;
	}
	if (!lahetti_buffer_add(&p->message, lahetti_span(in, len), NULL)) {
		fail(p, LAHETTI_FAULT_BROKEN, "no-memory", "There is no memory left.");
		return;
	}
	if (lws_is_final_fragment(p->wsi) == 0)
		return;
	keep_frame(p, lahetti_buffer_span(&p->message));
	lahetti_buffer_finish(&p->message);
}

/* A close frame's reason, where it is plain text; it is a stranger's. */
static void hear_close(struct lahetti_peer *p, const uint8_t *in, size_t len)
{
	unsigned code = len >= 2 ? (unsigned)(in[0] << 8 | in[1]) : 1005;
	char reason[124] = "";

	for (size_t i = 2; i < len && i - 2 < sizeof reason - 1; i++) {
		if (in[i] < ' ' || in[i] > '~') {
			reason[0] = '\0';
			break;
		}
		reason[i - 2] = (char)in[i];
	}
	p->state = PEER_GONE;
	if (p->fault.kind == LAHETTI_FAULT_NONE)
		lahetti_fault_set(&p->fault, LAHETTI_FAULT_BUSY, "connection-lost",
				  "The server closed the connection (%u%s%s).", code,
				  reason[0] != '\0' ? ": " : "", reason);
}

/* ---- libwebsockets ------------------------------------------------------------------------- */

static void read_exporter(struct lahetti_peer *p)
{
	static const char label[] = "EXPORTER-Channel-Binding"; /* RFC 9266 */
	SSL *ssl = lws_get_ssl(p->wsi);

	/* RFC 9266: not in TLS 1.2 without the extended master secret. */
	if (SSL_version(ssl) < TLS1_3_VERSION && SSL_get_extms_support(ssl) != 1)
		return;
	p->has_exporter = SSL_export_keying_material(ssl, p->exporter, sizeof p->exporter, label,
						     sizeof label - 1, NULL, 0, 0) == 1;
}

static void on_closed(struct lahetti_peer *p)
{
	if (p->state == PEER_CONNECTING)
		fail(p, LAHETTI_FAULT_BUSY, "no-connection",
		     "No connection to the server could be made.");
	else
		fail(p, LAHETTI_FAULT_BUSY, "connection-lost", "The connection was lost.");
	p->wsi = NULL;
}

/* Of the server's certificate: OpenSSL's verdict stands, here is only read why. */
static void on_verified(struct lahetti_peer *p, X509_STORE_CTX *store, bool holds)
{
	int error = X509_STORE_CTX_get_error(store);

	if (!holds && p->fault.kind == LAHETTI_FAULT_NONE)
		lahetti_fault_set(&p->fault, LAHETTI_FAULT_INVALID, "bad-certificate",
				  "The server's certificate does not hold: %s.",
				  X509_verify_cert_error_string(error));
}

static int on_writeable(struct lahetti_peer *p)
{
	uint8_t *out = p->out;
	int written;

	if (out != NULL) {
		p->out = NULL;
		written = lws_write(p->wsi, out + LWS_PRE, p->out_len, LWS_WRITE_BINARY);
		lahetti_wipe(out + LWS_PRE, p->out_len);
		free(out);
		return written < (int)p->out_len ? -1 : 0;
	}
	if (!p->closing)
		return 0;
	lws_close_reason(p->wsi, LWS_CLOSE_STATUS_NORMAL, NULL, 0);
	return -1;
}

static int callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		    size_t len)
{
	struct lahetti_peer *p = lws_context_user(lws_get_context(wsi));

	switch (reason) {
	case LWS_CALLBACK_OPENSSL_PERFORM_SERVER_CERT_VERIFICATION:
		on_verified(p, user, len != 0);
		return len != 0 ? 0 : 1;
	case LWS_CALLBACK_CLIENT_ESTABLISHED:
		p->wsi = wsi;
		read_exporter(p);
		p->state = PEER_OPEN;
		return 0;
	case LWS_CALLBACK_CLIENT_RECEIVE:
		if (p->state == PEER_OPEN)
			hear(p, in, len);
		return p->state == PEER_OPEN || p->closing ? 0 : -1;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		hear_close(p, in, len);
		return 0;
	case LWS_CALLBACK_CLIENT_WRITEABLE:
		return on_writeable(p);
	case LWS_CALLBACK_WSI_DESTROY:
		/* However it ended: not every end has a callback of its own. */
		on_closed(p);
		return 0;
	default:
		return 0;
	}
}

static const struct lws_protocols protocols[] = {
	{.name = SUBPROTOCOL, .callback = callback, .rx_buffer_size = RECEIVE_BUFFER},
	{0},
};

static void on_late(lws_sorted_usec_list_t *timer)
{
	/* Not lws_container_of: its cast from char warns. */
	void *holder = (char *)timer - offsetof(struct lahetti_peer, timer);
	struct lahetti_peer *p = holder;

	p->late = true;
	/* Timers run before the wait for the socket: that must not begin. */
	lws_cancel_service(p->context);
}

/* Serves the connection until done says so, it is gone, or the time is over: false. */
static bool serve(struct lahetti_peer *p, unsigned timeout_ms,
		  bool (*done)(const struct lahetti_peer *p, uint64_t correlation),
		  uint64_t correlation)
{
	p->late = false;
	lws_sul_schedule(p->context, 0, &p->timer, on_late, (lws_usec_t)timeout_ms * 1000 + 1);
	while (!done(p, correlation) && p->state != PEER_GONE && !p->late)
		if (lws_service(p->context, 0) < 0)
			fail(p, LAHETTI_FAULT_BROKEN, "connection-lost",
			     "The connection could not be served.");
	lws_sul_cancel(&p->timer);
	return done(p, correlation);
}

/* ---- opening ------------------------------------------------------------------------------- */

static bool unusable(const char *what, struct lahetti_fault *f)
{
	ERR_clear_error();
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "bad-certificate", "%s cannot be used.",
				 what);
}

static bool use_certificate(SSL_CTX *tls, const char *file, EVP_PKEY *key, struct lahetti_fault *f)
{
	return (SSL_CTX_use_certificate_chain_file(tls, file) == 1 &&
		SSL_CTX_use_PrivateKey(tls, key) == 1 && SSL_CTX_check_private_key(tls) == 1) ||
	       unusable("The device's certificate or its key", f);
}

/* The name is checked by OpenSSL in the handshake, before anything of ours is shown. */
static bool expect_name(SSL_CTX *tls, const char *host, struct lahetti_fault *f)
{
	X509_VERIFY_PARAM *parameters = SSL_CTX_get0_param(tls);

	X509_VERIFY_PARAM_set_hostflags(parameters, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (host[0] == '\0')
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "no-connection",
					 "The server's name is empty.");
	if (X509_VERIFY_PARAM_set1_ip_asc(parameters, host) == 1)
		return true;
	ERR_clear_error();
	return X509_VERIFY_PARAM_set1_host(parameters, host, 0) == 1 || lahetti_fault_no_memory(f);
}

/*
 * A context of our own, because libwebsockets' has traps: it also trusts what lies in "../share",
 * and checks no name at all where the host is an IPv6 address.
 */
static SSL_CTX *make_tls(const struct lahetti_peer_options *o, struct lahetti_fault *f)
{
	SSL_CTX *tls = SSL_CTX_new(TLS_client_method());

	if (tls == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	(void)SSL_CTX_set_min_proto_version(tls, o->tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
	(void)SSL_CTX_set_mode(tls, SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
	SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
	if (o->ca != NULL ? SSL_CTX_load_verify_file(tls, o->ca) != 1
			  : SSL_CTX_set_default_verify_paths(tls) != 1) {
		unusable("The file of the trusted authority", f);
		goto out;
	}
	if (!expect_name(tls, o->host, f))
		goto out;
	if (o->certificate != NULL && !use_certificate(tls, o->certificate, o->private_key, f))
		goto out;
	return tls;
out:
	SSL_CTX_free(tls);
	return NULL;
}

/*
 * libwebsockets' initialisation of TLS sets global variables that open connections of other threads
 * use: it must happen once.
 */
static void initialise_tls(void)
{
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.fd_limit_per_thread = FILES,
	};
	struct lws_context *context;

	lws_set_log_level(0, NULL);
	context = lws_create_context(&info);
	if (context != NULL)
		lws_context_destroy(context);
}

static bool make_context(struct lahetti_peer *p, struct lahetti_fault *f)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct lws_context_creation_info info = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
		.fd_limit_per_thread = FILES,
		.user = p,
	};
	struct lws_context_creation_info vhost = {
		.port = CONTEXT_PORT_NO_LISTEN,
		.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT, /* here it means: with TLS */
		.protocols = protocols,
		.provided_client_ssl_ctx = p->tls,
		.alpn = "http/1.1",
		/* Beyond our own timer. */
		.timeout_secs = p->timeout_ms / 1000 + 5,
		.connect_timeout_secs = p->timeout_ms / 1000 + 5,
	};

	(void)pthread_once(&once, initialise_tls);
	info.timeout_secs = vhost.timeout_secs;
	p->context = lws_create_context(&info);
	if (p->context != NULL)
		p->vhost = lws_create_vhost(p->context, &vhost);
	return p->vhost != NULL || lahetti_fault_no_memory(f);
}

static bool is_open(const struct lahetti_peer *p, uint64_t correlation)
{
	(void)correlation;
	return p->state == PEER_OPEN;
}

static bool has_frame(const struct lahetti_peer *p, uint64_t correlation)
{
	(void)correlation;
	return !STAILQ_EMPTY(&p->frames);
}

/* Why there is no connection, or none any more: what was found, or that it took too long. */
static bool tell(const struct lahetti_peer *p, struct lahetti_fault *f)
{
	if (p->state != PEER_GONE)
		return lahetti_fault_set(f, LAHETTI_FAULT_BUSY, "timeout",
					 "The server did not answer in time.");
	if (f != NULL)
		*f = p->fault;
	return false;
}

/* The same of something that was sent: whether it was done is open. */
static bool tell_uncertain(const struct lahetti_peer *p, struct lahetti_fault *f)
{
	tell(p, f);
	if (f != NULL && f->kind == LAHETTI_FAULT_BUSY)
		f->kind = LAHETTI_FAULT_UNCERTAIN;
	return false;
}

static bool connect_to(struct lahetti_peer *p, const struct lahetti_peer_options *o,
		       struct lahetti_fault *f)
{
	bool bare_ipv6 = strchr(o->host, ':') != NULL;
	char host[300];
	struct lws_client_connect_info info = {
		.context = p->context,
		.vhost = p->vhost,
		.address = o->host,
		.port = o->port,
		.path = PATH,
		.host = host,
		.protocol = SUBPROTOCOL,
		.local_protocol_name = SUBPROTOCOL,
		.ietf_version_or_minus_one = -1,
		.alpn = "http/1.1",
		/* The name is checked, by our own context. */
		.ssl_connection = LCCSCF_USE_SSL | LCCSCF_SKIP_SERVER_CERT_HOSTNAME_CHECK,
		.pwsi = &p->wsi,
	};
	int len = lws_snprintf(host, sizeof host, bare_ipv6 ? "[%s]:%u" : "%s:%u", o->host,
			       (unsigned)o->port);

	if (len < 0 || (size_t)len >= sizeof host - 1)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "no-connection",
					 "The server's name is too long.");
	if (lws_client_connect_via_info(&info) == NULL)
		on_closed(p);
	return serve(p, p->timeout_ms, is_open, 0) || tell(p, f);
}

static bool read_greeting(struct lahetti_peer *p, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame *frame =
		lahetti_peer_next(p, (int)p->timeout_ms, &p->greeting_arena, f);

	if (frame == NULL)
		return p->state == PEER_GONE ? false : tell(p, f);
	if (frame->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
		return lahetti_fault_set(f, LAHETTI_FAULT_BUSY, "no-connection",
					 "The server turned the connection away: %.*s", 100,
					 frame->error->sentence);
	if (frame->body_case != LAHETTI__V1__SERVER_FRAME__BODY_GREETING)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "bad-message",
					 "The server did not greet.");
	p->greeting = frame->greeting;
	if (p->greeting->version_least > VERSION || p->greeting->version_most < VERSION)
		return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "wrong-version",
					 "The server speaks versions %u to %u of the protocol, "
					 "this program version %d.",
					 p->greeting->version_least, p->greeting->version_most,
					 VERSION);
	return true;
}

struct lahetti_peer *lahetti_peer_open(const struct lahetti_peer_options *options,
				       struct lahetti_fault *f)
{
	struct lahetti_peer *p = calloc(1, sizeof *p);
	size_t arena;

	if (p == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	p->timeout_ms = (options->timeout_s != 0 ? options->timeout_s : TIMEOUT_S) * 1000;
	p->frame_limit = options->frame_limit != 0 ? options->frame_limit : FRAME_LIMIT;
	STAILQ_INIT(&p->frames);
	lahetti_buffer_init(&p->message, p->frame_limit);
	arena = 4 * (size_t)p->frame_limit + 65536;
	p->tls = make_tls(options, f);
	if (p->tls != NULL && lahetti_arena_init(&p->scratch, arena, f) &&
	    lahetti_arena_init(&p->greeting_arena, 65536, f) && make_context(p, f) &&
	    connect_to(p, options, f) && read_greeting(p, f))
		return p;
	lahetti_peer_close(p);
	return NULL;
}

const Lahetti__V1__Greeting *lahetti_peer_greeting(const struct lahetti_peer *p)
{
	return p->greeting;
}

bool lahetti_peer_exporter(const struct lahetti_peer *p, uint8_t out[32], struct lahetti_fault *f)
{
	if (!p->has_exporter)
		return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "no-exporter",
					 "The connection has no channel binding; use TLS 1.3.");
	memcpy(out, p->exporter, sizeof p->exporter);
	return true;
}

/* ---- asking -------------------------------------------------------------------------------- */

static bool is_sent(const struct lahetti_peer *p, uint64_t correlation)
{
	(void)correlation;
	return p->out == NULL && p->wsi != NULL && !lws_partial_buffered(p->wsi);
}

bool lahetti_peer_send(struct lahetti_peer *p, Lahetti__V1__ClientFrame *frame,
		       uint64_t *correlation, struct lahetti_fault *f)
{
	if (p->state == PEER_GONE)
		return tell(p, f);
	frame->correlation = ++p->correlation;
	p->out_len = lahetti__v1__client_frame__get_packed_size(frame);
	p->out = malloc(LWS_PRE + p->out_len);
	if (p->out == NULL)
		return lahetti_fault_no_memory(f);
	(void)lahetti__v1__client_frame__pack(frame, p->out + LWS_PRE);
	(void)lws_callback_on_writable(p->wsi);
	if (serve(p, p->timeout_ms, is_sent, 0)) {
		if (correlation != NULL)
			*correlation = frame->correlation;
		return true;
	}
	/* Some of it may have gone, so nothing can follow it. */
	if (p->state != PEER_GONE)
		fail(p, LAHETTI_FAULT_BUSY, "timeout",
		     "The server did not take in time what was sent.");
	return tell_uncertain(p, f);
}

static struct frame *find(const struct lahetti_peer *p, uint64_t correlation)
{
	struct frame *frame;

	STAILQ_FOREACH(frame, &p->frames, link)
	if (frame->correlation == correlation)
		return frame;
	return NULL;
}

static bool has_answer(const struct lahetti_peer *p, uint64_t correlation)
{
	return find(p, correlation) != NULL;
}

static Lahetti__V1__ServerFrame *take(struct lahetti_peer *p, struct frame *frame,
				      struct lahetti_arena *arena, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame *read;

	STAILQ_REMOVE(&p->frames, frame, frame, link);
	p->kept -= frame->len;
	read = lahetti_message_read(&lahetti__v1__server_frame__descriptor,
				    lahetti_span(frame->bytes, frame->len), LAHETTI_MESSAGE_FRAME,
				    arena, f);
	frame_destroy(frame);
	return read;
}

Lahetti__V1__ServerFrame *lahetti_peer_ask(struct lahetti_peer *p, Lahetti__V1__ClientFrame *frame,
					   struct lahetti_arena *arena, struct lahetti_fault *f)
{
	uint64_t correlation;

	if (!lahetti_peer_send(p, frame, &correlation, f))
		return NULL;
	if (serve(p, p->timeout_ms, has_answer, correlation))
		return take(p, find(p, correlation), arena, f);
	tell_uncertain(p, f);
	return NULL;
}

Lahetti__V1__ServerFrame *lahetti_peer_next(struct lahetti_peer *p, int timeout_ms,
					    struct lahetti_arena *arena, struct lahetti_fault *f)
{
	unsigned wait_ms = timeout_ms < 0 ? p->timeout_ms : (unsigned)timeout_ms;

	if (f != NULL)
		*f = (struct lahetti_fault){0};
	if (serve(p, wait_ms, has_frame, 0))
		return take(p, STAILQ_FIRST(&p->frames), arena, f);
	if (p->state == PEER_GONE)
		tell(p, f);
	return NULL;
}

/* ---- closing ------------------------------------------------------------------------------- */

static bool is_closed(const struct lahetti_peer *p, uint64_t correlation)
{
	(void)correlation;
	return p->wsi == NULL;
}

void lahetti_peer_close(struct lahetti_peer *p)
{
	struct frame *frame;

	if (p == NULL)
		return;
	p->closing = true;
	if (p->state == PEER_OPEN && p->wsi != NULL) {
		(void)lws_callback_on_writable(p->wsi);
		(void)serve(p, CLOSE_TIMEOUT_MS, is_closed, 0);
	}
	if (p->context != NULL)
		lws_context_destroy(p->context);
	SSL_CTX_free(p->tls);
	while ((frame = STAILQ_FIRST(&p->frames)) != NULL) {
		STAILQ_REMOVE_HEAD(&p->frames, link);
		frame_destroy(frame);
	}
	if (p->out != NULL)
		lahetti_wipe(p->out, LWS_PRE + p->out_len);
	free(p->out);
	lahetti_buffer_finish(&p->message);
	lahetti_arena_finish(&p->scratch);
	lahetti_arena_finish(&p->greeting_arena);
	lahetti_wipe(p, sizeof *p);
	free(p);
}
