/*
 * Operator acts: how a log that was brought back from a backup goes on. Each generation of a log
 * has an origin of its own, "HOST/lahetti/N", and a key of that name. An act is a signed note
 * (note.h) of the ended generations and the new one, each with its key, whose text is, a line each:
 *
 *   lahetti operator act v1
 *   the new generation's verifier key
 *   origin, size, root (base64) of the last checkpoint that was brought back
 *   origin, size, root of the newest checkpoint that anybody showed; the same where none is newer
 *   the verifier keys of the ended generations that go on in the new one, the restored one first
 *
 * The tree of the new generation begins with the first `last.size` leaves of the ended one. What
 * was after them is lost. Whoever trusts the key of an ended generation, or that of the new one,
 * may trust the others by the act; that a person has to say so is for them.
 */
#ifndef LAHETTI_ACT_H
#define LAHETTI_ACT_H

#include "lahetti/note.h"

#define LAHETTI_ENDED_MOST 8	 /* generations that one act ends */
#define LAHETTI_ACT_MOST   16384 /* bytes of an act */

struct lahetti_act {
	char log_key[LAHETTI_VKEY_MOST + 1]; /* of the new generation */
	struct lahetti_checkpoint last;
	struct lahetti_checkpoint newest;
	size_t n_ended;
	char ended[LAHETTI_ENDED_MOST][LAHETTI_VKEY_MOST + 1];
};

/*
 * The generation that an origin or a verifier key names, and the length of what stands before its
 * slash: "HOST/lahetti". 0 where it names none.
 */
LAHETTI_API uint32_t lahetti_generation_of(const char *origin, size_t *name_len);

/*
 * Appends the act's note. Signers: those of the ended generations in the act's order, then the new
 * one's, 2 to LAHETTI_ENDED_MOST + 1; the keys of the act are filled from them. "bad-act"
 * (MALFORMED) for one that could not be opened.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_act_sign(struct lahetti_act *act,
						  const struct lahetti_note_signer *const *signers,
						  size_t n, struct lahetti_buffer *note,
						  struct lahetti_fault *f);

/*
 * Opens a note that the verifier's key has signed and that names it as ended or as the new one.
 * "bad-act" (MALFORMED) for its form; faults of lahetti_note_open.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_act_open(struct lahetti_act *act, struct lahetti_span note,
						  const struct lahetti_note_verifier *v,
						  struct lahetti_fault *f);

/* How many leaves are known to be lost. */
LAHETTI_API uint64_t lahetti_act_lost(const struct lahetti_act *act);

#endif
