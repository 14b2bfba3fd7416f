/* What the files of the store share: the handle, the list of SQL, short ways to run one statement.
 */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "db.h"
#include "store.h"

enum sql {
#define SQL(NAME, ...)	 SQL_##NAME,
#define DUMP(table, ...) SQL_DUMP_##table,
#define COUNT(table)	 SQL_COUNT_##table,
#include "statements.def"
#undef COUNT
#undef DUMP
#undef SQL
	SQL_STATEMENTS_COUNT
};

struct store {
	struct db *db;
	struct vault *vault; /* borrowed */
	bool open;	     /* in a transaction */
	struct clients_known *known;
};

/* What the open transaction knows of clients (client_keys.c): to be forgotten when a row of client
 * or client_key changes, and at its end. */
LAHETTI_CHECKED bool clients_known_new(struct store *s, struct lahetti_fault *f);
void clients_known_destroy(struct store *s);
void clients_forget(struct store *s);

/* From a row of controller, nameless, period, identity_key, content_key. */
struct clients_row;
LAHETTI_CHECKED bool clients_row_read(const struct db_value *row, struct clients_row *out,
				      struct lahetti_fault *f);

#define STORE_PARAMS(...)                         \
	((const struct db_value[]){__VA_ARGS__}), \
		sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)

/* Runs a statement for a record: "bad-record" (BROKEN) where a value is missing that must be there.
 */
LAHETTI_CHECKED bool store_change(struct store *s, enum sql sql, const struct db_value *params,
				  size_t n, struct lahetti_fault *f);

/* The same for one that must change exactly one row. */
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

/* A column as an identifier (empty for NULL alone) or a digest; else "db-corrupt". */
LAHETTI_CHECKED bool store_id(const struct db_value *column, struct lahetti_id *id,
			      struct lahetti_fault *f);
LAHETTI_CHECKED bool store_digest(const struct db_value *column, struct lahetti_digest *digest,
				  struct lahetti_fault *f);

/* A number of 32 bits; "db-corrupt" for a larger one: it is never cut. */
LAHETTI_CHECKED bool store_u32(const struct db_value *column, uint32_t *number,
			       struct lahetti_fault *f);

/* The key of a statement, by way of a controller's (statements.c); to be wiped. "erased" (INVALID),
 * "key-destroyed" (INVALID). */
LAHETTI_CHECKED bool statements_key(struct store *s, const struct lahetti_id *statement,
				    const struct lahetti_id *controller, struct lahetti_secret *key,
				    struct lahetti_fault *f);

/* NULL where the span is empty. */
struct db_value store_bytes_or_null(struct lahetti_span s);

/* Numbers in associated data: 8 bytes, big-endian. */
void store_be64(uint8_t out[8], uint64_t number);

#endif
