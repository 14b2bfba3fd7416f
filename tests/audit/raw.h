/*
 * The database as somebody with the file and a database tool has it: nothing of the store stands
 * between. Foreign keys are off. What can't be done fails the test, except where it says so.
 */
#ifndef RAW_H
#define RAW_H

#include "lahetti/id.h"

#include <sqlite3.h>

sqlite3 *raw_open(const char *path);
void raw_close(sqlite3 *db);

/* Runs SQL, several statements. */
void raw_run(sqlite3 *db, const char *sql);

/* The first column of the first row, as a number. */
int64_t raw_number(sqlite3 *db, const char *sql);

/* Everything that is in each table, as one digest; the tables in the order of their names. */
#define RAW_TABLES_MOST 64
struct raw_dump {
	size_t n;
	struct {
		char name[64];
		int64_t rows;
		struct lahetti_digest digest;
	} tables[RAW_TABLES_MOST];
};

/* False where the database can't be read to its end. */
bool raw_dump(const char *path, struct raw_dump *dump);
bool raw_same(const struct raw_dump *a, const struct raw_dump *b);

#endif
