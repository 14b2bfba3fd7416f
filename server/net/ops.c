/*
 * Health and metrics, in plain HTTP on a loopback address:
 *
 *   /healthz   200 as long as the loop turns: "ok", or "draining"
 *   /readyz    200 "ready", or 503 and why not
 *   /metrics   the Prometheus text format, version 0.0.4
 */
#include "loop.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BODY_MOST 262144

/* The body of an answer, between its headers and its turn to be written. */
struct reply {
	struct lahetti_buffer body; /* LWS_PRE bytes first */
};

/* ---- metrics ------------------------------------------------------------------------------- */

static void put(struct lahetti_buffer *out, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What does not fit is left out: of metrics, that is no harm. */
static void put(struct lahetti_buffer *out, const char *format, ...)
{
	char line[256];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (len > 0 && (size_t)len < sizeof line)
		if (!lahetti_buffer_add(out, lahetti_span(line, (size_t)len), NULL))
			return;
}

static void put_type(struct lahetti_buffer *out, const char *name, const char *type,
		     const char *help)
{
	put(out, "# HELP %s %s\n", name, help);
	put(out, "# TYPE %s %s\n", name, type);
}

static void put_sessions(const struct net *n, struct lahetti_buffer *out)
{
	static const char *const names[SESSION_STATES] = {"stranger", "signed_in", "closing"};

	put_type(out, "lahetti_connections", "gauge", "TCP connections of the public side.");
	put(out, "lahetti_connections %zu\n", guard_connections(n->guard));
	put_type(out, "lahetti_sessions", "gauge", "Sessions by state.");
	for (int i = 0; i < SESSION_STATES; i++)
		put(out, "lahetti_sessions{state=\"%s\"} %zu\n", names[i],
		    session_table_count(n->table, (enum session_state)i));
}

static void put_connections(const struct net *n, struct lahetti_buffer *out)
{
	static const char *const reasons[NET_REFUSALS] = {
		[NET_REFUSED_FULL] = "full",
		[NET_REFUSED_ADDRESS] = "address",
		[NET_REFUSED_DRAINING] = "draining",
		[NET_REFUSED_PATH] = "path",
		[NET_REFUSED_ORIGIN] = "origin",
		[NET_REFUSED_SUBPROTOCOL] = "subprotocol",
		[NET_REFUSED_NO_MEMORY] = "no_memory",
		[NET_FAILED_HANDSHAKE] = "handshake",
		[NET_FAILED_TIMEOUT] = "handshake_timeout",
	};

	put_type(out, "lahetti_connections_accepted_total", "counter",
		 "Connections that were let begin a handshake.");
	put(out, "lahetti_connections_accepted_total %llu\n",
	    (unsigned long long)n->counters.accepted);
	put_type(out, "lahetti_connections_refused_total", "counter",
		 "Connections that came to nothing, by reason.");
	for (int i = 0; i < NET_REFUSALS; i++)
		put(out, "lahetti_connections_refused_total{reason=\"%s\"} %llu\n", reasons[i],
		    (unsigned long long)n->counters.refusals[i]);
	put_type(out, "lahetti_reloads_total", "counter",
		 "Times that certificates and lists were to be read anew.");
	put(out, "lahetti_reloads_total{outcome=\"done\"} %llu\n",
	    (unsigned long long)n->counters.reloads);
	put(out, "lahetti_reloads_total{outcome=\"failed\"} %llu\n",
	    (unsigned long long)n->counters.reloads_failed);
	put_type(out, "lahetti_client_crl_until_seconds", "gauge",
		 "When the first list of revoked client certificates is out of date; 0: none.");
	put(out, "lahetti_client_crl_until_seconds %lld\n", (long long)tls_lists_until(n->tls));
	put_type(out, "lahetti_bytes_total", "counter", "Bytes of frames.");
	put(out, "lahetti_bytes_total{direction=\"in\"} %llu\n",
	    (unsigned long long)n->counters.bytes_in);
	put(out, "lahetti_bytes_total{direction=\"out\"} %llu\n",
	    (unsigned long long)n->counters.bytes_out);
}

static void put_page(const struct net *n, struct lahetti_buffer *out)
{
	static const char *const outcomes[PAGE_OUTCOMES] = {
		[PAGE_SERVED] = "served",
		[PAGE_CUT] = "cut",
		[PAGE_NOT_FOUND] = "not_found",
		[PAGE_NOT_ALLOWED] = "not_allowed",
	};

	put_type(out, "lahetti_page_requests_total", "counter",
		 "Plain HTTP requests of the public side, by what came of them.");
	for (int i = 0; i < PAGE_OUTCOMES; i++)
		put(out, "lahetti_page_requests_total{outcome=\"%s\"} %llu\n", outcomes[i],
		    (unsigned long long)n->counters.page[i]);
}

static void put_frames(const struct session_counters *c, struct lahetti_buffer *out)
{
	put_type(out, "lahetti_frames_total", "counter",
		 "Frames of clients, by name, and whether the loop took or refused them.");
	for (uint32_t i = 0; i < SESSION_FRAMES_MOST; i++) {
		const char *name = frame_row(i)->name;

		if (i != 0 && frame_row(i)->road == FRAME_ROAD_NONE)
			continue;
		if (i != 0)
			put(out, "lahetti_frames_total{frame=\"%s\",outcome=\"taken\"} %llu\n",
			    name, (unsigned long long)c->taken[i]);
		put(out, "lahetti_frames_total{frame=\"%s\",outcome=\"refused\"} %llu\n", name,
		    (unsigned long long)c->refused[i]);
	}
	put_type(out, "lahetti_errors_total", "counter", "Errors that the loop itself answered.");
	for (int i = 0; i < SESSION_ERRORS; i++)
		put(out, "lahetti_errors_total{code=\"%s\",fatal=\"%d\"} %llu\n",
		    error_row((enum session_error)i)->code,
		    error_row((enum session_error)i)->close != 0, (unsigned long long)c->errors[i]);
	put_type(out, "lahetti_frames_sent_total", "counter", "Frames sent to clients.");
	put(out, "lahetti_frames_sent_total %llu\n", (unsigned long long)c->sent);
	put_type(out, "lahetti_read_pauses_total", "counter",
		 "Times that a session was not read because enough of it was under way.");
	put(out, "lahetti_read_pauses_total %llu\n", (unsigned long long)c->pauses);
}

/* ---- answers ------------------------------------------------------------------------------- */

static unsigned answer_health(struct net *n, struct lahetti_buffer *out)
{
	put(out, "%s\n", n->draining ? "draining" : "ok");
	return HTTP_STATUS_OK;
}

static unsigned answer_ready(struct net *n, struct lahetti_buffer *out)
{
	const struct net_options *o = &n->options;
	const char *why = n->draining		 ? "draining"
			  : o->not_ready != NULL ? o->not_ready(o->context)
						 : NULL;

	put(out, "%s\n", why != NULL ? why : "ready");
	return why == NULL ? HTTP_STATUS_OK : HTTP_STATUS_SERVICE_UNAVAILABLE;
}

static unsigned answer_metrics(struct net *n, struct lahetti_buffer *out)
{
	put_sessions(n, out);
	put_connections(n, out);
	put_page(n, out);
	put_frames(session_table_counters(n->table), out);
	if (n->options.metrics != NULL)
		n->options.metrics(n->options.context, out);
	return HTTP_STATUS_OK;
}

static const struct view {
	const char *path;
	const char *type;
	unsigned (*answer)(struct net *n, struct lahetti_buffer *out);
} views[] = {
	{"/healthz", "text/plain; charset=utf-8", answer_health},
	{"/readyz", "text/plain; charset=utf-8", answer_ready},
	{"/metrics", "text/plain; version=0.0.4; charset=utf-8", answer_metrics},
};

static const struct view *view_find(struct lws *wsi, const char *path)
{
	if (lws_hdr_total_length(wsi, WSI_TOKEN_GET_URI) <= 0)
		return NULL;
	for (size_t i = 0; i < sizeof views / sizeof *views; i++)
		if (strcmp(views[i].path, path) == 0)
			return &views[i];
	return NULL;
}

/* ---- HTTP ---------------------------------------------------------------------------------- */

static bool write_headers(struct lws *wsi, unsigned status, const char *type, size_t len)
{
	uint8_t buffer[LWS_PRE + 1024];
	uint8_t *start = buffer + LWS_PRE, *p = start, *end = buffer + sizeof buffer - 1;

	return lws_add_http_common_headers(wsi, status, type, len, &p, end) == 0 &&
	       lws_finalize_write_http_header(wsi, start, &p, end) == 0;
}

/* The body is written in the socket's next turn. */
static int on_request(struct net *n, struct lws *wsi, struct reply *r, const char *path)
{
	static const uint8_t room[LWS_PRE];
	const struct view *view = view_find(wsi, path);
	unsigned status;

	if (view == NULL) {
		(void)write_headers(wsi, HTTP_STATUS_NOT_FOUND, "text/plain", 0);
		return -1;
	}
	lahetti_buffer_init(&r->body, BODY_MOST);
	if (!lahetti_buffer_add(&r->body, lahetti_span(room, sizeof room), NULL))
		return -1;
	status = view->answer(n, &r->body);
	if (!write_headers(wsi, status, view->type, r->body.len - LWS_PRE))
		return -1;
	(void)lws_callback_on_writable(wsi);
	return 0;
}

static int on_turn(struct lws *wsi, struct reply *r)
{
	size_t len = r->body.len - LWS_PRE;
	int written;

	if (r->body.data == NULL)
		return 0;
	written = lws_write(wsi, r->body.data + LWS_PRE, len, LWS_WRITE_HTTP_FINAL);
	lahetti_buffer_finish(&r->body);
	if (written < (int)len)
		return -1;
	return lws_http_transaction_completed(wsi) != 0 ? -1 : 0;
}

static int ops_callback(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
			size_t len)
{
	struct net *n = lws_context_user(lws_get_context(wsi));
	struct reply *r = user;

	(void)len;
	switch (reason) {
	case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
		n->ops_connections++;
		lws_set_opaque_user_data(wsi, n);
		return 0;
	case LWS_CALLBACK_WSI_DESTROY:
		if (lws_get_opaque_user_data(wsi) == n)
			n->ops_connections--;
		return 0;
	case LWS_CALLBACK_HTTP:
		return on_request(n, wsi, r, in);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_turn(wsi, r);
	case LWS_CALLBACK_HTTP_DROP_PROTOCOL:
		if (r != NULL)
			lahetti_buffer_finish(&r->body);
		return 0;
	case LWS_CALLBACK_FILTER_PROTOCOL_CONNECTION:
		return -1;
	default:
		return 0;
	}
}

const struct lws_protocols ops_protocols[] = {
	{.name = "ops", .callback = ops_callback, .per_session_data_size = sizeof(struct reply)},
	{0},
};
