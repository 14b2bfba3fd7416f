#include "lahetti/merkle.h"

#include "lahetti/note.h"

#include <ftw.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* cmocka wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BIG	     70000 /* leaves: 273 full tiles of level 0, one of level 1 */
#define LEVELS	     3
#define TREE_MOST    (UINT64_C(1) << 63)
#define VECTORS_MOST 65536 /* bytes of a file of vectors */

/* ---- a tree with its tiles ----------------------------------------------------------------- */

struct tree {
	struct lahetti_frontier frontier;
	struct lahetti_digest *levels[LEVELS];
	uint64_t entries[LEVELS];
	uint64_t visible; /* leaves that the source admits to */
	uint64_t asked;
};

static struct tree big;
static struct lahetti_digest roots[BIG + 1];

static bool tree_keep(void *context, unsigned level, uint64_t index,
		      const struct lahetti_digest *hash, struct lahetti_fault *f)
{
	struct tree *t = context;

	(void)f;
	assert_true(level < LEVELS);
	assert_int_equal(index, t->entries[level]);
	t->levels[level][t->entries[level]++] = *hash;
	return true;
}

static bool tree_entry(void *context, unsigned level, uint64_t index, struct lahetti_digest *out,
		       struct lahetti_fault *f)
{
	struct tree *t = context;

	(void)f;
	assert_true(level < LEVELS);
	assert_true((index + 1) << (LAHETTI_TILE_HEIGHT * level) <= t->visible);
	*out = t->levels[level][index];
	t->asked++;
	return true;
}

static struct lahetti_hash_source source_of(struct tree *t, uint64_t size)
{
	t->visible = size;
	t->asked = 0;
	return (struct lahetti_hash_source){.entry = tree_entry, .context = t};
}

static void tree_init(struct tree *t, size_t leaves)
{
	*t = (struct tree){0};
	for (unsigned level = 0; level < LEVELS; level++) {
		size_t n = (leaves >> (LAHETTI_TILE_HEIGHT * level)) + 1;

		t->levels[level] = calloc(n, sizeof(struct lahetti_digest));
		assert_non_null(t->levels[level]);
	}
}

static void tree_finish(struct tree *t)
{
	for (unsigned level = 0; level < LEVELS; level++)
		free(t->levels[level]);
}

static void tree_add(struct tree *t, struct lahetti_span leaf)
{
	const struct lahetti_tile_sink sink = {.entry = tree_keep, .context = t};
	struct lahetti_digest hash;

	assert_true(lahetti_leaf_hash(&hash, leaf, NULL));
	assert_true(lahetti_frontier_add(&t->frontier, &hash, &sink, NULL));
}

/* MTH of RFC 6962 2.1, as it is defined there, over hashes of leaves. */
static struct lahetti_digest defined_root(const struct lahetti_digest *leaves, size_t n)
{
	struct lahetti_digest out;
	size_t left = 1;

	if (n == 0) {
		assert_true(lahetti_sha256(&out, NULL, 0, NULL));
	} else if (n == 1) {
		out = leaves[0];
	} else {
		const uint8_t prefix = 0x01;
		struct lahetti_digest halves[2];
		struct lahetti_span spans[2];

		while (2 * left < n)
			left *= 2;
		halves[0] = defined_root(leaves, left);
		halves[1] = defined_root(leaves + left, n - left);
		spans[0] = lahetti_span(&prefix, 1);
		spans[1] = lahetti_span(halves, sizeof halves);
		assert_true(lahetti_sha256(&out, spans, 2, NULL));
	}
	return out;
}

static int grow_big(void **state)
{
	(void)state;
	tree_init(&big, BIG);
	assert_true(lahetti_frontier_root(&big.frontier, &roots[0], NULL));
	for (size_t i = 0; i < BIG; i++) {
		uint8_t leaf[2] = {(uint8_t)(i >> 8), (uint8_t)i};

		tree_add(&big, lahetti_span(leaf, sizeof leaf));
		assert_true(lahetti_frontier_root(&big.frontier, &roots[i + 1], NULL));
	}
	return 0;
}

static int drop_big(void **state)
{
	(void)state;
	tree_finish(&big);
	return 0;
}

static const uint32_t sizes_worth_a_look[] = {511,   512,   513,   1000,  65535,
					      65536, 65537, 65792, 69999, BIG};

/* Every size up to 300, then those. */
static uint64_t size_worth_a_look(size_t i)
{
	const size_t n = sizeof sizes_worth_a_look / sizeof sizes_worth_a_look[0];

	if (i <= 300)
		return i;
	return i - 301 < n ? sizes_worth_a_look[i - 301] : UINT64_MAX;
}

/* The same numbers in each run. */
static uint64_t dice(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static void flip(struct lahetti_digest *d)
{
	uint64_t bit = dice() % (8 * LAHETTI_DIGEST_LEN);

	d->bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
}

static void assert_digest(const struct lahetti_digest *a, const struct lahetti_digest *b)
{
	assert_memory_equal(a->bytes, b->bytes, LAHETTI_DIGEST_LEN);
}

static void assert_fault(const struct lahetti_fault *f, enum lahetti_fault_kind kind,
			 const char *code)
{
	assert_string_equal(f->code, code);
	assert_int_equal(f->kind, kind);
}

/* ---- roots, tiles -------------------------------------------------------------------------- */

static void roots_are_those_of_the_definition(void **state)
{
	uint64_t size;

	(void)state;
	for (size_t i = 0; (size = size_worth_a_look(i)) != UINT64_MAX; i++) {
		const struct lahetti_hash_source source = source_of(&big, size);
		struct lahetti_digest expected = defined_root(big.levels[0], size);
		struct lahetti_digest root;

		assert_digest(&roots[size], &expected);
		assert_true(lahetti_root(&root, size, &source, NULL));
		assert_digest(&root, &expected);
	}
}

static void tiles_hold_the_roots_of_full_subtrees(void **state)
{
	(void)state;
	for (unsigned level = 0; level < LEVELS; level++) {
		size_t width = (size_t)1 << (LAHETTI_TILE_HEIGHT * level);

		assert_int_equal(big.entries[level], BIG / width);
		for (size_t i = 0; i < big.entries[level]; i++) {
			struct lahetti_digest expected =
				defined_root(big.levels[0] + i * width, width);

			assert_digest(&big.levels[level][i], &expected);
		}
	}
}

static void frontier_is_the_same_when_loaded(void **state)
{
	struct lahetti_frontier grown = {0};
	uint64_t size;

	(void)state;
	for (size_t i = 0; (size = size_worth_a_look(i)) != UINT64_MAX; i++) {
		const struct lahetti_hash_source source = source_of(&big, size);
		struct lahetti_frontier loaded;

		while (grown.size < size)
			assert_true(lahetti_frontier_add(&grown, &big.levels[0][grown.size], NULL,
							 NULL));
		assert_true(lahetti_frontier_load(&loaded, size, &source, NULL));
		assert_int_equal(loaded.size, size);
		for (unsigned b = 0; b < 64; b++)
			if ((size >> b & 1) != 0)
				assert_digest(&loaded.nodes[b], &grown.nodes[b]);
	}
}

static bool keep_nothing(void *context, unsigned level, uint64_t index,
			 const struct lahetti_digest *hash, struct lahetti_fault *f)
{
	unsigned *failing = context;

	(void)index;
	(void)hash;
	return level < *failing || lahetti_fault_set(f, LAHETTI_FAULT_BUSY, "not-now", "Not now.");
}

static void frontier_stays_when_the_sink_fails(void **state)
{
	const struct lahetti_hash_source source = source_of(&big, 255);
	const struct lahetti_digest *leaf = &big.levels[0][255];
	struct lahetti_frontier t = {0};
	struct lahetti_frontier before;

	(void)state;
	assert_true(lahetti_frontier_load(&t, 255, &source, NULL));
	before = t;
	/* Leaf 255 is an entry of level 0, and fills the first of level 1. */
	for (unsigned failing = 0; failing < 2; failing++) {
		const struct lahetti_tile_sink sink = {.entry = keep_nothing, .context = &failing};
		struct lahetti_fault f = {0};

		assert_false(lahetti_frontier_add(&t, leaf, &sink, &f));
		assert_fault(&f, LAHETTI_FAULT_BUSY, "not-now");
		assert_memory_equal(&t, &before, sizeof t);
	}
	assert_true(lahetti_frontier_add(&t, leaf, NULL, NULL));
	assert_digest(&t.nodes[8], &roots[256]);
}

/* ---- inclusion ----------------------------------------------------------------------------- */

static void check_inclusion(uint64_t index, uint64_t size)
{
	const struct lahetti_hash_source source = source_of(&big, size);
	const struct lahetti_digest *leaf = &big.levels[0][index];
	const struct lahetti_digest *root = &roots[size];
	struct lahetti_digest other = *leaf;
	struct lahetti_proof proof;
	struct lahetti_proof bad;
	struct lahetti_fault f = {0};

	assert_true(lahetti_inclusion_prove(&proof, index, size, &source, NULL));
	assert_true(lahetti_inclusion_verify(leaf, index, size, root, proof.hashes, proof.n, NULL));

	for (size_t i = 0; i < proof.n; i++) {
		bad = proof;
		flip(&bad.hashes[i]);
		assert_false(
			lahetti_inclusion_verify(leaf, index, size, root, bad.hashes, bad.n, &f));
		assert_fault(&f, LAHETTI_FAULT_INVALID, "bad-inclusion");
		assert_false(
			lahetti_inclusion_verify(leaf, index, size, root, proof.hashes, i, NULL));
		assert_false(lahetti_inclusion_verify(leaf, index, size, root, proof.hashes + i + 1,
						      proof.n - i - 1, NULL));
	}
	bad = proof;
	bad.hashes[bad.n++] = *root;
	assert_false(lahetti_inclusion_verify(leaf, index, size, root, bad.hashes, bad.n, NULL));
	flip(&other);
	assert_false(
		lahetti_inclusion_verify(&other, index, size, root, proof.hashes, proof.n, NULL));
	other = *root;
	flip(&other);
	assert_false(
		lahetti_inclusion_verify(leaf, index, size, &other, proof.hashes, proof.n, NULL));
	if (size > 1)
		assert_false(lahetti_inclusion_verify(leaf, index ^ 1, size, root, proof.hashes,
						      proof.n, NULL));
	assert_false(lahetti_inclusion_verify(leaf, size + index, size, root, proof.hashes, proof.n,
					      NULL));
}

static void every_leaf_is_proved_and_nothing_else(void **state)
{
	uint64_t size;

	(void)state;
	for (size = 1; size <= 70; size++)
		for (uint64_t index = 0; index < size; index++)
			check_inclusion(index, size);
	for (size_t i = 71; (size = size_worth_a_look(i)) != UINT64_MAX; i++) {
		check_inclusion(0, size);
		check_inclusion(size - 1, size);
		for (int k = 0; k < 4; k++)
			check_inclusion(dice() % size, size);
	}
}

/* ---- consistency --------------------------------------------------------------------------- */

static void check_consistency(uint64_t from, uint64_t to)
{
	const struct lahetti_hash_source source = source_of(&big, to);
	const struct lahetti_digest *from_root = &roots[from];
	const struct lahetti_digest *to_root = &roots[to];
	struct lahetti_digest other = *from_root;
	struct lahetti_proof proof;
	struct lahetti_proof bad;
	struct lahetti_fault f = {0};

	assert_true(lahetti_consistency_prove(&proof, from, to, &source, NULL));
	assert_true(lahetti_consistency_verify(from, from_root, to, to_root, proof.hashes, proof.n,
					       NULL));

	for (size_t i = 0; i < proof.n; i++) {
		bad = proof;
		flip(&bad.hashes[i]);
		assert_false(lahetti_consistency_verify(from, from_root, to, to_root, bad.hashes,
							bad.n, &f));
		assert_fault(&f, LAHETTI_FAULT_INVALID, "bad-consistency");
	}
	if (proof.n > 0) {
		assert_false(lahetti_consistency_verify(from, from_root, to, to_root, proof.hashes,
							proof.n - 1, NULL));
		assert_false(lahetti_consistency_verify(from, from_root, to, to_root,
							proof.hashes + 1, proof.n - 1, NULL));
		assert_false(lahetti_consistency_verify(to, to_root, from, from_root, proof.hashes,
							proof.n, NULL));
	}
	bad = proof;
	bad.hashes[bad.n++] = *to_root;
	assert_false(
		lahetti_consistency_verify(from, from_root, to, to_root, bad.hashes, bad.n, NULL));
	flip(&other);
	assert_false(
		lahetti_consistency_verify(from, &other, to, to_root, proof.hashes, proof.n, NULL));
	other = *to_root;
	flip(&other);
	assert_false(lahetti_consistency_verify(from, from_root, to, &other, proof.hashes, proof.n,
						NULL));
}

static void every_earlier_tree_is_proved_and_nothing_else(void **state)
{
	(void)state;
	for (uint64_t to = 1; to <= 130; to++)
		for (uint64_t from = 1; from <= to; from++)
			check_consistency(from, to);
	for (int i = 0; i < 100; i++) {
		uint64_t to = dice() % BIG + 1;

		check_consistency(dice() % to + 1, to);
	}
	check_consistency(256, 65536);
	check_consistency(65536, BIG);
	check_consistency(65537, BIG);
}

static void nothing_is_consistent_with_the_empty_tree(void **state)
{
	const struct lahetti_hash_source source = source_of(&big, BIG);
	struct lahetti_proof proof;
	struct lahetti_fault f = {0};

	(void)state;
	assert_true(lahetti_consistency_prove(&proof, 0, BIG, &source, NULL));
	assert_int_equal(proof.n, 0);
	assert_false(lahetti_consistency_verify(0, &roots[0], BIG, &roots[BIG], NULL, 0, &f));
	assert_fault(&f, LAHETTI_FAULT_INVALID, "bad-consistency");
	assert_false(lahetti_consistency_verify(0, &roots[0], 0, &roots[0], NULL, 0, NULL));
}

/* ---- bounds -------------------------------------------------------------------------------- */

static void what_the_tree_has_not_is_refused(void **state)
{
	const struct lahetti_hash_source source = source_of(&big, BIG);
	struct lahetti_frontier frontier;
	struct lahetti_proof proof;
	struct lahetti_digest root;
	struct lahetti_fault f[6] = {0};

	(void)state;
	assert_false(lahetti_inclusion_prove(&proof, 7, 7, &source, &f[0]));
	assert_false(lahetti_inclusion_prove(&proof, 0, TREE_MOST + 1, &source, &f[1]));
	assert_false(lahetti_consistency_prove(&proof, 8, 7, &source, &f[2]));
	assert_false(lahetti_consistency_prove(&proof, 8, TREE_MOST + 1, &source, &f[3]));
	assert_false(lahetti_root(&root, TREE_MOST + 1, &source, &f[4]));
	assert_false(lahetti_frontier_load(&frontier, TREE_MOST + 1, &source, &f[5]));
	for (size_t i = 0; i < 6; i++)
		assert_fault(&f[i], LAHETTI_FAULT_MALFORMED, "out-of-range");
}

static bool no_entry(void *context, unsigned level, uint64_t index, struct lahetti_digest *out,
		     struct lahetti_fault *f)
{
	(void)context;
	(void)level;
	(void)index;
	(void)out;
	return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "disk-gone", "The disk is gone.");
}

static void fault_of_the_source_is_passed_on(void **state)
{
	const struct lahetti_hash_source source = {.entry = no_entry};
	struct lahetti_frontier frontier;
	struct lahetti_proof proof;
	struct lahetti_digest root;
	struct lahetti_fault f[4] = {0};

	(void)state;
	assert_false(lahetti_inclusion_prove(&proof, 3, 9, &source, &f[0]));
	assert_false(lahetti_consistency_prove(&proof, 3, 9, &source, &f[1]));
	assert_false(lahetti_root(&root, 9, &source, &f[2]));
	assert_false(lahetti_frontier_load(&frontier, 9, &source, &f[3]));
	for (size_t i = 0; i < 4; i++)
		assert_fault(&f[i], LAHETTI_FAULT_BROKEN, "disk-gone");
}

/* A tree of any size in which all leaves are the same, so that an entry depends on its level alone.
 */
struct uniform {
	struct lahetti_digest heights[64];
	uint64_t asked;
};

static bool uniform_entry(void *context, unsigned level, uint64_t index, struct lahetti_digest *out,
			  struct lahetti_fault *f)
{
	struct uniform *u = context;

	(void)index;
	(void)f;
	*out = u->heights[LAHETTI_TILE_HEIGHT * level];
	u->asked++;
	return true;
}

static void uniform_init(struct uniform *u)
{
	u->asked = 0;
	assert_true(lahetti_leaf_hash(&u->heights[0], lahetti_span("", 0), NULL));
	for (unsigned h = 1; h < 64; h++)
		assert_true(lahetti_node_hash(&u->heights[h], &u->heights[h - 1],
					      &u->heights[h - 1], NULL));
}

static void largest_trees_are_proved(void **state)
{
	static const uint64_t sizes[] = {TREE_MOST, TREE_MOST - 1, (TREE_MOST >> 1) + 1};
	struct uniform u;
	const struct lahetti_hash_source source = {.entry = uniform_entry, .context = &u};

	(void)state;
	uniform_init(&u);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		const uint64_t size = sizes[i];
		const uint64_t indexes[] = {0, 1, size / 3, size / 2, size - 2, size - 1};
		struct lahetti_proof proof;
		struct lahetti_digest root;

		assert_true(lahetti_root(&root, size, &source, NULL));
		for (size_t k = 0; k < sizeof indexes / sizeof indexes[0]; k++) {
			struct lahetti_digest earlier;

			assert_true(
				lahetti_inclusion_prove(&proof, indexes[k], size, &source, NULL));
			assert_true(lahetti_inclusion_verify(&u.heights[0], indexes[k], size, &root,
							     proof.hashes, proof.n, NULL));
			if (indexes[k] == 0)
				continue;
			assert_true(lahetti_root(&earlier, indexes[k], &source, NULL));
			assert_true(
				lahetti_consistency_prove(&proof, indexes[k], size, &source, NULL));
			assert_true(lahetti_consistency_verify(indexes[k], &earlier, size, &root,
							       proof.hashes, proof.n, NULL));
		}
	}
}

static void frontier_is_full_at_2_to_the_63(void **state)
{
	struct lahetti_frontier t = {.size = TREE_MOST - 1};
	struct lahetti_digest root;
	struct lahetti_fault f = {0};
	struct uniform u;

	(void)state;
	uniform_init(&u);
	memcpy(t.nodes, u.heights, sizeof u.heights);
	assert_true(lahetti_frontier_add(&t, &u.heights[0], NULL, NULL));
	assert_true(t.size == TREE_MOST);
	assert_true(lahetti_frontier_root(&t, &root, NULL));
	assert_true(lahetti_node_hash(&u.heights[0], &u.heights[62], &u.heights[62], NULL));
	assert_digest(&t.nodes[63], &u.heights[63]);
	assert_digest(&root, &u.heights[63]);
	assert_digest(&u.heights[0], &u.heights[63]);
	assert_false(lahetti_frontier_add(&t, &root, NULL, &f));
	assert_fault(&f, LAHETTI_FAULT_BROKEN, "tree-full");
	assert_true(t.size == TREE_MOST);
}

/* Of each level at most the tile of the leaf and the last one are needed. */
static void proof_in_ten_million_leaves_needs_few_tiles(void **state)
{
	const uint64_t size = 10000000;
	struct uniform u;
	const struct lahetti_hash_source source = {.entry = uniform_entry, .context = &u};

	(void)state;
	uniform_init(&u);
	for (int i = 0; i < 100; i++) {
		struct lahetti_proof proof;

		u.asked = 0;
		assert_true(lahetti_inclusion_prove(&proof, dice() % size, size, &source, NULL));
		assert_in_range(u.asked, 1, 2 * 3 * LAHETTI_TILE_WIDTH);
	}
}

/* ---- vectors ------------------------------------------------------------------------------- */

/* False for an empty text: a digest has 32 bytes. Shorter ones of the vectors are filled up. */
static bool read_digest(struct lahetti_digest *d, const json_t *text)
{
	size_t len = 0;

	*d = (struct lahetti_digest){0};
	assert_true(lahetti_base64_parse(d->bytes, sizeof d->bytes, &len,
					 lahetti_span_text(json_string_value(text)), NULL));
	return len > 0;
}

/* jansson's integers are signed; the one number of the vectors that they can't hold is 2^64 - 1. */
static uint64_t read_number(const json_t *root, const char *name)
{
	const json_t *number = json_object_get(root, name);

	assert_true(json_is_number(number));
	if (json_is_integer(number))
		return (uint64_t)json_integer_value(number);
	return json_real_value(number) < 0x1p63 ? (uint64_t)json_real_value(number) : UINT64_MAX;
}

static size_t read_proof(struct lahetti_digest *hashes, const json_t *root)
{
	const json_t *proof = json_object_get(root, "proof");
	size_t n = json_array_size(proof);

	assert_true(n <= LAHETTI_PROOF_MOST);
	for (size_t i = 0; i < n; i++)
		(void)read_digest(&hashes[i], json_array_get(proof, i));
	return n;
}

static bool vector_holds(const json_t *root)
{
	struct lahetti_digest a;
	struct lahetti_digest b;
	struct lahetti_digest hashes[LAHETTI_PROOF_MOST];
	size_t n = read_proof(hashes, root);

	if (json_object_get(root, "leafHash") != NULL)
		return read_digest(&a, json_object_get(root, "leafHash")) &&
		       read_digest(&b, json_object_get(root, "root")) &&
		       lahetti_inclusion_verify(&a, read_number(root, "leafIdx"),
						read_number(root, "treeSize"), &b, hashes, n, NULL);
	return read_digest(&a, json_object_get(root, "root1")) &&
	       read_digest(&b, json_object_get(root, "root2")) &&
	       lahetti_consistency_verify(read_number(root, "size1"), &a,
					  read_number(root, "size2"), &b, hashes, n, NULL);
}

static size_t vectors_seen;

static int check_vector(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	json_error_t error;
	json_t *root;
	bool refused;

	(void)st;
	(void)ftw;
	if (type != FTW_F)
		return 0;
	root = json_load_file(path, 0, &error);
	if (root == NULL) /* a number was too large */
		root = json_load_file(path, JSON_DECODE_INT_AS_REAL, &error);
	assert_non_null(root);
	refused = json_is_true(json_object_get(root, "wantErr"));
	if (vector_holds(root) == refused)
		fail_msg("%s: %s", path, refused ? "accepted" : "refused");
	json_decref(root);
	vectors_seen++;
	return 0;
}

static void rfc6962_vectors_are_decided_rightly(void **state)
{
	(void)state;
	assert_int_equal(nftw(LAHETTI_VECTORS "/rfc6962/testdata", check_vector, 8, FTW_PHYS), 0);
	assert_int_equal(vectors_seen, 196);
}

static size_t read_vector(uint8_t *data, size_t room, const char *folder, const char *name)
{
	char path[512];
	FILE *file;
	size_t len;

	(void)snprintf(path, sizeof path, LAHETTI_VECTORS "/tlog_tiles/testdata/log/%s%s", folder,
		       name);
	file = fopen(path, "rb");
	assert_non_null(file);
	len = fread(data, 1, room, file);
	assert_true(len < room);
	assert_int_equal(fclose(file), 0);
	return len;
}

/* An entry bundle: each entry after its length, 16 bits big-endian. Returns how many there were. */
static size_t add_bundle(struct tree *t, const uint8_t *data, size_t len)
{
	size_t n = 0;

	for (size_t at = 0; at < len; n++) {
		size_t entry;

		assert_true(len - at >= 2);
		entry = (size_t)data[at] << 8 | data[at + 1];
		assert_true(entry <= len - at - 2);
		tree_add(t, lahetti_span(data + at + 2, entry));
		at += 2 + entry;
	}
	return n;
}

static void tiles_and_checkpoints_of_another_log_are_ours(void **state)
{
	static uint8_t data[VECTORS_MOST];
	struct tree t;

	(void)state;
	for (unsigned size = 0; size <= 15; size++) {
		struct lahetti_checkpoint checkpoint;
		struct lahetti_digest root;
		char name[16];
		size_t len;

		(void)snprintf(name, sizeof name, "%u", size);
		tree_init(&t, size);
		if (size > 0) {
			len = read_vector(data, sizeof data, "tile/entries/000.p/", name);
			assert_int_equal(add_bundle(&t, data, len), size);
			len = read_vector(data, sizeof data, "tile/0/000.p/", name);
			assert_int_equal(len, size * LAHETTI_DIGEST_LEN);
			assert_memory_equal(data, t.levels[0], len);
		}
		len = read_vector(data, sizeof data, "checkpoint.", name);
		assert_true(lahetti_checkpoint_parse(&checkpoint, lahetti_span(data, len), NULL));
		assert_string_equal(checkpoint.origin, "example.com/log/testdata");
		assert_int_equal(checkpoint.size, size);
		assert_true(lahetti_frontier_root(&t.frontier, &root, NULL));
		assert_digest(&root, &checkpoint.root);
		tree_finish(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_those_of_the_definition),
		cmocka_unit_test(tiles_hold_the_roots_of_full_subtrees),
		cmocka_unit_test(frontier_is_the_same_when_loaded),
		cmocka_unit_test(frontier_stays_when_the_sink_fails),
		cmocka_unit_test(every_leaf_is_proved_and_nothing_else),
		cmocka_unit_test(every_earlier_tree_is_proved_and_nothing_else),
		cmocka_unit_test(nothing_is_consistent_with_the_empty_tree),
		cmocka_unit_test(what_the_tree_has_not_is_refused),
		cmocka_unit_test(fault_of_the_source_is_passed_on),
		cmocka_unit_test(largest_trees_are_proved),
		cmocka_unit_test(frontier_is_full_at_2_to_the_63),
		cmocka_unit_test(proof_in_ten_million_leaves_needs_few_tiles),
		cmocka_unit_test(rfc6962_vectors_are_decided_rightly),
		cmocka_unit_test(tiles_and_checkpoints_of_another_log_are_ours),
	};

	return cmocka_run_group_tests_name("merkle", tests, grow_big, drop_big);
}
