/*
 * p1, p7: a crowd of sessions that send what they like when they like, several frames under way
 * each, and go in the middle of it; some do not read for long; then the server is told to stop in
 * the middle of it all. Whatever happens, each answer is one that the frame can have, what was
 * acknowledged is there afterwards with the same receipt, and the server ends in order.
 *
 * What is done follows from a number that is told when the test fails: CROWD_SEED runs it again.
 */

#include "county.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SESSIONS   14
#define STEPS	   1500
#define DRAINS	   3
#define FLIGHT	   8
#define STATEMENTS 512
#define DELIVERIES 256
#define ARENA	   (1u << 20)

/* A statement that was sent, and the receipt's event once it was acknowledged. */
struct sent {
	struct writing writing;
	bool acknowledged;
	size_t event_len;
	uint8_t event[2048];
};

/* One of a person's sessions, and what it waits for. */
struct member {
	struct person person;
	enum part { WORKER, COACH, OFFICER, ADMIN } part;
	unsigned in_flight;
	struct {
		uint64_t correlation;
		Lahetti__V1__ClientFrame__BodyCase asked;
		struct sent *sent;
	} asked[FLIGHT];
	bool lazy; /* reads only when it must */
};

struct crowd {
	struct county county;
	uint64_t seed;
	struct member members[SESSIONS];
	struct sent *sent;
	size_t n_sent;
	struct lahetti_id clients[4], cases[4];
	struct lahetti_id deliveries[DELIVERIES]; /* that a coach has heard of */
	size_t n_deliveries;
	struct lahetti_arena arena;
	unsigned gone, answered, errors; /* told, so that one sees what was tried */
};

static unsigned any_of(struct crowd *c, unsigned n)
{
	c->seed = c->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(c->seed >> 33) % n;
}

/* Answers
 * -----------------------------------------------------------------------------------------------------
 */

static void note_accepted(struct sent *s, const Lahetti__V1__Accepted *accepted)
{
	const ProtobufCBinaryData *event = &accepted->receipt->event;

	assert_true(event->len <= sizeof s->event);
	if (s->acknowledged) {
		assert_int_equal(s->event_len, event->len);
		assert_memory_equal(s->event, event->data, event->len);
	}
	s->acknowledged = true;
	s->event_len = event->len;
	memcpy(s->event, event->data, event->len);
}

static void note_notice(struct crowd *c, const Lahetti__V1__Notice *notice)
{
	if (c->n_deliveries < DELIVERIES)
		assert_true(lahetti_id_read(&c->deliveries[c->n_deliveries++],
					    lahetti_bytes_span(notice->delivery), NULL));
}

/* What each frame that is sent here may be answered with, beside an error. */
static Lahetti__V1__ServerFrame__BodyCase answer_to(Lahetti__V1__ClientFrame__BodyCase asked)
{
	switch (asked) {
	case LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT:
		return LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED;
	case LAHETTI__V1__CLIENT_FRAME__BODY_SUBSCRIBE:
		return LAHETTI__V1__SERVER_FRAME__BODY_SUBSCRIBED;
	case LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS:
		return LAHETTI__V1__SERVER_FRAME__BODY_CLIENTS;
	case LAHETTI__V1__CLIENT_FRAME__BODY_READ_DIRECTORY:
		return LAHETTI__V1__SERVER_FRAME__BODY_DIRECTORY;
	case LAHETTI__V1__CLIENT_FRAME__BODY_READ_SENT:
		return LAHETTI__V1__SERVER_FRAME__BODY_SENT;
	case LAHETTI__V1__CLIENT_FRAME__BODY_READ_CHECKPOINT:
		return LAHETTI__V1__SERVER_FRAME__BODY_CHECKPOINT;
	case LAHETTI__V1__CLIENT_FRAME__BODY_READ_INCLUSION:
		return LAHETTI__V1__SERVER_FRAME__BODY_PROOF;
	case LAHETTI__V1__CLIENT_FRAME__BODY_WHO_SAW:
	case LAHETTI__V1__CLIENT_FRAME__BODY_READ_TRAIL:
		return LAHETTI__V1__SERVER_FRAME__BODY_TRAIL;
	default:
		return LAHETTI__V1__SERVER_FRAME__BODY_DONE;
	}
}

static void note_answer(struct crowd *c, struct member *m, const Lahetti__V1__ServerFrame *frame)
{
	unsigned i = 0;

	if (frame->body_case == LAHETTI__V1__SERVER_FRAME__BODY_NOTICE)
		note_notice(c, frame->notice);
	if (frame->correlation == 0)
		return;
	while (i < m->in_flight && m->asked[i].correlation != frame->correlation)
		i++;
	/* Notices that come before Subscribed have no number of their own. */
	assert_true(i < m->in_flight);
	c->answered++;
	if (frame->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ERROR) {
		c->errors++;
		assert_string_not_equal("server-fault", frame->error->code);
	} else {
		assert_int_equal(answer_to(m->asked[i].asked), frame->body_case);
		if (frame->body_case == LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED)
			note_accepted(m->asked[i].sent, frame->accepted);
	}
	m->asked[i] = m->asked[--m->in_flight];
}

static void leave(struct member *m)
{
	person_sign_out(&m->person);
	m->in_flight = 0;
}

/* Hears until so many frames are under way at most, or the server has closed the session. */
static void hear(struct crowd *c, struct member *m, unsigned most)
{
	while (m->person.peer != NULL && m->in_flight > most) {
		struct lahetti_fault f = {0};
		const Lahetti__V1__ServerFrame *frame;

		lahetti_arena_reset(&m->person.arena);
		frame = lahetti_peer_next(m->person.peer, 120000, &m->person.arena, &f);
		if (frame != NULL) {
			note_answer(c, m, frame);
			continue;
		}
		assert_string_equal("connection-lost", f.code);
		c->gone++;
		leave(m);
	}
}

/* Frames
 * ------------------------------------------------------------------------------------------------------
 */

static void ask(struct crowd *c, struct member *m, Lahetti__V1__ClientFrame *frame,
		struct sent *sent)
{
	struct lahetti_fault f = {0};

	hear(c, m, FLIGHT - 1);
	if (m->person.peer == NULL)
		return;
	if (!lahetti_peer_send(m->person.peer, frame, &m->asked[m->in_flight].correlation, &f)) {
		assert_string_equal("connection-lost", f.code);
		c->gone++;
		leave(m);
		return;
	}
	m->asked[m->in_flight].asked = frame->body_case;
	m->asked[m->in_flight++].sent = sent;
}

static void submit(struct crowd *c, struct member *m, struct sent *s)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Submit body = LAHETTI__V1__SUBMIT__INIT;

	lahetti_arena_reset(&c->arena);
	body.envelope =
		lahetti_message_read(&lahetti__v1__envelope__descriptor, s->writing.envelope,
				     LAHETTI_MESSAGE_FRAME, &c->arena, NULL);
	assert_non_null(body.envelope);
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT;
	frame.submit = &body;
	ask(c, m, &frame, s);
}

static void refer(struct crowd *c, struct member *m)
{
	unsigned client = any_of(c, 4);
	Lahetti__V1__Referral body;
	struct sent *s;

	/* Now and then one that was sent already, by this session or another. */
	if (c->n_sent > 0 && (c->n_sent == STATEMENTS || any_of(c, 4) == 0)) {
		submit(c, m, &c->sent[any_of(c, (unsigned)c->n_sent)]);
		return;
	}
	s = &c->sent[c->n_sent++];
	writing_begin(&s->writing, &m->person, LAHETTI_KIND_REFERRAL, &c->clients[client],
		      &c->cases[client]);
	writing_to_queue(&s->writing, &m->person.organisation, &c->county.team);
	referral_fill(&body);
	writing_sign(&s->writing, &body.base, m->person.key);
	submit(c, m, s);
}

static void handle_delivery(struct crowd *c, struct member *m)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__HandedOver arrived = LAHETTI__V1__HANDED_OVER__INIT;
	Lahetti__V1__Claim claim = LAHETTI__V1__CLAIM__INIT;
	Lahetti__V1__Release release = LAHETTI__V1__RELEASE__INIT;
	ProtobufCBinaryData delivery;

	if (c->n_deliveries == 0)
		return;
	delivery = lahetti_bytes(
		lahetti_id_span(&c->deliveries[any_of(c, (unsigned)c->n_deliveries)]));
	switch (any_of(c, 3)) {
	case 0:
		arrived.deliveries = &delivery;
		arrived.n_deliveries = 1;
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_HANDED_OVER;
		frame.handed_over = &arrived;
		break;
	case 1:
		claim.delivery = delivery;
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_CLAIM;
		frame.claim = &claim;
		break;
	default:
		release.delivery = delivery;
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_RELEASE;
		frame.release = &release;
		break;
	}
	ask(c, m, &frame, NULL);
}

static void look(struct crowd *c, struct member *m)
{
	static char term[] = "a";
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Subscribe subscribe = LAHETTI__V1__SUBSCRIBE__INIT;
	Lahetti__V1__FindClients find = LAHETTI__V1__FIND_CLIENTS__INIT;
	Lahetti__V1__ReadDirectory directory = LAHETTI__V1__READ_DIRECTORY__INIT;
	Lahetti__V1__ReadSent sent = LAHETTI__V1__READ_SENT__INIT;
	Lahetti__V1__ReadCheckpoint checkpoint = LAHETTI__V1__READ_CHECKPOINT__INIT;
	Lahetti__V1__ReadInclusion inclusion = LAHETTI__V1__READ_INCLUSION__INIT;
	Lahetti__V1__WhoSaw who = LAHETTI__V1__WHO_SAW__INIT;
	Lahetti__V1__ReadTrail trail = LAHETTI__V1__READ_TRAIL__INIT;

	switch (any_of(c, 8)) {
	case 0:
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBSCRIBE;
		frame.subscribe = &subscribe;
		break;
	case 1:
		find.term = term;
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS;
		frame.find_clients = &find;
		break;
	case 2:
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_DIRECTORY;
		frame.read_directory = &directory;
		break;
	case 3:
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_SENT;
		frame.read_sent = &sent;
		break;
	case 4:
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_CHECKPOINT;
		frame.read_checkpoint = &checkpoint;
		break;
	case 5:
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_INCLUSION;
		frame.read_inclusion = &inclusion;
		break;
	case 6:
		who.client = lahetti_bytes(lahetti_id_span(&c->clients[any_of(c, 4)]));
		who.proofs = 1;
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_WHO_SAW;
		frame.who_saw = &who;
		break;
	default:
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_TRAIL;
		frame.read_trail = &trail;
		break;
	}
	ask(c, m, &frame, NULL);
}

/* The crowd
 * ---------------------------------------------------------------------------------------------------
 */

static void step(struct crowd *c, struct member *m)
{
	if (m->person.peer == NULL) {
		county_sign_in(&m->person);
		return;
	}
	switch (any_of(c, 12)) {
	case 0:
		/* In the middle of it; the answers are for nobody then. */
		if (any_of(c, 4) == 0)
			leave(m);
		return;
	case 1:
	case 2:
	case 3:
		if (!m->lazy)
			hear(c, m, any_of(c, FLIGHT));
		return;
	case 4:
	case 5:
		look(c, m);
		return;
	default:
		if (m->part == WORKER)
			refer(c, m);
		else if (m->part == COACH)
			handle_delivery(c, m);
		else
			look(c, m);
	}
}

static void gather(struct crowd *c)
{
	const struct county *from = &c->county;
	struct lahetti_fault f = {0};

	for (unsigned i = 0; i < SESSIONS; i++) {
		struct member *m = &c->members[i];

		m->part = i < 6 ? WORKER : i < 10 ? COACH : i < 12 ? OFFICER : ADMIN;
		m->person = m->part == WORKER	 ? from->worker
			    : m->part == COACH	 ? from->coach
			    : m->part == OFFICER ? from->officer
						 : from->admin;
		m->person.peer = NULL;
		m->person.house = &c->county.house;
		m->lazy = i % 5 == 4;
		assert_true(lahetti_arena_init(&m->person.arena, ARENA, &f));
	}
	county_sign_in(&c->county.worker);
	for (unsigned i = 0; i < 4; i++)
		person_add_client(&c->county.worker, "Esimerkki", "", &c->clients[i], &c->cases[i]);
	person_sign_out(&c->county.worker);
}

/* Told to stop while frames of everybody are under way. */
static void drain(struct crowd *c)
{
	for (unsigned i = 0; i < SESSIONS; i++) {
		struct member *m = &c->members[i];

		if (m->person.peer == NULL)
			county_sign_in(&m->person);
		for (unsigned k = 0; k < FLIGHT / 2; k++)
			if (m->person.peer != NULL)
				step(c, m);
	}
	house_stop(&c->county.house, SIGTERM);
	for (unsigned i = 0; i < SESSIONS; i++) {
		/* What it had answered before it went is heard. */
		hear(c, &c->members[i], 0);
		leave(&c->members[i]);
	}
}

/* Each of them is there, and as it was acknowledged. */
static void ask_all_again(struct crowd *c)
{
	struct member *m = &c->members[0];

	county_sign_in(&m->person);
	for (size_t i = 0; i < c->n_sent; i++) {
		submit(c, m, &c->sent[i]);
		hear(c, m, 0);
		assert_true(c->sent[i].acknowledged);
	}
	leave(m);
}

static void p1_p7_a_crowd_loses_nothing_and_the_server_ends_in_order(void **state)
{
	struct crowd *c = calloc(1, sizeof *c);
	const char *seed = getenv("CROWD_SEED");
	struct lahetti_fault f = {0};

	(void)state;
	assert_non_null(c);
	c->sent = calloc(STATEMENTS, sizeof *c->sent);
	assert_non_null(c->sent);
	c->seed = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)lahetti_now_us();
	print_message("CROWD_SEED=%" PRIu64 "\n", c->seed);
	assert_true(lahetti_arena_init(&c->arena, ARENA, &f));
	county_make_with(&c->county,
			 "workers = 3\nframe-bytes = 300000\nout-queue-bytes = 300000\n");
	gather(c);
	for (unsigned i = 0; i < DRAINS; i++) {
		for (unsigned k = 0; k < STEPS / DRAINS; k++)
			step(c, &c->members[any_of(c, SESSIONS)]);
		drain(c);
		house_start(&c->county.house);
	}
	ask_all_again(c);
	print_message("%zu statements, %u answers, %u of them errors, %u sessions closed on us\n",
		      c->n_sent, c->answered, c->errors, c->gone);
	assert_true(c->n_sent > 0 && c->answered > 0);
	for (size_t i = 0; i < c->n_sent; i++)
		writing_finish(&c->sent[i].writing);
	for (unsigned i = 0; i < SESSIONS; i++)
		lahetti_arena_finish(&c->members[i].person.arena);
	lahetti_arena_finish(&c->arena);
	county_end(&c->county);
	free(c->sent);
	free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p1_p7_a_crowd_loses_nothing_and_the_server_ends_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
