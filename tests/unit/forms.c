#include "lahetti/forms.h"

#include "lahetti/message.h"
#include "lahetti/text.h"
#include "samples.h"

#include <lahetti/v1/common.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const ProtobufCFieldDescriptor *field_of(const struct lahetti_kind_row *kind,
						const char *name)
{
	return protobuf_c_message_descriptor_get_field_by_name(kind->body, name);
}

/* Calls it for each row of each kind. */
static void each_row(void (*look)(const struct lahetti_kind_row *kind,
				  const struct lahetti_form_row *rows, size_t n, size_t at))
{
	size_t n_kinds;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n_kinds);

	for (size_t i = 0; i < n_kinds; i++) {
		size_t n;
		const struct lahetti_form_row *rows = lahetti_form(kinds[i].number, &n);

		assert_non_null(rows);
		for (size_t k = 0; k < n; k++)
			look(&kinds[i], rows, n, k);
	}
}

static void every_field_of_a_body_has_one_row(void **state)
{
	size_t n_kinds;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n_kinds);

	(void)state;
	for (size_t i = 0; i < n_kinds; i++) {
		const ProtobufCMessageDescriptor *body = kinds[i].body;
		size_t n;
		const struct lahetti_form_row *rows = lahetti_form(kinds[i].number, &n);

		assert_int_equal(n, body->n_fields);
		for (unsigned k = 0; k < body->n_fields; k++) {
			size_t found = 0;

			for (size_t r = 0; r < n; r++)
				if (strcmp(rows[r].field, body->fields[k].name) == 0) {
					assert_string_equal(rows[r].message, body->short_name);
					assert_int_equal(rows[r].offset, body->fields[k].offset);
					found++;
				}
			if (found != 1)
				fail_msg("%s.%s: %zu rows", body->name, body->fields[k].name,
					 found);
		}
	}
}

static void what_is_no_kind_has_no_form(void **state)
{
	size_t n = 9;

	(void)state;
	assert_null(lahetti_form(0, &n));
	assert_int_equal(n, 0);
	assert_null(lahetti_form(9, &n));
	assert_null(lahetti_form(UINT32_MAX, &n));
}

/* Which types a shape may have; a message's by its name. */
static const struct {
	ProtobufCType type;
	bool repeated;
	const char *message;
} types[] = {
	[LAHETTI_SHAPE_LINE] = {PROTOBUF_C_TYPE_STRING, false, NULL},
	[LAHETTI_SHAPE_SENTENCE] = {PROTOBUF_C_TYPE_STRING, false, NULL},
	[LAHETTI_SHAPE_LONG] = {PROTOBUF_C_TYPE_STRING, false, NULL},
	[LAHETTI_SHAPE_CHOICE] = {PROTOBUF_C_TYPE_ENUM, false, NULL},
	[LAHETTI_SHAPE_CHOICES] = {PROTOBUF_C_TYPE_ENUM, true, NULL},
	[LAHETTI_SHAPE_FLAG] = {PROTOBUF_C_TYPE_BOOL, false, NULL},
	[LAHETTI_SHAPE_DATE] = {PROTOBUF_C_TYPE_UINT32, false, NULL},
	[LAHETTI_SHAPE_LANGUAGE] = {PROTOBUF_C_TYPE_STRING, false, NULL},
	[LAHETTI_SHAPE_CRITERIA] = {PROTOBUF_C_TYPE_MESSAGE, true, "CriterionAnswer"},
	[LAHETTI_SHAPE_PARTIES] = {PROTOBUF_C_TYPE_MESSAGE, true, "Party"},
	[LAHETTI_SHAPE_RECIPIENT] = {PROTOBUF_C_TYPE_MESSAGE, false, "Recipient"},
	[LAHETTI_SHAPE_USER] = {PROTOBUF_C_TYPE_BYTES, false, NULL},
	[LAHETTI_SHAPE_SCAN] = {PROTOBUF_C_TYPE_BYTES, false, NULL},
	[LAHETTI_SHAPE_REFERENCE] = {PROTOBUF_C_TYPE_MESSAGE, false, "Reference"},
};

static void look_at_shape(const struct lahetti_kind_row *kind, const struct lahetti_form_row *rows,
			  size_t n, size_t at)
{
	const struct lahetti_form_row *row = &rows[at];
	const ProtobufCFieldDescriptor *field = field_of(kind, row->field);
	bool good;

	(void)n;
	assert_non_null(field);
	if (row->shape == LAHETTI_SHAPE_FILLED) {
		good = field->label != PROTOBUF_C_LABEL_REPEATED &&
		       (field->type == PROTOBUF_C_TYPE_BYTES ||
			field->type == PROTOBUF_C_TYPE_ENUM);
	} else {
		good = field->type == types[row->shape].type &&
		       (field->label == PROTOBUF_C_LABEL_REPEATED) == types[row->shape].repeated;
		if (good && field->type == PROTOBUF_C_TYPE_MESSAGE)
			good = strcmp(((const ProtobufCMessageDescriptor *)field->descriptor)
					      ->short_name,
				      types[row->shape].message) == 0;
	}
	if (!good)
		fail_msg("%s.%s is no %s", row->message, row->field,
			 lahetti_shape_name(row->shape));
	assert_int_equal(row->bad != NULL, row->shape == LAHETTI_SHAPE_CHOICES);
	assert_int_equal(row->recipients != 0, row->shape == LAHETTI_SHAPE_RECIPIENT);
}

static void shapes_are_those_of_the_fields(void **state)
{
	(void)state;
	each_row(look_at_shape);
}

static bool is_code_of_statements(const char *code)
{
	size_t n;
	const struct lahetti_code_row *codes = lahetti_codes(&n);

	for (size_t i = 0; i < n; i++)
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].from == LAHETTI_CODE_STATEMENT ||
			       codes[i].from == LAHETTI_CODE_CORE;
	return false;
}

static void look_at_codes(const struct lahetti_kind_row *kind, const struct lahetti_form_row *rows,
			  size_t n, size_t at)
{
	const struct lahetti_form_row *row = &rows[at];
	size_t others = 0;

	(void)kind;
	if (row->needed != NULL && !is_code_of_statements(row->needed))
		fail_msg("%s.%s: %s is no code", row->message, row->field, row->needed);
	if (row->bad != NULL && !is_code_of_statements(row->bad))
		fail_msg("%s.%s: %s is no code", row->message, row->field, row->bad);
	if (!row->either)
		return;
	if (row->needed == NULL) {
		fail_msg("%s.%s: either, and no code", row->message, row->field);
		return; /* never: fail_msg does not return */
	}
	for (size_t i = 0; i < n; i++)
		others += i != at && rows[i].either && rows[i].needed != NULL &&
			  strcmp(rows[i].needed, row->needed) == 0;
	assert_true(others > 0);
}

static void codes_of_rows_are_codes(void **state)
{
	(void)state;
	each_row(look_at_codes);
}

/* A condition looks at one enum value of the same body that a person was asked for before. */
static void look_at_condition(const struct lahetti_kind_row *kind,
			      const struct lahetti_form_row *rows, size_t n, size_t at)
{
	const struct lahetti_form_row *row = &rows[at];
	lahetti_set values = lahetti_form_values(kind, row);
	const ProtobufCFieldDescriptor *field;
	bool before = false;

	(void)n;
	if (row->when == NULL) {
		assert_int_equal(values, 0);
		assert_int_equal(row->otherwise, LAHETTI_OTHERWISE_HIDDEN);
		return;
	}
	field = field_of(kind, row->when);
	if (field == NULL || field->type != PROTOBUF_C_TYPE_ENUM ||
	    field->label == PROTOBUF_C_LABEL_REPEATED) {
		fail_msg("%s.%s: no condition on %s", row->message, row->field, row->when);
		return; /* never: fail_msg does not return */
	}
	for (size_t i = 0; i < at; i++)
		before = before || strcmp(rows[i].field, row->when) == 0;
	assert_true(before);
	assert_int_equal(row->is != 0, row->step_needs == 0);
	assert_true(row->step_needs == 0 || field->descriptor == &lahetti__v1__step__descriptor);
	assert_true(values != 0 && !LAHETTI_IN(values, 0));
	for (int i = 0; i < 64; i++)
		if (LAHETTI_IN(values, i))
			assert_true(lahetti_enum_known(field->descriptor, i));
}

static void conditions_look_at_what_was_asked_before(void **state)
{
	(void)state;
	each_row(look_at_condition);
}

/* Whatever a step of the kind needs, the form asks. */
static void each_need_of_a_step_has_its_row(void **state)
{
	const struct lahetti_kind_row *kind = lahetti_kind_find(LAHETTI_KIND_ACKNOWLEDGEMENT);
	size_t n, n_steps;
	const struct lahetti_form_row *rows = lahetti_form(kind->number, &n);
	const struct lahetti_step_row *steps = lahetti_steps(&n_steps);

	(void)state;
	for (size_t i = 0; i < n_steps; i++) {
		unsigned asked = 0;

		for (size_t k = 0; k < n; k++)
			if (LAHETTI_IN(lahetti_form_values(kind, &rows[k]), steps[i].step))
				asked |= rows[k].step_needs;
		if (LAHETTI_IN(steps[i].kinds, kind->number))
			assert_int_equal(asked, steps[i].needs);
		else
			assert_int_equal(asked, 0);
	}
}

/* A body of which nothing is given is refused by the code of its first row that is needed. */
static void empty_body_is_refused_by_its_first_needed_row(void **state)
{
	size_t n_kinds;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n_kinds);

	(void)state;
	for (size_t i = 0; i < n_kinds; i++) {
		struct lahetti_fault f = {0};
		struct sample s;
		size_t n;
		const struct lahetti_form_row *rows = lahetti_form(kinds[i].number, &n);

		sample_init(&s, (enum lahetti_kind)kinds[i].number);
		assert_true(lahetti_form_check(&kinds[i], &s.header, s.body, NULL));
		protobuf_c_message_init(kinds[i].body, s.body);
		assert_false(lahetti_form_check(&kinds[i], &s.header, s.body, &f));
		while (n > 0 && rows->needed == NULL)
			rows++, n--;
		assert_true(n > 0);
		assert_string_equal(f.code, rows->needed);
		assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_body_has_one_row),
		cmocka_unit_test(what_is_no_kind_has_no_form),
		cmocka_unit_test(shapes_are_those_of_the_fields),
		cmocka_unit_test(codes_of_rows_are_codes),
		cmocka_unit_test(conditions_look_at_what_was_asked_before),
		cmocka_unit_test(each_need_of_a_step_has_its_row),
		cmocka_unit_test(empty_body_is_refused_by_its_first_needed_row),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
