/* What the files of the store share: the handle, the list of SQL, short ways to run one statement.
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "db.h"
#include "store.h"

enum sql {
#define SQL(NAME, ...)	 SQL_##NAME,
#define DUMP(table, ...) SQL_DUMP_##table,
#include "statements.def"
#undef DUMP
#undef SQL
	SQL_STATEMENTS_COUNT
};

struct store {
	struct db *db;
	struct vault *vault; /* borrowed */
};

#define STORE_PARAMS(...)                         \
	((const struct db_value[]){__VA_ARGS__}), \
		sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

/* Runs a statement that must change exactly one row; "bad-record" (BROKEN) where it changes another
 * number. */
LAHETTI_CHECKED bool store_change_one(struct store *s, enum sql sql, const struct db_value *params,
				      size_t n, struct lahetti_fault *f);

/* The first row, or NULL. The cursor must be ended by db_done in either case, after a fault too. */
LAHETTI_CHECKED bool store_first(struct store *s, struct db_cursor *c, enum sql sql,
				 const struct db_value *params, size_t n,
				 const struct db_value **row, struct lahetti_fault *f);

/* A list of identifiers in column 0. */
LAHETTI_CHECKED bool store_ids(struct store *s, enum sql sql, const struct db_value *params,
			       size_t n, struct lahetti_id *found, size_t most, size_t *len,
			       struct lahetti_fault *f);

/* A column as an identifier (empty for NULL) or a digest; "db-corrupt" for another length. */
LAHETTI_CHECKED bool store_id(const struct db_value *column, struct lahetti_id *id,
			      struct lahetti_fault *f);
LAHETTI_CHECKED bool store_digest(const struct db_value *column, struct lahetti_digest *digest,
				  struct lahetti_fault *f);

/* Where an identifier is wanted but the span has another length, an empty one: records were checked
 * when they were made. */
struct db_value store_bytes_or_null(struct lahetti_span s);

/* Numbers in associated data: 8 bytes, big-endian. */
void store_be64(uint8_t out[8], uint64_t number);

#endif
