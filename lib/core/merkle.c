#include "lahetti/merkle.h"

#include <assert.h>
#include <string.h>

#define LEAF_PREFIX 0x00
#define NODE_PREFIX 0x01
#define TREE_MOST   (UINT64_C(1) << 63) /* leaves */

/* ---- hashes -------------------------------------------------------------------------------- */

bool lahetti_leaf_hash(struct lahetti_digest *out, struct lahetti_span leaf,
		       struct lahetti_fault *f)
{
	static const uint8_t prefix = LEAF_PREFIX;
	const struct lahetti_span spans[] = {lahetti_span(&prefix, sizeof prefix), leaf};

	return lahetti_sha256(out, spans, 2, f);
}

bool lahetti_node_hash(struct lahetti_digest *out, const struct lahetti_digest *left,
		       const struct lahetti_digest *right, struct lahetti_fault *f)
{
	uint8_t node[1 + 2 * LAHETTI_DIGEST_LEN] = {NODE_PREFIX};
	const struct lahetti_span span = lahetti_span(node, sizeof node);

	memcpy(node + 1, left->bytes, LAHETTI_DIGEST_LEN);
	memcpy(node + 1 + LAHETTI_DIGEST_LEN, right->bytes, LAHETTI_DIGEST_LEN);
	return lahetti_sha256(out, &span, 1, f);
}

bool lahetti_empty_root(struct lahetti_digest *out, struct lahetti_fault *f)
{
	return lahetti_sha256(out, NULL, 0, f);
}

/* ---- verifiers ----------------------------------------------------------------------------- */

/*
 * The way from a leaf to the root, as RFC 9162 walks it: a node's index and that of the last node
 * of the same height. A node that is last and even has no sibling until, further up, it is odd.
 */
struct way {
	uint64_t node;
	uint64_t last;
};

/* Whether the sibling stands to the left. */
static bool way_left(const struct way *w)
{
	return (w->node & 1) != 0 || w->node == w->last;
}

/* To the parent of the node and the sibling that was just joined. */
static void way_up(struct way *w)
{
	if (w->node == w->last)
		while ((w->node & 1) == 0 && w->node != 0) {
			w->node >>= 1;
			w->last >>= 1;
		}
	w->node >>= 1;
	w->last >>= 1;
}

static bool bad_inclusion(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "bad-inclusion",
				 "The proof does not show that the leaf is in the tree.");
}

bool lahetti_inclusion_verify(const struct lahetti_digest *leaf, uint64_t index, uint64_t size,
			      const struct lahetti_digest *root, const struct lahetti_digest *proof,
			      size_t n, struct lahetti_fault *f)
{
	struct way way = {.node = index, .last = size - 1};
	struct lahetti_digest hash = *leaf;

	if (index >= size)
		return bad_inclusion(f);
	for (size_t i = 0; i < n; i++) {
		bool left = way_left(&way);

		if (way.last == 0)
			return bad_inclusion(f);
		if (!lahetti_node_hash(&hash, left ? &proof[i] : &hash, left ? &hash : &proof[i],
				       f))
			return false;
		way_up(&way);
	}
	return (way.last == 0 && lahetti_digest_equal(&hash, root)) || bad_inclusion(f);
}

static bool bad_consistency(struct lahetti_fault *f)
{
	return lahetti_fault_set(f, LAHETTI_FAULT_INVALID, "bad-consistency",
				 "The proof does not show that the later tree begins with the "
				 "earlier one.");
}

bool lahetti_consistency_verify(uint64_t from, const struct lahetti_digest *from_root, uint64_t to,
				const struct lahetti_digest *to_root,
				const struct lahetti_digest *proof, size_t n,
				struct lahetti_fault *f)
{
	struct way way = {.node = from - 1, .last = to - 1};
	struct lahetti_digest earlier;
	struct lahetti_digest later;
	size_t used = 0;

	if (from == 0 || from > to)
		return bad_consistency(f);
	if (from == to)
		return (n == 0 && lahetti_digest_equal(from_root, to_root)) || bad_consistency(f);
	if (n == 0)
		return bad_consistency(f);

	/* The largest full subtree that ends where the earlier tree ends; the whole tree is its own
	 * proof. */
	while ((way.node & 1) != 0) {
		way.node >>= 1;
		way.last >>= 1;
	}
	earlier = way.node == 0 ? *from_root : proof[used++];
	later = earlier;
	for (; used < n; used++) {
		const struct lahetti_digest *sibling = &proof[used];

		if (way.last == 0)
			return bad_consistency(f);
		if (way_left(&way)) {
			if (!lahetti_node_hash(&earlier, sibling, &earlier, f) ||
			    !lahetti_node_hash(&later, sibling, &later, f))
				return false;
		} else if (!lahetti_node_hash(&later, &later, sibling, f)) {
			return false;
		}
		way_up(&way);
	}
	return (way.last == 0 && lahetti_digest_equal(&earlier, from_root) &&
		lahetti_digest_equal(&later, to_root)) ||
	       bad_consistency(f);
}

/* ---- provers ------------------------------------------------------------------------------- */

/* Leaves [at, at + size). `at` is always a multiple of the least power of two that is not below
 * size. */
struct range {
	uint64_t at;
	uint64_t size;
};

/* The root of the full subtree of 2^height leaves with that index among its like. */
static bool subtree_root(struct lahetti_digest *out, unsigned height, uint64_t index,
			 const struct lahetti_hash_source *source, struct lahetti_fault *f)
{
	unsigned level = height / LAHETTI_TILE_HEIGHT;
	unsigned inside = height % LAHETTI_TILE_HEIGHT;
	struct lahetti_digest pending[LAHETTI_TILE_HEIGHT];
	struct lahetti_memo *memo =
		source->memo == NULL ? NULL : source->memo(source->context, height, index);
	size_t n = 0;

	if (memo != NULL && memo->known) {
		*out = memo->hash;
		return true;
	}
	for (uint64_t i = 0; i < UINT64_C(1) << inside; i++) {
		if (!source->entry(source->context, level, (index << inside) + i, &pending[n++], f))
			return false;
		/* Entry i completes as many subtrees as there are ones at its end. */
		for (uint64_t ones = i; (ones & 1) != 0; ones >>= 1) {
			n--;
			if (!lahetti_node_hash(&pending[n - 1], &pending[n - 1], &pending[n], f))
				return false;
		}
	}
	*out = pending[0];
	if (memo != NULL)
		*memo = (struct lahetti_memo){.known = true, .hash = *out};
	return true;
}

static bool frontier_load(struct lahetti_frontier *t, struct range r,
			  const struct lahetti_hash_source *source, struct lahetti_fault *f)
{
	t->size = r.size;
	for (unsigned b = LAHETTI_PROOF_MOST; b-- > 0;) {
		if ((r.size >> b & 1) == 0)
			continue;
		if (!subtree_root(&t->nodes[b], b, r.at >> b, source, f))
			return false;
		r.at += UINT64_C(1) << b;
	}
	return true;
}

static bool range_root(struct lahetti_digest *out, struct range r,
		       const struct lahetti_hash_source *source, struct lahetti_fault *f)
{
	struct lahetti_frontier t;

	return frontier_load(&t, r, source, f) && lahetti_frontier_root(&t, out, f);
}

bool lahetti_root(struct lahetti_digest *out, uint64_t size,
		  const struct lahetti_hash_source *source, struct lahetti_fault *f)
{
	if (size > TREE_MOST)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "out-of-range",
					 "A tree holds at most 2^63 leaves.");
	return range_root(out, (struct range){.size = size}, source, f);
}

/* The subtrees whose roots make a proof, from the root of the tree downward. */
struct plan {
	struct range ranges[LAHETTI_PROOF_MOST];
	size_t n;
};

static void plan_add(struct plan *p, uint64_t at, uint64_t size)
{
	assert(p->n < LAHETTI_PROOF_MOST);
	p->ranges[p->n++] = (struct range){.at = at, .size = size};
}

static bool plan_prove(const struct plan *p, struct lahetti_proof *out,
		       const struct lahetti_hash_source *source, struct lahetti_fault *f)
{
	out->n = 0;
	while (out->n < p->n) {
		const struct range *r = &p->ranges[p->n - 1 - out->n];

		if (!range_root(&out->hashes[out->n], *r, source, f))
			return false;
		out->n++;
	}
	return true;
}

/* The leaves of the left subtree: the greatest power of two below size, which is at least 2. */
static uint64_t left_size(uint64_t size)
{
	uint64_t left = 1;

	while (left < size - left)
		left <<= 1;
	return left;
}

bool lahetti_inclusion_prove(struct lahetti_proof *out, uint64_t index, uint64_t size,
			     const struct lahetti_hash_source *source, struct lahetti_fault *f)
{
	struct plan plan = {.n = 0};
	struct range here = {.size = size};

	if (index >= size || size > TREE_MOST)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "out-of-range",
					 "The tree has no leaf of that index.");
	while (here.size > 1) {
		uint64_t left = left_size(here.size);

		if (index - here.at < left) {
			plan_add(&plan, here.at + left, here.size - left);
			here.size = left;
		} else {
			plan_add(&plan, here.at, left);
			here.at += left;
			here.size -= left;
		}
	}
	return plan_prove(&plan, out, source, f);
}

bool lahetti_consistency_prove(struct lahetti_proof *out, uint64_t from, uint64_t to,
			       const struct lahetti_hash_source *source, struct lahetti_fault *f)
{
	struct plan plan = {.n = 0};
	struct range here = {.size = to};

	if (from > to || to > TREE_MOST)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "out-of-range",
					 "The tree was never of that size.");
	while (from > 0 && from != here.at + here.size) {
		uint64_t left = left_size(here.size);

		if (from - here.at <= left) {
			plan_add(&plan, here.at + left, here.size - left);
			here.size = left;
		} else {
			plan_add(&plan, here.at, left);
			here.at += left;
			here.size -= left;
		}
	}
	/* What begins at 0 is the earlier tree itself, whose root the verifier has. */
	if (here.at > 0)
		plan_add(&plan, here.at, here.size);
	return plan_prove(&plan, out, source, f);
}

/* ---- the tree that grows ------------------------------------------------------------------- */

bool lahetti_frontier_add(struct lahetti_frontier *t, const struct lahetti_digest *leaf,
			  const struct lahetti_tile_sink *full, struct lahetti_fault *f)
{
	struct lahetti_digest hash = *leaf;
	unsigned height = 0;

	if (t->size >= TREE_MOST)
		return lahetti_fault_set(f, LAHETTI_FAULT_BROKEN, "tree-full",
					 "The tree holds 2^63 leaves and takes no more.");
	/* Nothing of the frontier changes before the last step that can fail. */
	for (;; height++) {
		if (full != NULL && height % LAHETTI_TILE_HEIGHT == 0 &&
		    !full->entry(full->context, height / LAHETTI_TILE_HEIGHT, t->size >> height,
				 &hash, f))
			return false;
		if ((t->size >> height & 1) == 0)
			break;
		if (!lahetti_node_hash(&hash, &t->nodes[height], &hash, f))
			return false;
	}
	t->nodes[height] = hash;
	t->size++;
	return true;
}

bool lahetti_frontier_root(const struct lahetti_frontier *t, struct lahetti_digest *out,
			   struct lahetti_fault *f)
{
	bool started = false;

	if (t->size == 0)
		return lahetti_empty_root(out, f);
	for (unsigned b = 0; b < LAHETTI_PROOF_MOST; b++) {
		if ((t->size >> b & 1) == 0)
			continue;
		if (!started)
			*out = t->nodes[b];
		else if (!lahetti_node_hash(out, &t->nodes[b], out, f))
			return false;
		started = true;
	}
	return true;
}

bool lahetti_frontier_load(struct lahetti_frontier *t, uint64_t size,
			   const struct lahetti_hash_source *source, struct lahetti_fault *f)
{
	if (size > TREE_MOST)
		return lahetti_fault_set(f, LAHETTI_FAULT_MALFORMED, "out-of-range",
					 "A tree holds at most 2^63 leaves.");
	return frontier_load(t, (struct range){.size = size}, source, f);
}
