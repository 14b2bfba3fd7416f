/*
 * Any sequence of events on the session table: connections that come and go, pieces of messages,
 * well-formed frames of every kind, turns to write, pongs, answers to anybody, time that passes, a
 * desk that is full. After each event the table's invariants hold; a session that was cut is never
 * spoken of again; jobs name sessions that exist, strangers have one at a time, and a nonce is
 * given to no two jobs at once.
 */
#include "messages.h"
#include "session.h"

#include <lahetti/v1/session.pb-c.h>
#include <stdlib.h>
#include <string.h>

#define SOCKETS	  6
#define JOBS_MOST 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct socket {
	struct session *session; /* NULL: none */
	bool alive;
	uint64_t correlation;
};

struct world {
	struct session_table *table;
	struct socket sockets[SOCKETS];
	struct job *jobs[JOBS_MOST];
	size_t n_jobs;
	bool full;
	int64_t now_us;
	/* Of the input: what is left. */
	const uint8_t *at;
	size_t left;
};

static void must(bool held)
{
	if (!held)
		abort();
}

static uint8_t next(struct world *w)
{
	if (w->left == 0)
		return 0;
	w->left--;
	return *w->at++;
}

/* ---- what the table asks ------------------------------------------------------------------- */

static void want_write(void *socket)
{
	must(((struct socket *)socket)->alive);
}

static void read_or_leave(void *socket, bool on)
{
	(void)on;
	must(((struct socket *)socket)->alive);
}

static void cut(void *socket)
{
	struct socket *s = socket;

	must(s->alive);
	*s = (struct socket){0};
}

static void settled(void *socket)
{
	must(((struct socket *)socket)->alive);
}

static bool take(void *context, struct job *j)
{
	static const uint8_t spent[32];
	struct world *w = context;

	if (w->full || w->n_jobs == JOBS_MOST)
		return false;
	for (size_t i = 0; i < w->n_jobs; i++)
		must(w->jobs[i]->head.session != j->head.session ||
		     memcmp(j->head.nonce, spent, sizeof spent) == 0);
	w->jobs[w->n_jobs++] = j;
	return true;
}

/* ---- events -------------------------------------------------------------------------------- */

static void open_one(struct world *w, struct socket *s)
{
	struct session_peer peer;

	if (s->alive)
		return;
	memset(&peer, 0, sizeof peer);
	peer.key.bytes[0] = next(w) & 1;
	s->correlation = 0;
	s->alive = true;
	s->session = session_open(w->table, s, &peer, w->now_us, NULL);
	s->alive = s->session != NULL;
}

static void hear_bytes(struct world *w, struct socket *s)
{
	uint8_t flags = next(w);
	size_t len = next(w);
	struct session_piece piece = {
		.remaining = (flags & 8) != 0 ? (uint64_t)next(w) << (flags & 0x30) : 0,
		.binary = (flags & 1) == 0,
		.first = (flags & 2) != 0,
		.last = (flags & 4) != 0,
	};

	if (len > w->left)
		len = w->left;
	piece.bytes = lahetti_span(w->at, len);
	w->at += len;
	w->left -= len;
	session_hear(s->session, &piece, w->now_us);
}

/* A frame that is well formed: its number, and a body of that kind that is empty. */
static void hear_frame(struct world *w, struct socket *s)
{
	uint8_t body = next(w);
	uint8_t frame[16], *p = frame;
	struct session_piece piece = {.binary = true, .first = true, .last = true};

	s->correlation++;
	*p++ = 0x08;
	for (uint64_t n = s->correlation; n > 0 || p == frame + 1; n >>= 7)
		*p++ = (uint8_t)((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
	if (body >= 10 && body < 16)
		*p++ = (uint8_t)(body << 3 | 2);
	else if (body >= 16) {
		*p++ = (uint8_t)((body << 3 & 0x78) | 2 | 0x80);
		*p++ = (uint8_t)(body >> 4);
	}
	if (body >= 10)
		*p++ = 0;
	piece.bytes = lahetti_span(frame, (size_t)(p - frame));
	session_hear(s->session, &piece, w->now_us);
}

static void speak(struct world *w, struct socket *s)
{
	struct session_speech speech = session_speak(s->session, w->now_us);

	switch (speech.kind) {
	case SESSION_SILENCE:
		break;
	case SESSION_MESSAGE:
		must(speech.len > 0);
		/* The room in front and every byte are there to be written over, as a socket does.
		 */
		memset(speech.data - MESSAGE_PRE, 0xa5, MESSAGE_PRE + speech.len);
		break;
	case SESSION_PING:
		must(speech.len > 0 && speech.len <= 125);
		break;
	case SESSION_CLOSE:
		must(speech.code >= 1000 && strlen(speech.reason) <= 123);
		session_close(s->session);
		*s = (struct socket){0};
		break;
	}
}

static void fill_actor(struct world *w, struct job_actor *a)
{
	uint8_t who = next(w);

	memset(a, 0, sizeof *a);
	a->user.bytes[15] = who & 3;
	a->unit.bytes[15] = who >> 2 & 3;
	a->role = who >> 4 & 3;
	a->device.bytes[31] = who >> 6;
}

static void give_answer(struct world *w, struct job *j)
{
	uint8_t kind = next(w);
	uint8_t len = next(w);
	struct answer_head head = {
		.to = (enum answer_to)(kind & 3),
		.flags = (uint32_t)kind >> 2 & 0x1f,
		.session = j != NULL ? j->head.session : (uint64_t)next(w) << 32 | next(w),
	};
	static const uint8_t bytes[1024];
	struct answer *a;

	/* A desk completes what it took, and spends the nonce of what it lets in. */
	if (j != NULL) {
		head.to = ANSWER_SESSION;
		head.flags |= ANSWER_COMPLETES | ANSWER_SPENDS_NONCE;
	} else {
		head.flags &= ~(uint32_t)ANSWER_COMPLETES;
	}
	fill_actor(w, &head.actor);
	head.user = head.actor.user;
	head.unit = head.actor.unit;
	head.role = head.actor.role;
	head.device = head.actor.device;
	a = answer_new(&head, lahetti_span(bytes, (size_t)len * 4), NULL);
	must(a != NULL);
	session_table_answer(w->table, a, w->now_us);
}

static void answer_job(struct world *w)
{
	size_t i;
	struct job *j;

	if (w->n_jobs == 0)
		return;
	i = next(w) % w->n_jobs;
	j = w->jobs[i];
	w->jobs[i] = w->jobs[--w->n_jobs];
	give_answer(w, j);
	job_destroy(j);
}

static void one_event(struct world *w)
{
	uint8_t event = next(w);
	struct socket *s = &w->sockets[(event >> 4) % SOCKETS];

	switch (event & 0xf) {
	case 0:
		open_one(w, s);
		break;
	case 1:
	case 2:
		if (s->session != NULL)
			hear_bytes(w, s);
		break;
	case 3:
	case 4:
		if (s->session != NULL)
			hear_frame(w, s);
		break;
	case 5:
	case 6:
		if (s->session != NULL)
			speak(w, s);
		break;
	case 7:
		if (s->session != NULL)
			session_hear_pong(s->session, w->now_us);
		if (s->session != NULL)
			session_hear_idle_talk(s->session, w->now_us);
		break;
	case 8:
		session_close(s->session);
		*s = (struct socket){0};
		break;
	case 9:
	case 10:
		answer_job(w);
		break;
	case 11:
		give_answer(w, NULL);
		break;
	case 12:
		w->full = !w->full;
		session_table_resume(w->table, w->now_us);
		break;
	case 13:
	case 14:
		w->now_us += (int64_t)next(w) * (event >= 0x80 ? 1000000 : 10000);
		session_table_tick(w->table, w->now_us);
		break;
	default:
		session_table_drain(w->table, w->now_us);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct world w = {.at = data, .left = len, .now_us = 1};
	const struct net_options options = {
		.server_name = "localhost/lahetti",
		.software = "fuzz",
		.log_key = "",
		.limits = {.frame = 300,
			   .sessions = 5,
			   .sessions_reserved = 2,
			   .sessions_a_user = 2,
			   .requests_a_second = 20,
			   .pings_a_second = 3,
			   .in_flight = 3,
			   .out_queue = 2500,
			   .sign_in_s = 5,
			   .idle_s = 20,
			   .ping_s = 4},
		.context = &w,
		.take = take,
	};
	const struct session_calls calls = {
		.want_write = want_write,
		.read = read_or_leave,
		.cut = cut,
		.settled = settled,
	};

	w.table = session_table_create(&options, &calls, NULL);
	must(w.table != NULL);
	while (w.left > 0) {
		one_event(&w);
		session_table_check(w.table);
	}
	session_table_destroy(w.table);
	for (size_t i = 0; i < w.n_jobs; i++)
		job_destroy(w.jobs[i]);
	return 0;
}
