/*
 * Attachments, which go before the statement that names them. A file is read in pieces and is never
 * held whole: once for its digest, once to be sent. Of what waits in the outbox there is a copy
 * under attachments/, sealed piece by piece; sending goes on where the server says that it stopped.
 */
#ifndef ATTACHMENT_H
#define ATTACHMENT_H

#include "statement.h"

#define ATTACHMENT_PIECE 65536u

/*
 * Adds a file to a draft, and tells its identifier, which lives as long as the run. CLI_WRONG_USE
 * where it can't be read, is empty or too large, or is one too many.
 */
LAHETTI_CHECKED bool attachment_add(struct cli *c, struct draft *d, const char *path,
				    ProtobufCBinaryData *id);

/* Sends what the server does not have yet of those that a statement names. */
LAHETTI_CHECKED bool attachment_send(struct cli *c, const struct signed_statement *s);

/* Copies them into the device folder; what is there already stays. */
LAHETTI_CHECKED bool attachment_keep(struct cli *c, const struct signed_statement *s);
/* Whether the copies can be read still; false after cli_fail. */
LAHETTI_CHECKED bool attachment_whole(struct cli *c, const struct signed_statement *s);
LAHETTI_CHECKED bool attachment_drop(struct cli *c, const struct signed_statement *s);

/* Closes the files of the run. */
void attachment_finish(struct cli *c);

/* ---- reading ------------------------------------------------------------------------------- */

/* Whose attachment it is: a delivery's that was opened, or a statement's of one's own unit. */
struct attachment_source {
	ProtobufCBinaryData delivery;
	ProtobufCBinaryData statement;
};

/*
 * Reads one into a new file, which has its name only after size and digest were found to be those
 * that the author signed (CLI_NOT_PROVED). A file that is there already is CLI_WRONG_USE.
 */
LAHETTI_CHECKED bool attachment_fetch(struct cli *c, const struct attachment_source *source,
				      const Lahetti__V1__Attachment *a, const char *path);

/* How far it has come, for a person at a terminal. */
void attachment_progress(const struct cli *c, const Lahetti__V1__Attachment *a, uint64_t done);

#endif
