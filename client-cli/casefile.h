/* What the server has of a case: each page that is asked for is on record. */
#ifndef CASEFILE_H
#define CASEFILE_H

#include "client.h"

#include <lahetti/v1/session.pb-c.h>

/* The one entry of a client's case that digits of a statement's identifier name. */
LAHETTI_CHECKED bool casefile_find(struct cli *c, const struct client *client, const char *text,
				   const Lahetti__V1__CaseEntry **entry);

#endif
