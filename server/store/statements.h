/* Statements at rest: the row, the sealed envelope, the keys of its holders; copies; consents. */
#ifndef STORE_STATEMENTS_H
#define STORE_STATEMENTS_H

#include "store.h"

struct statements_row {
	struct lahetti_id id;
	uint64_t event; /* of its acceptance */
	struct lahetti_digest sha256;
	uint32_t kind;
	struct lahetti_id organisation;
	struct lahetti_id unit;
	struct lahetti_id in_reply_to; /* empty: none */
	bool late;
	int64_t accepted_us;
	/* Empty where it has been erased. */
	struct lahetti_id author;
	struct lahetti_id client;
	struct lahetti_id case_id;
	bool erased;
};
LAHETTI_CHECKED bool statements_find(struct store *s, const struct lahetti_id *id,
				     struct statements_row *row, bool *found,
				     struct lahetti_fault *f);

/* The same, where the unit may know of it: its people wrote it, it was delivered there, or it is of
 * a client with whom the unit has a case. Any other is as one that is not there. */
LAHETTI_CHECKED bool statements_find_known(struct store *s, const struct lahetti_id *id,
					   const struct lahetti_id *unit,
					   struct statements_row *row, bool *found,
					   struct lahetti_fault *f);

/* The same, where the unit may read it again: its people wrote it, or it is a consent or withdrawal
 * of its controller about a client with whom the unit has a case. */
LAHETTI_CHECKED bool statements_find_readable(struct store *s, const struct lahetti_id *id,
					      const struct lahetti_id *unit,
					      const struct lahetti_id *controller,
					      struct statements_row *row, bool *found,
					      struct lahetti_fault *f);

/* Seals the envelope under a new key, wrapped for its author's controller under the client's
 * content key. */
struct statements_content {
	struct lahetti_id statement;
	struct lahetti_id controller;
	struct lahetti_id
		client; /* under whose content key: of a kind without a client a nameless one */
	bool nameless;
	struct lahetti_id case_id;
	struct lahetti_id author;
	uint32_t kind;
	struct lahetti_span envelope;
};
LAHETTI_CHECKED bool statements_content_add(struct store *s, const struct statements_content *c,
					    struct lahetti_fault *f);

/* The envelope, by way of that controller's key, or (NULL) of whoever still has one; appended.
 * "erased" (INVALID) where it can't be read any more. */
LAHETTI_CHECKED bool statements_read(struct store *s, const struct lahetti_id *statement,
				     const struct lahetti_id *controller,
				     struct lahetti_buffer *out, struct lahetti_fault *f);

/* Wraps the statement's key for another controller's client too. */
LAHETTI_CHECKED bool statements_key_share(struct store *s, const struct lahetti_id *statement,
					  const struct lahetti_id *from_controller,
					  const struct lahetti_id *to_controller,
					  const struct lahetti_id *to_client,
					  struct lahetti_fault *f);

/* The client under whose content key a controller holds the statement, its own or a copy. */
LAHETTI_CHECKED bool statements_holder(struct store *s, const struct lahetti_id *statement,
				       const struct lahetti_id *controller,
				       struct lahetti_id *client, bool *found,
				       struct lahetti_fault *f);

/* A controller that still holds the statement. */
LAHETTI_CHECKED bool statements_any_holder(struct store *s, const struct lahetti_id *statement,
					   struct lahetti_id *controller, bool *found,
					   struct lahetti_fault *f);

/* The statements that lie under a client's content key, by identifier, after one. */
LAHETTI_CHECKED bool statements_of_client(struct store *s, const struct lahetti_id *client,
					  const struct lahetti_id *after, struct lahetti_id *found,
					  size_t most, size_t *n, struct lahetti_fault *f);

/* The controller's key of a statement goes; what nobody holds any more goes with it (*gone). */
LAHETTI_CHECKED bool statements_forget(struct store *s, const struct lahetti_id *statement,
				       const struct lahetti_id *controller, bool *gone,
				       struct lahetti_fault *f);

/* A new content key for a client, under which the keys of all statements that it holds are wrapped
 * anew. What was forgotten before can't be opened by it. */
LAHETTI_CHECKED bool statements_change_key(struct store *s, const struct lahetti_id *client,
					   struct lahetti_fault *f);

/* The copy of a controller that opened another's statement: its own client and case. */
struct statements_copy {
	struct lahetti_id client;
	struct lahetti_id case_id;
};
LAHETTI_CHECKED bool statements_copy_find(struct store *s, const struct lahetti_id *statement,
					  const struct lahetti_id *controller,
					  struct statements_copy *copy, bool *found,
					  struct lahetti_fault *f);

/* What a case holds for a unit of its controller, newest first, below an event: what the unit's
 * people wrote in it, what was delivered to the unit and opened there and neither handed back nor
 * taken back, and consents and withdrawals of the case's client. */
struct statements_case {
	struct lahetti_id case_id;
	struct lahetti_id client;
	struct lahetti_id unit;
};
LAHETTI_CHECKED bool statements_of_case(struct store *s, const struct statements_case *of,
					uint64_t below, struct statements_row *found, size_t most,
					size_t *n, struct lahetti_fault *f);

/* Consents: whether it has ended as a whole, and the withdrawals of parts of it. */
LAHETTI_CHECKED bool statements_consent(struct store *s, const struct lahetti_id *consent,
					bool *found, bool *ended, struct lahetti_id *parts,
					size_t most, size_t *n, struct lahetti_fault *f);

/* Every statement and every copy of another controller, by identifier: for fsck. */
LAHETTI_CHECKED bool statements_each(struct store *s,
				     bool (*each)(void *context, const struct statements_row *row,
						  struct lahetti_fault *f),
				     void *context, struct lahetti_fault *f);
LAHETTI_CHECKED bool
statements_copies_each(struct store *s,
		       bool (*each)(void *context, const struct lahetti_id *statement,
				    const struct lahetti_id *controller,
				    const struct lahetti_id *client, struct lahetti_fault *f),
		       void *context, struct lahetti_fault *f);

#endif
