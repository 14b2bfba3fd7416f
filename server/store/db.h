/*
 * The narrow waist under the store: a connection to a database, its prepared statements and a
 * transaction. A driver names no table; the texts come from statements.def. What a driver must do
 * is these functions; tests wrap them to fail.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include "lahetti/id.h"

struct db;

enum db_type {
	DB_NULL,
	DB_INT,
	DB_BYTES,
	DB_TEXT,
};

/* A parameter or a column. Bytes and text are borrowed: of a column until the cursor moves. */
struct db_value {
	enum db_type type;
	int64_t number;
	struct lahetti_span bytes;
};

struct db_statement {
	const char *name;
	const char *params;  /* a letter each: i, b, t; capital where NULL may stand */
	const char *columns; /* the same for what a row holds; empty where it gives no rows */
	const char *text;    /* parameters are $1..$n */
};

enum db_mode {
	DB_CREATE, /* makes the file, which must not exist */
	DB_WRITE,
	DB_READ,
};

/*
 * Opens and prepares every statement, so that a typo fails at start; with DB_CREATE runs `schema`
 * first. An empty path with DB_CREATE is a database in memory. WAL, synchronous=FULL, foreign keys
 * on, 16 KB pages, busy timeout 5 s. Faults: "db-missing", "db-exists", "db-corrupt", "db-locked",
 * "db-full", "db-readonly", "db-error", all BROKEN but locked (BUSY). A connection belongs to one
 * thread at a time.
 */
struct db_options {
	const char *path;
	enum db_mode mode;
	const char *schema; /* SQL, several statements; with DB_CREATE only */
	const struct db_statement *statements;
	size_t n_statements;
	unsigned busy_ms; /* 0: 5,000 */
};
LAHETTI_CHECKED struct db *db_open(const struct db_options *options, struct lahetti_fault *f);
void db_close(struct db *db);

/* The write transaction (BEGIN IMMEDIATE); on a reading connection a snapshot (BEGIN). */
LAHETTI_CHECKED bool db_begin(struct db *db, struct lahetti_fault *f);
/* UNCERTAIN when it can't be known whether it happened; the connection must then be closed and
 * opened again. */
LAHETTI_CHECKED bool db_commit(struct db *db, struct lahetti_fault *f);
/* Never fails; outside a transaction it does nothing. */
void db_rollback(struct db *db);

/*
 * Runs a statement by its index. db_run wants no rows and tells how many were changed (changed may
 * be NULL). db_query starts a cursor; db_next gives the next row, NULL at the end; db_done ends it
 * and must be called, after a fault too. A statement has one cursor at a time. Parameters and
 * columns of another type than the statement's letters are our own mistake (assert for parameters),
 * a column of another type is "db-corrupt".
 */
LAHETTI_CHECKED bool db_run(struct db *db, size_t statement, const struct db_value *params,
			    size_t n, uint64_t *changed, struct lahetti_fault *f);
struct db_cursor {
	struct db *db;
	size_t statement;
	struct db_value row[32];
};
LAHETTI_CHECKED bool db_query(struct db *db, struct db_cursor *c, size_t statement,
			      const struct db_value *params, size_t n, struct lahetti_fault *f);
LAHETTI_CHECKED bool db_next(struct db_cursor *c, const struct db_value **row,
			     struct lahetti_fault *f);
void db_done(struct db_cursor *c);

/* The driver's own check of its file (SQLite: quick_check, foreign_key_check): calls `found` for
 * each complaint. */
LAHETTI_CHECKED bool db_check(struct db *db, void (*found)(void *context, const char *text),
			      void *context, struct lahetti_fault *f);

/* A consistent copy of the database as it stands into a new file (SQLite: online backup), by small
 * steps. */
LAHETTI_CHECKED bool db_copy(struct db *db, const char *to, struct lahetti_fault *f);

/* Moves what the write-ahead log holds into the file as far as readers allow. */
LAHETTI_CHECKED bool db_tidy(struct db *db, struct lahetti_fault *f);

static inline struct db_value db_int(int64_t number)
{
	return (struct db_value){.type = DB_INT, .number = number};
}

static inline struct db_value db_bytes(struct lahetti_span bytes)
{
	return (struct db_value){.type = DB_BYTES, .bytes = bytes};
}

static inline struct db_value db_text(struct lahetti_span text)
{
	return (struct db_value){.type = DB_TEXT, .bytes = text};
}

static inline struct db_value db_null(void)
{
	return (struct db_value){.type = DB_NULL};
}

/* The identifier, or NULL where it is empty. */
static inline struct db_value db_id(const struct lahetti_id *id)
{
	return lahetti_id_empty(id) ? db_null() : db_bytes(lahetti_id_span(id));
}

#endif
