/*
 * The store: what the server knows, on disk. This header opens it and holds its transactions; the
 * operations stand by topic in ledger.h (the trail), project.h (what records change), directory.h,
 * clients.h, statements.h, deliveries.h. One handle is one connection and belongs to one thread:
 * the writer has the only writing one, readers have their own.
 */
#ifndef STORE_H
#define STORE_H

#include "lahetti/id.h"
#include "vault.h"

struct store;

enum store_mode {
	STORE_CREATE, /* a new database, which must not exist */
	STORE_WRITE,
	STORE_READ,
	STORE_SHADOW, /* a new, empty one in memory: fsck derives everything again in it */
};

/* The vault is borrowed and outlives the store. "schema-newer" (BROKEN): made by a newer version of
 * the program. */
LAHETTI_CHECKED struct store *store_open(const char *path, struct vault *vault,
					 enum store_mode mode, struct lahetti_fault *f);
void store_close(struct store *s);

/* The vault it was opened with, borrowed. */
struct vault *store_vault(const struct store *s);

/* The writer's transaction, or a reader's snapshot. */
LAHETTI_CHECKED bool store_begin(struct store *s, struct lahetti_fault *f);
LAHETTI_CHECKED bool store_commit(struct store *s, struct lahetti_fault *f);
void store_rollback(struct store *s);

/* How many statements of SQL it has begun. */
uint64_t store_begun(const struct store *s);

/* How many rows it has added, changed and deleted, also what was rolled back. */
uint64_t store_changes(const struct store *s);

/* One job's part of the writer's transaction: kept, or undone alone. */
LAHETTI_CHECKED bool store_job_begin(struct store *s, struct lahetti_fault *f);
LAHETTI_CHECKED bool store_job_keep(struct store *s, struct lahetti_fault *f);
LAHETTI_CHECKED bool store_job_undo(struct store *s, struct lahetti_fault *f);

/* Small values by name: "server-name", "generation". Get appends; "meta-missing" (BROKEN) where
 * there is none. */
LAHETTI_CHECKED bool store_meta_put(struct store *s, const char *name, struct lahetti_span value,
				    struct lahetti_fault *f);
LAHETTI_CHECKED bool store_meta_get(struct store *s, const char *name, struct lahetti_buffer *out,
				    struct lahetti_fault *f);

/* What was last recorded as configured under a name. */
LAHETTI_CHECKED bool store_configured(struct store *s, const char *name,
				      struct lahetti_digest *sha256, bool *found,
				      struct lahetti_fault *f);

/* The database's own consistency. */
LAHETTI_CHECKED bool store_check(struct store *s, void (*found)(void *context, const char *text),
				 void *context, struct lahetti_fault *f);

/* Empties the write-ahead log into the file, so that what was deleted lies in neither. *done false:
 * a reader was in the way. On the writing handle, outside a transaction. */
LAHETTI_CHECKED bool store_empty_log(struct store *s, bool *done, struct lahetti_fault *f);

/* A consistent copy into a new file, while others write. */
LAHETTI_CHECKED bool store_copy(struct store *s, const char *to, struct lahetti_fault *f);

/*
 * For fsck. The tables that can be derived again as a whole, and the schema, one after another and
 * each row in the order of its key, as text: calls `row` with the table's name and the row. Two
 * stores whose rows are the same text say the same.
 */
LAHETTI_CHECKED bool store_dump(struct store *s,
				bool (*row)(void *context, const char *table,
					    struct lahetti_span text, struct lahetti_fault *f),
				void *context, struct lahetti_fault *f);
/* How many rows each other table has, by its name. */
LAHETTI_CHECKED bool store_count(struct store *s, const char *table, uint64_t *n,
				 struct lahetti_fault *f);

#endif
