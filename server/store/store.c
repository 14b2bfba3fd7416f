#include "store.h"

#include "store_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA_VERSION 1

extern const char store_schema[]; /* schema.sql */

static const struct db_statement statements[] = {
#define SQL(NAME, p, c, sql) [SQL_##NAME] = {.name = #NAME, .params = p, .columns = c, .text = sql},
#define DUMP(table, key, c)                           \
	[SQL_DUMP_##table] = {.name = "DUMP_" #table, \
			      .params = "",           \
			      .columns = "t",         \
			      .text = "SELECT json_array(" c ") FROM " #table " ORDER BY " key},
#define COUNT(table)                                    \
	[SQL_COUNT_##table] = {                         \
		.name = "COUNT_" #table,                \
		.params = "",                           \
		.columns = "i",                         \
		.text = "SELECT count(*) FROM " #table, \
	},
#include "statements.def"
#undef COUNT
#undef DUMP
#undef SQL
};

static bool check_version(struct store *s, struct lahetti_fault *f)
{
	struct lahetti_buffer value;
	bool ok;

	lahetti_buffer_init(&value, 16);
	ok = store_meta_get(s, "schema", &value, f);
	if (ok && (value.len != 1 || value.data[0] == 0))
		ok = lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-corrupt",
				       "The database's version is no version: restore a backup.");
	if (ok && value.data[0] > SCHEMA_VERSION)
		ok = lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, "schema-newer",
			"The database was made by a newer version of lahettid: run that one, or restore "
			"a backup made before.");
	lahetti_buffer_finish(&value);
	return ok;
}

struct store *store_open(const char *path, struct vault *vault, enum store_mode mode,
			 struct lahetti_fault *f)
{
	static const uint8_t version = SCHEMA_VERSION;
	struct db_options options = {
		.path = mode == STORE_SHADOW ? "" : path,
		.mode = mode == STORE_READ    ? DB_READ
			: mode == STORE_WRITE ? DB_WRITE
					      : DB_CREATE,
		.schema = store_schema,
		.statements = statements,
		.n_statements = SQL_STATEMENTS_COUNT,
	};
	struct store *s = calloc(1, sizeof *s);

	if (s == NULL) {
		lahetti_fault_no_memory(f);
		return NULL;
	}
	s->vault = vault;
	s->db = db_open(&options, f);
	if (s->db == NULL || !clients_known_new(s, f))
		goto failed;
	if (options.mode == DB_CREATE) {
		if (!store_begin(s, f) ||
		    !store_meta_put(s, "schema", lahetti_span(&version, 1), f) ||
		    !store_commit(s, f))
			goto failed;
	} else if (!check_version(s, f)) {
		goto failed;
	}
	return s;
failed:
	store_close(s);
	return NULL;
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	clients_known_destroy(s);
	db_close(s->db);
	free(s);
}

struct vault *store_vault(const struct store *s)
{
	return s->vault;
}

bool store_begin(struct store *s, struct lahetti_fault *f)
{
	clients_forget(s);
	s->open = db_begin(s->db, f);
	return s->open;
}

static void end(struct store *s)
{
	clients_forget(s);
	s->open = false;
}

bool store_commit(struct store *s, struct lahetti_fault *f)
{
	end(s);
	return db_commit(s->db, f);
}

uint64_t store_begun(const struct store *s)
{
	return db_begun(s->db);
}

void store_rollback(struct store *s)
{
	end(s);
	db_rollback(s->db);
}

uint64_t store_changes(const struct store *s)
{
	return db_changes(s->db);
}

bool store_job_begin(struct store *s, struct lahetti_fault *f)
{
	return db_run(s->db, SQL_JOB_BEGIN, NULL, 0, NULL, f);
}

bool store_job_keep(struct store *s, struct lahetti_fault *f)
{
	return db_run(s->db, SQL_JOB_KEEP, NULL, 0, NULL, f);
}

bool store_job_undo(struct store *s, struct lahetti_fault *f)
{
	clients_forget(s);
	return db_run(s->db, SQL_JOB_UNDO, NULL, 0, NULL, f) &&
	       db_run(s->db, SQL_JOB_KEEP, NULL, 0, NULL, f);
}

bool store_meta_put(struct store *s, const char *name, struct lahetti_span value,
		    struct lahetti_fault *f)
{
	return db_run(s->db, SQL_META_PUT,
		      STORE_PARAMS(db_text(lahetti_span_text(name)), db_bytes(value)), NULL, f);
}

bool store_meta_get(struct store *s, const char *name, struct lahetti_buffer *out,
		    struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_META_GET, STORE_PARAMS(db_text(lahetti_span_text(name))),
			      &row, f);

	if (ok && row == NULL)
		ok = lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, "meta-missing",
			"The database lacks its setting %s: it was not made by lahettid init.",
			name);
	ok = ok && lahetti_buffer_add(out, row[0].bytes, f);
	db_done(&c);
	return ok;
}

bool store_configured(struct store *s, const char *name, struct lahetti_digest *sha256, bool *found,
		      struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_CONFIGURATION_LAST,
			      STORE_PARAMS(db_text(lahetti_span_text(name))), &row, f);

	*found = ok && row != NULL;
	if (*found)
		ok = store_digest(&row[0], sha256, f);
	db_done(&c);
	return ok;
}

bool store_check(struct store *s, void (*found)(void *context, const char *text), void *context,
		 struct lahetti_fault *f)
{
	return db_check(s->db, found, context, f);
}

bool store_copy(struct store *s, const char *to, struct lahetti_fault *f)
{
	return db_copy(s->db, to, f);
}

bool store_empty_log(struct store *s, bool *done, struct lahetti_fault *f)
{
	return db_empty_log(s->db, done, f);
}

static bool dump_table(struct store *s, const char *table, enum sql sql,
		       bool (*each)(void *context, const char *table, struct lahetti_span text,
				    struct lahetti_fault *f),
		       void *context, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, sql, NULL, 0, f);

	while (ok && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = each(context, table, row[0].bytes, f);
	db_done(&c);
	return ok;
}

bool store_dump(struct store *s,
		bool (*row)(void *context, const char *table, struct lahetti_span text,
			    struct lahetti_fault *f),
		void *context, struct lahetti_fault *f)
{
#define SQL(...)
#define COUNT(...)
#define DUMP(table, key, columns)                                      \
	if (!dump_table(s, #table, SQL_DUMP_##table, row, context, f)) \
		return false;
#include "statements.def"
#undef DUMP
#undef COUNT
#undef SQL
	return true;
}

bool store_count(struct store *s, const char *table, uint64_t *n, struct lahetti_fault *f)
{
	static const struct {
		const char *table;
		enum sql sql;
	} counts[] = {
#define SQL(...)
#define DUMP(...)
#define COUNT(table) {#table, SQL_COUNT_##table},
#include "statements.def"
#undef COUNT
#undef DUMP
#undef SQL
	};
	struct db_cursor c;
	const struct db_value *row = NULL;
	size_t i = 0;
	bool ok;

	while (strcmp(counts[i].table, table) != 0)
		i++;
	ok = store_first(s, &c, counts[i].sql, NULL, 0, &row, f);
	*n = ok && row != NULL ? (uint64_t)row[0].number : 0;
	db_done(&c);
	return ok;
}

/* What the files share
 * ---------------------------------------------------------------------------------------------- */

static bool change(struct store *s, enum sql sql, const struct db_value *params, size_t n,
		   uint64_t *changed, struct lahetti_fault *f)
{
	for (size_t i = 0; i < n; i++)
		if (params[i].type == DB_NULL && strchr("ibt", statements[sql].params[i]) != NULL)
			return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "bad-record",
						 "A record lacks what must be in it (%s).",
						 statements[sql].name);
	return db_run(s->db, sql, params, n, changed, f);
}

bool store_change(struct store *s, enum sql sql, const struct db_value *params, size_t n,
		  struct lahetti_fault *f)
{
	return change(s, sql, params, n, NULL, f);
}

bool store_change_one(struct store *s, enum sql sql, const struct db_value *params, size_t n,
		      struct lahetti_fault *f)
{
	uint64_t changed = 0;

	if (!change(s, sql, params, n, &changed, f))
		return false;
	if (changed != 1)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "bad-record",
					 "A record speaks of something that is not there (%s).",
					 statements[sql].name);
	return true;
}

bool store_first(struct store *s, struct db_cursor *c, enum sql sql, const struct db_value *params,
		 size_t n, const struct db_value **row, struct lahetti_fault *f)
{
	return db_query(s->db, c, sql, params, n, f) && db_next(c, row, f);
}

bool store_ids(struct store *s, enum sql sql, const struct db_value *params, size_t n,
	       struct lahetti_id *found, size_t most, size_t *len, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, sql, params, n, f);

	*len = 0;
	while (ok && *len < most && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = store_id(&row[0], &found[(*len)++], f);
	db_done(&c);
	return ok;
}

bool store_id(const struct db_value *column, struct lahetti_id *id, struct lahetti_fault *f)
{
	*id = (struct lahetti_id){0};
	if (column->type == DB_NULL)
		return true;
	if (column->bytes.len == sizeof id->bytes)
		memcpy(id->bytes, column->bytes.data, sizeof id->bytes);
	return !lahetti_id_empty(id) ||
	       lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-corrupt",
				 "What should be an identifier in the database is none: "
				 "run lahettid fsck.");
}

bool store_digest(const struct db_value *column, struct lahetti_digest *digest,
		  struct lahetti_fault *f)
{
	if (column->bytes.len != sizeof digest->bytes)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, "db-corrupt",
			"A digest in the database has %zu bytes: run lahettid fsck.",
			column->bytes.len);
	memcpy(digest->bytes, column->bytes.data, sizeof digest->bytes);
	return true;
}

bool store_u32(const struct db_value *column, uint32_t *number, struct lahetti_fault *f)
{
	if (column->number < 0 || column->number > UINT32_MAX)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, "db-corrupt",
			"A number in the database is too large: run lahettid fsck.");
	*number = (uint32_t)column->number;
	return true;
}

struct db_value store_bytes_or_null(struct lahetti_span s)
{
	return s.len == 0 ? db_null() : db_bytes(s);
}

void store_be64(uint8_t out[8], uint64_t number)
{
	for (int i = 7; i >= 0; i--, number >>= 8)
		out[i] = (uint8_t)number;
}
