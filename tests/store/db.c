#include "db.h"

#include "db_faulty.h"
#include "scratch.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define PAGE   16384
#define NOBODY 65534

static const char schema[] =
	"CREATE TABLE box (id BLOB PRIMARY KEY, name TEXT NOT NULL, size INTEGER) STRICT;"
	"CREATE TABLE thing (id INTEGER PRIMARY KEY,"
	" box BLOB NOT NULL REFERENCES box (id), note TEXT) STRICT;"
	"CREATE TABLE label (box BLOB REFERENCES box (id) DEFERRABLE INITIALLY DEFERRED) STRICT;"
	"CREATE INDEX thing_box ON thing (box);";

enum {
	BOX_ADD,
	BOX_GET,
	BOX_SIZES,
	BOX_COUNT,
	BOX_GROW,
	BOX_RENAME_ALL,
	BOX_NAME_AS_NUMBER,
	BOX_SIZE_NEVER_NULL,
	THING_ADD,
	THING_NOTES,
	SAVE,
	UNSAVE,
	RELEASE,
	LABEL_ADD,
	MOST_PAGES,
	PRAGMAS,
	JOURNAL_MODE,
	STATEMENTS,
};

static const struct db_statement statements[STATEMENTS] = {
	/* SQLite would number these by first appearance: $3, $1, $2 */
	[BOX_ADD] = {"BOX_ADD", "btI", "", "INSERT INTO box (size, id, name) VALUES ($3, $1, $2)"},
	[BOX_GET] = {"BOX_GET", "b", "btI", "SELECT id, name, size FROM box WHERE id = $1"},
	[BOX_SIZES] = {"BOX_SIZES", "", "I", "SELECT size FROM box ORDER BY size"},
	[BOX_COUNT] = {"BOX_COUNT", "", "i", "SELECT count(*) FROM box"},
	[BOX_GROW] = {"BOX_GROW", "bi", "i",
		      "UPDATE box SET size = size + $2 WHERE id = $1 RETURNING size"},
	[BOX_RENAME_ALL] = {"BOX_RENAME_ALL", "t", "", "UPDATE box SET name = $1"},
	[BOX_NAME_AS_NUMBER] = {"BOX_NAME_AS_NUMBER", "", "ti", "SELECT name, name FROM box"},
	[BOX_SIZE_NEVER_NULL] = {"BOX_SIZE_NEVER_NULL", "", "i", "SELECT size FROM box"},
	[THING_ADD] = {"THING_ADD", "ibT", "",
		       "INSERT INTO thing (id, box, note) VALUES ($1, $2, $3)"},
	[THING_NOTES] = {"THING_NOTES", "", "iT", "SELECT id, note FROM thing ORDER BY id"},
	[SAVE] = {"SAVE", "", "", "SAVEPOINT job"},
	[UNSAVE] = {"UNSAVE", "", "", "ROLLBACK TO job"},
	[RELEASE] = {"RELEASE", "", "", "RELEASE job"},
	[LABEL_ADD] = {"LABEL_ADD", "b", "", "INSERT INTO label (box) VALUES ($1)"},
	[MOST_PAGES] = {"MOST_PAGES", "", "i", "PRAGMA max_page_count = 24"},
	[PRAGMAS] = {"PRAGMAS", "", "iiiiiiii",
		     "SELECT p.page_size, s.synchronous, f.foreign_keys, t.trusted_schema,"
		     " c.cell_size_check, d.secure_delete, m.temp_store, q.query_only"
		     " FROM pragma_page_size p, pragma_synchronous s, pragma_foreign_keys f,"
		     " pragma_trusted_schema t, pragma_cell_size_check c,"
		     " pragma_secure_delete d, pragma_temp_store m, pragma_query_only q"},
	[JOURNAL_MODE] = {"JOURNAL_MODE", "", "t", "PRAGMA journal_mode"},
};

/* ---- helpers ------------------------------------------------------------------------------- */

static struct db_options options(const char *path, enum db_mode mode)
{
	return (struct db_options){
		.path = path,
		.mode = mode,
		.schema = mode == DB_CREATE ? schema : NULL,
		.statements = statements,
		.n_statements = STATEMENTS,
		.busy_ms = 1,
	};
}

static struct db *opened(const char *path, enum db_mode mode)
{
	struct db_options o = options(path, mode);
	struct lahetti_fault f = {0};
	struct db *db = db_open(&o, &f);

	if (db == NULL)
		fail_msg("%s: %s", f.code, f.text);
	return db;
}

static void does_not_open(const struct db_options *o, enum lahetti_fault_kind kind,
			  const char *code)
{
	struct lahetti_fault f = {0};

	assert_null(db_open(o, &f));
	assert_string_equal(f.code, code);
	assert_int_equal(f.kind, kind);
}

static void fault_is(const struct lahetti_fault *f, enum lahetti_fault_kind kind, const char *code)
{
	assert_string_equal(f->code, code);
	assert_int_equal(f->kind, kind);
}

static bool add_box(struct db *db, const char *id, const char *name, int64_t size,
		    struct lahetti_fault *f)
{
	const struct db_value params[] = {db_bytes(lahetti_span_text(id)),
					  db_text(lahetti_span_text(name)), db_int(size)};

	return db_run(db, BOX_ADD, params, 3, NULL, f);
}

static bool add_thing(struct db *db, int64_t id, const char *box, struct lahetti_fault *f)
{
	const struct db_value params[] = {db_int(id), db_bytes(lahetti_span_text(box)), db_null()};

	return db_run(db, THING_ADD, params, 3, NULL, f);
}

/* The number that a query without parameters gives in its first row. */
static int64_t number(struct db *db, size_t statement)
{
	struct db_cursor c;
	const struct db_value *row;
	struct lahetti_fault f;
	int64_t result;

	assert_true(db_query(db, &c, statement, NULL, 0, &f));
	assert_true(db_next(&c, &row, &f));
	assert_non_null(row);
	result = row[0].number;
	db_done(&c);
	return result;
}

static void run(struct db *db, size_t statement)
{
	struct lahetti_fault f;

	assert_true(db_run(db, statement, NULL, 0, NULL, &f));
}

static void begin(struct db *db)
{
	struct lahetti_fault f = {0};

	if (!db_begin(db, &f))
		fail_msg("%s: %s", f.code, f.text);
}

static void commit(struct db *db)
{
	struct lahetti_fault f = {0};

	if (!db_commit(db, &f))
		fail_msg("%s: %s", f.code, f.text);
}

static void add_boxes(struct db *db, int n)
{
	static char name[2000];
	struct lahetti_fault f;
	char id[32];

	memset(name, 'n', sizeof name - 1);
	begin(db);
	for (int i = 0; i < n; i++) {
		(void)snprintf(id, sizeof id, "box-%06d", i);
		assert_true(add_box(db, id, name, i, &f));
	}
	commit(db);
}

/* ---- opening ------------------------------------------------------------------------------- */

static void created_as_promised(void **state)
{
	static const int64_t expected[] = {PAGE, 2, 1, 0, 1, 1, 2, 0};
	const char *path = scratch_path(state, "db");
	struct db *db = opened(path, DB_CREATE);
	struct db_cursor c;
	const struct db_value *row;
	struct lahetti_fault f;
	uint8_t header[20];

	assert_true(db_query(db, &c, PRAGMAS, NULL, 0, &f));
	assert_true(db_next(&c, &row, &f));
	assert_non_null(row);
	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		assert_int_equal(row[i].number, expected[i]);
	db_done(&c);
	assert_true(db_query(db, &c, JOURNAL_MODE, NULL, 0, &f));
	assert_true(db_next(&c, &row, &f));
	assert_true(lahetti_span_equal(row[0].bytes, lahetti_span_text("wal")));
	db_done(&c);
	assert_int_equal(scratch_mode(path), 0600);
	assert_int_equal(scratch_mode(scratch_path(state, "db-wal")), 0600);
	db_close(db);

	/* In the file itself: the page size, and that both versions say WAL. */
	assert_int_equal(scratch_read(path, header, sizeof header), sizeof header);
	assert_int_equal(header[16] << 8 | header[17], PAGE);
	assert_int_equal(header[18], 2);
	assert_int_equal(header[19], 2);
}

static void opened_again_holds_what_was_committed(void **state)
{
	const char *path = scratch_path(state, "db");
	struct db *db = opened(path, DB_CREATE);

	add_boxes(db, 3);
	db_close(db);
	db = opened(path, DB_WRITE);
	assert_int_equal(number(db, BOX_COUNT), 3);
	assert_int_equal(number(db, PRAGMAS), PAGE);
	db_close(db);
	db = opened(path, DB_READ);
	assert_int_equal(number(db, BOX_COUNT), 3);
	db_close(db);
}

static void memory_is_a_database_too(void **state)
{
	struct db *db = opened("", DB_CREATE);

	(void)state;
	add_boxes(db, 3);
	assert_int_equal(number(db, BOX_COUNT), 3);
	db_close(db);
	db_close(NULL);
}

static void existing_file_is_not_replaced(void **state)
{
	const char *path = scratch_path(state, "db");
	struct db_options o = options(path, DB_CREATE);
	struct db *db = opened(path, DB_CREATE);

	add_boxes(db, 3);
	does_not_open(&o, LAHETTI_FAULT_BROKEN, "db-exists");
	assert_int_equal(number(db, BOX_COUNT), 3);
	db_close(db);
	db = opened(path, DB_WRITE);
	assert_int_equal(number(db, BOX_COUNT), 3);
	db_close(db);
}

static void missing_empty_and_foreign_files_are_told_apart(void **state)
{
	const char *path = scratch_path(state, "db");
	struct db_options write = options(path, DB_WRITE);
	struct db_options read = options(path, DB_READ);
	uint8_t noise[3 * PAGE];

	does_not_open(&write, LAHETTI_FAULT_BROKEN, "db-missing");
	does_not_open(&read, LAHETTI_FAULT_BROKEN, "db-missing");
	assert_false(scratch_exists(path));
	scratch_write(path, "", 0);
	does_not_open(&write, LAHETTI_FAULT_BROKEN, "db-corrupt");
	does_not_open(&read, LAHETTI_FAULT_BROKEN, "db-corrupt");
	memset(noise, 0x5a, sizeof noise);
	scratch_write(path, noise, sizeof noise);
	does_not_open(&write, LAHETTI_FAULT_BROKEN, "db-corrupt");
	does_not_open(&read, LAHETTI_FAULT_BROKEN, "db-corrupt");
}

static void failed_creation_leaves_nothing(void **state)
{
	const char *path = scratch_path(state, "db");
	struct db_options o = options(path, DB_CREATE);

	o.schema = "CREATE TABLE box (id BLOB PRIMARY KEY) STRICT; CREATE TABEL thing (id);";
	does_not_open(&o, LAHETTI_FAULT_BROKEN, "db-error");
	assert_false(scratch_exists(path));
	assert_false(scratch_exists(scratch_path(state, "db-wal")));
	assert_false(scratch_exists(scratch_path(state, "db-shm")));
	o.path = scratch_path(state, "nowhere/db");
	does_not_open(&o, LAHETTI_FAULT_BROKEN, "db-readonly");
}

static void mistake_in_a_statement_fails_at_open(void **state)
{
	static const struct db_statement wrong[] = {
		{"TYPO", "", "i", "SELECT siez FROM box"},
		{"TYPO_IN_QUOTES", "", "t", "SELECT \"siez\" FROM box"},
		{"TOO_FEW_PARAMS", "", "i", "SELECT size FROM box WHERE id = $1"},
		{"TOO_MANY_PARAMS", "bb", "i", "SELECT size FROM box WHERE id = $1"},
		{"GAP_IN_PARAMS", "bb", "i", "SELECT size FROM box WHERE id IN ($1, $3)"},
		{"TOO_FEW_COLUMNS", "", "i", "SELECT size, id FROM box"},
		{"COLUMNS_OF_AN_UPDATE", "", "i", "UPDATE box SET size = 1"},
		{"UNKNOWN_LETTER", "", "x", "SELECT size FROM box"},
	};
	const char *path = scratch_path(state, "db");
	struct db_options o = options(path, DB_WRITE);
	struct lahetti_fault f;

	db_close(opened(path, DB_CREATE));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		o.statements = &wrong[i];
		o.n_statements = 1;
		assert_null(db_open(&o, &f));
		fault_is(&f, LAHETTI_FAULT_BROKEN, "db-error");
		assert_non_null(strstr(f.text, wrong[i].name));
	}
}

/* Root may do everything: as nobody, where the test runs as root. */
static void folder_that_may_only_be_read_is_told(void **state)
{
	const char *path = scratch_path(state, "db");
	struct db_options create = options(scratch_path(state, "new"), DB_CREATE);
	struct db_options write = options(path, DB_WRITE);
	bool root = geteuid() == 0;
	struct db *db = opened(path, DB_CREATE);

	db_close(db);
	assert_int_equal(chmod(path, 0444), 0);
	assert_int_equal(chmod(*state, 0555), 0);
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	does_not_open(&create, LAHETTI_FAULT_BROKEN, "db-readonly");
	does_not_open(&write, LAHETTI_FAULT_BROKEN, "db-readonly");
	if (root)
		assert_int_equal(seteuid(0), 0);
	/* The file alone: SQLite would open it for reading without a word. */
	assert_int_equal(chmod(*state, 0777), 0);
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	does_not_open(&write, LAHETTI_FAULT_BROKEN, "db-readonly");
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(chmod(path, 0000), 0);
	if (root)
		assert_int_equal(seteuid(NOBODY), 0);
	does_not_open(&write, LAHETTI_FAULT_BROKEN, "db-readonly");
	if (root)
		assert_int_equal(seteuid(0), 0);
}

/* ---- statements ---------------------------------------------------------------------------- */

static void parameters_are_bound_by_their_number(void **state)
{
	struct db *db = opened("", DB_CREATE);
	const struct db_value id = db_bytes(lahetti_span_text("id"));
	struct db_cursor c;
	const struct db_value *row;
	struct lahetti_fault f;

	(void)state;
	assert_true(add_box(db, "id", "nimi", INT64_MIN, &f));
	assert_true(db_query(db, &c, BOX_GET, &id, 1, &f));
	assert_true(db_next(&c, &row, &f));
	assert_non_null(row);
	assert_int_equal(row[0].type, DB_BYTES);
	assert_true(lahetti_span_equal(row[0].bytes, lahetti_span_text("id")));
	assert_int_equal(row[1].type, DB_TEXT);
	assert_true(lahetti_span_equal(row[1].bytes, lahetti_span_text("nimi")));
	assert_int_equal(row[2].type, DB_INT);
	assert_true(row[2].number == INT64_MIN);
	assert_true(db_next(&c, &row, &f));
	assert_null(row);
	assert_true(db_next(&c, &row, &f)); /* an ended cursor stays ended */
	assert_null(row);
	db_done(&c);
	db_done(&c);
	db_close(db);
}

static void empty_is_not_null(void **state)
{
	struct db *db = opened("", DB_CREATE);
	const struct lahetti_span nothing = lahetti_span(NULL, 0);
	const struct db_value params[] = {db_bytes(nothing), db_text(nothing), db_null()};
	struct db_cursor c;
	const struct db_value *row;
	struct lahetti_fault f;

	(void)state;
	assert_true(db_run(db, BOX_ADD, params, 3, NULL, &f));
	assert_true(db_query(db, &c, BOX_GET, params, 1, &f));
	assert_true(db_next(&c, &row, &f));
	assert_non_null(row);
	assert_int_equal(row[0].type, DB_BYTES);
	assert_int_equal(row[0].bytes.len, 0);
	assert_int_equal(row[1].type, DB_TEXT);
	assert_int_equal(row[1].bytes.len, 0);
	assert_int_equal(row[2].type, DB_NULL);
	db_done(&c);
	db_close(db);
}

static void cursor_keeps_its_parameters(void **state)
{
	struct db *db = opened("", DB_CREATE);
	char bytes[] = "id";
	struct db_value id = db_bytes(lahetti_span(bytes, 2));
	struct db_cursor c;
	const struct db_value *row;
	struct lahetti_fault f;

	(void)state;
	assert_true(add_box(db, "id", "nimi", 1, &f));
	assert_true(db_query(db, &c, BOX_GET, &id, 1, &f));
	memset(bytes, 'x', sizeof bytes);
	assert_true(db_next(&c, &row, &f));
	assert_non_null(row);
	db_done(&c);
	db_close(db);
}

static void type_mismatch_is_reported(void **state)
{
	struct db *db = opened("", DB_CREATE);
	const struct db_value params[] = {db_bytes(lahetti_span_text("id")),
					  db_text(lahetti_span_text("Maija Mallikas")), db_null()};
	static const size_t queries[] = {BOX_NAME_AS_NUMBER, BOX_SIZE_NEVER_NULL};
	struct db_cursor c;
	const struct db_value *row;
	struct lahetti_fault f;

	(void)state;
	assert_true(db_run(db, BOX_ADD, params, 3, NULL, &f));
	for (size_t i = 0; i < 2; i++) {
		assert_true(db_query(db, &c, queries[i], NULL, 0, &f));
		assert_false(db_next(&c, &row, &f));
		assert_null(row);
		fault_is(&f, LAHETTI_FAULT_BROKEN, "db-corrupt");
		assert_non_null(strstr(f.text, statements[queries[i]].name));
		assert_null(strstr(f.text, "Mallikas"));
		db_done(&c);
	}
	db_close(db);
}

static void changed_rows_are_counted(void **state)
{
	struct db *db = opened("", DB_CREATE);
	const struct db_value name = db_text(lahetti_span_text("toinen"));
	const struct db_value grow[] = {db_bytes(lahetti_span_text("box-000002")), db_int(40)};
	struct db_cursor c;
	const struct db_value *row;
	struct lahetti_fault f;
	uint64_t changed = 99;

	(void)state;
	add_boxes(db, 3);
	begin(db);
	assert_true(db_run(db, BOX_RENAME_ALL, &name, 1, &changed, &f));
	assert_int_equal(changed, 3);
	assert_true(db_run(db, SAVE, NULL, 0, &changed, &f));
	assert_int_equal(changed, 0);
	assert_true(db_query(db, &c, BOX_GROW, grow, 2, &f));
	assert_true(db_next(&c, &row, &f));
	assert_non_null(row);
	assert_int_equal(row[0].number, 42);
	assert_true(db_next(&c, &row, &f));
	assert_null(row);
	db_done(&c);
	run(db, RELEASE);
	commit(db);
	db_close(db);
}

static void constraint_is_told_without_values(void **state)
{
	struct db *db = opened("", DB_CREATE);
	struct lahetti_fault f;

	(void)state;
	assert_true(add_box(db, "salaisuus", "Maija Mallikas", 1, &f));
	assert_false(add_box(db, "salaisuus", "Maija Mallikas", 1, &f));
	fault_is(&f, LAHETTI_FAULT_BROKEN, "db-constraint");
	assert_non_null(strstr(f.text, "BOX_ADD"));
	assert_null(strstr(f.text, "Mallikas"));
	assert_null(strstr(f.text, "salaisuus"));
	assert_int_equal(number(db, BOX_COUNT), 1);
	db_close(db);
}

static void foreign_keys_are_enforced(void **state)
{
	struct db *db = opened(scratch_path(state, "db"), DB_CREATE);
	const struct db_value box = db_bytes(lahetti_span_text("no such box"));
	struct lahetti_fault f;

	assert_false(add_thing(db, 1, "no such box", &f));
	fault_is(&f, LAHETTI_FAULT_BROKEN, "db-constraint");

	/* Put off to the commit, which then refuses, with nothing changed. */
	begin(db);
	assert_true(add_box(db, "box", "nimi", 1, &f));
	assert_true(db_run(db, LABEL_ADD, &box, 1, NULL, &f));
	assert_false(db_commit(db, &f));
	fault_is(&f, LAHETTI_FAULT_BROKEN, "db-constraint");
	db_rollback(db);
	assert_int_equal(number(db, BOX_COUNT), 0);
	begin(db);
	commit(db);
	db_close(db);
}

/* ---- transactions -------------------------------------------------------------------------- */

static void rollback_undoes_and_may_be_repeated(void **state)
{
	struct db *db = opened("", DB_CREATE);
	struct db_cursor c;
	const struct db_value *row;
	struct lahetti_fault f;

	(void)state;
	db_rollback(db);
	add_boxes(db, 3);
	begin(db);
	assert_true(add_box(db, "fourth", "nimi", 4, &f));
	assert_true(db_query(db, &c, BOX_SIZES, NULL, 0, &f));
	assert_true(db_next(&c, &row, &f));
	db_rollback(db); /* with a cursor open */
	db_rollback(db);
	db_done(&c);
	assert_int_equal(number(db, BOX_COUNT), 3);
	assert_true(db_query(db, &c, BOX_SIZES, NULL, 0, &f));
	db_done(&c);
	db_close(db);
}

static void failed_job_leaves_the_others_of_its_group(void **state)
{
	struct db *db = opened(scratch_path(state, "db"), DB_CREATE);
	struct lahetti_fault f;

	begin(db);
	run(db, SAVE);
	assert_true(add_box(db, "first", "nimi", 1, &f));
	run(db, RELEASE);
	run(db, SAVE);
	assert_true(add_box(db, "second", "nimi", 2, &f));
	assert_false(add_box(db, "first", "nimi", 1, &f));
	run(db, UNSAVE);
	run(db, RELEASE);
	run(db, SAVE);
	assert_true(add_box(db, "third", "nimi", 3, &f));
	run(db, RELEASE);
	commit(db);
	assert_int_equal(number(db, BOX_COUNT), 2);
	db_close(db);
}

static void held_by_another_is_busy(void **state)
{
	const char *path = scratch_path(state, "db");
	struct db *one = opened(path, DB_CREATE);
	struct db *two = opened(path, DB_WRITE);
	struct lahetti_fault f = {0};

	begin(one);
	assert_false(db_begin(two, &f));
	fault_is(&f, LAHETTI_FAULT_BUSY, "db-locked");
	commit(one);
	begin(two);
	commit(two);
	db_close(one);
	db_close(two);
}

static void reader_sees_a_snapshot_and_cannot_write(void **state)
{
	const char *path = scratch_path(state, "db");
	struct db *writer = opened(path, DB_CREATE);
	struct db *reader = opened(path, DB_READ);
	struct lahetti_fault f = {0};

	add_boxes(writer, 3);
	begin(reader);
	assert_int_equal(number(reader, BOX_COUNT), 3);
	begin(writer);
	assert_true(add_box(writer, "fourth", "nimi", 4, &f));
	assert_int_equal(number(reader, BOX_COUNT), 3);
	commit(writer);
	assert_int_equal(number(reader, BOX_COUNT), 3);
	commit(reader);
	assert_int_equal(number(reader, BOX_COUNT), 4);
	assert_false(add_box(reader, "fifth", "nimi", 5, &f));
	fault_is(&f, LAHETTI_FAULT_BROKEN, "db-readonly");
	assert_int_equal(number(reader, PRAGMAS), PAGE);
	db_close(reader);
	db_close(writer);
}

/* SQLite undoes the whole transaction under the statement that finds the disk full. */
static void full_disk_undoes_the_transaction_and_nothing_slips_through(void **state)
{
	struct db *db = opened(scratch_path(state, "db"), DB_CREATE);
	struct lahetti_fault f = {0};
	char id[32];
	int i = 0;

	add_boxes(db, 3);
	(void)number(db, MOST_PAGES);
	begin(db);
	run(db, SAVE);
	do
		(void)snprintf(id, sizeof id, "more-%06d", i);
	while (add_box(db, id, "a name that takes room in the file, again and again", i++, &f) &&
	       i < 100000);
	fault_is(&f, LAHETTI_FAULT_BROKEN, "db-full");
	assert_false(db_run(db, UNSAVE, NULL, 0, NULL, &f));
	fault_is(&f, LAHETTI_FAULT_BROKEN, "db-error");
	assert_false(db_run(db, SAVE, NULL, 0, NULL, &f));
	assert_false(add_box(db, "one", "nimi", 1, &f));
	fault_is(&f, LAHETTI_FAULT_BROKEN, "db-error");
	assert_false(db_commit(db, &f));
	fault_is(&f, LAHETTI_FAULT_BROKEN, "db-error");
	db_rollback(db);
	assert_int_equal(number(db, BOX_COUNT), 3);
	begin(db);
	assert_true(add_box(db, "one", "nimi", 1, &f));
	commit(db);
	assert_int_equal(number(db, BOX_COUNT), 4);
	db_close(db);
}

/* The log can't be written when it comes to the commit: a real failure, by a limit on the size of
 * files. */
static void commit_that_cannot_be_written_is_uncertain(void **state)
{
	const char *path = scratch_path(state, "db");
	struct db *db = opened(path, DB_CREATE);
	struct lahetti_fault f = {0};
	struct rlimit before, small;

	add_boxes(db, 3);
	begin(db);
	assert_true(add_box(db, "fourth", "nimi", 4, &f));
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = before;
	small.rlim_cur = scratch_len(scratch_path(state, "db-wal")) + 100;
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_false(db_commit(db, &f));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	fault_is(&f, LAHETTI_FAULT_UNCERTAIN, "commit-uncertain");
	assert_false(db_begin(db, &f));
	fault_is(&f, LAHETTI_FAULT_BROKEN, "db-error");
	db_close(db);

	db = opened(path, DB_WRITE);
	assert_int_equal(number(db, BOX_COUNT), 3);
	add_boxes(db, 0);
	db_close(db);
}

static void uncertain_commit_may_have_happened_or_not(void **state)
{
	static const unsigned fourth = 4; /* begin, add, commit, committed */
	const char *path = scratch_path(state, "db");
	struct lahetti_fault f = {0};
	struct db *db = opened(path, DB_CREATE);

	for (unsigned n = fourth - 1; n <= fourth; n++) {
		db_faulty_arm(n);
		begin(db);
		assert_true(add_box(db, "first", "nimi", 1, &f));
		assert_false(db_commit(db, &f));
		assert_true(db_faulty_disarm());
		fault_is(&f, LAHETTI_FAULT_UNCERTAIN, "commit-uncertain");
		assert_false(db_begin(db, &f));
		db_rollback(db);
		db_close(db);
		db = opened(path, DB_WRITE);
		assert_int_equal(number(db, BOX_COUNT), n == fourth ? 1 : 0);
	}
	db_close(db);
}

/* Two jobs of one group, one of which reads. */
static bool scenario(struct db *db, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row;
	bool done;

	if (!db_begin(db, f))
		return false;
	if (!db_run(db, SAVE, NULL, 0, NULL, f) || !add_box(db, "one", "nimi", 1, f) ||
	    !db_run(db, RELEASE, NULL, 0, NULL, f))
		return false;
	done = db_query(db, &c, BOX_SIZES, NULL, 0, f);
	do
		done = done && db_next(&c, &row, f);
	while (done && row != NULL);
	db_done(&c);
	return done && add_box(db, "two", "nimi", 2, f) && add_thing(db, 1, "two", f) &&
	       db_commit(db, f);
}

static void any_step_may_fail(void **state)
{
	const char *path = scratch_path(state, "db");
	struct db *db = opened(path, DB_CREATE);
	struct lahetti_fault f = {0};
	unsigned n = 0;
	bool failed, done;

	do {
		db_faulty_arm(++n);
		done = scenario(db, &f);
		failed = db_faulty_disarm();
		assert_int_equal(done, !failed);
		if (!failed)
			break;
		db_rollback(db);
		if (f.kind == LAHETTI_FAULT_UNCERTAIN) {
			db_close(db);
			db = opened(path, DB_WRITE);
		}
		if (db_faulty_step() == DB_STEP_COMMITTED)
			break;
		assert_int_equal(number(db, BOX_COUNT), 0);
	} while (n < 100);
	assert_int_equal(n, 11);
	assert_int_equal(number(db, BOX_COUNT), 2);
	assert_int_equal(number(db, THING_NOTES), 1);
	db_close(db);
}

/* ---- damage -------------------------------------------------------------------------------- */

static void count_complaint(void *context, const char *text)
{
	int *complaints = context;

	assert_true(strlen(text) > 0);
	*complaints += 1;
}

static void sound_database_has_no_complaint(void **state)
{
	struct db *db = opened(scratch_path(state, "db"), DB_CREATE);
	struct lahetti_fault f;
	int complaints = 0;

	add_boxes(db, 500);
	assert_true(db_check(db, count_complaint, &complaints, &f));
	assert_int_equal(complaints, 0);
	db_close(db);
}

/* Whether opening, checking or reading everything finds that something is wrong. */
static bool damage_is_found(const char *path)
{
	struct db_options o = options(path, DB_READ);
	struct lahetti_fault f = {0};
	struct db *db = db_open(&o, &f);
	struct db_cursor c;
	const struct db_value *row;
	int complaints = 0;
	bool fine = true;

	if (db == NULL) {
		assert_string_equal(f.code, "db-corrupt");
		return true;
	}
	if (!db_check(db, count_complaint, &complaints, &f))
		assert_string_equal(f.code, "db-corrupt");
	else
		fine = complaints == 0;
	if (fine && f.code == NULL) {
		fine = db_query(db, &c, BOX_SIZES, NULL, 0, &f);
		while (fine && db_next(&c, &row, &f) && row != NULL)
			;
		fine = f.code == NULL;
		db_done(&c);
	}
	db_close(db);
	return !fine || f.code != NULL;
}

static void damage_of_a_page_is_reported(void **state)
{
	static const size_t places[] = {
		0,	      /* the name of the format */
		100,	      /* the root of the schema */
		PAGE + 0,     /* what kind of page it is */
		2 * PAGE + 3, /* how many rows it holds */
		5 * PAGE,
		9 * PAGE,
	};
	const char *path = scratch_path(state, "db");
	struct db *db = opened(path, DB_CREATE);

	add_boxes(db, 500);
	db_close(db);
	assert_false(damage_is_found(path));
	assert_true(scratch_len(path) > 10 * PAGE);
	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		scratch_flip(path, places[i]);
		assert_true(damage_is_found(path));
		scratch_flip(path, places[i]);
	}
	assert_false(damage_is_found(path));
	assert_int_equal(truncate(path, 3 * PAGE), 0);
	assert_true(damage_is_found(path));
}

/* ---- copying, tidying ---------------------------------------------------------------------- */

static void copy_is_whole_and_ours_alone(void **state)
{
	const char *path = scratch_path(state, "db");
	const char *to = scratch_path(state, "copy");
	struct db *db = opened(path, DB_CREATE);
	struct db *reader = opened(path, DB_READ);
	struct db *copy;
	struct lahetti_fault f = {0};

	add_boxes(db, 500);
	assert_true(db_copy(reader, to, &f));
	assert_int_equal(scratch_mode(to), 0600);
	assert_false(scratch_exists(scratch_path(state, "copy-journal")));
	assert_false(db_copy(reader, to, &f));
	fault_is(&f, LAHETTI_FAULT_BROKEN, "db-exists");
	copy = opened(to, DB_WRITE);
	assert_int_equal(number(copy, BOX_COUNT), 500);
	assert_int_equal(number(copy, PRAGMAS), PAGE);
	begin(copy);
	assert_true(add_box(copy, "only here", "nimi", 1, &f));
	commit(copy);
	db_close(copy);
	assert_int_equal(number(db, BOX_COUNT), 500);
	/* The reader isn't left in its snapshot. */
	begin(db);
	assert_true(add_box(db, "only there", "nimi", 1, &f));
	commit(db);
	assert_int_equal(number(reader, BOX_COUNT), 501);
	db_close(reader);
	db_close(db);
}

static struct db *writing;
static int written;

/* Commits between the steps of a copy. */
static bool write_meanwhile(enum db_step step, const char *statement, struct lahetti_fault *f)
{
	char id[32];

	(void)statement;
	if (step != DB_STEP_COPY || written > 20)
		return true;
	(void)snprintf(id, sizeof id, "meanwhile-%d", written++);
	return db_begin(writing, f) && add_box(writing, id, "nimi", 1, f) && db_commit(writing, f);
}

static void copy_is_of_one_moment_though_others_write(void **state)
{
	const char *path = scratch_path(state, "db");
	const char *to = scratch_path(state, "copy");
	struct db *reader, *copy;
	struct lahetti_fault f = {0};

	writing = opened(path, DB_CREATE);
	reader = opened(path, DB_READ);
	add_boxes(writing, 1500); /* some 190 pages: several steps */
	written = 0;
	db_hook_set(write_meanwhile);
	assert_true(db_copy(reader, to, &f));
	db_hook_set(NULL);
	assert_true(written > 2 && written < 20);
	copy = opened(to, DB_READ);
	assert_int_equal(number(copy, BOX_COUNT), 1500);
	assert_int_equal(number(writing, BOX_COUNT), 1500 + written);
	db_close(copy);
	db_close(reader);
	db_close(writing);
}

static void failed_copy_leaves_nothing(void **state)
{
	const char *path = scratch_path(state, "db");
	const char *to = scratch_path(state, "copy");
	struct db *db = opened(path, DB_CREATE);
	struct lahetti_fault f = {0};

	add_boxes(db, 1500);
	db_faulty_arm(2);
	assert_false(db_copy(db, to, &f));
	assert_true(db_faulty_disarm());
	assert_int_equal(db_faulty_step(), DB_STEP_COPY);
	assert_false(scratch_exists(to));
	assert_false(scratch_exists(scratch_path(state, "copy-journal")));
	begin(db);
	assert_true(add_box(db, "box", "nimi", 1, &f));
	assert_false(db_copy(db, to, &f));
	fault_is(&f, LAHETTI_FAULT_BUSY, "db-locked");
	assert_false(scratch_exists(to));
	commit(db);
	assert_int_equal(number(db, BOX_COUNT), 1501);
	db_close(db);
}

static void tidying_moves_the_log_into_the_file(void **state)
{
	const char *path = scratch_path(state, "db");
	struct lahetti_fault f = {0};
	struct db *db = opened(path, DB_CREATE);
	struct db *other;
	size_t before;

	db_close(db);
	before = scratch_len(path);
	db = opened(path, DB_WRITE);
	other = opened(path, DB_WRITE);
	add_boxes(db, 500);
	assert_int_equal(scratch_len(path), before);
	assert_true(db_tidy(other, &f)); /* which hasn't run anything yet */
	assert_true(scratch_len(path) > before);
	db_close(other);
	assert_int_equal(number(db, BOX_COUNT), 500);
	begin(db);
	assert_true(add_box(db, "box", "nimi", 1, &f));
	assert_false(db_tidy(db, &f));
	fault_is(&f, LAHETTI_FAULT_BUSY, "db-locked");
	commit(db);
	db_close(db);
}

/* ---- threads ------------------------------------------------------------------------------- */

static void *read_while_written(void *argument)
{
	struct db *reader = argument;
	struct lahetti_fault f = {0};
	int64_t before = 0;

	while (before < 200) {
		struct db_cursor c;
		const struct db_value *row;
		bool fine = db_query(reader, &c, BOX_COUNT, NULL, 0, &f) && db_next(&c, &row, &f) &&
			    row != NULL && row[0].number >= before;

		if (!fine) {
			print_error("a reader: %s: %s\n", f.code, f.text);
			return NULL;
		}
		before = row[0].number;
		db_done(&c);
	}
	return reader;
}

static void readers_go_on_beside_the_writer(void **state)
{
	const char *path = scratch_path(state, "db");
	struct db *writer = opened(path, DB_CREATE);
	struct db *readers[2];
	pthread_t threads[2];
	struct lahetti_fault f = {0};
	char id[32];
	void *result;

	for (size_t i = 0; i < 2; i++) {
		struct db_options o = options(path, DB_READ);

		o.busy_ms = 0; /* as the server's readers: they may wait for a lock */
		readers[i] = db_open(&o, &f);
		assert_non_null(readers[i]);
		assert_int_equal(pthread_create(&threads[i], NULL, read_while_written, readers[i]),
				 0);
	}
	for (int i = 0; i < 200; i++) {
		(void)snprintf(id, sizeof id, "box-%06d", i);
		begin(writer);
		assert_true(add_box(writer, id, "nimi", i, &f));
		commit(writer);
	}
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &result), 0);
		assert_ptr_equal(result, readers[i]);
		db_close(readers[i]);
	}
	db_close(writer);
}

#define IN_A_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_A_FOLDER(created_as_promised),
		IN_A_FOLDER(opened_again_holds_what_was_committed),
		IN_A_FOLDER(memory_is_a_database_too),
		IN_A_FOLDER(existing_file_is_not_replaced),
		IN_A_FOLDER(missing_empty_and_foreign_files_are_told_apart),
		IN_A_FOLDER(failed_creation_leaves_nothing),
		IN_A_FOLDER(mistake_in_a_statement_fails_at_open),
		IN_A_FOLDER(folder_that_may_only_be_read_is_told),
		IN_A_FOLDER(parameters_are_bound_by_their_number),
		IN_A_FOLDER(empty_is_not_null),
		IN_A_FOLDER(cursor_keeps_its_parameters),
		IN_A_FOLDER(type_mismatch_is_reported),
		IN_A_FOLDER(changed_rows_are_counted),
		IN_A_FOLDER(constraint_is_told_without_values),
		IN_A_FOLDER(foreign_keys_are_enforced),
		IN_A_FOLDER(rollback_undoes_and_may_be_repeated),
		IN_A_FOLDER(failed_job_leaves_the_others_of_its_group),
		IN_A_FOLDER(held_by_another_is_busy),
		IN_A_FOLDER(reader_sees_a_snapshot_and_cannot_write),
		IN_A_FOLDER(full_disk_undoes_the_transaction_and_nothing_slips_through),
		IN_A_FOLDER(commit_that_cannot_be_written_is_uncertain),
		IN_A_FOLDER(uncertain_commit_may_have_happened_or_not),
		IN_A_FOLDER(any_step_may_fail),
		IN_A_FOLDER(sound_database_has_no_complaint),
		IN_A_FOLDER(damage_of_a_page_is_reported),
		IN_A_FOLDER(copy_is_whole_and_ours_alone),
		IN_A_FOLDER(copy_is_of_one_moment_though_others_write),
		IN_A_FOLDER(failed_copy_leaves_nothing),
		IN_A_FOLDER(tidying_moves_the_log_into_the_file),
		IN_A_FOLDER(readers_go_on_beside_the_writer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
