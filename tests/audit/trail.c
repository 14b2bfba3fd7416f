#include "trail.h"

#include "archive.h"
#include "checked.h"
#include "clients.h"
#include "lahetti/message.h"
#include "ledger.h"
#include "proof.h"
#include "raw.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SECOND_CLIENT SAMPLE_REPLIED
#define SECOND_CASE   SAMPLE_REPLACED

static void is_whole(const struct archive *a)
{
	struct checked c;

	checked_run(&c, a->database, a->vault);
	if (!c.done || c.counts.findings > 0)
		fail_msg("%s%s", c.why.text, c.first);
}

/* What was appended, read again
 * ---------------------------------------------------------------------------------------------- */

/* An event that has been read, and its parts, opened; all in an arena of its own. */
struct reading {
	struct lahetti_arena arena;
	const Lahetti__V1__AuditEvent *event;
	const Lahetti__V1__StoredPart *actor;
	const Lahetti__V1__StoredPart *stored[ARCHIVE_MOST];
	const Lahetti__V1__SubjectPart *subjects[ARCHIVE_MOST];
	struct ledger_part places[ARCHIVE_MOST];
};

static const Lahetti__V1__StoredPart *open_stored(struct reading *r, struct archive *a, uint32_t n,
						  struct ledger_part *place)
{
	const Lahetti__V1__StoredPart *stored;
	struct lahetti_buffer b;
	uint64_t number = r->event->number;
	bool found;

	lahetti_buffer_init(&b, 65536);
	assert_true(n == UINT32_MAX
			    ? ledger_actor_open(a->store, number, place, &b, &found, NULL)
			    : ledger_subject_open(a->store, number, n, place, &b, &found, NULL));
	assert_true(found);
	stored =
		lahetti_message_read(&lahetti__v1__stored_part__descriptor, lahetti_buffer_span(&b),
				     LAHETTI_MESSAGE_SIGNED, &r->arena, NULL);
	assert_non_null(stored);
	lahetti_buffer_finish(&b);
	return stored;
}

static void opens(const Lahetti__V1__StoredPart *stored, ProtobufCBinaryData commitment)
{
	struct lahetti_digest digest;

	assert_true(trail_part_digest(lahetti_bytes_span(stored->part->salt),
				      lahetti_bytes_span(stored->part->part), &digest, NULL));
	assert_true(
		lahetti_span_equal(lahetti_digest_span(&digest), lahetti_bytes_span(commitment)));
}

static void read_event(struct reading *r, struct archive *a, uint64_t number)
{
	struct lahetti_buffer b;
	struct ledger_part place;

	memset(r, 0, sizeof *r);
	assert_true(lahetti_arena_init(&r->arena, 1 << 18, NULL));
	lahetti_buffer_init(&b, 65536);
	assert_true(ledger_event_read(a->store, number, &b, NULL));
	r->event =
		lahetti_message_read(&lahetti__v1__audit_event__descriptor, lahetti_buffer_span(&b),
				     LAHETTI_MESSAGE_SIGNED, &r->arena, NULL);
	assert_non_null(r->event);
	lahetti_buffer_finish(&b);
	assert_int_equal(r->event->number, number);
	if (r->event->actor.len > 0) {
		r->actor = open_stored(r, a, UINT32_MAX, &place);
		opens(r->actor, r->event->actor);
	}
	for (uint32_t n = 0; n < r->event->n_subjects; n++) {
		r->stored[n] = open_stored(r, a, n, &r->places[n]);
		opens(r->stored[n], r->event->subjects[n]);
		r->subjects[n] = lahetti_message_read(&lahetti__v1__subject_part__descriptor,
						      lahetti_bytes_span(r->stored[n]->part->part),
						      LAHETTI_MESSAGE_SIGNED, &r->arena, NULL);
		assert_non_null(r->subjects[n]);
	}
}

static void read_done(struct reading *r)
{
	lahetti_arena_finish(&r->arena);
}

static void is_id(ProtobufCBinaryData b, enum sample_who who)
{
	assert_true(lahetti_span_equal(lahetti_bytes_span(b), lahetti_id_span(sample_id(who))));
}

/* Events
 * ------------------------------------------------------------------------------------------------------------
 */

static void events_are_numbered_from_zero(void **state)
{
	struct archive a;
	struct archive_event e;
	struct reading r;

	archive_open(&a, state, "a.db");
	assert_int_equal(trail_next(a.trail), 0);
	for (uint64_t n = 0; n < 6; n++) {
		if (n % 2 == 0)
			archive_begin(&a);
		archive_event(&e, LAHETTI__V1__ACTION__ACTION_CONFIGURE, 0);
		assert_int_equal(archive_append(&a, &e), n);
		assert_int_equal(trail_next(a.trail), n + 1);
		if (n % 2 == 1)
			archive_commit(&a);
	}
	for (uint64_t n = 0; n < 6; n++) {
		read_event(&r, &a, n);
		assert_int_equal(r.event->first_of_group, n % 2 == 0);
		assert_string_equal(r.event->software, ARCHIVE_SOFTWARE);
		read_done(&r);
	}
	is_whole(&a);
	archive_close(&a);
}

static void time_never_goes_back(void **state)
{
	static const int64_t clock_us[] = {100, 50, 100, 99, 200, -1};
	static const int64_t event_us[] = {100, 100, 100, 100, 200, 200};
	struct archive a;
	struct archive_event e;

	archive_open(&a, state, "a.db");
	for (size_t i = 0; i < sizeof clock_us / sizeof *clock_us; i++) {
		/* Neither within a group nor after one, nor after it was opened again. */
		if (i == 3) {
			archive_close(&a);
			archive_open(&a, state, "a.db");
		}
		archive_set_clock(clock_us[i]);
		archive_begin(&a);
		for (int twice = 0; twice < 2; twice++) {
			archive_event(&e, LAHETTI__V1__ACTION__ACTION_CONFIGURE, 0);
			(void)archive_append(&a, &e);
			assert_int_equal(e.entry.time_us, event_us[i]);
		}
		archive_commit(&a);
	}
	is_whole(&a);
	archive_close(&a);
}

static void parts_open_what_the_event_commits_to(void **state)
{
	struct archive a;
	struct archive_event e;
	struct reading r;
	const Lahetti__V1__ActorPart *who;

	archive_open(&a, state, "a.db");
	archive_begin(&a);
	(void)archive_add_client(&a, SAMPLE_COUNTY, SAMPLE_CLINIC, SAMPLE_CLIENT, SAMPLE_CASE);
	archive_event(&e, LAHETTI__V1__ACTION__ACTION_BREAK_GLASS, SAMPLE_WORKER);
	archive_subject(&e, SAMPLE_COUNTY, SAMPLE_CLIENT)->part.written_reason =
		lahetti_text("Kriisi päivystyksessä");
	(void)archive_append(&a, &e);
	archive_commit(&a);

	read_event(&r, &a, 1);
	who = lahetti_message_read(&lahetti__v1__actor_part__descriptor,
				   lahetti_bytes_span(r.actor->part->part), LAHETTI_MESSAGE_SIGNED,
				   &r.arena, NULL);
	assert_non_null(who);
	is_id(who->user, SAMPLE_WORKER);
	is_id(r.event->organisation, SAMPLE_COUNTY);
	is_id(r.subjects[0]->client, SAMPLE_CLIENT);
	assert_string_equal(r.subjects[0]->written_reason, "Kriisi päivystyksessä");
	read_done(&r);
	archive_close(&a);
}

static bool holds(struct lahetti_span bytes, enum sample_who who)
{
	return memmem(bytes.data, bytes.len, sample_id(who), LAHETTI_ID_LEN) != NULL;
}

static void clients_of_one_event_see_nothing_of_each_other(void **state)
{
	struct archive a;
	struct archive_event e;
	struct reading r;
	struct lahetti_arena arena;
	Lahetti__V1__ReportLine line;
	struct ledger_place place;
	sqlite3 *db;
	size_t n;

	archive_open(&a, state, "a.db");
	archive_begin(&a);
	(void)archive_add_client(&a, SAMPLE_COUNTY, SAMPLE_CLINIC, SAMPLE_CLIENT, SAMPLE_CASE);
	(void)archive_add_client(&a, SAMPLE_COUNTY, SAMPLE_CLINIC, SECOND_CLIENT, SECOND_CASE);
	archive_event(&e, LAHETTI__V1__ACTION__ACTION_LIST, SAMPLE_WORKER);
	archive_subject(&e, SAMPLE_COUNTY, SAMPLE_CLIENT)->part.case_id = sample_bytes(SAMPLE_CASE);
	archive_subject(&e, SAMPLE_COUNTY, SECOND_CLIENT)->part.case_id = sample_bytes(SECOND_CASE);
	(void)archive_append(&a, &e);
	archive_commit(&a);

	read_event(&r, &a, 2);
	for (size_t i = 0; i < 2; i++) {
		struct lahetti_span part = lahetti_bytes_span(r.stored[i]->part->part);

		assert_true(holds(part, i == 0 ? SAMPLE_CLIENT : SECOND_CLIENT));
		assert_false(holds(part, i == 0 ? SECOND_CLIENT : SAMPLE_CLIENT));
		assert_false(holds(part, i == 0 ? SECOND_CASE : SAMPLE_CASE));
		assert_int_equal(r.stored[i]->link->number, 2);
	}
	read_done(&r);

	/* In a report of the second stands the second part alone, even once the first is destroyed.
	 */
	db = raw_open(a.database);
	raw_run(db, "UPDATE client_key SET identity_key = NULL WHERE client = "
		    "(SELECT client FROM subject WHERE event = 2 AND n = 0)");
	raw_close(db);
	assert_true(lahetti_arena_init(&arena, 1 << 18, NULL));
	assert_true(
		ledger_client_places(a.store, sample_id(SECOND_CLIENT), 2, &place, 1, &n, NULL));
	assert_int_equal(n, 1);
	assert_int_equal(place.n, 1);
	assert_true(proof_report_line(a.store, 2, place.n, 3, &line, &arena, NULL));
	assert_non_null(line.subject);
	assert_true(holds(lahetti_bytes_span(line.subject->part), SECOND_CLIENT));
	assert_true(proof_report_line(a.store, 2, 0, 3, &line, &arena, NULL));
	assert_null(line.subject);
	assert_null(line.link);
	lahetti_arena_finish(&arena);
	archive_close(&a);
}

static void chain_of_links_is_unbroken(void **state)
{
	struct archive a;
	struct ledger_place places[16];
	struct lahetti_digest previous = {{0}}, link;
	struct reading r;
	size_t n;

	archive_open(&a, state, "a.db");
	for (uint64_t group = 0; group < 4; group++) {
		archive_begin(&a);
		if (group == 0) {
			(void)archive_add_client(&a, SAMPLE_COUNTY, SAMPLE_CLINIC, SAMPLE_CLIENT,
						 SAMPLE_CASE);
			(void)archive_add_client(&a, SAMPLE_CITY, SAMPLE_COACHING, SECOND_CLIENT,
						 SECOND_CASE);
		}
		for (int i = 0; i < 3; i++) {
			(void)archive_look(&a, SAMPLE_COUNTY, SAMPLE_CLIENT);
			(void)archive_look(&a, SAMPLE_CITY, SECOND_CLIENT);
		}
		archive_commit(&a);
	}
	assert_true(
		ledger_client_places(a.store, sample_id(SAMPLE_CLIENT), 0, places, 16, &n, NULL));
	assert_int_equal(n, 13);
	for (size_t i = 0; i < n; i++) {
		const Lahetti__V1__OpenedLink *opened;

		read_event(&r, &a, places[i].event);
		opened = r.stored[places[i].n]->link;
		assert_int_equal(opened->number, i + 1);
		assert_true(lahetti_span_equal(lahetti_bytes_span(opened->previous),
					       lahetti_digest_span(&previous)));
		assert_true(trail_link_digest(lahetti_bytes_span(opened->salt), i + 1, &previous,
					      &link, NULL));
		assert_true(lahetti_span_equal(lahetti_digest_span(&link),
					       lahetti_bytes_span(r.subjects[places[i].n]->link)));
		memcpy(previous.bytes, r.event->subjects[places[i].n].data, sizeof previous.bytes);
		read_done(&r);
	}
	archive_close(&a);
}

static struct lahetti_id nobody_of(struct archive *a, enum sample_who controller)
{
	struct archive_event e;

	archive_event(&e, LAHETTI__V1__ACTION__ACTION_SEARCH,
		      controller == SAMPLE_CITY ? SAMPLE_COACH : SAMPLE_WORKER);
	/* Both of them: the first makes who the second finds. */
	(void)archive_subject(&e, controller, 0);
	(void)archive_subject(&e, controller, 0);
	(void)archive_append(a, &e);
	assert_true(lahetti_id_equal(&e.subjects[0].client, &e.subjects[1].client));
	return e.subjects[0].client;
}

static void nameless_client_is_one_a_week_and_controller(void **state)
{
	/* Wednesday 1970-01-07, Sunday 11th and Monday 12th. */
	static const int64_t day_us = INT64_C(86400000000);
	struct lahetti_id county[3], city;
	struct archive a;
	struct clients_row row;
	bool found;

	archive_open(&a, state, "a.db");
	archive_set_clock(6 * day_us);
	archive_begin(&a);
	county[0] = nobody_of(&a, SAMPLE_COUNTY);
	city = nobody_of(&a, SAMPLE_CITY);
	archive_commit(&a);
	archive_set_clock(11 * day_us - 1);
	archive_begin(&a);
	county[1] = nobody_of(&a, SAMPLE_COUNTY);
	archive_set_clock(11 * day_us);
	county[2] = nobody_of(&a, SAMPLE_COUNTY);
	archive_commit(&a);

	assert_true(lahetti_id_equal(&county[0], &county[1]));
	assert_false(lahetti_id_equal(&county[0], &county[2]));
	assert_false(lahetti_id_equal(&county[0], &city));
	assert_true(clients_find(a.store, &city, &row, &found, NULL));
	assert_true(found && row.nameless);
	assert_true(lahetti_id_equal(&row.controller, sample_id(SAMPLE_CITY)));
	is_whole(&a);
	archive_close(&a);
}

/* A part for one controller under the key of another's client would show the one what is the
 * other's. */
static void client_of_another_controller_is_refused(void **state)
{
	struct archive a;
	struct archive_event e;
	struct trail_mark mark;
	struct lahetti_fault f = {0};

	archive_open(&a, state, "a.db");
	archive_begin(&a);
	(void)archive_add_client(&a, SAMPLE_COUNTY, SAMPLE_CLINIC, SAMPLE_CLIENT, SAMPLE_CASE);
	for (int unknown = 0; unknown < 2; unknown++) {
		assert_true(store_job_begin(a.store, NULL));
		trail_mark(a.trail, &mark);
		archive_event(&e, LAHETTI__V1__ACTION__ACTION_LIST, SAMPLE_COACH);
		(void)archive_subject(&e, SAMPLE_CITY, unknown ? SECOND_CLIENT : SAMPLE_CLIENT);
		assert_false(trail_append(a.trail, &e.entry, &f));
		assert_string_equal(f.code, "no-such-client");
		assert_true(store_job_undo(a.store, NULL));
		trail_undo(a.trail, &mark);
	}
	archive_commit(&a);
	is_whole(&a);
	archive_close(&a);
}

static void salts_have_one_length(void **state)
{
	static const uint8_t bytes[LAHETTI_SALT_LEN + 1] = {0};
	struct lahetti_digest digest;
	struct lahetti_fault f;

	(void)state;
	for (size_t len = LAHETTI_SALT_LEN - 1; len <= LAHETTI_SALT_LEN + 1; len += 2) {
		struct lahetti_span salt = lahetti_span(bytes, len);

		f = (struct lahetti_fault){0};
		assert_false(trail_record_digest(salt, lahetti_span_text("x"), &digest, &f));
		assert_string_equal(f.code, "bad-salt");
		assert_false(trail_part_digest(salt, lahetti_span_text("x"), &digest, &f));
		assert_false(trail_link_digest(salt, 1, &digest, &digest, &f));
	}
}

/* Groups
 * ------------------------------------------------------------------------------------------------------------
 */

/* A small job of which everything random comes again. */
static void job(struct archive *a, uint64_t seed, bool adds_client)
{
	archive_set_random(seed);
	if (adds_client)
		(void)archive_add_client(a, SAMPLE_COUNTY, SAMPLE_CLINIC, SECOND_CLIENT,
					 SECOND_CASE);
	(void)archive_look(a, SAMPLE_COUNTY, SAMPLE_CLIENT);
}

/* A job that failed after it had appended. */
static void failed_job(struct archive *a, uint64_t seed)
{
	int64_t now_us = archive_clock();
	struct trail_mark mark;

	assert_true(store_job_begin(a->store, NULL));
	trail_mark(a->trail, &mark);
	archive_set_clock(now_us + 1000000);
	job(a, seed, true);
	archive_set_clock(now_us);
	assert_true(store_job_undo(a->store, NULL));
	trail_undo(a->trail, &mark);
}

static void begin_with_a_client(struct archive *a, void **state, const char *name)
{
	archive_open(a, state, name);
	archive_set_random(1);
	archive_begin(a);
	(void)archive_add_client(a, SAMPLE_COUNTY, SAMPLE_CLINIC, SAMPLE_CLIENT, SAMPLE_CASE);
	archive_commit(a);
}

static void are_the_same(struct archive *a, struct archive *b)
{
	char first[512], second[512];
	struct raw_dump one, other;

	is_whole(a);
	(void)snprintf(first, sizeof first, "%s", a->database);
	(void)snprintf(second, sizeof second, "%s", b->database);
	archive_close(a);
	archive_close(b);
	assert_true(raw_dump(first, &one) && raw_dump(second, &other));
	assert_true(one.n > 20);
	for (size_t i = 0; i < one.n; i++)
		if (!lahetti_digest_equal(&one.tables[i].digest, &other.tables[i].digest))
			print_error("%s differs\n", one.tables[i].name);
	assert_true(raw_same(&one, &other));
}

static void undone_job_leaves_no_trace(void **state)
{
	struct archive with, without;

	begin_with_a_client(&with, state, "with.db");
	begin_with_a_client(&without, state, "without.db");
	for (uint64_t group = 0; group < 3; group++) {
		archive_begin(&with);
		archive_begin(&without);
		/* As the first of the group, between others, and as the last. */
		for (uint64_t i = 0; i < 3; i++) {
			if (i == group)
				failed_job(&with, 1000 + group);
			job(&with, 10 * group + i + 2, false);
			job(&without, 10 * group + i + 2, false);
		}
		if (group == 2)
			failed_job(&with, 2000);
		archive_commit(&with);
		archive_commit(&without);
	}
	are_the_same(&with, &without);
}

static void group_that_is_rolled_back_leaves_no_trace(void **state)
{
	struct archive with, without;

	begin_with_a_client(&with, state, "with.db");
	begin_with_a_client(&without, state, "without.db");
	for (uint64_t group = 0; group < 3; group++) {
		archive_begin(&with);
		archive_set_clock(SAMPLE_CREATED_US + 5000000);
		job(&with, 1000 + group, group == 0);
		/* Before it is sealed, or after. */
		if (group > 0)
			assert_true(trail_seal(with.trail, NULL));
		archive_rollback(&with);
		archive_set_clock(SAMPLE_CREATED_US);
		archive_begin(&with);
		archive_begin(&without);
		job(&with, group + 2, group == 1);
		job(&without, group + 2, group == 1);
		archive_commit(&with);
		archive_commit(&without);
	}
	are_the_same(&with, &without);
}

static void time_of_a_rolled_back_group_is_forgotten(void **state)
{
	struct archive a;
	struct archive_event e;

	archive_open(&a, state, "a.db");
	for (int64_t time_us = 200; time_us > 0; time_us -= 100) {
		archive_set_clock(time_us);
		archive_begin(&a);
		archive_event(&e, LAHETTI__V1__ACTION__ACTION_CONFIGURE, 0);
		assert_int_equal(archive_append(&a, &e), 0);
		assert_int_equal(e.entry.time_us, time_us);
		if (time_us > 100)
			archive_rollback(&a);
	}
	archive_commit(&a);
	is_whole(&a);
	archive_close(&a);
}

static void empty_group_writes_nothing(void **state)
{
	struct archive with, without;

	begin_with_a_client(&with, state, "with.db");
	begin_with_a_client(&without, state, "without.db");
	archive_begin(&with);
	failed_job(&with, 2);
	archive_commit(&with);
	are_the_same(&with, &without);
}

/* The tree
 * ----------------------------------------------------------------------------------------------------------
 */

static void checkpoint_is_of(struct archive *a, uint64_t size)
{
	struct lahetti_note_verifier *verifier =
		lahetti_note_verifier_read(trail_vkey(a->trail), NULL);
	struct lahetti_checkpoint checkpoint;
	struct lahetti_buffer note;
	uint64_t at;

	assert_non_null(verifier);
	assert_string_equal(lahetti_note_verifier_name(verifier), ARCHIVE_ORIGIN);
	lahetti_buffer_init(&note, LAHETTI_NOTE_MOST);
	assert_true(ledger_checkpoint_get(a->store, 0, &at, &note, NULL));
	assert_int_equal(at, size);
	assert_true(lahetti_checkpoint_open(&checkpoint, lahetti_buffer_span(&note), verifier,
					    ARCHIVE_ORIGIN, NULL));
	assert_int_equal(checkpoint.size, size);
	note.data[note.len / 2] ^= 1;
	assert_false(lahetti_checkpoint_open(&checkpoint, lahetti_buffer_span(&note), verifier,
					     ARCHIVE_ORIGIN, NULL));
	lahetti_buffer_finish(&note);
	lahetti_note_verifier_destroy(verifier);
}

static void append_many(struct archive *a, uint64_t n)
{
	struct archive_event e;

	archive_begin(a);
	for (uint64_t i = 0; i < n; i++) {
		archive_event(&e, LAHETTI__V1__ACTION__ACTION_BACKUP, 0);
		(void)archive_append(a, &e);
	}
	archive_commit(a);
}

/* Tiles of level 0 are filled at 256, of level 1 at 65,536: just before, at, across and far. */
static void tiles_hold_the_tree_at_every_boundary(void **state)
{
	static const uint64_t sizes[] = {255, 256, 257, 511, 513, 65535, 65536, 65537, 65793};
	struct archive a;
	uint64_t size = 0;

	archive_open(&a, state, "a.db");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		append_many(&a, sizes[i] - size);
		size = sizes[i];
		checkpoint_is_of(&a, size);
		if (i == 4) { /* what is loaded is what was left */
			is_whole(&a);
			archive_close(&a);
			archive_open(&a, state, "a.db");
		}
	}
	is_whole(&a);
	archive_close(&a);
}

static void reopened_trail_goes_on(void **state)
{
	struct archive a;
	char vkey[512] = "";

	for (uint64_t i = 0; i < 5; i++) {
		archive_open(&a, state, "a.db");
		assert_int_equal(trail_next(a.trail), 100 * i);
		if (i > 0)
			assert_string_equal(trail_vkey(a.trail), vkey);
		(void)snprintf(vkey, sizeof vkey, "%s", trail_vkey(a.trail));
		append_many(&a, 100);
		checkpoint_is_of(&a, 100 * (i + 1));
		is_whole(&a);
		archive_close(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
		TEST(events_are_numbered_from_zero),
		TEST(time_never_goes_back),
		TEST(parts_open_what_the_event_commits_to),
		TEST(clients_of_one_event_see_nothing_of_each_other),
		TEST(chain_of_links_is_unbroken),
		TEST(nameless_client_is_one_a_week_and_controller),
		TEST(client_of_another_controller_is_refused),
		TEST(salts_have_one_length),
		TEST(undone_job_leaves_no_trace),
		TEST(group_that_is_rolled_back_leaves_no_trace),
		TEST(time_of_a_rolled_back_group_is_forgotten),
		TEST(empty_group_writes_nothing),
		TEST(tiles_hold_the_tree_at_every_boundary),
		TEST(reopened_trail_goes_on),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
