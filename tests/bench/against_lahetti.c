/* lahettid as the packages hold it: real people, devices and clients, referrals signed before the
 * clock runs, each to the queue of a team whose coach is on line and says that it has arrived. */

#include "drive.h"
#include "house.h"
#include "websocket.h"

#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define CLIENTS_EACH 4	 /* of a sender */
#define BATCH_MOST   200 /* deliveries in one frame */
#define FRAME_ROOM   65536

struct served {
	struct lahetti_id id, case_id;
};

/* A person with a session of the bench's own. */
struct talker {
	struct bench_lahetti *server;
	struct person person;
	struct link *link;
	bool upgraded, greeted, ready;
	uint8_t nonce[32];
	uint64_t correlation;
	struct served clients[CLIENTS_EACH]; /* of a sender */
	struct lahetti_id team;		     /* of a recipient */
	/* Of a recipient: what has come and was not yet said to have, and what is being said. */
	struct lahetti_id *waiting;
	size_t n_waiting, room_waiting, saying;
};

struct bench_lahetti {
	const struct load *load;
	struct house house;
	struct person admin;
	struct talker *senders, *recipients;
	struct loop *loop;
	struct drive drive;
	struct lahetti_arena arena;
	struct lahetti_buffer signed_frames;
	size_t *starts;		/* of each message among them, and the end */
	uint64_t numbered_from; /* correlation of the round's first message */
};

/* Making the county
 * --------------------------------------------------------------------------------------------- */

static void start(struct bench_lahetti *b)
{
	house_start(&b->house);
	bench_runs(0, b->house.pid);
}

static void stop(struct bench_lahetti *b)
{
	bench_runs(0, 0);
	house_stop(&b->house, SIGTERM);
}

static void make_people(struct bench_lahetti *b)
{
	const struct load *load = b->load;
	struct lahetti_id clinic;
	char(*codes)[32] = calloc(load->senders + load->recipients, sizeof *codes);

	must(codes != NULL, "no memory");
	admin_unit(&b->admin, "Kuntoutuspoliklinikka", &clinic);
	for (unsigned i = 0; i < load->senders; i++)
		admin_user(&b->admin, "Sanna Sosiaalityöntekijä", &clinic,
			   LAHETTI__V1__ROLE__ROLE_SOCIAL_WORKER, &b->senders[i].person, codes[i]);
	for (unsigned i = 0; i < load->recipients; i++) {
		admin_unit(&b->admin, "Työhönvalmennuksen tiimi", &b->recipients[i].team);
		admin_user(&b->admin, "Ville Valmentaja", &b->recipients[i].team,
			   LAHETTI__V1__ROLE__ROLE_JOB_COACH, &b->recipients[i].person,
			   codes[load->senders + i]);
	}
	for (unsigned i = 0; i < load->senders; i++)
		person_enrol(&b->senders[i].person, &b->house, codes[i]);
	for (unsigned i = 0; i < load->recipients; i++)
		person_enrol(&b->recipients[i].person, &b->house, codes[load->senders + i]);
	free(codes);
}

static void sign_in(struct person *p)
{
	must(person_sign_in(p, NULL)->body_case == LAHETTI__V1__SERVER_FRAME__BODY_SESSION,
	     "somebody is not let in");
}

static void make_county(struct bench_lahetti *b)
{
	const struct load *load = b->load;
	char configuration[256], code[32];

	(void)snprintf(configuration, sizeof configuration,
		       "in-flight = %u\nping-seconds = 0\nhandshakes-an-address = 1000\n",
		       load->window < 16 || load->rate != 0 ? 1000 : load->window);
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
	for (unsigned i = 0; i < load->senders; i++)
		person_confirm(&b->senders[i].person);
	for (unsigned i = 0; i < load->recipients; i++)
		person_confirm(&b->recipients[i].person);
	start(b);
	for (unsigned i = 0; i < load->senders; i++) {
		struct talker *t = &b->senders[i];

		sign_in(&t->person);
		for (unsigned k = 0; k < CLIENTS_EACH; k++)
			person_add_client(&t->person, "Esimerkki", "", &t->clients[k].id,
					  &t->clients[k].case_id);
		person_sign_out(&t->person);
	}
	for (unsigned i = 0; i < load->recipients; i++) {
		sign_in(&b->recipients[i].person);
		person_sign_out(&b->recipients[i].person);
	}
}

/* Talking
 * -----------------------------------------------------------------------------------------------------
 */

static void say(struct talker *t, Lahetti__V1__ClientFrame *frame)
{
	struct lahetti_buffer message;
	struct lahetti_span packed;

	frame->correlation = ++t->correlation;
	packed = lahetti_message_pack(&frame->base, &t->server->arena);
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

	if (t->saying > 0 || t->n_waiting == 0)
		return;
	t->saying = t->n_waiting < BATCH_MOST ? t->n_waiting : BATCH_MOST;
	for (size_t i = 0; i < t->saying; i++)
		deliveries[i] = lahetti_bytes(lahetti_id_span(&t->waiting[i]));
	arrived.deliveries = deliveries;
	arrived.n_deliveries = t->saying;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_HANDED_OVER;
	frame.handed_over = &arrived;
	say(t, &frame);
	t->n_waiting -= t->saying;
	memmove(t->waiting, t->waiting + t->saying, t->n_waiting * sizeof *t->waiting);
}

static void note_notice(struct talker *t, const Lahetti__V1__Notice *notice)
{
	/* What has been handed over is told once more, as changed. */
	if (notice->state != LAHETTI__V1__STATE__STATE_REQUESTED)
		return;
	if (t->n_waiting == t->room_waiting) {
		t->room_waiting = t->room_waiting == 0 ? 256 : 2 * t->room_waiting;
		t->waiting = realloc(t->waiting, t->room_waiting * sizeof *t->waiting);
		must(t->waiting != NULL, "no memory");
	}
	must(lahetti_id_read(&t->waiting[t->n_waiting++], lahetti_bytes_span(notice->delivery),
			     NULL),
	     "a notice without delivery");
}

static void greet(struct talker *t, const Lahetti__V1__Greeting *greeting)
{
	uint8_t exporter[32];

	link_exporter(t->link, exporter);
	say(t, person_login(&t->person, lahetti_bytes_span(greeting->nonce), exporter, NULL,
			    &t->server->arena));
}

static void subscribe(struct talker *t)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Subscribe from_start = LAHETTI__V1__SUBSCRIBE__INIT;

	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBSCRIBE;
	frame.subscribe = &from_start;
	say(t, &frame);
}

static void hear_whole(struct talker *t, struct lahetti_span message)
{
	const Lahetti__V1__ServerFrame *frame;

	frame = lahetti_message_read(&lahetti__v1__server_frame__descriptor, message,
				     LAHETTI_MESSAGE_FRAME, &t->server->arena, NULL);
	must(frame != NULL, "a frame that can't be read");
	switch (frame->body_case) {
	case LAHETTI__V1__SERVER_FRAME__BODY_GREETING:
		greet(t, frame->greeting);
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_SESSION:
		if (t->clients[0].case_id.bytes[0] != 0)
			t->ready = true;
		else
			subscribe(t);
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_SUBSCRIBED:
		t->ready = true;
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_NOTICE:
		note_notice(t, frame->notice);
		return;
	case LAHETTI__V1__SERVER_FRAME__BODY_DONE:
		drive_arrived(&t->server->drive, (unsigned)t->saying);
		t->saying = 0;
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

static size_t hear(void *context, struct lahetti_span heard)
{
	struct talker *t = context;
	struct lahetti_span message;
	size_t used = 0, len;
	uint64_t correlation;

	if (!t->upgraded) {
		used = websocket_upgraded(heard);
		t->upgraded = used > 0;
	}
	while (t->upgraded &&
	       (len = websocket_unwrap(t->link, lahetti_span(heard.data + used, heard.len - used),
				       &message)) > 0) {
		used += len;
		if (message.len == 0)
			continue;
		if (accepts(message, &correlation)) {
			drive_acknowledged(&t->server->drive,
					   (unsigned)(correlation - t->server->numbered_from));
			continue;
		}
		lahetti_arena_reset(&t->server->arena);
		hear_whole(t, message);
	}
	say_arrived(t);
	return used;
}

static void connect_to(struct bench_lahetti *b, struct talker *t)
{
	t->server = b;
	t->link = link_open(b->loop, b->house.port, hear, t);
	websocket_upgrade(t->link, "/lahetti", "lahetti.v1");
	while (!t->ready)
		loop_turn(b->loop, 1000000);
}

/* Rounds
 * ------------------------------------------------------------------------------------------------------
 */

static void *open_lahetti(const struct load *load)
{
	struct bench_lahetti *b = calloc(1, sizeof *b);
	char ca[300];

	must(b != NULL, "no memory");
	b->load = load;
	b->senders = calloc(load->senders, sizeof *b->senders);
	b->recipients = calloc(load->recipients, sizeof *b->recipients);
	b->starts = calloc(load->messages + 1, sizeof *b->starts);
	must(b->senders != NULL && b->recipients != NULL && b->starts != NULL &&
		     lahetti_arena_init(&b->arena, 4 << 20, NULL),
	     "no memory");
	b->numbered_from = 10; /* after what the sessions begin with */
	make_county(b);
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", b->house.folder);
	b->loop = loop_create(ca);
	for (unsigned i = 0; i < load->senders; i++)
		connect_to(b, &b->senders[i]);
	for (unsigned i = 0; i < load->recipients; i++)
		connect_to(b, &b->recipients[i]);
	return b;
}

static void sign_one(struct bench_lahetti *b, unsigned message, const char *letter)
{
	struct talker *t = &b->senders[message % b->load->senders];
	const struct talker *to = &b->recipients[message % b->load->senders % b->load->recipients];
	const struct served *client = &t->clients[message / b->load->senders % CLIENTS_EACH];
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Submit submit = LAHETTI__V1__SUBMIT__INIT;
	Lahetti__V1__Referral body;
	struct lahetti_span packed;
	struct writing w;

	lahetti_arena_reset(&b->arena);
	writing_begin(&w, &t->person, LAHETTI_KIND_REFERRAL, &client->id, &client->case_id);
	writing_to_queue(&w, &t->person.organisation, &to->team);
	referral_fill(&body);
	body.cover_letter = lahetti_text(letter);
	writing_sign(&w, &body.base, t->person.key);
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

static size_t prepare_lahetti(void *server)
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
	for (unsigned i = 0; i < b->load->messages; i++) {
		b->starts[i] = b->signed_frames.len;
		sign_one(b, i, letter);
	}
	b->starts[b->load->messages] = b->signed_frames.len;
	free(letter);
	return b->signed_frames.len / b->load->messages;
}

static void send_message(void *context, unsigned message)
{
	struct bench_lahetti *b = context;

	link_say(b->senders[message % b->load->senders].link,
		 lahetti_span(b->signed_frames.data + b->starts[message],
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

static void run_lahetti(void *server, struct round *round)
{
	struct bench_lahetti *b = server;
	double groups = metric(b, "lahetti_commit_groups_total");
	double frames = metric(b, "lahetti_jobs_recorded_total");

	b->drive = (struct drive){
		.load = b->load, .loop = b->loop, .context = b, .send = send_message};
	drive_run(&b->drive, b->house.pid, round);
	groups = metric(b, "lahetti_commit_groups_total") - groups;
	frames = metric(b, "lahetti_jobs_recorded_total") - frames;
	round->frames_a_commit = frames / groups;
	round->commits = groups / b->load->messages;
	b->numbered_from += b->load->messages;
}

static void finish_talker(struct talker *t)
{
	link_close(t->link);
	person_finish(&t->person);
	free(t->waiting);
}

static void close_lahetti(void *server)
{
	struct bench_lahetti *b = server;

	for (unsigned i = 0; i < b->load->senders; i++)
		finish_talker(&b->senders[i]);
	for (unsigned i = 0; i < b->load->recipients; i++)
		finish_talker(&b->recipients[i]);
	person_finish(&b->admin);
	loop_destroy(b->loop);
	stop(b);
	house_is_whole(&b->house);
	house_finish(&b->house);
	lahetti_buffer_finish(&b->signed_frames);
	lahetti_arena_finish(&b->arena);
	free(b->senders);
	free(b->recipients);
	free(b->starts);
	free(b);
}

const char *bench_certificates(void *lahetti)
{
	return ((struct bench_lahetti *)lahetti)->house.folder;
}

const struct contender contender_lahetti = {
	.name = "lahettid",
	.open = open_lahetti,
	.prepare = prepare_lahetti,
	.run = run_lahetti,
	.close = close_lahetti,
};
