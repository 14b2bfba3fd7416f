/* A log that was brought back from backups: what its generations say of each other is checked. */

#include "archive.h"
#include "checked.h"
#include "lahetti/message.h"
#include "ledger.h"
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

/* A checkpoint of any generation, size and root. */
static size_t sign(const struct archive *a, uint32_t generation, uint64_t size,
		   const struct lahetti_digest *root, char note[LAHETTI_NOTE_MOST])
{
	struct lahetti_note_signer *s = archive_signer(a, generation);
	struct lahetti_checkpoint c = {.size = size, .root = *root};
	size_t len;

	(void)snprintf(c.origin, sizeof c.origin, ARCHIVE_SERVER "/%u", generation);
	assert_true(lahetti_checkpoint_sign(&c, s, note, &len, NULL));
	lahetti_note_signer_destroy(s);
	return len;
}

static size_t newest_checkpoint(const struct archive *a, char note[LAHETTI_NOTE_MOST],
				struct lahetti_checkpoint *c)
{
	struct lahetti_buffer b;
	uint64_t at;
	size_t len;

	lahetti_buffer_init(&b, LAHETTI_NOTE_MOST);
	assert_true(ledger_checkpoint_get(a->store, 0, &at, &b, NULL));
	assert_true(lahetti_checkpoint_parse(c, lahetti_buffer_span(&b), NULL));
	memcpy(note, b.data, b.len);
	len = b.len;
	lahetti_buffer_finish(&b);
	return len;
}

/* What the event of a restore says, where it is not what it should. */
struct saying {
	uint32_t generation; /* that the event says begins */
	bool other_last;     /* it names another last checkpoint */
	uint32_t newest;     /* the generation of a newest checkpoint; 0: none */
	bool newest_of_another_key;
};

/* The trail goes on as that generation, as restore does it. */
static void begin_generation(struct archive *a, uint32_t generation, const struct saying *saying)
{
	char last[LAHETTI_NOTE_MOST], newest[LAHETTI_NOTE_MOST];
	struct lahetti_checkpoint c;
	struct archive_event e;
	size_t last_len, newest_len = 0;

	last_len = newest_checkpoint(a, last, &c);
	if (saying->other_last) {
		c.size--;
		last_len = sign(a, generation - 1, c.size, &c.root, last);
	}
	if (saying->newest != 0)
		newest_len = sign(a, saying->newest, c.size + 3, &c.root, newest);
	if (saying->newest_of_another_key)
		newest[newest_len - 10] = newest[newest_len - 10] == 'A' ? 'B' : 'A';
	archive_begin(a);
	archive_generation(a, generation);
	archive_event(&e, LAHETTI__V1__ACTION__ACTION_RESTORE, 0);
	e.entry.event.generation = saying->generation;
	e.entry.event.last_checkpoint = lahetti_bytes(lahetti_span(last, last_len));
	e.entry.event.newest_checkpoint = lahetti_bytes(lahetti_span(newest, newest_len));
	(void)archive_append(a, &e);
	archive_commit(a);
}

static void look(struct archive *a)
{
	archive_begin(a);
	(void)archive_look(a, SAMPLE_COUNTY, SAMPLE_CLIENT);
	archive_commit(a);
}

/* Closes the store, so that all lies in the file, and checks it. */
static void check(struct archive *a, struct checked *c)
{
	trail_close(a->trail);
	store_close(a->store);
	a->trail = NULL;
	a->store = NULL;
	checked_run(c, a->database, a->vault);
}

static void must_be_found(struct archive *a, const char *code)
{
	struct checked c;

	check(a, &c);
	assert_true(c.done);
	if (c.counts.findings == 0 || strncmp(c.first, code, strlen(code)) != 0 ||
	    c.first[strlen(code)] != ':')
		fail_msg("wanted %s, found %s", code, c.first);
	archive_close(a);
}

static void p5_log_of_several_generations_is_whole(void **state)
{
	struct archive a;
	struct checked c;

	archive_open(&a, state, "archive.db");
	archive_fill(&a);
	begin_generation(&a, 2, &(struct saying){.generation = 2});
	look(&a);
	look(&a);
	/* The third was lost; somebody has seen it. */
	begin_generation(&a, 4, &(struct saying){.generation = 4, .newest = 3});
	look(&a);
	check(&a, &c);
	if (!c.done || c.counts.findings > 0)
		fail_msg("%s %s", c.why.text, c.first);
	archive_close(&a);
}

static void p5_restore_that_says_something_else_is_found(void **state)
{
	static const struct {
		struct saying saying;
		const char *code;
	} rows[] = {
		{{.generation = 1}, "bad-restore"},
		{{.generation = 0}, "bad-restore"},
		{{.generation = 2, .other_last = true}, "bad-restore"},
		{{.generation = 2, .newest = 2}, "wrong-origin"},
		{{.generation = 2, .newest = 1, .newest_of_another_key = true}, "bad-signature"},
		/* The events say another generation than the checkpoints after them. */
		{{.generation = 3}, "wrong-generation"},
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct archive a;
		char name[32];

		(void)snprintf(name, sizeof name, "archive%zu.db", i);
		archive_open(&a, state, name);
		archive_fill(&a);
		begin_generation(&a, 2, &rows[i].saying);
		look(&a);
		must_be_found(&a, rows[i].code);
	}
}

/* Puts another note in the place of the checkpoint over that many events. */
static void replace(const struct archive *a, uint64_t size, const char *note, size_t len)
{
	sqlite3 *db = raw_open(a->database);
	sqlite3_stmt *stmt;

	assert_int_equal(SQLITE_OK,
			 sqlite3_prepare_v2(db, "UPDATE checkpoint SET note = ? WHERE size = ?", -1,
					    &stmt, NULL));
	assert_int_equal(SQLITE_OK, sqlite3_bind_blob(stmt, 1, note, (int)len, SQLITE_TRANSIENT));
	assert_int_equal(SQLITE_OK, sqlite3_bind_int64(stmt, 2, (sqlite3_int64)size));
	assert_int_equal(SQLITE_DONE, sqlite3_step(stmt));
	assert_int_equal(1, sqlite3_changes(db));
	assert_int_equal(SQLITE_OK, sqlite3_finalize(stmt));
	raw_close(db);
}

/* The log's own key, and a good signature: but of a generation in which the events do not stand. */
static void p5_checkpoint_of_another_generation_is_found(void **state)
{
	for (unsigned i = 0; i < 2; i++) {
		char name[32], note[LAHETTI_NOTE_MOST];
		struct lahetti_checkpoint before, after;
		struct archive a;
		size_t len;

		(void)snprintf(name, sizeof name, "archive%u.db", i);
		archive_open(&a, state, name);
		archive_fill(&a);
		(void)newest_checkpoint(&a, note, &before);
		begin_generation(&a, 2, &(struct saying){.generation = 2});
		look(&a);
		(void)newest_checkpoint(&a, note, &after);
		len = i == 0 ? sign(&a, 1, after.size, &after.root, note)
			     : sign(&a, 2, before.size, &before.root, note);
		trail_close(a.trail);
		store_close(a.store);
		a.trail = NULL;
		a.store = NULL;
		replace(&a, i == 0 ? after.size : before.size, note, len);
		/* The first is found at its place, the second by the restore that names it. */
		must_be_found(&a, i == 0 ? "unknown-key" : "bad-restore");
	}
}

static void p5_generation_of_the_database_is_that_of_its_events(void **state)
{
	static const uint8_t said[] = {1, 3};

	for (size_t i = 0; i < sizeof said; i++) {
		const uint8_t number[4] = {0, 0, 0, said[i]};
		struct archive a;
		char name[32];

		(void)snprintf(name, sizeof name, "archive%zu.db", i);
		archive_open(&a, state, name);
		archive_fill(&a);
		begin_generation(&a, 2, &(struct saying){.generation = 2});
		look(&a);
		assert_true(store_begin(a.store, NULL));
		assert_true(store_meta_put(a.store, "generation", lahetti_span(number, 4), NULL));
		assert_true(store_commit(a.store, NULL));
		must_be_found(&a, "wrong-generation");
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(p5_log_of_several_generations_is_whole),
		TEST(p5_restore_that_says_something_else_is_found),
		TEST(p5_checkpoint_of_another_generation_is_found),
		TEST(p5_generation_of_the_database_is_that_of_its_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
