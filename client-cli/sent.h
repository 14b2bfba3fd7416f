/* What one's unit has sent, and what became of it. */
#ifndef SENT_H
#define SENT_H

#include "lahetti/span.h"

#include <lahetti/v1/session.pb-c.h>

struct cli;

/* The one delivery that digits of its own or of its statement's identifier name; with `any` the
 * first of several that one statement has. */
LAHETTI_CHECKED bool sent_find(struct cli *c, const char *text, bool any,
			       const Lahetti__V1__Status **status);

#endif
