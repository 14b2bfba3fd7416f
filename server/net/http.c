/*
 * Plain requests of the public side: the page, and 404 for all else.
 *
 *   request --> ANSWERING --all taken--> next request, or the end
 *
 * While it answers, libwebsockets leaves the connection alone: reading is off, and what is sent
 * goes straight into TLS from the file in memory. libwebsockets would keep a copy of what a slow
 * reader does not take; and while an answer is under way it goes round for ever (4.1.6) or hangs up
 * (4.3.5) when the client says more.
 *
 * Time is the guard's: each request must come, and each RENEWING bytes of an answer be taken, in
 * the time of a handshake.
 */
#include "loop.h"

#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>

#define HEAD_MOST 3072
#define PIECE	  16384	      /* a record of TLS */
#define A_TURN	  (4 * PIECE) /* then others have theirs */
#define RENEWING  PIECE
/* Bytes that the kernel keeps before they are under way: little enough that what it takes tells
 * how fast the client reads. */
#define UNSENT_MOST (4 * PIECE)

struct answering {
	ev_io turn; /* the socket takes more */
	struct connection *connection;
	const struct page_file *file; /* NULL: a sentence */
	struct lahetti_span parts[2]; /* head and body, what is left of them */
	size_t taken;		      /* since the guard was told */
	bool last;		      /* the connection ends with it */
	uint8_t head[HEAD_MOST];
};

struct plain_request {
	struct lahetti_span path;
	bool get, head, allowed;
	bool last; /* nothing more can be read behind it, or the client wants nothing more */
	bool gzip;
};

/* ---- the request --------------------------------------------------------------------------- */

static bool has(struct lws *wsi, enum lws_token_indexes token)
{
	return lws_hdr_total_length(wsi, token) > 0;
}

/* "" where there is none or it is too long to mean anything here. */
static const char *header(struct lws *wsi, enum lws_token_indexes token, char *text, size_t len)
{
	if (!has(wsi, token) || lws_hdr_copy(wsi, text, (int)len, token) <= 0)
		text[0] = '\0';
	return text;
}

/* A body is not read: what stands behind the head can't be told from a request then. */
static bool is_last(struct lws *wsi)
{
	char text[64];

	if (strcmp(header(wsi, WSI_TOKEN_HTTP, text, sizeof text), "HTTP/1.1") != 0)
		return true;
	if (has(wsi, WSI_TOKEN_CONNECTION) &&
	    strcasecmp(header(wsi, WSI_TOKEN_CONNECTION, text, sizeof text), "keep-alive") != 0)
		return true;
	return has(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH) ||
	       has(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING);
}

static void read_request(struct lws *wsi, struct lahetti_span path, struct plain_request *r)
{
	char text[256];

	*r = (struct plain_request){
		.path = path,
		.get = has(wsi, WSI_TOKEN_GET_URI),
		.head = has(wsi, WSI_TOKEN_HEAD_URI),
		.last = is_last(wsi),
		.gzip = page_admits_gzip(
			header(wsi, WSI_TOKEN_HTTP_ACCEPT_ENCODING, text, sizeof text)),
	};
	r->allowed = r->get || r->head;
	r->last = r->last || !r->allowed;
}

/* ---- the answer's head --------------------------------------------------------------------- */

struct field {
	const char *name;
	const char *value; /* NULL: left out */
};

/* The strict headers are the vhost's own. */
static bool write_head(struct answering *a, struct lws *wsi, unsigned status, size_t len,
		       const struct field *fields)
{
	uint8_t *p = a->head, *end = a->head + sizeof a->head;

	if (lws_add_http_header_status(wsi, status, &p, end) != 0 ||
	    lws_add_http_header_content_length(wsi, len, &p, end) != 0)
		return false;
	for (const struct field *f = fields; f->name != NULL; f++)
		if (f->value != NULL &&
		    lws_add_http_header_by_name(wsi, (const unsigned char *)f->name,
						(const unsigned char *)f->value,
						(int)strlen(f->value), &p, end) != 0)
			return false;
	if (lws_finalize_http_header(wsi, &p, end) != 0)
		return false;
	a->parts[0] = lahetti_span(a->head, (size_t)(p - a->head));
	return true;
}

static bool answer_file(struct answering *a, struct lws *wsi, const struct plain_request *r)
{
	bool gzip = r->gzip && a->file->gzipped.data != NULL;
	struct lahetti_span body = gzip ? a->file->gzipped : a->file->bytes;
	const struct field fields[] = {
		{"content-type:", a->file->type},
		{"cache-control:", a->file->cache},
		{"vary:", a->file->gzipped.data != NULL ? "accept-encoding" : NULL},
		{"content-encoding:", gzip ? "gzip" : NULL},
		{"connection:", a->last ? "close" : NULL},
		{NULL, NULL},
	};

	if (r->get)
		a->parts[1] = body;
	return write_head(a, wsi, HTTP_STATUS_OK, body.len, fields);
}

static bool answer_sentence(struct answering *a, struct lws *wsi, const struct plain_request *r)
{
	/* Where there is no page, nothing is allowed. */
	bool known = r->allowed || a->connection->net->page == NULL;
	struct lahetti_span body = lahetti_span_text(known ? "There is nothing here.\n"
							   : "Only GET and HEAD are allowed.\n");
	const struct field fields[] = {
		{"content-type:", "text/plain; charset=utf-8"},
		{"cache-control:", "no-store"},
		{"allow:", known ? NULL : "GET, HEAD"},
		{"connection:", a->last ? "close" : NULL},
		{NULL, NULL},
	};

	if (!r->head)
		a->parts[1] = body;
	return write_head(a, wsi, known ? HTTP_STATUS_NOT_FOUND : HTTP_STATUS_METHOD_NOT_ALLOWED,
			  body.len, fields);
}

/* ---- sending it ---------------------------------------------------------------------------- */

static void count(struct connection *c, enum page_outcome outcome)
{
	c->net->counters.page[outcome]++;
}

static void forget(struct connection *c)
{
	struct answering *a = c->answering;

	ev_io_stop(c->net->loop, &a->turn);
	c->answering = NULL;
	free(a);
}

/* At once: what has been taken is the kernel's to deliver. Nobody touches the connection after. */
static void hang_up(struct connection *c)
{
	lws_set_timeout(c->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
}

static void finish(struct connection *c)
{
	bool last = c->answering->last;

	if (c->answering->file != NULL)
		count(c, PAGE_SERVED);
	forget(c);
	guard_again(c->net->guard, &c->guest, net_now_us());
	if (last || lws_http_transaction_completed(c->wsi) != 0)
		hang_up(c);
	else
		(void)lws_rx_flow_control(c->wsi, 1);
}

/* What the socket takes of it, up to a turn's share; false: the socket has gone. */
static bool send_some(struct answering *a)
{
	struct connection *c = a->connection;
	size_t sent = 0;

	for (int i = 0; i < 2; i++) {
		while (a->parts[i].len > 0 && sent < A_TURN) {
			size_t len = a->parts[i].len < PIECE ? a->parts[i].len : PIECE;
			long n = tls_write(lws_get_ssl(c->wsi), a->parts[i].data, len);

			if (n < 0)
				return false;
			if (n == 0)
				goto out;
			a->parts[i].data += n;
			a->parts[i].len -= (size_t)n;
			sent += (size_t)n;
		}
	}
out:
	a->taken += sent;
	if (a->taken >= RENEWING) {
		a->taken = 0;
		guard_again(c->net->guard, &c->guest, net_now_us());
	}
	return true;
}

static bool is_sent(const struct answering *a)
{
	return a->parts[0].len == 0 && a->parts[1].len == 0;
}

static void on_turn(struct ev_loop *loop, ev_io *watcher, int events)
{
	struct answering *a = watcher->data;
	struct connection *c = a->connection;

	(void)events;
	if (c->given_up) {
		ev_io_stop(loop, watcher);
		return;
	}
	if (!is_sent(a)) {
		if (!send_some(a)) {
			hang_up(c);
			return;
		}
		/* A connection that goes on is finished when the socket takes more again:
		 * libwebsockets waits for the same, and with reading on. */
		if (!is_sent(a) || !a->last)
			return;
	}
	finish(c);
}

/* ---- what websocket.c calls ---------------------------------------------------------------- */

void http_stop(struct connection *c)
{
	if (c->answering == NULL)
		return;
	if (c->answering->file != NULL)
		count(c, PAGE_CUT);
	forget(c);
}

/* It has been long enough, or others need the room. */
static bool should_end(const struct connection *c)
{
	return guard_is_crowded(c->net->guard, &c->guest) ||
	       net_now_us() - c->since_us > c->net->options.limits.sign_in_s * INT64_C(1000000);
}

static bool begin(struct connection *c, struct lws *wsi, const struct plain_request *r)
{
	struct answering *a = calloc(1, sizeof *a);
	int fd = lws_get_socket_fd(wsi), most = UNSENT_MOST;

	if (a == NULL)
		return false;
	c->answering = a;
	a->connection = c;
	a->last = r->last || should_end(c);
	ev_io_init(&a->turn, on_turn, fd, EV_WRITE);
	a->turn.data = a;
	if (r->allowed && c->net->page != NULL)
		a->file = page_find(c->net->page, r->path);
	if (!(a->file != NULL ? answer_file : answer_sentence)(a, wsi, r))
		return false;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &most, sizeof most);
	lws_set_timeout(wsi, NO_PENDING_TIMEOUT, 0);
	ev_io_start(c->net->loop, &a->turn);
	return lws_rx_flow_control(wsi, 0) == 0;
}

int http_answer(struct connection *c, struct lws *wsi, struct lahetti_span path)
{
	struct plain_request r;

	if (c == NULL || c->given_up || c->answering != NULL)
		return -1;
	read_request(wsi, path, &r);
	if (!begin(c, wsi, &r))
		return -1;
	guard_again(c->net->guard, &c->guest, net_now_us());
	if (c->answering->file != NULL) {
		c->over = true;
		return 0;
	}
	c->lost = true;
	count(c, r.allowed ? PAGE_NOT_FOUND : PAGE_NOT_ALLOWED);
	return 0;
}
