#include "fsck.h"

#include "clients.h"
#include "directory.h"
#include "lahetti/dsse.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "ledger.h"
#include "project.h"
#include "proof.h"
#include "statements.h"
#include "trail.h"

#include <inttypes.h>
#include <lahetti/v1/audit.pb-c.h>
#include <lahetti/v1/record.pb-c.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check {
	struct store *store;
	struct store *shadow; /* every derived table, derived again */
	const struct fsck_options *options;
	struct fsck_result *result;
	struct lahetti_arena arena;
	struct lahetti_note_verifier *verifier;
	char origin[LAHETTI_KEY_NAME_MOST + 1];
	/* The tree as it grows, and the checkpoint that is next to be reached. */
	struct lahetti_frontier frontier;
	struct proof_source tiles;
	int64_t last_us;
	/* The event that is looked at. */
	const Lahetti__V1__AuditEvent *event;
};

__attribute__((format(printf, 3, 4))) static void found(struct check *c, const char *code,
							const char *format, ...)
{
	char text[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	c->result->findings++;
	c->options->found(c->options->context, code, text);
}

/* A fault of what is looked at is a finding; a fault of ours ends the check. True: it was a
 * finding. */
static bool finding(struct check *c, const char *what, uint64_t number,
		    const struct lahetti_fault *fault, struct lahetti_fault *f)
{
	if (fault->kind == LAHETTI_FAULT_BUSY || strcmp(fault->code, "no-memory") == 0) {
		*f = *fault;
		return false;
	}
	found(c, fault->code, "%s %" PRIu64 ": %s", what, number, fault->text);
	return true;
}

static bool same(struct lahetti_span a, const struct lahetti_digest *b)
{
	return lahetti_span_equal(a, lahetti_digest_span(b));
}

static bool column_is(const struct lahetti_id *column, ProtobufCBinaryData b)
{
	return b.len == 0 ? lahetti_id_empty(column)
			  : lahetti_span_equal(lahetti_id_span(column), lahetti_bytes_span(b));
}

/* Events: number, time, columns, leaf, tiles
 * ------------------------------------------------------------------------ */

/* Each entry that the growing tree makes must stand in the stored tiles. */
static bool compare_entry(void *context, unsigned level, uint64_t index,
			  const struct lahetti_digest *hash, struct lahetti_fault *f)
{
	struct check *c = context;
	struct lahetti_fault fault = {0};
	struct lahetti_digest stored;

	if (!c->tiles.hashes.entry(c->tiles.hashes.context, level, index, &stored, &fault))
		return finding(c, "tree entry", index, &fault, f);
	if (!lahetti_digest_equal(&stored, hash))
		found(c, "bad-tile",
		      "The tree's stored hash %" PRIu64 " of level %u is not that of its events.",
		      index, level);
	return true;
}

static bool check_event(void *context, const struct ledger_event *e, struct lahetti_fault *f)
{
	struct check *c = context;
	const struct lahetti_tile_sink sink = {.entry = compare_entry, .context = c};
	struct lahetti_fault fault = {0};
	const Lahetti__V1__AuditEvent *event;
	struct lahetti_digest leaf;

	c->result->events++;
	if (e->number != c->frontier.size) {
		found(c, "event-missing",
		      "Event %" PRIu64 " follows where %" PRIu64 " should stand.", e->number,
		      c->frontier.size);
		return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "event-missing",
					 "An event is missing.");
	}
	if (!lahetti_leaf_hash(&leaf, e->bytes, f) ||
	    !lahetti_frontier_add(&c->frontier, &leaf, &sink, f))
		return false;
	lahetti_arena_reset(&c->arena);
	event = lahetti_message_read(&lahetti__v1__audit_event__descriptor, e->bytes,
				     LAHETTI_MESSAGE_SIGNED, &c->arena, &fault);
	if (event == NULL)
		return finding(c, "event", e->number, &fault, f);
	if (event->number != e->number || event->time_us != e->time_us ||
	    (uint32_t)event->action != e->action || (uint32_t)event->outcome != e->outcome ||
	    !column_is(&e->organisation, event->organisation) ||
	    !column_is(&e->unit, event->unit) || !column_is(&e->controller, event->controller))
		found(c, "bad-column",
		      "A column beside event %" PRIu64 " is not what the event says.", e->number);
	if (event->time_us < c->last_us)
		found(c, "bad-time", "Event %" PRIu64 " is dated before the one before it.",
		      e->number);
	c->last_us = event->time_us;
	return true;
}

static bool check_checkpoint(void *context, uint64_t size, struct lahetti_span note,
			     struct lahetti_fault *f)
{
	struct check *c = context;
	struct lahetti_fault fault = {0};
	struct lahetti_checkpoint checkpoint;
	struct lahetti_digest root;

	c->result->checkpoints++;
	if (!lahetti_checkpoint_open(&checkpoint, note, c->verifier, c->origin, &fault))
		return finding(c, "checkpoint", size, &fault, f);
	if (checkpoint.size != size)
		found(c, "bad-column",
		      "The checkpoint stored for size %" PRIu64 " is for %" PRIu64 ".", size,
		      checkpoint.size);
	if (checkpoint.size > c->frontier.size) {
		found(c, "event-missing",
		      "A checkpoint is signed over %" PRIu64 " events, of which %" PRIu64
		      " are here.",
		      checkpoint.size, c->frontier.size);
		return true;
	}
	if (!lahetti_root(&root, checkpoint.size, &c->tiles.hashes, &fault))
		return finding(c, "checkpoint", size, &fault, f);
	if (!lahetti_digest_equal(&root, &checkpoint.root))
		found(c, "bad-root",
		      "The checkpoint over %" PRIu64 " events has another root than they have.",
		      size);
	return true;
}

/* The newest checkpoint must cover every event: a commit group ends with one. */
static bool check_newest(struct check *c, struct lahetti_fault *f)
{
	struct lahetti_buffer note;
	uint64_t at = 0;
	bool ok;

	lahetti_buffer_init(&note, LAHETTI_NOTE_MOST);
	ok = ledger_checkpoint_get(c->store, 0, &at, &note, f);
	if (ok && at != c->frontier.size)
		found(c, "checkpoint-missing",
		      "The newest checkpoint covers %" PRIu64 " of %" PRIu64 " events.", at,
		      c->frontier.size);
	lahetti_buffer_finish(&note);
	return ok;
}

/* Records: their digests in the event, and what they make
 * ----------------------------------------------------------- */

struct records {
	struct check *check;
	uint64_t event;
	struct lahetti_arena arena; /* of the event that holds the digests */
	const Lahetti__V1__AuditEvent *parsed;
	uint32_t next;
};

static const Lahetti__V1__AuditEvent *
load_event(struct check *c, uint64_t number, struct lahetti_arena *arena, struct lahetti_fault *f)
{
	const Lahetti__V1__AuditEvent *event = NULL;
	struct lahetti_buffer b;
	void *kept;

	lahetti_buffer_init(&b, 1 << 20);
	lahetti_arena_reset(arena);
	if (ledger_event_read(c->store, number, &b, f)) {
		kept = lahetti_arena_copy(arena, b.data, b.len);
		if (kept == NULL)
			(void)lahetti_fault_no_memory(f);
		else
			event = lahetti_message_read(&lahetti__v1__audit_event__descriptor,
						     lahetti_span(kept, b.len),
						     LAHETTI_MESSAGE_SIGNED, arena, f);
	}
	lahetti_buffer_finish(&b);
	return event;
}

static bool check_record(void *context, const struct ledger_record *r, struct lahetti_fault *f)
{
	struct records *records = context;
	struct check *c = records->check;
	struct lahetti_fault fault = {0};
	const Lahetti__V1__Record *record;
	struct lahetti_digest digest;

	c->result->records++;
	if (records->parsed == NULL || records->event != r->event) {
		records->event = r->event;
		records->next = 0;
		records->parsed = load_event(c, r->event, &records->arena, &fault);
		if (records->parsed == NULL)
			return finding(c, "records of event", r->event, &fault, f);
	}
	if (!trail_record_digest(r->salt, r->content, &digest, f))
		return false;
	if (r->n != records->next++ || r->n >= records->parsed->n_rows ||
	    !same(lahetti_bytes_span(records->parsed->rows[r->n]), &digest))
		found(c, "bad-record",
		      "Record %u of event %" PRIu64 " is not the one that the event commits to.",
		      r->n, r->event);
	lahetti_arena_reset(&c->arena);
	record = lahetti_message_read(&lahetti__v1__record__descriptor, r->content,
				      LAHETTI_MESSAGE_SIGNED, &c->arena, &fault);
	if (record == NULL ||
	    !project_record(c->shadow, r->event, r->n, r->time_us, record, &fault))
		return finding(c, "records of event", r->event, &fault, f);
	return true;
}

/* An event's records and parts must all be there; parts may be erased, with their client. */
static bool count_rows(void *context, const struct ledger_event *e, struct lahetti_fault *f);

/* Parts
 * -------------------------------------------------------------------------------------------------------------
 */

static bool check_part(struct check *c, uint64_t number, uint32_t n, struct lahetti_span commitment,
		       struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_buffer b;
	struct ledger_part part;
	const Lahetti__V1__StoredPart *stored;
	struct lahetti_digest digest;
	bool there = false, ok;
	bool actor = n == UINT32_MAX;

	lahetti_buffer_init(&b, 1 << 20);
	ok = actor ? ledger_actor_open(c->store, number, &part, &b, &there, &fault)
		   : ledger_subject_open(c->store, number, n, &part, &b, &there, &fault);
	c->result->parts++;
	if (!ok && strcmp(fault.code, "key-destroyed") == 0) {
		c->result->erased++;
		lahetti_buffer_finish(&b);
		return true;
	}
	if (ok && !there)
		ok = lahetti_fault_set(&fault, LAHETTI_FAULT_INVALID, "part-missing",
				       "A part is missing.");
	lahetti_arena_reset(&c->arena);
	stored = ok ? lahetti_message_read(&lahetti__v1__stored_part__descriptor,
					   lahetti_buffer_span(&b), LAHETTI_MESSAGE_SIGNED,
					   &c->arena, &fault)
		    : NULL;
	if (stored == NULL || stored->part == NULL) {
		lahetti_buffer_finish(&b);
		return fault.kind == LAHETTI_FAULT_NONE ||
		       finding(c, "parts of event", number, &fault, f);
	}
	ok = trail_part_digest(lahetti_bytes_span(stored->part->salt),
			       lahetti_bytes_span(stored->part->part), &digest, f);
	if (ok && !same(commitment, &digest))
		found(c, "bad-part",
		      "A part of event %" PRIu64 " is not the one that the event commits to.",
		      number);
	if (ok && actor) {
		const Lahetti__V1__ActorPart *who =
			lahetti_message_read(&lahetti__v1__actor_part__descriptor,
					     lahetti_bytes_span(stored->part->part),
					     LAHETTI_MESSAGE_SIGNED, &c->arena, &fault);

		if (who == NULL || !column_is(&part.holder, who->user))
			found(c, "bad-column",
			      "The user beside event %" PRIu64 " is not the event's.", number);
	} else if (ok) {
		const Lahetti__V1__SubjectPart *whom =
			lahetti_message_read(&lahetti__v1__subject_part__descriptor,
					     lahetti_bytes_span(stored->part->part),
					     LAHETTI_MESSAGE_SIGNED, &c->arena, &fault);
		struct lahetti_digest previous;
		struct ledger_chain chain;

		ok = ledger_chain_get(c->shadow, &part.holder, &chain, f);
		if (ok && (whom == NULL || !column_is(&part.holder, whom->client)))
			found(c, "bad-column",
			      "The client beside event %" PRIu64 " is not the event's.", number);
		if (ok && whom != NULL && stored->link != NULL) {
			chain.parts++;
			previous = chain.head;
			ok = trail_link_digest(lahetti_bytes_span(stored->link->salt),
					       stored->link->number, &previous, &digest, f);
			if (ok && (stored->link->number != chain.parts ||
				   !same(lahetti_bytes_span(stored->link->previous), &previous) ||
				   !same(lahetti_bytes_span(whom->link), &digest)))
				found(c, "bad-link",
				      "The chain of a client's parts is broken at event %" PRIu64
				      ".",
				      number);
		}
		if (ok && commitment.len == sizeof chain.head.bytes) {
			memcpy(chain.head.bytes, commitment.data, commitment.len);
			ok = ledger_chain_put(c->shadow, &part.holder, &chain, f);
		}
	}
	lahetti_buffer_finish(&b);
	return ok;
}

static bool count_rows(void *context, const struct ledger_event *e, struct lahetti_fault *f)
{
	struct records *records = context;
	struct check *c = records->check;
	struct lahetti_fault fault = {0};
	uint32_t subjects;

	lahetti_arena_reset(&records->arena);
	records->parsed = lahetti_message_read(&lahetti__v1__audit_event__descriptor, e->bytes,
					       LAHETTI_MESSAGE_SIGNED, &records->arena, &fault);
	if (records->parsed == NULL)
		return true; /* said already */
	if (!ledger_subject_count(c->store, e->number, &subjects, f))
		return false;
	if (subjects > records->parsed->n_subjects)
		found(c, "bad-part", "Event %" PRIu64 " has more parts than it commits to.",
		      e->number);
	if (records->parsed->actor.len > 0 &&
	    !check_part(c, e->number, UINT32_MAX, lahetti_bytes_span(records->parsed->actor), f))
		return false;
	for (uint32_t i = 0; i < records->parsed->n_subjects; i++)
		if (!check_part(c, e->number, i, lahetti_bytes_span(records->parsed->subjects[i]),
				f))
			return false;
	return true;
}

/* How many records each event has, against how many it commits to. */
struct counting {
	struct check *check;
	struct lahetti_arena arena;
	uint64_t n;
};

static bool count_record(void *context, const struct ledger_record *r, struct lahetti_fault *f)
{
	(void)r;
	(void)f;
	((struct counting *)context)->n++;
	return true;
}

static bool count_committed(void *context, const struct ledger_event *e, struct lahetti_fault *f)
{
	struct counting *counting = context;
	struct lahetti_fault fault = {0};
	const Lahetti__V1__AuditEvent *event;

	lahetti_arena_reset(&counting->arena);
	event = lahetti_message_read(&lahetti__v1__audit_event__descriptor, e->bytes,
				     LAHETTI_MESSAGE_SIGNED, &counting->arena, &fault);
	if (event == NULL)
		return true;
	counting->n = 0;
	if (!ledger_records_each(counting->check->store, e->number, e->number + 1, count_record,
				 counting, f))
		return false;
	if (counting->n != event->n_rows)
		found(counting->check, "record-missing",
		      "Event %" PRIu64 " commits to %zu records, of which %" PRIu64 " are here.",
		      e->number, event->n_rows, counting->n);
	return true;
}

/* Statements
 * --------------------------------------------------------------------------------------------------------
 */

static bool signed_by_registered(struct check *c, const struct statements_row *row,
				 const struct lahetti_envelope *e, struct lahetti_fault *fault)
{
	const Lahetti__V1__DirectoryEntry *device =
		directory_find(c->store, DIRECTORY_DEVICE, lahetti_digest_span(&e->key_id),
			       row->accepted_us, &c->arena, fault);
	struct lahetti_public_key *key;
	bool ok;

	if (device == NULL)
		return fault->kind == LAHETTI_FAULT_NONE
			       ? lahetti_fault_set(
					 fault, LAHETTI_FAULT_INVALID, "wrong-key",
					 "It is signed by a key that was not enrolled then.")
			       : false;
	key = lahetti_public_key_read(lahetti_bytes_span(device->device->spki), fault);
	ok = key != NULL && lahetti_envelope_verify(e, LAHETTI_TYPE_STATEMENT, key, fault);
	lahetti_public_key_destroy(key);
	return ok;
}

static bool check_statement(void *context, const struct statements_row *row,
			    struct lahetti_fault *f)
{
	struct check *c = context;
	struct lahetti_fault fault = {0};
	struct lahetti_buffer b;
	struct lahetti_envelope envelope;
	struct lahetti_statement statement;
	struct lahetti_digest digest;
	bool ok;

	c->result->statements++;
	if (row->erased) {
		c->result->erased++;
		return true;
	}
	lahetti_buffer_init(&b, 1 << 24);
	lahetti_arena_reset(&c->arena);
	ok = statements_read(c->store, &row->id, &row->organisation, &b, &fault) &&
	     lahetti_envelope_read(&envelope, lahetti_buffer_span(&b), &c->arena, &fault) &&
	     lahetti_sha256(&digest, &envelope.payload, 1, &fault) &&
	     lahetti_statement_read(&statement, envelope.payload, &c->arena, &fault);
	if (!ok && strcmp(fault.code, "key-destroyed") == 0) {
		c->result->erased++;
		ok = true;
	} else if (!ok) {
		ok = finding(c, "statement accepted in event", row->event, &fault, f);
	} else {
		if (!lahetti_digest_equal(&digest, &row->sha256))
			found(c, "bad-statement",
			      "The statement accepted in event %" PRIu64 " has another digest.",
			      row->event);
		if (statement.header->kind != row->kind ||
		    !column_is(&row->id, statement.header->id) ||
		    !column_is(&row->author, statement.header->author) ||
		    !column_is(&row->client, statement.header->client) ||
		    !column_is(&row->case_id, statement.header->case_id) ||
		    !column_is(&row->organisation, statement.header->organisation) ||
		    !column_is(&row->unit, statement.header->unit))
			found(c, "bad-column",
			      "A column beside the statement of event %" PRIu64
			      " is not what it says.",
			      row->event);
		if (!signed_by_registered(c, row, &envelope, &fault))
			ok = finding(c, "statement accepted in event", row->event, &fault, f);
	}
	lahetti_buffer_finish(&b);
	return ok;
}

/* Derived tables
 * ----------------------------------------------------------------------------------------------------
 */

/* The digest of each table's rows, for two stores; where they differ, the first row that does is
 * looked for. */
struct dump {
	struct check *check;
	char table[64];
	uint64_t rows;
	struct lahetti_digest running;
	struct {
		char table[64];
		uint64_t rows;
		struct lahetti_digest digest;
	} tables[64];
	size_t n;
};

static bool dump_row(void *context, const char *table, struct lahetti_span text,
		     struct lahetti_fault *f)
{
	struct dump *d = context;
	size_t i = d->n;

	if (i == 0 || strcmp(d->tables[i - 1].table, table) != 0) {
		if (i == sizeof d->tables / sizeof *d->tables)
			return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "too-many-tables",
						 "There are more tables than fsck compares.");
		memset(&d->tables[i], 0, sizeof d->tables[i]);
		(void)snprintf(d->tables[i].table, sizeof d->tables[i].table, "%s", table);
		d->n = ++i;
	}
	d->tables[i - 1].rows++;
	const struct lahetti_span spans[] = {lahetti_digest_span(&d->tables[i - 1].digest), text};
	struct lahetti_digest next;

	if (!lahetti_sha256(&next, spans, 2, f))
		return false;
	d->tables[i - 1].digest = next;
	return true;
}

static bool find_table(const struct dump *d, const char *table, size_t *at)
{
	for (*at = 0; *at < d->n; (*at)++)
		if (strcmp(d->tables[*at].table, table) == 0)
			return true;
	return false;
}

static bool check_tables(struct check *c, struct lahetti_fault *f)
{
	struct dump *dumps = calloc(2, sizeof *dumps);
	bool ok = dumps != NULL || lahetti_fault_no_memory(f);
	size_t at;

	ok = ok && store_dump(c->store, dump_row, &dumps[0], f) &&
	     store_dump(c->shadow, dump_row, &dumps[1], f);
	for (int side = 0; ok && side < 2; side++)
		for (size_t i = 0; i < dumps[side].n; i++) {
			const char *table = dumps[side].tables[i].table;
			bool there = find_table(&dumps[1 - side], table, &at);

			if (!there ||
			    (side == 0 && (dumps[0].tables[i].rows != dumps[1].tables[at].rows ||
					   !lahetti_digest_equal(&dumps[0].tables[i].digest,
								 &dumps[1].tables[at].digest))))
				found(c, "bad-table",
				      "The table %s (%" PRIu64
				      " rows) is not what the records of the trail make it.",
				      table, dumps[side].tables[i].rows);
		}
	free(dumps);
	return ok;
}

static void complaint(void *context, const char *text)
{
	found(context, "db-corrupt", "The database: %s", text);
}

bool fsck(struct store *s, const struct fsck_options *options, struct fsck_result *result,
	  struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct check *c = calloc(1, sizeof *c);
	struct records records = {.check = c};
	struct counting counting = {.check = c};
	bool ok = false;

	*result = (struct fsck_result){0};
	if (c == NULL)
		return lahetti_fault_no_memory(f);
	c->store = s;
	c->options = options;
	c->result = result;
	proof_source_init(&c->tiles, s);
	(void)snprintf(c->origin, sizeof c->origin, "%s/%u", options->server_name,
		       options->generation);
	c->verifier = lahetti_note_verifier_read(options->log_key, f);
	c->shadow = store_open(NULL, NULL, STORE_SHADOW, f);
	if (c->verifier == NULL || c->shadow == NULL ||
	    !lahetti_arena_init(&c->arena, 1 << 24, f) ||
	    !lahetti_arena_init(&records.arena, 1 << 22, f) ||
	    !lahetti_arena_init(&counting.arena, 1 << 22, f))
		goto out;
	ok = store_begin(c->shadow, &fault) && store_check(s, complaint, c, &fault) &&
	     ledger_events_each(s, 0, check_event, c, &fault) && check_newest(c, &fault) &&
	     ledger_checkpoints_each(s, check_checkpoint, c, &fault) &&
	     ledger_records_each(s, 0, INT64_MAX, check_record, &records, &fault) &&
	     ledger_events_each(s, 0, count_committed, &counting, &fault) &&
	     ledger_events_each(s, 0, count_rows, &records, &fault) &&
	     statements_each(s, check_statement, c, &fault) && check_tables(c, &fault);
	/* A database that can't be read to its end is a finding too; what is ours or passing is
	 * not. */
	if (!ok) {
		if (fault.kind == LAHETTI_FAULT_BUSY || strcmp(fault.code, "no-memory") == 0) {
			*f = fault;
		} else {
			if (result->findings == 0 || strcmp(fault.code, "event-missing") != 0)
				found(c, fault.code, "%s", fault.text);
			ok = true;
		}
	}
out:
	lahetti_arena_finish(&records.arena);
	lahetti_arena_finish(&counting.arena);
	store_rollback(c->shadow);
	store_close(c->shadow);
	lahetti_note_verifier_destroy(c->verifier);
	lahetti_arena_finish(&c->arena);
	free(c);
	return ok;
}
