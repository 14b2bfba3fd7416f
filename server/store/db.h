/*
 * The narrow waist under the store: a connection to a database, its prepared statements and a
 * transaction. A driver names no table; the texts come from statements.def. What a driver must do
 * is these functions; a hook lets
 * tests make them fail.
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
 * first, in one transaction, and leaves no file behind where that fails. An empty path with
 * DB_CREATE is a database in memory. WAL, synchronous=FULL, foreign keys on, 16 KB pages, files
 * with mode 0600, nothing is spilled into temporary files. Faults: "db-missing", "db-exists",
 * "db-corrupt", "db-locked", "db-full", "db-readonly", "db-constraint", "db-error", all BROKEN but
 * locked (BUSY). A fault names the statement, never a value. A connection belongs to one thread at
 * a time.
 */
struct db_options {
	const char *path;
	enum db_mode mode;
	const char *schema;		       /* SQL, several statements; with DB_CREATE only */
	const struct db_statement *statements; /* they outlive the connection */
	size_t n_statements;
	unsigned busy_ms; /* 0: 5,000 */
};
LAHETTI_CHECKED struct db *db_open(const struct db_options *options, struct lahetti_fault *f);
void db_close(struct db *db);

/*
 * The write transaction (BEGIN IMMEDIATE); on a reading connection a snapshot, taken by the first
 * row read. A disk that fails or is full may undo the whole transaction under a statement: whatever
 * is run then until db_rollback is "db-error" and changes nothing.
 */
LAHETTI_CHECKED bool db_begin(struct db *db, struct lahetti_fault *f);
/*
 * "commit-uncertain" (UNCERTAIN) when it can't be known whether it happened; the connection must
 * then be closed and opened again, and begins nothing more. Otherwise after a fault nothing has
 * happened, and db_rollback follows.
 */
LAHETTI_CHECKED bool db_commit(struct db *db, struct lahetti_fault *f);
/* Never fails; outside a transaction it does nothing. Ends every cursor. */
void db_rollback(struct db *db);

/* How many statements the connection has begun. */
uint64_t db_begun(const struct db *db);
/* How many rows it has added, changed and deleted, also what was rolled back. */
uint64_t db_changes(const struct db *db);

/*
 * Runs a statement by its index. db_run wants no rows and tells how many were changed (changed may
 * be NULL). db_query starts a cursor; db_next gives the next row, NULL at the end; db_done ends it
 * and must be called, after a fault too. A statement has one cursor at a time, and none may be open
 * at a commit. Parameters of another type than the statement's letters are our own mistake
 * (assert), a column of another type is "db-corrupt".
 */
#define DB_COLUMNS_MOST 32
LAHETTI_CHECKED bool db_run(struct db *db, size_t statement, const struct db_value *params,
			    size_t n, uint64_t *changed, struct lahetti_fault *f);
struct db_cursor {
	struct db *db; /* NULL when it has ended */
	size_t statement;
	struct db_value row[DB_COLUMNS_MOST];
};
LAHETTI_CHECKED bool db_query(struct db *db, struct db_cursor *c, size_t statement,
			      const struct db_value *params, size_t n, struct lahetti_fault *f);
LAHETTI_CHECKED bool db_next(struct db_cursor *c, const struct db_value **row,
			     struct lahetti_fault *f);
void db_done(struct db_cursor *c);

/*
 * The driver's own check of its file (SQLite: integrity_check, foreign_key_check): calls `found`
 * for each complaint.
 */
LAHETTI_CHECKED bool db_check(struct db *db, void (*found)(void *context, const char *text),
			      void *context, struct lahetti_fault *f);

/*
 * A consistent copy of the database as it stands into a new file ("db-exists"), durable on return;
 * a copy that fails leaves none. By small steps out of one snapshot (SQLite: online backup):
 * writers go on meanwhile. Not inside a write transaction ("db-locked").
 */
LAHETTI_CHECKED bool db_copy(struct db *db, const char *to, struct lahetti_fault *f);

/*
 * Moves what the write-ahead log holds into the file as far as readers allow; on a writing
 * connection, outside a transaction.
 */
LAHETTI_CHECKED bool db_tidy(struct db *db, struct lahetti_fault *f);

/*
 * The same to the end, after which the log is empty: what was deleted lies in no file of the
 * database any more. *done false: a reader was in the way for as long as busy_ms.
 */
LAHETTI_CHECKED bool db_empty_log(struct db *db, bool *done, struct lahetti_fault *f);

/*
 * The seam for tests. A driver asks the hook before each step of every connection, on the thread of
 * that step; where the hook returns false the step isn't done and the fault that it wrote is the
 * answer. The commit is asked about twice: at DB_STEP_COMMIT false undoes the transaction, at
 * DB_STEP_COMMITTED false leaves it durable; an UNCERTAIN fault at either is treated as a real one
 * is. NULL, as at start, lets everything happen.
 */
enum db_step {
	DB_STEP_BEGIN,
	DB_STEP_RUN, /* db_run, and the start of db_query */
	DB_STEP_ROW,
	DB_STEP_COMMIT,
	DB_STEP_COMMITTED,
	DB_STEP_COPY, /* of some pages */
};
typedef bool db_hook_fn(enum db_step step, const char *statement, struct lahetti_fault *f);
void db_hook_set(db_hook_fn *hook);

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
