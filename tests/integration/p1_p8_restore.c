/*
 * p1, p8: a server is brought back from a backup and the key folder. What was acknowledged before
 * the backup is there, and its receipts hold; whoever was erased after the backup can't be shown by
 * any frame; and a restore that crashes leaves nothing or a whole server.
 */

#include "county.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "lahetti/receipt.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVER(NAME) LAHETTI__V1__SERVER_FRAME__BODY_##NAME
#define CLIENT(NAME) LAHETTI__V1__CLIENT_FRAME__BODY_##NAME

#define FAMILY_NAME "Kivisalmi"
#define HETU	    "010190-900P"
#define WORDS	    "poissa töistä" /* of every referral of a test */

static ProtobufCBinaryData bytes(const struct lahetti_id *id)
{
	return lahetti_bytes(lahetti_id_span(id));
}

/* ---- the operator ---------------------------------------------------------------------------- */

static int run(struct house *h, const char *command, const char *one, const char *two,
	       const char *three)
{
	const char *const arguments[] = {command, one, two, three, NULL};
	char out[8192];

	return house_run(h, out, sizeof out, arguments);
}

static void path_in(const struct house *h, const char *name, char path[400])
{
	(void)snprintf(path, 400, "%s/%s", h->folder, name);
}

static void move(const struct house *h, const char *from, const char *to)
{
	char old[400], new[400];

	path_in(h, from, old);
	path_in(h, to, new);
	assert_int_equal(0, rename(old, new));
}

static bool is_there(const struct house *h, const char *name)
{
	char path[400];

	path_in(h, name, path);
	return access(path, F_OK) == 0;
}

/* Turns one bit in the middle of a file, or back. */
static void flip(const struct house *h, const char *name)
{
	char path[400];
	uint8_t byte;
	off_t middle;
	int fd;

	path_in(h, name, path);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	middle = lseek(fd, 0, SEEK_END) / 2;
	assert_int_equal(1, pread(fd, &byte, 1, middle));
	byte ^= 1;
	assert_int_equal(1, pwrite(fd, &byte, 1, middle));
	assert_int_equal(0, close(fd));
}

/* Whether a file holds these bytes anywhere. */
static bool holds(const struct house *h, const char *name, const void *wanted, size_t len)
{
	char path[400];
	struct stat st;
	uint8_t *content;
	bool found;
	int fd;

	path_in(h, name, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(0, fstat(fd, &st));
	content = malloc((size_t)st.st_size);
	assert_non_null(content);
	assert_int_equal(st.st_size, read(fd, content, (size_t)st.st_size));
	found = memmem(content, (size_t)st.st_size, wanted, len) != NULL;
	free(content);
	assert_int_equal(0, close(fd));
	return found;
}

/* ---- the scene ------------------------------------------------------------------------------- */

struct scene {
	struct county c;
	struct person second; /* another data-protection officer */
	struct lahetti_id client, case_id, delivery;
	struct writing referral;
};

static void sign_in_all(struct scene *s)
{
	county_sign_in(&s->c.worker);
	county_sign_in(&s->c.coach);
	county_sign_in(&s->c.officer);
	county_sign_in(&s->second);
}

static void sign_out_all(struct scene *s)
{
	person_sign_out(&s->c.worker);
	person_sign_out(&s->c.coach);
	person_sign_out(&s->c.officer);
	person_sign_out(&s->second);
}

static void make_scene(struct scene *s)
{
	char code[32];

	*s = (struct scene){.client = {{0}}};
	county_make(&s->c);
	county_sign_in(&s->c.admin);
	admin_user(&s->c.admin, "Toini Tietosuoja", &s->c.supervision,
		   LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER, &s->second, code);
	person_sign_out(&s->c.admin);
	person_enrol(&s->second, &s->c.house, code);
	house_stop(&s->c.house, SIGTERM);
	person_confirm(&s->second);
	house_start(&s->c.house);
	sign_in_all(s);
}

static void end_scene(struct scene *s)
{
	writing_finish(&s->referral);
	person_finish(&s->second);
	county_end(&s->c);
}

static Lahetti__V1__ServerFrame *open_referral(struct scene *s)
{
	Lahetti__V1__Acknowledgement a = LAHETTI__V1__ACKNOWLEDGEMENT__INIT;
	Lahetti__V1__ServerFrame *answer;
	struct writing w;

	writing_begin(&w, &s->c.coach, LAHETTI_KIND_ACKNOWLEDGEMENT, NULL, NULL);
	writing_reply(&w, &s->referral.id, &s->referral.sha256);
	a.delivery = bytes(&s->delivery);
	a.step = LAHETTI__V1__STEP__STEP_OPEN;
	writing_sign(&w, &a.base, s->c.coach.key);
	answer = person_open(&s->c.coach, &w);
	writing_finish(&w);
	return answer;
}

static void write_referral(struct scene *s, struct writing *w)
{
	Lahetti__V1__Referral body;

	writing_begin(w, &s->c.worker, LAHETTI_KIND_REFERRAL, &s->client, &s->case_id);
	writing_to_queue(w, &s->c.worker.organisation, &s->c.team);
	referral_fill(&body);
	writing_sign(w, &body.base, s->c.worker.key);
}

/* A client whose referral the coach has opened. */
static void make_client(struct scene *s)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__Claim claim = LAHETTI__V1__CLAIM__INIT;
	Lahetti__V1__ServerFrame *answer;

	person_add_client(&s->c.worker, FAMILY_NAME, HETU, &s->client, &s->case_id);
	write_referral(s, &s->referral);
	answer = person_submit(&s->c.worker, &s->referral);
	assert_int_equal(SERVER(ACCEPTED), answer->body_case);
	assert_true(lahetti_id_read(
		&s->delivery, lahetti_bytes_span(answer->accepted->deliveries[0]->delivery), NULL));
	claim.delivery = bytes(&s->delivery);
	frame.body_case = CLIENT(CLAIM);
	frame.claim = &claim;
	(void)person_expect(&s->c.coach, &frame, SERVER(DONE));
	assert_int_equal(SERVER(CONTENT), open_referral(s)->body_case);
}

static void erase_client(struct scene *s)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ProposeErasure propose = LAHETTI__V1__PROPOSE_ERASURE__INIT;
	Lahetti__V1__ConfirmErasure confirm = LAHETTI__V1__CONFIRM_ERASURE__INIT;
	struct lahetti_id erasure;

	assert_true(lahetti_id_new(&erasure, lahetti_now_us(), NULL));
	propose.erasure = confirm.erasure = bytes(&erasure);
	propose.client = bytes(&s->client);
	propose.scope = LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_IDENTITY;
	propose.reason = LAHETTI__V1__ERASURE_REASON__ERASURE_REASON_RETENTION_OVER;
	propose.sentence = lahetti_text("Säilytysaika päättyi.");
	propose.reference = lahetti_text("JHA 2026-17");
	frame.body_case = CLIENT(PROPOSE_ERASURE);
	frame.propose_erasure = &propose;
	(void)person_expect(&s->c.officer, &frame, SERVER(DONE));
	lahetti__v1__client_frame__init(&frame);
	frame.body_case = CLIENT(CONFIRM_ERASURE);
	frame.confirm_erasure = &confirm;
	(void)person_expect(&s->second, &frame, SERVER(DONE));
}

/* ---- p8 -------------------------------------------------------------------------------------- */

/* An answer in which nothing of the client is. */
static void shows_nothing(const Lahetti__V1__ServerFrame *answer)
{
	static const char *const secrets[] = {FAMILY_NAME, HETU, WORDS};
	struct lahetti_arena arena;
	struct lahetti_span packed;

	assert_true(lahetti_arena_init(&arena, 4u << 20, NULL));
	packed = lahetti_message_pack(&answer->base, &arena);
	assert_non_null(packed.data);
	for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
		assert_null(memmem(packed.data, packed.len, secrets[i], strlen(secrets[i])));
	lahetti_arena_finish(&arena);
}

static const Lahetti__V1__ClientPage *find_clients(struct scene *s, const char *term)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients find = LAHETTI__V1__FIND_CLIENTS__INIT;
	const Lahetti__V1__ServerFrame *answer;

	find.term = lahetti_text(term);
	frame.body_case = CLIENT(FIND_CLIENTS);
	frame.find_clients = &find;
	answer = person_expect(&s->c.worker, &frame, SERVER(CLIENTS));
	if (answer->clients->n_clients == 0)
		shows_nothing(answer);
	return answer->clients;
}

static void asks_in_vain(struct scene *s)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadSent sent = LAHETTI__V1__READ_SENT__INIT;
	Lahetti__V1__ReadTimeline timeline = LAHETTI__V1__READ_TIMELINE__INIT;
	Lahetti__V1__ReadReceipt receipt = LAHETTI__V1__READ_RECEIPT__INIT;
	Lahetti__V1__ReadCase of_case = LAHETTI__V1__READ_CASE__INIT;
	Lahetti__V1__ReadStatement again = LAHETTI__V1__READ_STATEMENT__INIT;
	Lahetti__V1__WhoSaw who = LAHETTI__V1__WHO_SAW__INIT;
	Lahetti__V1__ReadTrail trail = LAHETTI__V1__READ_TRAIL__INIT;
	Lahetti__V1__Notice *notices[8];
	Lahetti__V1__ServerFrame *answer;
	size_t n;

	assert_int_equal(0, find_clients(s, HETU)->n_clients);
	assert_int_equal(0, find_clients(s, FAMILY_NAME)->n_clients);
	assert_int_equal(0, find_clients(s, "")->n_clients);
	answer = open_referral(s);
	assert_int_equal(SERVER(ERROR), answer->body_case);
	shows_nothing(answer);
	answer = person_submit(&s->c.worker, &s->referral);
	assert_int_equal(SERVER(ACCEPTED), answer->body_case);
	assert_true(answer->accepted->since_erased);
	shows_nothing(answer);
	frame.body_case = CLIENT(READ_SENT);
	frame.read_sent = &sent;
	shows_nothing(person_ask(&s->c.worker, &frame));
	timeline.statement = bytes(&s->referral.id);
	frame.body_case = CLIENT(READ_TIMELINE);
	frame.read_timeline = &timeline;
	shows_nothing(person_ask(&s->c.worker, &frame));
	receipt.statement = bytes(&s->referral.id);
	frame.body_case = CLIENT(READ_RECEIPT);
	frame.read_receipt = &receipt;
	shows_nothing(person_ask(&s->c.worker, &frame));
	of_case.case_id = bytes(&s->case_id);
	frame.body_case = CLIENT(READ_CASE);
	frame.read_case = &of_case;
	shows_nothing(person_ask(&s->c.worker, &frame));
	again.statement = bytes(&s->referral.id);
	frame.body_case = CLIENT(READ_STATEMENT);
	frame.read_statement = &again;
	shows_nothing(person_ask(&s->c.worker, &frame));
	shows_nothing(person_subscribe(&s->c.coach, 0, notices, 8, &n));
	who.client = bytes(&s->client);
	frame.body_case = CLIENT(WHO_SAW);
	frame.who_saw = &who;
	shows_nothing(person_ask(&s->c.officer, &frame));
	frame.body_case = CLIENT(READ_TRAIL);
	frame.read_trail = &trail;
	shows_nothing(person_expect(&s->c.officer, &frame, SERVER(TRAIL)));
}

/* Each try fails, leaves no database, and is not in the way of the next. */
static void p8_restores_that_lack_something_are_refused(struct scene *s)
{
	struct house *h = &s->c.house;

	assert_int_equal(2, run(h, "restore", "early", NULL, NULL));
	assert_int_equal(1, run(h, "restore", "early", "--keys", "nowhere"));
	assert_int_equal(1, run(h, "restore", "nowhere", "--keys", "keys"));
	/* The keys of before know nothing of the erasure that the later backup holds. */
	assert_int_equal(1, run(h, "restore", "late", "--keys", "keys-early"));
	assert_false(is_there(h, "data/keys"));
	flip(h, "early/lahetti.db");
	assert_int_equal(1, run(h, "restore", "early", "--keys", "keys"));
	flip(h, "early/lahetti.db");
	flip(h, "early/manifest");
	assert_int_equal(1, run(h, "restore", "early", "--keys", "keys"));
	flip(h, "early/manifest");
	assert_false(is_there(h, "data/lahetti.db"));
	assert_false(is_there(h, "data/lahetti.db.restoring"));
}

static void p8_restored_backup_cant_show_who_was_erased_after_it(void **state)
{
	struct scene s;

	(void)state;
	make_scene(&s);
	make_client(&s);
	assert_int_equal(1, find_clients(&s, HETU)->n_clients);
	assert_int_equal(0, run(&s.c.house, "backup", "early", "--keys", "keys-early"));
	erase_client(&s);
	asks_in_vain(&s);
	assert_int_equal(0, run(&s.c.house, "backup", "late", "--keys", "keys"));
	sign_out_all(&s);
	house_stop(&s.c.house, SIGTERM);
	assert_int_equal(1, run(&s.c.house, "restore", "early", "--keys", "keys"));
	move(&s.c.house, "data", "lost");
	p8_restores_that_lack_something_are_refused(&s);
	assert_int_equal(0, run(&s.c.house, "restore", "early", "--keys", "keys"));
	house_is_whole(&s.c.house);
	house_start(&s.c.house);
	sign_in_all(&s);
	asks_in_vain(&s);
	end_scene(&s);
}

/* A key folder that lies in its place is not replaced by a copy that knows less. */
static void p8_keys_that_are_there_stay(void **state)
{
	struct scene s;
	char log[400];

	(void)state;
	make_scene(&s);
	make_client(&s);
	assert_int_equal(0, run(&s.c.house, "backup", "early", "--keys", "keys-early"));
	erase_client(&s);
	sign_out_all(&s);
	house_stop(&s.c.house, SIGTERM);
	move(&s.c.house, "data/lahetti.db", "lost.db");
	if (is_there(&s.c.house, "data/lahetti.db-wal")) {
		/* It would be taken for the restored database's. */
		assert_int_equal(1, run(&s.c.house, "restore", "early", "--keys", "keys-early"));
		path_in(&s.c.house, "data/lahetti.db-wal", log);
		assert_int_equal(0, unlink(log));
	}
	assert_int_equal(0, run(&s.c.house, "restore", "early", "--keys", "keys-early"));
	house_start(&s.c.house);
	sign_in_all(&s);
	asks_in_vain(&s);
	end_scene(&s);
}

/* ---- the blind index ------------------------------------------------------------------------- */

static void p8_backup_finds_nobody_and_the_restored_server_does(void **state)
{
	struct scene s;

	(void)state;
	make_scene(&s);
	make_client(&s);
	assert_int_equal(0, run(&s.c.house, "backup", "backup", "--keys", "keys"));
	assert_false(holds(&s.c.house, "backup/lahetti.db", FAMILY_NAME, strlen(FAMILY_NAME)));
	assert_false(holds(&s.c.house, "backup/lahetti.db", HETU, strlen(HETU)));
	sign_out_all(&s);
	house_stop(&s.c.house, SIGTERM);
	/* A copy that is run as it is knows the client and can't find them by the code. */
	move(&s.c.house, "data", "original");
	move(&s.c.house, "backup", "data");
	move(&s.c.house, "original/keys", "data/keys");
	house_start(&s.c.house);
	county_sign_in(&s.c.worker);
	assert_int_equal(0, find_clients(&s, HETU)->n_clients);
	assert_int_equal(1, find_clients(&s, "")->n_clients);
	person_sign_out(&s.c.worker);
	house_stop(&s.c.house, SIGTERM);
	move(&s.c.house, "data/keys", "original/keys");
	move(&s.c.house, "data", "backup-run");
	move(&s.c.house, "original", "data");
	/* The other way: from a backup of what is there now. */
	assert_int_equal(0, run(&s.c.house, "backup", "again", "--keys", "keys"));
	move(&s.c.house, "data", "lost");
	assert_int_equal(0, run(&s.c.house, "restore", "again", "--keys", "keys"));
	house_start(&s.c.house);
	sign_in_all(&s);
	assert_int_equal(1, find_clients(&s, HETU)->n_clients);
	assert_int_equal(SERVER(CONTENT), open_referral(&s)->body_case);
	end_scene(&s);
}

/* ---- p1 -------------------------------------------------------------------------------------- */

#define KEPT 10
#define LOST 4

/* A statement and the receipt that acknowledged it. */
struct entry {
	struct writing writing;
	uint8_t receipt[8192];
	size_t len;
};

/* Packs the receipt of an answer; it must hold under a log's key. */
static size_t take_receipt(const Lahetti__V1__ServerFrame *answer, const char *log_key,
			   uint8_t *out, size_t room)
{
	struct lahetti_receipt_facts facts;
	struct lahetti_note_verifier *v = lahetti_note_verifier_read(log_key, NULL);
	struct lahetti_arena arena;
	struct lahetti_span packed;

	assert_int_equal(SERVER(ACCEPTED), answer->body_case);
	assert_non_null(v);
	assert_true(lahetti_arena_init(&arena, 1u << 20, NULL));
	assert_true(lahetti_receipt_verify(answer->accepted->receipt, v, &arena, &facts, NULL));
	packed = lahetti_message_pack(&answer->accepted->receipt->base, &arena);
	assert_non_null(packed.data);
	assert_true(packed.len <= room);
	memcpy(out, packed.data, packed.len);
	lahetti_note_verifier_destroy(v);
	lahetti_arena_finish(&arena);
	return packed.len;
}

static void send_new(struct scene *s, struct entry *e, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		write_referral(s, &e[i].writing);
		e[i].len = take_receipt(person_submit(&s->c.worker, &e[i].writing),
					s->c.worker.log_key, e[i].receipt, sizeof e[i].receipt);
	}
}

/* Reads events of the folder until so many have come, or the program has ended: false. */
static bool wait_for_events(int notify, int ended, size_t n)
{
	_Alignas(struct inotify_event) char buffer[4096];
	struct pollfd fds[2] = {{.fd = notify, .events = POLLIN}, {.fd = ended, .events = POLLIN}};

	while (n > 0) {
		assert_true(poll(fds, 2, 120000) > 0);
		if ((fds[0].revents & POLLIN) != 0) {
			ssize_t len = read(notify, buffer, sizeof buffer);

			assert_true(len > 0);
			for (char *at = buffer; at < buffer + len && n > 0; n--)
				at += sizeof(struct inotify_event) +
				      ((const struct inotify_event *)(const void *)at)->len;
		} else if (read(ended, buffer, sizeof buffer) <= 0) {
			return false;
		}
	}
	return true;
}

/* Restores, and kills it after so many changes of the data folder. False: it came to its end. */
static bool restore_killed_after(struct house *h, size_t changes)
{
	static const char *const arguments[] = {"restore", "backup", "--keys", "keys", NULL};
	char data[400];
	int notify = inotify_init1(IN_CLOEXEC), out;
	bool killed;
	pid_t pid;
	int status;

	path_in(h, "data", data);
	assert_true(notify >= 0);
	assert_true(mkdir(data, 0700) == 0 || is_there(h, "data"));
	assert_true(inotify_add_watch(notify, data,
				      IN_CREATE | IN_MOVE | IN_DELETE | IN_CLOSE_WRITE |
					      IN_MODIFY) >= 0);
	pid = house_begin(h, arguments, &out);
	killed = wait_for_events(notify, out, changes);
	if (killed)
		(void)kill(pid, SIGKILL);
	status = house_wait(pid);
	(void)close(out);
	(void)close(notify);
	if (status == 0)
		return false;
	assert_int_equal(128 + SIGKILL, status);
	return true;
}

static void p1_restore_leaves_nothing_or_a_whole_server(void **state)
{
	struct scene s;
	struct entry *entries = calloc(KEPT + LOST, sizeof *entries);
	char first_key[sizeof s.c.worker.log_key];
	uint8_t receipt[8192];
	size_t kills = 0;

	(void)state;
	assert_non_null(entries);
	make_scene(&s);
	make_client(&s);
	send_new(&s, entries, KEPT);
	assert_int_equal(0, run(&s.c.house, "backup", "backup", "--keys", "keys"));
	send_new(&s, entries + KEPT, LOST);
	(void)snprintf(first_key, sizeof first_key, "%s", s.c.worker.log_key);
	sign_out_all(&s);
	house_stop(&s.c.house, SIGTERM);
	move(&s.c.house, "data", "lost");

	while (restore_killed_after(&s.c.house, 1 + kills)) {
		kills += kills < 24 ? 1 : 1 + kills / 4;
		if (!is_there(&s.c.house, "data/lahetti.db"))
			continue;
		/* The last thing that a restore does to the folder is to give the database its
		 * name. */
		house_is_whole(&s.c.house);
		break;
	}
	assert_true(kills > 8);
	house_is_whole(&s.c.house);
	assert_int_equal(0, run(&s.c.house, "act", NULL, NULL, NULL));

	house_start(&s.c.house);
	sign_in_all(&s);
	assert_string_not_equal(first_key, s.c.worker.log_key);
	for (size_t i = 0; i < KEPT + LOST; i++) {
		const Lahetti__V1__ServerFrame *answer =
			person_submit(&s.c.worker, &entries[i].writing);
		size_t len = take_receipt(answer, i < KEPT ? first_key : s.c.worker.log_key,
					  receipt, sizeof receipt);

		if (i < KEPT) {
			assert_int_equal(entries[i].len, len);
			assert_memory_equal(entries[i].receipt, receipt, len);
		}
		writing_finish(&entries[i].writing);
	}
	end_scene(&s);
	free(entries);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p8_restored_backup_cant_show_who_was_erased_after_it),
		cmocka_unit_test(p8_keys_that_are_there_stay),
		cmocka_unit_test(p8_backup_finds_nobody_and_the_restored_server_does),
		cmocka_unit_test(p1_restore_leaves_nothing_or_a_whole_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
