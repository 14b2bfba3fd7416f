/*
 * Checks everything that lies in a store against everything else: the database's own structure;
 * each event's number, time, columns and leaf; the tree's tiles and the root and signature of every
 * checkpoint; each record against its digest in the event; each part against its commitment and the
 * chains of links; each statement's bytes against its digest, its author's signature and its
 * columns; each attachment in a readable statement's header against its file; each client's keys
 * and identity; and every derived table, and the schema, against one derived again. Rows that
 * nothing speaks of are counted, and what is gone must be named by the erasure journal. A log that
 * was brought back from a backup has several generations, which begin with their restore events:
 * each checkpoint must be of the generation in which it stands. What can't be seen is a whole
 * database put back to an earlier checkpoint: that is for those who hold a later one.
 */
#ifndef AUDIT_FSCK_H
#define AUDIT_FSCK_H

#include "attachments.h"
#include "lahetti/note.h"
#include "store.h"

struct fsck_options {
	const char *server_name;
	uint32_t generation; /* that the database says it is of */
	/* The verifier key of any generation. */
	bool (*log_key)(void *context, uint32_t generation, char vkey[LAHETTI_VKEY_MOST + 1],
			struct lahetti_fault *f);
	struct attachments *attachments; /* to read */
	void (*found)(void *context, const char *code,
		      const char *text); /* one line a finding, nothing personal */
	void *context;
};

struct fsck_result {
	uint64_t events;
	uint64_t records;
	uint64_t parts;
	uint64_t erased; /* parts and statements whose key is destroyed */
	uint64_t statements;
	uint64_t attachments;
	uint64_t unnamed; /* files of attachments that no row names: no finding */
	uint64_t checkpoints;
	uint64_t findings;
};

/* False only where the check itself could not be done; what it finds goes to `found` and is
 * counted. */
LAHETTI_CHECKED bool fsck(struct store *s, const struct fsck_options *options,
			  struct fsck_result *result, struct lahetti_fault *f);

#endif
