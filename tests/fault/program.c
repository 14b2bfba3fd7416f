/*
 * p1, p7: the whole of lahettid, in which the system fails at some call: a write, a sync, a file
 * that can't be opened, a connection that can't be taken. It answers with an error, or ends with a
 * sentence; it is never killed by a signal. What it acknowledged is there after the next start,
 * nothing is there twice, and all that is stored fits together.
 */

#include "again.h"
#include "county.h"
#include "lahetti/message.h"
#include "tally.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define POINTS	    8 /* where nothing else is asked for */
#define WINDOW	    8
#define CONNECTS    3
#define ANSWER_S    10
#define WEIGHT_MOST 16
#define ENDLESS	    1000000u
#define FAILED	    1 /* the exit status that comes with a sentence */

/* What each call may fail with, and how often it is made without a fault. */
static struct call {
	const char *name;
	int numbers[2];
	unsigned long made;
} calls[] = {
	{"write", {ENOSPC, EIO}, 0},	 {"pwrite", {ENOSPC, EIO}, 0},
	{"fsync", {EIO, ENOSPC}, 0},	 {"fdatasync", {EIO, ENOSPC}, 0},
	{"open", {EMFILE, ENOMEM}, 0},	 {"openat", {EMFILE, ENOMEM}, 0},
	{"accept", {EMFILE, ENOMEM}, 0}, {"getrandom", {EIO, ENOMEM}, 0},
	{"ftruncate", {EIO, ENOSPC}, 0}, {"fallocate", {ENOSPC, EIO}, 0},
	{"rename", {ENOSPC, EIO}, 0},
};

#define CALLS (sizeof calls / sizeof *calls)

struct load {
	struct county c;
	struct tally tally;
	struct lahetti_id client, case_id;
	uint64_t seed;
	size_t refused, ended, acknowledged;
	char counts[300], said[300];
};

/* The client, whom nothing surprises
 * ------------------------------------------------------------------------------------------------
 */

static bool sign_in(struct person *p)
{
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;
	const Lahetti__V1__ServerFrame *answer = NULL;
	uint8_t exporter[32];
	char ca[300];

	(void)snprintf(ca, sizeof ca, "%s/ca.pem", p->house->folder);
	p->peer = lahetti_peer_open(&(struct lahetti_peer_options){.host = "localhost",
								   .port = (uint16_t)p->house->port,
								   .ca = ca,
								   .timeout_s = ANSWER_S},
				    &f);
	if (p->peer == NULL)
		return false;
	assert_true(lahetti_arena_init(&arena, 1 << 20, &f));
	lahetti_arena_reset(&p->arena);
	if (lahetti_peer_exporter(p->peer, exporter, &f))
		answer = lahetti_peer_ask(
			p->peer,
			person_login(p, lahetti_bytes_span(lahetti_peer_greeting(p->peer)->nonce),
				     exporter, NULL, &arena),
			&p->arena, &f);
	lahetti_arena_finish(&arena);
	return answer != NULL && answer->body_case == LAHETTI__V1__SERVER_FRAME__BODY_SESSION;
}

/* Sends all, and hears what comes as long as each is answered. */
static void submit_all(struct load *l)
{
	struct person *p = &l->c.worker;
	size_t answers = 0;

	tally_send(&l->tally, p);
	while (answers < l->tally.n) {
		struct lahetti_fault f = {0};
		const Lahetti__V1__ServerFrame *frame;

		lahetti_arena_reset(&p->arena);
		frame = lahetti_peer_next(p->peer, ANSWER_S * 1000, &p->arena, &f);
		if (frame == NULL)
			return;
		if (!tally_note(&l->tally, frame))
			continue;
		answers++;
		if (frame->body_case != LAHETTI__V1__SERVER_FRAME__BODY_ERROR)
			continue;
		assert_int_equal(LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT, frame->error->class_);
		assert_true(frame->error->sentence[0] != '\0');
		l->refused++;
	}
}

static void load(struct load *l)
{
	for (unsigned i = 0; i < CONNECTS && tally_acknowledged(&l->tally) < l->tally.n; i++) {
		if (sign_in(&l->c.worker))
			submit_all(l);
		person_sign_out(&l->c.worker);
	}
	l->acknowledged += tally_acknowledged(&l->tally);
}

/* The server
 * ------------------------------------------------------------------------------------------------------
 */

/* Starts it with a fault, or "" and its calls are counted; what it says goes into a file. False: it
 * ended before it was ready. */
static bool start(struct load *l, const char *fault)
{
	int said = open(l->said, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int usual = dup(STDERR_FILENO);
	bool ready;

	assert_true(said >= 0 && usual >= 0 && dup2(said, STDERR_FILENO) >= 0);
	assert_int_equal(0, setenv("LD_PRELOAD", PRELOAD, 1));
	assert_int_equal(0, setenv("LAHETTI_FAULT", fault, 1));
	assert_int_equal(0, setenv("LAHETTI_COUNTS", l->counts, 1));
	ready = house_try_start(&l->c.house);
	assert_int_equal(0, unsetenv("LD_PRELOAD"));
	assert_true(dup2(usual, STDERR_FILENO) >= 0);
	(void)close(usual);
	(void)close(said);
	return ready;
}

/* Whether the last line of what it said is a sentence of its own. */
static bool says_why(const struct load *l)
{
	char line[1024], last[1024] = "";
	FILE *file = fopen(l->said, "r");

	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, "lahettid: ", strlen("lahettid: ")) == 0)
			(void)snprintf(last, sizeof last, "%s", line);
	(void)fclose(file);
	return strlen(last) > 2 && strcmp(last + strlen(last) - 2, ".\n") == 0;
}

static void print_said(const struct load *l)
{
	char line[1024];
	FILE *file = fopen(l->said, "r");

	while (file != NULL && fgets(line, sizeof line, file) != NULL)
		print_message("%s", line);
	if (file != NULL)
		(void)fclose(file);
}

static void run(struct load *l, const char *fault)
{
	int status;

	tally_write(&l->tally, WINDOW, &l->c.worker, &l->c.team, &l->client, &l->case_id);
	if (start(l, fault)) {
		load(l);
		(void)kill(l->c.house.pid, SIGTERM);
	}
	status = house_wait(l->c.house.pid);
	(void)close(l->c.house.out);
	l->c.house.pid = 0;
	if (status != 0 && (status != FAILED || !says_why(l))) {
		print_said(l);
		fail_msg("\"%s\": it ended with %d", fault, status);
	}
	l->ended += status != 0;
}

static void next_start_finds_all(struct load *l)
{
	house_start(&l->c.house);
	county_sign_in(&l->c.worker);
	tally_again(&l->tally, &l->c.worker);
	person_sign_out(&l->c.worker);
	house_stop(&l->c.house, SIGTERM);
	tally_is_whole(&l->tally, &l->c.house);
}

/* The points
 * ------------------------------------------------------------------------------------------------------
 */

static void count_calls(struct load *l)
{
	char line[64];
	FILE *file;

	run(l, "");
	file = fopen(l->counts, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file) != NULL)
		for (size_t i = 0; i < CALLS; i++) {
			size_t len = strlen(calls[i].name);

			if (strncmp(line, calls[i].name, len) == 0 && line[len] == ' ')
				calls[i].made = strtoul(line + len, NULL, 10);
		}
	(void)fclose(file);
	for (size_t i = 0; i < CALLS; i++)
		print_message("%s %lu%s", calls[i].name, calls[i].made,
			      i + 1 < CALLS ? ", " : "\n");
}

/* How often a call is drawn: what is made once or twice does not take the turn of the many. */
static unsigned long weight(const struct call *call)
{
	return call->made < WEIGHT_MOST ? call->made : WEIGHT_MOST;
}

static void next_point(struct load *l, char *fault, size_t room)
{
	const struct call *call = calls;
	unsigned long all = 0;
	uint64_t nth, drawn;

	for (size_t i = 0; i < CALLS; i++)
		all += weight(&calls[i]);
	drawn = again_random(&l->seed) % all;
	for (; drawn >= weight(call); call++)
		drawn -= weight(call);
	nth = again_random(&l->seed) % call->made + 1;
	drawn = again_random(&l->seed);
	(void)snprintf(fault, room, "%s %llu %d %u", call->name, (unsigned long long)nth,
		       call->numbers[drawn % 2], drawn / 2 % 3 == 0 ? ENDLESS : 1);
}

static void p1_p7_system_calls(void **state)
{
	struct load *l = calloc(1, sizeof *l);
	uint64_t times = again_times(POINTS), points = 0;
	int64_t start_us = lahetti_now_us();
	char fault[64];

	(void)state;
	assert_non_null(l);
	l->seed = again_seed();
	county_make(&l->c);
	county_sign_in(&l->c.worker);
	person_add_client(&l->c.worker, "Esimerkki", "", &l->client, &l->case_id);
	person_sign_out(&l->c.worker);
	house_stop(&l->c.house, SIGTERM);
	(void)snprintf(l->counts, sizeof l->counts, "%s/counts", l->c.house.folder);
	(void)snprintf(l->said, sizeof l->said, "%s/said", l->c.house.folder);
	count_calls(l);
	assert_int_equal(WINDOW, tally_acknowledged(&l->tally));
	l->acknowledged = 0;
	for (; again_due(points, times, start_us); points++) {
		next_point(l, fault, sizeof fault);
		run(l, fault);
		print_message("%s: %zu acknowledged\n", fault, tally_acknowledged(&l->tally));
		next_start_finds_all(l);
	}
	print_message("%llu points: %zu ends with a sentence, %zu refusals; %zu of %llu statements "
		      "were acknowledged\n",
		      (unsigned long long)points, l->ended, l->refused, l->acknowledged,
		      (unsigned long long)points * WINDOW);
	tally_finish(&l->tally);
	house_start(&l->c.house);
	county_end(&l->c);
	free(l);
}

/* Descriptors
 * ------------------------------------------------------------------------------------------------------
 */

/* With `out` the server may open nothing that it has not open now. */
static void limit_descriptors(const struct house *h, bool out)
{
	struct rlimit limit;
	char path[64];

	assert_int_equal(0, prlimit(h->pid, RLIMIT_NOFILE, NULL, &limit));
	limit.rlim_cur = limit.rlim_max;
	if (out) {
		limit.rlim_cur = 0;
		do
			(void)snprintf(path, sizeof path, "/proc/%d/fd/%llu", (int)h->pid,
				       (unsigned long long)limit.rlim_cur++);
		while (access(path, F_OK) == 0);
		limit.rlim_cur--;
	}
	assert_int_equal(0, prlimit(h->pid, RLIMIT_NOFILE, &limit, NULL));
}

static void who_is_connected_is_served_while_descriptors_are_out(void **state)
{
	struct load *l = calloc(1, sizeof *l);
	struct lahetti_fault f = {0};
	char ca[300];

	(void)state;
	assert_non_null(l);
	county_make(&l->c);
	county_sign_in(&l->c.worker);
	person_add_client(&l->c.worker, "Esimerkki", "", &l->client, &l->case_id);
	tally_write(&l->tally, WINDOW, &l->c.worker, &l->c.team, &l->client, &l->case_id);
	limit_descriptors(&l->c.house, true);
	(void)snprintf(ca, sizeof ca, "%s/ca.pem", l->c.house.folder);
	assert_null(
		lahetti_peer_open(&(struct lahetti_peer_options){.host = "localhost",
								 .port = (uint16_t)l->c.house.port,
								 .ca = ca,
								 .timeout_s = 1},
				  &f));
	tally_again(&l->tally, &l->c.worker);
	limit_descriptors(&l->c.house, false);
	county_sign_in(&l->c.coach);
	person_sign_out(&l->c.coach);
	person_sign_out(&l->c.worker);
	tally_finish(&l->tally);
	county_end(&l->c);
	free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p1_p7_system_calls),
		cmocka_unit_test(who_is_connected_is_served_while_descriptors_are_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
