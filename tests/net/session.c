/* The session table without sockets, with a clock of the test's own: what takes minutes, or cannot
 * be timed from outside. */
#include "session.h"

#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_US  INT64_C(1000000)
#define JOBS_MOST  64
#define ARENA_SIZE 65536

struct world {
	struct session_table *table;
	struct session *session; /* of the one socket there is */
	struct net_options options;
	struct lahetti_arena arena;
	int64_t now_us;
	uint64_t correlation;
	struct job *jobs[JOBS_MOST];
	size_t n_jobs;
	size_t room; /* of the desk */
	bool reads;
	bool cut;
};

/* ---- the owner of the sockets, and the desk ------------------------------------------------- */

static void want_write(void *socket)
{
	(void)socket;
}

static void read_or_leave(void *socket, bool on)
{
	((struct world *)socket)->reads = on;
}

static void cut(void *socket)
{
	struct world *w = socket;

	w->cut = true;
	w->session = NULL;
}

static void settled(void *socket)
{
	(void)socket;
}

static bool take(void *context, struct job *j)
{
	struct world *w = context;

	if (w->n_jobs >= w->room)
		return false;
	w->jobs[w->n_jobs++] = j;
	return true;
}

static int setup(void **state)
{
	static const struct session_calls calls = {
		.want_write = want_write, .read = read_or_leave, .cut = cut, .settled = settled};
	struct world *w = calloc(1, sizeof *w);
	struct session_peer peer;

	assert_non_null(w);
	memset(&peer, 0, sizeof peer);
	w->options = (struct net_options){
		.server_name = "localhost/lahetti",
		.software = "test",
		.log_key = "",
		.limits = {.frame = 70000,
			   .sessions = 4,
			   .sessions_a_user = 2,
			   .requests_a_second = 1000,
			   .pings_a_second = 5,
			   .in_flight = 2,
			   .out_queue = 100000,
			   .sign_in_s = 600,
			   .idle_s = 600,
			   .ping_s = 0},
		.context = w,
		.take = take,
	};
	w->room = JOBS_MOST;
	w->now_us = SECOND_US;
	assert_true(lahetti_arena_init(&w->arena, ARENA_SIZE, NULL));
	w->table = session_table_create(&w->options, &calls, NULL);
	assert_non_null(w->table);
	w->session = session_open(w->table, w, &peer, w->now_us, NULL);
	assert_non_null(w->session);
	w->reads = true;
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	session_table_check(w->table);
	session_table_destroy(w->table);
	for (size_t i = 0; i < w->n_jobs; i++)
		job_destroy(w->jobs[i]);
	lahetti_arena_finish(&w->arena);
	free(w);
	return 0;
}

/* ---- words --------------------------------------------------------------------------------- */

static void hear(struct world *w, Lahetti__V1__ClientFrame__BodyCase body)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Login login = LAHETTI__V1__LOGIN__INIT;
	Lahetti__V1__ReadCheckpoint read = LAHETTI__V1__READ_CHECKPOINT__INIT;
	struct session_piece piece = {.binary = true, .first = true, .last = true};

	frame.correlation = ++w->correlation;
	frame.body_case = body;
	if (body == LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN)
		frame.login = &login;
	else
		frame.read_checkpoint = &read;
	lahetti_arena_reset(&w->arena);
	piece.bytes = lahetti_message_pack(&frame.base, &w->arena);
	assert_non_null(piece.bytes.data);
	session_hear(w->session, &piece, w->now_us);
}

static void answer(struct world *w, const struct job *j, uint32_t flags)
{
	struct answer_head head = {
		.to = ANSWER_SESSION,
		.session = j->head.session,
		.flags = flags | ANSWER_COMPLETES,
	};
	struct answer *a;

	head.actor.user.bytes[15] = 1;
	a = answer_new(&head, lahetti_span(NULL, 0), NULL);
	assert_non_null(a);
	session_table_answer(w->table, a, w->now_us);
}

static void sign_in(struct world *w)
{
	hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN);
	assert_int_equal(w->n_jobs, 1);
	answer(w, w->jobs[0], ANSWER_SIGNS_IN | ANSWER_SPENDS_NONCE);
	assert_int_equal(session_table_count(w->table, SESSION_SIGNED_IN), 1);
}

static bool is_zero(const uint8_t nonce[32])
{
	static const uint8_t zero[32];

	return memcmp(nonce, zero, sizeof zero) == 0;
}

static enum session_speech_kind last_word(struct world *w, uint16_t *code)
{
	struct session_speech speech;

	do {
		speech = session_speak(w->session, w->now_us);
	} while (speech.kind == SESSION_MESSAGE);
	*code = speech.code;
	return speech.kind;
}

/* ---- tests --------------------------------------------------------------------------------- */

static void nonce_holds_for_a_minute(void **state)
{
	struct world *w = *state;

	w->now_us += 60 * SECOND_US;
	hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN);
	assert_false(is_zero(w->jobs[0]->head.nonce));
	answer(w, w->jobs[0], 0);
	w->now_us += 1;
	hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN);
	assert_true(is_zero(w->jobs[1]->head.nonce));
}

static void answer_to_a_session_that_is_gone_reaches_nobody(void **state)
{
	struct world *w = *state;
	struct session_peer peer;
	uint64_t before;

	hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN);
	before = w->jobs[0]->head.session;
	session_close(w->session);
	memset(&peer, 0, sizeof peer);
	w->session = session_open(w->table, w, &peer, w->now_us, NULL);
	w->correlation = 0;
	answer(w, w->jobs[0], ANSWER_SIGNS_IN);
	assert_int_equal(session_table_count(w->table, SESSION_SIGNED_IN), 0);
	hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN);
	assert_int_equal(w->n_jobs, 2);
	assert_true(w->jobs[1]->head.session != before);
}

static void what_comes_while_not_read_is_heard_in_order(void **state)
{
	struct world *w = *state;

	sign_in(w);
	for (int i = 0; i < 10; i++)
		hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_READ_CHECKPOINT);
	assert_false(w->reads);
	assert_int_equal(w->n_jobs, 1 + 2); /* as many as may be in flight */
	for (size_t i = 1; i <= 10; i++) {
		session_table_check(w->table);
		assert_int_equal(w->jobs[i]->head.correlation, i + 1);
		answer(w, w->jobs[i], 0);
	}
	assert_true(w->reads);
}

static void owner_that_reads_on_ends_the_session(void **state)
{
	struct world *w = *state;
	struct session_piece piece = {.binary = true, .first = true, .last = true};
	static const uint8_t bytes[40000];
	uint16_t code;

	sign_in(w);
	for (int i = 0; i < 2; i++)
		hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_READ_CHECKPOINT);
	piece.bytes = lahetti_span(bytes, sizeof bytes);
	for (int i = 0; i < 3; i++)
		session_hear(w->session, &piece, w->now_us);
	assert_int_equal(last_word(w, &code), SESSION_CLOSE);
	assert_int_equal(code, 1008);
}

static void job_that_is_not_taken_is_offered_again(void **state)
{
	struct world *w = *state;

	sign_in(w);
	w->room = 1;
	hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_READ_CHECKPOINT);
	hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_READ_CHECKPOINT);
	assert_false(w->reads);
	session_table_resume(w->table, w->now_us);
	assert_int_equal(w->n_jobs, 1);
	w->room = 2;
	session_table_resume(w->table, w->now_us);
	assert_int_equal(w->n_jobs, 2);
	w->room = 3;
	session_table_tick(w->table, w->now_us);
	assert_int_equal(w->n_jobs, 3);
	assert_int_equal(w->jobs[1]->head.correlation, 2);
	assert_int_equal(w->jobs[2]->head.correlation, 3);
}

static void drained_session_waits_for_its_answers(void **state)
{
	struct world *w = *state;
	uint16_t code;

	sign_in(w);
	hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_READ_CHECKPOINT);
	session_table_drain(w->table, w->now_us);
	assert_int_equal(last_word(w, &code), SESSION_SILENCE);
	answer(w, w->jobs[1], 0);
	assert_int_equal(last_word(w, &code), SESSION_CLOSE);
	assert_int_equal(code, 1001);
}

static void closing_session_is_cut_in_the_end(void **state)
{
	struct world *w = *state;

	sign_in(w);
	hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_READ_CHECKPOINT);
	session_table_drain(w->table, w->now_us);
	w->now_us += 5 * SECOND_US - 1;
	session_table_tick(w->table, w->now_us);
	assert_false(w->cut);
	w->now_us += 1;
	session_table_tick(w->table, w->now_us);
	assert_true(w->cut);
	answer(w, w->jobs[1], 0);
}

static void session_that_is_not_read_is_not_taken_for_dead(void **state)
{
	struct world *w = *state;

	w->options.limits.ping_s = 10;
	sign_in(w);
	for (int i = 0; i < 2; i++)
		hear(w, LAHETTI__V1__CLIENT_FRAME__BODY_READ_CHECKPOINT);
	while (session_speak(w->session, w->now_us).kind == SESSION_MESSAGE)
		;
	assert_false(w->reads);
	for (int i = 0; i < 100; i++) {
		w->now_us += SECOND_US;
		session_table_tick(w->table, w->now_us);
	}
	assert_false(w->cut);
	answer(w, w->jobs[1], 0);
	for (int i = 0; i < 30; i++) {
		w->now_us += SECOND_US;
		session_table_tick(w->table, w->now_us);
	}
	assert_true(w->cut);
}

/* What a peer has begun to say when its socket is left is no flood, however long it is. */
static void long_message_that_was_begun_is_heard_to_its_end(void **state)
{
	struct world *w = *state;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadDirectory read = LAHETTI__V1__READ_DIRECTORY__INIT;
	static char term[69000];
	static uint8_t page[60000];
	struct session_piece piece = {.binary = true, .first = true};
	struct answer_head push = {.to = ANSWER_DEVICE};
	struct lahetti_span all;
	struct answer *a;
	uint16_t code;

	sign_in(w);
	memset(term, 'x', sizeof term - 1);
	read.term = term;
	frame.correlation = ++w->correlation;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_DIRECTORY;
	frame.read_directory = &read;
	lahetti_arena_finish(&w->arena);
	assert_true(lahetti_arena_init(&w->arena, 2 * ARENA_SIZE, NULL));
	all = lahetti_message_pack(&frame.base, &w->arena);
	assert_non_null(all.data);

	piece.bytes = lahetti_span(all.data, 60000);
	session_hear(w->session, &piece, w->now_us);
	a = answer_new(&push, lahetti_span(page, sizeof page), NULL);
	assert_non_null(a);
	session_table_answer(w->table, a, w->now_us);
	assert_false(w->reads);
	piece.first = false;
	piece.last = true;
	piece.bytes = lahetti_span(all.data + 60000, all.len - 60000);
	session_hear(w->session, &piece, w->now_us);
	session_table_check(w->table);
	assert_int_equal(last_word(w, &code), SESSION_SILENCE);
	assert_int_equal(w->n_jobs, 2);
	assert_int_equal(w->jobs[1]->head.frame_len, all.len);
}

/* Who has not signed in needs little room, and gets no more. */
static void stranger_cannot_fill_the_memory(void **state)
{
	struct world *w = *state;
	static const uint8_t bytes[16385];
	struct session_piece piece = {.binary = true, .first = true};
	uint16_t code;

	piece.bytes = lahetti_span(bytes, 1000);
	piece.remaining = 15384;
	session_hear(w->session, &piece, w->now_us);
	assert_int_equal(session_table_count(w->table, SESSION_CLOSING), 0);
	piece.first = false;
	piece.bytes = lahetti_span(bytes, 15385);
	piece.remaining = 0;
	session_hear(w->session, &piece, w->now_us);
	assert_int_equal(last_word(w, &code), SESSION_CLOSE);
	assert_int_equal(code, 1009);
}

static void peer_that_takes_nothing_is_cut(void **state)
{
	struct world *w = *state;
	struct answer_head push = {.to = ANSWER_DEVICE};
	static const uint8_t page[30000];
	struct answer *a;

	w->options.limits.ping_s = 10;
	sign_in(w);
	while (session_speak(w->session, w->now_us).kind == SESSION_MESSAGE)
		;
	for (int i = 0; i < 2; i++) {
		a = answer_new(&push, lahetti_span(page, sizeof page), NULL);
		assert_non_null(a);
		session_table_answer(w->table, a, w->now_us);
	}
	assert_false(w->reads);
	/* One turn: it lives. */
	w->now_us += 14 * SECOND_US;
	session_table_tick(w->table, w->now_us);
	assert_int_equal(session_speak(w->session, w->now_us).kind, SESSION_MESSAGE);
	for (int i = 0; i < 2; i++) {
		a = answer_new(&push, lahetti_span(page, sizeof page), NULL);
		assert_non_null(a);
		session_table_answer(w->table, a, w->now_us);
	}
	assert_false(w->reads);
	for (int i = 0; i < 14; i++) {
		w->now_us += SECOND_US;
		session_table_tick(w->table, w->now_us);
	}
	assert_false(w->cut);
	for (int i = 0; i < 8; i++) {
		w->now_us += SECOND_US;
		session_table_tick(w->table, w->now_us);
	}
	assert_true(w->cut);
}

/* Otherwise one who takes a long queue slowly would never be asked whether they live. */
static void ping_goes_before_what_is_queued(void **state)
{
	struct world *w = *state;
	struct answer_head push = {.to = ANSWER_DEVICE};
	static const uint8_t page[1000];
	struct answer *a;

	w->options.limits.ping_s = 10;
	sign_in(w);
	while (session_speak(w->session, w->now_us).kind == SESSION_MESSAGE)
		;
	w->now_us += 11 * SECOND_US;
	session_table_tick(w->table, w->now_us);
	a = answer_new(&push, lahetti_span(page, sizeof page), NULL);
	assert_non_null(a);
	session_table_answer(w->table, a, w->now_us);
	assert_int_equal(session_speak(w->session, w->now_us).kind, SESSION_PING);
	assert_int_equal(session_speak(w->session, w->now_us).kind, SESSION_MESSAGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nonce_holds_for_a_minute),
		TEST(answer_to_a_session_that_is_gone_reaches_nobody),
		TEST(what_comes_while_not_read_is_heard_in_order),
		TEST(owner_that_reads_on_ends_the_session),
		TEST(job_that_is_not_taken_is_offered_again),
		TEST(drained_session_waits_for_its_answers),
		TEST(closing_session_is_cut_in_the_end),
		TEST(session_that_is_not_read_is_not_taken_for_dead),
		TEST(long_message_that_was_begun_is_heard_to_its_end),
		TEST(stranger_cannot_fill_the_memory),
		TEST(peer_that_takes_nothing_is_cut),
		TEST(ping_goes_before_what_is_queued),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
