/*
 * What of the trail is handed out: checkpoints, inclusion and consistency proofs, receipts, report
 * lines. Reads the store alone, so that readers use it on their own connections; what it gives for
 * an event never changes until the identity key is destroyed.
 */
#ifndef AUDIT_PROOF_H
#define AUDIT_PROOF_H

#include "lahetti/arena.h"
#include "lahetti/merkle.h"
#include "lahetti/note.h"
#include "store.h"

#include <lahetti/v1/audit.pb-c.h>

/* The newest checkpoint, or the first that covers `size` events. The note is copied to the arena.
 */
LAHETTI_CHECKED bool proof_checkpoint(struct store *s, uint64_t size, struct lahetti_arena *arena,
				      struct lahetti_span *note, uint64_t *at,
				      struct lahetti_fault *f);

/* At a tree size for which there is a checkpoint. "out-of-range" (MALFORMED). */
LAHETTI_CHECKED bool proof_inclusion(struct store *s, uint64_t number, uint64_t size,
				     struct lahetti_proof *proof, struct lahetti_fault *f);
LAHETTI_CHECKED bool proof_consistency(struct store *s, uint64_t from, uint64_t to,
				       struct lahetti_proof *proof, struct lahetti_fault *f);

/*
 * A source of hashes over the store's tiles, with the tiles that were used last kept, and what was
 * reckoned in them: for several proofs between two commits. 100 KiB or so, not for a stack.
 */
#define PROOF_LEVELS	  8
#define PROOF_MEMO_LEVELS 3 /* above them subtrees are rarely asked for */
struct proof_source {
	struct store *store;
	struct lahetti_hash_source hashes;
	struct {
		bool used;
		uint64_t index;
		size_t n;
		struct lahetti_digest entries[LAHETTI_TILE_WIDTH];
	} tiles[PROOF_LEVELS];
	/* By height within the tile and place: 1 is the whole, 2 and 3 its halves, … */
	struct {
		uint64_t index;
		struct lahetti_memo nodes[LAHETTI_TILE_WIDTH];
	} memos[PROOF_MEMO_LEVELS];
};
void proof_source_init(struct proof_source *p, struct store *s);

/*
 * The receipt of what event `number` recorded, with subject part n opened but for its link's salt:
 * at the first checkpoint that covers it, so that it is the same whenever it is asked for. Without
 * the part where that is erased (*erased). All in the arena.
 */
LAHETTI_CHECKED bool proof_receipt(struct store *s, uint64_t number, uint32_t n,
				   Lahetti__V1__Receipt *receipt, bool *erased,
				   struct lahetti_arena *arena, struct lahetti_fault *f);
/* The same from a source that serves several. */
LAHETTI_CHECKED bool proof_receipt_of(struct proof_source *p, uint64_t number, uint32_t n,
				      Lahetti__V1__Receipt *receipt, bool *erased,
				      struct lahetti_arena *arena, struct lahetti_fault *f);

/*
 * One line of a report: event, actor part, subject part n and its link, inclusion at tree size
 * `size` (0: no proof), and the names as the directory had them then. n UINT32_MAX: no subject
 * part.
 */
LAHETTI_CHECKED bool proof_report_line(struct store *s, uint64_t number, uint32_t n, uint64_t size,
				       Lahetti__V1__ReportLine *line, struct lahetti_arena *arena,
				       struct lahetti_fault *f);

#endif
