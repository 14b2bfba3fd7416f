/*
 * The Merkle tree of RFC 6962: SHA-256(0x00 || leaf), SHA-256(0x01 || left || right), verified as RFC 9162 walks it (2.1.3.2,
 * 2.1.4.2). Indices and sizes are below 2^64.
 */
import { concat, equal, sha256, type Bytes } from "../wire/bytes";

export const DIGEST_LENGTH = 32;
/** Hashes of a proof; a tree has at most 2^63 leaves. */
export const PROOF_MOST = 64;

export function leafHash(leaf: Uint8Array): Promise<Bytes> {
  return sha256(concat(Uint8Array.of(0), leaf));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Promise<Bytes> {
  return sha256(concat(Uint8Array.of(1), left, right));
}

function areDigests(...hashes: readonly Uint8Array[]): boolean {
  return hashes.every((hash) => hash.length === DIGEST_LENGTH);
}

/** Whether hashes have the form of a proof. */
export function isProof(hashes: readonly Uint8Array[]): boolean {
  return hashes.length <= PROOF_MOST && areDigests(...hashes);
}

/** The way from a leaf to the root: a node's index and that of the last node of the same height. */
class Way {
  constructor(
    private node: bigint,
    private last: bigint,
  ) {}

  get done(): boolean {
    return this.last === 0n;
  }

  get first(): boolean {
    return this.node === 0n;
  }

  /** Whether the node is a right child. */
  get odd(): boolean {
    return (this.node & 1n) === 1n;
  }

  /** Whether the sibling stands to the left. */
  get left(): boolean {
    return this.odd || this.node === this.last;
  }

  halve(): void {
    this.node >>= 1n;
    this.last >>= 1n;
  }

  /** To the parent of the node and its sibling. A node that is last and even has none until, further up, it is odd. */
  up(): void {
    if (this.node === this.last) while (!this.odd && !this.first) this.halve();
    this.halve();
  }
}

/** Whether the leaf of that hash is the one of that index in the tree. */
export async function verifyInclusion(
  leaf: Uint8Array,
  index: bigint,
  size: bigint,
  root: Uint8Array,
  proof: readonly Uint8Array[],
): Promise<boolean> {
  if (index < 0n || index >= size || !areDigests(leaf, root, ...proof)) return false;
  const way = new Way(index, size - 1n);
  let hash = leaf;
  for (const sibling of proof) {
    if (way.done) return false;
    hash = way.left ? await nodeHash(sibling, hash) : await nodeHash(hash, sibling);
    way.up();
  }
  return way.done && equal(hash, root);
}

/**
 * Whether the later tree begins with the earlier one. Nothing is consistent with the empty tree, because everything would be. Equal
 * sizes need equal roots and the empty proof.
 */
export async function verifyConsistency(
  from: bigint,
  fromRoot: Uint8Array,
  to: bigint,
  toRoot: Uint8Array,
  proof: readonly Uint8Array[],
): Promise<boolean> {
  if (from <= 0n || from > to || !areDigests(fromRoot, toRoot, ...proof)) return false;
  if (from === to) return proof.length === 0 && equal(fromRoot, toRoot);
  // The largest full subtree that ends where the earlier tree ends; the whole tree is its own proof.
  const way = new Way(from - 1n, to - 1n);
  while (way.odd) way.halve();
  const [start, ...rest] = way.first ? [fromRoot, ...proof] : proof;
  if (start === undefined || proof.length === 0) return false;
  let earlier = start;
  let later = start;
  for (const sibling of rest) {
    if (way.done) return false;
    if (way.left) {
      earlier = await nodeHash(sibling, earlier);
      later = await nodeHash(sibling, later);
    } else {
      later = await nodeHash(later, sibling);
    }
    way.up();
  }
  return way.done && equal(earlier, fromRoot) && equal(later, toRoot);
}
