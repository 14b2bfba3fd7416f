/* lahettid as the packages hold it: real people, devices and clients, referrals signed before the
 * clock runs, each to the queue of a team whose coach is on line and says that it has arrived. */

#include "house.h"
#include "payload.h"
#include "websocket.h"

#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/pem.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_EACH  4	  /* of a sender */
#define BATCH_MOST    200 /* deliveries in one frame */
#define FRAME_ROOM    65536
#define IN_FLIGHT     1000 /* frames of a session */
#define SESSIONS_EACH 1000 /* of a user in a crowd */
#define NUMBER_AT     12   /* in a statement's identifier: the message's, in the place of chance */

struct served {
	struct lahetti_id id, case_id;
};

/* A person whose sessions are the bench's own. */
struct professional {
	struct person person;
	struct papers papers;
	uint64_t correlation;
	struct served clients[CLIENTS_EACH]; /* of a sender */
	/* Of a recipient. */
	struct lahetti_id team;
	uint64_t position;	/* of what it has been told */
	struct parcel *waiting; /* what has come and was not yet said to have */
	size_t n_waiting, room_waiting;
	struct parcel saying[BATCH_MOST]; /* what is being said */
	size_t n_saying;
	struct parcel *deciding; /* what is opened and decided, by correlation */
	size_t n_deciding;
};

struct bench_lahetti {
	struct stage *stage;
	const struct load *load;
	struct house house;
	struct person admin;
	struct professional *people[PARTS];
	struct lahetti_arena arena;
	struct lahetti_buffer signed_frames;
	size_t *starts;		/* of each message among them, and the end */
	uint64_t numbered_from; /* correlation of the round's first message */
};

/* Making the county
 * --------------------------------------------------------------------------------------------- */

static void start(void *server)
{
	struct bench_lahetti *b = server;

	house_start(&b->house);
	b->stage->pid = b->house.pid;
	b->stage->port = b->house.port;
}

static void stop(void *server)
{
	house_stop(&((struct bench_lahetti *)server)->house, SIGTERM);
}

/* One of a crowd has many sessions. */
static unsigned people(const struct stage *stage, enum part part)
{
	unsigned talkers = stage->many[part];

	return part == CROWD ? (talkers + SESSIONS_EACH - 1) / SESSIONS_EACH : talkers;
}

static struct professional *who(const struct talker *t)
{
	const struct bench_lahetti *b = t->stage->server;

	return &b->people[t->part][t->number % people(b->stage, t->part)];
}

/* Enrolled, not yet confirmed. */
static void make_professional(struct bench_lahetti *b, struct professional *p, const char *name,
			      const struct lahetti_id *unit, Lahetti__V1__Role role)
{
	struct person enrolled;
	char code[32];

	admin_user(&b->admin, name, unit, role, &enrolled, code);
	person_enrol(&p->person, &b->house, code);
}

static void make_people(struct bench_lahetti *b)
{
	struct lahetti_id clinic;

	admin_unit(&b->admin, "Kuntoutuspoliklinikka", &clinic);
	for (unsigned i = 0; i < people(b->stage, SENDER); i++)
		make_professional(b, &b->people[SENDER][i], "Sanna Sosiaalityöntekijä", &clinic,
				  LAHETTI__V1__ROLE__ROLE_SOCIAL_WORKER);
	for (unsigned i = 0; i < people(b->stage, CROWD); i++)
		make_professional(b, &b->people[CROWD][i], "Sini Sosiaalityöntekijä", &clinic,
				  LAHETTI__V1__ROLE__ROLE_SOCIAL_WORKER);
	for (unsigned i = 0; i < people(b->stage, RECIPIENT); i++) {
		struct professional *p = &b->people[RECIPIENT][i];

		admin_unit(&b->admin, "Työhönvalmennuksen tiimi", &p->team);
		make_professional(b, p, "Ville Valmentaja", &p->team,
				  LAHETTI__V1__ROLE__ROLE_JOB_COACH);
		p->deciding = calloc(IN_FLIGHT, sizeof *p->deciding);
		must(p->deciding != NULL, "no memory");
	}
}

static void sign_in(struct person *p)
{
	must(person_sign_in(p, NULL)->body_case == LAHETTI__V1__SERVER_FRAME__BODY_SESSION,
	     "somebody is not let in");
}

static X509 *certificate_of(const struct person *p)
{
	FILE *f = fopen(p->certificate, "r");
	X509 *certificate;

	must(f != NULL, "%s: %s", p->certificate, strerror(errno));
	certificate = PEM_read_X509(f, NULL, NULL, NULL);
	must(certificate != NULL, "%s is no certificate", p->certificate);
	(void)fclose(f);
	return certificate;
}

/* Signs in once, which tells who one is; senders add their clients. */
static void begin_work(struct professional *p, enum part part)
{
	p->papers = (struct papers){certificate_of(&p->person),
				    lahetti_private_key_native(p->person.key)};
	sign_in(&p->person);
	for (unsigned i = 0; part == SENDER && i < CLIENTS_EACH; i++)
		person_add_client(&p->person, "Esimerkki", "", &p->clients[i].id,
				  &p->clients[i].case_id);
	person_sign_out(&p->person);
}

static void make_county(struct bench_lahetti *b)
{
	char configuration[256], code[32];

	(void)snprintf(configuration, sizeof configuration,
		       "in-flight = %d\nping-seconds = 0\nhandshakes-an-address = 1000\n"
		       "sessions-a-user = %d\n",
		       IN_FLIGHT, SESSIONS_EACH);
	house_make(&b->house, configuration, code);
	start(b);
	person_enrol(&b->admin, &b->house, code);
	stop(b);
	person_confirm(&b->admin);
	start(b);
	sign_in(&b->admin);
	make_people(b);
	person_sign_out(&b->admin);
	stop(b);
	for (enum part part = 0; part < PARTS; part++)
		for (unsigned i = 0; i < people(b->stage, part); i++)
			person_confirm(&b->people[part][i].person);
	start(b);
	for (enum part part = 0; part < PARTS; part++)
		for (unsigned i = 0; i < people(b->stage, part); i++)
			begin_work(&b->people[part][i], part);
}

static void *create(struct stage *stage)
{
	struct bench_lahetti *b = calloc(1, sizeof *b);

	must(b != NULL, "no memory");
	b->stage = stage;
	b->load = stage->load;
	for (enum part part = 0; part < PARTS; part++) {
		b->people[part] = calloc(people(stage, part) + 1, sizeof *b->people[part]);
		must(b->people[part] != NULL, "no memory");
	}
	b->starts = calloc(b->load->messages + 1, sizeof *b->starts);
	must(b->starts != NULL && lahetti_arena_init(&b->arena, 4 << 20, NULL), "no memory");
	make_county(b);
	(void)snprintf(stage_certificates.folder, sizeof stage_certificates.folder, "%s",
		       b->house.folder);
	stage_certificates.papers = b->people[SENDER][0].papers;
	return b;
}

static void destroy(void *server)
{
	struct bench_lahetti *b = server;

	for (enum part part = 0; part < PARTS; part++) {
		for (unsigned i = 0; i < people(b->stage, part); i++) {
			X509_free(b->people[part][i].papers.certificate);
			person_finish(&b->people[part][i].person);
			free(b->people[part][i].waiting);
			free(b->people[part][i].deciding);
		}
		free(b->people[part]);
	}
	person_finish(&b->admin);
	house_is_whole(&b->house);
	house_finish(&b->house);
	lahetti_buffer_finish(&b->signed_frames);
	lahetti_arena_finish(&b->arena);
	free(b->starts);
	free(b);
}

static const struct papers *papers(struct talker *t)
{
	return &who(t)->papers;
}

/* Talking
 * -----------------------------------------------------------------------------------------------------
 */

static void say(struct talker *t, Lahetti__V1__ClientFrame *frame)
{
	struct bench_lahetti *b = t->stage->server;
	struct lahetti_buffer message;
	struct lahetti_span packed;

	frame->correlation = ++who(t)->correlation;
	packed = lahetti_message_pack(&frame->base, &b->arena);
	must(packed.data != NULL, "no memory");
	lahetti_buffer_init(&message, FRAME_ROOM);
	websocket_wrap(&message, packed);
	link_say(t->link, lahetti_buffer_span(&message));
	lahetti_buffer_finish(&message);
}

static void say_arrived(struct talker *t)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__HandedOver arrived = LAHETTI__V1__HANDED_OVER__INIT;
	ProtobufCBinaryData deliveries[BATCH_MOST];
	struct professional *p = who(t);

	if (p->n_saying > 0 || p->n_waiting == 0 || p->n_deciding + BATCH_MOST >= IN_FLIGHT)
		return;
	p->n_saying = p->n_waiting < BATCH_MOST ? p->n_waiting : BATCH_MOST;
	memcpy(p->saying, p->waiting, p->n_saying * sizeof *p->waiting);
	p->n_waiting -= p->n_saying;
	memmove(p->waiting, p->waiting + p->n_saying, p->n_waiting * sizeof *p->waiting);
	for (size_t i = 0; i < p->n_saying; i++)
		deliveries[i] = lahetti_bytes(lahetti_id_span(&p->saying[i].delivery));
	arrived.deliveries = deliveries;
	arrived.n_deliveries = p->n_saying;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_HANDED_OVER;
	frame.handed_over = &arrived;
	say(t, &frame);
}

static void note_notice(struct talker *t, const Lahetti__V1__Notice *notice)
{
	struct professional *p = who(t);
	struct parcel *parcel;

	if (notice->position > p->position)
		p->position = notice->position;
	/* What has been handed over is told once more, as changed. */
	if (notice->state != LAHETTI__V1__STATE__STATE_REQUESTED)
		return;
	if (p->n_waiting == p->room_waiting) {
		p->room_waiting = p->room_waiting == 0 ? 256 : 2 * p->room_waiting;
		p->waiting = realloc(p->waiting, p->room_waiting * sizeof *p->waiting);
		must(p->waiting != NULL, "no memory");
	}
	parcel = &p->waiting[p->n_waiting++];
	parcel_of(parcel, notice);
	drive_has(&t->stage->drive,
		  payload_message(lahetti_span(parcel->statement.bytes + NUMBER_AT, 4)));
}

static void greet(struct talker *t)
{
	websocket_upgrade(t->link, "/lahetti", "lahetti.v1");
}

static void log_in(struct talker *t, const Lahetti__V1__Greeting *greeting)
{
	struct bench_lahetti *b = t->stage->server;
	uint8_t exporter[32];

	link_exporter(t->link, exporter);
	say(t, person_login(&who(t)->person, lahetti_bytes_span(greeting->nonce), exporter, NULL,
			    &b->arena));
}

static void subscribe(struct talker *t)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Subscribe after = LAHETTI__V1__SUBSCRIBE__INIT;

	after.after = who(t)->position;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBSCRIBE;
	frame.subscribe = &after;
	say(t, &frame);
}

/* A step about a parcel, signed: to open it, or to decide. */
static void say_step(struct talker *t, const struct parcel *parcel, Lahetti__V1__Step step)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Submit submit = LAHETTI__V1__SUBMIT__INIT;
	Lahetti__V1__Open opening = LAHETTI__V1__OPEN__INIT;
	struct bench_lahetti *b = t->stage->server;
	struct professional *p = who(t);
	struct writing w;

	writing_acknowledge(&w, &p->person, parcel, step);
	submit.envelope = opening.envelope =
		lahetti_message_read(&lahetti__v1__envelope__descriptor, w.envelope,
				     LAHETTI_MESSAGE_FRAME, &b->arena, NULL);
	must(submit.envelope != NULL, "an envelope that can't be read");
	if (step == LAHETTI__V1__STEP__STEP_OPEN) {
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_OPEN;
		frame.open = &opening;
	} else {
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT;
		frame.submit = &submit;
	}
	say(t, &frame);
	p->deciding[p->correlation % IN_FLIGHT] = *parcel;
	writing_finish(&w);
}

/* What was said to have arrived is known to have. */
static void handed_over(struct talker *t)
{
	struct bench_lahetti *b = t->stage->server;
	struct professional *p = who(t);

	if (b->load->decided) {
		for (size_t i = 0; i < p->n_saying; i++) {
			lahetti_arena_reset(&b->arena);
			say_step(t, &p->saying[i], LAHETTI__V1__STEP__STEP_OPEN);
		}
		p->n_deciding += p->n_saying;
	} else {
		drive_arrived(&t->stage->drive, (unsigned)p->n_saying);
	}
	p->n_saying = 0;
}

static void hear_whole(struct talker *t, struct lahetti_span message)
{
	struct bench_lahetti *b = t->stage->server;
	struct professional *p = who(t);
	const Lahetti__V1__ServerFrame *frame;
	struct parcel parcel;

	lahetti_arena_reset(&b->arena);
	frame = lahetti_message_read(&lahetti__v1__server_frame__descriptor, message,
				     LAHETTI_MESSAGE_FRAME, &b->arena, NULL);
	must(frame != NULL, "a frame that can't be read");
	switch (frame->body_case) {
	case LAHETTI__V1__SERVER_FRAME__BODY_GREETING:
		log_in(t, frame->greeting);
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_SESSION:
		if (t->part == RECIPIENT)
			subscribe(t);
		else
			stage_ready(t);
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_SUBSCRIBED:
		p->position = frame->subscribed->position;
		if (frame->subscribed->more)
			subscribe(t);
		else
			stage_ready(t);
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_NOTICE:
		note_notice(t, frame->notice);
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_DONE:
		handed_over(t);
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_CONTENT:
		parcel = p->deciding[frame->correlation % IN_FLIGHT];
		say_step(t, &parcel, LAHETTI__V1__STEP__STEP_TAKE);
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED:
		p->n_deciding--;
		drive_arrived(&t->stage->drive, 1);
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_ERROR:
		bench_failed("refused: %s: %s", frame->error->code, frame->error->sentence);
	default:
		bench_failed("an unexpected frame: %d", (int)frame->body_case);
	}
}

/* Whether it accepts a statement, and which; no more of it is read while the clock runs. */
static bool accepts(struct lahetti_span message, uint64_t *correlation)
{
	size_t at = 1;

	*correlation = 0;
	if (message.len < 2 || message.data[0] != 0x08) /* correlation */
		return false;
	for (unsigned shift = 0; at < message.len && shift < 64; shift += 7) {
		*correlation |= (uint64_t)(message.data[at] & 0x7f) << shift;
		if (message.data[at++] < 0x80)
			break;
	}
	/* The tag of Accepted: field 41, a message. */
	return at + 1 < message.len && message.data[at] == 0xca && message.data[at + 1] == 0x02;
}

static void hear_message(struct talker *t, struct lahetti_span message)
{
	const struct bench_lahetti *b = t->stage->server;
	uint64_t correlation;

	if (t->part == SENDER && accepts(message, &correlation))
		drive_acknowledged(&t->stage->drive, (unsigned)(correlation - b->numbered_from));
	else
		hear_whole(t, message);
}

static size_t hear(struct talker *t, struct lahetti_span heard)
{
	size_t used = websocket_hear(t, heard, hear_message);

	if (t->part == RECIPIENT) {
		lahetti_arena_reset(&((struct bench_lahetti *)t->stage->server)->arena);
		say_arrived(t);
	}
	return used;
}

/* Rounds
 * ------------------------------------------------------------------------------------------------------
 */

static void sign_one(struct bench_lahetti *b, unsigned message, const char *letter)
{
	struct professional *p = &b->people[SENDER][message % b->load->senders];
	const struct professional *to =
		&b->people[RECIPIENT][message % b->load->senders % b->load->recipients];
	const struct served *client = &p->clients[message / b->load->senders % CLIENTS_EACH];
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Submit submit = LAHETTI__V1__SUBMIT__INIT;
	Lahetti__V1__Referral body;
	struct lahetti_span packed;
	struct writing w;

	lahetti_arena_reset(&b->arena);
	writing_begin(&w, &p->person, LAHETTI_KIND_REFERRAL, &client->id, &client->case_id);
	payload_put_number(w.id.bytes + NUMBER_AT, message);
	/* Who decides need not claim first. */
	if (b->load->decided)
		writing_to_user(&w, &to->person);
	else
		writing_to_queue(&w, &p->person.organisation, &to->team);
	referral_fill(&body);
	body.cover_letter = lahetti_text(letter);
	writing_sign(&w, &body.base, p->person.key);
	submit.envelope = lahetti_message_read(&lahetti__v1__envelope__descriptor, w.envelope,
					       LAHETTI_MESSAGE_FRAME, &b->arena, NULL);
	must(submit.envelope != NULL, "an envelope that can't be read");
	frame.correlation = b->numbered_from + message;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBMIT;
	frame.submit = &submit;
	packed = lahetti_message_pack(&frame.base, &b->arena);
	must(packed.data != NULL, "no memory");
	websocket_wrap(&b->signed_frames, packed);
	writing_finish(&w);
}

static size_t prepare(void *server)
{
	struct bench_lahetti *b = server;
	/* What a referral has besides is 650 bytes or so. */
	size_t len = b->load->bytes > 700 ? b->load->bytes - 650 : 50;
	char *letter = malloc(len + 1);

	must(letter != NULL, "no memory");
	for (size_t i = 0; i < len; i++)
		letter[i] = (char)(i % 12 == 11 ? ' ' : 'a' + i % 25);
	letter[len] = '\0';
	lahetti_buffer_finish(&b->signed_frames);
	lahetti_buffer_init(&b->signed_frames, (size_t)4 << 30);
	b->numbered_from += b->load->messages;
	for (unsigned i = 0; i < b->load->messages; i++) {
		b->starts[i] = b->signed_frames.len;
		sign_one(b, i, letter);
	}
	b->starts[b->load->messages] = b->signed_frames.len;
	free(letter);
	return b->signed_frames.len / b->load->messages;
}

static void send_message(struct talker *t, unsigned message)
{
	const struct bench_lahetti *b = t->stage->server;

	link_say(t->link, lahetti_span(b->signed_frames.data + b->starts[message],
				       b->starts[message + 1] - b->starts[message]));
}

/* A counter of /metrics. */
static double metric(struct bench_lahetti *b, const char *name)
{
	static const char request[] = "GET /metrics HTTP/1.1\r\nHost: localhost\r\n"
				      "Connection: close\r\n\r\n";
	static char text[65536];
	struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)b->house.ops_port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t got;
	const char *at;

	must(fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
		     write(fd, request, sizeof request - 1) == sizeof request - 1,
	     "no metrics: %s", strerror(errno));
	while (len < sizeof text - 1 && (got = read(fd, text + len, sizeof text - 1 - len)) > 0)
		len += (size_t)got;
	(void)close(fd);
	text[len] = '\0';
	at = text;
	do {
		at = strstr(at, name);
		must(at != NULL, "no metric %s", name);
		at += strlen(name);
	} while (at[-1 - (ptrdiff_t)strlen(name)] != '\n' || *at != ' ');
	return strtod(at, NULL);
}

static void count(void *server, double *frames, double *commits)
{
	*frames = metric(server, "lahetti_jobs_recorded_total");
	*commits = metric(server, "lahetti_commit_groups_total");
}

const struct contender contender_lahetti = {
	.name = "lahettid",
	.create = create,
	.start = start,
	.stop = stop,
	.destroy = destroy,
	.papers = papers,
	.greet = greet,
	.hear = hear,
	.prepare = prepare,
	.send = send_message,
	.count = count,
};
