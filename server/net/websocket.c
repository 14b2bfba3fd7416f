/*
 * The public side: libwebsockets' callbacks, translated. What a session is and may do stands in
 * session.c; here is only which call of the one is which call of the other.
 */
#include "loop.h"
#include "messages.h"

#include <stdlib.h>
#include <string.h>

#define PATH	       "/lahetti"
#define SUBPROTOCOL    "lahetti.v1"
#define RECEIVE_BUFFER 1024 /* a connection's own, and most are idle */
#define SEND_MOST                                                                     \
	16384 /* at once: a record of TLS. Unless told, libwebsockets sends as little \
		 as it receives. */

_Static_assert(MESSAGE_PRE >= LWS_PRE, "libwebsockets writes its header in front of what is said");

/* ---- connections --------------------------------------------------------------------------- */

void connection_cut(struct connection *c)
{
	c->session = NULL;
	c->given_up = true;
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_ASYNC);
}

void connection_failed(struct connection *c, enum net_refusal why)
{
	if (!c->over)
		c->net->counters.refusals[c->lost ? NET_REFUSED_PATH : why]++;
	c->over = true;
}

void connection_destroy(struct connection *c)
{
	struct net *n = c->net;

	session_close(c->session);
	http_stop(c);
	if (c->steering)
		TAILQ_REMOVE(&n->steered, c, in_steered);
	guard_leave(n->guard, &c->guest);
	free(c);
	net_left(n);
}

static void want_write(void *socket)
{
	struct connection *c = socket;

	(void)lws_callback_on_writable(c->wsi);
}

/*
 * Not at once: where the flow is stopped in the midst of a TLS record, libwebsockets 4.1.6 goes
 * round for ever (rops_handle_POLLIN_ws, "goto read" while SSL_pending). Between two rounds of the
 * loop there is no such midst.
 */
static void read_or_leave(void *socket, bool on)
{
	struct connection *c = socket;

	c->reads = on;
	if (!c->steering)
		TAILQ_INSERT_TAIL(&c->net->steered, c, in_steered);
	c->steering = true;
}

void connections_steer(struct net *n)
{
	struct connection *c;

	while ((c = TAILQ_FIRST(&n->steered)) != NULL) {
		TAILQ_REMOVE(&n->steered, c, in_steered);
		c->steering = false;
		(void)lws_rx_flow_control(c->wsi, c->reads ? 1 : 0);
	}
}

bool connection_is_revoked(void *socket)
{
	struct connection *c = socket;

	return tls_is_revoked(lws_get_ssl(c->wsi));
}

static void cut(void *socket)
{
	connection_cut(socket);
}

static void settled(void *socket)
{
	struct connection *c = socket;

	guard_settled(c->net->guard, &c->guest);
}

const struct session_calls websocket_calls = {
	.want_write = want_write,
	.read = read_or_leave,
	.cut = cut,
	.settled = settled,
};

/* ---- before the WebSocket stands ----------------------------------------------------------- */

static bool is_allowed_origin(const struct net *n, const char *origin)
{
	for (const char *const *o = n->options.origins; o != NULL && *o != NULL; o++)
		if (strcmp(*o, origin) == 0)
			return true;
	return false;
}

/* libwebsockets would upgrade on any path and for any page. */
static int filter(struct connection *c, struct lws *wsi)
{
	char text[256];
	int len = lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_GET_URI);

	if (len <= 0 || strcmp(text, PATH) != 0) {
		connection_failed(c, NET_REFUSED_PATH);
		return -1;
	}
	/* Only browsers send an Origin, and all of them do. */
	if (lws_hdr_total_length(wsi, WSI_TOKEN_ORIGIN) > 0) {
		len = lws_hdr_copy(wsi, text, sizeof text, WSI_TOKEN_ORIGIN);
		if (len <= 0 || !is_allowed_origin(c->net, text)) {
			connection_failed(c, NET_REFUSED_ORIGIN);
			return -1;
		}
	}
	return 0;
}

static int on_http(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
		   size_t len)
{
	struct net *n = lws_context_user(lws_get_context(wsi));
	struct connection *c;

	switch (reason) {
	case LWS_CALLBACK_OPENSSL_LOAD_EXTRA_SERVER_VERIFY_CERTS:
		n->tls = user;
		return tls_configure(user, &n->options, &n->fault) ? 0 : -1;
	case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
		net_woken(n);
		return 0;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		/* An upgrade that names no subprotocol comes to the first protocol. */
		connection_failed(lws_get_opaque_user_data(wsi), NET_REFUSED_SUBPROTOCOL);
		return -1;
	case LWS_CALLBACK_HTTP:
		return http_answer(lws_get_opaque_user_data(wsi), wsi, lahetti_span(in, len));
	case LWS_CALLBACK_CLOSED_HTTP:
		c = lws_get_opaque_user_data(wsi);
		if (c != NULL)
			http_stop(c);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		c = lws_get_opaque_user_data(wsi);
		if (c == NULL)
			return 0;
		if (n->adopting == c)
			n->adopting = NULL;
		connection_failed(c, NET_FAILED_HANDSHAKE);
		connection_destroy(c);
		return 0;
	default:
		return 0;
	}
}

/*
 * libwebsockets answers pings without a word, and no callback tells of other control frames. What
 * can be seen is that a record was read and nothing came of it. One such is nothing: it may have
 * held the header of what comes in the next.
 */
void connection_hears_record(struct connection *c)
{
	if (c->session != NULL && c->idle_records++ > 1)
		session_hear_idle_talk(c->session, net_now_us());
}

/* ---- while it stands ----------------------------------------------------------------------- */

static int on_established(struct connection *c, struct lws *wsi)
{
	struct session_peer peer;

	/* Given up already, by a time-out that libwebsockets has just forgotten. */
	if (c->given_up)
		return -1;
	c->wsi = wsi;
	c->over = true;
	tls_read_peer(lws_get_ssl(c->wsi), &peer);
	tls_watch_records(lws_get_ssl(c->wsi), c);
	memcpy(peer.address, c->prefix, sizeof peer.address);
	guard_shook_hands(c->net->guard, &c->guest);
	c->session = session_open(c->net->table, c, &peer, net_now_us(), NULL);
	return c->session != NULL ? 0 : -1;
}

static void on_piece(struct connection *c, const void *in, size_t len)
{
	struct session_piece piece = {
		.bytes = lahetti_span(in, len),
		.remaining = lws_remaining_packet_payload(c->wsi),
		.binary = lws_frame_is_binary(c->wsi) != 0,
		.first = lws_is_first_fragment(c->wsi) != 0,
		.last = lws_is_final_fragment(c->wsi) != 0,
	};

	c->idle_records = 0;
	c->net->counters.bytes_in += len;
	session_hear(c->session, &piece, net_now_us());
}

/* One write a turn: libwebsockets keeps what the socket does not take, and gives no turn until it
 * has. */
static int on_writeable(struct connection *c)
{
	struct session_speech speech = session_speak(c->session, net_now_us());
	char reason[124];
	size_t len;

	switch (speech.kind) {
	case SESSION_SILENCE:
		return 0;
	case SESSION_MESSAGE:
		c->net->counters.bytes_out += speech.len;
		if (lws_write(c->wsi, speech.data, speech.len, LWS_WRITE_BINARY) < (int)speech.len)
			return -1;
		break;
	case SESSION_PING:
		if (lws_write(c->wsi, speech.data, speech.len, LWS_WRITE_PING) < (int)speech.len)
			return -1;
		break;
	case SESSION_CLOSE:
		len = strnlen(speech.reason, sizeof reason - 1);
		memcpy(reason, speech.reason, len);
		lws_close_reason(c->wsi, (enum lws_close_status)speech.code,
				 (unsigned char *)reason, len);
		session_close(c->session);
		c->session = NULL;
		return -1;
	}
	return 0;
}

static int on_websocket(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			size_t len)
{
	struct connection *c = lws_get_opaque_user_data(wsi);

	(void)user;
	switch (reason) {
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return filter(c, wsi);
	case LWS_CALLBACK_ESTABLISHED:
		return on_established(c, wsi);
	case LWS_CALLBACK_RECEIVE:
		if (c->session != NULL)
			on_piece(c, in, len);
		return 0;
	case LWS_CALLBACK_RECEIVE_PONG:
		c->idle_records = 0;
		if (c->session != NULL)
			session_hear_pong(c->session, net_now_us());
		return 0;
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return c->session != NULL ? on_writeable(c) : 0;
	case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
		session_close(c->session);
		c->session = NULL;
		return 0;
	default:
		return 0;
	}
}

const struct lws_protocols websocket_protocols[] = {
	{.name = "http", .callback = on_http},
	{.name = SUBPROTOCOL,
	 .callback = on_websocket,
	 .rx_buffer_size = RECEIVE_BUFFER,
	 .tx_packet_size = SEND_MOST},
	{0},
};
