/*
 * The real net over a desk that does what the test asks of it, so that states, limits and pushes
 * can be tried without the rest of the house.
 *
 *   net_echo_server --directory CERTIFICATES [--certificate NAME] [--clients off|optional|required]
 * [--tls12]
 *                   [--origin ORIGIN] [--address ADDRESS] [--page FOLDER]
 *                   [--listener DESCRIPTOR] [--queue N] [--client-ca NAME] [--crl FILE]
 * [--no-resume] [LIMIT=NUMBER …]
 *
 * It prints `ready PORT OPS_PORT` and serves until SIGTERM. The desk is one thread:
 *
 *   login, act    signs in as membership says: user (16 bytes), unit (16), role (1), device (32);
 * nobody where it is empty. The answer's checkpoint holds what the job told: nonce, exporter, peer
 * key, address, language. enrol         uses up the nonce. subscribe     subscribes. read_directory
 * with a term: `echo:TEXT` answers TEXT, `big:N` answers N bytes, `user`, `role`, `role-any`,
 * `device` push a notice to those of the session's own actor, `close` closes, `hold` is answered
 * when the next `echo` is, `block` stops the desk until a line comes on stdin, `drain` drains,
 * `not-ready:WHY`, `ready`. anything else is done.
 */
#include "net.h"

#include "lahetti/message.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_SIZE 4194304

struct desk {
	struct net *net;
	struct job_queue *queue;
	struct lahetti_arena arena;
	struct job *held;
	bool resumes;
	pthread_mutex_t lock;
	char not_ready[64];
	uint64_t jobs;
};

/* ---- answers ------------------------------------------------------------------------------- */

static void give(struct desk *d, const struct answer_head *head,
		 const Lahetti__V1__ServerFrame *frame)
{
	struct lahetti_span packed = lahetti_span(NULL, 0);
	struct answer *a;

	if (frame != NULL) {
		packed = lahetti_message_pack(&frame->base, &d->arena);
		if (packed.data == NULL)
			abort();
	}
	a = answer_new(head, packed, NULL);
	if (a == NULL)
		abort();
	net_answer(d->net, a);
}

static void answer_job(struct desk *d, const struct job *j, uint32_t flags,
		       const struct job_actor *actor, Lahetti__V1__ServerFrame *frame)
{
	struct answer_head head = {
		.to = ANSWER_SESSION,
		.session = j->head.session,
		.flags = flags | ANSWER_COMPLETES,
	};

	if (actor != NULL)
		head.actor = *actor;
	frame->correlation = j->head.correlation;
	give(d, &head, frame);
}

static void answer_done(struct desk *d, const struct job *j, uint32_t flags)
{
	Lahetti__V1__Done done = LAHETTI__V1__DONE__INIT;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;

	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_DONE;
	frame.done = &done;
	answer_job(d, j, flags, NULL, &frame);
}

static void answer_text(struct desk *d, const struct job *j, struct lahetti_span text,
			uint32_t flags)
{
	Lahetti__V1__DirectoryPage page = LAHETTI__V1__DIRECTORY_PAGE__INIT;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;

	page.cursor = lahetti_bytes(text);
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_DIRECTORY;
	frame.directory = &page;
	answer_job(d, j, flags, NULL, &frame);
}

static void push(struct desk *d, const struct job *j, enum answer_to to, uint32_t role)
{
	Lahetti__V1__Notice notice = LAHETTI__V1__NOTICE__INIT;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	struct answer_head head = {
		.to = to,
		.user = j->head.actor.user,
		.unit = to == ANSWER_ROLE ? j->head.actor.unit : (struct lahetti_id){{0}},
		.role = role,
		.device = j->head.actor.device,
	};

	notice.position = d->jobs;
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_NOTICE;
	frame.notice = &notice;
	give(d, &head, &frame);
	answer_done(d, j, 0);
}

/* ---- the desk ------------------------------------------------------------------------------ */

static bool read_actor(struct job_actor *a, ProtobufCBinaryData membership)
{
	const uint8_t *p = membership.data;

	memset(a, 0, sizeof *a);
	if (membership.len != 65)
		return false;
	memcpy(a->user.bytes, p, 16);
	memcpy(a->unit.bytes, p + 16, 16);
	a->role = p[32];
	memcpy(a->device.bytes, p + 33, 32);
	return true;
}

static void sign_in(struct desk *d, const struct job *j, ProtobufCBinaryData membership,
		    uint32_t flags)
{
	Lahetti__V1__Session session = LAHETTI__V1__SESSION__INIT;
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	struct job_actor actor;
	uint8_t told[32 + 32 + 32 + 16 + sizeof j->head.language];

	if (read_actor(&actor, membership))
		flags |= ANSWER_SIGNS_IN;
	memcpy(told, j->head.nonce, 32);
	memcpy(told + 32, j->head.exporter, 32);
	memcpy(told + 64, j->head.peer_key.bytes, 32);
	memcpy(told + 96, j->head.address, 16);
	memcpy(told + 112, j->head.language, sizeof j->head.language);
	session.checkpoint = lahetti_bytes(lahetti_span(told, sizeof told));
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_SESSION;
	frame.session = &session;
	answer_job(d, j, flags, &actor, &frame);
}

static void set_ready(struct desk *d, const char *why)
{
	(void)pthread_mutex_lock(&d->lock);
	(void)snprintf(d->not_ready, sizeof d->not_ready, "%s", why);
	(void)pthread_mutex_unlock(&d->lock);
}

static const char *after(const char *text, const char *prefix)
{
	size_t len = strlen(prefix);

	return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

static void send_big(struct desk *d, const struct job *j, size_t len)
{
	uint8_t *bytes = calloc(1, len + 1);

	if (bytes == NULL)
		abort();
	answer_text(d, j, lahetti_span(bytes, len), 0);
	free(bytes);
}

static void echo(struct desk *d, const struct job *j, const char *text)
{
	if (d->held != NULL) {
		answer_text(d, d->held, lahetti_span_text("held"), 0);
		job_destroy(d->held);
		d->held = NULL;
	}
	answer_text(d, j, lahetti_span_text(text), 0);
}

/* True: the job is kept. */
static bool obey(struct desk *d, struct job *j, const char *term)
{
	const char *rest;
	char line[16];

	if ((rest = after(term, "echo:")) != NULL) {
		echo(d, j, rest);
	} else if ((rest = after(term, "big:")) != NULL) {
		send_big(d, j, strtoul(rest, NULL, 10));
	} else if (strcmp(term, "user") == 0) {
		push(d, j, ANSWER_USER, 0);
	} else if (strcmp(term, "role") == 0) {
		push(d, j, ANSWER_ROLE, j->head.actor.role);
	} else if (strcmp(term, "role-any") == 0) {
		push(d, j, ANSWER_ROLE, 0);
	} else if (strcmp(term, "device") == 0) {
		push(d, j, ANSWER_DEVICE, 0);
	} else if (strcmp(term, "close") == 0) {
		answer_done(d, j, ANSWER_CLOSES);
	} else if (strcmp(term, "hold") == 0 && d->held == NULL) {
		d->held = j;
		return true;
	} else if (strcmp(term, "block") == 0) {
		if (fgets(line, sizeof line, stdin) == NULL)
			abort();
		answer_done(d, j, 0);
	} else if (strcmp(term, "drain") == 0) {
		answer_done(d, j, 0);
		net_drain(d->net);
	} else if ((rest = after(term, "not-ready:")) != NULL) {
		set_ready(d, rest);
		answer_done(d, j, 0);
	} else if (strcmp(term, "ready") == 0) {
		set_ready(d, "");
		answer_done(d, j, 0);
	} else {
		answer_done(d, j, 0);
	}
	return false;
}

static bool work(struct desk *d, struct job *j)
{
	const Lahetti__V1__ClientFrame *frame;

	lahetti_arena_reset(&d->arena);
	frame = lahetti_message_read(&lahetti__v1__client_frame__descriptor,
				     lahetti_span(j->frame, j->head.frame_len),
				     LAHETTI_MESSAGE_FRAME, &d->arena, NULL);
	if (frame == NULL)
		abort();
	d->jobs++;
	switch (frame->body_case) {
	case LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN:
		sign_in(d, j, frame->login->membership, ANSWER_SPENDS_NONCE);
		return false;
	case LAHETTI__V1__CLIENT_FRAME__BODY_ACT:
		sign_in(d, j, frame->act->membership, 0);
		return false;
	case LAHETTI__V1__CLIENT_FRAME__BODY_ENROL:
		answer_done(d, j, ANSWER_SPENDS_NONCE);
		return false;
	case LAHETTI__V1__CLIENT_FRAME__BODY_SUBSCRIBE:
		answer_done(d, j, ANSWER_SUBSCRIBES);
		return false;
	case LAHETTI__V1__CLIENT_FRAME__BODY_READ_DIRECTORY:
		return obey(d, j, frame->read_directory->term);
	default:
		answer_done(d, j, 0);
		return false;
	}
}

static void *desk_main(void *context)
{
	struct desk *d = context;
	struct job *list;

	while ((list = job_queue_take(d->queue, 1)) != NULL) {
		if (!work(d, list))
			job_destroy(list);
		if (d->resumes)
			net_resume(d->net);
	}
	return NULL;
}

/* ---- what net calls ------------------------------------------------------------------------ */

static bool take(void *context, struct job *j)
{
	struct desk *d = context;

	return job_queue_put(d->queue, j);
}

static const char *not_ready(void *context)
{
	static char told[sizeof((struct desk *)NULL)->not_ready];
	struct desk *d = context;

	(void)pthread_mutex_lock(&d->lock);
	memcpy(told, d->not_ready, sizeof told);
	(void)pthread_mutex_unlock(&d->lock);
	return told[0] != '\0' ? told : NULL;
}

static void metrics(void *context, struct lahetti_buffer *out)
{
	(void)context;
	if (!lahetti_buffer_add(out, lahetti_span_text("echo_desk 1\n"), NULL))
		abort();
}

static void log_line(void *context, const char *line)
{
	(void)context;
	(void)fprintf(stderr, "%s\n", line);
}

/* ---- main ---------------------------------------------------------------------------------- */

static bool set_limit(struct net_limits *l, const char *text)
{
	const struct {
		const char *name;
		uint32_t *value;
	} limits[] = {
		{"frame=", &l->frame},
		{"sessions=", &l->sessions},
		{"reserved=", &l->sessions_reserved},
		{"user=", &l->sessions_a_user},
		{"address=", &l->handshakes_an_address},
		{"requests=", &l->requests_a_second},
		{"pings=", &l->pings_a_second},
		{"flight=", &l->in_flight},
		{"out=", &l->out_queue},
		{"handshake=", &l->handshake_s},
		{"sign-in=", &l->sign_in_s},
		{"idle=", &l->idle_s},
		{"ping=", &l->ping_s},
		{"drain=", &l->drain_s},
	};

	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		const char *value = after(text, limits[i].name);

		if (value != NULL) {
			*limits[i].value = (uint32_t)strtoul(value, NULL, 10);
			return true;
		}
	}
	return false;
}

struct arguments {
	const char *directory;
	const char *certificate;
	const char *clients;
	const char *address;
	const char *origins[2];
	const char *queue;
	const char *listener;
	const char *crl;
	const char *client_ca;
	const char *page;
	bool tls12;
	bool resumes;
};

static bool set_option(struct arguments *a, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = {
		{"--directory", &a->directory}, {"--certificate", &a->certificate},
		{"--clients", &a->clients},	{"--address", &a->address},
		{"--listener", &a->listener},	{"--origin", &a->origins[0]},
		{"--queue", &a->queue},		{"--crl", &a->crl},
		{"--client-ca", &a->client_ca}, {"--page", &a->page},
	};

	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if (value != NULL && strcmp(name, options[i].name) == 0) {
			*options[i].value = value;
			return true;
		}
	return false;
}

static bool parse(struct arguments *a, struct net_limits *limits, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--tls12") == 0)
			a->tls12 = true;
		else if (strcmp(argv[i], "--no-resume") == 0)
			a->resumes = false;
		else if (!set_limit(limits, argv[i]) && !set_option(a, argv[i], argv[i + 1]))
			return false;
		else if (argv[i][0] == '-')
			i++;
	}
	return a->directory != NULL;
}

static enum net_client_certificate clients_of(const char *name)
{
	if (strcmp(name, "off") == 0)
		return NET_CLIENT_CERTIFICATE_OFF;
	return strcmp(name, "required") == 0 ? NET_CLIENT_CERTIFICATE_REQUIRED
					     : NET_CLIENT_CERTIFICATE_OPTIONAL;
}

static int serve(struct desk *d, const struct net_options *options)
{
	struct lahetti_fault fault = {0};
	pthread_t thread;
	bool ran;

	d->net = net_open(options, &fault);
	if (d->net == NULL) {
		(void)fprintf(stderr, "%s: %s\n", fault.code, fault.text);
		return 1;
	}
	if (pthread_create(&thread, NULL, desk_main, d) != 0)
		abort();
	(void)printf("ready %u %u\n", (unsigned)net_port(d->net), (unsigned)net_ops_port(d->net));
	(void)fflush(stdout);
	ran = net_run(d->net, &fault);
	job_queue_close(d->queue);
	(void)pthread_join(thread, NULL);
	net_close(d->net);
	return ran ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct arguments a = {
		.certificate = "server",
		.client_ca = "ca",
		.clients = "optional",
		.address = "127.0.0.1",
		.queue = "1024",
		.resumes = true,
	};
	struct desk desk = {.lock = PTHREAD_MUTEX_INITIALIZER};
	char certificate[512], key[512], ca[512];
	struct net_options options = {
		.listener = -1,
		.certificate = certificate,
		.private_key = key,
		.client_ca = ca,
		.ops_address = "127.0.0.1",
		.server_name = "localhost/lahetti",
		.generation = 1,
		.software = "echo",
		.log_key = "",
		.statement_limit = 65536,
		.recipient_limit = 20,
		.limits = {.frame = 262144,
			   .sessions = 200,
			   .sessions_reserved = 20,
			   .sessions_a_user = 4,
			   .handshakes_an_address = 100,
			   .requests_a_second = 1000,
			   .pings_a_second = 5,
			   .in_flight = 16,
			   .out_queue = 1048576,
			   .handshake_s = 10,
			   .sign_in_s = 30,
			   .idle_s = 60,
			   .ping_s = 20,
			   .drain_s = 5},
		.context = &desk,
		.take = take,
		.not_ready = not_ready,
		.metrics = metrics,
		.log = log_line,
	};
	int status;

	if (!parse(&a, &options.limits, argc, argv)) {
		(void)fprintf(stderr, "usage: see the head of echo_server.c\n");
		return 2;
	}
	(void)snprintf(certificate, sizeof certificate, "%s/%s.pem", a.directory, a.certificate);
	(void)snprintf(key, sizeof key, "%s/%s.key", a.directory, a.certificate);
	(void)snprintf(ca, sizeof ca, "%s/%s.pem", a.directory, a.client_ca);
	options.client_certificate = clients_of(a.clients);
	options.address = a.address;
	if (a.listener != NULL)
		options.listener = (int)strtol(a.listener, NULL, 10);
	options.tls12 = a.tls12;
	options.client_crl = a.crl;
	options.page = a.page;
	options.origins = a.origins;
	desk.resumes = a.resumes;
	desk.queue = job_queue_create(strtoul(a.queue, NULL, 10), NULL);
	if (desk.queue == NULL || !lahetti_arena_init(&desk.arena, ARENA_SIZE, NULL))
		abort();
	status = serve(&desk, &options);
	job_destroy(desk.held);
	job_queue_destroy(desk.queue);
	lahetti_arena_finish(&desk.arena);
	return status;
}
