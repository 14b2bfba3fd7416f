#include "fsck.h"

#include "attachments.h"
#include "clients.h"
#include "directory.h"
#include "erasures.h"
#include "lahetti/act.h"
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

/*
 * How nothing escapes. The events come first, each with what it commits to. What their records
 * make is made again in the shadow, a store in memory, and compared as a whole. The rows of the
 * other tables are looked for where an event, a statement or a client says that there is one, and
 * counted; so one that is missing is missed, and one that nothing speaks of is one too many. What
 * is gone must have been erased: the journal beside the database tells.
 */

enum counted {
	COUNT_EVENT,
	COUNT_RECORD,
	COUNT_ACTOR,
	COUNT_SUBJECT,
	COUNT_TILE,
	COUNT_CHECKPOINT,
	COUNT_CLIENT_KEY,
	COUNT_IDENTITY,
	COUNT_CONTENT,
	COUNT_CONTENT_KEY,
	COUNT_ATTACHMENT,
	COUNTED
};
static const char *const counted[COUNTED] = {
	[COUNT_EVENT] = "event",
	[COUNT_RECORD] = "record",
	[COUNT_ACTOR] = "actor",
	[COUNT_SUBJECT] = "subject",
	[COUNT_TILE] = "tile",
	[COUNT_CHECKPOINT] = "checkpoint",
	[COUNT_CLIENT_KEY] = "client_key",
	[COUNT_IDENTITY] = "identity",
	[COUNT_CONTENT] = "content",
	[COUNT_CONTENT_KEY] = "content_key",
	[COUNT_ATTACHMENT] = "attachment",
};

#define SCOPE(NAME) LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_##NAME

#define LEVELS	     8		/* of tiles */
#define NO_PART	     UINT32_MAX /* in place of a subject part's number: the actor's */
#define PART_MOST    (1u << 20)
#define CONTENT_MOST (1u << 24)
#define ARENA_LEN    (1u << 23) /* several times what the desk had to make it */

/* From one restore to the next. */
struct generation {
	uint32_t number;
	uint64_t from; /* its first event */
	struct lahetti_note_verifier *verifier;
};

struct check {
	struct store *store;
	struct store *shadow; /* what can be derived, derived again */
	const struct fsck_options *options;
	struct fsck_result *result;
	struct generation *generations; /* in order */
	size_t n_generations, room_generations;
	struct lahetti_frontier frontier; /* the tree as it grows */
	struct proof_source tiles;	  /* the tree as it is stored */
	int64_t last_us;
	uint64_t seen[COUNTED]; /* rows that have been found in their places */
	/* The event that is looked at, in an arena of its own, and how many records it has. */
	struct lahetti_arena event_arena;
	const Lahetti__V1__AuditEvent *event;
	uint32_t n_records;
	struct lahetti_arena arena; /* of one record, part, identity or statement */
	/* The lines of the erasure journal, by client. */
	struct vault_erasure *erased;
	size_t n_erased, room_erased;
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

/* A fault of what is looked at is a finding; a fault of ours ends the check. */
static bool ours(const struct lahetti_fault *fault)
{
	return fault->kind == LAHETTI_FAULT_BUSY || strcmp(fault->code, "no-memory") == 0;
}

static bool finding(struct check *c, const char *what, uint64_t number,
		    const struct lahetti_fault *fault, struct lahetti_fault *f)
{
	if (ours(fault)) {
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

/* Erasures
 * ----------------------------------------------------------------------------------------------------------
 */

static bool note_erasure(void *context, const struct vault_erasure *e, struct lahetti_fault *f)
{
	struct check *c = context;

	if (c->n_erased == c->room_erased) {
		size_t room = c->room_erased == 0 ? 64 : 2 * c->room_erased;
		struct vault_erasure *grown = realloc(c->erased, room * sizeof *grown);

		if (grown == NULL)
			return lahetti_fault_no_memory(f);
		c->erased = grown;
		c->room_erased = room;
	}
	c->erased[c->n_erased++] = *e;
	return true;
}

static int compare_clients(const void *a, const void *b)
{
	return memcmp(&((const struct vault_erasure *)a)->client,
		      &((const struct vault_erasure *)b)->client, sizeof(struct lahetti_id));
}

static bool read_journal(struct check *c, struct lahetti_fault *f)
{
	if (!vault_journal_read(store_vault(c->store), note_erasure, c, f))
		return false;
	if (c->n_erased > 0)
		qsort(c->erased, c->n_erased, sizeof *c->erased, compare_clients);
	return true;
}

/* Where the lines about a client begin. */
static size_t erasures_of(const struct check *c, const struct lahetti_id *client)
{
	size_t low = 0, high = c->n_erased;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (memcmp(&c->erased[middle].client, client, sizeof *client) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Whether the journal names it: of a client this much or more, or that one statement of theirs. */
static bool is_erased(const struct check *c, const struct lahetti_id *client, uint32_t scope,
		      const struct lahetti_id *statement)
{
	for (size_t i = erasures_of(c, client);
	     i < c->n_erased && lahetti_id_equal(&c->erased[i].client, client); i++) {
		const struct vault_erasure *e = &c->erased[i];

		if (e->scope == SCOPE(STATEMENT)
			    ? statement != NULL && lahetti_id_equal(&e->statement, statement)
			    : e->scope >= scope)
			return true;
	}
	return false;
}

/* What the trail says was erased the journal names: a copy of the database would bring it back. */
static bool check_done(void *context, const struct erasures_row *row, struct lahetti_fault *f)
{
	struct check *c = context;
	bool named = false;

	(void)f;
	for (size_t i = erasures_of(c, &row->client);
	     i < c->n_erased && lahetti_id_equal(&c->erased[i].client, &row->client); i++)
		named = named || lahetti_id_equal(&c->erased[i].erasure, &row->id);
	if (!named)
		found(c, "journal-missing",
		      "The erasure recorded in event %" PRIu64 " is not in the erasure journal.",
		      row->ended);
	return true;
}

/* A key that has been destroyed. Whether it should have been is asked once, of its client. */
static bool destroyed(struct check *c, const struct lahetti_fault *fault)
{
	if (strcmp(fault->code, "key-destroyed") != 0)
		return false;
	c->result->erased++;
	return true;
}

static bool check_key(struct check *c, const struct lahetti_id *client, enum clients_key which,
		      struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_secret key;
	char text[LAHETTI_ID_TEXT_LEN + 1];
	bool ok = clients_key(c->store, client, which, &key, &fault);
	bool erased = is_erased(
		c, client, which == CLIENTS_IDENTITY_KEY ? SCOPE(IDENTITY) : SCOPE(CONTENT), NULL);

	lahetti_wipe(&key, sizeof key);
	if (ok ? !erased : (strcmp(fault.code, "key-destroyed") == 0 && erased))
		return true;
	if (!ok && ours(&fault)) {
		*f = fault;
		return false;
	}
	lahetti_id_format(client, text);
	if (ok)
		found(c, "not-erased",
		      "The %s key of client %s, whose erasure the journal names, is there: lahettid run "
		      "erases it again.",
		      which == CLIENTS_IDENTITY_KEY ? "identity" : "content", text);
	else
		found(c, fault.code, "The %s key of client %s, of whom no erasure is known: %s",
		      which == CLIENTS_IDENTITY_KEY ? "identity" : "content", text, fault.text);
	return true;
}

static bool check_client(void *context, const struct lahetti_id *client,
			 const struct clients_row *row, struct lahetti_fault *f)
{
	struct check *c = context;

	if (row->has_keys)
		c->seen[COUNT_CLIENT_KEY]++;
	return check_key(c, client, CLIENTS_IDENTITY_KEY, f) &&
	       check_key(c, client, CLIENTS_CONTENT_KEY, f);
}

/* Generations
 * ----------------------------------------------------------------------------------------------------------
 */

static bool begin_generation(struct check *c, uint32_t number, uint64_t from,
			     struct lahetti_fault *f)
{
	char vkey[LAHETTI_VKEY_MOST + 1];
	struct lahetti_note_verifier *verifier;

	if (c->n_generations == c->room_generations) {
		size_t room = c->room_generations == 0 ? 4 : 2 * c->room_generations;
		struct generation *grown = realloc(c->generations, room * sizeof *grown);

		if (grown == NULL)
			return lahetti_fault_no_memory(f);
		c->generations = grown;
		c->room_generations = room;
	}
	if (!c->options->log_key(c->options->context, number, vkey, f))
		return false;
	verifier = lahetti_note_verifier_read(vkey, f);
	if (verifier == NULL)
		return false;
	c->generations[c->n_generations++] =
		(struct generation){.number = number, .from = from, .verifier = verifier};
	return true;
}

static void finish_generations(struct check *c)
{
	for (size_t i = 0; i < c->n_generations; i++)
		lahetti_note_verifier_destroy(c->generations[i].verifier);
	free(c->generations);
}

/* In which the last of the first `size` events stands. */
static const struct generation *generation_of(const struct check *c, uint64_t size)
{
	size_t i = c->n_generations - 1;

	while (i > 0 && c->generations[i].from >= size)
		i--;
	return &c->generations[i];
}

/* A checkpoint that a restore names is of a generation that it ended, or of one that was lost
 * between them, which has left nothing else here. */
static bool open_newest(struct check *c, struct lahetti_span note, uint32_t below,
			struct lahetti_checkpoint *checkpoint, struct lahetti_fault *fault)
{
	struct lahetti_note_verifier *verifier;
	char vkey[LAHETTI_VKEY_MOST + 1];
	uint32_t number;
	size_t len;
	bool ok;

	if (!lahetti_checkpoint_parse(checkpoint, note, fault))
		return false;
	number = lahetti_generation_of(checkpoint->origin, &len);
	if (number == 0 || number >= below)
		return lahetti_fault_set(fault, LAHETTI_FAULT_INVALID, "wrong-origin",
					 "Its newest checkpoint is of no earlier generation.");
	if (!c->options->log_key(c->options->context, number, vkey, fault))
		return false;
	verifier = lahetti_note_verifier_read(vkey, fault);
	ok = verifier != NULL &&
	     lahetti_checkpoint_open(checkpoint, note, verifier,
				     lahetti_note_verifier_name(verifier), fault);
	lahetti_note_verifier_destroy(verifier);
	return ok;
}

/* The first event of a generation: what it says of the ones before. */
static bool check_restore(struct check *c, struct lahetti_fault *f)
{
	const Lahetti__V1__AuditEvent *e = c->event;
	struct lahetti_fault fault = {0};
	struct lahetti_checkpoint newest;
	struct lahetti_buffer last;
	uint64_t at;
	bool ok;

	lahetti_buffer_init(&last, LAHETTI_NOTE_MOST);
	ok = ledger_checkpoint_get(c->store, e->number, &at, &last, f);
	if (ok && (at != e->number || !lahetti_span_equal(lahetti_buffer_span(&last),
							  lahetti_bytes_span(e->last_checkpoint))))
		found(c, "bad-restore",
		      "The restore of event %" PRIu64
		      " does not name the checkpoint that stands before it.",
		      e->number);
	lahetti_buffer_finish(&last);
	if (!ok)
		return false;
	if (e->generation <= c->generations[c->n_generations - 1].number) {
		found(c, "bad-restore",
		      "The restore of event %" PRIu64 " begins no later generation than it ends.",
		      e->number);
		return true;
	}
	if (e->newest_checkpoint.len > 0 &&
	    !open_newest(c, lahetti_bytes_span(e->newest_checkpoint), e->generation, &newest,
			 &fault) &&
	    !finding(c, "the restore of event", e->number, &fault, f))
		return false;
	return begin_generation(c, e->generation, e->number, f);
}

static void check_last_generation(struct check *c)
{
	uint32_t last = c->generations[c->n_generations - 1].number;

	if (last != c->options->generation)
		found(c, "wrong-generation",
		      "The database says that it is of generation %u, its events are of %u.",
		      c->options->generation, last);
}

/* The tree
 * ----------------------------------------------------------------------------------------------------------
 */

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

static bool grow_tree(struct check *c, struct lahetti_span leaf, struct lahetti_fault *f)
{
	const struct lahetti_tile_sink sink = {.entry = compare_entry, .context = c};
	struct lahetti_digest hash;

	return lahetti_leaf_hash(&hash, leaf, f) &&
	       lahetti_frontier_add(&c->frontier, &hash, &sink, f);
}

/* No tile holds more than the entries that were compared. */
static bool check_last_tiles(struct check *c, struct lahetti_fault *f)
{
	struct lahetti_digest hashes[LAHETTI_TILE_WIDTH];
	struct lahetti_fault fault = {0};
	uint64_t entries = c->frontier.size;
	size_t n;

	for (unsigned level = 0; level < LEVELS; level++, entries /= LAHETTI_TILE_WIDTH) {
		uint64_t full = entries / LAHETTI_TILE_WIDTH, rest = entries % LAHETTI_TILE_WIDTH;

		c->seen[COUNT_TILE] += full + (rest > 0);
		if (rest == 0)
			continue;
		if (!ledger_tile_get(c->store, level, full, hashes, &n, &fault)) {
			if (!finding(c, "the last tile of level", level, &fault, f))
				return false;
		} else if (n > rest)
			found(c, "bad-tile",
			      "The last tile of level %u holds more hashes than there are.", level);
	}
	return true;
}

static bool check_checkpoint(void *context, uint64_t size, struct lahetti_span note,
			     struct lahetti_fault *f)
{
	struct check *c = context;
	struct lahetti_fault fault = {0};
	const struct lahetti_note_verifier *verifier = generation_of(c, size)->verifier;
	struct lahetti_checkpoint checkpoint;
	struct lahetti_digest root;

	c->result->checkpoints++;
	if (!lahetti_checkpoint_open(&checkpoint, note, verifier,
				     lahetti_note_verifier_name(verifier), &fault))
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

/* Each commit group ended with a checkpoint: over the events before the first of the next group,
 * or over all of them. */
static bool want_checkpoint(struct check *c, uint64_t size, struct lahetti_fault *f)
{
	struct lahetti_buffer note;
	uint64_t at;
	bool ok;

	if (size == 0)
		return true;
	lahetti_buffer_init(&note, LAHETTI_NOTE_MOST);
	ok = ledger_checkpoint_get(c->store, size, &at, &note, f);
	lahetti_buffer_finish(&note);
	if (ok && at == size)
		c->seen[COUNT_CHECKPOINT]++;
	else if (ok)
		found(c, "checkpoint-missing",
		      "The checkpoint over the first %" PRIu64 " events is not there.", size);
	return ok;
}

/* What an event commits to: records
 * ----------------------------------------------------------------------------------------------------
 */

/* What was recorded of a client's identity lies sealed beside the record. */
static bool check_identity(struct check *c, ProtobufCBinaryData client, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__ClientIdentity *identity;
	struct lahetti_id id;
	uint64_t number = c->event->number;
	bool there = false;

	if (!lahetti_id_read(&id, lahetti_bytes_span(client), &fault))
		return finding(c, "identity recorded in event", number, &fault, f);
	identity = clients_identity_at(c->store, &id, number, &there, &c->arena, &fault);
	c->seen[COUNT_IDENTITY] += there;
	if (there && is_erased(c, &id, SCOPE(IDENTITY), NULL))
		found(c, "not-erased",
		      "The identity recorded in event %" PRIu64
		      " is there, though the journal names its erasure.",
		      number);
	if (identity != NULL && clients_index(c->shadow, &id, identity, &fault))
		return true;
	if (fault.kind != LAHETTI_FAULT_NONE)
		return destroyed(c, &fault) ||
		       finding(c, "identity recorded in event", number, &fault, f);
	if (!is_erased(c, &id, SCOPE(IDENTITY), NULL))
		found(c, "identity-missing",
		      "The identity recorded in event %" PRIu64 " is not there.", number);
	return true;
}

static bool check_record(void *context, const struct ledger_record *r, struct lahetti_fault *f)
{
	struct check *c = context;
	struct lahetti_fault fault = {0};
	const Lahetti__V1__Record *record;
	struct lahetti_digest digest;
	uint32_t n = c->n_records++;

	c->result->records++;
	c->seen[COUNT_RECORD]++;
	if (!trail_record_digest(r->salt, r->content, &digest, &fault))
		return finding(c, "records of event", r->event, &fault, f);
	if (r->n != n || n >= c->event->n_rows ||
	    !same(lahetti_bytes_span(c->event->rows[n]), &digest)) {
		found(c, "bad-record",
		      "Record %u of event %" PRIu64 " is not the one that the event commits to.",
		      r->n, r->event);
		return true;
	}
	lahetti_arena_reset(&c->arena);
	record = lahetti_message_read(&lahetti__v1__record__descriptor, r->content,
				      LAHETTI_MESSAGE_SIGNED, &c->arena, &fault);
	if (record == NULL ||
	    !project_record(c->shadow, r->event, r->n, r->time_us, record, &fault))
		return finding(c, "records of event", r->event, &fault, f);
	return record->record_case != LAHETTI__V1__RECORD__RECORD_IDENTITY_RECORDED ||
	       check_identity(c, record->identity_recorded->client, f);
}

static bool check_records(struct check *c, struct lahetti_fault *f)
{
	uint64_t number = c->event->number;

	c->n_records = 0;
	if (!ledger_records_each(c->store, number, number + 1, check_record, c, f))
		return false;
	if (c->n_records < c->event->n_rows)
		found(c, "record-missing",
		      "Event %" PRIu64 " commits to %zu records, of which %u are here.", number,
		      c->event->n_rows, c->n_records);
	return true;
}

/* What an event commits to: parts
 * ----------------------------------------------------------------------------------------------------
 */

/* A part as it is stored, and whether it is there. *stored stays NULL where it has been erased, or
 * is not what the event commits to; that has been said. */
static bool open_part(struct check *c, uint32_t n, struct lahetti_span commitment,
		      struct ledger_part *part, bool *there, const Lahetti__V1__StoredPart **stored,
		      struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__StoredPart *read = NULL;
	struct lahetti_digest digest;
	struct lahetti_buffer b;
	uint64_t number = c->event->number;
	bool ok;

	*stored = NULL;
	*there = false;
	c->result->parts++;
	lahetti_arena_reset(&c->arena);
	lahetti_buffer_init(&b, PART_MOST);
	ok = n == NO_PART ? ledger_actor_open(c->store, number, part, &b, there, &fault)
			  : ledger_subject_open(c->store, number, n, part, &b, there, &fault);
	c->seen[n == NO_PART ? COUNT_ACTOR : COUNT_SUBJECT] += *there;
	if (ok && !*there)
		ok = lahetti_fault_set(&fault, LAHETTI_FAULT_INVALID, "part-missing",
				       "A part is missing.");
	ok = ok && (read = lahetti_message_read(&lahetti__v1__stored_part__descriptor,
						lahetti_buffer_span(&b), LAHETTI_MESSAGE_SIGNED,
						&c->arena, &fault)) != NULL;
	if (ok && (read->part == NULL || (n != NO_PART && read->link == NULL)))
		ok = lahetti_fault_set(&fault, LAHETTI_FAULT_INVALID, "bad-part",
				       "What is sealed is not a part.");
	ok = ok && trail_part_digest(lahetti_bytes_span(read->part->salt),
				     lahetti_bytes_span(read->part->part), &digest, &fault);
	lahetti_buffer_finish(&b);
	if (!ok)
		return destroyed(c, &fault) || finding(c, "parts of event", number, &fault, f);
	if (same(commitment, &digest))
		*stored = read;
	else
		found(c, "bad-part",
		      "A part of event %" PRIu64 " is not the one that the event commits to.",
		      number);
	return true;
}

static bool check_actor(struct check *c, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__StoredPart *stored;
	const Lahetti__V1__ActorPart *who;
	struct ledger_part part;
	bool there;

	if (c->event->actor.len == 0)
		return true;
	if (!open_part(c, NO_PART, lahetti_bytes_span(c->event->actor), &part, &there, &stored, f))
		return false;
	if (stored == NULL)
		return true;
	who = lahetti_message_read(&lahetti__v1__actor_part__descriptor,
				   lahetti_bytes_span(stored->part->part), LAHETTI_MESSAGE_SIGNED,
				   &c->arena, &fault);
	if (who == NULL)
		return finding(c, "parts of event", c->event->number, &fault, f);
	if (!column_is(&part.holder, who->user) ||
	    !column_is(&part.controller, c->event->organisation))
		found(c, "bad-column",
		      "The user or the controller beside event %" PRIu64 " is not the event's.",
		      c->event->number);
	return true;
}

/* Whether an opened part names its client and continues that client's chain. */
static bool check_link(struct check *c, const struct ledger_part *part,
		       const Lahetti__V1__StoredPart *stored, const struct ledger_chain *chain,
		       struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	const Lahetti__V1__OpenedLink *link = stored->link;
	const Lahetti__V1__SubjectPart *whom;
	struct lahetti_digest digest;

	whom = lahetti_message_read(&lahetti__v1__subject_part__descriptor,
				    lahetti_bytes_span(stored->part->part), LAHETTI_MESSAGE_SIGNED,
				    &c->arena, &fault);
	if (whom == NULL || !trail_link_digest(lahetti_bytes_span(link->salt), chain->parts + 1,
					       &chain->head, &digest, &fault))
		return finding(c, "parts of event", part->event, &fault, f);
	if (!column_is(&part->holder, whom->client))
		found(c, "bad-column", "The client beside event %" PRIu64 " is not the event's.",
		      part->event);
	if (link->number != chain->parts + 1 ||
	    !same(lahetti_bytes_span(link->previous), &chain->head) ||
	    !same(lahetti_bytes_span(whom->link), &digest))
		found(c, "bad-link",
		      "The chain of a client's parts is broken at event %" PRIu64 ".", part->event);
	return true;
}

/* An erased part still has its number and its commitment in its client's chain. */
static bool check_subject(struct check *c, uint32_t n, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	ProtobufCBinaryData commitment = c->event->subjects[n];
	const Lahetti__V1__StoredPart *stored;
	struct ledger_part part;
	struct ledger_chain chain;
	struct clients_row client;
	bool there, known;

	if (!open_part(c, n, lahetti_bytes_span(commitment), &part, &there, &stored, f))
		return false;
	if (!there || lahetti_id_empty(&part.holder) || commitment.len != sizeof chain.head.bytes)
		return true; /* said already */
	if (!clients_find(c->shadow, &part.holder, &client, &known, &fault) ||
	    !ledger_chain_get(c->shadow, &part.holder, &chain, &fault))
		return finding(c, "parts of event", part.event, &fault, f);
	if (!known || !lahetti_id_equal(&client.controller, &part.controller)) {
		found(c, "bad-column",
		      "The client or the controller beside event %" PRIu64 " is not the event's.",
		      part.event);
		return true;
	}
	if (stored != NULL && !check_link(c, &part, stored, &chain, f))
		return false;
	chain.parts++;
	memcpy(chain.head.bytes, commitment.data, commitment.len);
	return ledger_chain_put(c->shadow, &part.holder, &chain, &fault) ||
	       finding(c, "parts of event", part.event, &fault, f);
}

/* Events
 * ------------------------------------------------------------------------------------------------------------
 */

static bool check_event(void *context, const struct ledger_event *e, struct lahetti_fault *f)
{
	struct check *c = context;
	struct lahetti_fault fault = {0};
	const Lahetti__V1__AuditEvent *event;

	c->result->events++;
	c->seen[COUNT_EVENT]++;
	if (e->number != c->frontier.size)
		return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "event-missing",
					 "Event %" PRIu64 " stands where %" PRIu64 " should.",
					 e->number, c->frontier.size);
	if (!grow_tree(c, e->bytes, f))
		return false;
	lahetti_arena_reset(&c->event_arena);
	c->event = event = lahetti_message_read(&lahetti__v1__audit_event__descriptor, e->bytes,
						LAHETTI_MESSAGE_SIGNED, &c->event_arena, &fault);
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
	/* A tampered number must not lead to another event's records and parts. */
	if (event->number != e->number)
		return true;
	if ((event->first_of_group && !want_checkpoint(c, e->number, f)) ||
	    (event->action == LAHETTI__V1__ACTION__ACTION_RESTORE && !check_restore(c, f)) ||
	    !check_records(c, f) || !check_actor(c, f))
		return false;
	for (uint32_t n = 0; n < event->n_subjects; n++)
		if (!check_subject(c, n, f))
			return false;
	return true;
}

/* Statements
 * --------------------------------------------------------------------------------------------------------
 */

/* The signature of a device that was the author's then. */
static bool check_signature(struct check *c, const struct statements_row *row,
			    const struct lahetti_envelope *e, const Lahetti__V1__Header *header,
			    struct lahetti_fault *fault)
{
	const Lahetti__V1__DirectoryEntry *device =
		directory_find(c->store, DIRECTORY_DEVICE, lahetti_digest_span(&e->key_id),
			       row->accepted_us, &c->arena, fault);
	struct lahetti_public_key *key;
	bool ok;

	if (device == NULL && fault->kind != LAHETTI_FAULT_NONE)
		return false;
	if (device == NULL || !same(lahetti_bytes_span(header->device), &e->key_id) ||
	    !lahetti_span_equal(lahetti_bytes_span(device->device->user),
				lahetti_bytes_span(header->author)))
		return lahetti_fault_set(fault, LAHETTI_FAULT_INVALID, "wrong-key",
					 "It is signed by a key that was not its author's then.");
	key = lahetti_public_key_read(lahetti_bytes_span(device->device->spki), fault);
	ok = key != NULL && lahetti_envelope_verify(e, LAHETTI_TYPE_STATEMENT, key, fault);
	lahetti_public_key_destroy(key);
	return ok;
}

/* The client whose a statement was, as the part beside its acceptance has it. */
static bool author_client(struct check *c, const struct statements_row *row,
			  struct lahetti_id *client, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_buffer b;
	struct ledger_part part = {0};
	bool there, ok;

	lahetti_buffer_init(&b, PART_MOST);
	ok = ledger_subject_open(c->store, row->event, 0, &part, &b, &there, &fault);
	lahetti_buffer_finish(&b);
	*client = part.holder;
	if (!ok && ours(&fault)) {
		*f = fault;
		return false;
	}
	return true;
}

/* One that the header names: its row, its file, and what is in it. */
static bool check_attachment(struct check *c, const struct statements_row *row,
			     const Lahetti__V1__Attachment *a, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_digest sha256;
	struct lahetti_id id, holder;
	bool found_one;

	/* The statement was read: identifier and digest have their lengths. */
	memcpy(id.bytes, a->id.data, sizeof id.bytes);
	memcpy(sha256.bytes, a->sha256.data, sizeof sha256.bytes);
	c->result->attachments++;
	/* The statement was read by way of somebody's key. */
	if (!statements_any_holder(c->store, &row->id, &holder, &found_one, f))
		return false;
	return attachments_check(c->store, c->options->attachments, &row->id,
				 found_one ? &holder : &row->organisation, &id, a->size, &sha256,
				 &fault) ||
	       finding(c, "an attachment of the statement accepted in event", row->event, &fault,
		       f);
}

static bool names_attachment(const Lahetti__V1__Header *header, const struct lahetti_id *id)
{
	for (size_t i = 0; i < header->n_attachments; i++)
		if (column_is(id, header->attachments[i]->id))
			return true;
	return false;
}

static bool check_attachments(struct check *c, const struct statements_row *row,
			      const Lahetti__V1__Header *header, struct lahetti_fault *f)
{
	struct lahetti_id ids[ATTACHMENTS_MOST];
	size_t n;

	for (size_t i = 0; i < header->n_attachments; i++)
		if (!check_attachment(c, row, header->attachments[i], f))
			return false;
	if (!attachments_of(c->store, &row->id, ids, ATTACHMENTS_MOST, &n, f))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!names_attachment(header, &ids[i]))
			found(c, "attachment-unnamed",
			      "The statement accepted in event %" PRIu64
			      " does not name an attachment that is kept with it.",
			      row->event);
	return true;
}

static bool check_payload(struct check *c, const struct statements_row *row,
			  struct lahetti_span bytes, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_envelope envelope;
	struct lahetti_statement statement;
	const Lahetti__V1__Header *header;
	struct lahetti_digest digest;

	if (!lahetti_envelope_read(&envelope, bytes, &c->arena, &fault) ||
	    !lahetti_sha256(&digest, &envelope.payload, 1, &fault) ||
	    !lahetti_statement_read(&statement, envelope.payload, &c->arena, &fault))
		return finding(c, "statement accepted in event", row->event, &fault, f);
	header = statement.header;
	if (!lahetti_digest_equal(&digest, &row->sha256))
		found(c, "bad-statement",
		      "The statement accepted in event %" PRIu64 " has another digest.",
		      row->event);
	if (header->kind != row->kind || !column_is(&row->id, header->id) ||
	    !column_is(&row->author, header->author) || !column_is(&row->client, header->client) ||
	    !column_is(&row->case_id, header->case_id) ||
	    !column_is(&row->organisation, header->organisation) ||
	    !column_is(&row->unit, header->unit))
		found(c, "bad-column",
		      "A column beside the statement of event %" PRIu64 " is not what it says.",
		      row->event);
	return (check_signature(c, row, &envelope, header, &fault) ||
		finding(c, "statement accepted in event", row->event, &fault, f)) &&
	       check_attachments(c, row, header, f);
}

/* Rows of a statement that is erased may be there, or gone with it. */
static bool count_attachments(struct check *c, const struct statements_row *row,
			      struct lahetti_fault *f)
{
	struct lahetti_id ids[ATTACHMENTS_MOST];
	size_t n;

	if (!attachments_of(c->store, &row->id, ids, ATTACHMENTS_MOST, &n, f))
		return false;
	c->seen[COUNT_ATTACHMENT] += n;
	return true;
}

/* A controller's own key of a statement: there, and opening it, or gone as the journal says. */
static bool check_holder(struct check *c, const struct lahetti_id *statement,
			 const struct lahetti_id *controller, const struct lahetti_id *client,
			 const char *what, struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_id holder;
	struct lahetti_buffer b;
	char text[LAHETTI_ID_TEXT_LEN + 1];
	bool there, ok, erased = is_erased(c, client, SCOPE(CONTENT), statement);

	if (!statements_holder(c->store, statement, controller, &holder, &there, f))
		return false;
	lahetti_id_format(statement, text);
	if (!there) {
		if (!erased)
			found(c, "content-missing",
			      "%s %s is not there, and no erasure of it is known.", what, text);
		c->result->erased += erased;
		return true;
	}
	c->seen[COUNT_CONTENT_KEY]++;
	if (!lahetti_id_equal(&holder, client))
		found(c, "bad-column", "%s %s is held under another client.", what, text);
	if (erased)
		found(c, "not-erased", "%s %s is there, though the journal names its erasure.",
		      what, text);
	lahetti_buffer_init(&b, CONTENT_MOST);
	ok = statements_read(c->store, statement, controller, &b, &fault);
	lahetti_buffer_finish(&b);
	if (ok || destroyed(c, &fault))
		return true;
	if (ours(&fault)) {
		*f = fault;
		return false;
	}
	found(c, fault.code, "%s %s: %s", what, text, fault.text);
	return true;
}

static bool check_statement(void *context, const struct statements_row *row,
			    struct lahetti_fault *f)
{
	struct check *c = context;
	struct lahetti_fault fault = {0};
	struct lahetti_id client;
	struct lahetti_buffer b;
	bool ok = true;

	if (!count_attachments(c, row, f))
		return false;
	c->result->statements++;
	c->seen[COUNT_CONTENT] += !row->erased;
	lahetti_arena_reset(&c->arena);
	if (!author_client(c, row, &client, f) ||
	    !check_holder(c, &row->id, &row->organisation, &client, "Statement", f))
		return false;
	if (row->erased)
		return true;
	lahetti_buffer_init(&b, CONTENT_MOST);
	if (statements_read(c->store, &row->id, NULL, &b, &fault))
		ok = check_payload(c, row, lahetti_buffer_span(&b), f);
	else if (strcmp(fault.code, "erased") == 0)
		found(c, "content-left",
		      "The content of the statement accepted in event %" PRIu64
		      " is there, and nobody has a key to it.",
		      row->event);
	else if (ours(&fault))
		ok = finding(c, "statement accepted in event", row->event, &fault, f);
	lahetti_buffer_finish(&b);
	return ok;
}

/* The same statement, as a controller holds it that opened it. */
static bool check_copy(void *context, const struct lahetti_id *statement,
		       const struct lahetti_id *controller, const struct lahetti_id *client,
		       struct lahetti_fault *f)
{
	return check_holder(context, statement, controller, client, "A copy of statement", f);
}

/* Derived tables
 * ----------------------------------------------------------------------------------------------------
 */

/* The digest of the rows of each table that has any. */
struct dump {
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

/* What of the settings is not derived is authenticated by the checkpoints: the origin is made of
 * it. */
static bool derive_settings(struct check *c, struct lahetti_fault *f)
{
	const uint32_t g = c->options->generation;
	const uint8_t generation[4] = {(uint8_t)(g >> 24), (uint8_t)(g >> 16), (uint8_t)(g >> 8),
				       (uint8_t)g};

	return store_meta_put(c->shadow, "server-name", lahetti_span_text(c->options->server_name),
			      f) &&
	       store_meta_put(c->shadow, "generation", lahetti_span(generation, 4), f);
}

static bool check_counts(struct check *c, struct lahetti_fault *f)
{
	uint64_t n;

	for (size_t i = 0; i < COUNTED; i++) {
		if (!store_count(c->store, counted[i], &n, f))
			return false;
		if (n != c->seen[i])
			found(c, "bad-count",
			      "The table %s has %" PRIu64 " rows, where %" PRIu64
			      " were to be found.",
			      counted[i], n, c->seen[i]);
	}
	return true;
}

static void complaint(void *context, const char *text)
{
	found(context, "db-corrupt", "The database: %s", text);
}

static bool check_all(struct check *c, struct lahetti_fault *f)
{
	if (!store_check(c->store, complaint, c, f) || !read_journal(c, f) ||
	    !derive_settings(c, f) || !ledger_events_each(c->store, 0, check_event, c, f) ||
	    !want_checkpoint(c, c->frontier.size, f) || !check_last_tiles(c, f))
		return false;
	check_last_generation(c);
	return ledger_checkpoints_each(c->store, check_checkpoint, c, f) &&
	       clients_each(c->store, check_client, c, f) &&
	       statements_each(c->store, check_statement, c, f) &&
	       statements_copies_each(c->store, check_copy, c, f) &&
	       erasures_done_each(c->store, check_done, c, f) &&
	       attachments_unnamed(c->store, c->options->attachments, &c->result->unnamed, f) &&
	       check_tables(c, f) && check_counts(c, f);
}

bool fsck(struct store *s, const struct fsck_options *options, struct fsck_result *result,
	  struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct check *c = calloc(1, sizeof *c);
	bool ok = false;

	*result = (struct fsck_result){0};
	if (c == NULL)
		return lahetti_fault_no_memory(f);
	c->store = s;
	c->options = options;
	c->result = result;
	proof_source_init(&c->tiles, s);
	c->shadow = store_open(NULL, store_vault(s), STORE_SHADOW, f);
	if (c->shadow == NULL || !begin_generation(c, 1, 0, f) ||
	    !lahetti_arena_init(&c->arena, ARENA_LEN, f) ||
	    !lahetti_arena_init(&c->event_arena, ARENA_LEN, f) || !store_begin(c->shadow, f))
		goto out;
	ok = check_all(c, &fault);
	/* A database that can't be read to its end is a finding too; what is ours or passing is
	 * not. */
	if (!ok && ours(&fault)) {
		*f = fault;
	} else if (!ok) {
		found(c, fault.code, "%s", fault.text);
		ok = true;
	}
	store_rollback(c->shadow);
out:
	lahetti_arena_finish(&c->arena);
	lahetti_arena_finish(&c->event_arena);
	store_close(c->shadow);
	finish_generations(c);
	free(c->erased);
	free(c);
	return ok;
}
