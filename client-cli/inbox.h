/* What is addressed to the one who acts: notices, and the content that a signed opening brings. */
#ifndef INBOX_H
#define INBOX_H

#include "lahetti/kinds.h"

#include <lahetti/v1/session.pb-c.h>

struct cli;

/* All notices that have changed after a position, in the arena. *position is where to go on. */
struct inbox {
	const Lahetti__V1__Notice **notices;
	size_t n;
	uint64_t position;
};
LAHETTI_CHECKED bool inbox_read(struct cli *c, uint64_t after, struct inbox *inbox);

/* The one delivery that digits name. */
LAHETTI_CHECKED bool inbox_find(struct cli *c, const char *text,
				const Lahetti__V1__Notice **notice);

/* Content, once its author's signature and the receipt of the opening have been verified. */
struct opened {
	const Lahetti__V1__Notice *notice; /* NULL of one that was read again */
	const Lahetti__V1__Content *content;
	struct lahetti_statement statement;
	uint64_t event;
};

/* Signs the opening and asks for the content: each time it is asked for is on record. */
LAHETTI_CHECKED bool inbox_open(struct cli *c, const char *text, struct opened *opened);

/* One that the unit wrote or may rely on, without a delivery: each reading is on record too. */
LAHETTI_CHECKED bool inbox_read_again(struct cli *c, ProtobufCBinaryData statement,
				      struct opened *opened);

LAHETTI_CHECKED bool inbox_print(struct cli *c, const struct opened *opened);

#endif
