/* `lahettid fsck` in this process, with the folder "attachments" beside the database, and what came
 * of it. */
#ifndef CHECKED_H
#define CHECKED_H

#include "desk.h"

struct checked {
	bool done; /* it went to its end; else why tells what stopped it */
	struct lahetti_fault why;
	struct desk_checked counts;
	char first[320]; /* the first finding: code, colon, text */
};

void checked_run(struct checked *c, const char *database, struct vault *vault);

/* Whether the check ended with findings, or was stopped by something that it says. */
bool checked_found(const struct checked *c);

#endif
