/*
 * The tables of the trade: kinds of statement, roles, steps of a referral's life, and the words of
 * the enums. Server, command line and page take their lists from here; nothing switches on a kind.
 * Rows: kinds.def, roles.def, steps.def.
 */
#ifndef LAHETTI_KINDS_H
#define LAHETTI_KINDS_H

#include "lahetti/arena.h"
#include "lahetti/span.h"

#include <lahetti/v1/bodies.pb-c.h>
#include <lahetti/v1/statement.pb-c.h>

/*
 * Sets of roles, recipient kinds, kinds, steps, states and categories: bit n stands for the enum's
 * value n, which is below 64.
 */
typedef uint64_t lahetti_set;
#define LAHETTI_SET(value)     ((lahetti_set)1 << (unsigned)(value))
#define LAHETTI_IN(set, value) (((set) >> (unsigned)(value)) & 1u)

/*
 * The values of a repeated enum field as a set. False where one is unspecified or stands there
 * twice.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_enum_set(const void *values, size_t n, lahetti_set *set);

enum lahetti_kind {
#define KIND(number, NAME, ...) LAHETTI_KIND_##NAME = number,
#include "lahetti/kinds.def"
#undef KIND
};

/* The step that a kind makes in the life of the referral it answers. */
enum lahetti_kind_step {
	LAHETTI_KIND_STEP_NONE = 0,
	LAHETTI_KIND_STEP_FROM_BODY = -1, /* lahetti_body_step tells */
};

#define LAHETTI_RECIPIENTS_MOST 50 /* of one statement */
#define LAHETTI_LIST_MOST	50 /* consents, parties of one statement */

struct lahetti_kind_row {
	uint32_t number;
	uint32_t version;
	const char *name; /* of the command line and the text catalogue: "referral" */
	const ProtobufCMessageDescriptor *body;
	lahetti_set authors;	/* roles */
	lahetti_set recipients; /* recipient kinds; empty: it is addressed to nobody */
	size_t recipients_least;
	size_t recipients_most;
	lahetti_set replies_to; /* kinds; empty: it answers nothing */
	int step;		/* a Step, or lahetti_kind_step */
	/* Where step is FROM_BODY: what tells it, and of which field of the body, an enum. */
	Lahetti__V1__Step (*step_of)(const void *body);
	const char *step_field;
	lahetti_set steps; /* that may be taken on a delivery of it */
	bool feedback;	   /* it tells whom it answers what became of the matter: a consent that
			      covers feedback permits it */
	bool replaces;	   /* it may replace an earlier one of its kind */
	bool has_client;
	unsigned deadline_days; /* by which it wants an answer unless the header says; 0: none */
	/* What the body must hold beyond its form (MALFORMED), see forms.h; NULL: nothing more. */
	bool (*check)(const Lahetti__V1__Header *header, const void *body, struct lahetti_fault *f);
};

/* NULL where there is no such kind. */
LAHETTI_API const struct lahetti_kind_row *lahetti_kind_find(uint32_t number);
LAHETTI_API const struct lahetti_kind_row *lahetti_kind_find_name(const char *name);
LAHETTI_API const struct lahetti_kind_row *lahetti_kinds(size_t *n);

/* The step that a statement makes: its kind's, or that of its body. STEP_UNSPECIFIED where it makes
 * none. */
LAHETTI_API Lahetti__V1__Step lahetti_body_step(const struct lahetti_kind_row *kind,
						const void *body);

/* The delivery that a body speaks of, empty where the kind has none. */
LAHETTI_API struct lahetti_span lahetti_body_delivery(const struct lahetti_kind_row *kind,
						      const void *body);

/*
 * "missing-basis", "bad-basis", "missing-section", "missing-necessity", "missing-decider" and what
 * is wrong with their form: a statutory right is stated in full, and only that one has words of its
 * own. MALFORMED.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_basis_check(const Lahetti__V1__Basis *basis,
						     struct lahetti_fault *f);

struct lahetti_statement {
	const struct lahetti_kind_row *kind;
	const Lahetti__V1__Header *header;
	const void *body; /* of type kind->body */
};

/*
 * Reads a payload as a statement of a known kind and checks all that can be checked without a
 * server: sizes of identifiers and digests, UUIDv7, enums, duplicates among recipients and
 * attachments, what the kind's row and check demand. Codes: "newer-statement" for unknown kinds,
 * versions, fields and values; else what is wrong. Everything lives in the arena or the payload.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_statement_read(struct lahetti_statement *s,
							struct lahetti_span payload,
							struct lahetti_arena *arena,
							struct lahetti_fault *f);

/* Of one statement, and bytes of each. A server may take less. */
#define LAHETTI_ATTACHMENTS_MOST 20
#define LAHETTI_ATTACHMENT_MOST	 (UINT64_C(20) << 20)
#define LAHETTI_FILE_NAME_MOST	 255 /* bytes of its name */

/* The same text as a constant where attachments may be of that type, else NULL. What is of no other
 * is "application/octet-stream": bytes, which no program shows by itself. */
LAHETTI_API const char *lahetti_media_type(const char *type);
LAHETTI_API const char *const *lahetti_media_types(size_t *n);

struct lahetti_role_row {
	Lahetti__V1__Role role;
	const char *name; /* "social-worker" */
	bool sees_clients;
};
LAHETTI_API const struct lahetti_role_row *lahetti_role_find(int role);
LAHETTI_API const struct lahetti_role_row *lahetti_role_find_name(const char *name);
LAHETTI_API const struct lahetti_role_row *lahetti_roles(size_t *n);

/* Who may take a step. */
enum lahetti_step_by {
	LAHETTI_BY_SERVER = 1u << 0,
	LAHETTI_BY_RECIPIENT =
		1u << 1, /* one to whom the delivery is addressed; of a queue, who has claimed it */
	LAHETTI_BY_SENDER =
		1u << 2, /* the author, or another of the author's unit who sees clients */
};

/* What must be given. */
enum lahetti_step_needs {
	LAHETTI_NEEDS_NOTHING = 0,
	LAHETTI_NEEDS_REASON = 1u << 0,
	LAHETTI_NEEDS_SENTENCE = 1u << 1,
	LAHETTI_NEEDS_CAUSE = 1u << 2,
	LAHETTI_NEEDS_DATE = 1u << 3,
	LAHETTI_NEEDS_REDIRECT = 1u << 4,
};

/* What the sender is shown of it. */
enum lahetti_step_shown {
	LAHETTI_SHOWN_ALWAYS,
	LAHETTI_SHOWN_AS_FEEDBACK, /* within the controller, or under a consent that covers feedback
				    */
};

/*
 * One line of the life of a referral. Several lines may have the same step, from other states; they
 * differ in from and to alone.
 */
struct lahetti_step_row {
	Lahetti__V1__Step step;
	lahetti_set from; /* states */
	unsigned by;
	unsigned needs;
	lahetti_set kinds; /* of statements that make it; empty: no person can */
	Lahetti__V1__State to;
	enum lahetti_step_shown shown;
};
LAHETTI_API const struct lahetti_step_row *lahetti_steps(size_t *n);

/* The row for a step from a state, or NULL: the step can't be taken there. */
LAHETTI_API const struct lahetti_step_row *lahetti_step_find(int step, int from);

/* A step's first row, for what is the same in all of them; NULL where there is no such step. */
LAHETTI_API const struct lahetti_step_row *lahetti_step_any(int step);

/* Whether nothing can follow a state but reopening. False for what is no state. */
LAHETTI_API bool lahetti_state_ended(int state);

/*
 * The command line's and the catalogue's word for an enum value: the value's name without its
 * prefix, lower case, with hyphens ("in-progress"), "" where there is no such value; and back
 * ("unknown-word", MALFORMED, "unspecified" too). word holds 64 bytes.
 */
LAHETTI_API const char *lahetti_word(const ProtobufCEnumDescriptor *type, int value, char word[64]);
LAHETTI_API LAHETTI_CHECKED bool lahetti_word_parse(const ProtobufCEnumDescriptor *type,
						    const char *word, int *value,
						    struct lahetti_fault *f);

#endif
