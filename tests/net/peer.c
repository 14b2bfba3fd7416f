/* lib/peer against the real net: certificates and names, questions, pushes, and every way a
 * connection can fail. */
#include "lahetti/peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define ARGUMENTS_MOST 8
#define ARENA_SIZE     4194304

struct world {
	pid_t server;
	FILE *to_server;
	struct lahetti_peer_options options;
	struct lahetti_peer *peer;
	struct lahetti_arena arena;
	EVP_PKEY *key;
	char ca[512];
	char certificate[512];
};

static void in_certificates(char path[512], const char *name)
{
	(void)snprintf(path, 512, "%s/%s", getenv("NET_CERTIFICATES"), name);
}

/* Starts the server; false where it did not start. */
static bool start(struct world *w, const char *const *more)
{
	const char *const first[] = {getenv("NET_SERVER"), "--directory",
				     getenv("NET_CERTIFICATES"), NULL};
	char texts[ARGUMENTS_MOST][512] = {""};
	char *arguments[ARGUMENTS_MOST + 1] = {NULL};
	posix_spawn_file_actions_t actions;
	int in[2], out[2];
	static const char word[] = "ready ";
	char line[64];
	FILE *from;
	bool ready;

	for (size_t i = 0, n = 0; i < ARGUMENTS_MOST; i++) {
		const char *argument = i < 3 ? first[i] : more != NULL ? more[n++] : NULL;

		if (argument == NULL)
			break;
		(void)snprintf(texts[i], sizeof texts[i], "%s", argument);
		arguments[i] = texts[i];
	}
	assert_int_equal(pipe(in), 0);
	assert_int_equal(pipe(out), 0);
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
	posix_spawn_file_actions_addclose(&actions, in[1]);
	posix_spawn_file_actions_addclose(&actions, out[0]);
	assert_int_equal(posix_spawn(&w->server, texts[0], &actions, NULL, arguments, environ), 0);
	posix_spawn_file_actions_destroy(&actions);
	close(in[0]);
	close(out[1]);
	w->to_server = fdopen(in[1], "w");
	from = fdopen(out[0], "r");
	ready = fgets(line, sizeof line, from) != NULL && strncmp(line, word, sizeof word - 1) == 0;
	fclose(from);
	w->options.port = ready ? (uint16_t)strtoul(line + sizeof word - 1, NULL, 10) : 0;
	return ready;
}

static void stop(struct world *w)
{
	int status;

	if (w->server == 0)
		return;
	kill(w->server, SIGTERM);
	assert_int_equal(waitpid(w->server, &status, 0), w->server);
	w->server = 0;
	fclose(w->to_server);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static int setup(void **state)
{
	struct world *w = calloc(1, sizeof *w);

	assert_non_null(w);
	assert_true(lahetti_arena_init(&w->arena, ARENA_SIZE, NULL));
	in_certificates(w->ca, "ca.pem");
	w->options =
		(struct lahetti_peer_options){.host = "localhost", .ca = w->ca, .timeout_s = 20};
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	lahetti_peer_close(w->peer);
	stop(w);
	EVP_PKEY_free(w->key);
	lahetti_arena_finish(&w->arena);
	free(w);
	return 0;
}

/* ---- words --------------------------------------------------------------------------------- */

static void dial(struct world *w)
{
	struct lahetti_fault f = {0};

	w->peer = lahetti_peer_open(&w->options, &f);
	if (w->peer == NULL)
		print_message("%s: %s\n", f.code, f.text);
	assert_non_null(w->peer);
}

static void dial_fails(struct world *w, enum lahetti_fault_kind kind, const char *code)
{
	struct lahetti_fault f = {0};

	w->peer = lahetti_peer_open(&w->options, &f);
	assert_null(w->peer);
	assert_string_equal(f.code, code);
	assert_int_equal(f.kind, kind);
}

static Lahetti__V1__ServerFrame *ask(struct world *w, Lahetti__V1__ClientFrame *frame)
{
	struct lahetti_fault f = {0};
	Lahetti__V1__ServerFrame *answer;

	lahetti_arena_reset(&w->arena);
	answer = lahetti_peer_ask(w->peer, frame, &w->arena, &f);
	if (answer == NULL)
		print_message("%s: %s\n", f.code, f.text);
	assert_non_null(answer);
	return answer;
}

/* A request that echo_server obeys. What is made here lives until the next. */
static Lahetti__V1__ClientFrame *request(const char *term)
{
	static Lahetti__V1__ReadDirectory read;
	static Lahetti__V1__ClientFrame frame;
	static char text[64];

	(void)snprintf(text, sizeof text, "%s", term);
	lahetti__v1__read_directory__init(&read);
	lahetti__v1__client_frame__init(&frame);
	read.term = text;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_DIRECTORY;
	frame.read_directory = &read;
	return &frame;
}

static void ask_fails(struct world *w, const char *term, enum lahetti_fault_kind kind,
		      const char *code)
{
	struct lahetti_fault f = {0};

	assert_null(lahetti_peer_ask(w->peer, request(term), &w->arena, &f));
	assert_string_equal(f.code, code);
	assert_int_equal(f.kind, kind);
}

static const Lahetti__V1__Session *login(struct world *w)
{
	Lahetti__V1__Login body = LAHETTI__V1__LOGIN__INIT;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	uint8_t membership[65];
	Lahetti__V1__ServerFrame *answer;

	memset(membership, 1, sizeof membership);
	body.membership = (ProtobufCBinaryData){.len = sizeof membership, .data = membership};
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_LOGIN;
	frame.login = &body;
	answer = ask(w, &frame);
	assert_int_equal(answer->body_case, LAHETTI__V1__SERVER_FRAME__BODY_SESSION);
	return answer->session;
}

static void subscribe(struct world *w)
{
	Lahetti__V1__Subscribe body = LAHETTI__V1__SUBSCRIBE__INIT;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;

	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_SUBSCRIBE;
	frame.subscribe = &body;
	assert_int_equal(ask(w, &frame)->body_case, LAHETTI__V1__SERVER_FRAME__BODY_DONE);
}

static void assert_text(const Lahetti__V1__ServerFrame *frame, const char *text)
{
	assert_non_null(frame);
	assert_int_equal(frame->body_case, LAHETTI__V1__SERVER_FRAME__BODY_DIRECTORY);
	assert_int_equal(frame->directory->cursor.len, strlen(text));
	assert_memory_equal(frame->directory->cursor.data, text, strlen(text));
}

static void present_certificate(struct world *w, const char *name)
{
	char file[64], path[512];
	FILE *key;

	(void)snprintf(file, sizeof file, "%s.pem", name);
	in_certificates(w->certificate, file);
	(void)snprintf(file, sizeof file, "%s.key", name);
	in_certificates(path, file);
	key = fopen(path, "r");
	assert_non_null(key);
	w->key = PEM_read_PrivateKey(key, NULL, NULL, NULL);
	fclose(key);
	assert_non_null(w->key);
	w->options.certificate = w->certificate;
	w->options.private_key = w->key;
}

/* ---- certificates and names ---------------------------------------------------------------- */

static void server_is_known_by_name_and_by_address(void **state)
{
	static const char *const hosts[] = {"localhost", "127.0.0.1"};
	struct world *w = *state;

	assert_true(start(w, NULL));
	for (size_t i = 0; i < 2; i++) {
		w->options.host = hosts[i];
		dial(w);
		assert_string_equal(lahetti_peer_greeting(w->peer)->server_name,
				    "localhost/lahetti");
		assert_int_equal(lahetti_peer_greeting(w->peer)->nonce.len, 32);
		lahetti_peer_close(w->peer);
		w->peer = NULL;
	}
}

static void certificate_for_another_name_is_refused(void **state)
{
	static const char *const elsewhere[] = {"--certificate", "elsewhere", NULL};
	static const char *const hosts[] = {"localhost", "127.0.0.1"};
	struct world *w = *state;

	assert_true(start(w, elsewhere));
	for (size_t i = 0; i < 2; i++) {
		w->options.host = hosts[i];
		dial_fails(w, LAHETTI_FAULT_INVALID, "bad-certificate");
	}
}

static bool has_ipv6(void)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM, 0);
	bool has = fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof a) == 0;

	if (fd >= 0)
		close(fd);
	return has;
}

/* The certificate is for localhost and 127.0.0.1, not for ::1. */
static void ipv6_address_is_checked_too(void **state)
{
	static const char *const six[] = {"--address", "::1", NULL};
	struct world *w = *state;

	if (!has_ipv6())
		skip();
	assert_true(start(w, six));
	w->options.host = "::1";
	dial_fails(w, LAHETTI_FAULT_INVALID, "bad-certificate");
}

static void server_of_another_authority_is_refused(void **state)
{
	struct world *w = *state;

	assert_true(start(w, NULL));
	in_certificates(w->ca, "rogue-ca.pem");
	dial_fails(w, LAHETTI_FAULT_INVALID, "bad-certificate");
	w->options.ca = NULL; /* the system's, which do not know the test's */
	dial_fails(w, LAHETTI_FAULT_INVALID, "bad-certificate");
}

static void unreadable_files_are_told(void **state)
{
	struct world *w = *state;

	w->options.port = 1;
	w->options.ca = "/nowhere/ca.pem";
	dial_fails(w, LAHETTI_FAULT_BROKEN, "bad-certificate");
	w->options.ca = w->ca;
	present_certificate(w, "client");
	in_certificates(w->certificate, "expired.pem"); /* not of that key */
	dial_fails(w, LAHETTI_FAULT_BROKEN, "bad-certificate");
}

static void certificate_is_presented_from_memory(void **state)
{
	static const char *const required[] = {"--clients", "required", NULL};
	struct world *w = *state;
	struct lahetti_digest id;
	struct lahetti_span spki;
	unsigned char *der = NULL;
	int len;

	assert_true(start(w, required));
	present_certificate(w, "client");
	dial(w);
	len = i2d_PUBKEY(w->key, &der);
	assert_true(len > 0);
	spki = lahetti_span(der, (size_t)len);
	assert_true(lahetti_sha256(&id, &spki, 1, NULL));
	assert_memory_equal(login(w)->checkpoint.data + 64, id.bytes, sizeof id.bytes);
	OPENSSL_free(der);
}

static void server_that_wants_a_certificate_turns_others_away(void **state)
{
	static const char *const required[] = {"--clients", "required", NULL};
	struct world *w = *state;

	assert_true(start(w, required));
	dial_fails(w, LAHETTI_FAULT_BUSY, "no-connection");
	present_certificate(w, "rogue");
	dial_fails(w, LAHETTI_FAULT_BUSY, "no-connection");
}

static void both_ends_export_the_same(void **state)
{
	struct world *w = *state;
	uint8_t exporter[32];

	assert_true(start(w, NULL));
	dial(w);
	assert_true(lahetti_peer_exporter(w->peer, exporter, NULL));
	assert_memory_equal(login(w)->checkpoint.data + 32, exporter, sizeof exporter);
}

/* ---- questions ----------------------------------------------------------------------------- */

static void answer_is_of_the_question(void **state)
{
	struct world *w = *state;
	Lahetti__V1__ServerFrame *answer;

	assert_true(start(w, NULL));
	dial(w);
	answer = ask(w, request("echo:x"));
	assert_int_equal(answer->body_case, LAHETTI__V1__SERVER_FRAME__BODY_ERROR);
	assert_string_equal(answer->error->code, "not-signed-in");
	login(w);
	assert_text(ask(w, request("echo:one")), "one");
	assert_text(ask(w, request("echo:two")), "two");
	assert_int_equal(ask(w, request("big:900000"))->directory->cursor.len, 900000);
}

static void pushes_are_kept_while_asking(void **state)
{
	struct world *w = *state;
	struct lahetti_fault f = {0};
	const Lahetti__V1__ServerFrame *frame;

	assert_true(start(w, NULL));
	dial(w);
	login(w);
	subscribe(w);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ask(w, request("user"))->body_case,
				 LAHETTI__V1__SERVER_FRAME__BODY_DONE);
	assert_text(ask(w, request("echo:last")), "last");
	for (int i = 0; i < 3; i++) {
		frame = lahetti_peer_next(w->peer, 0, &w->arena, &f);
		assert_non_null(frame);
		assert_int_equal(frame->body_case, LAHETTI__V1__SERVER_FRAME__BODY_NOTICE);
		assert_int_equal(frame->correlation, 0);
	}
	assert_null(lahetti_peer_next(w->peer, 0, &w->arena, &f));
	assert_int_equal(f.kind, LAHETTI_FAULT_NONE);
}

static void several_questions_can_be_under_way(void **state)
{
	struct world *w = *state;
	uint64_t held, echoed;
	const Lahetti__V1__ServerFrame *frame;

	assert_true(start(w, NULL));
	dial(w);
	login(w);
	assert_true(lahetti_peer_send(w->peer, request("hold"), &held, NULL));
	assert_true(lahetti_peer_send(w->peer, request("echo:lets go"), &echoed, NULL));
	assert_int_equal(echoed, held + 1);
	frame = lahetti_peer_next(w->peer, -1, &w->arena, NULL);
	assert_text(frame, "held");
	assert_int_equal(frame->correlation, held);
	frame = lahetti_peer_next(w->peer, -1, &w->arena, NULL);
	assert_text(frame, "lets go");
	assert_int_equal(frame->correlation, echoed);
}

/* ---- failures ------------------------------------------------------------------------------ */

static void nobody_listens(void **state)
{
	struct world *w = *state;

	assert_true(start(w, NULL));
	stop(w);
	dial_fails(w, LAHETTI_FAULT_BUSY, "no-connection");
	w->options.host = "nowhere.invalid";
	dial_fails(w, LAHETTI_FAULT_BUSY, "no-connection");
	w->options.host = "";
	dial_fails(w, LAHETTI_FAULT_MALFORMED, "no-connection");
}

static void server_that_says_nothing_is_given_up(void **state)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof a;
	struct world *w = *state;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	w->options.port = ntohs(a.sin_port);
	w->options.timeout_s = 1;
	dial_fails(w, LAHETTI_FAULT_BUSY, "timeout");
	close(fd);
}

static void answer_that_does_not_come_is_uncertain(void **state)
{
	struct world *w = *state;

	assert_true(start(w, NULL));
	w->options.timeout_s = 1;
	dial(w);
	login(w);
	ask_fails(w, "hold", LAHETTI_FAULT_UNCERTAIN, "timeout");
	assert_text(ask(w, request("echo:still there")), "still there");
}

static void lost_connection_is_uncertain_then_certain(void **state)
{
	struct world *w = *state;
	int status;

	assert_true(start(w, NULL));
	dial(w);
	login(w);
	assert_int_equal(ask(w, request("close"))->body_case, LAHETTI__V1__SERVER_FRAME__BODY_DONE);
	ask_fails(w, "echo:too late", LAHETTI_FAULT_UNCERTAIN, "connection-lost");
	ask_fails(w, "echo:too late", LAHETTI_FAULT_BUSY, "connection-lost");
	lahetti_peer_close(w->peer);
	dial(w);
	login(w);
	kill(w->server, SIGKILL);
	assert_int_equal(waitpid(w->server, &status, 0), w->server);
	w->server = 0;
	fclose(w->to_server);
	ask_fails(w, "echo:too late", LAHETTI_FAULT_UNCERTAIN, "connection-lost");
	ask_fails(w, "echo:too late", LAHETTI_FAULT_BUSY, "connection-lost");
}

static void server_that_goes_away_says_so(void **state)
{
	struct world *w = *state;
	struct lahetti_fault f = {0};
	const Lahetti__V1__ServerFrame *frame;

	assert_true(start(w, NULL));
	dial(w);
	kill(w->server, SIGTERM);
	frame = lahetti_peer_next(w->peer, -1, &w->arena, &f);
	assert_non_null(frame);
	assert_int_equal(frame->body_case, LAHETTI__V1__SERVER_FRAME__BODY_GOING_AWAY);
	assert_null(lahetti_peer_next(w->peer, -1, &w->arena, &f));
	assert_string_equal(f.code, "connection-lost");
	assert_non_null(strstr(f.text, "1001: going-away"));
}

static void frame_over_the_limit_is_not_taken(void **state)
{
	struct world *w = *state;

	assert_true(start(w, NULL));
	w->options.frame_limit = 2000;
	dial(w);
	login(w);
	assert_int_equal(ask(w, request("big:1900"))->directory->cursor.len, 1900);
	ask_fails(w, "big:2000", LAHETTI_FAULT_MALFORMED, "frame-too-long");
}

static void arena_that_is_too_small_is_told(void **state)
{
	struct world *w = *state;
	struct lahetti_arena small = {0};
	struct lahetti_fault f = {0};

	assert_true(start(w, NULL));
	dial(w);
	login(w);
	assert_true(lahetti_arena_init(&small, 1000, NULL));
	assert_null(lahetti_peer_ask(w->peer, request("big:5000"), &small, &f));
	assert_string_equal(f.code, "message-too-large");
	lahetti_arena_finish(&small);
}

static void *open_and_close(void *context)
{
	const struct lahetti_peer_options *options = context;

	for (int i = 0; i < 8; i++) {
		struct lahetti_peer *p = lahetti_peer_open(options, NULL);

		if (p == NULL)
			return NULL;
		lahetti_peer_close(p);
	}
	return context;
}

static void threads_have_their_own_connections(void **state)
{
	struct world *w = *state;
	pthread_t threads[4];
	void *done;

	assert_true(start(w, NULL));
	for (size_t i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, open_and_close, &w->options), 0);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &done), 0);
		assert_non_null(done);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(server_is_known_by_name_and_by_address),
		TEST(certificate_for_another_name_is_refused),
		TEST(ipv6_address_is_checked_too),
		TEST(server_of_another_authority_is_refused),
		TEST(unreadable_files_are_told),
		TEST(certificate_is_presented_from_memory),
		TEST(server_that_wants_a_certificate_turns_others_away),
		TEST(both_ends_export_the_same),
		TEST(answer_is_of_the_question),
		TEST(pushes_are_kept_while_asking),
		TEST(several_questions_can_be_under_way),
		TEST(nobody_listens),
		TEST(server_that_says_nothing_is_given_up),
		TEST(answer_that_does_not_come_is_uncertain),
		TEST(lost_connection_is_uncertain_then_certain),
		TEST(server_that_goes_away_says_so),
		TEST(frame_over_the_limit_is_not_taken),
		TEST(arena_that_is_too_small_is_told),
		TEST(threads_have_their_own_connections),
	};

	(void)signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
