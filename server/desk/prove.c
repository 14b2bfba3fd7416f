/* Checkpoints and proofs, for whoever is signed in: nothing of a client is in them. On a reader. */

#include "handling.h"
#include "lahetti/message.h"
#include "ledger.h"
#include "proof.h"

static bool answer_proof(struct handling *h, const struct lahetti_proof *proof,
			 struct lahetti_span note, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Proof answer = LAHETTI__V1__PROOF__INIT;

	answer.hashes = lahetti_arena_take(&h->arena, proof->n * sizeof *answer.hashes);
	if (answer.hashes == NULL)
		return lahetti_fault_no_memory(f);
	for (; answer.n_hashes < proof->n; answer.n_hashes++)
		answer.hashes[answer.n_hashes] =
			lahetti_bytes(lahetti_digest_span(&proof->hashes[answer.n_hashes]));
	answer.checkpoint = lahetti_bytes(note);
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_PROOF;
	frame.proof = &answer;
	return answer_session(h, &frame, 0, f);
}

bool read_checkpoint(struct handling *h, struct lahetti_fault *f)
{
	Lahetti__V1__ServerFrame frame = LAHETTI__V1__SERVER_FRAME__INIT;
	Lahetti__V1__Checkpoint answer = LAHETTI__V1__CHECKPOINT__INIT;
	struct lahetti_span note;
	uint64_t at;

	if (!proof_checkpoint(h->store, 0, &h->arena, &note, &at, f))
		return false;
	answer.note = lahetti_bytes(note);
	frame.body_case = LAHETTI__V1__SERVER_FRAME__BODY_CHECKPOINT;
	frame.checkpoint = &answer;
	return answer_session(h, &frame, 0, f);
}

/* From any size to one that has a checkpoint: the first that covers what is asked for. */
bool read_consistency(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__ReadConsistency *asked = h->frame->read_consistency;
	struct lahetti_proof proof;
	struct lahetti_span note;
	uint64_t at;

	return proof_checkpoint(h->store, asked->to, &h->arena, &note, &at, f) &&
	       proof_consistency(h->store, asked->from, at, &proof, f) &&
	       answer_proof(h, &proof, note, f);
}

bool read_inclusion(struct handling *h, struct lahetti_fault *f)
{
	const Lahetti__V1__ReadInclusion *asked = h->frame->read_inclusion;
	struct lahetti_proof proof;
	struct lahetti_span note;
	uint64_t at;

	return proof_checkpoint(h->store, asked->size, &h->arena, &note, &at, f) &&
	       proof_inclusion(h->store, asked->number, at, &proof, f) &&
	       answer_proof(h, &proof, note, f);
}
