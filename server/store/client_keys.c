/* Clients' keys: how they lie wrapped under the key of a period, are opened, and destroyed. */

#include "clients.h"
#include "store_internal.h"

#include <stdlib.h>
#include <string.h>

#define KEYS_A_PAGE 64
#define KNOWN	    64 /* at once; two with the same last bits take turns */

/* A client's two keys as they lie wrapped; either may be gone. */
struct client_keys {
	struct lahetti_id client, controller;
	bool living[2]; /* by enum clients_key */
	uint8_t wrapped[2][LAHETTI_WRAPPED_LEN];
};

/* What is known of a client
 * ------------------------------------------------------------------------------------------------
 */

/*
 * What was found of a client in the open transaction, also that there is none, and its keys once
 * they were opened: a referral asks for the same one ten times. Forgotten at the transaction's end
 * and whenever keys change.
 */
struct clients_known {
	bool asked, found;
	struct lahetti_id client;
	struct clients_row row;
	uint32_t period;
	bool living[2]; /* by enum clients_key, as the next */
	size_t len[2];	/* 0: of a length that no key has */
	uint8_t wrapped[2][LAHETTI_WRAPPED_LEN];
	bool opened[2];
	struct lahetti_secret keys[2];
};

bool clients_known_new(struct store *s, struct lahetti_fault *f)
{
	s->known = calloc(KNOWN, sizeof *s->known);
	return s->known != NULL || lahetti_fault_no_memory(f);
}

void clients_forget(struct store *s)
{
	if (s->known != NULL)
		lahetti_wipe(s->known, KNOWN * sizeof *s->known);
}

void clients_known_destroy(struct store *s)
{
	clients_forget(s);
	free(s->known);
}

static bool changed(struct store *s, bool done)
{
	clients_forget(s);
	return done;
}

bool clients_row_read(const struct db_value *row, struct clients_row *out, struct lahetti_fault *f)
{
	*out = (struct clients_row){
		.nameless = row[1].number != 0,
		.has_keys = row[2].type != DB_NULL,
		.identity_erased = row[3].type == DB_NULL,
		.content_erased = row[4].type == DB_NULL,
	};
	return store_id(&row[0], &out->controller, f);
}

static bool read_known(const struct db_value *row, struct clients_known *out,
		       struct lahetti_fault *f)
{
	for (size_t i = 0; i < 2; i++) {
		const struct db_value *key = &row[3 + i];

		out->living[i] = key->type != DB_NULL;
		if (out->living[i] && key->bytes.len == LAHETTI_WRAPPED_LEN) {
			out->len[i] = key->bytes.len;
			memcpy(out->wrapped[i], key->bytes.data, key->bytes.len);
		}
	}
	return clients_row_read(row, &out->row, f) &&
	       (!out->row.has_keys || store_u32(&row[2], &out->period, f));
}

/* NULL: a fault. Outside a transaction it is asked for anew each time. */
static struct clients_known *know(struct store *s, const struct lahetti_id *client,
				  struct lahetti_fault *f)
{
	struct clients_known *k = &s->known[client->bytes[LAHETTI_ID_LEN - 1] % KNOWN];
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok;

	if (s->open && k->asked && lahetti_id_equal(&k->client, client))
		return k;
	lahetti_wipe(k, sizeof *k);
	ok = store_first(s, &c, SQL_CLIENT_FIND, STORE_PARAMS(db_id(client)), &row, f);
	k->found = ok && row != NULL;
	ok = ok && (!k->found || read_known(row, k, f));
	db_done(&c);
	k->client = *client;
	k->asked = ok && s->open;
	return ok ? k : NULL;
}

bool clients_find(struct store *s, const struct lahetti_id *client, struct clients_row *out,
		  bool *found, struct lahetti_fault *f)
{
	const struct clients_known *k = know(s, client, f);

	*found = k != NULL && k->found;
	*out = *found ? k->row : (struct clients_row){0};
	return k != NULL;
}

/* Making and opening
 * -------------------------------------------------------------------------------------------------
 */

/* A client's key opens only as what it was made for. */
static void key_aad(struct lahetti_span aad[3], const struct lahetti_id *client,
		    const struct lahetti_id *controller, enum clients_key which)
{
	aad[0] = lahetti_id_span(client);
	aad[1] = lahetti_id_span(controller);
	aad[2] = lahetti_span_text(which == CLIENTS_IDENTITY_KEY ? "identity" : "content");
}

static bool make_key(struct store *s, const struct lahetti_id *client,
		     const struct lahetti_id *controller, enum clients_key which, uint32_t period,
		     uint8_t wrapped[LAHETTI_WRAPPED_LEN], struct lahetti_fault *f)
{
	struct lahetti_secret key;
	struct lahetti_span aad[3];
	bool ok;

	key_aad(aad, client, controller, which);
	ok = lahetti_secret_new(&key, f) && vault_wrap(s->vault, period, aad, 3, &key, wrapped, f);
	lahetti_wipe(&key, sizeof key);
	return ok;
}

bool clients_make_keys(struct store *s, const struct lahetti_id *client,
		       const struct lahetti_id *controller, int64_t now_us, struct lahetti_fault *f)
{
	uint8_t identity[LAHETTI_WRAPPED_LEN], content[LAHETTI_WRAPPED_LEN];
	uint32_t period;

	return vault_period_now(s->vault, now_us, &period, f) &&
	       make_key(s, client, controller, CLIENTS_IDENTITY_KEY, period, identity, f) &&
	       make_key(s, client, controller, CLIENTS_CONTENT_KEY, period, content, f) &&
	       changed(s, db_run(s->db, SQL_CLIENT_KEYS_ADD,
				 STORE_PARAMS(db_id(client), db_int(period),
					      db_bytes(lahetti_span(identity, sizeof identity)),
					      db_bytes(lahetti_span(content, sizeof content))),
				 NULL, f));
}

bool clients_key(struct store *s, const struct lahetti_id *client, enum clients_key which,
		 struct lahetti_secret *key, struct lahetti_fault *f)
{
	struct clients_known *k = know(s, client, f);
	struct lahetti_span aad[3];

	if (k == NULL)
		return false;
	if (!k->found)
		return lahetti_fault_set(
			f, LAHETTI_FAULT_BROKEN, "db-corrupt",
			"Something belongs to a client that is not there: run lahettid fsck.");
	if (!k->living[which])
		return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "key-destroyed",
					 "This has been erased: its key is destroyed.");
	key_aad(aad, client, &k->row.controller, which);
	if (!k->opened[which])
		k->opened[which] = vault_unwrap(s->vault, k->period, aad, 3,
						lahetti_span(k->wrapped[which], k->len[which]),
						&k->keys[which], f);
	*key = k->keys[which];
	return k->opened[which];
}

/* Destroying keys
 * -------------------------------------------------------------------------------------------------
 */

static bool read_keys(const struct db_value *row, struct client_keys *out, struct lahetti_fault *f)
{
	*out = (struct client_keys){0};
	for (size_t i = 0; i < 2; i++) {
		const struct db_value *key = &row[2 + i];

		out->living[i] = key->type != DB_NULL;
		if (out->living[i] && key->bytes.len != LAHETTI_WRAPPED_LEN)
			return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-corrupt",
						 "A client's key has %zu bytes: run lahettid fsck.",
						 key->bytes.len);
		if (out->living[i])
			memcpy(out->wrapped[i], key->bytes.data, LAHETTI_WRAPPED_LEN);
	}
	return store_id(&row[0], &out->client, f) && store_id(&row[1], &out->controller, f);
}

/* Some of those whose keys lie under a period key. */
static bool keys_of_period(struct store *s, uint32_t serial, struct client_keys *found, size_t *n,
			   struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, SQL_CLIENT_KEYS_OF_PERIOD,
			   STORE_PARAMS(db_int(serial), db_int(KEYS_A_PAGE)), f);

	*n = 0;
	while (ok && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = read_keys(row, &found[(*n)++], f);
	db_done(&c);
	return ok;
}

static struct db_value wrapped_or_null(const struct client_keys *k, enum clients_key which)
{
	return k->living[which] ? db_bytes(lahetti_span(k->wrapped[which], LAHETTI_WRAPPED_LEN))
				: db_null();
}

static bool wrap_anew(struct store *s, struct client_keys *k, uint32_t from, uint32_t to,
		      struct lahetti_fault *f)
{
	struct lahetti_secret key = {0};
	struct lahetti_span aad[3];
	bool ok = true;

	for (size_t i = 0; ok && i < 2; i++) {
		if (!k->living[i])
			continue;
		key_aad(aad, &k->client, &k->controller, (enum clients_key)i);
		ok = vault_unwrap(s->vault, from, aad, 3,
				  lahetti_span(k->wrapped[i], LAHETTI_WRAPPED_LEN), &key, f) &&
		     vault_wrap(s->vault, to, aad, 3, &key, k->wrapped[i], f);
	}
	lahetti_wipe(&key, sizeof key);
	return ok && changed(s, db_run(s->db, SQL_CLIENT_KEYS_PUT,
				       STORE_PARAMS(db_id(&k->client), db_int(to),
						    wrapped_or_null(k, CLIENTS_IDENTITY_KEY),
						    wrapped_or_null(k, CLIENTS_CONTENT_KEY)),
				       NULL, f));
}

bool clients_period_in_use(struct store *s, uint32_t serial, bool *in_use, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_PERIOD_IN_USE, STORE_PARAMS(db_int(serial)), &row, f);

	*in_use = ok && row != NULL;
	db_done(&c);
	return ok;
}

bool clients_period_leave(struct store *s, uint32_t serial, struct lahetti_fault *f)
{
	struct client_keys keys[KEYS_A_PAGE];
	uint32_t replacement;
	size_t n = KEYS_A_PAGE;

	if (!vault_period_replace(s->vault, serial, &replacement, f))
		return false;
	while (n == KEYS_A_PAGE) {
		if (!keys_of_period(s, serial, keys, &n, f))
			return false;
		for (size_t i = 0; i < n; i++)
			if (!wrap_anew(s, &keys[i], serial, replacement, f))
				return false;
	}
	return true;
}

static bool period_of(struct store *s, const struct lahetti_id *client, uint32_t *serial,
		      struct lahetti_fault *f)
{
	const struct clients_known *k = know(s, client, f);

	if (k == NULL)
		return false;
	*serial = k->period;
	return k->row.has_keys || lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-corrupt",
						    "A client has no keys: run lahettid fsck.");
}

bool clients_keys_destroy(struct store *s, const struct lahetti_id *client,
			  enum clients_destroy what, struct lahetti_fault *f)
{
	struct vault_period period;
	uint32_t serial;

	if (!period_of(s, client, &serial, f) ||
	    !changed(s,
		     db_run(s->db, SQL_CONTENT_KEY_DESTROY, STORE_PARAMS(db_id(client)), NULL, f)))
		return false;
	if (what == CLIENTS_DESTROY_IDENTITY &&
	    (!changed(s, db_run(s->db, SQL_IDENTITY_KEY_DESTROY, STORE_PARAMS(db_id(client)), NULL,
				f)) ||
	     !db_run(s->db, SQL_IDENTITY_CLEAR, STORE_PARAMS(db_id(client)), NULL, f) ||
	     !db_run(s->db, SQL_BLIND_CLEAR, STORE_PARAMS(db_id(client)), NULL, f)))
		return false;
	/* Of a period key that is gone nothing can be saved, nor read. */
	return !vault_period_find(s->vault, serial, &period) || period.serial != serial ||
	       clients_period_leave(s, serial, f);
}

bool clients_content_key_put(struct store *s, const struct lahetti_id *client,
			     const struct lahetti_secret *key, struct lahetti_fault *f)
{
	uint8_t wrapped[LAHETTI_WRAPPED_LEN];
	struct lahetti_span aad[3];
	struct clients_row row;
	uint32_t serial;
	bool found;

	if (!clients_find(s, client, &row, &found, f) || !period_of(s, client, &serial, f))
		return false;
	key_aad(aad, client, &row.controller, CLIENTS_CONTENT_KEY);
	return vault_wrap(s->vault, serial, aad, 3, key, wrapped, f) &&
	       changed(s, db_run(s->db, SQL_CONTENT_KEY_CHANGE,
				 STORE_PARAMS(db_id(client),
					      db_bytes(lahetti_span(wrapped, sizeof wrapped))),
				 NULL, f)) &&
	       clients_period_leave(s, serial, f);
}
