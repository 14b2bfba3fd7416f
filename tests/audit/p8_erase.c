/*
 * p8: what the journal names is erased, wherever a crash or an older database had stopped; nothing
 * else is; and what was erased lies under no key that is left, in no file.
 */

#include "archive.h"
#include "checked.h"
#include "clients.h"
#include "erase.h"
#include "erasures.h"
#include "lahetti/message.h"
#include "ledger.h"
#include "proof.h"
#include "raw.h"
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

#define SCOPE(NAME) LAHETTI__V1__ERASURE_SCOPE__ERASURE_SCOPE_##NAME
#define FILE_MOST   (8u << 20)

/* The county's client, whose every statement lies in the archive, and the city's, who has a copy of
 * the referral. */
struct erasing {
	struct archive a;
	struct lahetti_id referral;
	uint64_t events;
};

static void fill(struct erasing *e, void **state, const char *name)
{
	archive_open(&e->a, state, name);
	archive_fill(&e->a);
	e->referral = archive_referral(&e->a);
	assert_true(ledger_size(e->a.store, &e->events, NULL));
}

static struct vault_erasure line(const struct erasing *e, enum sample_who client,
				 Lahetti__V1__ErasureScope scope)
{
	struct vault_erasure v = {.time_us = archive_clock(),
				  .client = *sample_id(client),
				  .by = *sample_id(SAMPLE_OTHER),
				  .scope = (uint32_t)scope};

	assert_true(lahetti_id_new(&v.erasure, v.time_us, NULL));
	if (scope == SCOPE(STATEMENT))
		v.statement = e->referral;
	return v;
}

static unsigned replay(struct archive *a)
{
	struct lahetti_fault f = {0};
	unsigned erased = 0;

	if (!erase_replay(a->store, a->trail, a->attachments, &erased, &f))
		fail_msg("%s: %s", f.code, f.text);
	return erased;
}

static unsigned destroy_all(struct vault *v)
{
	unsigned destroyed;

	assert_true(erase_destroy_retired(v, lahetti_now_us() + 1, 0, &destroyed, NULL));
	return destroyed;
}

static bool readable(struct archive *a, const struct lahetti_id *statement,
		     enum sample_who controller)
{
	struct lahetti_fault f = {0};
	struct lahetti_buffer b;
	bool ok;

	lahetti_buffer_init(&b, FILE_MOST);
	ok = statements_read(a->store, statement, controller == 0 ? NULL : sample_id(controller),
			     &b, &f);
	lahetti_buffer_finish(&b);
	if (!ok)
		assert_true(strcmp(f.code, "erased") == 0 || strcmp(f.code, "key-destroyed") == 0);
	return ok;
}

static bool has_key(struct archive *a, enum sample_who client, enum clients_key which)
{
	struct lahetti_secret key;
	struct lahetti_fault f = {0};
	bool ok = clients_key(a->store, sample_id(client), which, &key, &f);

	if (!ok)
		assert_string_equal(f.code, "key-destroyed");
	return ok;
}

static void is_whole(struct archive *a)
{
	struct checked c;

	checked_run(&c, a->database, a->vault);
	if (!c.done || c.counts.findings > 0)
		fail_msg("%s %s", c.why.text, c.first);
}

static void finds(struct archive *a, const char *code)
{
	struct checked c;

	checked_run(&c, a->database, a->vault);
	assert_true(c.done);
	if (strncmp(c.first, code, strlen(code)) != 0)
		fail_msg("\"%s\", not %s", c.first, code);
}

static uint64_t size(struct archive *a)
{
	uint64_t n;

	assert_true(ledger_size(a->store, &n, NULL));
	return n;
}

/* How many statements lie under a client's content key and open by it. */
static size_t statements(struct archive *a, enum sample_who client)
{
	static const struct lahetti_id first;
	struct clients_row row;
	struct lahetti_id found[16];
	bool known;
	size_t n;

	assert_true(clients_find(a->store, sample_id(client), &row, &known, NULL));
	assert_true(statements_of_client(a->store, sample_id(client), &first, found, 16, &n, NULL));
	for (size_t i = 0; i < n; i++) {
		struct lahetti_fault f = {0};
		struct lahetti_buffer b;

		lahetti_buffer_init(&b, FILE_MOST);
		if (!statements_read(a->store, &found[i], &row.controller, &b, &f))
			fail_msg("%s: %s", f.code, f.text);
		lahetti_buffer_finish(&b);
	}
	return n;
}

/* What must live, whatever of the county's client is erased. */
static void others_live(struct erasing *e)
{
	assert_true(has_key(&e->a, ARCHIVE_CITY_CLIENT, CLIENTS_IDENTITY_KEY));
	assert_true(has_key(&e->a, ARCHIVE_CITY_CLIENT, CLIENTS_CONTENT_KEY));
	assert_int_equal(statements(&e->a, ARCHIVE_CITY_CLIENT), 2);
	assert_true(readable(&e->a, &e->referral, SAMPLE_CITY));
	assert_true(readable(&e->a, &e->referral, 0)); /* by whoever holds it */
}

/* ---- each scope ------------------------------------------------------------------------------ */

/* Files of attachments that lie there, loose ones too. */
static unsigned attachments(void **state)
{
	DIR *d = opendir(scratch_path(state, "attachments"));
	unsigned n = 0;

	assert_non_null(d);
	for (const struct dirent *e; (e = readdir(d)) != NULL;)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

static void carried_out(void **state, Lahetti__V1__ErasureScope scope, size_t left)
{
	bool content = scope != SCOPE(STATEMENT), identity = scope == SCOPE(IDENTITY), found;
	struct lahetti_fault f = {0};
	struct lahetti_arena arena;
	struct lahetti_digest blind;
	struct lahetti_id who[4];
	struct erasing e;
	struct vault_erasure what;
	struct erasures_row row;
	size_t n;

	fill(&e, state, "a.db");
	assert_true(lahetti_arena_init(&arena, 1 << 16, NULL));
	assert_int_equal(replay(&e.a), 0);
	assert_true(size(&e.a) == e.events);
	assert_int_equal(statements(&e.a, SAMPLE_CLIENT), 5);
	assert_int_equal(attachments(state), 2); /* the consents' scans */
	what = line(&e, SAMPLE_CLIENT, scope);
	assert_true(vault_journal_add(e.a.vault, &what, 1, NULL));
	finds(&e.a, "not-erased");
	/* Once, however often. */
	assert_int_equal(replay(&e.a), 1);
	assert_int_equal(replay(&e.a), 0);
	assert_true(size(&e.a) == e.events + 1);
	assert_true(erasures_find(e.a.store, &what.erasure, &row, &found, NULL));
	assert_true(found && row.done && row.ended == e.events);
	assert_true(lahetti_id_equal(&row.ended_by, &what.by));

	assert_int_equal(statements(&e.a, SAMPLE_CLIENT), left);
	assert_int_equal(attachments(state), content ? 0 : 2);
	assert_false(readable(&e.a, &e.referral, SAMPLE_COUNTY));
	assert_int_equal(has_key(&e.a, SAMPLE_CLIENT, CLIENTS_CONTENT_KEY), !content);
	assert_int_equal(has_key(&e.a, SAMPLE_CLIENT, CLIENTS_IDENTITY_KEY), !identity);
	assert_int_equal(clients_identity(e.a.store, sample_id(SAMPLE_CLIENT), &arena, &f) != NULL,
			 !identity);
	assert_int_equal(f.kind, LAHETTI_FAULT_NONE);
	assert_true(clients_blind(e.a.store, sample_id(SAMPLE_COUNTY), "hetu",
				  lahetti_span_text(ARCHIVE_HETU), &blind, NULL));
	assert_true(clients_by_blind(e.a.store, sample_id(SAMPLE_COUNTY), &blind,
				     sample_id(SAMPLE_CLINIC), who, 4, &n, NULL));
	assert_int_equal(n, !identity);
	assert_true(clients_of_unit(e.a.store, sample_id(SAMPLE_CLINIC), &(struct lahetti_id){0},
				    who, 4, &n, NULL));
	assert_int_equal(n, !identity);
	others_live(&e);
	is_whole(&e.a);
	/* With every key that no living one needs destroyed, too. */
	assert_true(destroy_all(e.a.vault) > 0);
	assert_int_equal(destroy_all(e.a.vault), 0);
	others_live(&e);
	assert_int_equal(statements(&e.a, SAMPLE_CLIENT), left);
	is_whole(&e.a);
	lahetti_arena_finish(&arena);
	archive_close(&e.a);
}

static void p8_one_statement_is_erased(void **state)
{
	carried_out(state, SCOPE(STATEMENT), 4);
}

static void p8_content_of_a_client_is_erased(void **state)
{
	carried_out(state, SCOPE(CONTENT), 0);
}

static void p8_identity_of_a_client_is_erased(void **state)
{
	carried_out(state, SCOPE(IDENTITY), 0);
}

/* A copy that was taken is its holder's: erasing it leaves the author's, and erasing both leaves
 * nothing. */
static void p8_each_controller_erases_its_own(void **state)
{
	struct erasing e;
	struct vault_erasure what;

	fill(&e, state, "a.db");
	what = line(&e, ARCHIVE_CITY_CLIENT, SCOPE(CONTENT));
	assert_true(vault_journal_add(e.a.vault, &what, 1, NULL));
	assert_int_equal(replay(&e.a), 1);
	assert_false(readable(&e.a, &e.referral, SAMPLE_CITY));
	assert_true(readable(&e.a, &e.referral, SAMPLE_COUNTY));
	assert_int_equal(statements(&e.a, SAMPLE_CLIENT), 5);
	is_whole(&e.a);
	what = line(&e, SAMPLE_CLIENT, SCOPE(STATEMENT));
	assert_true(vault_journal_add(e.a.vault, &what, 1, NULL));
	assert_int_equal(replay(&e.a), 1);
	assert_false(readable(&e.a, &e.referral, 0));
	is_whole(&e.a);
	archive_close(&e.a);
}

/* After the identity is gone, what concerns the client is recorded of nobody; proofs go on holding.
 */
static void p8_trail_goes_on_without_the_client(void **state)
{
	struct erasing e;
	struct vault_erasure what;
	struct lahetti_arena arena;
	struct lahetti_id nobody;
	Lahetti__V1__Receipt before, after;
	Lahetti__V1__ReportLine line_of;
	struct ledger_place places[64];
	uint64_t look;
	bool erased;
	size_t n, m;

	fill(&e, state, "a.db");
	assert_true(lahetti_arena_init(&arena, 1 << 20, NULL));
	assert_true(
		ledger_client_places(e.a.store, sample_id(SAMPLE_CLIENT), 0, places, 64, &n, NULL));
	assert_true(proof_receipt(e.a.store, places[n - 1].event, places[n - 1].n, &before, &erased,
				  &arena, NULL));
	assert_false(erased);
	what = line(&e, SAMPLE_CLIENT, SCOPE(IDENTITY));
	assert_true(vault_journal_add(e.a.vault, &what, 1, NULL));
	assert_int_equal(replay(&e.a), 1);
	assert_true(proof_receipt(e.a.store, places[n - 1].event, places[n - 1].n, &after, &erased,
				  &arena, NULL));
	assert_true(erased && after.subject == NULL);
	assert_true(lahetti_span_equal(lahetti_bytes_span(before.event),
				       lahetti_bytes_span(after.event)));
	assert_true(lahetti_span_equal(lahetti_bytes_span(before.checkpoint),
				       lahetti_bytes_span(after.checkpoint)));
	assert_true(proof_report_line(e.a.store, places[0].event, places[0].n, 0, &line_of, &arena,
				      NULL));
	assert_true(line_of.subject == NULL && line_of.link == NULL && line_of.event.len > 0);

	archive_begin(&e.a);
	look = archive_look(&e.a, SAMPLE_COUNTY, SAMPLE_CLIENT);
	archive_commit(&e.a);
	/* One more than before: its own erasure. */
	assert_true(
		ledger_client_places(e.a.store, sample_id(SAMPLE_CLIENT), 0, places, 64, &m, NULL));
	assert_int_equal(m, n + 1);
	assert_true(clients_nameless(e.a.store, sample_id(SAMPLE_COUNTY),
				     clients_week(archive_clock()), &nobody, NULL));
	assert_true(ledger_client_places(e.a.store, &nobody, look, places, 64, &m, NULL));
	assert_int_equal(m, 1);
	is_whole(&e.a);
	lahetti_arena_finish(&arena);
	archive_close(&e.a);
}

/* ---- what lies in the files ------------------------------------------------------------------ */

static unsigned files_with(const char *folder, struct lahetti_span wanted)
{
	static uint8_t data[FILE_MOST];
	DIR *d = opendir(folder);
	struct dirent *entry;
	unsigned n = 0;

	assert_non_null(d);
	while ((entry = readdir(d)) != NULL) {
		char path[1024];
		struct stat st;
		size_t len;

		if (entry->d_name[0] == '.')
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
		assert_int_equal(stat(path, &st), 0);
		if (S_ISDIR(st.st_mode)) {
			n += files_with(path, wanted);
			continue;
		}
		len = scratch_read(path, data, sizeof data);
		assert_true(len < sizeof data);
		n += memmem(data, len, wanted.data, wanted.len) != NULL;
	}
	(void)closedir(d);
	return n;
}

/* Every wrapped key and every sealed byte string of the county's client, as they lie before. */
struct secrets {
	uint8_t *bytes[64];
	size_t len[64];
	size_t n;
};

static void note(struct secrets *s, sqlite3 *db, const char *sql)
{
	sqlite3_stmt *stmt;

	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(
		sqlite3_bind_blob(stmt, 1, sample_id(SAMPLE_CLIENT)->bytes, 16, SQLITE_STATIC),
		SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW) {
		size_t len = (size_t)sqlite3_column_bytes(stmt, 0);

		assert_true(s->n < 64 && len > 0);
		s->bytes[s->n] = malloc(len);
		assert_non_null(s->bytes[s->n]);
		memcpy(s->bytes[s->n], sqlite3_column_blob(stmt, 0), len);
		s->len[s->n++] = len;
	}
	assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
}

static void p8_no_file_holds_what_was_erased(void **state)
{
	struct secrets s = {.n = 0};
	struct erasing e;
	struct vault_erasure what;
	sqlite3 *db;
	size_t keys;
	bool done;

	fill(&e, state, "a.db");
	db = raw_open(e.a.database);
	note(&s, db, "SELECT identity_key FROM client_key WHERE client = ?1");
	note(&s, db, "SELECT content_key FROM client_key WHERE client = ?1");
	note(&s, db, "SELECT wrapped FROM content_key WHERE client = ?1");
	keys = s.n;
	assert_int_equal(keys, 7);
	note(&s, db, "SELECT sealed FROM identity WHERE client = ?1");
	note(&s, db,
	     "SELECT substr(sealed, 1, 64) FROM content WHERE client = ?1 AND statement NOT IN "
	     "(SELECT statement FROM copy)");
	assert_true(s.n >= keys + 6);
	raw_close(db);
	/* The search finds: each lies in the database or in its log. */
	for (size_t i = 0; i < s.n; i++)
		assert_true(files_with(scratch_path(state, ""),
				       lahetti_span(s.bytes[i], s.len[i])) > 0);
	what = line(&e, SAMPLE_CLIENT, SCOPE(IDENTITY));
	assert_true(vault_journal_add(e.a.vault, &what, 1, NULL));
	assert_int_equal(replay(&e.a), 1);
	assert_true(store_empty_log(e.a.store, &done, NULL));
	assert_true(done);
	for (size_t i = 0; i < s.n; i++) {
		if (files_with(scratch_path(state, ""), lahetti_span(s.bytes[i], s.len[i])) != 0)
			fail_msg("%s %zu lies in a file still", i < keys ? "key" : "content", i);
		free(s.bytes[i]);
	}
	others_live(&e);
	archive_close(&e.a);
}

/* ---- older databases ------------------------------------------------------------------------- */

static void copy_database(struct erasing *e, void **state, const char *name)
{
	struct lahetti_fault f = {0};

	if (!store_copy(e->a.store, scratch_path(state, name), &f))
		fail_msg("%s: %s", f.code, f.text);
}

/* A backup from before the erasure, brought back within the retention: it is erased there again,
 * and loses nothing else when the old key goes. */
static void p8_older_database_is_brought_in_step(void **state)
{
	struct erasing e, old;
	struct vault_erasure what;

	fill(&e, state, "new.db");
	old = e;
	copy_database(&e, state, "old.db");
	what = line(&e, SAMPLE_CLIENT, SCOPE(IDENTITY));
	assert_true(vault_journal_add(e.a.vault, &what, 1, NULL));
	assert_int_equal(replay(&e.a), 1);
	archive_close(&e.a);

	archive_open(&old.a, state, "old.db");
	assert_true(has_key(&old.a, SAMPLE_CLIENT, CLIENTS_IDENTITY_KEY));
	finds(&old.a, "not-erased");
	assert_int_equal(replay(&old.a), 1);
	assert_false(has_key(&old.a, SAMPLE_CLIENT, CLIENTS_IDENTITY_KEY));
	assert_false(has_key(&old.a, SAMPLE_CLIENT, CLIENTS_CONTENT_KEY));
	assert_true(destroy_all(old.a.vault) > 0);
	others_live(&old);
	is_whole(&old.a);
	archive_close(&old.a);
}

/* One from before the client was added: nothing to erase, but its living keys lie under the key
 * that is to go. */
static void p8_older_database_keeps_what_lives(void **state)
{
	struct erasing e, old;
	struct vault_erasure what;

	fill(&e, state, "new.db");
	old = e;
	copy_database(&e, state, "old.db");
	archive_begin(&e.a);
	(void)archive_add_client(&e.a, SAMPLE_COUNTY, SAMPLE_CLINIC, SAMPLE_CONSENT,
				 SAMPLE_SECOND_CONSENT);
	archive_commit(&e.a);
	what = line(&e, SAMPLE_CONSENT, SCOPE(CONTENT));
	assert_true(vault_journal_add(e.a.vault, &what, 1, NULL));
	assert_int_equal(replay(&e.a), 1);
	archive_close(&e.a);

	archive_open(&old.a, state, "old.db");
	assert_int_equal(replay(&old.a), 0);
	assert_true(destroy_all(old.a.vault) > 0);
	assert_int_equal(statements(&old.a, SAMPLE_CLIENT), 5);
	others_live(&old);
	is_whole(&old.a);
	archive_close(&old.a);
}

/* After the retention a copy of the database opens to nobody: its keys lie under one that is gone.
 */
static void p8_after_the_retention_no_copy_opens(void **state)
{
	struct erasing e, old;
	struct vault_erasure what;

	fill(&e, state, "new.db");
	old = e;
	copy_database(&e, state, "old.db");
	what = line(&e, SAMPLE_CLIENT, SCOPE(STATEMENT));
	assert_true(vault_journal_add(e.a.vault, &what, 1, NULL));
	assert_int_equal(replay(&e.a), 1);
	archive_close(&e.a);
	archive_open(&old.a, state, "old.db");
	assert_true(readable(&old.a, &e.referral, SAMPLE_COUNTY));
	assert_true(destroy_all(old.a.vault) > 0);
	assert_false(readable(&old.a, &e.referral, SAMPLE_COUNTY));
	assert_false(readable(&old.a, &e.referral, SAMPLE_CITY));
	assert_false(has_key(&old.a, SAMPLE_CLIENT, CLIENTS_CONTENT_KEY));
	/* It can be brought in step all the same; what tells of it is this week's. */
	archive_set_clock(archive_clock() + 6 * ARCHIVE_WEEK_US);
	assert_int_equal(replay(&old.a), 1);
	assert_int_equal(replay(&old.a), 0);
	archive_close(&old.a);
}

/* ---- what fsck says -------------------------------------------------------------------------- */

static void p8_what_was_erased_by_hand_or_brought_back_is_found(void **state)
{
	struct erasing e;
	struct vault_erasure what;
	uint8_t journal[1024];
	const char *path = scratch_path(state, "keys/erasure.journal");
	size_t len;
	sqlite3 *db;
	char *sql;

	fill(&e, state, "a.db");
	copy_database(&e, state, "old.db");
	what = line(&e, SAMPLE_CLIENT, SCOPE(IDENTITY));
	assert_true(vault_journal_add(e.a.vault, &what, 1, NULL));
	assert_int_equal(replay(&e.a), 1);
	is_whole(&e.a);
	/* The line is taken out. */
	len = scratch_read(path, journal, sizeof journal);
	scratch_write(path, "", 0);
	finds(&e.a, "identity-missing");
	what = line(&e, SAMPLE_CLIENT, SCOPE(IDENTITY));
	assert_true(vault_journal_add(e.a.vault, &what, 1, NULL));
	finds(&e.a, "journal-missing"); /* another stands in its place */
	scratch_write(path, journal, len);
	is_whole(&e.a);
	/* The keys are put back from the copy. */
	sql = sqlite3_mprintf("ATTACH %Q AS old; UPDATE client_key SET (period, identity_key, "
			      "content_key) = (SELECT period, identity_key, content_key FROM "
			      "old.client_key o WHERE o.client = client_key.client) "
			      "WHERE identity_key IS NULL;",
			      scratch_path(state, "old.db"));
	db = raw_open(e.a.database);
	raw_run(db, sql);
	raw_close(db);
	sqlite3_free(sql);
	assert_true(has_key(&e.a, SAMPLE_CLIENT, CLIENTS_IDENTITY_KEY));
	finds(&e.a, "not-erased");
	/* And go again at the next start, without a second event of the same erasure. */
	e.events = size(&e.a);
	assert_int_equal(replay(&e.a), 1);
	assert_true(size(&e.a) == e.events);
	assert_false(has_key(&e.a, SAMPLE_CLIENT, CLIENTS_IDENTITY_KEY));
	is_whole(&e.a);
	archive_close(&e.a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
		TEST(p8_one_statement_is_erased),
		TEST(p8_content_of_a_client_is_erased),
		TEST(p8_identity_of_a_client_is_erased),
		TEST(p8_each_controller_erases_its_own),
		TEST(p8_trail_goes_on_without_the_client),
		TEST(p8_no_file_holds_what_was_erased),
		TEST(p8_older_database_is_brought_in_step),
		TEST(p8_older_database_keeps_what_lives),
		TEST(p8_after_the_retention_no_copy_opens),
		TEST(p8_what_was_erased_by_hand_or_brought_back_is_found),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
