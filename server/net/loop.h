/* What the files of net share: the loop, and what it keeps of each connection. All but `lock` and
 * what it guards belongs to the loop's thread. */
#ifndef NET_LOOP_H
#define NET_LOOP_H

#include "guard.h"
#include "net.h"
#include "page.h"
#include "session.h"

#include <ev.h>
#include <libwebsockets.h>
#include <pthread.h>

/* Connections that came to nothing, by reason. */
enum net_refusal {
	NET_REFUSED_FULL,
	NET_REFUSED_ADDRESS,
	NET_REFUSED_DRAINING,
	NET_REFUSED_PATH,
	NET_REFUSED_ORIGIN,
	NET_REFUSED_SUBPROTOCOL,
	NET_REFUSED_NO_MEMORY,
	NET_FAILED_HANDSHAKE, /* TLS, or HTTP that is none */
	NET_FAILED_TIMEOUT,
	NET_REFUSALS
};

/* What came of a plain request. */
enum page_outcome {
	PAGE_SERVED, /* to its last byte */
	PAGE_CUT,    /* the client left, or was too slow */
	PAGE_NOT_FOUND,
	PAGE_NOT_ALLOWED, /* another method than GET and HEAD */
	PAGE_OUTCOMES
};

struct net_counters {
	uint64_t accepted;
	uint64_t refusals[NET_REFUSALS];
	uint64_t bytes_in, bytes_out; /* of frames */
	uint64_t reloads, reloads_failed;
	uint64_t page[PAGE_OUTCOMES];
};

/* A listen socket of ours in the loop. */
struct listener {
	struct net *net;
	struct lws *wsi; /* NULL: closed */
	struct lws_vhost *into;
	bool guarded; /* what it accepts are connections of the public side */
	bool resting; /* no file was left to accept with; until the next tick */
	uint16_t port;
};

/* From accept until libwebsockets lets go of the socket. */
struct connection {
	struct guest guest;
	struct net *net;
	struct lws *wsi;
	struct session *session;     /* while the WebSocket stands and neither side has closed it */
	struct answering *answering; /* a plain request; NULL: none is being answered */
	int64_t since_us;
	uint8_t prefix[GUARD_PREFIX_LEN];
	TAILQ_ENTRY(connection) in_steered;
	bool reads;	       /* or is left, when its turn to be steered comes */
	bool steering;	       /* that turn has not come yet */
	uint32_t idle_records; /* of TLS in a row that held nothing of a message, and no pong */
	bool over;     /* why it came to nothing has been counted, or it came to something */
	bool lost;     /* it has asked for what is not there, and should it come to nothing, then
			  for that */
	bool given_up; /* it is cut, as soon as libwebsockets comes to it */
};

TAILQ_HEAD(connection_list, connection);

struct net {
	struct net_options options;
	struct ev_loop *loop;
	struct lws_context *context; /* of the public side, and of nothing else */
	struct lws_context *inner;   /* of the listen sockets, health and metrics */
	struct lws_vhost *public_vhost, *ops_vhost, *listen_vhost;
	void *tls;	   /* the public side's SSL_CTX: libwebsockets' own */
	struct page *page; /* NULL: none */
	struct listener public, ops;
	size_t ops_connections;
	struct guard *guard;
	struct connection
		*adopting; /* being given to libwebsockets, which may let go of it at once */
	struct connection_list steered; /* to be read or left, from the next round of the loop on */
	struct session_table *table;
	struct net_counters counters;
	struct lahetti_fault fault; /* of a callback while the loop is being made */
	ev_prepare before_round;
	ev_timer tick, deadline;
	ev_signal terminate, interrupt, hangup;
	int64_t ticked_us;
	bool draining;

	pthread_mutex_t lock;
	struct answer *answers;
	struct answer **answers_end;
	bool resume_asked;
	bool drain_asked;
	bool woken; /* and has not looked yet */
};

int64_t net_now_us(void); /* monotonic */
void net_log(const struct net *n, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The loop was woken: takes what other threads left. */
void net_woken(struct net *n);

/* A connection has gone. */
void net_left(struct net *n);

/* listener.c */
extern const struct lws_protocols listener_protocols[];
/* Adopts `inherited`, or binds where that is -1. */
LAHETTI_CHECKED bool listener_open(struct listener *l, const char *address, uint16_t port,
				   int inherited, struct lahetti_fault *f);
void listener_wake(struct listener *l);
void listener_close(struct listener *l);

/* websocket.c */
extern const struct lws_protocols websocket_protocols[];
extern const struct session_calls websocket_calls;
void connection_cut(struct connection *c); /* at once */
void connections_steer(struct net *n);
bool connection_is_revoked(void *socket);
void connection_failed(struct connection *c, enum net_refusal why);
void connection_destroy(struct connection *c);
void connection_hears_record(struct connection *c);

/* http.c */
/* Answers a plain request, of whose path these are the bytes; -1: the connection is to be closed.
 */
LAHETTI_CHECKED int http_answer(struct connection *c, struct lws *wsi, struct lahetti_span path);
/* Leaves an answer where it is, before the socket goes. */
void http_stop(struct connection *c);

/* tls.c */
LAHETTI_CHECKED bool tls_configure(void *ssl_ctx, const struct net_options *o,
				   struct lahetti_fault *f);
/* Reads the files anew: all of it, or nothing changes and the fault says why. */
LAHETTI_CHECKED bool tls_load(void *ssl_ctx, const struct net_options *o, struct lahetti_fault *f);
/* When the first of the lists of revoked certificates is out of date, in seconds since 1970; 0:
 * there is none. */
int64_t tls_lists_until(void *ssl_ctx);
/* Whether a list has the certificate that was shown in the handshake. */
bool tls_is_revoked(void *ssl);
/* The exporter, and the key of the client certificate where one was given and holds. */
void tls_read_peer(void *ssl, struct session_peer *peer);
/* Encrypts and sends: how many bytes were taken, 0 where none are now; -1: no more can be sent.
 * What was not taken must be offered next, and first. */
LAHETTI_CHECKED long tls_write(void *ssl, const void *bytes, size_t len);
/* From now on connection_hears_record is called when a record of TLS begins to be read. */
void tls_watch_records(void *ssl, struct connection *c);

/* ops.c */
extern const struct lws_protocols ops_protocols[];

#endif
