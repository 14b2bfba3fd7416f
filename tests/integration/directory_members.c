/* Reading the directory by unit and by user: that row, its memberships, and nothing else, page by
 * page. */

#include "county.h"
#include "lahetti/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define MEMBERS 7 /* who come into the team beside the coach */

#define ENTRY(NAME) LAHETTI__V1__DIRECTORY_ENTRY__ENTRY_##NAME

struct scene {
	struct county county;
	struct person members[MEMBERS];
};

static const Lahetti__V1__DirectoryPage *read_page(struct person *p, const struct lahetti_id *unit,
						   const struct lahetti_id *user,
						   ProtobufCBinaryData cursor, uint32_t limit)
{
	Lahetti__V1__ClientFrame frame = LAHETTI__V1__CLIENT_FRAME__INIT;
	Lahetti__V1__ReadDirectory asked = LAHETTI__V1__READ_DIRECTORY__INIT;

	if (unit != NULL)
		asked.unit = lahetti_bytes(lahetti_id_span(unit));
	if (user != NULL)
		asked.user = lahetti_bytes(lahetti_id_span(user));
	asked.cursor = cursor;
	asked.limit = limit;
	frame.body_case = LAHETTI__V1__CLIENT_FRAME__BODY_READ_DIRECTORY;
	frame.read_directory = &asked;
	return person_expect(p, &frame, LAHETTI__V1__SERVER_FRAME__BODY_DIRECTORY)->directory;
}

static bool is(ProtobufCBinaryData bytes, const struct lahetti_id *id)
{
	return lahetti_span_equal(lahetti_bytes_span(bytes), lahetti_id_span(id));
}

static void a_unit_and_who_is_in_it(void **state)
{
	struct scene *s = *state;
	const Lahetti__V1__DirectoryPage *page =
		read_page(&s->county.admin, &s->county.team, NULL, (ProtobufCBinaryData){0}, 0);
	Lahetti__V1__DirectoryEntry **e = page->entries;

	assert_int_equal(1 + 2 * (1 + MEMBERS), page->n_entries);
	assert_int_equal(0, page->cursor.len);
	assert_int_equal(ENTRY(UNIT), e[0]->entry_case);
	assert_true(is(e[0]->unit->id, &s->county.team));
	for (size_t i = 1; i < page->n_entries; i += 2) {
		assert_int_equal(ENTRY(USER), e[i]->entry_case);
		assert_int_equal(ENTRY(MEMBERSHIP), e[i + 1]->entry_case);
		assert_true(is(e[i + 1]->membership->unit, &s->county.team));
		assert_true(lahetti_span_equal(lahetti_bytes_span(e[i]->user->id),
					       lahetti_bytes_span(e[i + 1]->membership->user)));
	}
}

static void page_by_page_nothing_is_missed(void **state)
{
	struct scene *s = *state;
	uint8_t kept[64];
	ProtobufCBinaryData cursor = {0};
	size_t units = 0, memberships = 0, pages = 0;

	do {
		const Lahetti__V1__DirectoryPage *page =
			read_page(&s->county.admin, &s->county.team, NULL, cursor, 5);

		assert_true(page->n_entries <= 5);
		for (size_t i = 0; i < page->n_entries; i++) {
			units += page->entries[i]->entry_case == ENTRY(UNIT);
			memberships += page->entries[i]->entry_case == ENTRY(MEMBERSHIP);
		}
		assert_true(page->cursor.len <= sizeof kept);
		if (page->cursor.len > 0)
			memcpy(kept, page->cursor.data, page->cursor.len);
		cursor = (ProtobufCBinaryData){.data = kept, .len = page->cursor.len};
		assert_true(++pages < 10);
	} while (cursor.len > 0);
	assert_int_equal(1, units);
	assert_int_equal(1 + MEMBERS, memberships);
}

static void a_user_and_what_they_are(void **state)
{
	struct scene *s = *state;
	const Lahetti__V1__DirectoryPage *page = read_page(
		&s->county.worker, NULL, &s->members[0].user, (ProtobufCBinaryData){0}, 0);

	assert_int_equal(3, page->n_entries);
	assert_int_equal(ENTRY(USER), page->entries[0]->entry_case);
	assert_true(is(page->entries[0]->user->id, &s->members[0].user));
	assert_int_equal(ENTRY(UNIT), page->entries[1]->entry_case);
	assert_true(is(page->entries[1]->unit->id, &s->county.team));
	assert_int_equal(ENTRY(MEMBERSHIP), page->entries[2]->entry_case);
	assert_true(is(page->entries[2]->membership->user, &s->members[0].user));
}

static void one_that_is_not_there_has_nothing(void **state)
{
	struct scene *s = *state;
	struct lahetti_id nowhere;
	struct lahetti_fault f;

	assert_true(lahetti_id_new(&nowhere, 1, &f));
	assert_int_equal(0,
			 read_page(&s->county.worker, &nowhere, NULL, (ProtobufCBinaryData){0}, 0)
				 ->n_entries);
	assert_int_equal(0,
			 read_page(&s->county.worker, NULL, &nowhere, (ProtobufCBinaryData){0}, 0)
				 ->n_entries);
}

static int begin(void **state)
{
	static struct scene s;
	char code[32];

	county_make(&s.county);
	county_sign_in(&s.county.admin);
	county_sign_in(&s.county.worker);
	for (size_t i = 0; i < MEMBERS; i++)
		admin_user(&s.county.admin, "Jäsen", &s.county.team,
			   LAHETTI__V1__ROLE__ROLE_JOB_COACH, &s.members[i], code);
	*state = &s;
	return 0;
}

static int end(void **state)
{
	struct scene *s = *state;

	county_end(&s->county);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_unit_and_who_is_in_it),
		cmocka_unit_test(page_by_page_nothing_is_missed),
		cmocka_unit_test(a_user_and_what_they_are),
		cmocka_unit_test(one_that_is_not_there_has_nothing),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
