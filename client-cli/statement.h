/*
 * Statements of one's own: filled in, signed on this device, sent, and kept under sent/ or, until
 * they are acknowledged, under outbox/.
 */
#ifndef STATEMENT_H
#define STATEMENT_H

#include "lahetti/dsse.h"
#include "lahetti/kinds.h"

#include <lahetti/v1/session.pb-c.h>

struct cli;

#define RECIPIENTS_MOST LAHETTI_RECIPIENTS_MOST
#define CATEGORIES_MOST 16

/* A statement that is being written. Who signs, where and when, is filled in at the end. */
struct draft {
	const struct lahetti_kind_row *kind;
	Lahetti__V1__Header header;
	const ProtobufCMessage *body;
	Lahetti__V1__Basis basis;
	Lahetti__V1__Recipient *recipients[RECIPIENTS_MOST];
	Lahetti__V1__Category categories[CATEGORIES_MOST];
	Lahetti__V1__Reference *consents[RECIPIENTS_MOST];
	Lahetti__V1__Attachment *attachments[LAHETTI_ATTACHMENTS_MOST];
	struct lahetti_id id;
	uint8_t salt[LAHETTI_SALT_LEN];
};

/* The draft must not be moved afterwards. */
void draft_init(struct draft *d, enum lahetti_kind kind, const ProtobufCMessage *body);

/* A reference, in the arena; NULL after cli_fail. */
Lahetti__V1__Reference *draft_reference(struct cli *c, ProtobufCBinaryData id,
					ProtobufCBinaryData sha256);

/* From --to, --category, --consent, --deadline and, for a statutory right, --section, --necessity,
 * --decided-by. */
LAHETTI_CHECKED bool draft_recipients(struct cli *c, struct draft *d);
LAHETTI_CHECKED bool draft_categories(struct cli *c, struct draft *d,
				      const Lahetti__V1__Category *otherwise, size_t n);
LAHETTI_CHECKED bool draft_consents(struct cli *c, struct draft *d);

/* From --attach. The session is open by now: it knows how large a file may be. */
LAHETTI_CHECKED bool draft_attachments(struct cli *c, struct draft *d);

/*
 * Own register where all recipients are of one's own organisation, else a consent, else the
 * statutory right that the options state.
 */
LAHETTI_CHECKED bool draft_basis(struct cli *c, struct draft *d);

/* A statement as it is sent; all in the arena. */
struct signed_statement {
	struct lahetti_id id;
	struct lahetti_digest sha256;
	struct lahetti_span bytes; /* of the envelope */
	Lahetti__V1__Envelope *envelope;
	const Lahetti__V1__Header *header;
};

/* Fills, packs, checks what can be checked without a server (CLI_WRONG_USE), signs. */
LAHETTI_CHECKED bool draft_sign(struct cli *c, struct draft *d, struct signed_statement *s);

/* Reads one that was kept, by the name of its file; *found is false where there is none. */
LAHETTI_CHECKED bool statement_read(struct cli *c, const char *name, struct signed_statement *s,
				    bool *found);

/*
 * Sends it after what is in the outbox, verifies its receipt and prints what it proves. It lies in
 * the outbox from before it is sent until its answer has come: where there is no connection, where
 * it breaks, or this program is stopped, it is there afterwards, and goes out once.
 */
LAHETTI_CHECKED bool statement_submit(struct cli *c, const struct signed_statement *s);

/* Sends its attachments, asks the server to accept it and verifies the receipt. No table is
 * printed. */
LAHETTI_CHECKED bool statement_ask(struct cli *c, const struct signed_statement *s,
				   const Lahetti__V1__Accepted **accepted);

/* One of one's unit's statements that the server has, by its identifier or digits of it. */
struct known_statement {
	struct lahetti_id id;
	ProtobufCBinaryData sha256;
	ProtobufCBinaryData client; /* empty: since erased */
	ProtobufCBinaryData case_id;
	const Lahetti__V1__Accepted *accepted;
};
/* Its identifier, where the text is a whole one or digits of one that this device has kept. */
LAHETTI_CHECKED bool statement_met(struct cli *c, const char *text, struct lahetti_id *id,
				   bool *met);
LAHETTI_CHECKED bool statement_find(struct cli *c, const char *text, struct known_statement *known);

/* One that this device has signed, by its identifier or digits of it; *found is false where it is
 * none. */
LAHETTI_CHECKED bool statement_signed_here(struct cli *c, const char *text, struct lahetti_id *id,
					   bool *found);

/* As it was signed, from sent/ or outbox/; CLI_WRONG_USE where this device has no copy. */
LAHETTI_CHECKED bool statement_kept(struct cli *c, const struct lahetti_id *id,
				    struct signed_statement *s);

/* Whether the name of a kept file is an identifier that the text names by its digits; *id is
 * then its identifier. */
bool statement_names(const char *name, const char *text, struct lahetti_id *id);

#endif
