#include "lahetti/act.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOG "lahetti.example.fi/lahetti"

static const uint8_t seed[32] = {1, 2, 3};
static const uint8_t other_seed[32] = {3, 2, 1};

/* Of generations 1 and 2, which end in the third; the last signer is of another log. */
static struct lahetti_note_signer *signers[3], *stranger;

static int make_signers(void **state)
{
	char name[64];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		(void)snprintf(name, sizeof name, LOG "/%u", i + 1);
		signers[i] = lahetti_note_signer_new(name, seed, NULL);
		if (signers[i] == NULL)
			return -1;
	}
	stranger = lahetti_note_signer_new(LOG "/1", other_seed, NULL);
	return stranger == NULL ? -1 : 0;
}

static int destroy_signers(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		lahetti_note_signer_destroy(signers[i]);
	lahetti_note_signer_destroy(stranger);
	return 0;
}

static struct lahetti_checkpoint checkpoint(const char *origin, uint64_t size, uint8_t root)
{
	struct lahetti_checkpoint c = {.size = size};

	(void)snprintf(c.origin, sizeof c.origin, "%s", origin);
	memset(c.root.bytes, root, sizeof c.root.bytes);
	return c;
}

static struct lahetti_act act_of(uint64_t last, uint64_t newest)
{
	return (struct lahetti_act){
		.last = checkpoint(LOG "/1", last, 1),
		.newest = checkpoint(LOG "/1", newest, newest == last ? 1 : 2),
	};
}

/* Signed by the first n signers, or those of other's order. */
static bool sign(struct lahetti_act *act, const struct lahetti_note_signer *const *by, size_t n,
		 struct lahetti_buffer *note, struct lahetti_fault *f)
{
	lahetti_buffer_init(note, LAHETTI_ACT_MOST);
	return lahetti_act_sign(act, by, n, note, f);
}

static bool open_with(struct lahetti_act *act, struct lahetti_span note, const char *vkey,
		      struct lahetti_fault *f)
{
	struct lahetti_note_verifier *v = lahetti_note_verifier_read(vkey, NULL);
	bool ok;

	assert_non_null(v);
	ok = lahetti_act_open(act, note, v, f);
	lahetti_note_verifier_destroy(v);
	return ok;
}

static void p5_act_is_opened_by_each_generation_that_it_names(void **state)
{
	const struct lahetti_note_signer *const by[] = {signers[0], signers[1], signers[2]};
	struct lahetti_act act = act_of(18, 25), opened;
	struct lahetti_fault f = {0};
	struct lahetti_buffer note;

	(void)state;
	act.newest = checkpoint(LOG "/2", 25, 2);
	assert_true(sign(&act, by, 3, &note, &f));
	for (size_t i = 0; i < 3; i++) {
		assert_true(open_with(&opened, lahetti_buffer_span(&note),
				      lahetti_note_signer_vkey(signers[i]), &f));
		assert_string_equal(lahetti_note_signer_vkey(signers[2]), opened.log_key);
		assert_int_equal(2, opened.n_ended);
		assert_string_equal(lahetti_note_signer_vkey(signers[0]), opened.ended[0]);
		assert_string_equal(lahetti_note_signer_vkey(signers[1]), opened.ended[1]);
		assert_string_equal(LOG "/1", opened.last.origin);
		assert_string_equal(LOG "/2", opened.newest.origin);
		assert_true(lahetti_digest_equal(&act.last.root, &opened.last.root));
		assert_true(lahetti_digest_equal(&act.newest.root, &opened.newest.root));
		assert_int_equal(7, lahetti_act_lost(&opened));
	}
	lahetti_buffer_finish(&note);
}

static void p5_no_byte_of_an_act_can_be_changed(void **state)
{
	const struct lahetti_note_signer *const by[] = {signers[0], signers[1]};
	struct lahetti_act act = act_of(18, 25), opened;
	struct lahetti_buffer note;

	(void)state;
	assert_true(sign(&act, by, 2, &note, NULL));
	for (size_t i = 0; i < note.len; i++) {
		note.data[i] ^= 1;
		/* The other signature may be changed: it is not looked at. */
		assert_false(open_with(&opened, lahetti_buffer_span(&note),
				       lahetti_note_signer_vkey(signers[0]), NULL) &&
			     open_with(&opened, lahetti_buffer_span(&note),
				       lahetti_note_signer_vkey(signers[1]), NULL));
		note.data[i] ^= 1;
	}
	assert_true(open_with(&opened, lahetti_buffer_span(&note),
			      lahetti_note_signer_vkey(signers[0]), NULL));
	lahetti_buffer_finish(&note);
}

static void p5_act_of_another_key_is_refused(void **state)
{
	const struct lahetti_note_signer *const by[] = {stranger, signers[1]};
	struct lahetti_act act = act_of(18, 18), opened;
	struct lahetti_fault f = {0};
	struct lahetti_buffer note;

	(void)state;
	assert_true(sign(&act, by, 2, &note, &f));
	assert_false(open_with(&opened, lahetti_buffer_span(&note),
			       lahetti_note_signer_vkey(signers[0]), &f));
	assert_string_equal("unknown-key", f.code);
	lahetti_buffer_finish(&note);
}

/* A key that signs without being named has nothing to say. */
static void act_names_the_keys_that_sign_it(void **state)
{
	const struct lahetti_note_signer *const by[] = {signers[0], signers[2]};
	const struct lahetti_note_signer *const all[] = {signers[0], signers[1], signers[2]};
	struct lahetti_act act = act_of(18, 18), opened;
	struct lahetti_fault f = {0};
	struct lahetti_buffer note, again;
	const uint8_t *end;

	(void)state;
	assert_true(sign(&act, by, 2, &note, &f));
	end = memmem(note.data, note.len, "\n\n", 2);
	assert_non_null(end);
	lahetti_buffer_init(&again, LAHETTI_ACT_MOST);
	assert_true(lahetti_note_sign(lahetti_span(note.data, (size_t)(end - note.data) + 1), all,
				      3, &again, &f));
	assert_true(open_with(&opened, lahetti_buffer_span(&again),
			      lahetti_note_signer_vkey(signers[0]), &f));
	assert_false(open_with(&opened, lahetti_buffer_span(&again),
			       lahetti_note_signer_vkey(signers[1]), &f));
	assert_string_equal("bad-act", f.code);
	lahetti_buffer_finish(&note);
	lahetti_buffer_finish(&again);
}

static void act_that_contradicts_itself_is_not_signed(void **state)
{
	const struct lahetti_note_signer *const forward[] = {signers[0], signers[1]};
	const struct lahetti_note_signer *const backward[] = {signers[1], signers[0]};
	const struct lahetti_note_signer *const disordered[] = {signers[1], signers[0], signers[2]};
	struct lahetti_act act[] = {
		act_of(18, 17), act_of(18, 18), act_of(18, 18), act_of(18, 18), act_of(18, 18),
	};
	const struct {
		const struct lahetti_note_signer *const *by;
		size_t n;
	} tries[] = {{forward, 2}, {forward, 2}, {backward, 2}, {disordered, 3}, {forward, 1}};
	struct lahetti_fault f;
	struct lahetti_buffer note;

	(void)state;
	act[1].newest.root.bytes[0] ^= 1;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		f = (struct lahetti_fault){0};
		assert_false(sign(&act[i], tries[i].by, tries[i].n, &note, &f));
		assert_string_equal("bad-act", f.code);
		assert_int_equal(LAHETTI_FAULT_MALFORMED, f.kind);
		lahetti_buffer_finish(&note);
	}
}

/* What the log signs every second must never pass for an act, nor an act for that. */
static void checkpoint_is_no_act_and_act_no_checkpoint(void **state)
{
	const struct lahetti_note_signer *const by[] = {signers[0], signers[1]};
	struct lahetti_act act = act_of(18, 18), opened;
	struct lahetti_checkpoint c = checkpoint(LOG "/1", 18, 1);
	struct lahetti_fault f = {0};
	struct lahetti_buffer note;
	char text[LAHETTI_NOTE_MOST];
	size_t len;

	(void)state;
	assert_true(lahetti_checkpoint_sign(&c, signers[0], text, &len, &f));
	assert_false(open_with(&opened, lahetti_span(text, len),
			       lahetti_note_signer_vkey(signers[0]), &f));
	assert_string_equal("bad-act", f.code);
	assert_true(sign(&act, by, 2, &note, &f));
	assert_false(lahetti_checkpoint_parse(&c, lahetti_buffer_span(&note), &f));
	assert_string_equal("bad-checkpoint", f.code);
	lahetti_buffer_finish(&note);
}

static void generation_is_read_from_an_origin(void **state)
{
	static const struct {
		const char *origin;
		uint32_t generation;
	} tries[] = {
		{LOG "/1", 1},
		{LOG "/27", 27},
		{LOG "/4294967295", UINT32_MAX},
		{LOG "/4294967296", 0},
		{LOG "/99999999999", 0},
		{LOG "/0", 0},
		{LOG "/01", 0},
		{LOG "/", 0},
		{LOG, 0},
		{"/1", 0},
		{"1", 0},
		{"", 0},
		{LOG "/2+608f8ba6+Ad1", 2},
		{LOG "/x1", 0},
	};
	size_t len;

	(void)state;
	for (size_t i = 0; i < sizeof tries / sizeof tries[0]; i++) {
		assert_int_equal(tries[i].generation, lahetti_generation_of(tries[i].origin, &len));
		assert_int_equal(tries[i].generation == 0 ? 0 : strlen(LOG), len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p5_act_is_opened_by_each_generation_that_it_names),
		cmocka_unit_test(p5_no_byte_of_an_act_can_be_changed),
		cmocka_unit_test(p5_act_of_another_key_is_refused),
		cmocka_unit_test(act_names_the_keys_that_sign_it),
		cmocka_unit_test(act_that_contradicts_itself_is_not_signed),
		cmocka_unit_test(checkpoint_is_no_act_and_act_no_checkpoint),
		cmocka_unit_test(generation_is_read_from_an_origin),
	};

	return cmocka_run_group_tests(tests, make_signers, destroy_signers);
}
