#include "clients.h"

#include "lahetti/hetu.h"
#include "lahetti/message.h"
#include "store_internal.h"

#include <string.h>

#define WEEK_US (INT64_C(7) * 24 * 3600 * 1000000)

uint32_t clients_week(int64_t us)
{
	/* 1970-01-05 was a Monday. */
	return (uint32_t)((us + 3 * INT64_C(86400000000)) / WEEK_US) + 1;
}

bool clients_each(struct store *s,
		  bool (*each)(void *context, const struct lahetti_id *client,
			       const struct clients_row *row, struct lahetti_fault *f),
		  void *context, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	struct lahetti_id client;
	struct clients_row r;
	bool ok = db_query(s->db, &c, SQL_CLIENTS, NULL, 0, f);

	while (ok && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = store_id(&row[0], &client, f) && clients_row_read(&row[1], &r, f) &&
		     each(context, &client, &r, f);
	db_done(&c);
	return ok;
}

bool clients_nameless(struct store *s, const struct lahetti_id *controller, uint32_t week,
		      struct lahetti_id *client, struct lahetti_fault *f)
{
	size_t n;

	*client = (struct lahetti_id){0};
	return store_ids(s, SQL_CLIENT_WEEK, STORE_PARAMS(db_id(controller), db_int(week)), client,
			 1, &n, f);
}

/* Identity
 * ----------------------------------------------------------------------------------------------------------
 */

struct identity_aad {
	uint8_t event[8];
	struct lahetti_span spans[3];
};

static void identity_aad(struct identity_aad *aad, const struct lahetti_id *client, uint64_t event)
{
	store_be64(aad->event, event);
	aad->spans[0] = lahetti_id_span(client);
	aad->spans[1] = lahetti_span(aad->event, sizeof aad->event);
	aad->spans[2] = lahetti_span_text("client-identity");
}

bool clients_blind(struct store *s, const struct lahetti_id *controller, const char *type,
		   struct lahetti_span value, struct lahetti_digest *blind, struct lahetti_fault *f)
{
	struct lahetti_secret key;
	/* The type with its NUL: no type is the beginning of another. */
	const struct lahetti_span spans[] = {lahetti_span(type, strlen(type) + 1), value};
	bool ok = vault_controller_key(s->vault, controller, "blind-index", &key, f) &&
		  lahetti_hmac(&key, spans, 2, blind, f);

	lahetti_wipe(&key, sizeof key);
	return ok;
}

bool clients_index(struct store *s, const struct lahetti_id *client,
		   const Lahetti__V1__ClientIdentity *identity, struct lahetti_fault *f)
{
	struct clients_row row;
	struct lahetti_hetu hetu;
	struct lahetti_digest blind;
	bool found;

	if (!clients_find(s, client, &row, &found, f) ||
	    !db_run(s->db, SQL_BLIND_CLEAR, STORE_PARAMS(db_id(client)), NULL, f))
		return false;
	if (!found)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "bad-record",
					 "An identity is of a client that is not there.");
	return identity->personal_identity_code[0] == '\0' ||
	       (lahetti_hetu_read(&hetu, lahetti_span_text(identity->personal_identity_code), f) &&
		clients_blind(s, &row.controller, "hetu", lahetti_span_text(hetu.text), &blind,
			      f) &&
		db_run(s->db, SQL_BLIND_ADD,
		       STORE_PARAMS(db_id(&row.controller), db_bytes(lahetti_digest_span(&blind)),
				    db_id(client)),
		       NULL, f));
}

bool clients_identity_put(struct store *s, const struct lahetti_id *client, uint64_t event,
			  const Lahetti__V1__ClientIdentity *identity, struct lahetti_fault *f)
{
	struct lahetti_arena arena = {0};
	struct lahetti_buffer sealed;
	struct lahetti_secret key = {0};
	struct identity_aad aad;
	struct lahetti_span packed;
	bool ok = false;

	lahetti_buffer_init(&sealed, CLIENTS_IDENTITY_MOST + LAHETTI_SEAL_OVERHEAD);
	if (!lahetti_arena_init(&arena, CLIENTS_IDENTITY_MOST, f))
		goto out;
	packed = lahetti_message_pack(&identity->base, &arena);
	if (packed.data == NULL) {
		lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "message-too-large",
				  "The client's details are too long.");
		goto out;
	}
	identity_aad(&aad, client, event);
	ok = clients_key(s, client, CLIENTS_IDENTITY_KEY, &key, f) &&
	     lahetti_seal(&key, aad.spans, 3, packed, &sealed, f) &&
	     db_run(s->db, SQL_IDENTITY_ADD,
		    STORE_PARAMS(db_id(client), db_int((int64_t)event),
				 db_bytes(lahetti_buffer_span(&sealed))),
		    NULL, f) &&
	     clients_index(s, client, identity, f);
out:
	lahetti_wipe(&key, sizeof key);
	lahetti_buffer_finish(&sealed);
	lahetti_arena_finish(&arena);
	return ok;
}

/* Opens the row of event and sealed bytes. NULL without a fault kind where there is none. */
static const Lahetti__V1__ClientIdentity *
open_identity(struct store *s, const struct lahetti_id *client, const struct db_value *row,
	      struct lahetti_arena *arena, struct lahetti_fault *f)
{
	const Lahetti__V1__ClientIdentity *identity = NULL;
	struct lahetti_secret key = {0};
	struct lahetti_buffer plain;
	struct identity_aad aad;
	uint8_t *kept;

	if (row == NULL)
		return NULL;
	lahetti_buffer_init(&plain, CLIENTS_IDENTITY_MOST);
	identity_aad(&aad, client, (uint64_t)row[0].number);
	if (!clients_key(s, client, CLIENTS_IDENTITY_KEY, &key, f) ||
	    !lahetti_unseal(&key, aad.spans, 3, row[1].bytes, &plain, f))
		goto out;
	kept = lahetti_arena_copy(arena, plain.data, plain.len);
	if (kept == NULL)
		(void)lahetti_fault_no_memory(f);
	else
		identity = lahetti_message_read(&lahetti__v1__client_identity__descriptor,
						lahetti_span(kept, plain.len),
						LAHETTI_MESSAGE_FRAME, arena, f);
out:
	lahetti_wipe(&key, sizeof key);
	lahetti_buffer_finish(&plain);
	return identity;
}

const Lahetti__V1__ClientIdentity *clients_identity(struct store *s,
						    const struct lahetti_id *client,
						    struct lahetti_arena *arena,
						    struct lahetti_fault *f)
{
	const Lahetti__V1__ClientIdentity *identity = NULL;
	struct lahetti_fault fault = {0};
	struct db_cursor c;
	const struct db_value *row = NULL;

	if (store_first(s, &c, SQL_IDENTITY_FIND, STORE_PARAMS(db_id(client)), &row, &fault))
		identity = open_identity(s, client, row, arena, &fault);
	db_done(&c);
	/* Erased is an answer; anything else is a fault. */
	if (fault.kind != LAHETTI_FAULT_NONE && strcmp(fault.code, "key-destroyed") != 0 &&
	    f != NULL)
		*f = fault;
	return identity;
}

const Lahetti__V1__ClientIdentity *
clients_identity_at(struct store *s, const struct lahetti_id *client, uint64_t event, bool *found,
		    struct lahetti_arena *arena, struct lahetti_fault *f)
{
	const Lahetti__V1__ClientIdentity *identity = NULL;
	struct db_cursor c;
	const struct db_value *row = NULL;

	if (store_first(s, &c, SQL_IDENTITY_AT, STORE_PARAMS(db_id(client), db_int((int64_t)event)),
			&row, f))
		identity = open_identity(s, client, row, arena, f);
	*found = row != NULL;
	db_done(&c);
	return identity;
}

bool clients_index_forget(struct store *s, struct lahetti_fault *f)
{
	return db_run(s->db, SQL_BLIND_FORGET, NULL, 0, NULL, f);
}

struct deriving {
	struct store *store;
	struct lahetti_arena arena;
};

static bool derive_index(void *context, const struct lahetti_id *client,
			 const struct clients_row *row, struct lahetti_fault *f)
{
	struct deriving *d = context;
	struct lahetti_fault fault = {0};
	const Lahetti__V1__ClientIdentity *identity;

	(void)row;
	lahetti_arena_reset(&d->arena);
	identity = clients_identity(d->store, client, &d->arena, &fault);
	if (identity != NULL)
		return clients_index(d->store, client, identity, f);
	if (fault.kind == LAHETTI_FAULT_NONE)
		return true;
	*f = fault;
	return false;
}

bool clients_index_derive(struct store *s, struct lahetti_fault *f)
{
	struct deriving d = {.store = s};
	bool ok = lahetti_arena_init(&d.arena, 1 << 20, f) && clients_index_forget(s, f) &&
		  clients_each(s, derive_index, &d, f);

	lahetti_arena_finish(&d.arena);
	return ok;
}

bool clients_by_blind(struct store *s, const struct lahetti_id *controller,
		      const struct lahetti_digest *blind, const struct lahetti_id *unit,
		      struct lahetti_id *found, size_t most, size_t *n, struct lahetti_fault *f)
{
	return store_ids(s, SQL_BLIND_FIND,
			 STORE_PARAMS(db_id(controller), db_bytes(lahetti_digest_span(blind)),
				      db_int((int64_t)most), db_id(unit)),
			 found, most, n, f);
}

bool clients_all_by_blind(struct store *s, const struct lahetti_id *controller,
			  const struct lahetti_digest *blind, struct lahetti_id *found, size_t most,
			  size_t *n, struct lahetti_fault *f)
{
	return store_ids(s, SQL_BLIND_FIND_ALL,
			 STORE_PARAMS(db_id(controller), db_bytes(lahetti_digest_span(blind)),
				      db_int((int64_t)most)),
			 found, most, n, f);
}

bool clients_person(struct store *s, const struct lahetti_id *controller,
		    const struct lahetti_id *client, const Lahetti__V1__ClientIdentity *identity,
		    struct lahetti_id *person, struct lahetti_fault *f)
{
	struct lahetti_digest blind;
	struct lahetti_hetu hetu;
	struct lahetti_id known;
	size_t n = 0;
	bool ok =
		identity->personal_identity_code[0] == '\0' ||
		(lahetti_hetu_read(&hetu, lahetti_span_text(identity->personal_identity_code), f) &&
		 clients_blind(s, controller, "hetu", lahetti_span_text(hetu.text), &blind, f) &&
		 store_ids(s, SQL_BLIND_PERSON,
			   STORE_PARAMS(db_id(controller), db_bytes(lahetti_digest_span(&blind))),
			   &known, 1, &n, f));

	*person = n == 1 ? known : *client;
	return ok;
}

bool clients_aliases(struct store *s, const struct lahetti_id *client,
		     const struct lahetti_id *after, struct lahetti_id *found, size_t most,
		     size_t *n, struct lahetti_fault *f)
{
	return store_ids(s, SQL_CLIENT_ALIASES,
			 STORE_PARAMS(db_id(client), db_int((int64_t)most),
				      db_bytes(lahetti_id_span(after))),
			 found, most, n, f);
}

/* Cases
 * -------------------------------------------------------------------------------------------------------------
 */

bool clients_of_unit(struct store *s, const struct lahetti_id *unit, const struct lahetti_id *after,
		     struct lahetti_id *found, size_t most, size_t *n, struct lahetti_fault *f)
{
	return store_ids(
		s, SQL_CLIENTS_OF_UNIT,
		STORE_PARAMS(db_id(unit), db_bytes(lahetti_id_span(after)), db_int((int64_t)most)),
		found, most, n, f);
}

bool clients_of_controller(struct store *s, const struct lahetti_id *controller,
			   const struct lahetti_id *after, struct lahetti_id *found, size_t most,
			   size_t *n, struct lahetti_fault *f)
{
	return store_ids(s, SQL_CLIENTS_OF_CONTROLLER,
			 STORE_PARAMS(db_id(controller), db_bytes(lahetti_id_span(after)),
				      db_int((int64_t)most)),
			 found, most, n, f);
}

bool clients_case_find(struct store *s, const struct lahetti_id *case_id, struct lahetti_id *client,
		       struct lahetti_id *controller, bool *found, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_CASE_FIND, STORE_PARAMS(db_id(case_id)), &row, f);

	*found = ok && row != NULL;
	if (*found)
		ok = store_id(&row[0], client, f) && store_id(&row[1], controller, f);
	db_done(&c);
	return ok;
}

bool clients_cases(struct store *s, const struct lahetti_id *client, const struct lahetti_id *unit,
		   struct lahetti_id *found, size_t most, size_t *n, struct lahetti_fault *f)
{
	return store_ids(s, SQL_CASES_OF_CLIENT,
			 STORE_PARAMS(db_id(client), db_int((int64_t)most), db_id(unit)), found,
			 most, n, f);
}

static bool exists(struct store *s, enum sql sql, const struct db_value *params, size_t n,
		   bool *has, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, sql, params, n, &row, f);

	*has = ok && row != NULL;
	db_done(&c);
	return ok;
}

bool clients_unit_has_case(struct store *s, const struct lahetti_id *unit,
			   const struct lahetti_id *case_id, bool *has, struct lahetti_fault *f)
{
	return exists(s, SQL_CASE_UNIT_FIND, STORE_PARAMS(db_id(case_id), db_id(unit)), has, f);
}

bool clients_unit_shares_case(struct store *s, const struct lahetti_id *unit,
			      const struct lahetti_id *case_id, bool *shares,
			      struct lahetti_fault *f)
{
	return exists(s, SQL_CASE_UNIT_SHARED, STORE_PARAMS(db_id(case_id), db_id(unit)), shares,
		      f);
}

bool clients_unit_keeps_case(struct store *s, const struct lahetti_id *unit,
			     const struct lahetti_id *case_id, const struct lahetti_id *delivery,
			     bool *keeps, struct lahetti_fault *f)
{
	return exists(s, SQL_CASE_UNIT_KEEPS,
		      STORE_PARAMS(db_id(case_id), db_id(unit), db_id(delivery),
				   db_int(LAHETTI__V1__STATE__STATE_RETURNED),
				   db_int(LAHETTI__V1__STATE__STATE_REDIRECTED),
				   db_int(LAHETTI__V1__STATE__STATE_RECALLED),
				   db_int(LAHETTI__V1__STATE__STATE_SENT_IN_ERROR)),
		      keeps, f);
}

bool clients_unit_has_client(struct store *s, const struct lahetti_id *unit,
			     const struct lahetti_id *client, bool *has, struct lahetti_fault *f)
{
	return exists(s, SQL_CLIENT_UNIT_FIND, STORE_PARAMS(db_id(client), db_id(unit)), has, f);
}
