/*
 * Generations of the log: the one that this device trusts, and those that ended in it by operator
 * acts (lahetti/act.h) that its user has accepted. The acts lie in the device folder, in acts/, by
 * the number of the generation that each began.
 */
#ifndef GENERATION_H
#define GENERATION_H

#include "cli.h"
#include "lahetti/act.h"

#define GENERATIONS_MOST 32

struct generation {
	struct lahetti_note_verifier *log;
	uint64_t common; /* so many first events it shares with the present one */
};

struct generations {
	size_t n;
	struct generation list[GENERATIONS_MOST]; /* the present one first */
	bool restored;				  /* by the act below it began */
	struct lahetti_checkpoint last;		  /* what was brought back */
	ProtobufCBinaryData acts[GENERATIONS_MOST];
	size_t n_acts;
};

/* Reads the acts of the device folder. What they don't reach from the trusted key is passed over.
 */
LAHETTI_CHECKED bool generations_load(struct cli *c, const char *log_key, struct generations *g);
void generations_finish(struct generations *g);

/* The generation whose name a checkpoint has; the present one where it is none of them. */
const struct generation *generations_find(const struct generations *g, struct lahetti_span note);

#endif
