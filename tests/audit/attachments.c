/*
 * Attachments at rest: what lies in the folder is read back as it came and by whoever may read the
 * statement; what is touched there, or in the rows, is found; what goes, goes for good, and nothing
 * else does.
 */
#include "attachments.h"

#include "archive.h"
#include "checked.h"
#include "lahetti/kinds.h"
#include "raw.h"
#include "scratch.h"
#include "statements.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#define CHUNK  ATTACHMENTS_CHUNK
#define SEALED (CHUNK + LAHETTI_SEAL_OVERHEAD)
#define LEN    ARCHIVE_ATTACHMENT_LEN
#define HEX    33

/* A filled archive: its two consents have a scan each. */
struct shelf {
	void **state;
	struct archive archive;
	struct lahetti_id consents[2];
	size_t n_consents;
	char names[2][HEX]; /* of their files */
	struct lahetti_id id;
	struct lahetti_digest sha256;
};

static bool note_consent(void *context, const struct statements_row *row, struct lahetti_fault *f)
{
	struct shelf *s = context;

	(void)f;
	if (row->kind == LAHETTI_KIND_CONSENT) {
		assert_true(s->n_consents < 2);
		s->consents[s->n_consents++] = row->id;
	}
	return true;
}

static const char *file_path(const struct shelf *s, const char *folder, const char *name)
{
	char below[100];

	(void)snprintf(below, sizeof below, "%s/%s", folder, name);
	return scratch_path(s->state, below);
}

static void read_names(struct shelf *s)
{
	sqlite3 *db = raw_open(s->archive.database);
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT lower(hex(file)) FROM attachment "
					    "ORDER BY statement",
					    -1, &stmt, NULL),
			 SQLITE_OK);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		(void)snprintf(s->names[i], HEX, "%s", (const char *)sqlite3_column_text(stmt, 0));
	}
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	raw_close(db);
}

static void shelf_make(struct shelf *s, void **state)
{
	*s = (struct shelf){.state = state, .id = *sample_id(SAMPLE_ATTACHMENT)};
	archive_open(&s->archive, state, "a.db");
	archive_fill(&s->archive);
	assert_true(statements_each(s->archive.store, note_consent, s, NULL));
	assert_int_equal(s->n_consents, 2);
	read_names(s);
}

static void shelf_finish(struct shelf *s)
{
	archive_close(&s->archive);
}

static bool read_chunk(struct shelf *s, const struct lahetti_id *statement, uint64_t size,
		       uint64_t offset, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	return attachments_read(s->archive.store, s->archive.attachments, statement,
				sample_id(SAMPLE_COUNTY), &s->id, size, offset, out, f);
}

static void refused(struct shelf *s, uint64_t size, uint64_t offset, const char *code)
{
	struct lahetti_fault f = {0};
	struct lahetti_buffer b;

	lahetti_buffer_init(&b, 2 * CHUNK);
	assert_false(read_chunk(s, &s->consents[0], size, offset, &b, &f));
	assert_string_equal(f.code, code);
	assert_int_equal(b.len, 0);
	lahetti_buffer_finish(&b);
}

/* Both chunks, as archive_upload made them. */
static void is_readable(struct shelf *s, struct attachments *folder,
			const struct lahetti_id *statement)
{
	struct lahetti_fault f = {0};
	struct lahetti_buffer b;

	lahetti_buffer_init(&b, (size_t)2 * CHUNK);
	for (uint64_t at = 0; at < LEN; at += CHUNK)
		if (!attachments_read(s->archive.store, folder, statement, sample_id(SAMPLE_COUNTY),
				      &s->id, LEN, at, &b, &f))
			fail_msg("%s", f.code);
	assert_int_equal(b.len, LEN);
	for (size_t i = 0; i < LEN; i++)
		if (b.data[i] != (uint8_t)(i * 31 + i / 251))
			fail_msg("byte %zu is another", i);
	lahetti_buffer_finish(&b);
}

/* How many names there are in a folder, but for those with a dot in front. */
static size_t files(const struct shelf *s, const char *folder)
{
	DIR *d = opendir(scratch_path(s->state, folder));
	const struct dirent *e;
	size_t n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* ---- reading --------------------------------------------------------------------------------- */

static void chunks_are_read_back_with_the_statements_key(void **state)
{
	struct lahetti_fault f = {0};
	struct lahetti_buffer b;
	struct shelf s;

	shelf_make(&s, state);
	is_readable(&s, s.archive.attachments, &s.consents[0]);
	is_readable(&s, s.archive.attachments, &s.consents[1]);
	refused(&s, LEN, 1, "bad-piece");
	refused(&s, LEN, (uint64_t)2 * CHUNK, "bad-piece");
	/* The size is the signed header's: with another the last chunk is not the last. */
	refused(&s, LEN + 1, CHUNK, "attachment-damaged");
	refused(&s, LEN - 1, CHUNK, "attachment-damaged");
	refused(&s, CHUNK, 0, "attachment-damaged");
	lahetti_buffer_init(&b, CHUNK);
	/* The city has not opened the consent: it has no key of it. */
	assert_false(attachments_read(s.archive.store, s.archive.attachments, &s.consents[0],
				      sample_id(SAMPLE_CITY), &s.id, LEN, 0, &b, &f));
	assert_string_equal(f.code, "erased");
	assert_false(attachments_read(s.archive.store, s.archive.attachments, &s.consents[0],
				      sample_id(SAMPLE_COUNTY), sample_id(SAMPLE_OTHER), LEN, 0, &b,
				      &f));
	assert_string_equal(f.code, "attachment-row-missing");
	assert_int_equal(b.len, 0);
	lahetti_buffer_finish(&b);
	shelf_finish(&s);
}

static void folder_and_files_are_the_servers_alone(void **state)
{
	struct shelf s;

	shelf_make(&s, state);
	assert_int_equal(scratch_mode(scratch_path(state, "attachments")) & 0777, 0700);
	assert_int_equal(scratch_mode(file_path(&s, "attachments", s.names[0])) & 0777, 0600);
	assert_int_equal(files(&s, "attachments"), 2);
	shelf_finish(&s);
}

/* ---- fsck ------------------------------------------------------------------------------------ */

static struct checked check(struct shelf *s)
{
	struct checked c;

	checked_run(&c, s->archive.database, s->archive.vault);
	assert_true(c.done);
	return c;
}

static void finds(struct shelf *s, const char *code)
{
	struct checked c = check(s);

	if (c.counts.findings == 0 || strncmp(c.first, code, strlen(code)) != 0 ||
	    c.first[strlen(code)] != ':')
		fail_msg("\"%s\", not %s", c.first, code);
}

static void finds_nothing(struct shelf *s, uint64_t unnamed)
{
	struct checked c = check(s);

	if (c.counts.findings > 0)
		fail_msg("%s", c.first);
	assert_int_equal(c.counts.unnamed, unnamed);
}

static void raw(struct shelf *s, const char *sql)
{
	sqlite3 *db = raw_open(s->archive.database);

	raw_run(db, sql);
	raw_close(db);
}

static void move(const char *from, const char *to)
{
	assert_int_equal(rename(from, to), 0);
}

static void p5_touched_file_is_found(void **state)
{
	static uint8_t bytes[4 * SEALED];
	char first[600], second[600], away[600];
	struct shelf s;
	size_t len;

	shelf_make(&s, state);
	(void)snprintf(first, sizeof first, "%s", file_path(&s, "attachments", s.names[0]));
	(void)snprintf(second, sizeof second, "%s", file_path(&s, "attachments", s.names[1]));
	(void)snprintf(away, sizeof away, "%s",
		       file_path(&s, "attachments", "00000000000000000000000000000000"));
	finds_nothing(&s, 0);
	assert_int_equal(check(&s).counts.attachments, 2);
	len = scratch_read(first, bytes, sizeof bytes);
	assert_int_equal(len, LEN + 2 * LAHETTI_SEAL_OVERHEAD);

	/* Renamed, or gone. */
	move(first, away);
	finds(&s, "attachment-file-missing");
	assert_int_equal(check(&s).counts.unnamed, 1);
	move(away, first);
	/* Two that are each other. */
	move(first, away);
	move(second, first);
	move(away, second);
	finds(&s, "attachment-damaged");
	assert_int_equal(check(&s).counts.findings, 2);
	move(first, away);
	move(second, first);
	move(away, second);
	finds_nothing(&s, 0);
	/* Cut, between chunks too; longer. */
	scratch_write(first, bytes, len - 1);
	finds(&s, "attachment-cut");
	scratch_write(first, bytes, SEALED);
	finds(&s, "attachment-cut");
	scratch_write(first, bytes, 0);
	finds(&s, "attachment-cut");
	scratch_write(first, bytes, len + 1);
	finds(&s, "attachment-cut");
	scratch_write(first, bytes, len);
	finds_nothing(&s, 0);
	shelf_finish(&s);
}

static void p5_every_flipped_bit_of_a_file_is_found(void **state)
{
	char path[600];
	struct shelf s;

	shelf_make(&s, state);
	(void)snprintf(path, sizeof path, "%s", file_path(&s, "attachments", s.names[0]));
	/* Of nonce, text and tag of each chunk. */
	for (size_t chunk = 0; chunk < 2; chunk++) {
		size_t start = chunk * SEALED, end = chunk == 0 ? SEALED : scratch_len(path);
		const size_t at[] = {start,    start + 11, start + 12, (start + end) / 2,
				     end - 17, end - 16,   end - 1};

		for (size_t i = 0; i < sizeof at / sizeof *at; i++) {
			scratch_flip(path, at[i]);
			finds(&s, "attachment-damaged");
			scratch_flip(path, at[i]);
		}
	}
	finds_nothing(&s, 0);
	shelf_finish(&s);
}

#define FIRST " WHERE statement = (SELECT min(statement) FROM attachment)"

static void p5_touched_row_is_found(void **state)
{
	static const struct {
		const char *sql;
		const char *code;
	} rows[] = {
		{"DELETE FROM attachment" FIRST, "attachment-row-missing"},
		{"UPDATE attachment SET id = randomblob(16)" FIRST, "attachment-row-missing"},
		{"UPDATE attachment SET wrapped = randomblob(60)" FIRST, "attachment-key-damaged"},
		{"UPDATE attachment SET file = randomblob(16)" FIRST, "attachment-key-damaged"},
		{"UPDATE attachment SET file = x'00'" FIRST, "db-corrupt"},
		/* Each has the other's key, each the other's file. */
		{"UPDATE attachment SET wrapped = (SELECT a.wrapped FROM attachment a WHERE "
		 "a.statement <> attachment.statement)",
		 "attachment-key-damaged"},
		{"CREATE TEMP TABLE t AS SELECT statement, file FROM attachment;"
		 "UPDATE attachment SET file = randomblob(16);"
		 "UPDATE attachment SET file = (SELECT t.file FROM t WHERE "
		 "t.statement <> attachment.statement)",
		 "attachment-key-damaged"},
		/* One more than the header names; one of a statement without any; of none. */
		{"INSERT INTO attachment SELECT statement, randomblob(16), randomblob(16), wrapped "
		 "FROM attachment" FIRST,
		 "attachment-unnamed"},
		{"INSERT INTO attachment SELECT (SELECT statement FROM copy), id, randomblob(16), "
		 "wrapped FROM attachment" FIRST,
		 "attachment-unnamed"},
		{"INSERT INTO attachment SELECT randomblob(16), id, randomblob(16), wrapped "
		 "FROM attachment" FIRST,
		 "bad-count"},
	};
	static uint8_t whole[1 << 22];
	struct shelf s;
	size_t len;

	shelf_make(&s, state);
	store_close(s.archive.store);
	s.archive.store = NULL;
	len = scratch_read(s.archive.database, whole, sizeof whole);
	assert_true(len < sizeof whole);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		scratch_write(s.archive.database, whole, len);
		raw(&s, rows[i].sql);
		finds(&s, rows[i].code);
	}
	scratch_write(s.archive.database, whole, len);
	finds_nothing(&s, 0);
	shelf_finish(&s);
}

/* What an upload or a crash leaves is told, and is no finding; what is not ours is not looked at.
 */
static void file_that_no_row_names_is_a_note(void **state)
{
	struct shelf s;

	shelf_make(&s, state);
	scratch_write(file_path(&s, "attachments", "0123456789abcdef0123456789abcdef"), "x", 1);
	scratch_write(file_path(&s, "attachments", "1123456789abcdef0123456789abcdef.loose"), "x",
		      1);
	scratch_write(file_path(&s, "attachments", "README"), "x", 1);
	scratch_write(file_path(&s, "attachments", "0123456789ABCDEF0123456789ABCDEF"), "x", 1);
	finds_nothing(&s, 2);
	shelf_finish(&s);
}

/* The statement's key is gone by an erasure that the journal names: with rows and files of its
 * attachments still there, without the rows, without both. */
static void p8_erased_with_its_statement(void **state)
{
	struct lahetti_fault f = {0};
	struct vault_erasure e = {.time_us = SAMPLE_CREATED_US, .scope = 1};
	struct lahetti_buffer b;
	struct shelf s;

	shelf_make(&s, state);
	e.client = *sample_id(SAMPLE_CLIENT);
	e.statement = s.consents[0];
	assert_true(lahetti_id_new(&e.erasure, SAMPLE_CREATED_US, NULL));
	raw(&s, "DELETE FROM content" FIRST ";"
		"DELETE FROM content_key WHERE statement NOT IN (SELECT statement FROM content)");
	finds(&s, "content-missing");
	assert_true(vault_journal_add(s.archive.vault, &e, 1, NULL));
	finds_nothing(&s, 0);
	lahetti_buffer_init(&b, CHUNK);
	assert_false(read_chunk(&s, &s.consents[0], LEN, 0, &b, &f));
	assert_string_equal(f.code, "erased");
	lahetti_buffer_finish(&b);
	raw(&s, "DELETE FROM attachment" FIRST);
	finds_nothing(&s, 1);
	assert_int_equal(remove(file_path(&s, "attachments", s.names[0])), 0);
	finds_nothing(&s, 0);
	shelf_finish(&s);
}

/* ---- what goes ------------------------------------------------------------------------------- */

static void forgotten_after_the_commit_alone(void **state)
{
	struct attachments_gone gone;
	struct shelf s;
	uint64_t removed;

	shelf_make(&s, state);
	archive_begin(&s.archive);
	assert_true(attachments_forget(s.archive.store, s.archive.attachments, &s.consents[0],
				       &gone, NULL));
	assert_int_equal(gone.n, 1);
	archive_rollback(&s.archive);
	/* Loose now, and read all the same; the next start names it again. */
	assert_false(scratch_exists(file_path(&s, "attachments", s.names[0])));
	is_readable(&s, s.archive.attachments, &s.consents[0]);
	finds_nothing(&s, 0);
	assert_true(attachments_sweep(s.archive.store, s.archive.attachments, &removed, NULL));
	assert_int_equal(removed, 0);
	assert_true(scratch_exists(file_path(&s, "attachments", s.names[0])));

	archive_begin(&s.archive);
	assert_true(attachments_forget(s.archive.store, s.archive.attachments, &s.consents[0],
				       &gone, NULL));
	archive_commit(&s.archive);
	assert_int_equal(files(&s, "attachments"), 2);
	attachments_remove(s.archive.attachments, &gone);
	assert_int_equal(files(&s, "attachments"), 1);
	refused(&s, LEN, 0, "attachment-row-missing");
	is_readable(&s, s.archive.attachments, &s.consents[1]);
	/* Of a statement without any: nothing. */
	archive_begin(&s.archive);
	assert_true(attachments_forget(s.archive.store, s.archive.attachments, &s.consents[0],
				       &gone, NULL));
	assert_int_equal(gone.n, 0);
	archive_commit(&s.archive);
	shelf_finish(&s);
}

/* After a crash: of the loose ones those that are named stay, the others go; and nothing else
 * does, whatever the database says. */
static void only_what_is_loose_is_swept(void **state)
{
	const char *loose = "0123456789abcdef0123456789abcdef.loose";
	char named[64];
	struct shelf s;
	uint64_t removed;

	shelf_make(&s, state);
	(void)snprintf(named, sizeof named, "%s.loose", s.names[1]);
	move(file_path(&s, "attachments", s.names[1]), file_path(&s, "attachments", named));
	scratch_write(file_path(&s, "attachments", loose), "x", 1);
	scratch_write(file_path(&s, "attachments", "0123456789abcdef0123456789abcdef"), "x", 1);
	scratch_write(file_path(&s, "attachments", "notes.loose"), "x", 1);
	assert_true(attachments_sweep(s.archive.store, s.archive.attachments, &removed, NULL));
	assert_int_equal(removed, 1);
	assert_false(scratch_exists(file_path(&s, "attachments", loose)));
	assert_true(scratch_exists(file_path(&s, "attachments", "notes.loose")));
	assert_true(scratch_exists(file_path(&s, "attachments", s.names[1])));
	assert_int_equal(files(&s, "attachments"), 4);
	finds_nothing(&s, 1);
	/* A database that knows of none: put beside the folder by mistake. */
	raw(&s, "DELETE FROM attachment");
	assert_true(attachments_sweep(s.archive.store, s.archive.attachments, &removed, NULL));
	assert_int_equal(removed, 0);
	shelf_finish(&s);
}

/* ---- backup ---------------------------------------------------------------------------------- */

static struct attachments_copied copy(struct shelf *s)
{
	struct lahetti_fault f = {0};
	struct attachments_copied copied;

	assert_true(store_begin(s->archive.store, NULL));
	if (!attachments_copy(s->archive.store, s->archive.attachments,
			      scratch_path(s->state, "backup"), &copied, &f))
		fail_msg("%s", f.text);
	store_rollback(s->archive.store);
	return copied;
}

static void copy_holds_what_rows_name_and_forgets_the_rest(void **state)
{
	const char *undone = "0123456789abcdef0123456789abcdef.tmp";
	struct attachments_copied c;
	struct attachments_gone gone;
	struct attachments *there;
	struct shelf s;

	shelf_make(&s, state);
	scratch_write(file_path(&s, "attachments", "0123456789abcdef0123456789abcdef"), "x", 1);
	c = copy(&s);
	assert_true(c.copied == 2 && c.kept == 0 && c.removed == 0 && c.missing == 0);
	assert_int_equal(files(&s, "backup"), 2);
	there = attachments_open(scratch_path(state, "backup"), ATTACHMENTS_READ, NULL);
	assert_non_null(there);
	is_readable(&s, there, &s.consents[0]);
	is_readable(&s, there, &s.consents[1]);
	attachments_close(there);
	/* Once more, after one that was broken off: what is there is whole, and is kept. */
	scratch_write(file_path(&s, "backup", undone), "x", 1);
	c = copy(&s);
	assert_true(c.copied == 0 && c.kept == 2 && c.removed == 1 && c.missing == 0);
	assert_int_equal(files(&s, "backup"), 2);

	archive_begin(&s.archive);
	assert_true(attachments_forget(s.archive.store, s.archive.attachments, &s.consents[0],
				       &gone, NULL));
	archive_commit(&s.archive);
	assert_int_equal(remove(file_path(&s, "attachments", s.names[1])), 0);
	assert_int_equal(remove(file_path(&s, "backup", s.names[1])), 0);
	c = copy(&s);
	assert_true(c.copied == 0 && c.kept == 0 && c.removed == 1 && c.missing == 1);
	assert_int_equal(files(&s, "backup"), 0);
	shelf_finish(&s);
}

static void folder_that_is_missing_is_empty_to_a_reader(void **state)
{
	struct attachments *a;
	struct shelf s;
	uint64_t n;

	shelf_make(&s, state);
	a = attachments_open(scratch_path(state, "nowhere"), ATTACHMENTS_READ, NULL);
	assert_non_null(a);
	assert_false(scratch_exists(scratch_path(state, "nowhere")));
	assert_true(attachments_unnamed(s.archive.store, a, &n, NULL));
	assert_int_equal(n, 0);
	attachments_close(a);
	assert_null(attachments_open(s.archive.database, ATTACHMENTS_WRITE, NULL));
	shelf_finish(&s);
}

/* ---- on its way in --------------------------------------------------------------------------- */

static struct attachments_upload *begin(struct shelf *s, const uint8_t *bytes, size_t len)
{
	const struct lahetti_span whole = lahetti_span(bytes, len);
	struct attachments_upload *u;
	struct lahetti_digest sha256;

	assert_true(lahetti_sha256(&sha256, &whole, 1, NULL));
	u = attachments_begin(s->archive.attachments, &s->id, len, &sha256, NULL);
	assert_non_null(u);
	return u;
}

static void put_refused(struct attachments_upload *u, const uint8_t *bytes, size_t len,
			const char *code)
{
	struct lahetti_fault f = {0};

	assert_false(attachments_put(u, lahetti_span(bytes, len), &f));
	assert_string_equal(f.code, code);
}

static void chunks_come_in_their_length(void **state)
{
	static uint8_t bytes[2 * CHUNK + 1];
	struct attachments_upload *u;
	struct shelf s;

	shelf_make(&s, state);
	u = begin(&s, bytes, sizeof bytes);
	put_refused(u, bytes, 0, "bad-piece");
	put_refused(u, bytes, CHUNK - 1, "bad-piece");
	put_refused(u, bytes, CHUNK + 1, "bad-piece");
	assert_true(attachments_put(u, lahetti_span(bytes, CHUNK), NULL));
	assert_true(attachments_put(u, lahetti_span(bytes, CHUNK), NULL));
	put_refused(u, bytes, 2, "bad-piece");
	assert_int_equal(attachments_received(u), 2 * CHUNK);
	assert_true(attachments_put(u, lahetti_span(bytes, 1), NULL));
	assert_int_equal(attachments_received(u), sizeof bytes);
	put_refused(u, bytes, 1, "bad-piece");
	attachments_end(u, false);
	assert_int_equal(files(&s, "attachments"), 2);
	shelf_finish(&s);
}

/* A disk that is full: the chunk may come again, but for the last, after which nobody knows what is
 * on the disk. */
static void chunk_that_could_not_be_written_comes_again(void **state)
{
	static uint8_t bytes[CHUNK + 9];
	struct rlimit was, little;
	struct attachments_upload *u;
	struct shelf s;

	shelf_make(&s, state);
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	little = was;
	little.rlim_cur = CHUNK / 2;
	u = begin(&s, bytes, sizeof bytes);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	put_refused(u, bytes, CHUNK, "attachment-io");
	assert_int_equal(attachments_received(u), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_true(attachments_put(u, lahetti_span(bytes, CHUNK), NULL));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
	put_refused(u, bytes, 9, "attachment-io");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	put_refused(u, bytes, 9, "bad-piece");
	attachments_end(u, false);
	assert_int_equal(files(&s, "attachments"), 2);
	shelf_finish(&s);
}

static void what_differs_is_not_whole(void **state)
{
	static uint8_t bytes[9];
	struct attachments_upload *u;
	struct shelf s;

	shelf_make(&s, state);
	u = begin(&s, bytes, sizeof bytes);
	bytes[3] = 1;
	put_refused(u, bytes, sizeof bytes, "attachment-differs");
	assert_int_equal(attachments_received(u), 0);
	bytes[3] = 0;
	put_refused(u, bytes, sizeof bytes, "bad-piece");
	attachments_end(u, false);
	shelf_finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
		TEST(chunks_are_read_back_with_the_statements_key),
		TEST(folder_and_files_are_the_servers_alone),
		TEST(p5_touched_file_is_found),
		TEST(p5_every_flipped_bit_of_a_file_is_found),
		TEST(p5_touched_row_is_found),
		TEST(file_that_no_row_names_is_a_note),
		TEST(p8_erased_with_its_statement),
		TEST(forgotten_after_the_commit_alone),
		TEST(only_what_is_loose_is_swept),
		TEST(copy_holds_what_rows_name_and_forgets_the_rest),
		TEST(folder_that_is_missing_is_empty_to_a_reader),
		TEST(chunks_come_in_their_length),
		TEST(chunk_that_could_not_be_written_comes_again),
		TEST(what_differs_is_not_whole),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
