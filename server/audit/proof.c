#include "proof.h"

#include "directory.h"
#include "lahetti/message.h"
#include "ledger.h"

#include <lahetti/v1/record.pb-c.h>
#include <stdlib.h>
#include <string.h>

static bool spent(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "answer-too-large",
				 "The answer does not fit into one frame.");
}

static bool source_entry(void *context, unsigned level, uint64_t index, struct lahetti_digest *out,
			 struct lahetti_fault *f)
{
	struct proof_source *p = context;
	uint64_t tile = index / LAHETTI_TILE_WIDTH;
	size_t place = (size_t)(index % LAHETTI_TILE_WIDTH);

	if (level >= PROOF_LEVELS)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "out-of-range",
					 "No tree is that high.");
	if (!p->tiles[level].used || p->tiles[level].index != tile || p->tiles[level].n <= place) {
		p->tiles[level].used = false;
		if (!ledger_tile_get(p->store, level, tile, p->tiles[level].entries,
				     &p->tiles[level].n, f))
			return false;
		p->tiles[level].index = tile;
		p->tiles[level].used = true;
	}
	if (place >= p->tiles[level].n)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-corrupt",
					 "The tree lacks a hash at level %u: run lahettid fsck.",
					 level);
	*out = p->tiles[level].entries[place];
	return true;
}

static void forget(struct proof_source *p, unsigned level, uint64_t tile)
{
	p->memos[level].index = tile;
	for (size_t i = 0; i < LAHETTI_TILE_WIDTH; i++)
		p->memos[level].nodes[i].known = false;
}

/* Of one tile a level, the one asked for last. The root of a whole tile is an entry of the next
 * level. */
static struct lahetti_memo *source_memo(void *context, unsigned height, uint64_t index)
{
	struct proof_source *p = context;
	unsigned level = height / LAHETTI_TILE_HEIGHT;
	unsigned depth = LAHETTI_TILE_HEIGHT - height % LAHETTI_TILE_HEIGHT;
	uint64_t first = UINT64_C(1) << depth; /* of the subtrees of that height in a tile */

	if (level >= PROOF_MEMO_LEVELS || depth == LAHETTI_TILE_HEIGHT)
		return NULL;
	if (p->memos[level].index != index >> depth)
		forget(p, level, index >> depth);
	return &p->memos[level].nodes[first + index % first];
}

void proof_source_init(struct proof_source *p, struct store *s)
{
	p->store = s;
	p->hashes = (struct lahetti_hash_source){
		.entry = source_entry, .memo = source_memo, .context = p};
	for (unsigned i = 0; i < PROOF_LEVELS; i++)
		p->tiles[i].used = false;
	for (unsigned i = 0; i < PROOF_MEMO_LEVELS; i++)
		forget(p, i, 0);
}

static struct proof_source *source_new(struct store *s, struct lahetti_fault *f)
{
	struct proof_source *p = malloc(sizeof *p);

	if (p == NULL)
		lahetti_fault_no_memory(f);
	else
		proof_source_init(p, s);
	return p;
}

bool proof_checkpoint(struct store *s, uint64_t size, struct lahetti_arena *arena,
		      struct lahetti_span *note, uint64_t *at, struct lahetti_fault *f)
{
	struct lahetti_buffer b;
	bool ok;

	lahetti_buffer_init(&b, LAHETTI_NOTE_MOST);
	ok = ledger_checkpoint_get(s, size, at, &b, f);
	if (ok && *at == 0)
		ok = lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "out-of-range",
				       "There is no checkpoint of that size yet.");
	if (ok) {
		*note = lahetti_span(lahetti_arena_copy(arena, b.data, b.len), b.len);
		ok = note->data != NULL || spent(f);
	}
	lahetti_buffer_finish(&b);
	return ok;
}

bool proof_inclusion(struct store *s, uint64_t number, uint64_t size, struct lahetti_proof *proof,
		     struct lahetti_fault *f)
{
	struct proof_source *p = source_new(s, f);
	bool ok = p != NULL && lahetti_inclusion_prove(proof, number, size, &p->hashes, f);

	free(p);
	return ok;
}

bool proof_consistency(struct store *s, uint64_t from, uint64_t to, struct lahetti_proof *proof,
		       struct lahetti_fault *f)
{
	struct proof_source *p = source_new(s, f);
	bool ok = p != NULL && lahetti_consistency_prove(proof, from, to, &p->hashes, f);

	free(p);
	return ok;
}

/* A proof as a message holds it. */
static bool copy_proof(const struct lahetti_proof *proof, size_t *n, ProtobufCBinaryData **hashes,
		       struct lahetti_arena *arena, struct lahetti_fault *f)
{
	*n = proof->n;
	*hashes = lahetti_arena_take(arena, proof->n * sizeof **hashes);
	if (*hashes == NULL)
		return spent(f);
	for (size_t i = 0; i < proof->n; i++) {
		(*hashes)[i].len = LAHETTI_DIGEST_LEN;
		(*hashes)[i].data =
			lahetti_arena_copy(arena, proof->hashes[i].bytes, LAHETTI_DIGEST_LEN);
		if ((*hashes)[i].data == NULL)
			return spent(f);
	}
	return true;
}

static bool copy_event(struct store *s, uint64_t number, ProtobufCBinaryData *event,
		       struct lahetti_arena *arena, struct lahetti_fault *f)
{
	struct lahetti_buffer b;
	bool ok;

	lahetti_buffer_init(&b, 1 << 20);
	ok = ledger_event_read(s, number, &b, f);
	if (ok) {
		event->len = b.len;
		event->data = lahetti_arena_copy(arena, b.data, b.len);
		ok = event->data != NULL || spent(f);
	}
	lahetti_buffer_finish(&b);
	return ok;
}

/* What opens a part: the actor's where n is UINT32_MAX. NULL without a fault kind where it is
 * erased, or where the server itself acted; a subject's part that is not there is no erasure. */
static Lahetti__V1__StoredPart *open_part(struct store *s, uint64_t number, uint32_t n,
					  struct ledger_part *part, struct lahetti_arena *arena,
					  struct lahetti_fault *f)
{
	struct lahetti_buffer b;
	struct lahetti_fault fault = {0};
	Lahetti__V1__StoredPart *stored = NULL;
	bool found = false, ok;
	void *kept;

	lahetti_buffer_init(&b, 1 << 20);
	ok = n == UINT32_MAX ? ledger_actor_open(s, number, part, &b, &found, &fault)
			     : ledger_subject_open(s, number, n, part, &b, &found, &fault);
	if (ok && found) {
		kept = lahetti_arena_copy(arena, b.data, b.len);
		if (kept == NULL)
			(void)spent(f);
		else
			stored = lahetti_message_read(&lahetti__v1__stored_part__descriptor,
						      lahetti_span(kept, b.len),
						      LAHETTI_MESSAGE_FRAME, arena, f);
	} else if (ok && n != UINT32_MAX) {
		(void)lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "db-corrupt",
					"A part of an event is missing: run lahettid fsck.");
	} else if (!ok && strcmp(fault.code, "key-destroyed") != 0) {
		*f = fault;
	}
	lahetti_buffer_finish(&b);
	return stored;
}

bool proof_receipt(struct store *s, uint64_t number, uint32_t n, Lahetti__V1__Receipt *receipt,
		   bool *erased, struct lahetti_arena *arena, struct lahetti_fault *f)
{
	struct proof_source *p = source_new(s, f);
	bool ok = p != NULL && proof_receipt_of(p, number, n, receipt, erased, arena, f);

	free(p);
	return ok;
}

bool proof_receipt_of(struct proof_source *p, uint64_t number, uint32_t n,
		      Lahetti__V1__Receipt *receipt, bool *erased, struct lahetti_arena *arena,
		      struct lahetti_fault *f)
{
	struct store *s = p->store;
	struct lahetti_fault fault = {0};
	struct lahetti_proof proof;
	struct lahetti_span note;
	struct ledger_part part;
	Lahetti__V1__StoredPart *stored;
	uint64_t size;

	lahetti__v1__receipt__init(receipt);
	if (!proof_checkpoint(s, number + 1, arena, &note, &size, f) ||
	    !lahetti_inclusion_prove(&proof, number, size, &p->hashes, f) ||
	    !copy_proof(&proof, &receipt->n_inclusion, &receipt->inclusion, arena, f) ||
	    !copy_event(s, number, &receipt->event, arena, f))
		return false;
	receipt->checkpoint = lahetti_bytes(note);
	stored = open_part(s, number, n, &part, arena, &fault);
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	*erased = stored == NULL;
	if (stored != NULL)
		receipt->subject = stored->part;
	return true;
}

static bool name_of(struct store *s, enum directory_kind kind, struct lahetti_span id,
		    int64_t at_us, char **name, struct lahetti_arena *arena,
		    struct lahetti_fault *f)
{
	char text[256];
	struct lahetti_id parsed;

	if (id.len == 0)
		return true;
	if (!lahetti_id_read(&parsed, id, f) || !directory_name(s, kind, &parsed, at_us, text, f))
		return false;
	*name = lahetti_arena_text(arena, lahetti_span_text(text));
	return *name != NULL || spent(f);
}

bool proof_report_line(struct store *s, uint64_t number, uint32_t n, uint64_t size,
		       Lahetti__V1__ReportLine *line, struct lahetti_arena *arena,
		       struct lahetti_fault *f)
{
	struct lahetti_fault fault = {0};
	struct lahetti_proof proof;
	struct ledger_part part;
	const Lahetti__V1__AuditEvent *event;
	Lahetti__V1__StoredPart *actor, *subject = NULL;

	lahetti__v1__report_line__init(line);
	if (!copy_event(s, number, &line->event, arena, f))
		return false;
	event = lahetti_message_read(&lahetti__v1__audit_event__descriptor,
				     lahetti_bytes_span(line->event), LAHETTI_MESSAGE_FRAME, arena,
				     f);
	if (event == NULL)
		return false;
	if (size > 0 && (!proof_inclusion(s, number, size, &proof, f) ||
			 !copy_proof(&proof, &line->n_inclusion, &line->inclusion, arena, f)))
		return false;
	actor = open_part(s, number, UINT32_MAX, &part, arena, &fault);
	if (actor != NULL) {
		line->actor = actor->part;
		if (!name_of(s, DIRECTORY_USER, lahetti_id_span(&part.holder), event->time_us,
			     &line->user_name, arena, f))
			return false;
	}
	if (fault.kind == LAHETTI_FAULT_NONE && n != UINT32_MAX)
		subject = open_part(s, number, n, &part, arena, &fault);
	if (fault.kind != LAHETTI_FAULT_NONE) {
		*f = fault;
		return false;
	}
	if (subject != NULL) {
		line->subject = subject->part;
		line->link = subject->link;
	}
	return name_of(s, DIRECTORY_UNIT, lahetti_bytes_span(event->unit), event->time_us,
		       &line->unit_name, arena, f) &&
	       name_of(s, DIRECTORY_ORGANISATION, lahetti_bytes_span(event->organisation),
		       event->time_us, &line->organisation_name, arena, f);
}
