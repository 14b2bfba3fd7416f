#include "erasures.h"

#include "store_internal.h"

#include <string.h>

static bool read_row(const struct db_value *row, struct erasures_row *out, struct lahetti_fault *f)
{
	*out = (struct erasures_row){
		.proposed = (uint64_t)row[8].number,
		.proposed_us = row[9].number,
		.until_us = row[10].number,
		.ended = (uint64_t)row[11].number,
		.done = row[12].number != 0,
	};
	if (row[6].type != DB_NULL && row[6].bytes.len > ERASURES_REFERENCE_MOST)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, "db-corrupt",
			"The reference of an erasure is too long: run lahettid fsck.");
	if (row[6].type != DB_NULL)
		memcpy(out->reference, row[6].bytes.data, row[6].bytes.len);
	return store_id(&row[0], &out->id, f) && store_id(&row[1], &out->controller, f) &&
	       store_id(&row[2], &out->client, f) && store_u32(&row[3], &out->scope, f) &&
	       store_id(&row[4], &out->statement, f) && store_u32(&row[5], &out->reason, f) &&
	       store_id(&row[7], &out->proposer, f) && store_id(&row[13], &out->ended_by, f);
}

bool erasures_find(struct store *s, const struct lahetti_id *id, struct erasures_row *out,
		   bool *found, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_ERASURE_FIND, STORE_PARAMS(db_id(id)), &row, f);

	*out = (struct erasures_row){0};
	*found = ok && row != NULL;
	if (*found)
		ok = read_row(row, out, f);
	db_done(&c);
	return ok;
}

bool erasures_waiting(struct store *s, const struct lahetti_id *controller,
		      const struct lahetti_id *after, int64_t now_us, struct erasures_row *found,
		      size_t most, size_t *n, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, SQL_ERASURES_WAITING,
			   STORE_PARAMS(db_id(controller), db_bytes(lahetti_id_span(after)),
					db_int(now_us), db_int((int64_t)most)),
			   f);

	*n = 0;
	while (ok && *n < most && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = read_row(row, &found[(*n)++], f);
	db_done(&c);
	return ok;
}

bool erasures_done_each(struct store *s,
			bool (*each)(void *context, const struct erasures_row *row,
				     struct lahetti_fault *f),
			void *context, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	struct erasures_row r;
	bool ok = db_query(s->db, &c, SQL_ERASURES_DONE, NULL, 0, f);

	while (ok && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = read_row(row, &r, f) && each(context, &r, f);
	db_done(&c);
	return ok;
}
