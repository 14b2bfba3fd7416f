#include "archive.h"
#include "clients.h"
#include "lahetti/message.h"
#include "scratch.h"
#include "statements.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#define FILE_MOST (8u << 20)

/* In how many files below a folder the bytes stand; tells how many were looked at. */
static unsigned files_with(const char *folder, struct lahetti_span wanted, unsigned *files)
{
	static uint8_t data[FILE_MOST];
	DIR *d = opendir(folder);
	struct dirent *e;
	unsigned n = 0;

	assert_non_null(d);
	while ((e = readdir(d)) != NULL) {
		char path[1024];
		struct stat st;
		size_t len;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
		assert_int_equal(stat(path, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			n += files_with(path, wanted, files);
			continue;
		}
		len = scratch_read(path, data, sizeof data);
		assert_true(len < sizeof data);
		(*files)++;
		if (memmem(data, len, wanted.data, wanted.len) != NULL)
			n++;
	}
	(void)closedir(d);
	return n;
}

static unsigned found(void **state, const char *text)
{
	unsigned files = 0, n;

	n = files_with(scratch_path(state, ""), lahetti_span_text(text), &files);
	assert_true(files >= 6); /* database, master key, the folder's files */
	return n;
}

static void nothing_of_a_client_is_readable(void **state)
{
	static const char *const words[] = {
		ARCHIVE_FAMILY_NAME,  "Kivisalmi",   "Aino Kokeilu",
		ARCHIVE_HETU,	      "131052", /* the beginning of it */
		"010203A951P",	      ARCHIVE_WORDS, "Haluan takaisin keitti",
		"kirjastossa, iltap", /* of the referral too */
		"Leikkimielinen syy",
	};
	struct archive a;
	struct archive_event e;

	archive_open(&a, state, "a.db");
	archive_fill(&a);
	archive_begin(&a);
	archive_event(&e, LAHETTI__V1__ACTION__ACTION_BREAK_GLASS, SAMPLE_WORKER);
	archive_subject(&e, SAMPLE_COUNTY, SAMPLE_CLIENT)->part.written_reason =
		lahetti_text("Leikkimielinen syy");
	(void)archive_append(&a, &e);
	archive_commit(&a);
	/* While the write-ahead log holds all of it, and when the file does. */
	assert_true(scratch_len(scratch_path(state, "a.db-wal")) > 100000);
	for (int closed = 0; closed < 2; closed++) {
		for (size_t i = 0; i < sizeof words / sizeof *words; i++)
			if (found(state, words[i]) > 0)
				fail_msg("\"%s\" lies open", words[i]);
		/* The directory is no secret: so it is seen that the search finds. */
		assert_int_not_equal(found(state, "Kaino Kokeilija"), 0);
		if (!closed)
			archive_close(&a);
	}
}

/* It is there all the same, for whoever has the keys. */
static void all_of_it_is_there_with_the_keys(void **state)
{
	struct archive a;
	struct lahetti_arena arena;
	struct lahetti_id statement;
	struct lahetti_digest blind;
	struct lahetti_buffer envelope;
	const Lahetti__V1__ClientIdentity *identity;
	struct lahetti_id who[4];
	size_t n;

	archive_open(&a, state, "a.db");
	archive_fill(&a);
	assert_true(lahetti_arena_init(&arena, 1 << 16, NULL));
	identity = clients_identity(a.store, sample_id(SAMPLE_CLIENT), &arena, NULL);
	assert_non_null(identity);
	assert_string_equal(identity->family_name, ARCHIVE_FAMILY_NAME);
	assert_string_equal(identity->personal_identity_code, ARCHIVE_HETU);
	/* The code in force is found, the one before it no more, and by one controller alone. */
	assert_true(clients_blind(a.store, sample_id(SAMPLE_COUNTY), "hetu",
				  lahetti_span_text(ARCHIVE_HETU), &blind, NULL));
	assert_true(clients_by_blind(a.store, sample_id(SAMPLE_COUNTY), &blind,
				     sample_id(SAMPLE_CLINIC), who, 4, &n, NULL));
	assert_int_equal(n, 1);
	assert_true(lahetti_id_equal(&who[0], sample_id(SAMPLE_CLIENT)));
	assert_true(clients_by_blind(a.store, sample_id(SAMPLE_CITY), &blind,
				     sample_id(SAMPLE_COACHING), who, 4, &n, NULL));
	assert_int_equal(n, 0);
	assert_true(clients_blind(a.store, sample_id(SAMPLE_COUNTY), "hetu",
				  lahetti_span_text("010203A951P"), &blind, NULL));
	assert_true(clients_by_blind(a.store, sample_id(SAMPLE_COUNTY), &blind,
				     sample_id(SAMPLE_CLINIC), who, 4, &n, NULL));
	assert_int_equal(n, 0);
	lahetti_arena_finish(&arena);

	lahetti_buffer_init(&envelope, 1 << 20);
	statement = archive_referral(&a);
	for (int city = 0; city < 2; city++) {
		assert_true(statements_read(a.store, &statement,
					    sample_id(city ? SAMPLE_CITY : SAMPLE_COUNTY),
					    &envelope, NULL));
		assert_non_null(
			memmem(envelope.data, envelope.len, ARCHIVE_WORDS, strlen(ARCHIVE_WORDS)));
		envelope.len = 0;
	}
	assert_false(statements_read(a.store, &statement, sample_id(SAMPLE_KELA), &envelope, NULL));
	lahetti_buffer_finish(&envelope);
	archive_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
		TEST(nothing_of_a_client_is_readable),
		TEST(all_of_it_is_there_with_the_keys),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
