/*
 * The outbox: signed statements that no server has acknowledged yet, in the order in which they
 * were written. They are sent in that order. One that is refused is set aside, and with it those
 * that speak of it; all others go on.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "statement.h"

/* Puts a statement in that the server may not have, or of which it has proved nothing. Always
 * false: why stays as it was told. */
bool outbox_keep(struct cli *c, const struct signed_statement *s);

/* Keeps a copy of what was accepted. */
LAHETTI_CHECKED bool outbox_sent(struct cli *c, const struct signed_statement *s);

/*
 * Sends what is in it. *empty: nothing is left that waits. False for a failure of this device, or
 * of a proof; a connection that breaks leaves the rest where it is.
 */
LAHETTI_CHECKED bool outbox_flush(struct cli *c, bool *empty);

/* Puts what was sent since then in again, to be sent anew: a log was restored without it. *n tells
 * how many. */
LAHETTI_CHECKED bool outbox_again(struct cli *c, int64_t since_us, size_t *n);

#endif
