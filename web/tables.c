/*
 * lahetti_tables: what a page needs of the tables of lib/core, as one JSON document on standard
 * output, so that the page holds no copy of a list or a rule. Exit 1, and a sentence that says
 * which, where the texts are not whole.
 *
 *   kinds        [{number, name, version, body, text, authors, recipients, recipientsLeast,
 *                recipientsMost, repliesTo, step, stepFrom, steps, feedback, replaces, hasClient,
 *                deadlineDays, form}]
 *                body is the message's full name; text the key of the kind's name; authors roles,
 *                recipients recipient kinds, repliesTo kinds; step what it makes, 0 none, -1 its
 *                body tells. stepFrom is then {field, steps: [{value, step}]}, else null: the
 *                values of that field, an enum, and the step that each makes. steps what may be
 *                made on a delivery of it; deadlineDays 0: none.
 *   form         [{field, label, hint, shape, most, enum, needed, either, recipients, when,
 *                otherwise}], each key in each row, in the order in which a person is asked
 *                field is as in the .proto, label and hint are keys of texts, hint null where
 *                there is none; shape a name of shapes.def; most bytes of a text, 0 where it is
 *                none; enum the full name of a field's enum, else null. needed is the code of what
 *                is missing where it is not given, null where it may be left out; either: one of
 *                the rows with the same code is enough; recipients the kinds that a recipient may
 *                be of. when is null or {field, is}: what is said of the row goes where that
 *                field, an enum, has one of the values; else otherwise says what goes: "hidden"
 *                and "refused" not asked (and, refused, never sent), "offered" asked and not
 *                needed.
 *   steps        [{step, from, by, needs, kinds, to, shown}], one for each row of steps.def
 *                from states; by of "server", "recipient", "sender"; needs of "reason",
 *                "sentence", "cause", "date", "redirect"; kinds that make it, none where no person
 *                can; to a state; shown "always" or "as-feedback".
 *   endedStates  states that nothing follows but reopening
 *   roles        [{role, name, text, seesClients}]
 *   enums        {full name: [{value, text}]}: all values but the unspecified, in their order;
 *                text is a key of texts
 *   mediaTypes   of attachments
 *   limits       {line, sentence, long, language, list, recipients, attachments, attachmentBytes,
 *                fileName}: bytes, but list, recipients and attachments, which are numbers
 *   texts        {key: [English, Finnish, Swedish]}: lib/core's but those of the command line, and
 *                those of the folder texts beside this file
 *
 * What is a number is the value of the protocol's enum.
 */
#include "lahetti/forms.h"
#include "lahetti/kinds.h"
#include "lahetti/message.h"
#include "lahetti/text.h"

#include <assert.h>
#include <jansson.h>
#include <lahetti/v1/audit.pb-c.h>
#include <lahetti/v1/common.pb-c.h>
#include <lahetti/v1/directory.pb-c.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define KEY_MOST  160
#define BODY_MOST 1024 /* bytes of a body's struct */

static const struct lahetti_text_row own_texts[] = {
#define TEXT(key, en, fi, sv) {key, {en, fi, sv}},
#include "texts/administering.def"
#include "texts/fields.def"
#include "texts/frame.def"
#include "texts/receiving.def"
#include "texts/sending.def"
#include "texts/supervising.def"
#undef TEXT
};
#define OWN_TEXTS (sizeof own_texts / sizeof own_texts[0])

/* Enums that no field of a form has and that a page speaks of. */
static const ProtobufCEnumDescriptor *const enums[] = {
	&lahetti__v1__role__descriptor,
	&lahetti__v1__recipient_kind__descriptor,
	&lahetti__v1__category__descriptor,
	&lahetti__v1__basis_kind__descriptor,
	&lahetti__v1__criterion__descriptor,
	&lahetti__v1__answer__descriptor,
	&lahetti__v1__step__descriptor,
	&lahetti__v1__state__descriptor,
	&lahetti__v1__action__descriptor,
	&lahetti__v1__event_outcome__descriptor,
	&lahetti__v1__organisation_type__descriptor,
};

/* ---- what is not whole ---- */

static int wrong; /* how much */

__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
	va_list values;

	va_start(values, format);
	(void)fputs("lahetti_tables: ", stderr);
	(void)vfprintf(stderr, format, values);
	(void)fputc('\n', stderr);
	va_end(values);
	wrong++;
}

static bool has_text(const char *key)
{
	if (lahetti_text_find(key, LAHETTI_ENGLISH) != NULL)
		return true;
	for (size_t i = 0; i < OWN_TEXTS; i++)
		if (strcmp(own_texts[i].key, key) == 0)
			return true;
	return false;
}

static const char *must_have_text(const char *key)
{
	if (!has_text(key))
		complain("%s has no text: write a row in web/texts.", key);
	return key;
}

/* Every row is whole, and stands once. */
static void check_own_texts(void)
{
	for (size_t i = 0; i < OWN_TEXTS; i++) {
		const char *key = own_texts[i].key;

		if (lahetti_text_find(key, LAHETTI_ENGLISH) != NULL)
			complain("%s stands in lib/core too: take one of the rows away.", key);
		for (size_t k = 0; k < i; k++)
			if (strcmp(own_texts[k].key, key) == 0)
				complain("%s stands twice in web/texts.", key);
		for (int k = 0; k < LAHETTI_LANGUAGES; k++)
			if (own_texts[i].text[k][0] == '\0')
				complain("%s is empty in a language.", key);
	}
}

/* ---- JSON: NULL is what memory did not suffice for, and what holds it becomes NULL too ---- */

static json_t *add(json_t *list, json_t *value)
{
	if (list != NULL && json_array_append_new(list, value) == 0)
		return list;
	if (list == NULL)
		json_decref(value);
	json_decref(list);
	return NULL;
}

static json_t *put(json_t *object, const char *key, json_t *value)
{
	if (object != NULL && json_object_set_new(object, key, value) == 0)
		return object;
	if (object == NULL)
		json_decref(value);
	json_decref(object);
	return NULL;
}

static json_t *numbers(lahetti_set set)
{
	json_t *list = json_array();

	for (int i = 0; i < 64; i++)
		if (LAHETTI_IN(set, i))
			list = add(list, json_integer(i));
	return list;
}

/* Those of the set that the enum has. */
static json_t *values(lahetti_set set, const ProtobufCEnumDescriptor *type)
{
	json_t *list = json_array();

	for (int i = 1; i < 64; i++)
		if (LAHETTI_IN(set, i) && lahetti_enum_known(type, i))
			list = add(list, json_integer(i));
	return list;
}

/* The names of the bits that are set. */
static json_t *names(unsigned bits, const char *const *name, size_t n)
{
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		if (bits >> i & 1u)
			list = add(list, json_string(name[i]));
	return list;
}

/* ---- forms ---- */

/* "field.information-request.answer-by" and what follows. */
static const char *field_key(const struct lahetti_kind_row *kind, const char *field,
			     const char *after, char key[KEY_MOST])
{
	(void)snprintf(key, KEY_MOST, "field.%s.%s%s", kind->name, field, after);
	for (char *c = key; *c != '\0'; c++)
		if (*c == '_')
			*c = '-';
	return key;
}

static const ProtobufCEnumDescriptor *enum_of(const struct lahetti_kind_row *kind,
					      const struct lahetti_form_row *row)
{
	const ProtobufCFieldDescriptor *field =
		protobuf_c_message_descriptor_get_field_by_name(kind->body, row->field);

	return field != NULL && field->type == PROTOBUF_C_TYPE_ENUM ? field->descriptor : NULL;
}

static json_t *condition(const struct lahetti_kind_row *kind, const struct lahetti_form_row *row)
{
	if (row->when == NULL)
		return json_null();
	return json_pack("{s:s, s:o}", "field", row->when, "is",
			 numbers(lahetti_form_values(kind, row)));
}

static json_t *form_row(const struct lahetti_kind_row *kind, const struct lahetti_form_row *row)
{
	static const char *const otherwise[] = {
		[LAHETTI_OTHERWISE_HIDDEN] = "hidden",
		[LAHETTI_OTHERWISE_OFFERED] = "offered",
		[LAHETTI_OTHERWISE_REFUSED] = "refused",
	};
	const ProtobufCEnumDescriptor *type = enum_of(kind, row);
	char label[KEY_MOST], hint[KEY_MOST];

	(void)must_have_text(field_key(kind, row->field, "", label));
	(void)field_key(kind, row->field, ".hint", hint);
	return json_pack("{s:s, s:s, s:s?, s:s, s:I, s:s?, s:s?, s:b, s:o, s:o, s:s}", "field",
			 row->field, "label", label, "hint", has_text(hint) ? hint : NULL, "shape",
			 lahetti_shape_name(row->shape), "most",
			 (json_int_t)lahetti_shape_most(row->shape), "enum",
			 type == NULL ? NULL : type->name, "needed", row->needed, "either",
			 row->either, "recipients", numbers(row->recipients), "when",
			 condition(kind, row), "otherwise", otherwise[row->otherwise]);
}

static json_t *form(const struct lahetti_kind_row *kind)
{
	json_t *list = json_array();
	size_t n;
	const struct lahetti_form_row *rows = lahetti_form(kind->number, &n);

	for (size_t i = 0; i < n; i++)
		list = add(list, form_row(kind, &rows[i]));
	return list;
}

/* ---- kinds, steps, roles, enums ---- */

/* The step that a body with that value of its step's field makes. */
static int step_with(const struct lahetti_kind_row *kind, const ProtobufCFieldDescriptor *field,
		     int value)
{
	uint64_t body[BODY_MOST / sizeof(uint64_t)];

	assert(kind->body->sizeof_message <= sizeof body);
	protobuf_c_message_init(kind->body, body);
	memcpy((uint8_t *)body + field->offset, &value, sizeof value);
	return (int)lahetti_body_step(kind, body);
}

/* The values with which the step is one that the kind can make. */
static json_t *step_from(const struct lahetti_kind_row *kind)
{
	const ProtobufCFieldDescriptor *field;
	const ProtobufCEnumDescriptor *type;
	json_t *list;

	if (kind->step_field == NULL)
		return json_null();
	field = protobuf_c_message_descriptor_get_field_by_name(kind->body, kind->step_field);
	type = field->descriptor;
	list = json_array();
	for (unsigned i = 0; i < type->n_values; i++) {
		int value = type->values[i].value;
		int step = step_with(kind, field, value);
		const struct lahetti_step_row *row = lahetti_step_any(step);

		if (value != 0 && row != NULL && LAHETTI_IN(row->kinds, kind->number))
			list = add(list, json_pack("{s:i, s:i}", "value", value, "step", step));
	}
	return json_pack("{s:s, s:o}", "field", kind->step_field, "steps", list);
}

static json_t *kind(const struct lahetti_kind_row *row)
{
	char text[KEY_MOST];

	(void)snprintf(text, sizeof text, "kind.%s", row->name);
	return json_pack(
		"{s:I, s:s, s:I, s:s, s:s, s:o, s:o, s:I, s:I, s:o, s:i, s:o, s:o, s:b, s:b, "
		"s:b, s:I, s:o}",
		"number", (json_int_t)row->number, "name", row->name, "version",
		(json_int_t)row->version, "body", row->body->name, "text", must_have_text(text),
		"authors", numbers(row->authors), "recipients", numbers(row->recipients),
		"recipientsLeast", (json_int_t)row->recipients_least, "recipientsMost",
		(json_int_t)row->recipients_most, "repliesTo", numbers(row->replies_to), "step",
		row->step, "stepFrom", step_from(row), "steps",
		values(row->steps, &lahetti__v1__step__descriptor), "feedback", row->feedback,
		"replaces", row->replaces, "hasClient", row->has_client, "deadlineDays",
		(json_int_t)row->deadline_days, "form", form(row));
}

static json_t *kinds(void)
{
	json_t *list = json_array();
	size_t n;
	const struct lahetti_kind_row *rows = lahetti_kinds(&n);

	for (size_t i = 0; i < n; i++)
		list = add(list, kind(&rows[i]));
	return list;
}

static json_t *steps(void)
{
	/* In the order of the bits. */
	static const char *const by[] = {"server", "recipient", "sender"};
	static const char *const needs[] = {"reason", "sentence", "cause", "date", "redirect"};
	static const char *const shown[] = {
		[LAHETTI_SHOWN_ALWAYS] = "always",
		[LAHETTI_SHOWN_AS_FEEDBACK] = "as-feedback",
	};
	json_t *list = json_array();
	size_t n;
	const struct lahetti_step_row *rows = lahetti_steps(&n);

	for (size_t i = 0; i < n; i++)
		list = add(list,
			   json_pack("{s:i, s:o, s:o, s:o, s:o, s:i, s:s}", "step",
				     (int)rows[i].step, "from", numbers(rows[i].from), "by",
				     names(rows[i].by, by, sizeof by / sizeof by[0]), "needs",
				     names(rows[i].needs, needs, sizeof needs / sizeof needs[0]),
				     "kinds", numbers(rows[i].kinds), "to", (int)rows[i].to,
				     "shown", shown[rows[i].shown]));
	return list;
}

static json_t *ended_states(void)
{
	const ProtobufCEnumDescriptor *type = &lahetti__v1__state__descriptor;
	json_t *list = json_array();

	for (unsigned i = 0; i < type->n_values; i++)
		if (lahetti_state_ended(type->values[i].value))
			list = add(list, json_integer(type->values[i].value));
	return list;
}

static json_t *roles(void)
{
	json_t *list = json_array();
	size_t n;
	const struct lahetti_role_row *rows = lahetti_roles(&n);
	char text[LAHETTI_TEXT_KEY_MOST];

	for (size_t i = 0; i < n; i++)
		list = add(list, json_pack("{s:i, s:s, s:s, s:b}", "role", (int)rows[i].role,
					   "name", rows[i].name, "text",
					   lahetti_text_key(&lahetti__v1__role__descriptor,
							    (int)rows[i].role, text),
					   "seesClients", rows[i].sees_clients));
	return list;
}

static json_t *with_enum(json_t *object, const ProtobufCEnumDescriptor *type)
{
	json_t *list;
	char text[LAHETTI_TEXT_KEY_MOST];

	if (type == NULL || json_object_get(object, type->name) != NULL)
		return object;
	list = json_array();
	for (unsigned i = 0; i < type->n_values; i++) {
		int value = type->values[i].value;

		if (value != 0)
			list = add(list,
				   json_pack("{s:i, s:s}", "value", value, "text",
					     must_have_text(lahetti_text_key(type, value, text))));
	}
	return put(object, type->name, list);
}

static json_t *all_enums(void)
{
	json_t *object = json_object();
	size_t n;
	const struct lahetti_kind_row *rows = lahetti_kinds(&n);

	for (size_t i = 0; i < n; i++) {
		size_t n_fields;
		const struct lahetti_form_row *fields = lahetti_form(rows[i].number, &n_fields);

		for (size_t k = 0; k < n_fields; k++)
			object = with_enum(object, enum_of(&rows[i], &fields[k]));
	}
	for (size_t i = 0; i < sizeof enums / sizeof enums[0]; i++)
		object = with_enum(object, enums[i]);
	return object;
}

/* ---- the rest ---- */

static json_t *media_types(void)
{
	json_t *list = json_array();
	size_t n;
	const char *const *types = lahetti_media_types(&n);

	for (size_t i = 0; i < n; i++)
		list = add(list, json_string(types[i]));
	return list;
}

static json_t *limits(void)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:i}", "line", LAHETTI_TEXT_LINE,
			 "sentence", LAHETTI_TEXT_SENTENCE, "long", LAHETTI_TEXT_LONG, "language",
			 LAHETTI_LANGUAGE_MOST, "list", LAHETTI_LIST_MOST, "recipients",
			 LAHETTI_RECIPIENTS_MOST, "attachments", LAHETTI_ATTACHMENTS_MOST,
			 "attachmentBytes", (json_int_t)LAHETTI_ATTACHMENT_MOST, "fileName",
			 LAHETTI_FILE_NAME_MOST);
}

static json_t *with_text(json_t *object, const struct lahetti_text_row *row)
{
	return put(object, row->key,
		   json_pack("[s, s, s]", row->text[LAHETTI_ENGLISH], row->text[LAHETTI_FINNISH],
			     row->text[LAHETTI_SWEDISH]));
}

static json_t *texts(void)
{
	json_t *object = json_object();
	size_t n;
	const struct lahetti_text_row *rows = lahetti_texts(&n);

	for (size_t i = 0; i < n; i++)
		if (strncmp(rows[i].key, "cli.", 4) != 0)
			object = with_text(object, &rows[i]);
	for (size_t i = 0; i < OWN_TEXTS; i++)
		object = with_text(object, &own_texts[i]);
	return object;
}

int main(void)
{
	json_t *all;

	check_own_texts();
	all = json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "kinds", kinds(), "steps",
			steps(), "endedStates", ended_states(), "roles", roles(), "enums",
			all_enums(), "mediaTypes", media_types(), "limits", limits(), "texts",
			texts());
	if (all == NULL)
		complain("Memory is spent.");
	else if (wrong == 0 && (json_dumpf(all, stdout, JSON_INDENT(1)) != 0 || putchar('\n') < 0 ||
				fflush(stdout) != 0))
		complain("The tables can't be written.");
	json_decref(all);
	return wrong == 0 ? 0 : 1;
}
