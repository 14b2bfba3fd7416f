#include "ledger.h"

#include "clients.h"
#include "store_internal.h"

#include <string.h>

#define TILE_WIDTH 256

bool ledger_event_add(struct store *s, const struct ledger_event *e, struct lahetti_fault *f)
{
	return db_run(s->db, SQL_EVENT_ADD,
		      STORE_PARAMS(db_int((int64_t)e->number), db_int(e->time_us),
				   db_int(e->action), db_int(e->outcome), db_id(&e->organisation),
				   db_id(&e->unit), db_id(&e->controller), db_bytes(e->bytes)),
		      NULL, f);
}

bool ledger_record_add(struct store *s, uint64_t event, uint32_t n, struct lahetti_span salt,
		       struct lahetti_span content, struct lahetti_fault *f)
{
	return db_run(
		s->db, SQL_RECORD_ADD,
		STORE_PARAMS(db_int((int64_t)event), db_int(n), db_bytes(salt), db_bytes(content)),
		NULL, f);
}

/* Parts
 * -------------------------------------------------------------------------------------------------------------
 */

/* A sealed part opens only where it was put: at that event and place, for that controller and
 * holder. */
struct part_aad {
	uint8_t event[8];
	uint8_t n[8];
	struct lahetti_span spans[4];
};

static void part_aad(struct part_aad *aad, uint64_t event, uint32_t n,
		     const struct lahetti_id *controller, const struct lahetti_id *holder)
{
	store_be64(aad->event, event);
	store_be64(aad->n, n);
	aad->spans[0] = lahetti_span(aad->event, sizeof aad->event);
	aad->spans[1] = lahetti_span(aad->n, sizeof aad->n);
	aad->spans[2] = lahetti_id_span(controller);
	aad->spans[3] = lahetti_id_span(holder);
}

static bool seal_part(const struct lahetti_secret *key, uint64_t event, uint32_t n,
		      const struct lahetti_id *controller, const struct lahetti_id *holder,
		      struct lahetti_span part, struct lahetti_buffer *out, struct lahetti_fault *f)
{
	struct part_aad aad;

	lahetti_buffer_init(out, part.len + LAHETTI_SEAL_OVERHEAD);
	part_aad(&aad, event, n, controller, holder);
	return lahetti_seal(key, aad.spans, 4, part, out, f);
}

/* An actor's part has n of its own, so that it can never be read as a subject's. */
#define ACTOR_N UINT32_MAX

bool ledger_actor_add(struct store *s, uint64_t event, const struct lahetti_id *controller,
		      const struct lahetti_id *user, struct lahetti_span part,
		      struct lahetti_fault *f)
{
	struct lahetti_secret key;
	struct lahetti_buffer sealed = {0};
	bool ok = vault_controller_key(s->vault, controller, "actor", &key, f) &&
		  seal_part(&key, event, ACTOR_N, controller, user, part, &sealed, f) &&
		  db_run(s->db, SQL_ACTOR_ADD,
			 STORE_PARAMS(db_int((int64_t)event), db_id(controller), db_id(user),
				      db_bytes(lahetti_buffer_span(&sealed))),
			 NULL, f);

	lahetti_wipe(&key, sizeof key);
	lahetti_buffer_finish(&sealed);
	return ok;
}

bool ledger_subject_add(struct store *s, uint64_t event, uint32_t n,
			const struct lahetti_id *controller, const struct lahetti_id *client,
			struct lahetti_span part, struct lahetti_fault *f)
{
	struct lahetti_secret key;
	struct lahetti_buffer sealed = {0};
	bool ok = clients_key(s, client, CLIENTS_IDENTITY_KEY, &key, f) &&
		  seal_part(&key, event, n, controller, client, part, &sealed, f) &&
		  db_run(s->db, SQL_SUBJECT_ADD,
			 STORE_PARAMS(db_int((int64_t)event), db_int(n), db_id(controller),
				      db_id(client), db_bytes(lahetti_buffer_span(&sealed))),
			 NULL, f);

	lahetti_wipe(&key, sizeof key);
	lahetti_buffer_finish(&sealed);
	return ok;
}

/* Fills the part from a row of controller, holder, sealed; the sealed bytes stay with the cursor.
 */
static bool read_part(struct ledger_part *part, uint64_t event, uint32_t n,
		      const struct db_value *row, struct lahetti_fault *f)
{
	*part = (struct ledger_part){.event = event, .n = n, .sealed = row[2].bytes};
	return store_id(&row[0], &part->controller, f) && store_id(&row[1], &part->holder, f);
}

bool ledger_actor_open(struct store *s, uint64_t event, struct ledger_part *part,
		       struct lahetti_buffer *out, bool *found, struct lahetti_fault *f)
{
	struct lahetti_secret key;
	struct part_aad aad;
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_ACTOR_READ, STORE_PARAMS(db_int((int64_t)event)), &row, f);

	*found = ok && row != NULL;
	if (*found) {
		ok = read_part(part, event, ACTOR_N, row, f) &&
		     vault_controller_key(s->vault, &part->controller, "actor", &key, f);
		part_aad(&aad, event, ACTOR_N, &part->controller, &part->holder);
		ok = ok && lahetti_unseal(&key, aad.spans, 4, part->sealed, out, f);
		lahetti_wipe(&key, sizeof key);
	}
	part->sealed = (struct lahetti_span){0};
	db_done(&c);
	return ok;
}

bool ledger_subject_open(struct store *s, uint64_t event, uint32_t n, struct ledger_part *part,
			 struct lahetti_buffer *out, bool *found, struct lahetti_fault *f)
{
	struct lahetti_secret key;
	struct part_aad aad;
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_SUBJECT_READ,
			      STORE_PARAMS(db_int((int64_t)event), db_int(n)), &row, f);

	*found = ok && row != NULL;
	if (*found) {
		ok = read_part(part, event, n, row, f) &&
		     clients_key(s, &part->holder, CLIENTS_IDENTITY_KEY, &key, f);
		part_aad(&aad, event, n, &part->controller, &part->holder);
		ok = ok && lahetti_unseal(&key, aad.spans, 4, part->sealed, out, f);
		lahetti_wipe(&key, sizeof key);
	}
	part->sealed = (struct lahetti_span){0};
	db_done(&c);
	return ok;
}

/* A client's chain of parts
 * ----------------------------------------------------------------------------------------- */

bool ledger_chain_get(struct store *s, const struct lahetti_id *client, struct ledger_chain *chain,
		      struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_CHAIN_GET, STORE_PARAMS(db_id(client)), &row, f);

	*chain = (struct ledger_chain){0};
	if (ok && row != NULL) {
		chain->parts = (uint64_t)row[0].number;
		ok = store_digest(&row[1], &chain->head, f);
	}
	db_done(&c);
	return ok;
}

bool ledger_chain_put(struct store *s, const struct lahetti_id *client,
		      const struct ledger_chain *chain, struct lahetti_fault *f)
{
	return db_run(s->db, SQL_CHAIN_PUT,
		      STORE_PARAMS(db_id(client), db_int((int64_t)chain->parts),
				   db_bytes(lahetti_digest_span(&chain->head))),
		      NULL, f);
}

/* Reading
 * -----------------------------------------------------------------------------------------------------------
 */

bool ledger_event_read(struct store *s, uint64_t number, struct lahetti_buffer *out,
		       struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok =
		store_first(s, &c, SQL_EVENT_READ, STORE_PARAMS(db_int((int64_t)number)), &row, f);

	if (ok && row == NULL)
		ok = lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "not-found",
				       "There is no event of that number.");
	ok = ok && lahetti_buffer_add(out, row[0].bytes, f);
	db_done(&c);
	return ok;
}

bool ledger_size(struct store *s, uint64_t *size, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_EVENT_SIZE, NULL, 0, &row, f);

	*size = ok && row != NULL && row[0].type == DB_INT ? (uint64_t)row[0].number + 1 : 0;
	db_done(&c);
	return ok;
}

bool ledger_events_each(struct store *s, uint64_t from,
			bool (*each)(void *context, const struct ledger_event *e,
				     struct lahetti_fault *f),
			void *context, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	struct ledger_event e;
	bool ok = db_query(s->db, &c, SQL_EVENTS_FROM, STORE_PARAMS(db_int((int64_t)from)), f);

	while (ok && (ok = db_next(&c, &row, f)) && row != NULL) {
		e = (struct ledger_event){
			.number = (uint64_t)row[0].number,
			.time_us = row[1].number,
			.bytes = row[7].bytes,
		};
		ok = store_u32(&row[2], &e.action, f) && store_u32(&row[3], &e.outcome, f) &&
		     store_id(&row[4], &e.organisation, f) && store_id(&row[5], &e.unit, f) &&
		     store_id(&row[6], &e.controller, f) && each(context, &e, f);
	}
	db_done(&c);
	return ok;
}

bool ledger_records_each(struct store *s, uint64_t from, uint64_t until,
			 bool (*each)(void *context, const struct ledger_record *r,
				      struct lahetti_fault *f),
			 void *context, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, SQL_RECORDS_FROM,
			   STORE_PARAMS(db_int((int64_t)from), db_int((int64_t)until)), f);

	while (ok && (ok = db_next(&c, &row, f)) && row != NULL) {
		struct ledger_record r = {
			.event = (uint64_t)row[0].number,
			.time_us = row[2].number,
			.salt = row[3].bytes,
			.content = row[4].bytes,
		};

		ok = store_u32(&row[1], &r.n, f) && each(context, &r, f);
	}
	db_done(&c);
	return ok;
}

bool ledger_client_places(struct store *s, const struct lahetti_id *client, uint64_t from,
			  struct ledger_place *found, size_t most, size_t *n,
			  struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(
		s->db, &c, SQL_SUBJECT_PLACES,
		STORE_PARAMS(db_id(client), db_int((int64_t)from), db_int((int64_t)most)), f);

	*n = 0;
	while (ok && *n < most && (ok = db_next(&c, &row, f)) && row != NULL)
		found[(*n)++] = (struct ledger_place){
			.event = (uint64_t)row[0].number,
			.n = (uint32_t)row[1].number,
		};
	db_done(&c);
	return ok;
}

bool ledger_find(struct store *s, const struct ledger_filter *filter, uint64_t below,
		 uint64_t *found, size_t most, size_t *n, struct lahetti_fault *f)
{
	const struct db_value params[] = {
		db_int(below > INT64_MAX ? INT64_MAX : (int64_t)below),
		db_int(filter->from_us),
		db_int(filter->until_us == 0 ? INT64_MAX : filter->until_us),
		db_id(&filter->controller),
		db_id(&filter->unit),
		db_int(filter->action),
		db_int(filter->outcome),
		db_int((int64_t)most),
		db_id(&filter->user),
	};
	bool by_user = !lahetti_id_empty(&filter->user);
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, by_user ? SQL_EVENTS_FIND_USER : SQL_EVENTS_FIND, params,
			   by_user ? 9 : 8, f);

	*n = 0;
	while (ok && *n < most && (ok = db_next(&c, &row, f)) && row != NULL)
		found[(*n)++] = (uint64_t)row[0].number;
	db_done(&c);
	return ok;
}

/* Tiles, checkpoints
 * ------------------------------------------------------------------------------------------------
 */

static struct db_value tile_place(unsigned level, uint64_t index)
{
	return db_int((int64_t)((uint64_t)level << 48 | index));
}

bool ledger_tile_put(struct store *s, unsigned level, uint64_t index,
		     const struct lahetti_digest *hashes, size_t n, struct lahetti_fault *f)
{
	return db_run(s->db, SQL_TILE_PUT,
		      STORE_PARAMS(tile_place(level, index),
				   db_bytes(lahetti_span(hashes, n * sizeof *hashes))),
		      NULL, f);
}

bool ledger_tile_get(struct store *s, unsigned level, uint64_t index,
		     struct lahetti_digest hashes[TILE_WIDTH], size_t *n, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = store_first(s, &c, SQL_TILE_GET, STORE_PARAMS(tile_place(level, index)), &row, f);

	*n = 0;
	if (ok && row != NULL) {
		size_t len = row[0].bytes.len;

		if (len == 0 || len % sizeof *hashes != 0 || len > TILE_WIDTH * sizeof *hashes) {
			ok = lahetti_fault_set(
				f, LAHETTI_FAULT_BROKEN, "db-corrupt",
				"A tile of the tree has %zu bytes: run lahettid fsck.", len);
		} else {
			memcpy(hashes, row[0].bytes.data, len);
			*n = len / sizeof *hashes;
		}
	}
	db_done(&c);
	return ok;
}

bool ledger_checkpoint_add(struct store *s, uint64_t size, struct lahetti_span note,
			   struct lahetti_fault *f)
{
	return db_run(s->db, SQL_CHECKPOINT_ADD,
		      STORE_PARAMS(db_int((int64_t)size), db_bytes(note)), NULL, f);
}

bool ledger_checkpoint_get(struct store *s, uint64_t size, uint64_t *at, struct lahetti_buffer *out,
			   struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok;

	*at = 0;
	if (size > INT64_MAX) /* none ever reaches that far */
		return true;
	ok = size == 0 ? store_first(s, &c, SQL_CHECKPOINT_NEWEST, NULL, 0, &row, f)
		       : store_first(s, &c, SQL_CHECKPOINT_FROM,
				     STORE_PARAMS(db_int((int64_t)size)), &row, f);
	if (ok && row != NULL) {
		*at = (uint64_t)row[0].number;
		ok = lahetti_buffer_add(out, row[1].bytes, f);
	}
	db_done(&c);
	return ok;
}

bool ledger_checkpoints_each(struct store *s,
			     bool (*each)(void *context, uint64_t size, struct lahetti_span note,
					  struct lahetti_fault *f),
			     void *context, struct lahetti_fault *f)
{
	struct db_cursor c;
	const struct db_value *row = NULL;
	bool ok = db_query(s->db, &c, SQL_CHECKPOINTS, NULL, 0, f);

	while (ok && (ok = db_next(&c, &row, f)) && row != NULL)
		ok = each(context, (uint64_t)row[0].number, row[1].bytes, f);
	db_done(&c);
	return ok;
}
