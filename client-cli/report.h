/* What is found about a bundle, told to people and to programs. */
#ifndef REPORT_H
#define REPORT_H

#include "lahetti/receipt.h"

struct cli;
struct table;

/* A lahetti_finding_fn's context: a row for each finding. Lines that hold are counted, not told one
 * by one. */
struct report {
	struct cli *c;
	struct table *table; /* NULL: nothing is told, only found */
	uint64_t lines;	     /* that hold */
	uint64_t not_shown;  /* claims of which nothing is shown */
	bool told_lines;
	uint64_t entries; /* of all chains: a client may have one for each of its identifiers */
	bool of_client;	  /* the chain of the asked one is among them */
	struct lahetti_id client;
};
void report_finding(void *context, const struct lahetti_finding *finding);

/* Verifies a packed bundle and tells. False after cli_fail (CLI_NOT_PROVED, or CLI_WRONG_USE where
 * it has not the form of one). */
LAHETTI_CHECKED bool report_verify(struct cli *c, struct lahetti_span bundle, const char *log_key,
				   struct report *report);

#endif
