/*
 * The Merkle tree of RFC 6962: SHA-256(0x00 || leaf), SHA-256(0x01 || left || right). The tree is
 * kept as hashes in tiles of 256 (C2SP tlog-tiles, height 8): an entry of level L is the root of a
 * full subtree of 256^L leaves.
 */
#ifndef LAHETTI_MERKLE_H
#define LAHETTI_MERKLE_H

#include "lahetti/id.h"

#define LAHETTI_PROOF_MOST  64 /* hashes of a proof; a tree has at most 2^63 leaves */
#define LAHETTI_TILE_HEIGHT 8
#define LAHETTI_TILE_WIDTH  256

struct lahetti_proof {
	struct lahetti_digest hashes[LAHETTI_PROOF_MOST];
	size_t n;
};

LAHETTI_API LAHETTI_CHECKED bool
lahetti_leaf_hash(struct lahetti_digest *out, struct lahetti_span leaf, struct lahetti_fault *f);

/* out may be left or right. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_node_hash(struct lahetti_digest *out,
						   const struct lahetti_digest *left,
						   const struct lahetti_digest *right,
						   struct lahetti_fault *f);

/* Root of the empty tree: SHA-256 of nothing. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_empty_root(struct lahetti_digest *out,
						    struct lahetti_fault *f);

/*
 * Verifiers (RFC 9162 2.1.3.2, 2.1.4.2). INVALID: "bad-inclusion", "bad-consistency". Nothing is
 * consistent with the empty tree, because everything would be: from 0 is refused. Equal sizes need
 * equal roots and the empty proof.
 */
LAHETTI_API LAHETTI_CHECKED bool lahetti_inclusion_verify(const struct lahetti_digest *leaf,
							  uint64_t index, uint64_t size,
							  const struct lahetti_digest *root,
							  const struct lahetti_digest *proof,
							  size_t n, struct lahetti_fault *f);
LAHETTI_API LAHETTI_CHECKED bool
lahetti_consistency_verify(uint64_t from, const struct lahetti_digest *from_root, uint64_t to,
			   const struct lahetti_digest *to_root, const struct lahetti_digest *proof,
			   size_t n, struct lahetti_fault *f);

/*
 * Where the prover finds hashes: entry `index` of tile level `level`, that is the root of leaves
 * [index * 256^level, (index + 1) * 256^level). It is asked only for full subtrees inside the tree.
 * A source that keeps the last tile of each level reads no tile twice for one proof.
 */
struct lahetti_memo;
struct lahetti_hash_source {
	bool (*entry)(void *context, unsigned level, uint64_t index, struct lahetti_digest *out,
		      struct lahetti_fault *f);
	/* Where the root of the full subtree of 2^height leaves with that index among its like is
	 * remembered from one proof to the next; NULL where it is not, or nothing is. */
	struct lahetti_memo *(*memo)(void *context, unsigned height, uint64_t index);
	void *context;
};
struct lahetti_memo {
	bool known;
	struct lahetti_digest hash;
};

/* Size at most 2^63, else "out-of-range" (MALFORMED). */
LAHETTI_API LAHETTI_CHECKED bool lahetti_root(struct lahetti_digest *out, uint64_t size,
					      const struct lahetti_hash_source *source,
					      struct lahetti_fault *f);
/* index < size <= 2^63, else "out-of-range" (MALFORMED). */
LAHETTI_API LAHETTI_CHECKED bool lahetti_inclusion_prove(struct lahetti_proof *out, uint64_t index,
							 uint64_t size,
							 const struct lahetti_hash_source *source,
							 struct lahetti_fault *f);
/* from <= to <= 2^63, else "out-of-range"; from 0 or from == to gives the empty proof. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_consistency_prove(struct lahetti_proof *out, uint64_t from,
							   uint64_t to,
							   const struct lahetti_hash_source *source,
							   struct lahetti_fault *f);

/*
 * A tree that grows: for each level of bits at most one pending hash (a compact range). Adding
 * costs amortised two hashes; copying the struct is a snapshot to which one can go back. `full`,
 * where given, is told of each subtree of 2^(8k) leaves that became full, k from 0: (level k,
 * index), what tiles hold. When adding fails, the frontier is unchanged.
 */
struct lahetti_frontier {
	uint64_t size;
	struct lahetti_digest nodes[64]; /* nodes[b] is in force where bit b of size is set */
};
struct lahetti_tile_sink {
	bool (*entry)(void *context, unsigned level, uint64_t index,
		      const struct lahetti_digest *hash, struct lahetti_fault *f);
	void *context;
};
LAHETTI_API LAHETTI_CHECKED bool lahetti_frontier_add(struct lahetti_frontier *t,
						      const struct lahetti_digest *leaf,
						      const struct lahetti_tile_sink *full,
						      struct lahetti_fault *f);
LAHETTI_API LAHETTI_CHECKED bool lahetti_frontier_root(const struct lahetti_frontier *t,
						       struct lahetti_digest *out,
						       struct lahetti_fault *f);
/* The frontier of a stored tree. */
LAHETTI_API LAHETTI_CHECKED bool lahetti_frontier_load(struct lahetti_frontier *t, uint64_t size,
						       const struct lahetti_hash_source *source,
						       struct lahetti_fault *f);

#endif
