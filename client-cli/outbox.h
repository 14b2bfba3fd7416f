/*
 * The outbox: signed statements that no server has acknowledged yet, in the order in which they
 * were written. They are sent in that order, each in the role in which it was signed. One that is
 * refused is set aside, and with it those that speak of it; so is one that can't be read any more.
 * All others go on.
 */
#ifndef OUTBOX_H
#define OUTBOX_H

#include "statement.h"

/* Puts a statement in, and a copy of its attachments, before it is sent. */
LAHETTI_CHECKED bool outbox_put(struct cli *c, const struct signed_statement *s);

/* Says that it waits there; always false: why stays as it was told. outbox_keep puts it in first.
 */
bool outbox_waits(struct cli *c, const struct signed_statement *s);
bool outbox_keep(struct cli *c, const struct signed_statement *s);

/* Moves what was accepted to sent/; its attachments are no longer kept. */
LAHETTI_CHECKED bool outbox_sent(struct cli *c, const struct signed_statement *s);

/* Takes out what was refused, and is not to be sent again; always false: why stays as it was told.
 */
bool outbox_forget(struct cli *c, const struct signed_statement *s);

/*
 * Sends what is in it. *empty: nothing is left that waits. False for a failure of this device, or
 * of a proof; a connection that breaks leaves the rest where it is.
 */
LAHETTI_CHECKED bool outbox_flush(struct cli *c, bool *empty);

/* Puts what was sent since then in again, to be sent anew: a log was restored without it. *n tells
 * how many. */
LAHETTI_CHECKED bool outbox_again(struct cli *c, int64_t since_us, size_t *n);

#endif
