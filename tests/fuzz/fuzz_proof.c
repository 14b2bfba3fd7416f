/*
 * Proofs of strangers. In a tree that is known, only its own leaves are included and only its own
 * earlier roots are consistent; in any other the verifiers have nothing to do but end.
 *
 * Input: what to do (1 byte), two numbers (8 bytes each, big-endian), two digests, the hashes of
 * the proof.
 */
#include "lahetti/merkle.h"

#include <stdlib.h>
#include <string.h>

#define LEAVES	    75 /* 64 + 8 + 2 + 1 */
#define HASHES_MOST (LAHETTI_PROOF_MOST + 16)
#define HEAD	    (1 + 8 + 8 + LAHETTI_DIGEST_LEN + LAHETTI_DIGEST_LEN)

enum what { INCLUDED_HERE, CONSISTENT_HERE, INCLUDED, CONSISTENT, WHATS };

static struct lahetti_digest leaves[LEAVES];
static struct lahetti_digest roots[LEAVES + 1];

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool held)
{
	if (!held)
		abort();
}

static void grow_tree(void)
{
	struct lahetti_frontier t = {0};

	for (uint8_t i = 0; i < LEAVES; i++) {
		must(lahetti_leaf_hash(&leaves[i], lahetti_span(&i, 1), NULL));
		must(lahetti_frontier_add(&t, &leaves[i], NULL, NULL));
		must(lahetti_frontier_root(&t, &roots[i + 1], NULL));
	}
}

static uint64_t number(const uint8_t *data)
{
	uint64_t n = 0;

	for (int i = 0; i < 8; i++)
		n = n << 8 | data[i];
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static bool grown;
	struct lahetti_digest hashes[HASHES_MOST];
	struct lahetti_digest a;
	struct lahetti_digest b;
	uint64_t from;
	uint64_t to;
	size_t n;

	if (!grown)
		grow_tree();
	grown = true;
	if (len < HEAD)
		return 0;
	from = number(data + 1);
	to = number(data + 9);
	memcpy(a.bytes, data + 17, sizeof a.bytes);
	memcpy(b.bytes, data + 17 + sizeof a.bytes, sizeof b.bytes);
	n = (len - HEAD) / sizeof hashes[0];
	if (n > HASHES_MOST)
		n = HASHES_MOST;
	memcpy(hashes, data + HEAD, n * sizeof hashes[0]);

	switch ((enum what)(data[0] % WHATS)) {
	case INCLUDED_HERE:
		to %= LEAVES + 1;
		if (lahetti_inclusion_verify(&a, from, to, &roots[to], hashes, n, NULL))
			must(from < to && lahetti_digest_equal(&a, &leaves[from]));
		break;
	case CONSISTENT_HERE:
		to %= LEAVES + 1;
		if (lahetti_consistency_verify(from, &a, to, &roots[to], hashes, n, NULL))
			must(from > 0 && from <= to && lahetti_digest_equal(&a, &roots[from]));
		break;
	case INCLUDED:
		if (lahetti_inclusion_verify(&a, from, to, &b, hashes, n, NULL))
			must(from < to);
		break;
	case CONSISTENT:
		if (lahetti_consistency_verify(from, &a, to, &b, hashes, n, NULL))
			must(from > 0 && from <= to);
		break;
	case WHATS:
		break;
	}
	return 0;
}
