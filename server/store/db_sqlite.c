#include "db.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE_SIZE     "16384"
#define BUSY_MS	      5000
#define PARAMS_MOST   32
#define COPY_PAGES    64
#define NAME_OF_PARAM 16
#define IN_MEMORY     ":memory:"

/*
 *   closed --db_open--> idle --db_begin--> in_transaction --db_commit, db_rollback--> idle
 *                                               |
 *                                               +--db_commit: UNCERTAIN--> uncertain, which only
 * closes
 *
 * SQLite may leave its transaction by itself when a disk fails. in_transaction is what our caller
 * believes: while the two disagree nothing is run, or it would be committed at once, and without
 * what came before it.
 */
struct db {
	sqlite3 *handle;
	struct prepared *statements;
	size_t n;
	sqlite3_stmt *begin;
	sqlite3_stmt *commit;
	sqlite3_stmt *rollback;
	sqlite3_stmt *touch; /* reads, so that a snapshot is taken */
	bool in_transaction;
	bool uncertain;
	uint64_t begun;
};

struct prepared {
	const struct db_statement *row;
	sqlite3_stmt *stmt;
	size_t n_params;
	int n_columns;
	bool open;		     /* a cursor is */
	int places[PARAMS_MOST + 1]; /* SQLite's index of $1, $2, … */
};

static _Atomic(db_hook_fn *) hook_in_force;

void db_hook_set(db_hook_fn *hook)
{
	atomic_store(&hook_in_force, hook);
}

static bool hook_allows(enum db_step step, const char *statement, struct lahetti_fault *f)
{
	db_hook_fn *hook = atomic_load(&hook_in_force);

	return hook == NULL || hook(step, statement, f);
}

/* ---- faults -------------------------------------------------------------------------------- */

static const struct trouble {
	int result; /* SQLite's primary result code */
	enum lahetti_fault_kind kind;
	const char *code;
	const char *what;
} troubles[] = {
	{SQLITE_CORRUPT, LAHETTI_FAULT_BROKEN, "db-corrupt",
	 "the database is damaged and must be restored from a backup"},
	{SQLITE_NOTADB, LAHETTI_FAULT_BROKEN, "db-corrupt", "the file is damaged or no database"},
	{SQLITE_FULL, LAHETTI_FAULT_BROKEN, "db-full", "the disk is full"},
	{SQLITE_READONLY, LAHETTI_FAULT_BROKEN, "db-readonly",
	 "the database may only be read: check owner and mode of the file and its folder"},
	{SQLITE_CANTOPEN, LAHETTI_FAULT_BROKEN, "db-readonly",
	 "the database can't be opened: check owner and mode of the file and its folder"},
	{SQLITE_PERM, LAHETTI_FAULT_BROKEN, "db-readonly",
	 "the database can't be opened: check owner and mode of the file and its folder"},
	{SQLITE_BUSY, LAHETTI_FAULT_BUSY, "db-locked", "another program holds the database"},
	{SQLITE_LOCKED, LAHETTI_FAULT_BUSY, "db-locked", "the database is held elsewhere"},
	{SQLITE_NOMEM, LAHETTI_FAULT_BROKEN, "no-memory", "there is no memory left"},
};

/*
 * Says what SQLite answered while doing `doing`. Its own sentence is added for constraints and for
 * errors of the SQL: those name tables and columns, and no value stands in the SQL.
 */
static bool report(const struct db *db, int result, const char *doing, struct lahetti_fault *f)
{
	int primary = result & 0xff;

	for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++) {
		if (troubles[i].result == primary)
			return lahetti_fault_set(f, troubles[i].kind, troubles[i].code,
						 "%s failed: %s.", doing, troubles[i].what);
	}
	if (primary == SQLITE_CONSTRAINT)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-constraint", "%s failed: %s.",
					 doing, sqlite3_errmsg(db->handle));
	if (primary == SQLITE_ERROR)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-error", "%s failed: %s.",
					 doing, sqlite3_errmsg(db->handle));
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-error", "%s failed: %s (%d).", doing,
				 sqlite3_errstr(primary), result);
}

/* ---- opening ------------------------------------------------------------------------------- */

static bool execute(struct db *db, const char *sql, const char *doing, struct lahetti_fault *f)
{
	int result = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return result == SQLITE_OK || report(db, result, doing, f);
}

static bool prepare(struct db *db, const char *sql, const char *doing, sqlite3_stmt **stmt,
		    struct lahetti_fault *f)
{
	int result = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, stmt, NULL);

	return result == SQLITE_OK || report(db, result, doing, f);
}

static bool letters_fit(const char *letters)
{
	return strspn(letters, "ibtIBT") == strlen(letters);
}

static bool prepare_one(struct db *db, struct prepared *p, struct lahetti_fault *f)
{
	char name[NAME_OF_PARAM];

	if (!prepare(db, p->row->text, p->row->name, &p->stmt, f))
		return false;
	p->n_params = strlen(p->row->params);
	p->n_columns = sqlite3_column_count(p->stmt);
	if (!letters_fit(p->row->params) || !letters_fit(p->row->columns) ||
	    p->n_params > PARAMS_MOST || p->n_columns > DB_COLUMNS_MOST ||
	    sqlite3_bind_parameter_count(p->stmt) != (int)p->n_params ||
	    p->n_columns != (int)strlen(p->row->columns))
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-error",
					 "%s has other parameters or columns than it declares.",
					 p->row->name);
	for (size_t i = 1; i <= p->n_params; i++) {
		(void)snprintf(name, sizeof name, "$%zu", i);
		p->places[i] = sqlite3_bind_parameter_index(p->stmt, name);
		if (p->places[i] == 0)
			return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-error",
						 "%s has no parameter %s.", p->row->name, name);
	}
	return true;
}

static bool prepare_all(struct db *db, const struct db_options *o, struct lahetti_fault *f)
{
	const char *begin = o->mode == DB_READ ? "BEGIN" : "BEGIN IMMEDIATE";

	if (!prepare(db, begin, "BEGIN", &db->begin, f) ||
	    !prepare(db, "COMMIT", "COMMIT", &db->commit, f) ||
	    !prepare(db, "ROLLBACK", "ROLLBACK", &db->rollback, f) ||
	    !prepare(db, "SELECT 1 FROM sqlite_schema", "Reading", &db->touch, f))
		return false;
	db->statements = calloc(o->n_statements + 1, sizeof *db->statements);
	if (db->statements == NULL)
		return lahetti_fault_no_memory(f);
	db->n = o->n_statements;
	for (size_t i = 0; i < db->n; i++) {
		db->statements[i].row = &o->statements[i];
		if (!prepare_one(db, &db->statements[i], f))
			return false;
	}
	return true;
}

/* What a file must be before SQLite sees it: new and ours alone, or there and not empty. */
static bool file_ready(const struct db_options *o, struct lahetti_fault *f)
{
	struct stat st;
	int fd;

	if (o->mode != DB_CREATE) {
		if (*o->path == '\0' || (stat(o->path, &st) != 0 && errno == ENOENT))
			return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-missing",
						 "There is no database where one is expected.");
		if (stat(o->path, &st) == 0 && st.st_size == 0)
			return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-corrupt",
						 "The database file is empty.");
		return true;
	}
	if (*o->path == '\0')
		return true;
	fd = open(o->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno == EEXIST)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-exists",
					 "There is a database already: it is not replaced.");
	if (fd < 0)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-readonly",
					 "The database can't be made: %s.", strerror(errno));
	(void)close(fd);
	return true;
}

/* Removes what a failed creation left behind. */
static void remove_files(const char *path)
{
	static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
	char *name;

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		if (asprintf(&name, "%s%s", path, endings[i]) < 0)
			return;
		(void)unlink(name);
		free(name);
	}
}

/* Makes the entry of a new file durable. */
static bool sync_folder_of(const char *path, struct lahetti_fault *f)
{
	const char *slash = strrchr(path, '/');
	char *folder = slash == NULL   ? strdup(".")
		       : slash == path ? strdup("/")
				       : strndup(path, (size_t)(slash - path));
	bool done;
	int fd;

	if (folder == NULL)
		return lahetti_fault_no_memory(f);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	done = fd >= 0 && fsync(fd) == 0;
	if (fd >= 0)
		(void)close(fd);
	free(folder);
	return done || lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-error",
					 "The folder of the database can't be made durable: %s.",
					 strerror(errno));
}

static bool configure(struct db *db, const struct db_options *o, struct lahetti_fault *f)
{
	static const struct {
		int option;
		int value;
	} settings[] = {
		{SQLITE_DBCONFIG_DEFENSIVE, 1},
		{SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
		{SQLITE_DBCONFIG_DQS_DML, 0}, /* a misspelt "name" is an error, not a text */
		{SQLITE_DBCONFIG_DQS_DDL, 0},
	};

	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
		(void)sqlite3_db_config(db->handle, settings[i].option, settings[i].value, NULL);
	(void)sqlite3_busy_timeout(db->handle, o->busy_ms == 0 ? BUSY_MS : (int)o->busy_ms);

	/* The page size holds from the first write on, and WAL is one: it comes first. */
	if (o->mode == DB_CREATE &&
	    !execute(db, "PRAGMA page_size=" PAGE_SIZE, "Setting the page size", f))
		return false;
	if (o->mode != DB_READ &&
	    !execute(db, "PRAGMA journal_mode=WAL", "Setting the journal mode", f))
		return false;
	if (!execute(db,
		     "PRAGMA synchronous=FULL;"
		     "PRAGMA foreign_keys=ON;"
		     "PRAGMA cell_size_check=ON;"
		     "PRAGMA secure_delete=ON;"
		     "PRAGMA mmap_size=0;"
		     "PRAGMA temp_store=MEMORY;" /* nothing spills into a file that nobody minds */
		     "PRAGMA cache_size=-32768;" /* at most, in KiB */
		     "PRAGMA journal_size_limit=67108864;",
		     "Opening", f))
		return false;
	return o->mode != DB_READ || execute(db, "PRAGMA query_only=ON", "Opening for reading", f);
}

static bool create_schema(struct db *db, const char *schema, struct lahetti_fault *f)
{
	return execute(db, "BEGIN IMMEDIATE", "Making the database", f) &&
	       execute(db, schema, "Making the database", f) &&
	       execute(db, "COMMIT", "Making the database", f);
}

static bool open_handle(struct db *db, const struct db_options *o, struct lahetti_fault *f)
{
	int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
	int result;

	flags |= o->mode == DB_READ ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	if (*o->path == '\0')
		flags |= SQLITE_OPEN_MEMORY;
	result = sqlite3_open_v2(*o->path == '\0' ? IN_MEMORY : o->path, &db->handle, flags, NULL);
	if (result != SQLITE_OK)
		return report(db, result, "Opening", f);
	/* A file that may not be written is opened for reading without a word. */
	if (o->mode != DB_READ && sqlite3_db_readonly(db->handle, "main") == 1)
		return report(db, SQLITE_READONLY, "Opening", f);
	return true;
}

/* Counting what is allocated takes a lock of the whole process each time. */
static void count_no_memory(void)
{
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

struct db *db_open(const struct db_options *options, struct lahetti_fault *f)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct db *db;

	(void)pthread_once(&once, count_no_memory);
	if (!file_ready(options, f))
		return NULL;
	db = calloc(1, sizeof *db);
	if (db == NULL) {
		lahetti_fault_no_memory(f);
		goto failed;
	}
	if (!open_handle(db, options, f) || !configure(db, options, f))
		goto failed;
	if (options->mode == DB_CREATE &&
	    (!create_schema(db, options->schema, f) ||
	     (*options->path != '\0' && !sync_folder_of(options->path, f))))
		goto failed;
	if (!prepare_all(db, options, f))
		goto failed;
	return db;

failed:
	db_close(db);
	if (options->mode == DB_CREATE && *options->path != '\0')
		remove_files(options->path);
	return NULL;
}

void db_close(struct db *db)
{
	if (db == NULL)
		return;
	for (size_t i = 0; i < db->n; i++)
		(void)sqlite3_finalize(db->statements[i].stmt);
	free(db->statements);
	(void)sqlite3_finalize(db->begin);
	(void)sqlite3_finalize(db->commit);
	(void)sqlite3_finalize(db->rollback);
	(void)sqlite3_finalize(db->touch);
	(void)sqlite3_close(db->handle);
	free(db);
}

/* ---- transactions -------------------------------------------------------------------------- */

/* One step of a statement that gives no rows we want, made ready for the next time. */
static int step_once(sqlite3_stmt *stmt)
{
	int result = sqlite3_step(stmt);
	int again = sqlite3_reset(stmt);

	return result == SQLITE_ROW || result == SQLITE_DONE ? SQLITE_OK : again;
}

/* Whether SQLite left the transaction that our caller is in. */
static bool undone(const struct db *db, struct lahetti_fault *f)
{
	if (!db->in_transaction || sqlite3_get_autocommit(db->handle) == 0)
		return false;
	(void)lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-error",
				"The database has undone the transaction after an earlier fault.");
	return true;
}

bool db_begin(struct db *db, struct lahetti_fault *f)
{
	int result;

	assert(!db->in_transaction);
	if (db->uncertain)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, "db-error",
			"After an uncertain commit the database must be opened again.");
	if (!hook_allows(DB_STEP_BEGIN, "BEGIN", f))
		return false;
	result = step_once(db->begin);
	if (result != SQLITE_OK)
		return report(db, result, "BEGIN", f);
	db->in_transaction = true;
	return true;
}

/*
 * These refuse a commit before its last frame is whole in the log: certain. Anything else (an fsync
 * that failed, memory or shared memory that gave out after the write) may come to light again when
 * the log is recovered.
 */
static bool commit_refused(int result)
{
	int primary = result & 0xff;

	return primary == SQLITE_BUSY || primary == SQLITE_CONSTRAINT || primary == SQLITE_FULL ||
	       primary == SQLITE_READONLY;
}

/* Notes a commit of which nothing is known. */
static bool commit_uncertain(struct db *db, const struct lahetti_fault *why,
			     struct lahetti_fault *f)
{
	if (why->kind == LAHETTI_FAULT_UNCERTAIN) {
		db->uncertain = true;
		db_rollback(db);
		db->in_transaction = false;
	}
	if (f != NULL)
		*f = *why;
	return false;
}

bool db_commit(struct db *db, struct lahetti_fault *f)
{
	struct lahetti_fault why = {0};
	int result;

	assert(db->in_transaction);
	for (size_t i = 0; i < db->n; i++)
		assert(!db->statements[i].open);
	if (undone(db, f))
		return false;
	if (!hook_allows(DB_STEP_COMMIT, "COMMIT", &why))
		return commit_uncertain(db, &why, f);
	result = step_once(db->commit);
	if (result != SQLITE_OK && commit_refused(result))
		return report(db, result, "COMMIT", f);
	if (result != SQLITE_OK) {
		(void)lahetti_fault_set(&why, LAHETTI_FAULT_UNCERTAIN, "commit-uncertain",
					"It is not known whether the commit happened: %s (%d).",
					sqlite3_errstr(result), result);
		return commit_uncertain(db, &why, f);
	}
	db->in_transaction = false;
	if (!hook_allows(DB_STEP_COMMITTED, "COMMIT", &why))
		return commit_uncertain(db, &why, f);
	return true;
}

static void end_cursor(struct prepared *p)
{
	(void)sqlite3_reset(p->stmt);
	(void)sqlite3_clear_bindings(p->stmt);
	p->open = false;
}

void db_rollback(struct db *db)
{
	for (size_t i = 0; i < db->n; i++) {
		if (db->statements[i].open)
			end_cursor(&db->statements[i]);
	}
	if (sqlite3_get_autocommit(db->handle) == 0)
		(void)step_once(db->rollback);
	db->in_transaction = false;
}

/* ---- statements ---------------------------------------------------------------------------- */

static enum db_type type_of_letter(char letter)
{
	switch (letter) {
	case 'i':
	case 'I':
		return DB_INT;
	case 'b':
	case 'B':
		return DB_BYTES;
	default:
		return DB_TEXT;
	}
}

static bool letter_takes(char letter, enum db_type type)
{
	return type == DB_NULL ? letter < 'a' : type == type_of_letter(letter);
}

static int bind_one(sqlite3_stmt *stmt, int place, const struct db_value *v,
		    sqlite3_destructor_type keep)
{
	/* A null pointer would bind NULL. */
	const void *data = v->bytes.data == NULL ? (const uint8_t *)"" : v->bytes.data;

	switch (v->type) {
	case DB_INT:
		return sqlite3_bind_int64(stmt, place, v->number);
	case DB_BYTES:
		return sqlite3_bind_blob64(stmt, place, data, v->bytes.len, keep);
	case DB_TEXT:
		return sqlite3_bind_text64(stmt, place, data, v->bytes.len, keep, SQLITE_UTF8);
	default:
		return sqlite3_bind_null(stmt, place);
	}
}

/* The statement ready to step, or NULL. */
static struct prepared *start(struct db *db, size_t statement, const struct db_value *params,
			      size_t n, sqlite3_destructor_type keep, struct lahetti_fault *f)
{
	struct prepared *p = &db->statements[statement];
	int result = SQLITE_OK;

	assert(statement < db->n && n == p->n_params && !p->open);
	if (undone(db, f) || !hook_allows(DB_STEP_RUN, p->row->name, f))
		return NULL;
	db->begun++;
	for (size_t i = 0; i < n && result == SQLITE_OK; i++) {
		if (!letter_takes(p->row->params[i], params[i].type)) {
			end_cursor(p);
			(void)lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "bad-parameter",
						"A value that %s needs is missing.", p->row->name);
			return NULL;
		}
		result = bind_one(p->stmt, p->places[i + 1], &params[i], keep);
	}
	if (result == SQLITE_OK)
		return p;
	end_cursor(p);
	(void)report(db, result, p->row->name, f);
	return NULL;
}

uint64_t db_begun(const struct db *db)
{
	return db->begun;
}

uint64_t db_changes(const struct db *db)
{
	return (uint64_t)sqlite3_total_changes64(db->handle);
}

bool db_run(struct db *db, size_t statement, const struct db_value *params, size_t n,
	    uint64_t *changed, struct lahetti_fault *f)
{
	struct prepared *p = start(db, statement, params, n, SQLITE_STATIC, f);
	int result;

	if (p == NULL)
		return false;
	assert(p->n_columns == 0);
	result = step_once(p->stmt);
	(void)sqlite3_clear_bindings(p->stmt);
	if (result != SQLITE_OK)
		return report(db, result, p->row->name, f);
	if (changed !=
	    NULL) /* a savepoint changes none, but would tell those of the statement before it */
		*changed = sqlite3_stmt_readonly(p->stmt) != 0
				   ? 0
				   : (uint64_t)sqlite3_changes64(db->handle);
	return true;
}

bool db_query(struct db *db, struct db_cursor *c, size_t statement, const struct db_value *params,
	      size_t n, struct lahetti_fault *f)
{
	struct prepared *p;

	c->db = NULL;
	c->statement = statement;
	p = start(db, statement, params, n, SQLITE_TRANSIENT, f);
	if (p == NULL)
		return false;
	p->open = true;
	c->db = db;
	return true;
}

static bool read_column(sqlite3_stmt *stmt, int i, char letter, struct db_value *v)
{
	static const enum db_type types[] = {
		[SQLITE_INTEGER] = DB_INT,
		[SQLITE_TEXT] = DB_TEXT,
		[SQLITE_BLOB] = DB_BYTES,
		[SQLITE_NULL] = DB_NULL,
	};
	int type = sqlite3_column_type(stmt, i);

	if (type == SQLITE_FLOAT || !letter_takes(letter, types[type]))
		return false;
	*v = (struct db_value){.type = types[type]};
	if (type == SQLITE_INTEGER)
		v->number = sqlite3_column_int64(stmt, i);
	if (type == SQLITE_TEXT)
		v->bytes.data = sqlite3_column_text(stmt, i);
	if (type == SQLITE_BLOB)
		v->bytes.data = sqlite3_column_blob(stmt, i);
	if (type == SQLITE_TEXT || type == SQLITE_BLOB)
		v->bytes.len = (size_t)sqlite3_column_bytes(stmt, i);
	return v->bytes.data != NULL || v->bytes.len == 0;
}

bool db_next(struct db_cursor *c, const struct db_value **row, struct lahetti_fault *f)
{
	struct prepared *p;
	int result;

	*row = NULL;
	if (c->db == NULL)
		return true;
	p = &c->db->statements[c->statement];
	if (undone(c->db, f) || !hook_allows(DB_STEP_ROW, p->row->name, f))
		return false;
	result = sqlite3_step(p->stmt);
	if (result == SQLITE_DONE) {
		db_done(c);
		return true;
	}
	if (result != SQLITE_ROW)
		return report(c->db, result, p->row->name, f);
	for (int i = 0; i < p->n_columns; i++) {
		if (!read_column(p->stmt, i, p->row->columns[i], &c->row[i]))
			return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-corrupt",
						 "%s gave a value of the wrong type in column %d.",
						 p->row->name, i + 1);
	}
	*row = c->row;
	return true;
}

void db_done(struct db_cursor *c)
{
	if (c->db == NULL)
		return;
	end_cursor(&c->db->statements[c->statement]);
	c->db = NULL;
}

/* ---- the file as a whole ------------------------------------------------------------------- */

bool db_check(struct db *db, void (*found)(void *context, const char *text), void *context,
	      struct lahetti_fault *f)
{
	static const char *const checks[] = {
		"PRAGMA integrity_check",
		"SELECT 'a row of ' || \"table\" || ' names none of ' || \"parent\" "
		"FROM pragma_foreign_key_check",
	};

	for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
		sqlite3_stmt *stmt = NULL;
		int result;

		if (!prepare(db, checks[i], "The check", &stmt, f))
			return false;
		while ((result = sqlite3_step(stmt)) == SQLITE_ROW) {
			const char *text = (const char *)sqlite3_column_text(stmt, 0);

			if (text != NULL && strcmp(text, "ok") != 0)
				found(context, text);
		}
		(void)sqlite3_finalize(stmt);
		if (result != SQLITE_DONE)
			return report(db, result, "The check", f);
	}
	return true;
}

static bool copy_pages(struct db *db, struct db *to, struct lahetti_fault *f)
{
	sqlite3_backup *backup = sqlite3_backup_init(to->handle, "main", db->handle, "main");
	bool allowed = true;
	int result = SQLITE_OK;

	if (backup == NULL)
		return report(to, sqlite3_extended_errcode(to->handle), "The copy", f);
	while (allowed && result == SQLITE_OK) {
		allowed = hook_allows(DB_STEP_COPY, "copy", f);
		if (allowed)
			result = sqlite3_backup_step(backup, COPY_PAGES);
	}
	(void)sqlite3_backup_finish(backup);
	return allowed && (result == SQLITE_DONE || report(to, result, "The copy", f));
}

bool db_copy(struct db *db, const char *to, struct lahetti_fault *f)
{
	const struct db_options options = {.path = to, .mode = DB_CREATE};
	bool own = !db->in_transaction;
	struct db target = {0};
	bool done;
	int result;

	if (!file_ready(&options, f))
		return false;
	/* Within one snapshot; else each commit of another connection starts the copy again from
	 * the first page. */
	result = own ? sqlite3_exec(db->handle, "BEGIN", NULL, NULL, NULL) : SQLITE_OK;
	if (result == SQLITE_OK)
		result = step_once(db->touch);
	if (result != SQLITE_OK)
		done = report(db, result, "The copy", f);
	else
		done = open_handle(&target, &options, f) &&
		       execute(&target, "PRAGMA synchronous=FULL", "The copy", f) &&
		       copy_pages(db, &target, f) && sync_folder_of(to, f);
	if (own && sqlite3_get_autocommit(db->handle) == 0)
		(void)step_once(db->rollback);
	(void)sqlite3_close(target.handle);
	if (!done)
		remove_files(to);
	return done;
}

bool db_tidy(struct db *db, struct lahetti_fault *f)
{
	/* It would do nothing on a connection that has read nothing; ours have read the schema. */
	int result = sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_PASSIVE, NULL,
					       NULL);

	return result == SQLITE_OK || report(db, result, "Tidying", f);
}

bool db_empty_log(struct db *db, bool *done, struct lahetti_fault *f)
{
	int result = sqlite3_wal_checkpoint_v2(db->handle, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL,
					       NULL);

	*done = result == SQLITE_OK;
	return *done || result == SQLITE_BUSY || report(db, result, "Emptying the log", f);
}
