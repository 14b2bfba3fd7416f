/*
 * The session table: what a session may say, what it is told, and when it ends. It knows no socket
 * and no clock of its own, so that any sequence of events can be tried on it: its owner
 * (websocket.c, a fuzzer) feeds it what happens and does what struct session_calls says. All of it
 * runs on the loop's thread.
 *
 *   STRANGER --answer signs in--> SIGNED_IN --bye, error, limit, drain--> CLOSING --told-->
 * released |                                                                    ^
 *       +--------------------bye, error, limit, drain------------------------+
 *
 * Instants are microseconds of a monotonic clock and only ever grow.
 */
#ifndef NET_SESSION_H
#define NET_SESSION_H

#include "errors.h"
#include "net.h"

enum session_state {
	SESSION_STRANGER,
	SESSION_SIGNED_IN,
	SESSION_CLOSING, /* hears nothing more; what is queued is still sent */
	SESSION_STATES
};

#define SESSION_FRAMES_MOST 128 /* more than any number of a frame in ClientFrame */

/* Counted since the start, for /metrics. */
struct session_counters {
	uint64_t taken[SESSION_FRAMES_MOST];   /* frames given to the desk, or answered here */
	uint64_t refused[SESSION_FRAMES_MOST]; /* frames answered with an error here */
	uint64_t errors[SESSION_ERRORS];
	uint64_t sent;	 /* frames */
	uint64_t pauses; /* times that a session was not read because enough of it was under way */
};

/* What the table asks of the owner of the sockets. None may call back into the table. */
struct session_calls {
	/* Call session_speak when the socket takes bytes. */
	void (*want_write)(void *socket);
	/* Read the socket, or leave what comes in the kernel. New sessions are read. What TLS has
	 * decrypted already may still be given. */
	void (*read)(void *socket, bool on);
	/* The session has just been released: close its socket at once, without courtesies. */
	void (*cut)(void *socket);
	/* The session has signed in: it is no stranger of its address any more. */
	void (*settled)(void *socket);
};

/* What is known of the other side when the WebSocket stands. */
struct session_peer {
	uint8_t exporter[32];
	struct lahetti_digest key; /* of a TLS client certificate that holds; zero: none */
	uint8_t address[16];	   /* as in job_head */
};

struct session_table;
struct session;

/* The options are borrowed until destroy. */
LAHETTI_CHECKED struct session_table *session_table_create(const struct net_options *options,
							   const struct session_calls *calls,
							   struct lahetti_fault *f);
void session_table_destroy(struct session_table *t); /* and every session, without calls */

/* A new session, which greets. Where strangers have used up what is not reserved it is told so and
 * closes. NULL ("no-memory", "too-many-sessions", BROKEN): no session, close the socket. */
LAHETTI_CHECKED struct session *session_open(struct session_table *t, void *socket,
					     const struct session_peer *peer, int64_t now_us,
					     struct lahetti_fault *f);

/* A piece of a message, as the socket gives it. */
struct session_piece {
	struct lahetti_span bytes;
	uint64_t remaining; /* of the WebSocket frame that the piece is of: announced, not here yet
			     */
	bool binary;
	bool first; /* of the message */
	bool last;
};
void session_hear(struct session *s, const struct session_piece *piece, int64_t now_us);

/* The peer answered a ping. */
void session_hear_pong(struct session *s, int64_t now_us);

/* The peer sent what was neither a piece of a message nor a pong: pings, most likely. Counted
 * against their limit. */
void session_hear_idle_talk(struct session *s, int64_t now_us);

enum session_speech_kind {
	SESSION_SILENCE,
	SESSION_MESSAGE, /* send data as one binary message */
	SESSION_PING,	 /* send data as a ping */
	SESSION_CLOSE,	 /* send close with code and reason, then session_close */
};
struct session_speech {
	enum session_speech_kind kind;
	uint8_t *data; /* lives until the next call for the session; MESSAGE_PRE (messages.h) bytes
			  in front are free to use */
	size_t len;
	uint16_t code;
	const char *reason;
};

/* The socket takes bytes: one thing to say. */
struct session_speech session_speak(struct session *s, int64_t now_us);

/* Releases. NULL is accepted. */
void session_close(struct session *s);

/* Takes a list of answers and destroys it. */
void session_table_answer(struct session_table *t, struct answer *list, int64_t now_us);

/* Offers the jobs again that were not taken. */
void session_table_resume(struct session_table *t, int64_t now_us);

/* To be called a few times a second: limits of time, pings. */
void session_table_tick(struct session_table *t, int64_t now_us);

/* Ends those of whose socket the question is answered with yes. */
void session_table_end_revoked(struct session_table *t, bool (*is_revoked)(void *socket),
			       int64_t now_us);

/* Every session is told that the server goes away, and closes with 1001 when what it has asked is
 * answered. */
void session_table_drain(struct session_table *t, int64_t now_us);

size_t session_table_count(const struct session_table *t, enum session_state state);
const struct session_counters *session_table_counters(const struct session_table *t);

/* Invariants, for tests: aborts where one does not hold. */
void session_table_check(const struct session_table *t);

#endif
