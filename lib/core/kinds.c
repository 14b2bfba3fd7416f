#include "lahetti/kinds.h"

#include "bodies.h"
#include "lahetti/message.h"

#include <lahetti/v1/common.pb-c.h>
#include <stdio.h>
#include <string.h>

/* ---- roles ---- */

static const struct lahetti_role_row roles[] = {
#define ROLE(NAME, name, sees) {LAHETTI__V1__ROLE__ROLE_##NAME, name, sees},
#include "lahetti/roles.def"
#undef ROLE
};

/* The roles that see clients, as a constant. */
enum {
	WITH_CLIENTS = 0
#define ROLE(NAME, name, sees) | ((sees) ? 1 << LAHETTI__V1__ROLE__ROLE_##NAME : 0)
#include "lahetti/roles.def"
#undef ROLE
};

const struct lahetti_role_row *lahetti_roles(size_t *n)
{
	*n = sizeof roles / sizeof roles[0];
	return roles;
}

const struct lahetti_role_row *lahetti_role_find(int role)
{
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if ((int)roles[i].role == role)
			return &roles[i];
	return NULL;
}

const struct lahetti_role_row *lahetti_role_find_name(const char *name)
{
	for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++)
		if (strcmp(roles[i].name, name) == 0)
			return &roles[i];
	return NULL;
}

/* ---- kinds ---- */

static Lahetti__V1__Step acknowledgement_step(const void *body)
{
	return ((const Lahetti__V1__Acknowledgement *)body)->step;
}

/* Outcomes from HEALTH on are interruptions. */
static Lahetti__V1__Step closing_step(const void *body)
{
	const Lahetti__V1__Closing *closing = body;

	return closing->outcome < LAHETTI__V1__OUTCOME__OUTCOME_HEALTH
		       ? LAHETTI__V1__STEP__STEP_COMPLETE
		       : LAHETTI__V1__STEP__STEP_FAIL;
}

#define A(KIND)	     LAHETTI_SET(LAHETTI_KIND_##KIND)
#define A_STEP(STEP) LAHETTI__V1__STEP__STEP_##STEP
#define TO(KIND)     LAHETTI_SET(LAHETTI__V1__RECIPIENT_KIND__RECIPIENT_KIND_##KIND)
#define EVERY_STEP   (~(lahetti_set)0)
#define READ_ONLY                                                     \
	(LAHETTI_SET(A_STEP(HAND_OVER)) | LAHETTI_SET(A_STEP(OPEN)) | \
	 LAHETTI_SET(A_STEP(EXPIRE)) | LAHETTI_SET(A_STEP(STOP)))

static const struct lahetti_kind_row kinds[] = {
#define KIND(number_, NAME, name_, version_, body_, ...)     \
	{                                                    \
		.number = (number_),                         \
		.version = (version_),                       \
		.name = (name_),                             \
		.body = &lahetti__v1__##body_##__descriptor, \
		__VA_ARGS__,                                 \
	},
#include "lahetti/kinds.def"
#undef KIND
};

const struct lahetti_kind_row *lahetti_kinds(size_t *n)
{
	*n = sizeof kinds / sizeof kinds[0];
	return kinds;
}

const struct lahetti_kind_row *lahetti_kind_find(uint32_t number)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (kinds[i].number == number)
			return &kinds[i];
	return NULL;
}

const struct lahetti_kind_row *lahetti_kind_find_name(const char *name)
{
	for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

Lahetti__V1__Step lahetti_body_step(const struct lahetti_kind_row *kind, const void *body)
{
	if (kind->step == LAHETTI_KIND_STEP_FROM_BODY)
		return kind->step_of(body);
	return (Lahetti__V1__Step)kind->step;
}

struct lahetti_span lahetti_body_delivery(const struct lahetti_kind_row *kind, const void *body)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(kind->body, "delivery");
	ProtobufCBinaryData bytes;

	if (field == NULL)
		return lahetti_span(NULL, 0);
	memcpy(&bytes, (const uint8_t *)body + field->offset, sizeof bytes);
	return lahetti_bytes_span(bytes);
}

/* ---- steps ---- */

#define IN(STATE) LAHETTI_SET(LAHETTI__V1__STATE__STATE_##STATE)
#define UNSEEN	  (IN(REQUESTED) | IN(HANDED_OVER))
#define UNDECIDED (IN(OPENED) | IN(INFORMATION_REQUESTED) | IN(REOPENED))
#define IN_SERVICE                                                                           \
	(IN(TAKEN) | IN(SCHEDULED) | IN(MET) | IN(NO_SHOW) | IN(IN_PROGRESS) | IN(ON_HOLD) | \
	 IN(INTERIM_REPORT))
#define UNFINISHED (UNSEEN | UNDECIDED | IN(WAITLISTED) | IN_SERVICE | IN(CANCEL_REQUESTED))

/* The words of the columns of steps.def. */
enum {
	NOTHING = LAHETTI_NEEDS_NOTHING,
	REASON = LAHETTI_NEEDS_REASON,
	SENTENCE = LAHETTI_NEEDS_SENTENCE,
	CAUSE = LAHETTI_NEEDS_CAUSE,
	DATE = LAHETTI_NEEDS_DATE,
	REDIRECT = LAHETTI_NEEDS_REDIRECT,
};

static const struct lahetti_step_row steps[] = {
#define STEP(NAME, from_, by_, needs_, kinds_, to_, shown_) \
	{                                                   \
		.step = A_STEP(NAME),                       \
		.from = (from_),                            \
		.by = LAHETTI_BY_##by_,                     \
		.needs = (needs_),                          \
		.kinds = (kinds_),                          \
		.to = LAHETTI__V1__STATE__STATE_##to_,      \
		.shown = LAHETTI_SHOWN_##shown_,            \
	},
#include "lahetti/steps.def"
#undef STEP
};

const struct lahetti_step_row *lahetti_steps(size_t *n)
{
	*n = sizeof steps / sizeof steps[0];
	return steps;
}

const struct lahetti_step_row *lahetti_step_any(int step)
{
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if ((int)steps[i].step == step)
			return &steps[i];
	return NULL;
}

static bool is_state(int state)
{
	return state != LAHETTI__V1__STATE__STATE_UNSPECIFIED &&
	       lahetti_enum_known(&lahetti__v1__state__descriptor, state);
}

const struct lahetti_step_row *lahetti_step_find(int step, int from)
{
	if (!is_state(from))
		return NULL;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if ((int)steps[i].step == step && LAHETTI_IN(steps[i].from, from))
			return &steps[i];
	return NULL;
}

bool lahetti_state_ended(int state)
{
	if (!is_state(state))
		return false;
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
		if (steps[i].step != LAHETTI__V1__STEP__STEP_REOPEN &&
		    LAHETTI_IN(steps[i].from, state))
			return false;
	return true;
}

/* ---- words ---- */

bool lahetti_enum_set(const void *values, size_t n, lahetti_set *set)
{
	*set = 0;
	for (size_t i = 0; i < n; i++) {
		int value; /* protobuf-c makes every enum as wide as an int */

		memcpy(&value, (const uint8_t *)values + i * sizeof value, sizeof value);
		if (value <= 0 || value >= 64 || LAHETTI_IN(*set, value))
			return false;
		*set |= LAHETTI_SET(value);
	}
	return true;
}

/* Of the values' names, "HOW_GIVEN_" for the type HowGiven: a hyphen's place is before a capital.
 */
static size_t prefix_len(const ProtobufCEnumDescriptor *type)
{
	size_t len = 1;

	for (const char *c = type->short_name; *c != '\0'; c++)
		len += *c >= 'A' && *c <= 'Z' && c != type->short_name ? 2 : 1;
	return len;
}

static char word_char(char c)
{
	if (c == '_')
		return '-';
	return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

const char *lahetti_word(const ProtobufCEnumDescriptor *type, int value, char word[64])
{
	const ProtobufCEnumValue *row = protobuf_c_enum_descriptor_get_value(type, value);
	size_t i = 0;

	if (row != NULL)
		for (const char *c = row->name + prefix_len(type); *c != '\0' && i < 63; c++)
			word[i++] = word_char(*c);
	word[i] = '\0';
	return word;
}

bool lahetti_word_parse(const ProtobufCEnumDescriptor *type, const char *word, int *value,
			struct lahetti_fault *f)
{
	char known[64];

	for (unsigned i = 0; i < type->n_values; i++)
		if (type->values[i].value != 0 &&
		    strcmp(lahetti_word(type, type->values[i].value, known), word) == 0) {
			*value = type->values[i].value;
			return true;
		}
	return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "unknown-word",
				 "This is none of the words that may stand here.");
}
