/* What a transaction knows of a client, once it has asked, is what is true in it. */

#include "clients.h"

#include "archive.h"
#include "lahetti/message.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define MANY 200 /* more than a transaction remembers */

static void has_client(struct archive *a, void **state)
{
	archive_open(a, state, "a.db");
	archive_begin(a);
	(void)archive_add_client(a, SAMPLE_COUNTY, SAMPLE_CLINIC, SAMPLE_CLIENT, SAMPLE_CASE);
	archive_commit(a);
}

/* The code of the fault; "": it opens. */
static const char *opens(struct store *s, const struct lahetti_id *client, enum clients_key which)
{
	static struct lahetti_fault f;
	struct lahetti_secret key;

	f = (struct lahetti_fault){0};
	return clients_key(s, client, which, &key, &f) ? "" : f.code;
}

static bool is_there(struct store *s, const struct lahetti_id *client)
{
	struct clients_row row;
	bool found;

	assert_true(clients_find(s, client, &row, &found, NULL));
	return found;
}

static void p8_destroyed_key_opens_no_more_in_the_same_transaction(void **state)
{
	const struct lahetti_id *client = sample_id(SAMPLE_CLIENT);
	struct clients_row row;
	struct archive a;
	bool found;

	has_client(&a, state);
	for (int undone = 1; undone >= 0; undone--) {
		archive_begin(&a);
		assert_string_equal(opens(a.store, client, CLIENTS_CONTENT_KEY), "");
		assert_string_equal(opens(a.store, client, CLIENTS_IDENTITY_KEY), "");
		assert_true(clients_keys_destroy(a.store, client, CLIENTS_DESTROY_CONTENT, NULL));
		assert_string_equal(opens(a.store, client, CLIENTS_CONTENT_KEY), "key-destroyed");
		assert_string_equal(opens(a.store, client, CLIENTS_IDENTITY_KEY), "");
		assert_true(clients_find(a.store, client, &row, &found, NULL));
		assert_true(found && row.content_erased && !row.identity_erased);
		if (undone)
			archive_rollback(&a);
		else
			archive_commit(&a);
	}
	archive_begin(&a);
	assert_string_equal(opens(a.store, client, CLIENTS_CONTENT_KEY), "key-destroyed");
	archive_rollback(&a);
	archive_close(&a);
}

static void p8_reader_asks_again_in_its_next_transaction(void **state)
{
	const struct lahetti_id *client = sample_id(SAMPLE_CLIENT);
	struct store *reader;
	struct archive a;

	has_client(&a, state);
	reader = store_open(a.database, a.vault, STORE_READ, NULL);
	assert_non_null(reader);
	assert_true(store_begin(reader, NULL));
	assert_string_equal(opens(reader, client, CLIENTS_IDENTITY_KEY), "");
	archive_begin(&a);
	assert_true(clients_keys_destroy(a.store, client, CLIENTS_DESTROY_IDENTITY, NULL));
	archive_commit(&a);
	/* Its snapshot is of before. */
	assert_string_equal(opens(reader, client, CLIENTS_IDENTITY_KEY), "");
	store_rollback(reader);
	/* Outside a transaction nothing is remembered at all. */
	assert_string_equal(opens(reader, client, CLIENTS_IDENTITY_KEY), "key-destroyed");
	assert_true(store_begin(reader, NULL));
	assert_string_equal(opens(reader, client, CLIENTS_IDENTITY_KEY), "key-destroyed");
	store_rollback(reader);
	store_close(reader);
	archive_close(&a);
}

static void key_that_was_changed_is_the_new_one(void **state)
{
	const struct lahetti_id *client = sample_id(SAMPLE_CLIENT);
	struct lahetti_secret before, put, after;
	struct archive a;

	has_client(&a, state);
	archive_begin(&a);
	assert_true(clients_key(a.store, client, CLIENTS_CONTENT_KEY, &before, NULL));
	assert_true(lahetti_secret_new(&put, NULL));
	assert_true(clients_content_key_put(a.store, client, &put, NULL));
	assert_true(clients_key(a.store, client, CLIENTS_CONTENT_KEY, &after, NULL));
	assert_memory_equal(&after, &put, sizeof put);
	assert_memory_not_equal(&after, &before, sizeof before);
	archive_commit(&a);
	archive_close(&a);
}

static void client_that_comes_is_there_and_one_that_is_undone_is_not(void **state)
{
	const struct lahetti_id *client = sample_id(SAMPLE_CLIENT);
	struct archive a;

	archive_open(&a, state, "a.db");
	for (int undone = 1; undone >= 0; undone--) {
		archive_begin(&a);
		assert_false(is_there(a.store, client));
		(void)archive_add_client(&a, SAMPLE_COUNTY, SAMPLE_CLINIC, SAMPLE_CLIENT,
					 SAMPLE_CASE);
		assert_true(is_there(a.store, client));
		assert_string_equal(opens(a.store, client, CLIENTS_CONTENT_KEY), "");
		if (undone)
			archive_rollback(&a);
		else
			archive_commit(&a);
	}
	archive_begin(&a);
	assert_true(is_there(a.store, client));
	archive_rollback(&a);
	archive_close(&a);
}

/* Another controller's and an unknown one can't be told apart by what asking costs, the first time
 * or again. */
static void p3_unknown_client_is_asked_for_as_often(void **state)
{
	const struct lahetti_id *asked[] = {sample_id(SAMPLE_CLIENT), sample_id(SAMPLE_OTHER)};
	struct archive a;

	has_client(&a, state);
	archive_begin(&a);
	for (size_t i = 0; i < 2; i++) {
		uint64_t begun = store_begun(a.store);

		assert_true(is_there(a.store, asked[i]) == (i == 0));
		assert_int_equal(store_begun(a.store), begun + 1);
		assert_true(is_there(a.store, asked[i]) == (i == 0));
		assert_int_equal(store_begun(a.store), begun + 1);
	}
	archive_rollback(&a);
	archive_close(&a);
}

static void add_client(struct archive *a, const struct lahetti_id *client)
{
	struct archive_event e;
	struct archive_record *r;

	archive_event(&e, LAHETTI__V1__ACTION__ACTION_ADD_CLIENT, SAMPLE_WORKER);
	r = archive_record(&e, LAHETTI__V1__RECORD__RECORD_CLIENT_ADDED);
	r->client_added.client = lahetti_bytes(lahetti_id_span(client));
	r->client_added.controller = sample_bytes(SAMPLE_COUNTY);
	(void)archive_append(a, &e);
}

static void each_of_many_has_its_own_keys(void **state)
{
	struct lahetti_id ids[MANY];
	struct lahetti_secret first[MANY], again;
	struct archive a;

	archive_open(&a, state, "a.db");
	archive_begin(&a);
	for (size_t i = 0; i < MANY; i++) {
		assert_true(lahetti_id_new(&ids[i], archive_clock(), NULL));
		add_client(&a, &ids[i]);
	}
	archive_commit(&a);
	archive_begin(&a);
	for (size_t i = 0; i < MANY; i++) {
		assert_true(clients_key(a.store, &ids[i], CLIENTS_CONTENT_KEY, &first[i], NULL));
		for (size_t k = 0; k < i; k++)
			assert_memory_not_equal(&first[i], &first[k], sizeof first[i]);
	}
	for (size_t i = MANY; i-- > 0;) {
		assert_true(clients_key(a.store, &ids[i], CLIENTS_CONTENT_KEY, &again, NULL));
		assert_memory_equal(&again, &first[i], sizeof again);
	}
	archive_rollback(&a);
	archive_close(&a);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(p8_destroyed_key_opens_no_more_in_the_same_transaction),
		TEST(p8_reader_asks_again_in_its_next_transaction),
		TEST(key_that_was_changed_is_the_new_one),
		TEST(client_that_comes_is_there_and_one_that_is_undone_is_not),
		TEST(p3_unknown_client_is_asked_for_as_often),
		TEST(each_of_many_has_its_own_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
