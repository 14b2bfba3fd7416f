/*
 * A client's connection to a Lähetti server: TLS, WebSocket, frames. One connection belongs to one
 * thread; calls wait. The server's pings are answered within them: a connection on which none is
 * made for longer than the server's patience (a minute or so) is cut.
 */
#ifndef LAHETTI_PEER_H
#define LAHETTI_PEER_H

#include "lahetti/arena.h"
#include "lahetti/id.h"

#include <lahetti/v1/session.pb-c.h>

struct lahetti_peer;

struct lahetti_peer_options {
	const char *host;
	uint16_t port;
	const char *ca; /* PEM file of the authority that is trusted for the server; NULL: the
			   system's */
	const char *certificate; /* PEM file of this device's, its chain behind it, and its key as
				    an EVP_PKEY *; both NULL: none is presented */
	void *private_key;
	bool tls12;	      /* allow TLS 1.2 */
	unsigned timeout_s;   /* of connecting and of each call; 0: 30 */
	uint32_t frame_limit; /* largest frame taken; 0: 1 MiB */
};

/* Connects, checks the server's certificate and name, and reads the greeting. "no-connection",
 * "bad-certificate", "wrong-version", "timeout". */
LAHETTI_API LAHETTI_CHECKED struct lahetti_peer *
lahetti_peer_open(const struct lahetti_peer_options *options, struct lahetti_fault *f);

/* Borrowed until close. */
LAHETTI_API const Lahetti__V1__Greeting *lahetti_peer_greeting(const struct lahetti_peer *p);

/* The TLS exporter of RFC 9266, 32 bytes. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_peer_exporter(const struct lahetti_peer *p,
						       uint8_t out[32], struct lahetti_fault *f);

/*
 * Sends a frame (its correlation is set here) and waits for the answer of that number, read into
 * the arena; frames that the server pushes meanwhile are kept for lahetti_peer_next. An Error frame
 * is an answer like any other. NULL on "timeout", "connection-lost" (UNCERTAIN: what was sent may
 * have been done), "bad-message".
 */
LAHETTI_API LAHETTI_CHECKED Lahetti__V1__ServerFrame *
lahetti_peer_ask(struct lahetti_peer *p, Lahetti__V1__ClientFrame *frame,
		 struct lahetti_arena *arena, struct lahetti_fault *f);

/* The two halves of ask, to have several questions under way: the number given, then any answer or
 * push, in order of arrival. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_peer_send(struct lahetti_peer *p,
						   Lahetti__V1__ClientFrame *frame,
						   uint64_t *correlation, struct lahetti_fault *f);

/* Waits at most timeout_ms (negative: the connection's own limit) for the next frame. NULL with no
 * fault kind set when none came. */
LAHETTI_API Lahetti__V1__ServerFrame *lahetti_peer_next(struct lahetti_peer *p, int timeout_ms,
							struct lahetti_arena *arena,
							struct lahetti_fault *f);

/* Closes properly (1000), waiting a second at most. NULL is accepted. */
LAHETTI_API void lahetti_peer_close(struct lahetti_peer *p);

#endif
