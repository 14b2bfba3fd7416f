#include "trail.h"

#include "clients.h"
#include "lahetti/message.h"
#include "ledger.h"
#include "project.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEVELS	   8
#define TILE_WIDTH LAHETTI_TILE_WIDTH

/* An entry of a tile that the open group has made. */
struct pending {
	unsigned level;
	uint64_t index;
	struct lahetti_digest hash;
};

struct trail {
	struct store *store; /* borrowed */
	struct lahetti_note_signer *signer;
	char origin[LAHETTI_KEY_NAME_MOST + 1];
	char *software;
	uint32_t policy_version;
	int64_t (*clock)(void);
	struct lahetti_frontier frontier;
	struct lahetti_frontier sealed; /* as the last commit left it */
	int64_t last_us, sealed_us;
	struct pending *pending;
	size_t n_pending, room_pending;
	/* The tile that each level is filling, as the last commit left it. */
	struct lahetti_digest tiles[LEVELS][TILE_WIDTH];
	size_t filled[LEVELS];
	struct lahetti_arena arena; /* of one event */
};

/* Digests
 * -----------------------------------------------------------------------------------------------------------
 */

/* A salt of another length would let bytes pass from it to what follows, under the same digest. */
static bool check_salt(struct lahetti_span salt, struct lahetti_fault *f)
{
	return salt.len == LAHETTI_SALT_LEN ||
	       lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "bad-salt", "A salt has not %d bytes.",
				 LAHETTI_SALT_LEN);
}

static bool salted(uint8_t prefix, struct lahetti_span salt, struct lahetti_span bytes,
		   struct lahetti_digest *out, struct lahetti_fault *f)
{
	const struct lahetti_span spans[] = {lahetti_span(&prefix, 1), salt, bytes};

	return check_salt(salt, f) && lahetti_sha256(out, spans, 3, f);
}

bool trail_part_digest(struct lahetti_span salt, struct lahetti_span part,
		       struct lahetti_digest *out, struct lahetti_fault *f)
{
	return salted(0x02, salt, part, out, f);
}

bool trail_record_digest(struct lahetti_span salt, struct lahetti_span record,
			 struct lahetti_digest *out, struct lahetti_fault *f)
{
	return salted(0x04, salt, record, out, f);
}

bool trail_link_digest(struct lahetti_span salt, uint64_t number,
		       const struct lahetti_digest *previous, struct lahetti_digest *out,
		       struct lahetti_fault *f)
{
	static const uint8_t prefix = 0x03;
	uint8_t be[8];
	const struct lahetti_span spans[] = {lahetti_span(&prefix, 1), salt,
					     lahetti_span(be, sizeof be),
					     lahetti_digest_span(previous)};

	for (int i = 7; i >= 0; i--, number >>= 8)
		be[i] = (uint8_t)number;
	return check_salt(salt, f) && lahetti_sha256(out, spans, 4, f);
}

/* Opening
 * -----------------------------------------------------------------------------------------------------------
 */

static bool tile_entry(void *context, unsigned level, uint64_t index, struct lahetti_digest *out,
		       struct lahetti_fault *f)
{
	struct trail *t = context;
	struct lahetti_digest hashes[TILE_WIDTH];
	size_t n;

	if (!ledger_tile_get(t->store, level, index / TILE_WIDTH, hashes, &n, f))
		return false;
	if (index % TILE_WIDTH >= n)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-corrupt",
					 "The tree lacks a hash at level %u: run lahettid fsck.",
					 level);
	*out = hashes[index % TILE_WIDTH];
	return true;
}

static bool last_time(void *context, const struct ledger_event *e, struct lahetti_fault *f)
{
	(void)f;
	((struct trail *)context)->last_us = e->time_us;
	return true;
}

static bool load(struct trail *t, struct lahetti_fault *f)
{
	const struct lahetti_hash_source source = {.entry = tile_entry, .context = t};
	uint64_t size;

	if (!ledger_size(t->store, &size, f) ||
	    !lahetti_frontier_load(&t->frontier, size, &source, f))
		return false;
	if (size > 0 && !ledger_events_each(t->store, size - 1, last_time, t, f))
		return false;
	for (unsigned level = 0; level < LEVELS; level++, size /= TILE_WIDTH)
		if (!ledger_tile_get(t->store, level, size / TILE_WIDTH, t->tiles[level],
				     &t->filled[level], f))
			return false;
	t->n_pending = 0;
	t->sealed = t->frontier;
	t->sealed_us = t->last_us;
	return true;
}

struct trail *trail_open(struct store *store, const struct trail_options *options,
			 struct lahetti_fault *f)
{
	struct trail *t = calloc(1, sizeof *t);
	int len;

	if (t == NULL || (t->software = strdup(options->software)) == NULL) {
		free(t);
		lahetti_fault_no_memory(f);
		return NULL;
	}
	t->store = store;
	t->policy_version = options->policy_version;
	t->clock = options->clock;
	len = snprintf(t->origin, sizeof t->origin, "%s/%u", options->server_name,
		       options->generation);
	if (len < 0 || (size_t)len >= sizeof t->origin) {
		lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "bad-key-name",
				  "The server's name is too long.");
		goto failed;
	}
	t->signer = lahetti_note_signer_new(t->origin, options->seed, f);
	if (t->signer == NULL || !lahetti_arena_init(&t->arena, 1 << 20, f) || !load(t, f))
		goto failed;
	return t;
failed:
	trail_close(t);
	return NULL;
}

void trail_close(struct trail *t)
{
	if (t == NULL)
		return;
	lahetti_note_signer_destroy(t->signer);
	lahetti_arena_finish(&t->arena);
	free(t->pending);
	free(t->software);
	free(t);
}

const char *trail_vkey(const struct trail *t)
{
	return lahetti_note_signer_vkey(t->signer);
}

uint64_t trail_next(const struct trail *t)
{
	return t->frontier.size;
}

/* Appending
 * ---------------------------------------------------------------------------------------------------------
 */

void trail_entry_init(struct trail_entry *e, Lahetti__V1__Action action,
		      Lahetti__V1__EventOutcome outcome)
{
	*e = (struct trail_entry){0};
	lahetti__v1__audit_event__init(&e->event);
	e->event.action = action;
	e->event.outcome = outcome;
}

void trail_subject_init(struct trail_subject *s, const struct lahetti_id *controller,
			const struct lahetti_id *client)
{
	*s = (struct trail_subject){.controller = *controller};
	if (client != NULL)
		s->client = *client;
	lahetti__v1__subject_part__init(&s->part);
}

static bool spent(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "event-too-large",
				 "What is to be recorded does not fit into one event.");
}

/* A salt in the arena, where a message can point to it. */
static bool new_salt(struct trail *t, ProtobufCBinaryData *salt, struct lahetti_fault *f)
{
	salt->len = LAHETTI_SALT_LEN;
	salt->data = lahetti_arena_take(&t->arena, LAHETTI_SALT_LEN);
	return salt->data == NULL ? spent(f) : lahetti_random(salt->data, salt->len, f);
}

/* Packs a part with a new salt into a StoredPart without link, and gives its commitment a place in
 * the event. */
static bool commit_part(struct trail *t, const ProtobufCMessage *part,
			Lahetti__V1__OpenedPart *opened, ProtobufCBinaryData *commitment,
			struct lahetti_fault *f)
{
	struct lahetti_span packed = lahetti_message_pack(part, &t->arena);
	struct lahetti_digest *digest = lahetti_arena_take(&t->arena, sizeof *digest);

	lahetti__v1__opened_part__init(opened);
	if (packed.data == NULL || digest == NULL)
		return spent(f);
	if (!new_salt(t, &opened->salt, f) ||
	    !trail_part_digest(lahetti_bytes_span(opened->salt), packed, digest, f))
		return false;
	opened->part = lahetti_bytes(packed);
	*commitment = lahetti_bytes(lahetti_digest_span(digest));
	return true;
}

static bool append_actor(struct trail *t, struct trail_entry *e, struct lahetti_fault *f)
{
	Lahetti__V1__ActorPart part = LAHETTI__V1__ACTOR_PART__INIT;
	Lahetti__V1__StoredPart stored = LAHETTI__V1__STORED_PART__INIT;
	Lahetti__V1__OpenedPart opened;
	struct lahetti_span packed;

	if (lahetti_id_empty(&e->user))
		return true;
	part.user = lahetti_bytes(lahetti_id_span(&e->user));
	part.device = lahetti_bytes(lahetti_digest_span(&e->device));
	e->event.organisation = lahetti_bytes(lahetti_id_span(&e->organisation));
	if (!commit_part(t, &part.base, &opened, &e->event.actor, f))
		return false;
	stored.part = &opened;
	packed = lahetti_message_pack(&stored.base, &t->arena);
	return packed.data == NULL ? spent(f)
				   : ledger_actor_add(t->store, e->event.number, &e->organisation,
						      &e->user, packed, f);
}

/* The nameless client to whom belongs what concerns no known client: one a week. */
static bool nameless(struct trail *t, struct trail_entry *e, struct trail_subject *s,
		     Lahetti__V1__Record *record, Lahetti__V1__ClientAdded *added,
		     struct lahetti_fault *f)
{
	uint32_t week = clients_week(e->time_us);
	struct lahetti_id *id;

	if (!clients_nameless(t->store, &s->controller, week, &s->client, f))
		return false;
	if (!lahetti_id_empty(&s->client))
		return true;
	id = lahetti_arena_take(&t->arena, sizeof *id);
	if (id == NULL)
		return spent(f);
	if (!lahetti_id_new(id, e->time_us, f))
		return false;
	s->client = *id;
	lahetti__v1__client_added__init(added);
	lahetti__v1__record__init(record);
	added->client = lahetti_bytes(lahetti_id_span(id));
	added->controller = lahetti_bytes(lahetti_id_span(&s->controller));
	added->nameless = 1;
	added->week = week;
	record->record_case = LAHETTI__V1__RECORD__RECORD_CLIENT_ADDED;
	record->client_added = added;
	return true;
}

/*
 * A part stands in the register of the client's own controller, whatever its caller believed. Where
 * the identity has been erased it belongs to nobody, and says no more than that something was done.
 */
static bool check_client(struct trail *t, struct trail_subject *s, struct lahetti_fault *f)
{
	struct clients_row row;
	bool found;

	if (!clients_find(t->store, &s->client, &row, &found, f))
		return false;
	if (!found || !lahetti_id_equal(&row.controller, &s->controller))
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "no-such-client",
					 "There is no such client in the register.");
	if (row.has_keys && row.identity_erased) {
		s->client = (struct lahetti_id){0};
		lahetti__v1__subject_part__init(&s->part);
	}
	return true;
}

static bool append_subject(struct trail *t, struct trail_entry *e, struct trail_subject *s,
			   uint32_t n, struct lahetti_fault *f)
{
	Lahetti__V1__StoredPart stored = LAHETTI__V1__STORED_PART__INIT;
	Lahetti__V1__OpenedLink link = LAHETTI__V1__OPENED_LINK__INIT;
	Lahetti__V1__OpenedPart opened;
	struct ledger_chain chain;
	struct lahetti_digest digest;
	struct lahetti_span packed;

	if (!ledger_chain_get(t->store, &s->client, &chain, f) || !new_salt(t, &link.salt, f))
		return false;
	chain.parts++;
	link.number = chain.parts;
	link.previous = lahetti_bytes(lahetti_digest_span(&chain.head));
	if (!trail_link_digest(lahetti_bytes_span(link.salt), link.number, &chain.head, &digest, f))
		return false;
	s->part.client = lahetti_bytes(lahetti_id_span(&s->client));
	s->part.link = lahetti_bytes(lahetti_digest_span(&digest));
	if (!commit_part(t, &s->part.base, &opened, &e->event.subjects[n], f))
		return false;
	stored.part = &opened;
	stored.link = &link;
	packed = lahetti_message_pack(&stored.base, &t->arena);
	if (packed.data == NULL)
		return spent(f);
	memcpy(chain.head.bytes, e->event.subjects[n].data, sizeof chain.head.bytes);
	return ledger_subject_add(t->store, e->event.number, n, &s->controller, &s->client, packed,
				  f) &&
	       ledger_chain_put(t->store, &s->client, &chain, f);
}

/* Stores a record, commits to it in the event, applies it, and makes the keys of a client that it
 * adds. */
static bool append_record(struct trail *t, struct trail_entry *e, const Lahetti__V1__Record *record,
			  uint32_t n, struct lahetti_fault *f)
{
	struct lahetti_span packed = lahetti_message_pack(&record->base, &t->arena);
	struct lahetti_digest *digest = lahetti_arena_take(&t->arena, sizeof *digest);
	ProtobufCBinaryData salt;
	struct lahetti_id client, controller;

	if (packed.data == NULL || digest == NULL)
		return spent(f);
	/* What came with fields or values that nobody here knows could not be derived again. */
	if (!lahetti_message_scan(&lahetti__v1__record__descriptor, packed, LAHETTI_MESSAGE_SIGNED,
				  f))
		return false;
	if (!new_salt(t, &salt, f) ||
	    !trail_record_digest(lahetti_bytes_span(salt), packed, digest, f) ||
	    !ledger_record_add(t->store, e->event.number, n, lahetti_bytes_span(salt), packed, f) ||
	    !project_record(t->store, e->event.number, n, e->time_us, record, f))
		return false;
	e->event.rows[n] = lahetti_bytes(lahetti_digest_span(digest));
	if (record->record_case != LAHETTI__V1__RECORD__RECORD_CLIENT_ADDED)
		return true;
	return lahetti_id_read(&client, lahetti_bytes_span(record->client_added->client), f) &&
	       lahetti_id_read(&controller, lahetti_bytes_span(record->client_added->controller),
			       f) &&
	       clients_make_keys(t->store, &client, &controller, e->time_us, f);
}

static bool note_entry(void *context, unsigned level, uint64_t index,
		       const struct lahetti_digest *hash, struct lahetti_fault *f)
{
	struct trail *t = context;

	if (t->n_pending == t->room_pending) {
		size_t room = t->room_pending == 0 ? 256 : 2 * t->room_pending;
		struct pending *grown = realloc(t->pending, room * sizeof *grown);

		if (grown == NULL)
			return lahetti_fault_no_memory(f);
		t->pending = grown;
		t->room_pending = room;
	}
	t->pending[t->n_pending++] =
		(struct pending){.level = level, .index = index, .hash = *hash};
	return true;
}

/* The event row must be there before what refers to it, but its bytes are known only after: so
 * parts and records are made first against a deferred foreign key. */
static bool append_event(struct trail *t, struct trail_entry *e, struct lahetti_fault *f)
{
	const struct lahetti_tile_sink sink = {.entry = note_entry, .context = t};
	struct lahetti_span packed = lahetti_message_pack(&e->event.base, &t->arena);
	struct lahetti_digest leaf;
	struct ledger_event row = {
		.number = e->event.number,
		.time_us = e->time_us,
		.action = (uint32_t)e->event.action,
		.outcome = (uint32_t)e->event.outcome,
		.bytes = packed,
	};

	if (packed.data == NULL)
		return spent(f);
	if ((e->event.organisation.len > 0 &&
	     !lahetti_id_read(&row.organisation, lahetti_bytes_span(e->event.organisation), f)) ||
	    (e->event.unit.len > 0 &&
	     !lahetti_id_read(&row.unit, lahetti_bytes_span(e->event.unit), f)) ||
	    (e->event.controller.len > 0 &&
	     !lahetti_id_read(&row.controller, lahetti_bytes_span(e->event.controller), f)))
		return false;
	return ledger_event_add(t->store, &row, f) && lahetti_leaf_hash(&leaf, packed, f) &&
	       lahetti_frontier_add(&t->frontier, &leaf, &sink, f);
}

bool trail_append(struct trail *t, struct trail_entry *e, struct lahetti_fault *f)
{
	Lahetti__V1__Record *made;
	Lahetti__V1__ClientAdded *added;
	size_t rows =
		e->n_records + e->n_subjects; /* each subject may need a new nameless client */
	uint32_t n = 0;

	lahetti_arena_reset(&t->arena);
	e->time_us = t->clock();
	if (e->time_us < t->last_us)
		e->time_us = t->last_us;
	e->number = t->frontier.size;
	e->event.number = e->number;
	e->event.time_us = e->time_us;
	e->event.software = t->software;
	e->event.policy_version = t->policy_version;
	e->event.first_of_group = e->number == t->sealed.size;
	made = lahetti_arena_take(&t->arena, e->n_subjects * sizeof *made);
	added = lahetti_arena_take(&t->arena, e->n_subjects * sizeof *added);
	e->event.rows = lahetti_arena_take(&t->arena, rows * sizeof *e->event.rows);
	e->event.subjects =
		lahetti_arena_take(&t->arena, e->n_subjects * sizeof *e->event.subjects);
	if (made == NULL || added == NULL || e->event.rows == NULL || e->event.subjects == NULL)
		return spent(f);
	for (size_t i = 0; i < e->n_records; i++, n++)
		if (!append_record(t, e, e->records[i], n, f))
			return false;
	for (size_t i = 0; i < e->n_subjects; i++) {
		lahetti__v1__record__init(&made[i]);
		if (!lahetti_id_empty(&e->subjects[i].client) &&
		    !check_client(t, &e->subjects[i], f))
			return false;
		if (!lahetti_id_empty(&e->subjects[i].client))
			continue;
		if (!nameless(t, e, &e->subjects[i], &made[i], &added[i], f) ||
		    (made[i].record_case != 0 && !append_record(t, e, &made[i], n++, f)))
			return false;
	}
	e->event.n_rows = n;
	e->event.n_subjects = e->n_subjects;
	for (size_t i = 0; i < e->n_subjects; i++)
		if (!append_subject(t, e, &e->subjects[i], (uint32_t)i, f))
			return false;
	if (!append_actor(t, e, f) || !append_event(t, e, f))
		return false;
	t->last_us = e->time_us;
	return true;
}

/* Groups
 * ------------------------------------------------------------------------------------------------------------
 */

void trail_mark(const struct trail *t, struct trail_mark *mark)
{
	mark->frontier = t->frontier;
	mark->pending = t->n_pending;
	mark->last_us = t->last_us;
}

void trail_undo(struct trail *t, const struct trail_mark *mark)
{
	t->frontier = mark->frontier;
	t->n_pending = mark->pending;
	t->last_us = mark->last_us;
}

/* Puts what is pending into the tiles, in order; a tile that becomes full is written and the next
 * begun. */
static bool seal_tiles(struct trail *t, struct lahetti_fault *f)
{
	bool changed[LEVELS] = {false};
	uint64_t at[LEVELS] = {0};

	for (size_t i = 0; i < t->n_pending; i++) {
		const struct pending *p = &t->pending[i];
		size_t place = (size_t)(p->index % TILE_WIDTH);

		t->tiles[p->level][place] = p->hash;
		t->filled[p->level] = place + 1;
		at[p->level] = p->index / TILE_WIDTH;
		changed[p->level] = true;
		if (place + 1 < TILE_WIDTH)
			continue;
		if (!ledger_tile_put(t->store, p->level, at[p->level], t->tiles[p->level],
				     TILE_WIDTH, f))
			return false;
		t->filled[p->level] = 0;
		changed[p->level] = false;
	}
	for (unsigned level = 0; level < LEVELS; level++)
		if (changed[level] && !ledger_tile_put(t->store, level, at[level], t->tiles[level],
						       t->filled[level], f))
			return false;
	return true;
}

bool trail_seal(struct trail *t, struct lahetti_fault *f)
{
	struct lahetti_checkpoint c = {.size = t->frontier.size};
	char note[LAHETTI_NOTE_MOST];
	size_t len;

	if (t->frontier.size == t->sealed.size)
		return true;
	(void)snprintf(c.origin, sizeof c.origin, "%s", t->origin);
	return seal_tiles(t, f) && lahetti_frontier_root(&t->frontier, &c.root, f) &&
	       lahetti_checkpoint_sign(&c, t->signer, note, &len, f) &&
	       ledger_checkpoint_add(t->store, c.size, lahetti_span(note, len), f);
}

void trail_committed(struct trail *t)
{
	t->sealed = t->frontier;
	t->sealed_us = t->last_us;
	t->n_pending = 0;
}

bool trail_revert(struct trail *t, struct lahetti_fault *f)
{
	t->last_us = 0;
	return load(t, f);
}

void trail_rebase(struct trail *t, struct store *store)
{
	t->store = store;
}
