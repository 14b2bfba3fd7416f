/*
 * Who is kept out, and from when: those whose membership has ended or who are disabled, revoked
 * devices, whoever tries too often; and what is put off when the disk is nearly or really full.
 */
#include "county.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Gives a setting another value, with the server stopped and started again. */
static void configure(struct county *c, const char *key, const char *value)
{
	char path[300], text[4096], before[64], *line;
	size_t len;
	FILE *f;

	house_stop(&c->house, SIGTERM);
	(void)snprintf(path, sizeof path, "%s/lahettid.conf", c->house.folder);
	f = fopen(path, "r+");
	assert_non_null(f);
	len = fread(text, 1, sizeof text - 1, f);
	text[len] = '\0';
	(void)snprintf(before, sizeof before, "\n%s = ", key);
	line = strstr(text, before);
	if (line != NULL)
		line[1] = '#';
	rewind(f);
	assert_true(fprintf(f, "%s\n%s = %s\n", text, key, value) > 0);
	assert_int_equal(0, fclose(f));
	house_start(&c->house);
}

/* What a path of the listener for health and metrics answers. */
static void ask_ops(const struct county *c, const char *path, char *out, size_t room)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons((uint16_t)c->house.ops_port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t len = 0;
	ssize_t got;

	assert_true(fd >= 0);
	assert_int_equal(0, connect(fd, (const struct sockaddr *)&to, sizeof to));
	assert_true(dprintf(fd, "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
			    path) > 0);
	while (len + 1 < room && (got = read(fd, out + len, room - 1 - len)) > 0)
		len += (size_t)got;
	out[len] = '\0';
	(void)close(fd);
}

static void put(struct person *admin, Lahetti__V1__DirectoryEntry *entry)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__PutDirectory put_directory = LAHETTI__V1__PUT_DIRECTORY__INIT;

	put_directory.entry = entry;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_PUT_DIRECTORY;
	frame.put_directory = &put_directory;
	(void)person_expect(admin, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DONE);
}

static void put_membership(struct person *admin, const struct person *who, bool ended)
{
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__Membership membership = LAHETTI__V1__MEMBERSHIP__INIT;

	membership.id = lahetti_bytes(lahetti_id_span(&who->membership));
	membership.user = lahetti_bytes(lahetti_id_span(&who->user));
	membership.unit = lahetti_bytes(lahetti_id_span(&who->unit));
	membership.organisation = lahetti_bytes(lahetti_id_span(&who->organisation));
	membership.role = who->role;
	membership.ended = ended;
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_MEMBERSHIP;
	entry.membership = &membership;
	put(admin, &entry);
}

static void disable(struct person *admin, const struct person *who)
{
	static char name[] = "Ville Valmentaja";
	Lahetti__V1__DirectoryEntry entry = LAHETTI__V1__DIRECTORY_ENTRY__INIT;
	Lahetti__V1__User user = LAHETTI__V1__USER__INIT;

	user.id = lahetti_bytes(lahetti_id_span(&who->user));
	user.organisation = lahetti_bytes(lahetti_id_span(&who->organisation));
	user.name = name;
	user.disabled = 1;
	entry.entry_case = LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_USER;
	entry.user = &user;
	put(admin, &entry);
}

/* The session is told that it ends, and ends: nothing else comes. */
static void is_sent_away(struct person *p)
{
	struct lahetti_fault f = {0};
	const Lahetti__V1__ServerFrame *frame;

	lahetti_arena_reset(&p->arena);
	frame = lahetti_peer_next(p->peer, -1, &p->arena, &f);
	assert_non_null(frame);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_GOING_AWAY, frame->body_case);
	assert_null(lahetti_peer_next(p->peer, -1, &p->arena, &f));
	assert_string_equal("connection-lost", f.code);
	assert_non_null(strstr(f.text, "1008"));
	person_sign_out(p);
}

static void is_still_there(struct person *p)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadCheckpoint read = LAHETTI__V1__READ_CHECKPOINT__INIT;

	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_CHECKPOINT;
	frame.read_checkpoint = &read;
	(void)person_expect(p, &frame, LAHETTI__V1__SERVER_FRAME__BODY_CHECKPOINT);
}

static void login_is_refused(struct person *p, const char *code)
{
	const Lahetti__V1__ServerFrame *answer = person_sign_in(p, NULL);

	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ERROR, answer->body_case);
	assert_string_equal(code, answer->error->code);
	person_sign_out(p);
}

/* One more device of the coach, confirmed at the console. */
static void second_device(struct county *c, struct person *other)
{
	char code[32];

	county_sign_in(&c->admin);
	admin_code(&c->admin, &c->coach, code);
	person_sign_out(&c->admin);
	person_enrol(other, &c->house, code);
	house_stop(&c->house, SIGTERM);
	person_confirm(other);
	house_start(&c->house);
}

/* Events of an action in the officer's trail: how many, and for how many tries they stand. */
static size_t events(struct person *officer, Lahetti__V1__Action action,
		     Lahetti__V1__EventOutcome outcome, const char *reason, unsigned *tries)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadTrail read = LAHETTI__V1__READ_TRAIL__INIT;
	const Lahetti__V1__TrailPage *page;
	struct lahetti_fault f = {0};
	size_t n = 0;

	read.action = action;
	read.outcome = outcome;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_TRAIL;
	frame.read_trail = &read;
	page = person_expect(officer, &frame, LAHETTI__V1__SERVER_FRAME__BODY_TRAIL)->trail;
	*tries = 0;
	for (size_t i = 0; i < page->n_lines; i++) {
		const Lahetti__V1__AuditEvent *e =
			lahetti_message_read(&lahetti__v1__audit_event__descriptor,
					     lahetti_bytes_span(page->lines[i]->event),
					     LAHETTI_MESSAGE_SIGNED, &officer->arena, &f);

		assert_non_null(e);
		if (strcmp(e->reason, reason) != 0)
			continue;
		n++;
		*tries += e->count == 0 ? 1 : e->count;
	}
	return n;
}

/* Who can act no more
 * --------------------------------------------------------------------------------------------------
 */

static void p3_ended_membership_ends_its_sessions_at_once(void **state)
{
	struct county *c = *state;
	struct person other;

	second_device(c, &other);
	county_sign_in(&c->admin);
	county_sign_in(&c->worker);
	county_sign_in(&c->coach);
	county_sign_in(&other);
	put_membership(&c->admin, &c->coach, true);
	is_sent_away(&c->coach);
	is_sent_away(&other);
	is_still_there(&c->worker);
	is_still_there(&c->admin);
	/* Without a membership one may sign in, and act as nobody. */
	put_membership(&c->admin, &c->coach, false);
	county_sign_in(&c->coach);
	person_sign_out(&c->coach);
	person_sign_out(&c->worker);
	person_sign_out(&c->admin);
	person_finish(&other);
}

static void p3_disabled_user_is_gone_at_once(void **state)
{
	struct county *c = *state;

	county_sign_in(&c->admin);
	county_sign_in(&c->worker);
	county_sign_in(&c->coach);
	disable(&c->admin, &c->coach);
	is_sent_away(&c->coach);
	is_still_there(&c->worker);
	login_is_refused(&c->coach, "user-disabled");
	person_sign_out(&c->worker);
	person_sign_out(&c->admin);
}

static void revoked_devices_certificate_opens_nothing(void **state)
{
	struct county *c = *state;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__RevokeDevice revoke = LAHETTI__V1__REVOKE_DEVICE__INIT;
	struct person other;

	second_device(c, &other);
	other.shows = &other;
	c->coach.shows = &other;
	county_sign_in(&c->coach);
	county_sign_in(&other);
	revoke.key_id = lahetti_bytes(lahetti_digest_span(&other.key_id));
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_REVOKE_DEVICE;
	frame.revoke_device = &revoke;
	(void)person_expect(&c->coach, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DONE);
	is_sent_away(&other);
	person_sign_out(&c->coach);
	login_is_refused(&other, "device-revoked");
	login_is_refused(&c->coach, "other-certificate");
	c->coach.shows = &c->coach;
	county_sign_in(&c->coach);
	person_sign_out(&c->coach);
	person_finish(&other);
}

static void device_of_another_organisation_is_as_one_that_is_not_there(void **state)
{
	struct county *c = *state;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__RevokeDevice revoke = LAHETTI__V1__REVOKE_DEVICE__INIT;
	Lahetti__V1__ConfirmDevice confirm = LAHETTI__V1__CONFIRM_DEVICE__INIT;
	struct lahetti_digest nobodys = {{1}};
	const struct lahetti_digest *keys[] = {&nobodys, &c->coach.key_id};
	struct person stranger;
	char code[32];

	house_stop(&c->house, SIGTERM);
	house_organisation(&c->house, "Kaupunki", "municipality", code);
	house_start(&c->house);
	person_enrol(&stranger, &c->house, code);
	house_stop(&c->house, SIGTERM);
	person_confirm(&stranger);
	house_start(&c->house);
	county_sign_in(&stranger);
	county_sign_in(&c->worker);
	for (size_t i = 0; i < 2; i++) {
		confirm.key_id = revoke.key_id = lahetti_bytes(lahetti_digest_span(keys[i]));
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_REVOKE_DEVICE;
		frame.revoke_device = &revoke;
		person_refused(&stranger, &frame, "no-such-device");
		person_refused(&c->worker, &frame, "not-administrator");
		frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_CONFIRM_DEVICE;
		frame.confirm_device = &confirm;
		person_refused(&stranger, &frame, "no-such-device");
		person_refused(&c->worker, &frame, "may-not-confirm");
	}
	person_sign_out(&c->worker);
	person_finish(&stranger);
}

/* Who tries too often
 * --------------------------------------------------------------------------------------------------
 */

static void device_that_signs_in_too_often_waits_and_others_do_not(void **state)
{
	struct county *c = *state;
	unsigned tries;

	configure(c, "login-tries-a-device", "4");
	for (int i = 0; i < 4; i++) {
		county_sign_in(&c->coach);
		person_sign_out(&c->coach);
	}
	for (int i = 0; i < 3; i++)
		login_is_refused(&c->coach, "too-many-tries");
	county_sign_in(&c->worker);
	person_sign_out(&c->worker);
	/* What was only counted is told when the server stops. */
	house_stop(&c->house, SIGTERM);
	house_start(&c->house);
	county_sign_in(&c->officer);
	assert_in_range(events(&c->officer, LAHETTI__V1__ACTION__ACTION_LOGIN,
			       LAHETTI__V1__EVENT_OUTCOME__EVENT_OUTCOME_REFUSED, "too-many-tries",
			       &tries),
			1, 3);
	assert_int_equal(3, tries);
	person_sign_out(&c->officer);
}

static void stranger_that_tries_too_often_costs_holders_of_certificates_nothing(void **state)
{
	struct county *c = *state;
	struct lahetti_fault f = {0};
	struct person stranger = c->coach;

	configure(c, "login-tries-an-address", "3");
	stranger.key = lahetti_private_key_new(&f);
	assert_non_null(stranger.key);
	stranger.key_id = *lahetti_public_key_id(lahetti_private_key_public(stranger.key));
	assert_true(lahetti_arena_init(&stranger.arena, 1 << 20, &f));
	for (int i = 0; i < 3; i++)
		login_is_refused(&stranger, "unknown-key");
	for (int i = 0; i < 20; i++)
		login_is_refused(&stranger, "too-many-tries");
	/* Of the same address, and not to be told from the stranger before any work is done. */
	login_is_refused(&c->worker, "too-many-tries");
	c->coach.shows = &c->coach;
	county_sign_in(&c->coach);
	person_sign_out(&c->coach);
	person_finish(&stranger);
}

/* What is recorded of the configuration
 * --------------------------------------------------------------------------------------------------
 */

static void p5_change_of_what_bears_on_access_is_an_event(void **state)
{
	struct county *c = *state;
	static const struct {
		const char *key, *value;
		size_t more;
	} rows[] = {
		{"drain-seconds", "9", 0}, /* bears on nothing */
		{"recipients", "40", 1},
		{"recipients", "40", 0},
		{"idle-seconds", "900", 1},
	};
	size_t before, now;
	unsigned tries;

	county_sign_in(&c->officer);
	before = events(&c->officer, LAHETTI__V1__ACTION__ACTION_CONFIGURE, 0, "", &tries);
	assert_int_equal(1, before); /* of the first start, and of no other since */
	person_sign_out(&c->officer);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (i == 2) {
			house_stop(&c->house, SIGTERM);
			house_start(&c->house);
		} else {
			configure(c, rows[i].key, rows[i].value);
		}
		county_sign_in(&c->officer);
		now = events(&c->officer, LAHETTI__V1__ACTION__ACTION_CONFIGURE, 0, "", &tries);
		assert_int_equal(before + rows[i].more, now);
		before = now;
		person_sign_out(&c->officer);
	}
}

/* The disk
 * --------------------------------------------------------------------------------------------------
 */

struct referred {
	struct lahetti_id client, case_id;
	struct parcel parcel; /* as the coach was told of it */
};

/* From the worker to the coach, both signed in. */
static void refer(struct county *c, struct referred *r)
{
	Lahetti__V1__Notice *notices[4];
	Lahetti__V1__Referral body;
	struct writing w;
	size_t n;

	person_add_client(&c->worker, "Esimerkki", "", &r->client, &r->case_id);
	referral_fill(&body);
	writing_begin(&w, &c->worker, LAHETTI_KIND_REFERRAL, &r->client, &r->case_id);
	writing_to_user(&w, &c->coach);
	writing_sign(&w, &body.base, c->worker.key);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ACCEPTED,
			 person_submit(&c->worker, &w)->body_case);
	writing_finish(&w);
	(void)person_subscribe(&c->coach, 0, notices, 4, &n);
	assert_int_equal(1, n);
	parcel_of(&r->parcel, notices[0]);
}

static const Lahetti__V1__ServerFrame *open_it(struct county *c, const struct referred *r)
{
	const Lahetti__V1__ServerFrame *answer;
	struct writing w;

	writing_acknowledge(&w, &c->coach, &r->parcel, LAHETTI__V1__STEP__STEP_OPEN);
	answer = person_open(&c->coach, &w);
	writing_finish(&w);
	return answer;
}

static void p2_disk_that_is_nearly_full_is_kept_for_opening_and_supervision(void **state)
{
	struct county *c = *state;
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__FindClients find = LAHETTI__V1__FIND_CLIENTS__INIT;
	static char term[] = "Esimerkki";
	struct referred r;
	char out[65536];
	unsigned tries;

	county_sign_in(&c->worker);
	county_sign_in(&c->coach);
	refer(c, &r);
	person_sign_out(&c->worker);
	person_sign_out(&c->coach);
	/* More than any disk has left. */
	configure(c, "trail-reserve-mib", "1048576");
	ask_ops(c, "/readyz", out, sizeof out);
	assert_non_null(strstr(out, " 503 "));
	assert_non_null(strstr(out, "the disk is nearly full"));
	ask_ops(c, "/metrics", out, sizeof out);
	assert_int_equal(1, number_after(out, "\nlahetti_disk_low "));

	county_sign_in(&c->worker);
	county_sign_in(&c->coach);
	county_sign_in(&c->officer);
	find.term = term;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_FIND_CLIENTS;
	frame.find_clients = &find;
	person_refused(&c->worker, &frame, "disk-low");
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_CONTENT, open_it(c, &r)->body_case);
	assert_true(events(&c->officer, LAHETTI__V1__ACTION__ACTION_OPEN, 0, "", &tries) > 0);
	person_sign_out(&c->officer);
	person_sign_out(&c->worker);
	person_sign_out(&c->coach);

	configure(c, "trail-reserve-mib", "1");
	ask_ops(c, "/readyz", out, sizeof out);
	assert_non_null(strstr(out, " 200 "));
}

/* The write-ahead log can grow no further than it is, as on a full disk. */
static void fill_disk(const struct county *c, bool full)
{
	struct rlimit limit = {.rlim_cur = RLIM_INFINITY, .rlim_max = RLIM_INFINITY};
	char path[300];
	struct stat st;

	(void)snprintf(path, sizeof path, "%s/data/lahetti.db-wal", c->house.folder);
	assert_int_equal(0, stat(path, &st));
	if (full)
		limit.rlim_cur = (rlim_t)st.st_size;
	assert_int_equal(0, prlimit(c->house.pid, RLIMIT_FSIZE, &limit, NULL));
}

static void p2_nothing_is_shown_that_a_full_disk_cannot_log(void **state)
{
	struct county *c = *state;
	const Lahetti__V1__ServerFrame *answer;
	struct referred r;

	county_sign_in(&c->worker);
	county_sign_in(&c->coach);
	refer(c, &r);
	fill_disk(c, true);
	for (int i = 0; i < 5; i++) {
		answer = open_it(c, &r);
		assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_ERROR, answer->body_case);
		assert_int_equal(LAHETTI__V1__ERROR__CLASS__CLASS_TRANSIENT, answer->error->class_);
	}
	/* And goes on, without a restart, when there is room again. */
	fill_disk(c, false);
	answer = open_it(c, &r);
	assert_int_equal(LAHETTI__V1__SERVER_FRAME__BODY_CONTENT, answer->body_case);
	person_sign_out(&c->worker);
	person_sign_out(&c->coach);
}

static int make(void **state)
{
	static struct county c;

	/* A write beyond the limit of a file's size then fails, as on a full disk. */
	(void)signal(SIGXFSZ, SIG_IGN);
	county_make(&c);
	*state = &c;
	return 0;
}

static int end(void **state)
{
	county_end(*state);
	return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(p3_ended_membership_ends_its_sessions_at_once),
		TEST(p3_disabled_user_is_gone_at_once),
		TEST(revoked_devices_certificate_opens_nothing),
		TEST(device_of_another_organisation_is_as_one_that_is_not_there),
		TEST(device_that_signs_in_too_often_waits_and_others_do_not),
		TEST(stranger_that_tries_too_often_costs_holders_of_certificates_nothing),
		TEST(p5_change_of_what_bears_on_access_is_an_event),
		TEST(p2_disk_that_is_nearly_full_is_kept_for_opening_and_supervision),
		TEST(p2_nothing_is_shown_that_a_full_disk_cannot_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
