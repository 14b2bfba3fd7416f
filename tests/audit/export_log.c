/*
 * Makes a store by way of the real trail and writes what of it is for everyone: the log's key, the
 * leaves (each after its length, 4 bytes, big-endian), every checkpoint (checkpoint_SIZE; the
 * newest also as checkpoint), and proofs between them as JSON. The log is brought back once on its
 * way: key is that of its first generation, act the operator's act, lost a checkpoint of what was
 * lost.
 *
 * export_log FOLDER
 */
#include "archive.h"
#include "lahetti/act.h"
#include "lahetti/message.h"
#include "ledger.h"
#include "proof.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHECKPOINTS_MOST 32

static char *folder;
static uint64_t sizes[CHECKPOINTS_MOST];
static size_t n_sizes;

static FILE *create(const char *name)
{
	char path[600];
	FILE *file;

	(void)snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "wb");
	assert_non_null(file);
	return file;
}

static void finish(FILE *file)
{
	assert_int_equal(ferror(file), 0);
	assert_int_equal(fclose(file), 0);
}

static void write_whole(const char *name, struct lahetti_span bytes)
{
	FILE *file = create(name);

	assert_int_equal(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
	finish(file);
}

static bool write_leaf(void *context, const struct ledger_event *e, struct lahetti_fault *f)
{
	const uint8_t len[4] = {(uint8_t)(e->bytes.len >> 24), (uint8_t)(e->bytes.len >> 16),
				(uint8_t)(e->bytes.len >> 8), (uint8_t)e->bytes.len};

	(void)f;
	return fwrite(len, 1, sizeof len, context) == sizeof len &&
	       fwrite(e->bytes.data, 1, e->bytes.len, context) == e->bytes.len;
}

static bool write_checkpoint(void *context, uint64_t size, struct lahetti_span note,
			     struct lahetti_fault *f)
{
	char name[64];

	(void)context;
	(void)f;
	assert_true(n_sizes < CHECKPOINTS_MOST);
	sizes[n_sizes++] = size;
	(void)snprintf(name, sizeof name, "checkpoint_%" PRIu64, size);
	write_whole(name, note);
	write_whole("checkpoint", note);
	return true;
}

static void write_hashes(FILE *file, const struct lahetti_proof *proof)
{
	char text[64];

	(void)fputs("\"proof\": [", file);
	for (size_t i = 0; i < proof->n; i++) {
		lahetti_base64(lahetti_digest_span(&proof->hashes[i]), text);
		(void)fprintf(file, "%s\"%s\"", i == 0 ? "" : ", ", text);
	}
	(void)fputs("]}", file);
}

/* Of some events at each checkpoint, and between any two. */
static void write_proofs(struct archive *a)
{
	FILE *file = create("proofs");
	struct lahetti_proof proof;
	const char *comma = "";

	(void)fputs("{\"inclusion\": [", file);
	for (size_t i = 0; i < n_sizes; i++)
		for (uint64_t n = i; n < sizes[i]; n += 37, comma = ", ") {
			assert_true(proof_inclusion(a->store, n, sizes[i], &proof, NULL));
			(void)fprintf(file, "%s{\"index\": %" PRIu64 ", \"size\": %" PRIu64 ", ",
				      comma, n, sizes[i]);
			write_hashes(file, &proof);
		}
	(void)fputs("], \"consistency\": [", file);
	comma = "";
	for (size_t i = 0; i < n_sizes; i++)
		for (size_t k = i; k < n_sizes; k++, comma = ", ") {
			assert_true(proof_consistency(a->store, sizes[i], sizes[k], &proof, NULL));
			(void)fprintf(file, "%s{\"from\": %" PRIu64 ", \"to\": %" PRIu64 ", ",
				      comma, sizes[i], sizes[k]);
			write_hashes(file, &proof);
		}
	(void)fputs("]}\n", file);
	finish(file);
}

/* As a restore does it: three more events are known to have been there. */
static void begin_second_generation(struct archive *a)
{
	struct lahetti_note_signer *first = archive_signer(a, 1), *second = archive_signer(a, 2);
	const struct lahetti_note_signer *const signers[] = {first, second};
	struct lahetti_act *act = calloc(1, sizeof *act);
	struct lahetti_buffer last, note;
	char newest[LAHETTI_NOTE_MOST];
	struct archive_event e;
	size_t len;
	uint64_t at;

	assert_non_null(act);
	lahetti_buffer_init(&last, LAHETTI_NOTE_MOST);
	lahetti_buffer_init(&note, LAHETTI_ACT_MOST);
	assert_true(ledger_checkpoint_get(a->store, 0, &at, &last, NULL));
	assert_true(lahetti_checkpoint_parse(&act->last, lahetti_buffer_span(&last), NULL));
	act->newest = act->last;
	act->newest.size += 3;
	act->newest.root.bytes[0] ^= 1;
	assert_true(lahetti_checkpoint_sign(&act->newest, first, newest, &len, NULL));
	write_whole("lost", lahetti_span(newest, len));
	archive_begin(a);
	archive_generation(a, 2);
	archive_event(&e, LAHETTI__V1__ACTION__ACTION_RESTORE, 0);
	e.entry.event.generation = 2;
	e.entry.event.last_checkpoint = lahetti_bytes(lahetti_buffer_span(&last));
	e.entry.event.newest_checkpoint = lahetti_bytes(lahetti_span(newest, len));
	(void)archive_append(a, &e);
	archive_commit(a);
	assert_true(lahetti_act_sign(act, signers, 2, &note, NULL));
	write_whole("act", lahetti_buffer_span(&note));
	lahetti_buffer_finish(&last);
	lahetti_buffer_finish(&note);
	lahetti_note_signer_destroy(first);
	lahetti_note_signer_destroy(second);
	free(act);
}

static void store_is_exported(void **state)
{
	struct archive a;
	FILE *leaves;

	archive_open(&a, state, "archive.db");
	archive_fill(&a);
	write_whole("key", lahetti_span_text(trail_vkey(a.trail)));
	for (int group = 0; group < 4; group++) {
		if (group == 2)
			begin_second_generation(&a);
		archive_begin(&a);
		for (int i = 0; i < 75; i++)
			(void)archive_look(&a, SAMPLE_COUNTY, SAMPLE_CLIENT);
		archive_commit(&a);
	}
	leaves = create("leaves");
	assert_true(ledger_events_each(a.store, 0, write_leaf, leaves, NULL));
	finish(leaves);
	assert_true(ledger_checkpoints_each(a.store, write_checkpoint, NULL, NULL));
	write_proofs(&a);
	archive_close(&a);
}

int main(int argc, char **argv)
{
	folder = argc == 2 ? argv[1] : NULL;
	if (folder == NULL)
		return EXIT_FAILURE;
	const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(store_is_exported, folder)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
