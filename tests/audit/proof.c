#include "proof.h"

#include "archive.h"
#include "lahetti/message.h"
#include "lahetti/receipt.h"
#include "ledger.h"
#include "raw.h"
#include "scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GROUPS_MOST  40
#define OTHER_CLIENT SAMPLE_REPLIED
#define OTHER_CASE   SAMPLE_REPLACED

struct grown {
	struct archive archive;
	struct lahetti_arena arena;
	struct lahetti_note_verifier *verifier;
	struct lahetti_checkpoint checkpoints[GROUPS_MOST];
	size_t n;
	uint64_t size;
};

static bool keep_checkpoint(void *context, uint64_t size, struct lahetti_span note,
			    struct lahetti_fault *f)
{
	struct grown *g = context;

	assert_true(g->n < GROUPS_MOST);
	assert_true(lahetti_checkpoint_open(&g->checkpoints[g->n], note, g->verifier,
					    ARCHIVE_ORIGIN, f));
	assert_int_equal(g->checkpoints[g->n++].size, size);
	g->size = size;
	return true;
}

/* Two clients, of two controllers; groups of n, n + 1, … events, so that tiles end within them. */
static void grow(struct grown *g, void **state, size_t first, size_t groups)
{
	*g = (struct grown){0};
	assert_true(lahetti_arena_init(&g->arena, 1 << 20, NULL));
	archive_open(&g->archive, state, "a.db");
	for (size_t group = 0; group < groups; group++) {
		archive_begin(&g->archive);
		if (group == 0) {
			(void)archive_add_client(&g->archive, SAMPLE_COUNTY, SAMPLE_CLINIC,
						 SAMPLE_CLIENT, SAMPLE_CASE);
			(void)archive_add_client(&g->archive, SAMPLE_CITY, SAMPLE_COACHING,
						 OTHER_CLIENT, OTHER_CASE);
		}
		for (size_t i = 0; i < first + group; i++) {
			bool city = i % 3 == 0;

			(void)archive_look(&g->archive, city ? SAMPLE_CITY : SAMPLE_COUNTY,
					   city ? OTHER_CLIENT : SAMPLE_CLIENT);
		}
		archive_commit(&g->archive);
	}
	g->verifier = lahetti_note_verifier_read(trail_vkey(g->archive.trail), NULL);
	assert_non_null(g->verifier);
	assert_true(ledger_checkpoints_each(g->archive.store, keep_checkpoint, g, NULL));
	assert_int_equal(g->n, groups);
}

static void grown_done(struct grown *g)
{
	lahetti_note_verifier_destroy(g->verifier);
	lahetti_arena_finish(&g->arena);
	archive_close(&g->archive);
}

/* Receipts
 * ----------------------------------------------------------------------------------------------------------
 */

static struct lahetti_span packed_receipt(struct grown *g, uint64_t number, bool *erased)
{
	Lahetti__V1__Receipt receipt;
	struct lahetti_span packed;

	assert_true(proof_receipt(g->archive.store, number, 0, &receipt, erased, &g->arena, NULL));
	packed = lahetti_message_pack(&receipt.base, &g->arena);
	assert_non_null(packed.data);
	return packed;
}

static void verifies(struct grown *g, struct lahetti_span packed, uint64_t number,
		     struct lahetti_receipt_facts *facts)
{
	const Lahetti__V1__Receipt *receipt = lahetti_message_read(
		&lahetti__v1__receipt__descriptor, packed, LAHETTI_MESSAGE_SIGNED, &g->arena, NULL);
	struct lahetti_fault f = {0};

	assert_non_null(receipt);
	if (!lahetti_receipt_verify(receipt, g->verifier, &g->arena, facts, &f))
		fail_msg("%s", f.text);
	assert_int_equal(facts->event->number, number);
}

static void receipt_is_the_same_whenever_it_is_asked_for(void **state)
{
	struct grown g;
	struct lahetti_receipt_facts facts;
	struct lahetti_digest digests[30];
	bool erased;

	grow(&g, state, 8, 3);
	assert_true(g.size < 30);
	for (int again = 0; again < 4; again++) {
		for (uint64_t n = 0; n < g.size; n++) {
			struct lahetti_span receipt = packed_receipt(&g, n, &erased);
			struct lahetti_digest digest;

			assert_false(erased);
			assert_true(lahetti_sha256(&digest, &receipt, 1, NULL));
			if (again == 0)
				digests[n] = digest;
			assert_true(lahetti_digest_equal(&digests[n], &digest));
			verifies(&g, receipt, n, &facts);
			assert_non_null(facts.subject);
			/* The first checkpoint that covers it. */
			for (size_t i = 0; i < g.n; i++)
				if (g.checkpoints[i].size > n) {
					assert_int_equal(facts.checkpoint.size,
							 g.checkpoints[i].size);
					break;
				}
			lahetti_arena_reset(&g.arena);
		}
		/* Later groups, and a server that was started anew. */
		archive_begin(&g.archive);
		for (int i = 0; i < 100; i++)
			(void)archive_look(&g.archive, SAMPLE_COUNTY, SAMPLE_CLIENT);
		archive_commit(&g.archive);
		if (again == 1) {
			archive_close(&g.archive);
			archive_open(&g.archive, state, "a.db");
		}
	}
	grown_done(&g);
}

static void no_receipt_before_the_checkpoint(void **state)
{
	struct grown g;
	struct lahetti_fault f = {0};
	Lahetti__V1__Receipt receipt;
	uint64_t number;
	bool erased;

	grow(&g, state, 2, 2);
	archive_begin(&g.archive);
	number = archive_look(&g.archive, SAMPLE_COUNTY, SAMPLE_CLIENT);
	assert_false(proof_receipt(g.archive.store, number, 0, &receipt, &erased, &g.arena, &f));
	assert_string_equal(f.code, "out-of-range");
	archive_rollback(&g.archive);
	assert_false(proof_receipt(g.archive.store, number, 0, &receipt, &erased, &g.arena, &f));
	grown_done(&g);
}

static void spoil(struct grown *g, const char *sql)
{
	sqlite3 *db = raw_open(g->archive.database);

	raw_run(db, sql);
	raw_close(db);
}

/* With the identity key goes what was seen of the client; that the event was recorded is still
 * proved. */
static void erased_receipt_still_proves_inclusion(void **state)
{
	struct grown g;
	struct lahetti_receipt_facts facts;
	bool erased;

	grow(&g, state, 4, 4);
	spoil(&g, "UPDATE client_key SET identity_key = NULL "
		  "WHERE client = (SELECT client FROM subject WHERE event = 0)");
	for (uint64_t n = 0; n < g.size; n++) {
		const struct lahetti_receipt_facts *shown = &facts;

		verifies(&g, packed_receipt(&g, n, &erased), n, &facts);
		/* Of the other client everything is still there. */
		assert_int_equal(erased, shown->subject == NULL);
		assert_int_equal(erased,
				 !lahetti_span_equal(lahetti_bytes_span(shown->event->organisation),
						     lahetti_id_span(sample_id(SAMPLE_CITY))));
		lahetti_arena_reset(&g.arena);
	}
	grown_done(&g);
}

static void missing_part_is_no_erasure(void **state)
{
	struct grown g;
	struct lahetti_fault f = {0};
	Lahetti__V1__Receipt receipt;
	Lahetti__V1__ReportLine line;
	bool erased;

	grow(&g, state, 4, 2);
	spoil(&g, "DELETE FROM subject WHERE event = 3");
	assert_false(proof_receipt(g.archive.store, 3, 0, &receipt, &erased, &g.arena, &f));
	assert_string_equal(f.code, "db-corrupt");
	assert_false(proof_report_line(g.archive.store, 3, 0, g.size, &line, &g.arena, &f));
	assert_true(proof_report_line(g.archive.store, 3, UINT32_MAX, g.size, &line, &g.arena, &f));
	grown_done(&g);
}

/* Proofs
 * ----------------------------------------------------------------------------------------------------------
 */

static bool keep_leaf(void *context, const struct ledger_event *e, struct lahetti_fault *f)
{
	return lahetti_leaf_hash(&((struct lahetti_digest *)context)[e->number], e->bytes, f);
}

static void every_event_is_proved_at_every_checkpoint(void **state)
{
	struct grown g;
	struct lahetti_digest *leaves;
	struct lahetti_proof proof;

	grow(&g, state, 5, 20);
	assert_true(g.size > LAHETTI_TILE_WIDTH);
	leaves = calloc(g.size, sizeof *leaves);
	assert_non_null(leaves);
	assert_true(ledger_events_each(g.archive.store, 0, keep_leaf, leaves, NULL));
	for (size_t i = 0; i < g.n; i++) {
		const struct lahetti_checkpoint *c = &g.checkpoints[i];

		for (uint64_t n = 0; n < c->size; n++) {
			assert_true(proof_inclusion(g.archive.store, n, c->size, &proof, NULL));
			assert_true(lahetti_inclusion_verify(&leaves[n], n, c->size, &c->root,
							     proof.hashes, proof.n, NULL));
			/* Of no other event. */
			assert_false(lahetti_inclusion_verify(&leaves[(n + 1) % g.size], n, c->size,
							      &c->root, proof.hashes, proof.n,
							      NULL));
		}
		assert_false(proof_inclusion(g.archive.store, c->size, c->size, &proof, NULL));
	}
	free(leaves);
	grown_done(&g);
}

static void any_two_checkpoints_are_consistent(void **state)
{
	struct grown g;
	struct lahetti_proof proof;

	grow(&g, state, 3, 22);
	for (size_t i = 0; i < g.n; i++)
		for (size_t k = i; k < g.n; k++) {
			const struct lahetti_checkpoint *a = &g.checkpoints[i],
							*b = &g.checkpoints[k];

			assert_true(
				proof_consistency(g.archive.store, a->size, b->size, &proof, NULL));
			assert_true(lahetti_consistency_verify(a->size, &a->root, b->size, &b->root,
							       proof.hashes, proof.n, NULL));
			if (i < k)
				assert_false(lahetti_consistency_verify(
					a->size, &g.checkpoints[(i + 1) % g.n].root, b->size,
					&b->root, proof.hashes, proof.n, NULL));
		}
	grown_done(&g);
}

/* Reports
 * ----------------------------------------------------------------------------------------------------------
 */

static void say_nothing(void *context, const struct lahetti_finding *finding)
{
	(void)context;
	(void)finding;
}

/* The bundle as somebody without a server would check it. */
static bool holds(struct grown *g, const Lahetti__V1__Bundle *bundle, struct lahetti_fault *f)
{
	return lahetti_bundle_verify(lahetti_message_pack(&bundle->base, &g->arena),
				     trail_vkey(g->archive.trail), say_nothing, NULL, f);
}

static void report_on_a_client_is_a_whole_chain(void **state)
{
	struct grown g;
	struct ledger_place places[64];
	Lahetti__V1__ReportLine lines[64], *list[64];
	Lahetti__V1__Bundle bundle = LAHETTI__V1__BUNDLE__INIT;
	struct lahetti_span note;
	struct lahetti_fault f = {0};
	uint64_t size;
	size_t n;

	grow(&g, state, 5, 6);
	assert_true(proof_checkpoint(g.archive.store, 0, &g.arena, &note, &size, NULL));
	assert_true(ledger_client_places(g.archive.store, sample_id(SAMPLE_CLIENT), 0, places, 64,
					 &n, NULL));
	assert_true(n > 20 && n < 64);
	for (size_t i = 0; i < n; i++) {
		assert_true(proof_report_line(g.archive.store, places[i].event, places[i].n, size,
					      &lines[i], &g.arena, NULL));
		list[i] = &lines[i];
	}
	bundle.log_key = lahetti_text(trail_vkey(g.archive.trail));
	bundle.checkpoint = lahetti_bytes(note);
	bundle.lines = list;
	bundle.n_lines = n;
	if (!holds(&g, &bundle, &f))
		fail_msg("%s", f.text);
	/* Without one of them it is none. */
	memmove(&list[7], &list[8], (n - 8) * sizeof *list);
	bundle.n_lines = n - 1;
	assert_false(holds(&g, &bundle, &f));
	assert_string_equal(f.code, "broken-chain");
	grown_done(&g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_setup, scratch_teardown)
		TEST(receipt_is_the_same_whenever_it_is_asked_for),
		TEST(no_receipt_before_the_checkpoint),
		TEST(erased_receipt_still_proves_inclusion),
		TEST(missing_part_is_no_erasure),
		TEST(every_event_is_proved_at_every_checkpoint),
		TEST(any_two_checkpoints_are_consistent),
		TEST(report_on_a_client_is_a_whole_chain),
#undef TEST
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
