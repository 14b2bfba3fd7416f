#include "archive.h"
#include "checked.h"
#include "lahetti/message.h"
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

#define TABLES_MOST  40
#define COLUMNS_MOST 16
#define FILE_MOST    (4 << 20)

/* A filled archive, closed; each test spoils copies of it. */
struct whole {
	void **state;
	struct vault *vault;
	sqlite3 *original;
	uint8_t *file;
	size_t len;
	unsigned tried, found, refused, missed;
};

/* SQL: the value with its last bit turned, or a byte longer. */
static void flip(sqlite3_context *context, int n, sqlite3_value **v)
{
	int type = sqlite3_value_type(v[0]), len;
	uint8_t bytes[16384];

	(void)n;
	if (type == SQLITE_INTEGER) {
		sqlite3_result_int64(context, sqlite3_value_int64(v[0]) ^ 1);
		return;
	}
	len = sqlite3_value_bytes(v[0]);
	assert_in_range(len, 1, sizeof bytes - 1);
	memcpy(bytes, sqlite3_value_blob(v[0]), (size_t)len);
	if (sqlite3_user_data(context) != NULL)
		bytes[len++] = 'x';
	else
		bytes[len - 1] ^= 1;
	if (type == SQLITE_TEXT)
		sqlite3_result_text(context, (const char *)bytes, len, SQLITE_TRANSIENT);
	else
		sqlite3_result_blob(context, bytes, len, SQLITE_TRANSIENT);
}

static sqlite3 *open_copy(const struct whole *w)
{
	const char *path = scratch_path(w->state, "copy.db");
	sqlite3 *db;

	(void)remove(scratch_path(w->state, "copy.db-wal"));
	(void)remove(scratch_path(w->state, "copy.db-shm"));
	scratch_write(path, w->file, w->len);
	db = raw_open(path);
	assert_int_equal(
		sqlite3_create_function(db, "flip", 1, SQLITE_UTF8, NULL, flip, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(
		sqlite3_create_function(db, "longer", 1, SQLITE_UTF8, db, flip, NULL, NULL),
		SQLITE_OK);
	return db;
}

static int make_whole(void **state)
{
	struct archive a;
	struct whole *w;

	if (scratch_setup(state) != 0)
		return -1;
	w = calloc(1, sizeof *w);
	assert_non_null(w);
	archive_open(&a, state, "whole.db");
	archive_fill(&a);
	store_close(a.store);
	a.store = NULL;
	w->file = malloc(FILE_MOST);
	assert_non_null(w->file);
	w->len = scratch_read(a.database, w->file, FILE_MOST);
	assert_true(w->len < FILE_MOST);
	w->original = raw_open(a.database);
	archive_close(&a);
	w->vault = vault_open(scratch_path(state, "master"), scratch_path(state, "keys"), NULL);
	assert_non_null(w->vault);
	w->state = malloc(sizeof *w->state);
	assert_non_null(w->state);
	*w->state = *state;
	*state = w;
	return 0;
}

static int unmake_whole(void **state)
{
	struct whole *w = *state;
	int result;

	raw_close(w->original);
	result = scratch_teardown(w->state);
	vault_close(w->vault);
	free(w->state);
	free(w->file);
	free(w);
	return result;
}

/* Tampering
 * ---------------------------------------------------------------------------------------------------------
 */

struct table {
	char name[64];
	struct {
		char name[64];
		char type[16];
		bool key;
		bool nullable;
	} columns[COLUMNS_MOST];
	size_t n;
};

static size_t read_tables(sqlite3 *db, struct table tables[TABLES_MOST])
{
	sqlite3_stmt *stmt;
	size_t n = 0;

	assert_int_equal(
		sqlite3_prepare_v2(db,
				   "SELECT t.name, c.name, c.type, c.pk, c.\"notnull\" FROM "
				   "sqlite_schema t, pragma_table_info(t.name) c "
				   "WHERE t.type = 'table' ORDER BY t.name, c.cid",
				   -1, &stmt, NULL),
		SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);
		struct table *t;
		size_t i;

		if (n == 0 || strcmp(tables[n - 1].name, name) != 0) {
			assert_true(n < TABLES_MOST);
			tables[n].n = 0;
			(void)snprintf(tables[n++].name, sizeof tables[0].name, "%s", name);
		}
		t = &tables[n - 1];
		i = t->n++;
		assert_true(i < COLUMNS_MOST);
		(void)snprintf(t->columns[i].name, sizeof t->columns[i].name, "\"%s\"",
			       sqlite3_column_text(stmt, 1));
		(void)snprintf(t->columns[i].type, sizeof t->columns[i].type, "%s",
			       sqlite3_column_text(stmt, 2));
		t->columns[i].key = sqlite3_column_int(stmt, 3) > 0;
		t->columns[i].nullable = sqlite3_column_int(stmt, 4) == 0;
	}
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	return n;
}

/* The keys of a table, as a list. */
static void add_keys(sqlite3_str *sql, const struct table *t)
{
	const char *comma = "";

	for (size_t i = 0; i < t->n; i++)
		if (t->columns[i].key) {
			sqlite3_str_appendf(sql, "%s%s", comma, t->columns[i].name);
			comma = ", ";
		}
}

/* WHERE it is the nth row by its key. */
static void add_where(sqlite3_str *sql, const struct table *t, int64_t nth)
{
	sqlite3_str_appendall(sql, " WHERE (");
	add_keys(sql, t);
	sqlite3_str_appendall(sql, ") = (SELECT ");
	add_keys(sql, t);
	sqlite3_str_appendf(sql, " FROM %s ORDER BY ", t->name);
	add_keys(sql, t);
	sqlite3_str_appendf(sql, " LIMIT 1 OFFSET %lld)", (long long)nth);
}

static int64_t rows_of(sqlite3 *db, const struct table *t)
{
	char *sql = sqlite3_mprintf("SELECT count(*) FROM %s", t->name);
	int64_t rows = raw_number(db, sql);

	sqlite3_free(sql);
	if (rows > 0)
		return rows;
	fail_msg("The table %s is empty: fill it.", t->name);
	return 1;
}

/* What the check says of the copy. */
static void judge(struct whole *w, const char *sql)
{
	struct checked c;

	w->tried++;
	checked_run(&c, scratch_path(w->state, "copy.db"), w->vault);
	if (checked_found(&c)) {
		w->found++;
		return;
	}
	w->missed++;
	print_error("not found: %.200s\n", sql);
}

/* Runs the SQL, which is freed, on a copy. Where it changes something, that must be found; or the
 * schema refuses it. */
static void tamper(struct whole *w, sqlite3_str *text)
{
	sqlite3 *db = open_copy(w);
	char *sql = sqlite3_str_finish(text);
	int result = sqlite3_exec(db, sql, NULL, NULL, NULL);
	int changed = sqlite3_changes(db);

	if (result != SQLITE_OK && result != SQLITE_CONSTRAINT)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	raw_close(db);
	if (result != SQLITE_OK)
		w->refused++;
	else if (changed > 0)
		judge(w, sql);
	sqlite3_free(sql);
}

static void nothing_was_missed(const struct whole *w)
{
	print_message("%u changes found, %u refused by the schema, %u missed\n", w->found,
		      w->refused, w->missed);
	assert_true(w->tried > 0);
	assert_int_equal(w->missed, 0);
}

/* The tests
 * ---------------------------------------------------------------------------------------------------------
 */

static void clean_store_has_no_findings(void **state)
{
	struct whole *w = *state;
	struct checked c;

	raw_close(open_copy(w));
	checked_run(&c, scratch_path(w->state, "copy.db"), w->vault);
	if (!c.done || c.counts.findings > 0)
		fail_msg("%s %s", c.why.text, c.first);
	assert_true(c.counts.events > 20 && c.counts.records > 20 && c.counts.parts > 20);
	assert_int_equal(c.counts.statements, 6);
	assert_int_equal(c.counts.checkpoints, 10);
	assert_int_equal(c.counts.erased, 0);
}

static void every_changed_value_is_found(void **state)
{
	static const struct {
		const char *type;
		bool of_null;  /* of a value that is NULL; else of one that is not */
		bool nullable; /* only where the column allows it */
		const char *before, *after;
	} changes[] = {
		{"INTEGER", false, false, "flip(", ")"},
		{"INTEGER", false, false, "", " + 1099511627776"}, /* its low 32 bits stay */
		{"INTEGER", false, true, "nullif(1, 1 + 0 * ", ")"},
		{"INTEGER", true, true, "ifnull(", ", 0)"},
		{"BLOB", false, false, "flip(", ")"},
		{"BLOB", false, false, "longer(", ")"},
		{"BLOB", false, false, "substr(", ", 1, 0)"},
		{"BLOB", false, true, "nullif(1, 1 + 0 * length(", "))"},
		{"BLOB", true, true, "ifnull(", ", x'')"},
		{"BLOB", true, true, "ifnull(", ", zeroblob(16))"},
		{"TEXT", false, false, "flip(", ")"},
		{"TEXT", false, false, "longer(", ")"},
	};
	struct whole *w = *state;
	struct table tables[TABLES_MOST];
	size_t n = read_tables(w->original, tables);

	for (struct table *t = tables; t < tables + n; t++)
		for (size_t i = 0; i < t->n; i++)
			for (size_t k = 0; k < sizeof changes / sizeof *changes; k++) {
				const char *column = t->columns[i].name;

				if (strcmp(t->columns[i].type, changes[k].type) != 0 ||
				    (changes[k].nullable && !t->columns[i].nullable))
					continue;
				/* Two rows, others for each column and change. */
				for (int last = 0; last < 2; last++) {
					int64_t rows = rows_of(w->original, t);
					int64_t nth = (int64_t)(3 * i + k) % rows;

					sqlite3_str *sql = sqlite3_str_new(NULL);

					sqlite3_str_appendf(sql, "UPDATE %s SET %s = %s%s%s",
							    t->name, column, changes[k].before,
							    column, changes[k].after);
					add_where(sql, t, last ? rows - 1 - nth : nth);
					sqlite3_str_appendf(sql, " AND %s IS %s", column,
							    changes[k].of_null ? "NULL"
									       : "NOT NULL");
					tamper(w, sql);
				}
			}
	nothing_was_missed(w);
}

static void every_deleted_row_is_found(void **state)
{
	struct whole *w = *state;
	struct table tables[TABLES_MOST];
	size_t n = read_tables(w->original, tables);

	for (struct table *t = tables; t < tables + n; t++)
		for (int64_t i = 0; i < rows_of(w->original, t); i++) {
			sqlite3_str *sql = sqlite3_str_new(NULL);

			sqlite3_str_appendf(sql, "DELETE FROM %s", t->name);
			add_where(sql, t, i);
			tamper(w, sql);
		}
	nothing_was_missed(w);
}

/* A copy of a row with one part of its key changed. */
static void every_inserted_row_is_found(void **state)
{
	static const struct {
		const char *type, *before, *after;
	} changes[] = {
		{"INTEGER", "", " + 1000"}, {"INTEGER", "-1 - ", ""}, {"INTEGER", "flip(", ")"},
		{"BLOB", "flip(", ")"},	    {"BLOB", "longer(", ")"}, {"TEXT", "flip(", ")"},
	};
	struct whole *w = *state;
	struct table tables[TABLES_MOST];
	size_t n = read_tables(w->original, tables);

	for (struct table *t = tables; t < tables + n; t++)
		for (size_t key = 0; key < t->n; key++)
			for (size_t k = 0; k < sizeof changes / sizeof *changes; k++) {
				sqlite3_str *sql;

				if (!t->columns[key].key ||
				    strcmp(t->columns[key].type, changes[k].type) != 0)
					continue;
				sql = sqlite3_str_new(NULL);
				sqlite3_str_appendf(sql, "INSERT INTO %s SELECT ", t->name);
				for (size_t i = 0; i < t->n; i++)
					sqlite3_str_appendf(sql, "%s%s%s%s", i == 0 ? "" : ", ",
							    i == key ? changes[k].before : "",
							    t->columns[i].name,
							    i == key ? changes[k].after : "");
				sqlite3_str_appendf(sql, " FROM %s", t->name);
				add_where(sql, t, 0);
				tamper(w, sql);
			}
	nothing_was_missed(w);
}

/* What is right in one row is wrong in another. */
static void every_exchanged_value_is_found(void **state)
{
	struct whole *w = *state;
	struct table tables[TABLES_MOST];
	size_t n = read_tables(w->original, tables);

	for (struct table *t = tables; t < tables + n; t++)
		for (size_t i = 0; i < t->n; i++) {
			sqlite3_str *sql = sqlite3_str_new(NULL);
			int64_t last = rows_of(w->original, t) - 1;

			sqlite3_str_appendf(sql, "WITH other(v) AS (SELECT %s FROM %s",
					    t->columns[i].name, t->name);
			add_where(sql, t, last);
			sqlite3_str_appendf(sql, ") UPDATE %s SET %s = (SELECT v FROM other)",
					    t->name, t->columns[i].name);
			add_where(sql, t, 0);
			sqlite3_str_appendf(sql, " AND %s IS NOT (SELECT v FROM other)",
					    t->columns[i].name);
			tamper(w, sql);
		}
	nothing_was_missed(w);
}

static void every_emptied_table_is_found(void **state)
{
	struct whole *w = *state;
	struct table tables[TABLES_MOST];
	size_t n = read_tables(w->original, tables);

	for (struct table *t = tables; t < tables + n; t++) {
		sqlite3_str *sql = sqlite3_str_new(NULL);

		sqlite3_str_appendf(sql, "DELETE FROM %s WHERE true", t->name);
		tamper(w, sql);
	}
	nothing_was_missed(w);
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	return stmt;
}

static void run_on_copy(struct whole *w, const char *sql)
{
	sqlite3 *db = open_copy(w);

	raw_run(db, sql);
	raw_close(db);
}

static void first_finding_is(struct whole *w, const char *code)
{
	struct checked c;

	checked_run(&c, scratch_path(w->state, "copy.db"), w->vault);
	assert_true(c.done && c.counts.findings > 0);
	if (strncmp(c.first, code, strlen(code)) != 0)
		fail_msg("%s, not %s", c.first, code);
}

static void copy_is_whole(struct whole *w, uint64_t erased)
{
	struct checked c;

	checked_run(&c, scratch_path(w->state, "copy.db"), w->vault);
	if (!c.done || c.counts.findings > 0)
		fail_msg("%s %s", c.why.text, c.first);
	assert_int_equal(c.counts.erased, erased);
}

static void journal(struct whole *w, enum sample_who client, Lahetti__V1__ErasureScope scope,
		    const struct lahetti_id *statement)
{
	struct vault_erasure e = {.time_us = SAMPLE_CREATED_US, .scope = (uint32_t)scope};

	assert_true(lahetti_id_new(&e.erasure, SAMPLE_CREATED_US, NULL));
	e.client = *sample_id(client);
	if (statement != NULL)
		e.statement = *statement;
	assert_true(vault_journal_add(w->vault, &e, 1, NULL));
}

#define SCOPE(NAME) LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_##NAME

/* Of the county's client: what an erasure of the identity does, and that without one part of it. */
#define COUNTYS "(SELECT client FROM client WHERE event = (SELECT min(event) FROM client_case))"
#define NO_KEYS \
	"UPDATE client_key SET identity_key = NULL, content_key = NULL WHERE client = " COUNTYS ";"
#define NO_INDEX     "DELETE FROM blind_index WHERE client = " COUNTYS ";"
#define NO_IDENTITY  "DELETE FROM identity WHERE client = " COUNTYS ";"
#define NO_STATEMENT "DELETE FROM content_key WHERE client = " COUNTYS ";"
#define NO_CONTENT   "DELETE FROM content WHERE statement NOT IN (SELECT statement FROM content_key);"

static void identity_is_gone_only_by_the_journal(void **state)
{
	static const struct {
		const char *sql, *code;
	} parts[] = {
		{NO_INDEX NO_IDENTITY NO_STATEMENT NO_CONTENT, "not-erased: The identity key"},
		{NO_KEYS NO_IDENTITY NO_STATEMENT NO_CONTENT, "bad-table: The table blind_index"},
		{NO_KEYS NO_INDEX NO_STATEMENT NO_CONTENT, "not-erased: The identity recorded"},
		{NO_KEYS NO_INDEX NO_IDENTITY NO_CONTENT, "not-erased: Statement"},
		{NO_KEYS NO_INDEX NO_IDENTITY NO_STATEMENT, "content-left"},
	};
	static const char all[] = NO_KEYS NO_INDEX NO_IDENTITY NO_STATEMENT NO_CONTENT;
	struct whole *w = *state;

	journal(w, SAMPLE_OTHER, SCOPE(IDENTITY), NULL);
	run_on_copy(w, all);
	first_finding_is(w, "identity-missing");
	run_on_copy(w, NO_KEYS);
	first_finding_is(w, "key-destroyed: The identity key of client");
	journal(w, SAMPLE_CLIENT, SCOPE(CONTENT), NULL);
	run_on_copy(w, all);
	first_finding_is(w, "identity-missing");
	journal(w, SAMPLE_CLIENT, SCOPE(IDENTITY), NULL);
	run_on_copy(w, all);
	copy_is_whole(w, 24);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		run_on_copy(w, parts[i].sql);
		first_finding_is(w, parts[i].code);
	}
}

static void content_is_gone_only_by_the_journal(void **state)
{
	struct whole *w = *state;
	struct lahetti_id statement;
	sqlite3_stmt *stmt = prepare(w->original, "SELECT statement FROM copy");

	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	memcpy(statement.bytes, sqlite3_column_blob(stmt, 0), sizeof statement.bytes);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);

	run_on_copy(w, "DELETE FROM content_key WHERE client = " COUNTYS
		       " AND statement = (SELECT statement FROM copy);");
	first_finding_is(w, "content-missing: Statement");
	/* Another's erasure of the same statement is not this one's. */
	journal(w, ARCHIVE_CITY_CLIENT, SCOPE(STATEMENT), &statement);
	first_finding_is(w, "content-missing: Statement");
	journal(w, SAMPLE_CLIENT, SCOPE(STATEMENT), &statement);
	first_finding_is(w, "not-erased: A copy of statement");
	run_on_copy(w, "DELETE FROM content WHERE statement = (SELECT statement FROM copy);"
		       "DELETE FROM content_key WHERE statement = (SELECT statement FROM copy);");
	copy_is_whole(w, 2);
	/* The rest, by way of its client. */
	run_on_copy(w, NO_STATEMENT NO_CONTENT);
	first_finding_is(w, "content-missing: Statement");
	journal(w, SAMPLE_CLIENT, SCOPE(CONTENT), NULL);
	run_on_copy(
		w, NO_STATEMENT
		"DELETE FROM content_key WHERE statement = (SELECT statement FROM copy);" NO_CONTENT
		"UPDATE client_key SET content_key = NULL WHERE client = " COUNTYS);
	copy_is_whole(w, 6);
	run_on_copy(w, "UPDATE client_key SET content_key = NULL WHERE client = " COUNTYS);
	first_finding_is(w, "not-erased: Statement");
}

static void put(sqlite3 *db, const char *sql, struct lahetti_span bytes)
{
	sqlite3_stmt *stmt = prepare(db, sql);

	assert_int_equal(sqlite3_bind_blob64(stmt, 1, bytes.data, bytes.len, SQLITE_STATIC),
			 SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	assert_int_equal(sqlite3_changes(db), 1);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
}

/* Whoever has the file alone can make all of it fit again but what the log has signed. */
static void rewritten_history_is_not_signed(void **state)
{
	struct whole *w = *state;
	sqlite3 *db = open_copy(w);
	sqlite3_stmt *stmt = prepare(db, "SELECT bytes FROM event WHERE number = 7");
	struct lahetti_digest leaf;
	uint8_t bytes[4096];
	struct lahetti_span event;

	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	event = lahetti_span(bytes, (size_t)sqlite3_column_bytes(stmt, 0));
	assert_in_range(event.len, 1, sizeof bytes);
	memcpy(bytes, sqlite3_column_blob(stmt, 0), event.len);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	/* The name of the software: no column and no part depends on it. */
	*(uint8_t *)memmem(bytes, event.len, ARCHIVE_SOFTWARE, strlen(ARCHIVE_SOFTWARE)) = 'r';
	assert_true(lahetti_leaf_hash(&leaf, event, NULL));
	put(db, "UPDATE event SET bytes = ?1 WHERE number = 7", event);
	put(db,
	    "UPDATE tile SET hashes = CAST(substr(hashes, 1, 7 * 32) || ?1 || "
	    "substr(hashes, 8 * 32 + 1) AS BLOB) WHERE place = 0",
	    lahetti_digest_span(&leaf));
	raw_close(db);
	first_finding_is(w, "bad-root");
}

/* The last tile is filled over time: what is not in the tree yet stands nowhere. */
static void hash_beyond_the_tree_is_found(void **state)
{
	struct whole *w = *state;

	run_on_copy(w, "UPDATE tile SET hashes = CAST(hashes || zeroblob(32) AS BLOB)");
	first_finding_is(w, "bad-tile");
}

/* An index that leads nowhere hides rows that are there. */
static void stale_index_is_found(void **state)
{
	struct whole *w = *state;
	sqlite3 *db = open_copy(w);
	const char *path = sqlite3_db_filename(db, "main");
	char *restore = sqlite3_mprintf(
		"PRAGMA writable_schema = ON; INSERT INTO sqlite_schema VALUES ('index', "
		"'delivery_unit', 'delivery', %lld, 'CREATE INDEX delivery_unit ON delivery (unit, "
		"position)')",
		(long long)raw_number(db, "SELECT rootpage FROM sqlite_schema WHERE name = "
					  "'delivery_unit'"));
	char *file = sqlite3_mprintf("%s", path);

	raw_run(db, "PRAGMA writable_schema = ON;"
		    "DELETE FROM sqlite_schema WHERE name = 'delivery_unit'");
	raw_close(db);
	db = raw_open(file);
	raw_run(db, "UPDATE delivery SET rowid = rowid + 100");
	raw_run(db, restore);
	raw_close(db);
	first_finding_is(w, "db-corrupt: The database: row 1 missing from index delivery_unit");
	sqlite3_free(restore);
	sqlite3_free(file);
}

/* A device's entry that leads to the record of an organisation: none is taken for the other. */
static void entry_of_another_kind_is_found(void **state)
{
	struct whole *w = *state;

	run_on_copy(w, "DELETE FROM directory WHERE kind = 1;"
		       "UPDATE directory SET event = 1, n = 0 WHERE kind = 5 AND event = "
		       "(SELECT min(event) FROM directory WHERE kind = 5 AND until_us IS NULL)");
	first_finding_is(w, "db-corrupt");
}

static void foreign_schema_is_found(void **state)
{
	static const char *const changes[] = {
		"CREATE TABLE extra (a)",
		"CREATE INDEX extra ON event (time_us)",
		"CREATE TRIGGER extra AFTER INSERT ON record BEGIN DELETE FROM code; END",
		"CREATE VIEW extra AS SELECT 1",
		"DROP INDEX subject_client",
		"ALTER TABLE consent ADD COLUMN extra INTEGER",
	};
	struct whole *w = *state;

	for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
		sqlite3 *db = open_copy(w);

		raw_run(db, changes[i]);
		raw_close(db);
		judge(w, changes[i]);
	}
	nothing_was_missed(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_whole, unmake_whole)
		TEST(clean_store_has_no_findings),
		TEST(every_changed_value_is_found),
		TEST(every_deleted_row_is_found),
		TEST(every_inserted_row_is_found),
		TEST(every_exchanged_value_is_found),
		TEST(every_emptied_table_is_found),
		TEST(hash_beyond_the_tree_is_found),
		TEST(stale_index_is_found),
		TEST(entry_of_another_kind_is_found),
		TEST(foreign_schema_is_found),
		TEST(identity_is_gone_only_by_the_journal),
		TEST(content_is_gone_only_by_the_journal),
		TEST(rewritten_history_is_not_signed),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
