/*
 * The sockets: listener, TLS, WebSocket, the session table, and the loopback listener for health
 * and metrics. The only server code that knows libwebsockets. One thread, one libev loop; it moves
 * bytes and never waits for disk, public-key work or decryption.
 *
 *   accepted -> STRANGER --login answered--> SIGNED_IN --bye, fault, limit, SIGTERM--> CLOSING ->
 * gone
 *
 * A frame is scanned, its type looked up in frames.def against the session's state, and handed on
 * as a job. Answers come back by net_answer from any thread. A session knows who its user is and
 * where that user acts; it knows nothing of clients, statements or consents.
 */
#ifndef NET_H
#define NET_H

#include "job.h"
#include "lahetti/buffer.h"

struct net;

enum net_client_certificate {
	NET_CLIENT_CERTIFICATE_OFF,
	NET_CLIENT_CERTIFICATE_OPTIONAL,
	NET_CLIENT_CERTIFICATE_REQUIRED,
};

/* Each has a default in config and a test that exceeds it. */
struct net_limits {
	uint32_t frame;		    /* bytes of one message */
	uint32_t sessions;	    /* open connections in all, handshakes included */
	uint32_t sessions_reserved; /* of these, kept for connections that present a client
				       certificate or have signed in */
	uint32_t sessions_a_user;
	uint32_t handshakes_an_address; /* unfinished: TCP, TLS, HTTP, not signed in */
	uint32_t requests_a_second;	/* frames of a session, as a token bucket of twice that */
	uint32_t pings_a_second;
	uint32_t in_flight; /* unanswered frames of a session: beyond it, its socket is not read */
	uint32_t out_queue; /* bytes waiting for a session's socket: beyond half of it, its socket
			       is not read; beyond it, it is closed as too slow. Half must hold what
			       the answers to in_flight frames can amount to. */
	uint32_t handshake_s; /* until TLS and HTTP are done */
	uint32_t sign_in_s;   /* until login */
	uint32_t idle_s;      /* without a frame from the client */
	uint32_t ping_s; /* of silence, then the client is pinged, and cut when it has been silent
			    half as long again; 0: no pings */
	uint32_t drain_s;
};

struct net_options {
	const char *address;	 /* to listen on: "127.0.0.1", "::" */
	uint16_t port;		 /* 0: a free one, which net_port tells */
	int listener;		 /* an inherited socket (systemd), or -1 */
	const char *certificate; /* PEM files */
	const char *private_key;
	const char *client_ca;	/* PEM; NULL with OFF */
	const char *page;	/* a folder: page.h; NULL: no page is served */
	const char *client_crl; /* PEM, one list or several, each of an authority in client_ca;
				   NULL: none. A certificate of an authority of which there is a
				   list is good only as long as the list is. */
	enum net_client_certificate client_certificate;
	bool tls12;		    /* allow 1.2 with ECDHE and AEAD */
	const char *const *origins; /* of browsers, NULL-terminated: "https://host:port"; a request
				       without Origin is let in */
	const char *ops_address;    /* loopback; NULL: no such listener */
	uint16_t ops_port;	    /* 0: a free one */
	const char *server_name;    /* for the greeting */
	uint32_t generation;
	const char *software;
	const char *log_key;
	uint32_t statement_limit;
	uint32_t recipient_limit;
	uint64_t attachment_limit;
	uint32_t attachments_limit;
	uint32_t uploads_limit;
	struct net_limits limits;

	void *context; /* of the calls below */
	/* A frame to be worked on. False: the queues are full; the session's socket is then not
	 * read for a while and the same job offered again. */
	bool (*take)(void *context, struct job *job);
	/* Ready to serve, for /readyz: NULL or one line that says why not. */
	const char *(*not_ready)(void *context);
	/* Appends further lines in the Prometheus text format to /metrics. */
	void (*metrics)(void *context, struct lahetti_buffer *out);
	/* One event worth reading: key=value, nothing personal. */
	void (*log)(void *context, const char *line);
};

/* Binds and listens; "listen-failed", "certificate-unreadable" and the like (BROKEN) name the file
 * or address. */
LAHETTI_CHECKED struct net *net_open(const struct net_options *options, struct lahetti_fault *f);

uint16_t net_port(const struct net *n);
uint16_t net_ops_port(const struct net *n);

/*
 * SIGHUP reads the files of certificates and lists anew: all of them, or what was read before stays
 * and the log says why. Who is connected with a certificate that is revoked now is sent away.
 *
 * Serves until SIGTERM or SIGINT, which it hears since net_open, or net_drain, then stops
 * accepting, tells every session that the server goes away, closes each with 1001 when its queue is
 * sent, and returns when all are gone or drain_s has passed.
 */
LAHETTI_CHECKED bool net_run(struct net *n, struct lahetti_fault *f);

/* From any thread. A list of answers is given away; they are sent in that order. */
void net_answer(struct net *n, struct answer *list);
void net_drain(struct net *n);

/* From any thread: sockets that were paused because take refused are read again. */
void net_resume(struct net *n);

/* After the threads that answer have ended. Where it drained, its signals are ignored from
 * now on. */
void net_close(struct net *n);

#endif
