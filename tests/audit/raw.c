#include "raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

sqlite3 *raw_open(const char *path)
{
	sqlite3 *db = NULL;

	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	/* Tests make and spoil many: none of them need survive a power cut. */
	raw_run(db, "PRAGMA synchronous=OFF");
	return db;
}

void raw_close(sqlite3 *db)
{
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

void raw_run(sqlite3 *db, const char *sql)
{
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
}

int64_t raw_number(sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t number;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	number = sqlite3_column_int64(stmt, 0);
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
	return number;
}

/* Type, length and bytes of a value: no two values give the same. */
static bool add_value(struct lahetti_digest *running, sqlite3_value *v)
{
	int type = sqlite3_value_type(v);
	int64_t number = type == SQLITE_INTEGER ? sqlite3_value_int64(v) : 0;
	const void *data = type == SQLITE_INTEGER ? &number : sqlite3_value_blob(v);
	size_t len = type == SQLITE_INTEGER ? sizeof number : (size_t)sqlite3_value_bytes(v);
	const struct lahetti_span spans[] = {
		lahetti_digest_span(running),
		lahetti_span(&type, sizeof type),
		lahetti_span(&len, sizeof len),
		lahetti_span(data, len),
	};
	struct lahetti_digest next;

	if (!lahetti_sha256(&next, spans, 4, NULL))
		return false;
	*running = next;
	return true;
}

/* Rows in the order of all that is in them. */
static sqlite3_stmt *rows_of(sqlite3 *db, const char *name)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	sqlite3_stmt *stmt = NULL;
	char *text;
	int n = 0;

	sqlite3_str_appendf(sql, "SELECT * FROM \"%w\"", name);
	if (sqlite3_prepare_v2(db, sqlite3_str_value(sql), -1, &stmt, NULL) == SQLITE_OK)
		n = sqlite3_column_count(stmt);
	for (int i = 1; i <= n; i++)
		sqlite3_str_appendf(sql, "%s%d", i == 1 ? " ORDER BY " : ", ", i);
	(void)sqlite3_finalize(stmt);
	text = sqlite3_str_finish(sql);
	if (sqlite3_prepare_v2(db, text, -1, &stmt, NULL) != SQLITE_OK)
		stmt = NULL;
	sqlite3_free(text);
	return stmt;
}

static bool dump_table(sqlite3 *db, const char *name, int64_t *rows, struct lahetti_digest *digest)
{
	sqlite3_stmt *stmt = rows_of(db, name);
	bool ok = stmt != NULL;
	int result;

	*rows = 0;
	memset(digest, 0, sizeof *digest);
	while (ok && (result = sqlite3_step(stmt)) != SQLITE_DONE) {
		ok = result == SQLITE_ROW;
		for (int i = 0; ok && i < sqlite3_column_count(stmt); i++)
			ok = add_value(digest, sqlite3_column_value(stmt, i));
		(*rows)++;
	}
	(void)sqlite3_finalize(stmt);
	return ok;
}

bool raw_dump(const char *path, struct raw_dump *dump)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	bool ok = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
		  sqlite3_prepare_v2(
			  db, "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY 1", -1,
			  &stmt, NULL) == SQLITE_OK;
	int result;

	dump->n = 0;
	while (ok && (result = sqlite3_step(stmt)) != SQLITE_DONE) {
		const char *name = (const char *)sqlite3_column_text(stmt, 0);

		ok = result == SQLITE_ROW && name != NULL && dump->n < RAW_TABLES_MOST;
		if (!ok)
			break;
		(void)snprintf(dump->tables[dump->n].name, sizeof dump->tables[0].name, "%s", name);
		ok = dump_table(db, name, &dump->tables[dump->n].rows,
				&dump->tables[dump->n].digest);
		dump->n++;
	}
	(void)sqlite3_finalize(stmt);
	(void)sqlite3_close(db);
	return ok;
}

bool raw_same(const struct raw_dump *a, const struct raw_dump *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (strcmp(a->tables[i].name, b->tables[i].name) != 0 ||
		    a->tables[i].rows != b->tables[i].rows ||
		    !lahetti_digest_equal(&a->tables[i].digest, &b->tables[i].digest))
			return false;
	return true;
}
