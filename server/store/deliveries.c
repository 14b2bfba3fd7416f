#include "deliveries.h"

#include "store_internal.h"

static bool read_row(const struct db_value *row, struct deliveries_row *out,
		     struct lahetti_fault *f)
{
	*out = (struct deliveries_row){
		.position = (uint64_t)row[2].number,
		.state = (uint32_t)row[3].number,
		.reason = (uint32_t)row[4].number,
		.since_us = row[5].number,
		.recipient_kind = (uint32_t)row[6].number,
		.role = (uint32_t)row[9].number,
		.urgency = (uint32_t)row[11].number,
		.deadline = (uint32_t)row[12].number,
		.opened = row[14].type == DB_NULL ? 0 : (uint64_t)row[14].number,
		.basis = (uint32_t)row[15].number,
	};
	return store_id(&row[0], &out->id, f) && store_id(&row[1], &out->statement, f) &&
	       store_id(&row[7], &out->organisation, f) && store_id(&row[8], &out->unit, f) &&
	       store_id(&row[10], &out->user, f) && store_id(&row[13], &out->claimed_by, f);
}

static bool read_rows(struct store *s, enum sql sql, const struct db_value *params, size_t n_params,
		      struct deliveries_row *found, size_t most, size_t *n, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, sql, params, n_params, f);

	*n = 0;
	while (ok && *n < most && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = read_row(row, &found[(*n)++], f);
	db_done(&c);
	return ok;
}

static bool find(struct store *s, enum sql sql, const struct db_value *params, size_t n_params,
		 struct deliveries_row *out, bool *found, struct lahetti_fault *f)
{
	size_t n;
	bool ok = read_rows(s, sql, params, n_params, out, 1, &n, f);

	*found = ok && n == 1;
	if (!*found)
		*out = (struct deliveries_row){0};
	return ok;
}

bool deliveries_find(struct store *s, const struct lahetti_id *id, struct deliveries_row *out,
		     bool *found, struct lahetti_fault *f)
{
	return find(s, SQL_DELIVERY_FIND, STORE_PARAMS(db_id(id)), out, found, f);
}

bool deliveries_find_known(struct store *s, const struct lahetti_id *id,
			   const struct lahetti_id *unit, struct deliveries_row *out, bool *found,
			   struct lahetti_fault *f)
{
	return find(s, SQL_DELIVERY_KNOWN, STORE_PARAMS(db_id(id), db_id(unit)), out, found, f);
}

bool deliveries_of_unit(struct store *s, const struct lahetti_id *unit, uint64_t after,
			struct deliveries_row *found, size_t most, size_t *n,
			struct lahetti_fault *f)
{
	return read_rows(s, SQL_DELIVERIES_OF_UNIT,
			 STORE_PARAMS(db_id(unit), db_int((int64_t)after), db_int((int64_t)most)),
			 found, most, n, f);
}

bool deliveries_of_statement(struct store *s, const struct lahetti_id *statement,
			     struct deliveries_row *found, size_t most, size_t *n,
			     struct lahetti_fault *f)
{
	return read_rows(s, SQL_DELIVERIES_OF_STATEMENT,
			 STORE_PARAMS(db_id(statement), db_int((int64_t)most)), found, most, n, f);
}

bool deliveries_sent_by_unit(struct store *s, const struct lahetti_id *unit, uint64_t below,
			     struct deliveries_row *found, size_t most, size_t *n,
			     struct lahetti_fault *f)
{
	return read_rows(s, SQL_DELIVERIES_SENT,
			 STORE_PARAMS(db_id(unit),
				      db_int(below > INT64_MAX ? INT64_MAX : (int64_t)below),
				      db_int((int64_t)most)),
			 found, most, n, f);
}

bool deliveries_consents(struct store *s, const struct lahetti_id *delivery,
			 struct lahetti_id *found, size_t most, size_t *n, struct lahetti_fault *f)
{
	return store_ids(s, SQL_DELIVERY_CONSENTS,
			 STORE_PARAMS(db_id(delivery), db_int((int64_t)most)), found, most, n, f);
}

bool deliveries_of_consent(struct store *s, const struct lahetti_id *consent,
			   const struct lahetti_id *after, struct lahetti_id *found, size_t most,
			   size_t *n, struct lahetti_fault *f)
{
	return store_ids(s, SQL_CONSENT_DELIVERIES,
			 STORE_PARAMS(db_id(consent), db_int((int64_t)most),
				      db_bytes(lahetti_id_span(after))),
			 found, most, n, f);
}

bool deliveries_steps(struct store *s, const struct lahetti_id *delivery,
		      struct deliveries_step *found, size_t most, size_t *n,
		      struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, SQL_STEPS,
			   STORE_PARAMS(db_id(delivery), db_int((int64_t)most)), f);

	*n = 0;
	while (ok && *n < most && (ok = db_next(&c, &row, f)) && row != NULL) {
		struct deliveries_step *out = &found[(*n)++];

		*out = (struct deliveries_step){
			.event = (uint64_t)row[0].number,
			.delivery = *delivery,
			.step = (uint32_t)row[1].number,
			.state = (uint32_t)row[2].number,
			.reason = (uint32_t)row[3].number,
			.time_us = row[5].number,
		};
		ok = store_id(&row[4], &out->statement, f);
	}
	db_done(&c);
	return ok;
}
