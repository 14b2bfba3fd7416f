/*
 * What the log proves to somebody who has nothing but its public key: that it accepted a statement,
 * that a report on a client is whole. No server is asked, and none is trusted.
 *
 * INVALID says that something does not hold: "bad-inclusion", "bad-signature" and "unknown-key" of
 * the floors below, and
 *   "wrong-commitment"  a part or a link is not what the event committed to
 *   "wrong-receipt"     the event accepted nothing, or something else than what is shown
 *   "wrong-enrolment"   another key, another user, or later than what it signed
 *   "broken-chain"      parts of a client are missing from the report
 *   "forked-log"        two checkpoints of one log contradict each other
 *   "untrusted-log"     the bundle names another log than the one that is trusted
 * MALFORMED says that what is shown has not the form of a proof: "bad-proof", "bad-message" and
 * their like.
 */
#ifndef LAHETTI_RECEIPT_H
#define LAHETTI_RECEIPT_H

#include "lahetti/arena.h"
#include "lahetti/note.h"

#include <lahetti/v1/audit.pb-c.h>

/* What a receipt shows once it is verified; all in the arena. */
struct lahetti_receipt_facts {
	const Lahetti__V1__AuditEvent *event;
	const Lahetti__V1__SubjectPart *subject; /* NULL: since erased */
	struct lahetti_checkpoint checkpoint;
};

/*
 * Verifies that a log recorded an event: the checkpoint's signature, the event's place under it,
 * its subject part. What the event is about is then for the caller, or for the function below, to
 * judge.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_receipt_verify(const Lahetti__V1__Receipt *receipt,
							const struct lahetti_note_verifier *log,
							struct lahetti_arena *arena,
							struct lahetti_receipt_facts *facts,
							struct lahetti_fault *f);

/*
 * Whether verified facts say that exactly this signed statement was accepted ("wrong-receipt"): as
 * one of its own, or as the one by which another was opened. Where the subject has been erased they
 * say so of no statement.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_receipt_names(const struct lahetti_receipt_facts *facts,
						       struct lahetti_span statement,
						       const struct lahetti_digest *sha256,
						       struct lahetti_fault *f);

/* What was found about one claim of a bundle, in the order in which a reader follows it. */
enum lahetti_claim {
	LAHETTI_CLAIM_LOG_KEY,	  /* the bundle's own word, or the one that is trusted */
	LAHETTI_CLAIM_GENERATION, /* an operator's act: the log goes on in a new generation */
	LAHETTI_CLAIM_CHECKPOINT, /* the log signed the tree head */
	LAHETTI_CLAIM_LINE,	  /* an event is in the tree and says what is shown */
	LAHETTI_CLAIM_CHAIN,	  /* no part of a client is missing */
	LAHETTI_CLAIM_SIGNATURE,  /* the author's device signed the statement */
	LAHETTI_CLAIM_RECEIPT,	  /* the log accepted exactly that statement */
	LAHETTI_CLAIM_ENROLMENT,  /* the signing key was enrolled for the author */
};
#define LAHETTI_CLAIMS 8

struct lahetti_finding {
	enum lahetti_claim claim;
	bool holds;
	bool unproved; /* it is not shown, and nothing contradicts it: no key to trust, no enrolment
			*/
	uint64_t event; /* of a receipt, an enrolment; the tree's size of a checkpoint, or where a
			   generation began; a line's place in the bundle from 1, the last number of
			   a chain */
	struct lahetti_id client; /* of a chain */
	struct lahetti_fault why; /* where it does not hold */
};
typedef void lahetti_finding_fn(void *context, const struct lahetti_finding *finding);

/*
 * Verifies a packed Bundle of any length and tells each finding. log_key is the verifier key that
 * the caller trusts; NULL takes the bundle's own word, and says so. Operator acts in the bundle
 * (act.h) reach the keys of other generations from it. Lines must be the whole chain of each client
 * they show, from number 1.
 *
 * True where everything that it claims holds; else f is the first thing that does not. A bundle
 * that claims nothing is "bad-proof".
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_bundle_verify(struct lahetti_span bundle,
						       const char *log_key,
						       lahetti_finding_fn *found, void *context,
						       struct lahetti_fault *f);

#endif
