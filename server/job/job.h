/*
 * Jobs and answers: all that crosses between the loop that moves bytes and the threads that decide.
 * Each is one flat block of bytes without pointers, so that the two sides can become two processes.
 * A job is held by exactly one stage; putting it in a queue gives it away. It names its session by
 * number, never by pointer: the session may be gone when the answer comes.
 */
#ifndef JOB_H
#define JOB_H

#include "lahetti/id.h"

#include <lahetti/v1/session.pb-c.h>

/* Who acts: fixed at login and by the choice of a membership. All empty before login. */
struct job_actor {
	struct lahetti_id user;
	struct lahetti_digest device; /* key identifier */
	struct lahetti_id membership; /* empty: none chosen */
	struct lahetti_id organisation;
	struct lahetti_id unit;
	uint32_t role;
};

/* In place of a frame's type: what a reader fetches after the commit that permitted it. */
#define JOB_FETCH 0x10000u

/* What the desk gives itself once a day, with no frame and no session. */
#define JOB_KEEP 0x10001u

struct job_head {
	uint64_t session;
	uint64_t correlation;
	int64_t received_us;
	uint32_t frame; /* Lahetti__V1__ClientFrame__BodyCase, or JOB_FETCH */
	uint32_t frame_len;
	uint32_t found_len; /* bytes after the frame */
	char language[4];   /* "fi", "sv", "en" */
	struct job_actor actor;
	uint8_t nonce[32];    /* of the session's greeting; all zero once used or out of date */
	int64_t nonce_us;     /* when it was given */
	uint8_t exporter[32]; /* TLS exporter of the connection (RFC 9266) */
	struct lahetti_digest peer_key; /* key identifier (SHA-256 of the SPKI) of the TLS client
					   certificate; zero: none given */
	uint8_t address[16]; /* prefix of the peer's address: IPv4-mapped /32 or IPv6 /64 */
	/* Set by the worker: the signature of the frame's envelope holds against the key of this
	 * identifier. */
	struct lahetti_digest verified;
	/* Set by the worker where it does not hold or is not there, or where a reader refuses: the
	 * refusal's code, which the writer records, NUL-terminated; empty: none. */
	char refused[32];
};

struct job {
	struct job *next; /* of the queue that holds it */
	struct job_head head;
	uint8_t frame[]; /* ClientFrame as received, frame_len bytes, scanned; then what a reader
			    found for the writer */
};

LAHETTI_CHECKED struct job *job_new(const struct job_head *head, struct lahetti_span frame,
				    struct lahetti_fault *f);
/* The same job with what a reader found for the writer. */
LAHETTI_CHECKED struct job *job_with(const struct job *j, struct lahetti_span found,
				     struct lahetti_fault *f);
struct lahetti_span job_found(const struct job *j);
void job_destroy(struct job *j); /* overwrites */

/* To whom an answer goes. */
enum answer_to {
	ANSWER_SESSION, /* the session of that number */
	ANSWER_USER, /* every subscribed session of the user acting in the unit and the membership
			(any where that is empty); with ANSWER_CLOSES every one, subscribed or not
		      */
	ANSWER_ROLE, /* every subscribed session acting in the unit with the role (any role where 0)
		      */
	ANSWER_DEVICE, /* every session of the device */
};

enum answer_flag {
	ANSWER_SIGNS_IN = 1u << 0,   /* the session now belongs to `actor` */
	ANSWER_CLOSES = 1u << 1,     /* after sending, the session is closed with 1008 */
	ANSWER_SUBSCRIBES = 1u << 2, /* from now on the session gets ANSWER_USER and ANSWER_ROLE */
	ANSWER_COMPLETES = 1u << 3,  /* the job of the session is done: one less in flight */
	ANSWER_SPENDS_NONCE = 1u << 4, /* the session's nonce is used up */
};

struct answer_head {
	enum answer_to to;
	uint32_t flags;
	uint64_t session;
	struct lahetti_id user;
	struct lahetti_id unit;
	struct lahetti_id membership;
	uint32_t role;
	struct lahetti_digest device;
	struct job_actor actor;
	uint32_t frame_len;
};

struct answer {
	struct answer *next;
	struct answer_head head;
	uint8_t frame[]; /* ServerFrame as packed; may be empty */
};

LAHETTI_CHECKED struct answer *answer_new(const struct answer_head *head, struct lahetti_span frame,
					  struct lahetti_fault *f);
void answer_destroy(struct answer *a); /* overwrites */

/*
 * A queue of jobs between threads: bounded, first in first out. Take waits until there is one or
 * the queue is closed, and takes all that is there (at most `most`) as a list, so that a thread is
 * woken once for many. After close, put refuses and take gives what is left, then NULL.
 */
struct job_queue;
LAHETTI_CHECKED struct job_queue *job_queue_create(size_t most, struct lahetti_fault *f);
void job_queue_destroy(struct job_queue *q); /* destroys what it holds */
LAHETTI_CHECKED bool
job_queue_put(struct job_queue *q,
	      struct job *j); /* false: full or closed, the job is still the caller's */
/* Waits until there is a job or the queue is closed; false: not in so many milliseconds. */
bool job_queue_wait(struct job_queue *q, unsigned ms);
struct job *job_queue_take(struct job_queue *q, size_t most);
void job_queue_close(struct job_queue *q);
size_t job_queue_len(struct job_queue *q);

/* Where a frame goes, and in which states of a session it is heard: frames.def. */
enum frame_road {
	FRAME_ROAD_NONE, /* not a frame that a client may send */
	FRAME_ROAD_VERIFY,
	FRAME_ROAD_LOOK,
	FRAME_ROAD_WRITE,
	FRAME_ROAD_READ,
	FRAME_ROAD_LOOP,
};
enum frame_states {
	FRAME_STRANGER = 1u << 0,
	FRAME_SIGNED_IN = 1u << 1,
	FRAME_STRANGER_OR_SIGNED_IN = FRAME_STRANGER | FRAME_SIGNED_IN,
};
struct frame_row {
	const char *name; /* the member's, for logs and metrics */
	uint32_t states;
	enum frame_road road;
};
/* Never NULL: a frame that no row names has road NONE. */
const struct frame_row *frame_row(uint32_t body_case);

#endif
