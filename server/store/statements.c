#include "statements.h"

#include "clients.h"
#include "lahetti/kinds.h"
#include "store_internal.h"

static bool read_row(const struct db_value *row, struct statements_row *out,
		     struct lahetti_fault *f)
{
	*out = (struct statements_row){
		.event = (uint64_t)row[1].number,
		.kind = (uint32_t)row[3].number,
		.late = row[7].number != 0,
		.accepted_us = row[8].number,
		.erased = row[9].type == DB_NULL,
	};
	return store_id(&row[0], &out->id, f) && store_digest(&row[2], &out->sha256, f) &&
	       store_id(&row[4], &out->organisation, f) && store_id(&row[5], &out->unit, f) &&
	       store_id(&row[6], &out->in_reply_to, f) && store_id(&row[9], &out->author, f) &&
	       store_id(&row[10], &out->client, f) && store_id(&row[11], &out->case_id, f);
}

static bool find(struct store *s, enum sql sql, const struct db_value *params, size_t n,
		 struct statements_row *out, bool *found, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, sql, params, n, &row, f);

	*out = (struct statements_row){0};
	*found = ok && row != NULL;
	if (*found)
		ok = read_row(row, out, f);
	db_done(&c);
	return ok;
}

bool statements_find(struct store *s, const struct lahetti_id *id, struct statements_row *out,
		     bool *found, struct lahetti_fault *f)
{
	return find(s, SQL_STATEMENT_FIND, STORE_PARAMS(db_id(id)), out, found, f);
}

bool statements_find_known(struct store *s, const struct lahetti_id *id,
			   const struct lahetti_id *unit, struct statements_row *out, bool *found,
			   struct lahetti_fault *f)
{
	return find(s, SQL_STATEMENT_KNOWN, STORE_PARAMS(db_id(id), db_id(unit)), out, found, f);
}

bool statements_find_readable(struct store *s, const struct lahetti_id *id,
			      const struct lahetti_id *unit, const struct lahetti_id *controller,
			      struct statements_row *out, bool *found, struct lahetti_fault *f)
{
	return find(s, SQL_STATEMENT_READABLE,
		    STORE_PARAMS(db_id(id), db_id(unit), db_id(controller),
				 db_int(LAHETTI_KIND_CONSENT), db_int(LAHETTI_KIND_WITHDRAWAL)),
		    out, found, f);
}

bool statements_of_case(struct store *s, const struct statements_case *of, uint64_t below,
			struct statements_row *found, size_t most, size_t *n,
			struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, SQL_STATEMENTS_OF_CASE,
			   STORE_PARAMS(db_id(&of->case_id), db_id(&of->client), db_id(&of->unit),
					db_int(below > INT64_MAX ? INT64_MAX : (int64_t)below),
					db_int((int64_t)most), db_int(LAHETTI_KIND_CONSENT),
					db_int(LAHETTI_KIND_WITHDRAWAL),
					db_int(LAHETTI__V1__STATE__STATE_RETURNED),
					db_int(LAHETTI__V1__STATE__STATE_REDIRECTED),
					db_int(LAHETTI__V1__STATE__STATE_RECALLED),
					db_int(LAHETTI__V1__STATE__STATE_SENT_IN_ERROR)),
			   f);

	*n = 0;
	while (ok && *n < most && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = read_row(row, &found[(*n)++], f);
	db_done(&c);
	return ok;
}

bool statements_each(struct store *s,
		     bool (*each)(void *context, const struct statements_row *row,
				  struct lahetti_fault *f),
		     void *context, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	struct statements_row r;
	bool ok = db_query(s->db, &c, SQL_STATEMENTS, NULL, 0, f);

	while (ok && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = read_row(row, &r, f) && each(context, &r, f);
	db_done(&c);
	return ok;
}

/* Content: the envelope under a key of its own, that key under the content key of each holder's
 * client ----------------- */

static void content_aad(struct lahetti_span aad[2], const struct lahetti_id *statement)
{
	aad[0] = lahetti_id_span(statement);
	aad[1] = lahetti_span_text("statement");
}

static bool wrap_for(struct store *s, const struct lahetti_id *statement,
		     const struct lahetti_id *controller, const struct lahetti_id *client,
		     const struct lahetti_secret *key, struct lahetti_fault *f)
{
	const struct lahetti_span aad[] = {lahetti_id_span(client), lahetti_id_span(controller),
					   lahetti_id_span(statement)};
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	struct lahetti_secret holder;
	bool ok = clients_key(s, client, CLIENTS_CONTENT_KEY, &holder, f) &&
		  lahetti_wrap(&holder, aad, 3, key, wrapped, f) &&
		  db_run(s->db, SQL_CONTENT_KEY_ADD,
			 STORE_PARAMS(db_id(statement), db_id(controller), db_id(client),
				      db_bytes(lahetti_span(wrapped, sizeof wrapped))),
			 NULL, f);

	lahetti_wipe(&holder, sizeof holder);
	return ok;
}

static bool unwrap_of(struct store *s, const struct lahetti_id *statement,
		      const struct lahetti_id *controller, const struct db_value *client,
		      const struct db_value *wrapped, struct lahetti_secret *key,
		      struct lahetti_fault *f)
{
	struct lahetti_id holder_client;
	struct lahetti_secret holder = {0};
	bool ok = store_id(client, &holder_client, f) &&
		  clients_key(s, &holder_client, CLIENTS_CONTENT_KEY, &holder, f);
	const struct lahetti_span aad[] = {lahetti_id_span(&holder_client),
					   lahetti_id_span(controller), lahetti_id_span(statement)};

	ok = ok && lahetti_unwrap(&holder, aad, 3, wrapped->bytes, key, f);
	lahetti_wipe(&holder, sizeof holder);
	return ok;
}

bool statements_content_add(struct store *s, const struct statements_content *c,
			    struct lahetti_fault *f)
{
	struct lahetti_secret key = {0};
	struct lahetti_buffer sealed;
	struct lahetti_span aad[2];
	bool ok;

	lahetti_buffer_init(&sealed, c->envelope.len + LAHETTI_SEAL_OVERHEAD);
	content_aad(aad, &c->statement);
	ok = lahetti_secret_new(&key, f) && lahetti_seal(&key, aad, 2, c->envelope, &sealed, f) &&
	     db_run(s->db, SQL_CONTENT_ADD,
		    STORE_PARAMS(db_id(&c->statement), c->nameless ? db_null() : db_id(&c->client),
				 db_id(&c->case_id), db_id(&c->author),
				 db_bytes(lahetti_buffer_span(&sealed))),
		    NULL, f) &&
	     wrap_for(s, &c->statement, &c->controller, &c->client, &key, f);
	lahetti_wipe(&key, sizeof key);
	lahetti_buffer_finish(&sealed);
	return ok;
}

bool statements_read(struct store *s, const struct lahetti_id *statement,
		     const struct lahetti_id *controller, struct lahetti_buffer *out,
		     struct lahetti_fault *f)
{
	struct lahetti_secret key = {0};
	struct lahetti_id holder;
	struct lahetti_span aad[2];
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(
		s, &c, SQL_CONTENT_READ,
		STORE_PARAMS(db_id(statement), controller == NULL ? db_null() : db_id(controller)),
		&row, f);

	if (ok && row == NULL)
		ok = lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "erased",
				       "This statement has been erased.");
	content_aad(aad, statement);
	ok = ok && store_id(&row[2], &holder, f) &&
	     unwrap_of(s, statement, &holder, &row[0], &row[1], &key, f) &&
	     lahetti_unseal(&key, aad, 2, row[3].bytes, out, f);
	lahetti_wipe(&key, sizeof key);
	db_done(&c);
	return ok;
}

bool statements_key(struct store *s, const struct lahetti_id *statement,
		    const struct lahetti_id *controller, struct lahetti_secret *key,
		    struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_CONTENT_KEY_FIND,
			      STORE_PARAMS(db_id(statement), db_id(controller)), &row, f);

	if (ok && row == NULL)
		ok = lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "erased",
				       "This statement has been erased.");
	ok = ok && unwrap_of(s, statement, controller, &row[0], &row[1], key, f);
	db_done(&c);
	return ok;
}

bool statements_key_share(struct store *s, const struct lahetti_id *statement,
			  const struct lahetti_id *from_controller,
			  const struct lahetti_id *to_controller,
			  const struct lahetti_id *to_client, struct lahetti_fault *f)
{
	struct lahetti_secret key = {0};
	bool ok = statements_key(s, statement, from_controller, &key, f) &&
		  wrap_for(s, statement, to_controller, to_client, &key, f);

	lahetti_wipe(&key, sizeof key);
	return ok;
}

/* Erasing
 * ---------------------------------------------------------------------------------------------------------
 */

bool statements_holder(struct store *s, const struct lahetti_id *statement,
		       const struct lahetti_id *controller, struct lahetti_id *client, bool *found,
		       struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_CONTENT_KEY_FIND,
			      STORE_PARAMS(db_id(statement), db_id(controller)), &row, f);

	*client = (struct lahetti_id){0};
	*found = ok && row != NULL;
	ok = ok && (!*found || store_id(&row[0], client, f));
	db_done(&c);
	return ok;
}

bool statements_any_holder(struct store *s, const struct lahetti_id *statement,
			   struct lahetti_id *controller, bool *found, struct lahetti_fault *f)
{
	size_t n;
	bool ok = store_ids(s, SQL_CONTENT_HOLDER, STORE_PARAMS(db_id(statement)), controller, 1,
			    &n, f);

	*found = ok && n == 1;
	return ok;
}

bool statements_of_client(struct store *s, const struct lahetti_id *client,
			  const struct lahetti_id *after, struct lahetti_id *found, size_t most,
			  size_t *n, struct lahetti_fault *f)
{
	return store_ids(s, SQL_CONTENT_KEYS_OF_CLIENT,
			 STORE_PARAMS(db_id(client), db_bytes(lahetti_id_span(after)),
				      db_int((int64_t)most)),
			 found, most, n, f);
}

bool statements_forget(struct store *s, const struct lahetti_id *statement,
		       const struct lahetti_id *controller, bool *gone, struct lahetti_fault *f)
{
	uint64_t dropped = 0;
	bool ok =
		db_run(s->db, SQL_CONTENT_KEY_DROP,
		       STORE_PARAMS(db_id(statement), db_id(controller)), NULL, f) &&
		db_run(s->db, SQL_CONTENT_DROP_UNHELD, STORE_PARAMS(db_id(statement)), &dropped, f);

	*gone = ok && dropped > 0;
	return ok;
}

/* One statement's key out of the old content key into the new one. */
static bool change_key(struct store *s, const struct lahetti_id *statement,
		       const struct lahetti_id *controller, const struct lahetti_id *client,
		       const struct lahetti_secret *from, const struct lahetti_secret *to,
		       struct lahetti_fault *f)
{
	const struct lahetti_span aad[] = {lahetti_id_span(client), lahetti_id_span(controller),
					   lahetti_id_span(statement)};
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	struct lahetti_secret key = {0};
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_CONTENT_KEY_FIND,
			      STORE_PARAMS(db_id(statement), db_id(controller)), &row, f);

	ok = ok && row != NULL && lahetti_unwrap(from, aad, 3, row[1].bytes, &key, f);
	db_done(&c);
	ok = ok && lahetti_wrap(to, aad, 3, &key, wrapped, f) &&
	     db_run(s->db, SQL_CONTENT_KEY_PUT,
		    STORE_PARAMS(db_id(statement), db_id(controller),
				 db_bytes(lahetti_span(wrapped, sizeof wrapped))),
		    NULL, f);
	lahetti_wipe(&key, sizeof key);
	return ok;
}

bool statements_change_key(struct store *s, const struct lahetti_id *client,
			   struct lahetti_fault *f)
{
	struct lahetti_secret from = {0}, to = {0};
	struct lahetti_id page[64], after = {0};
	struct clients_row row;
	size_t n = 64;
	bool found, ok;

	ok = clients_find(s, client, &row, &found, f) &&
	     clients_key(s, client, CLIENTS_CONTENT_KEY, &from, f) && lahetti_secret_new(&to, f);
	while (ok && n == 64) {
		ok = statements_of_client(s, client, &after, page, 64, &n, f);
		for (size_t i = 0; ok && i < n; i++)
			ok = change_key(s, &page[i], &row.controller, client, &from, &to, f);
		if (n > 0)
			after = page[n - 1];
	}
	ok = ok && clients_content_key_put(s, client, &to, f);
	lahetti_wipe(&from, sizeof from);
	lahetti_wipe(&to, sizeof to);
	return ok;
}

bool statements_copy_find(struct store *s, const struct lahetti_id *statement,
			  const struct lahetti_id *controller, struct statements_copy *copy,
			  bool *found, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_COPY_FIND,
			      STORE_PARAMS(db_id(statement), db_id(controller)), &row, f);

	*copy = (struct statements_copy){0};
	*found = ok && row != NULL;
	if (*found)
		ok = store_id(&row[0], &copy->client, f) && store_id(&row[1], &copy->case_id, f);
	db_done(&c);
	return ok;
}

bool statements_copies_each(struct store *s,
			    bool (*each)(void *context, const struct lahetti_id *statement,
					 const struct lahetti_id *controller,
					 const struct lahetti_id *client, struct lahetti_fault *f),
			    void *context, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	struct lahetti_id statement, controller, client;
	bool ok = db_query(s->db, &c, SQL_COPIES, NULL, 0, f);

	while (ok && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = store_id(&row[0], &statement, f) && store_id(&row[1], &controller, f) &&
		     store_id(&row[2], &client, f) &&
		     each(context, &statement, &controller, &client, f);
	db_done(&c);
	return ok;
}

bool statements_consent(struct store *s, const struct lahetti_id *consent, bool *found, bool *ended,
			struct lahetti_id *parts, size_t most, size_t *n, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_CONSENT_FIND, STORE_PARAMS(db_id(consent)), &row, f);

	*n = 0;
	*found = ok && row != NULL;
	*ended = *found && row[0].type != DB_NULL;
	db_done(&c);
	return ok && (!*found || store_ids(s, SQL_CONSENT_PARTS,
					   STORE_PARAMS(db_id(consent), db_int((int64_t)most)),
					   parts, most, n, f));
}
