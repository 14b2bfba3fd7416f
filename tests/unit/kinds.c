#include "lahetti/kinds.h"

#include "lahetti/forms.h"
#include "lahetti/message.h"
#include "samples.h"

#include <lahetti/v1/audit.pb-c.h>
#include <lahetti/v1/common.pb-c.h>
#include <lahetti/v1/directory.pb-c.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void roles_are_those_of_the_protocol(void **state)
{
	const ProtobufCEnumDescriptor *type = &lahetti__v1__role__descriptor;
	char word[64];
	size_t n;
	const struct lahetti_role_row *roles = lahetti_roles(&n);

	(void)state;
	assert_int_equal(n, type->n_values - 1);
	for (unsigned i = 0; i < type->n_values; i++) {
		const struct lahetti_role_row *row = lahetti_role_find(type->values[i].value);

		if (type->values[i].value == 0) {
			assert_null(row);
			continue;
		}
		assert_non_null(row);
		assert_string_equal(row->name, lahetti_word(type, (int)row->role, word));
		assert_ptr_equal(lahetti_role_find_name(row->name), row);
		assert_true(row >= roles && row < roles + n);
	}
	assert_null(lahetti_role_find(-1));
	assert_null(lahetti_role_find(99));
	assert_null(lahetti_role_find_name("client"));
}

static void three_roles_never_see_clients(void **state)
{
	size_t n;
	const struct lahetti_role_row *roles = lahetti_roles(&n);
	size_t blind = 0;

	(void)state;
	for (size_t i = 0; i < n; i++)
		blind += !roles[i].sees_clients;
	assert_int_equal(blind, 3);
	assert_false(lahetti_role_find(LAHETTI__V1__ROLE__ROLE_PEER_EXPERT)->sees_clients);
	assert_false(
		lahetti_role_find(LAHETTI__V1__ROLE__ROLE_DATA_PROTECTION_OFFICER)->sees_clients);
	assert_false(lahetti_role_find(LAHETTI__V1__ROLE__ROLE_ADMINISTRATOR)->sees_clients);
}

/* The numbers stand in signed statements. */
static void numbers_of_kinds_are_fixed_for_ever(void **state)
{
	static const char *const names[] = {
		NULL,
		"referral",
		"consent",
		"withdrawal",
		"acknowledgement",
		"information-request",
		"information-answer",
		"interim-report",
		"closing",
	};
	size_t n;

	(void)state;
	(void)lahetti_kinds(&n);
	assert_int_equal(n, sizeof names / sizeof names[0] - 1);
	for (uint32_t i = 1; i <= n; i++) {
		assert_string_equal(lahetti_kind_find(i)->name, names[i]);
		assert_int_equal(lahetti_kind_find(i)->version, 1);
		assert_ptr_equal(lahetti_kind_find_name(names[i]), lahetti_kind_find(i));
	}
	assert_null(lahetti_kind_find(0));
	assert_null(lahetti_kind_find(9));
	assert_null(lahetti_kind_find(UINT32_MAX));
	assert_null(lahetti_kind_find_name("plan"));
}

/* The row's name is that of its body, and its columns agree with one another. */
static void rows_of_kinds_are_whole(void **state)
{
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct lahetti_kind_row *row = &kinds[i];
		const char *body = row->body->short_name;
		char name[64];
		size_t len = 0, fields;

		for (; *body != '\0'; body++) {
			if (*body >= 'A' && *body <= 'Z' && len > 0)
				name[len++] = '-';
			name[len++] = (char)(*body | 0x20);
		}
		name[len] = '\0';
		assert_string_equal(row->name, name);
		assert_non_null(lahetti_form(row->number, &fields));
		assert_true(row->number < 64);
		assert_true(row->recipients_least <= row->recipients_most);
		assert_int_equal(row->recipients != 0, row->recipients_most > 0);
		assert_int_equal(row->recipients != 0, row->steps != 0);
		assert_int_equal(row->step == LAHETTI_KIND_STEP_FROM_BODY, row->step_of != NULL);
		assert_int_equal(row->step_field != NULL, row->step_of != NULL);
		assert_false(LAHETTI_IN(row->recipients, 0));
		assert_false(LAHETTI_IN(row->replies_to, 0));
		if (row->feedback)
			assert_true(row->replies_to != 0 && row->recipients != 0);
	}
}

static void whoever_sees_clients_may_author_every_kind_and_nobody_else(void **state)
{
	size_t n, n_roles;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);
	const struct lahetti_role_row *roles = lahetti_roles(&n_roles);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		assert_false(LAHETTI_IN(kinds[i].authors, 0));
		for (size_t k = 0; k < n_roles; k++)
			assert_int_equal(LAHETTI_IN(kinds[i].authors, roles[k].role),
					 roles[k].sees_clients);
	}
}

static void what_a_kind_answers_is_delivered_or_a_consent(void **state)
{
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);

	(void)state;
	for (size_t i = 0; i < n; i++)
		for (unsigned k = 0; k < 64; k++) {
			const struct lahetti_kind_row *answered = lahetti_kind_find(k);

			if (!LAHETTI_IN(kinds[i].replies_to, k))
				continue;
			assert_non_null(answered);
			if (kinds[i].number == LAHETTI_KIND_WITHDRAWAL)
				assert_int_equal(k, LAHETTI_KIND_CONSENT);
			else
				assert_true(answered->recipients != 0);
		}
}

static void body_tells_its_step_and_its_delivery(void **state)
{
	size_t n;
	const struct lahetti_kind_row *kinds = lahetti_kinds(&n);
	static const int steps[] = {
		[LAHETTI_KIND_REFERRAL] = 0,
		[LAHETTI_KIND_CONSENT] = 0,
		[LAHETTI_KIND_WITHDRAWAL] = 0,
		[LAHETTI_KIND_ACKNOWLEDGEMENT] = LAHETTI__V1__STEP__STEP_TAKE,
		[LAHETTI_KIND_INFORMATION_REQUEST] = LAHETTI__V1__STEP__STEP_ASK,
		[LAHETTI_KIND_INFORMATION_ANSWER] = LAHETTI__V1__STEP__STEP_ANSWER,
		[LAHETTI_KIND_INTERIM_REPORT] = LAHETTI__V1__STEP__STEP_REPORT,
		[LAHETTI_KIND_CLOSING] = LAHETTI__V1__STEP__STEP_COMPLETE,
	};

	(void)state;
	for (size_t i = 0; i < n; i++) {
		const struct lahetti_kind_row *row = &kinds[i];
		struct sample s;
		struct lahetti_span delivery;

		sample_init(&s, (enum lahetti_kind)row->number);
		delivery = lahetti_body_delivery(row, s.body);
		assert_int_equal(lahetti_body_step(row, s.body), steps[row->number]);
		if (row->number <= LAHETTI_KIND_WITHDRAWAL)
			assert_int_equal(delivery.len, 0);
		else
			assert_true(lahetti_span_equal(
				delivery, lahetti_id_span(sample_id(SAMPLE_DELIVERY))));
	}
}

/* Outcomes below 20 complete a referral, the others break it off. */
static void outcome_decides_how_a_closing_ends(void **state)
{
	const struct lahetti_kind_row *row = lahetti_kind_find(LAHETTI_KIND_CLOSING);
	const ProtobufCEnumDescriptor *type = &lahetti__v1__outcome__descriptor;

	(void)state;
	for (unsigned i = 1; i < type->n_values; i++) {
		Lahetti__V1__Closing closing = LAHETTI__V1__CLOSING__INIT;

		closing.outcome = (Lahetti__V1__Outcome)type->values[i].value;
		assert_int_equal(lahetti_body_step(row, &closing),
				 type->values[i].value < 20 ? LAHETTI__V1__STEP__STEP_COMPLETE
							    : LAHETTI__V1__STEP__STEP_FAIL);
	}
}

static void set_holds_each_value_once(void **state)
{
	static const Lahetti__V1__Category good[] = {
		LAHETTI__V1__CATEGORY__CATEGORY_FEEDBACK,
		LAHETTI__V1__CATEGORY__CATEGORY_CONTACT,
	};
	static const Lahetti__V1__Category twice[] = {
		LAHETTI__V1__CATEGORY__CATEGORY_PLAN,
		LAHETTI__V1__CATEGORY__CATEGORY_PLAN,
	};
	static const Lahetti__V1__Category none[] = {LAHETTI__V1__CATEGORY__CATEGORY_UNSPECIFIED};
	static const int beyond[] = {64};
	static const int below[] = {-1};
	lahetti_set set = 99;

	(void)state;
	assert_true(lahetti_enum_set(NULL, 0, &set));
	assert_int_equal(set, 0);
	assert_true(lahetti_enum_set(good, 2, &set));
	assert_int_equal(set, 1 << 8 | 1 << 1);
	assert_false(lahetti_enum_set(twice, 2, &set));
	assert_false(lahetti_enum_set(none, 1, &set));
	assert_false(lahetti_enum_set(beyond, 1, &set));
	assert_false(lahetti_enum_set(below, 1, &set));
}

static void word_and_value_are_one(void **state)
{
	static const ProtobufCEnumDescriptor *const types[] = {
		&lahetti__v1__role__descriptor,
		&lahetti__v1__category__descriptor,
		&lahetti__v1__basis_kind__descriptor,
		&lahetti__v1__recipient_kind__descriptor,
		&lahetti__v1__how_given__descriptor,
		&lahetti__v1__state__descriptor,
		&lahetti__v1__event_outcome__descriptor,
		&lahetti__v1__organisation_type__descriptor,
	};
	char word[64];
	int value = 77;

	(void)state;
	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		for (unsigned k = 0; k < types[i]->n_values; k++) {
			int expected = types[i]->values[k].value;

			(void)lahetti_word(types[i], expected, word);
			if (expected == 0) {
				assert_string_equal(word, "unspecified");
				continue;
			}
			assert_true(lahetti_word_parse(types[i], word, &value, NULL));
			assert_int_equal(value, expected);
		}
	assert_string_equal(lahetti_word(&lahetti__v1__state__descriptor,
					 LAHETTI__V1__STATE__STATE_IN_PROGRESS, word),
			    "in-progress");
	assert_string_equal(lahetti_word(&lahetti__v1__how_given__descriptor,
					 LAHETTI__V1__HOW_GIVEN__HOW_GIVEN_ORAL, word),
			    "oral");
	assert_string_equal(lahetti_word(&lahetti__v1__state__descriptor, 99, word), "");
}

static void unknown_word_is_refused(void **state)
{
	static const char *const words[] = {"", "unspecified", "IN_PROGRESS", "in-progres",
					    "in-progressx"};

	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		struct lahetti_fault f = {0};
		int value;

		assert_false(
			lahetti_word_parse(&lahetti__v1__state__descriptor, words[i], &value, &f));
		assert_string_equal(f.code, "unknown-word");
		assert_int_equal(f.kind, LAHETTI_FAULT_MALFORMED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_are_those_of_the_protocol),
		cmocka_unit_test(three_roles_never_see_clients),
		cmocka_unit_test(numbers_of_kinds_are_fixed_for_ever),
		cmocka_unit_test(rows_of_kinds_are_whole),
		cmocka_unit_test(whoever_sees_clients_may_author_every_kind_and_nobody_else),
		cmocka_unit_test(what_a_kind_answers_is_delivered_or_a_consent),
		cmocka_unit_test(body_tells_its_step_and_its_delivery),
		cmocka_unit_test(outcome_decides_how_a_closing_ends),
		cmocka_unit_test(set_holds_each_value_once),
		cmocka_unit_test(word_and_value_are_one),
		cmocka_unit_test(unknown_word_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
