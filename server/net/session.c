#include "session.h"

#include "index.h"
#include "messages.h"

#include "lahetti/message.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define SECOND_US	INT64_C(1000000)
#define NONCE_US	(60 * SECOND_US)
#define CLOSING_MOST_US (5 * SECOND_US) /* then the socket is cut */
#define HASTY_MOST	10		/* frames in a row that came too fast; then it is a flood */
#define STRANGER_FLIGHT 1     /* one frame at a time, so that a nonce is never given to two jobs */
#define STRANGER_FRAME	16384 /* bytes: more than a login or an enrolment takes */
/* Bytes that may have come when another message does: a socket that is left gives up to a TLS
 * record more, and the end of a message that had begun. */
#define BACKLOG_MOST 65536

/* ---- what is where ------------------------------------------------------------------------- */

struct session {
	struct session_table *table;
	void *socket;
	struct job_head head; /* as every job of the session begins */
	enum session_state state;
	TAILQ_ENTRY(session) in_state;
	int64_t since_us; /* opened, last heard, began to close: by state, what the state's list is
			     ordered by */

	/* Hearing. */
	struct lahetti_buffer message;	 /* pieces of the message that is coming */
	uint64_t correlation;		 /* of the newest frame */
	uint32_t in_flight;		 /* jobs that the desk has taken and not answered */
	struct job *waiting;		 /* one that it has not taken yet */
	TAILQ_ENTRY(session) in_stalled; /* while one waits */
	bool reading;
	struct messages backlog;       /* what came although the socket is not to be read */
	uint32_t hasty;		       /* frames refused in a row for coming too fast */
	int64_t requests_us, pings_us; /* buckets */

	/* Signs of life. */
	TAILQ_ENTRY(session) in_round;
	int64_t check_us;
	int64_t heard_us;
	int64_t spoke_us; /* when the socket last took a message, or had none to take */

	/* Speaking. */
	struct messages queue;
	struct message *said;
	bool ping_due;
	bool asked; /* for a turn */

	/* Closing. */
	uint16_t close_code;
	const char *close_reason;
	bool waits; /* for the answers to what is in flight */

	/* Signed in. */
	bool subscribed;
	struct link by_user, by_unit, by_device;
};
TAILQ_HEAD(session_list, session);

struct slot {
	struct session *session; /* NULL: free */
	uint32_t generation;	 /* so that no number comes twice */
	uint32_t next;		 /* free slot, 0 for none; counted from 1 */
};

struct session_table {
	const struct net_options *options;
	struct session_calls calls;
	struct slot *slots;
	uint32_t slots_used; /* ever */
	uint32_t free_slot;  /* counted from 1 */
	struct session_list states[SESSION_STATES];
	size_t counts[SESSION_STATES];
	size_t anonymous; /* strangers without a client certificate */
	struct session_list stalled;
	struct session_list round; /* ordered by check_us */
	struct index users, units, devices;
	struct lahetti_arena arena; /* of the frame that is being heard or packed */
	struct session_counters counters;
};

/* ---- indices ------------------------------------------------------------------------------- */

static void index_session(struct session *s)
{
	struct session_table *t = s->table;
	const struct job_actor *a = &s->head.actor;

	index_add(&t->users, lahetti_id_span(&a->user), &s->by_user, s);
	index_add(&t->units, lahetti_id_span(&a->unit), &s->by_unit, s);
	index_add(&t->devices, lahetti_digest_span(&a->device), &s->by_device, s);
}

static void unindex_session(struct session *s)
{
	index_remove(&s->by_user);
	index_remove(&s->by_unit);
	index_remove(&s->by_device);
}

/* ---- the table ----------------------------------------------------------------------------- */

struct session_table *session_table_create(const struct net_options *options,
					   const struct session_calls *calls,
					   struct lahetti_fault *f)
{
	size_t most = options->limits.sessions;
	struct session_table *t = calloc(1, sizeof *t);

	if (t == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	t->options = options;
	t->calls = *calls;
	for (int i = 0; i < SESSION_STATES; i++)
		TAILQ_INIT(&t->states[i]);
	TAILQ_INIT(&t->stalled);
	TAILQ_INIT(&t->round);
	t->slots = calloc(most + 1, sizeof *t->slots);
	if (t->slots == NULL) {
		lahetti_fault_no_memory(f);
		goto out;
	}
	if (!index_init(&t->users, most, f) || !index_init(&t->units, most, f) ||
	    !index_init(&t->devices, most, f))
		goto out;
	if (!lahetti_arena_init(&t->arena, 4 * (size_t)options->limits.frame + 65536, f))
		goto out;
	return t;
out:
	session_table_destroy(t);
	return NULL;
}

void session_table_destroy(struct session_table *t)
{
	if (t == NULL)
		return;
	while (!TAILQ_EMPTY(&t->round))
		session_close(TAILQ_FIRST(&t->round));
	lahetti_arena_finish(&t->arena);
	index_finish(&t->users);
	index_finish(&t->units);
	index_finish(&t->devices);
	free(t->slots);
	free(t);
}

static bool slot_take(struct session_table *t, struct session *s)
{
	uint32_t place = t->free_slot;
	struct slot *slot;

	if (place != 0)
		t->free_slot = t->slots[place].next;
	else if (t->slots_used < t->options->limits.sessions)
		place = ++t->slots_used;
	else
		return false;
	slot = &t->slots[place];
	slot->session = s;
	slot->generation++;
	s->head.session = (uint64_t)slot->generation << 32 | place;
	return true;
}

static void slot_give(struct session *s)
{
	struct session_table *t = s->table;
	uint32_t place = (uint32_t)s->head.session;

	t->slots[place].session = NULL;
	t->slots[place].next = t->free_slot;
	t->free_slot = place;
}

static struct session *find(const struct session_table *t, uint64_t number)
{
	uint32_t place = (uint32_t)number;

	if (place == 0 || place > t->slots_used || t->slots[place].generation != number >> 32)
		return NULL;
	return t->slots[place].session;
}

static bool is_anonymous(const struct session *s)
{
	static const struct lahetti_digest none;

	return s->state == SESSION_STRANGER && lahetti_digest_equal(&s->head.peer_key, &none);
}

/* The only place where the state changes. */
static void enter(struct session *s, enum session_state state, int64_t now_us)
{
	struct session_table *t = s->table;

	TAILQ_REMOVE(&t->states[s->state], s, in_state);
	t->counts[s->state]--;
	t->anonymous -= is_anonymous(s);
	s->state = state;
	s->since_us = now_us;
	TAILQ_INSERT_TAIL(&t->states[state], s, in_state);
	t->counts[state]++;
	t->anonymous += is_anonymous(s);
}

/* A token bucket that holds two seconds' worth, kept as the instant at which it will be full. */
static bool bucket_take(int64_t *full_us, uint32_t a_second, int64_t now_us)
{
	int64_t cost = SECOND_US / (a_second == 0 ? 1 : a_second);

	if (*full_us < now_us)
		*full_us = now_us;
	if (*full_us + cost > now_us + 2 * SECOND_US)
		return false;
	*full_us += cost;
	return true;
}

/* ---- speaking ------------------------------------------------------------------------------ */

static void want_write(struct session *s)
{
	if (s->asked)
		return;
	s->asked = true;
	s->table->calls.want_write(s->socket);
}

/* Reads the socket or leaves it, as what is under way allows. A closing one is read: its peer's
 * close must be seen. */
static void steer(struct session *s)
{
	const struct net_limits *l = &s->table->options->limits;
	uint32_t flight = s->state == SESSION_STRANGER ? STRANGER_FLIGHT : l->in_flight;
	bool on = s->state == SESSION_CLOSING || (s->waiting == NULL && s->in_flight < flight &&
						  s->queue.bytes <= l->out_queue / 2);

	if (on == s->reading)
		return;
	s->reading = on;
	if (!on)
		s->table->counters.pauses++;
	s->table->calls.read(s->socket, on);
}

static void forget_waiting(struct session *s)
{
	if (s->waiting == NULL)
		return;
	TAILQ_REMOVE(&s->table->stalled, s, in_stalled);
	job_destroy(s->waiting);
	s->waiting = NULL;
}

static void begin_closing(struct session *s, uint16_t code, const char *reason, bool waits,
			  int64_t now_us)
{
	if (s->state == SESSION_CLOSING)
		return;
	unindex_session(s);
	enter(s, SESSION_CLOSING, now_us);
	s->close_code = code;
	s->close_reason = reason;
	s->waits = waits;
	s->ping_due = false;
	messages_forget(&s->backlog);
	if (!waits)
		forget_waiting(s);
	steer(s);
	want_write(s);
}

static void end(struct session *s, enum session_error e, uint64_t correlation, int64_t now_us);

static void queue(struct session *s, struct lahetti_span frame, int64_t now_us)
{
	if (frame.len > s->table->options->limits.out_queue - s->queue.bytes) {
		if (s->state == SESSION_CLOSING && !s->waits)
			return;
		messages_forget(&s->queue);
		s->waits = false;
		end(s, SESSION_ERROR_TOO_SLOW, 0, now_us);
		return;
	}
	if (messages_empty(&s->queue))
		s->spoke_us = now_us;
	if (!messages_add(&s->queue, frame)) {
		begin_closing(s, 1011, "no-memory", false, now_us);
		return;
	}
	steer(s);
	want_write(s);
}

static void say(struct session *s, const Lahetti__V1__ServerFrame *frame, int64_t now_us)
{
	struct lahetti_span packed = lahetti_message_pack(&frame->base, &s->table->arena);

	/* What is made here is small, and the arena was emptied for it. */
	if (packed.data != NULL)
		queue(s, packed, now_us);
}

/* With the code of a fault where there is one. */
static void say_error(struct session *s, enum session_error e, const struct lahetti_fault *fault,
		      uint64_t correlation, int64_t now_us)
{
	Lahetti__V1__Error error = LAHETTI__V1__ERROR__INIT;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	const char *code = fault != NULL ? fault->code : error_row(e)->code;

	s->table->counters.errors[e]++;
	lahetti_arena_reset(&s->table->arena);
	error.code = lahetti_text(code);
	error.sentence = lahetti_text(error_sentence(code, s->head.language));
	error.class_ = error_row(e)->class;
	frame.correlation = correlation;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_ERROR;
	frame.error = &error;
	say(s, &frame, now_us);
}

/* Tells a fatal error and closes with its code. */
static void end(struct session *s, enum session_error e, uint64_t correlation, int64_t now_us)
{
	begin_closing(s, error_row(e)->close, error_row(e)->code, false, now_us);
	say_error(s, e, NULL, correlation, now_us);
}

static void refuse(struct session *s, enum session_error e, uint64_t correlation, int64_t now_us)
{
	if (error_row(e)->close != 0)
		end(s, e, correlation, now_us);
	else
		say_error(s, e, NULL, correlation, now_us);
}

static void count_idle_talk(struct session *s, int64_t now_us)
{
	if (!bucket_take(&s->pings_us, s->table->options->limits.pings_a_second, now_us))
		end(s, SESSION_ERROR_TOO_MANY_PINGS, 0, now_us);
}

/* ---- opening, closing ---------------------------------------------------------------------- */

static void greet(struct session *s, int64_t now_us)
{
	const struct net_options *o = s->table->options;
	Lahetti__V1__Limits limits = LAHETTI__V1__LIMITS__INIT;
	Lahetti__V1__Greeting greeting = LAHETTI__V1__GREETING__INIT;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;

	lahetti_arena_reset(&s->table->arena);
	limits.frame = o->limits.frame;
	limits.statement = o->statement_limit;
	limits.recipients = o->recipient_limit;
	limits.attachment = o->attachment_limit;
	limits.attachments = o->attachments_limit;
	limits.uploads = o->uploads_limit;
	limits.requests_a_second = o->limits.requests_a_second;
	limits.in_flight = o->limits.in_flight;
	greeting.version_least = 1;
	greeting.version_most = 1;
	greeting.server_name = lahetti_text(o->server_name);
	greeting.generation = o->generation;
	greeting.nonce = lahetti_bytes(lahetti_span(s->head.nonce, sizeof s->head.nonce));
	greeting.time_us = s->head.nonce_us;
	greeting.software = lahetti_text(o->software);
	greeting.log_key = lahetti_text(o->log_key);
	greeting.limits = &limits;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_GREETING;
	frame.greeting = &greeting;
	say(s, &frame, now_us);
}

struct session *session_open(struct session_table *t, void *socket, const struct session_peer *peer,
			     int64_t now_us, struct lahetti_fault *f)
{
	const struct net_limits *l = &t->options->limits;
	bool full = t->anonymous + l->sessions_reserved >= l->sessions;
	struct session *s = calloc(1, sizeof *s);

	if (s == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	if (!lahetti_random(s->head.nonce, sizeof s->head.nonce, f)) {
		free(s);
		return NULL;
	}
	if (!slot_take(t, s)) {
		lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, error_row(SESSION_ERROR_TOO_MANY_SESSIONS)->code,
			"%s",
			error_sentence(error_row(SESSION_ERROR_TOO_MANY_SESSIONS)->code, "en"));
		free(s);
		return NULL;
	}
	s->table = t;
	s->socket = socket;
	memcpy(s->head.language, "fi", sizeof "fi");
	memcpy(s->head.exporter, peer->exporter, sizeof s->head.exporter);
	memcpy(s->head.address, peer->address, sizeof s->head.address);
	s->head.peer_key = peer->key;
	s->head.nonce_us = lahetti_now_us();
	s->state = SESSION_STRANGER;
	s->since_us = s->heard_us = now_us;
	TAILQ_INSERT_TAIL(&t->states[s->state], s, in_state);
	t->counts[s->state]++;
	full = full && is_anonymous(s);
	t->anonymous += is_anonymous(s);
	s->check_us = now_us + l->ping_s * SECOND_US / 2;
	TAILQ_INSERT_TAIL(&t->round, s, in_round);
	lahetti_buffer_init(&s->message, l->frame);
	s->reading = true;
	messages_init(&s->backlog);
	messages_init(&s->queue);
	s->requests_us = s->pings_us = now_us;

	if (full)
		end(s, SESSION_ERROR_TOO_MANY_SESSIONS, 0, now_us);
	else
		greet(s, now_us);
	return s;
}

void session_close(struct session *s)
{
	struct session_table *t;

	if (s == NULL)
		return;
	t = s->table;
	forget_waiting(s);
	messages_forget(&s->backlog);
	messages_forget(&s->queue);
	message_destroy(s->said);
	lahetti_buffer_finish(&s->message);
	unindex_session(s);
	TAILQ_REMOVE(&t->round, s, in_round);
	TAILQ_REMOVE(&t->states[s->state], s, in_state);
	t->counts[s->state]--;
	t->anonymous -= is_anonymous(s);
	slot_give(s);
	lahetti_wipe(s, sizeof *s);
	free(s);
}

static void cut(struct session *s)
{
	void (*cut_socket)(void *) = s->table->calls.cut;
	void *socket = s->socket;

	session_close(s);
	cut_socket(socket);
}

/* ---- hearing ------------------------------------------------------------------------------- */

/* Gives the desk the job that waits, where its queue has room. */
static void offer(struct session *s)
{
	struct session_table *t = s->table;
	struct job *j = s->waiting;

	if (j == NULL || !t->options->take(t->options->context, j))
		return;
	s->waiting = NULL;
	s->in_flight++;
	TAILQ_REMOVE(&t->stalled, s, in_stalled);
}

static void hand_on(struct session *s, const Lahetti__V1__ClientFrame *frame,
		    struct lahetti_span bytes, int64_t now_us)
{
	static const uint8_t spent[sizeof s->head.nonce];
	struct job_head head = s->head;
	struct job *j;

	head.correlation = frame->correlation;
	head.received_us = lahetti_now_us();
	head.frame = (uint32_t)frame->body_case;
	if (s->state != SESSION_STRANGER || now_us - s->since_us > NONCE_US)
		memcpy(head.nonce, spent, sizeof head.nonce);
	j = job_new(&head, bytes, NULL);
	if (j == NULL) {
		say_error(s, SESSION_ERROR_NO_MEMORY, NULL, frame->correlation, now_us);
		return;
	}
	s->waiting = j;
	TAILQ_INSERT_TAIL(&s->table->stalled, s, in_stalled);
	offer(s);
	steer(s);
}

/* In which language the session is spoken to: as login or enrolment ask, where it is one of ours.
 */
static void learn_language(struct session *s, const Lahetti__V1__ClientFrame *frame)
{
	static const char languages[][4] = {"fi", "sv", "en"};
	const char *asked = NULL;

	if (frame->body_case == LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN)
		asked = frame->login->language;
	else if (frame->body_case == LAHETTI__V1__CLIENT_FRAME__BODY_ENROL)
		asked = frame->enrol->language;
	for (size_t i = 0; asked != NULL && i < sizeof languages / sizeof *languages; i++)
		if (strcmp(asked, languages[i]) == 0)
			memcpy(s->head.language, languages[i], sizeof languages[i]);
}

static void on_bye(struct session *s, uint64_t correlation, int64_t now_us)
{
	Lahetti__V1__Done done = LAHETTI__V1__DONE__INIT;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;

	lahetti_arena_reset(&s->table->arena);
	frame.correlation = correlation;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_DONE;
	frame.done = &done;
	say(s, &frame, now_us);
	begin_closing(s, 1000, "bye", true, now_us);
}

/* SESSION_ERRORS: nothing is wrong with it. */
static enum session_error judge(struct session *s, const struct frame_row *row, int64_t now_us)
{
	const struct net_limits *l = &s->table->options->limits;
	uint32_t here = s->state == SESSION_STRANGER ? FRAME_STRANGER : FRAME_SIGNED_IN;

	if (!bucket_take(&s->requests_us, l->requests_a_second, now_us)) {
		s->hasty++;
		return s->hasty > HASTY_MOST ? SESSION_ERROR_FLOOD
					     : SESSION_ERROR_TOO_MANY_REQUESTS;
	}
	s->hasty = 0;
	if (row->road == FRAME_ROAD_NONE)
		return SESSION_ERROR_UNKNOWN_FRAME;
	if ((row->states & here) == 0)
		return s->state == SESSION_STRANGER ? SESSION_ERROR_NOT_SIGNED_IN
						    : SESSION_ERROR_ALREADY_SIGNED_IN;
	return SESSION_ERRORS;
}

_Static_assert(LAHETTI__V1__CLIENT_FRAME__BODY_BYE < SESSION_FRAMES_MOST, "room for every frame");

static void hear_frame(struct session *s, struct lahetti_span bytes, int64_t now_us)
{
	struct session_table *t = s->table;
	struct lahetti_fault fault = {0};
	const Lahetti__V1__ClientFrame *frame;
	const struct frame_row *row;
	enum session_error error;
	uint32_t number;

	lahetti_arena_reset(&t->arena);
	frame = lahetti_message_read(&lahetti__v1__client_frame__descriptor, bytes,
				     LAHETTI_MESSAGE_FRAME, &t->arena, &fault);
	if (frame == NULL) {
		begin_closing(s, error_row(SESSION_ERROR_BAD_MESSAGE)->close, fault.code, false,
			      now_us);
		say_error(s, SESSION_ERROR_BAD_MESSAGE, &fault, 0, now_us);
		return;
	}
	if (frame->correlation <= s->correlation) {
		end(s, SESSION_ERROR_BAD_CORRELATION, 0, now_us);
		return;
	}
	s->correlation = frame->correlation;
	number = (uint32_t)frame->body_case;
	row = frame_row(number);
	if (row->road == FRAME_ROAD_NONE)
		number = 0;
	error = judge(s, row, now_us);
	if (error != SESSION_ERRORS) {
		t->counters.refused[number]++;
		refuse(s, error, frame->correlation, now_us);
		return;
	}
	t->counters.taken[number]++;
	if (s->state == SESSION_SIGNED_IN)
		enter(s, SESSION_SIGNED_IN, now_us);
	if (row->road == FRAME_ROAD_LOOP) {
		on_bye(s, frame->correlation, now_us);
		return;
	}
	learn_language(s, frame);
	hand_on(s, frame, bytes, now_us);
}

/* Reads on or stops, and hears what has waited for that. */
static void go_on(struct session *s, int64_t now_us)
{
	struct message *m;

	steer(s);
	while (s->reading && (m = messages_take(&s->backlog)) != NULL) {
		hear_frame(s, lahetti_span(m->bytes, m->len), now_us);
		message_destroy(m);
	}
}

static void hear_message(struct session *s, struct lahetti_span bytes, int64_t now_us)
{
	if (s->reading)
		hear_frame(s, bytes, now_us);
	else if (s->backlog.bytes > BACKLOG_MOST)
		end(s, SESSION_ERROR_FLOOD, 0, now_us);
	else if (!messages_add(&s->backlog, bytes))
		begin_closing(s, 1011, "no-memory", false, now_us);
}

void session_hear(struct session *s, const struct session_piece *piece, int64_t now_us)
{
	size_t most = s->table->options->limits.frame;

	if (s->state == SESSION_CLOSING)
		return;
	if (s->state == SESSION_STRANGER && most > STRANGER_FRAME)
		most = STRANGER_FRAME;
	s->heard_us = now_us;
	if (!piece->binary) {
		end(s, SESSION_ERROR_NOT_BINARY, 0, now_us);
		return;
	}
	if (piece->first)
		lahetti_buffer_finish(&s->message);
	/* Before anything grows: a frame announces its length. */
	if (piece->bytes.len > most - s->message.len ||
	    piece->remaining > most - s->message.len - piece->bytes.len) {
		lahetti_buffer_finish(&s->message);
		end(s, SESSION_ERROR_FRAME_TOO_LONG, 0, now_us);
		return;
	}
	if (piece->first && piece->last) {
		hear_message(s, piece->bytes, now_us);
		return;
	}
	/* Empty fragments never end a message; they are as idle as pings. */
	if (piece->bytes.len == 0 && !piece->last)
		count_idle_talk(s, now_us);
	if (!lahetti_buffer_add(&s->message, piece->bytes, NULL)) {
		begin_closing(s, 1011, "no-memory", false, now_us);
		return;
	}
	if (piece->last) {
		hear_message(s, lahetti_buffer_span(&s->message), now_us);
		lahetti_buffer_finish(&s->message);
	}
}

void session_hear_pong(struct session *s, int64_t now_us)
{
	s->heard_us = now_us;
}

void session_hear_idle_talk(struct session *s, int64_t now_us)
{
	if (s->state != SESSION_CLOSING)
		count_idle_talk(s, now_us);
}

/* ---- turns --------------------------------------------------------------------------------- */

static bool may_close(const struct session *s)
{
	return s->state == SESSION_CLOSING &&
	       (!s->waits || (s->in_flight == 0 && s->waiting == NULL));
}

static void ping(struct session *s, struct session_speech *speech)
{
	static const uint8_t knock = '?'; /* libwebsockets tells of no pong that is empty */
	struct messages one;

	messages_init(&one);
	s->ping_due = false;
	if (!messages_add(&one, lahetti_span(&knock, sizeof knock)))
		return;
	s->said = messages_take(&one);
	speech->kind = SESSION_PING;
}

struct session_speech session_speak(struct session *s, int64_t now_us)
{
	struct session_speech speech = {.kind = SESSION_SILENCE};

	s->asked = false;
	message_destroy(s->said);
	s->said = NULL;
	if (s->ping_due)
		ping(s, &speech);
	if (s->said == NULL && (s->said = messages_take(&s->queue)) != NULL) {
		s->table->counters.sent++;
		s->spoke_us = now_us;
		speech.kind = SESSION_MESSAGE;
	} else if (s->said == NULL && may_close(s)) {
		speech.kind = SESSION_CLOSE;
		speech.code = s->close_code;
		speech.reason = s->close_reason;
		return speech;
	}
	if (s->said == NULL)
		return speech;
	speech.data = s->said->bytes;
	speech.len = s->said->len;
	go_on(s, now_us);
	if (!messages_empty(&s->queue) || s->ping_due || may_close(s))
		want_write(s);
	return speech;
}

/* ---- answers ------------------------------------------------------------------------------- */

/* The oldest of the user's sessions makes room for a new one. */
static void limit_sessions_of_user(struct session *s, int64_t now_us)
{
	const struct session_table *t = s->table;
	const struct lahetti_id *user = &s->head.actor.user;
	struct session *oldest = NULL;
	size_t n = 0;

	/* Chains are newest first. */
	for (struct link *l = index_first(&t->users, lahetti_id_span(user)); l != NULL;
	     l = index_next(l)) {
		if (!lahetti_id_equal(&l->session->head.actor.user, user))
			continue;
		oldest = l->session;
		n++;
	}
	if (n > t->options->limits.sessions_a_user && oldest != s)
		end(oldest, SESSION_ERROR_SESSION_LIMIT, 0, now_us);
}

static void sign_in(struct session *s, const struct job_actor *actor, int64_t now_us)
{
	bool same = s->state == SESSION_SIGNED_IN &&
		    lahetti_id_equal(&s->head.actor.user, &actor->user);

	/* Another membership of the same user keeps the session's place among the user's. */
	if (same) {
		index_remove(&s->by_unit);
		s->subscribed = false; /* what was subscribed to was another membership's */
		s->head.actor = *actor;
		index_add(&s->table->units, lahetti_id_span(&actor->unit), &s->by_unit, s);
		return;
	}
	unindex_session(s);
	s->head.actor = *actor;
	index_session(s);
	if (s->state == SESSION_STRANGER) {
		enter(s, SESSION_SIGNED_IN, now_us);
		s->table->calls.settled(s->socket);
	}
	limit_sessions_of_user(s, now_us);
}

static void deliver(struct session *s, const struct answer *a, int64_t now_us)
{
	uint32_t flags = a->head.flags;

	/* What concerns one session's own job is not for those that only receive a copy. */
	if (a->head.to != ANSWER_SESSION)
		flags &= ANSWER_CLOSES;
	if ((flags & ANSWER_COMPLETES) != 0 && s->in_flight > 0)
		s->in_flight--;
	if (s->state == SESSION_CLOSING && !s->waits)
		return;
	if ((flags & ANSWER_SPENDS_NONCE) != 0)
		lahetti_wipe(s->head.nonce, sizeof s->head.nonce);
	if (s->state != SESSION_CLOSING) {
		if ((flags & ANSWER_SIGNS_IN) != 0)
			sign_in(s, &a->head.actor, now_us);
		if ((flags & ANSWER_SUBSCRIBES) != 0)
			s->subscribed = true;
	}
	if (a->head.frame_len > 0)
		queue(s, lahetti_span(a->frame, a->head.frame_len), now_us);
	if ((flags & ANSWER_CLOSES) != 0)
		begin_closing(s, 1008, "closed-by-server", false, now_us);
	go_on(s, now_us);
	if (s->state == SESSION_CLOSING)
		want_write(s);
}

static bool is_meant(const struct session *s, const struct answer_head *to)
{
	const struct job_actor *a = &s->head.actor;

	switch (to->to) {
	case ANSWER_USER:
		return (s->subscribed || (to->flags & ANSWER_CLOSES) != 0) &&
		       lahetti_id_equal(&a->user, &to->user) &&
		       (lahetti_id_empty(&to->unit) || lahetti_id_equal(&a->unit, &to->unit)) &&
		       (lahetti_id_empty(&to->membership) ||
			lahetti_id_equal(&a->membership, &to->membership));
	case ANSWER_ROLE:
		return s->subscribed && lahetti_id_equal(&a->unit, &to->unit) &&
		       (to->role == 0 || a->role == to->role);
	case ANSWER_DEVICE:
		return lahetti_digest_equal(&a->device, &to->device);
	case ANSWER_SESSION:
		break;
	}
	return false;
}

static struct link *first_of(const struct session_table *t, const struct answer_head *to)
{
	if (to->to == ANSWER_USER)
		return index_first(&t->users, lahetti_id_span(&to->user));
	if (to->to == ANSWER_ROLE)
		return index_first(&t->units, lahetti_id_span(&to->unit));
	return index_first(&t->devices, lahetti_digest_span(&to->device));
}

static void answer(struct session_table *t, const struct answer *a, int64_t now_us)
{
	if (a->head.to == ANSWER_SESSION) {
		struct session *s = find(t, a->head.session);

		if (s != NULL)
			deliver(s, a, now_us);
		return;
	}
	/* A delivery can take its session out of the chain, but no other. */
	for (struct link *l = first_of(t, &a->head), *next; l != NULL; l = next) {
		next = index_next(l);
		if (is_meant(l->session, &a->head))
			deliver(l->session, a, now_us);
	}
}

void session_table_answer(struct session_table *t, struct answer *list, int64_t now_us)
{
	while (list != NULL) {
		struct answer *next = list->next;

		answer(t, list, now_us);
		answer_destroy(list);
		list = next;
	}
}

/* ---- all of them --------------------------------------------------------------------------- */

void session_table_resume(struct session_table *t, int64_t now_us)
{
	struct session *last = TAILQ_LAST(&t->stalled, session_list);

	/* Once round: one that is still or again stalled comes last. */
	for (struct session *s = TAILQ_FIRST(&t->stalled), *next; s != NULL; s = next) {
		next = s == last ? NULL : TAILQ_NEXT(s, in_stalled);
		offer(s);
		go_on(s, now_us);
	}
}

/* Ends the sessions of a state that have been in it, or silent in it, for too long. */
static void end_old(struct session_table *t, enum session_state state, uint32_t seconds,
		    enum session_error e, int64_t now_us)
{
	struct session *s;

	while ((s = TAILQ_FIRST(&t->states[state])) != NULL &&
	       now_us - s->since_us >= seconds * SECOND_US)
		end(s, e, 0, now_us);
}

static bool is_dead(const struct session *s, int64_t ping_us, int64_t now_us)
{
	int64_t most_us = ping_us + ping_us / 2;

	if (s->reading)
		return now_us - s->heard_us >= most_us;
	return !messages_empty(&s->queue) && now_us - s->spoke_us >= most_us;
}

/*
 * Each session is looked at twice in ping_s: one that has been silent as long is pinged, and cut
 * when it was silent half as long again. One that is not read cannot be heard: it is let be as long
 * as it is we who owe an answer, and cut as well when its socket has taken nothing for as long.
 */
static void check_life(struct session_table *t, int64_t now_us)
{
	int64_t ping_us = t->options->limits.ping_s * SECOND_US;
	struct session *s;

	// NOLINTNEXTLINE(clang-analyzer-unix.Malloc): whom cut() frees it takes out of the list
	while (ping_us > 0 && (s = TAILQ_FIRST(&t->round)) != NULL && s->check_us <= now_us) {
		s->check_us = now_us + ping_us / 2;
		TAILQ_REMOVE(&t->round, s, in_round);
		TAILQ_INSERT_TAIL(&t->round, s, in_round);
		if (is_dead(s, ping_us, now_us)) {
			cut(s);
		} else if (!s->reading) {
			s->heard_us = now_us;
		} else if (now_us - s->heard_us >= ping_us && s->state != SESSION_CLOSING) {
			s->ping_due = true;
			want_write(s);
		}
	}
}

void session_table_tick(struct session_table *t, int64_t now_us)
{
	const struct net_limits *l = &t->options->limits;
	struct session *s;

	end_old(t, SESSION_STRANGER, l->sign_in_s, SESSION_ERROR_SIGN_IN_TIMEOUT, now_us);
	end_old(t, SESSION_SIGNED_IN, l->idle_s, SESSION_ERROR_IDLE, now_us);
	while ((s = TAILQ_FIRST(&t->states[SESSION_CLOSING])) != NULL &&
	       // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): as in check_life
	       now_us - s->since_us >= CLOSING_MOST_US)
		cut(s);
	check_life(t, now_us);
	session_table_resume(t, now_us);
}

void session_table_end_revoked(struct session_table *t, bool (*is_revoked)(void *socket),
			       int64_t now_us)
{
	struct session *s;

	TAILQ_FOREACH(s, &t->round, in_round)
	if (s->state != SESSION_CLOSING && is_revoked(s->socket))
		end(s, SESSION_ERROR_CERTIFICATE_REVOKED, 0, now_us);
}

static void send_away(struct session *s, int64_t now_us)
{
	Lahetti__V1__GoingAway away = LAHETTI__V1__GOING_AWAY__INIT;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;

	s->table->counters.errors[SESSION_ERROR_GOING_AWAY]++;
	lahetti_arena_reset(&s->table->arena);
	away.sentence = lahetti_text(
		error_sentence(error_row(SESSION_ERROR_GOING_AWAY)->code, s->head.language));
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_GOING_AWAY;
	frame.going_away = &away;
	say(s, &frame, now_us);
	begin_closing(s, 1001, "going-away", true, now_us);
}

void session_table_drain(struct session_table *t, int64_t now_us)
{
	struct session *s;

	for (int state = SESSION_STRANGER; state < SESSION_CLOSING; state++)
		while ((s = TAILQ_FIRST(&t->states[state])) != NULL)
			send_away(s, now_us);
}

size_t session_table_count(const struct session_table *t, enum session_state state)
{
	return t->counts[state];
}

const struct session_counters *session_table_counters(const struct session_table *t)
{
	return &t->counters;
}

/* ---- invariants ---------------------------------------------------------------------------- */

static void must(bool hold)
{
	if (!hold)
		abort();
}

static void check_messages(const struct messages *q, size_t most)
{
	const struct message *m;
	size_t bytes = 0;

	STAILQ_FOREACH(m, &q->list, link) bytes += m->len;
	must(bytes == q->bytes && bytes <= most);
}

static void check_session(const struct session *s)
{
	const struct net_limits *l = &s->table->options->limits;
	bool indexed = s->state == SESSION_SIGNED_IN;
	uint32_t flight = l->in_flight > STRANGER_FLIGHT ? l->in_flight : STRANGER_FLIGHT;

	must(find(s->table, s->head.session) == s);
	check_messages(&s->queue, l->out_queue);
	check_messages(&s->backlog, BACKLOG_MOST + l->frame);
	must(s->message.len <= l->frame);
	/* What has come is heard unless there is a reason to wait, and what is queued has been
	 * announced. */
	must(!s->reading || messages_empty(&s->backlog));
	must(messages_empty(&s->queue) || s->asked);
	must(s->in_flight + (s->waiting != NULL) <= flight);
	must((s->by_user.session == s) == indexed && (s->by_unit.session == s) == indexed &&
	     (s->by_device.session == s) == indexed);
	must(s->state != SESSION_CLOSING || (s->reading && s->close_code != 0));
}

void session_table_check(const struct session_table *t)
{
	size_t counts[SESSION_STATES] = {0};
	size_t anonymous = 0, stalled = 0, in_stalled = 0;
	const struct session *s;

	TAILQ_FOREACH(s, &t->round, in_round)
	{
		check_session(s);
		counts[s->state]++;
		anonymous += is_anonymous(s);
		stalled += s->waiting != NULL;
	}
	TAILQ_FOREACH(s, &t->stalled, in_stalled) in_stalled++;
	must(memcmp(counts, t->counts, sizeof counts) == 0);
	must(anonymous == t->anonymous && stalled == in_stalled);
}
