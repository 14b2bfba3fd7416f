import { expect, test } from "vitest";
import { isProof, leafHash, verifyConsistency, verifyInclusion } from "../src/trust/merkle";
import { parseCheckpoint } from "../src/trust/note";
import { concat, equal, random, text } from "../src/wire/bytes";
import { consistency, inclusion, root, unbase64 } from "./writer";

/** Whose numbers are digits here: some are larger than those of JavaScript. */
interface InclusionVector {
  leafIdx: string;
  treeSize: string;
  root: string;
  leafHash: string;
}
interface ConsistencyVector {
  size1: string;
  size2: string;
  root1: string | null;
  root2: string | null;
}
type Vector = (InclusionVector | ConsistencyVector) & { proof: string[] | null; wantErr: boolean };

const VECTORS = import.meta.glob<string>("../../tests/vectors/rfc6962/testdata/**/*.json", {
  eager: true,
  import: "default",
  query: "?raw",
});
const TILES = import.meta.glob<string>("../../tests/vectors/tlog_tiles/testdata/log/**/*", {
  eager: true,
  import: "default",
  query: "?raw",
});
const LOG = "../../tests/vectors/tlog_tiles/testdata/log";

/** Some roots of the vectors are any bytes: those that are too short are filled up, as in tests/unit/merkle.c. */
function digest(letters: string | null): Uint8Array {
  const bytes = unbase64(letters ?? "");
  return bytes.length === 0 ? bytes : concat(bytes, new Uint8Array(32 - bytes.length));
}

function decide(v: Vector): Promise<boolean> {
  const proof = (v.proof ?? []).map(unbase64);
  if ("leafIdx" in v)
    return verifyInclusion(digest(v.leafHash), BigInt(v.leafIdx), BigInt(v.treeSize), digest(v.root), proof);
  return verifyConsistency(BigInt(v.size1), digest(v.root1), BigInt(v.size2), digest(v.root2), proof);
}

async function leavesOf(n: number): Promise<Uint8Array[]> {
  return Promise.all(Array.from({ length: n }, (_, i) => leafHash(text(`leaf ${i}`))));
}

test("rfc6962 vectors are decided rightly", async () => {
  let seen = 0;
  for (const [name, raw] of Object.entries(VECTORS)) {
    const vector = JSON.parse(raw.replace(/: (-?[0-9]+)/g, ': "$1"')) as Vector;
    // Nothing is consistent with the empty tree here, as in lib/core: everything would be.
    const fromNothing = "size1" in vector && vector.size1 === "0";
    expect(await decide(vector), name).toBe(!vector.wantErr && !fromNothing);
    seen++;
  }
  expect(seen).toBe(196);
});

test("checkpoints of another log are of its entries", async () => {
  for (let size = 1; size <= 15; size++) {
    const bundle = TILES[`${LOG}/tile/entries/000.p/${size}`]!;
    const leaves: Uint8Array[] = [];
    for (let at = 0; at < bundle.length;) {
      const end = at + 2 + bundle.charCodeAt(at) * 256 + bundle.charCodeAt(at + 1);
      leaves.push(await leafHash(text(bundle.slice(at + 2, end))));
      at = end;
    }
    const checkpoint = parseCheckpoint(text(TILES[`${LOG}/checkpoint.${size}`]!));
    expect(checkpoint.size).toBe(BigInt(leaves.length));
    expect(equal(checkpoint.root, await root(leaves))).toBe(true);
  }
});

test("every leaf is in every tree, in one place, by one proof", async () => {
  const leaves = await leavesOf(20);
  for (let size = 1; size <= leaves.length; size++) {
    const top = await root(leaves.slice(0, size));
    for (let at = 0; at < size; at++) {
      const proof = await inclusion(at, leaves.slice(0, size));
      const holds = (index: number, of: number, hashes: Uint8Array[]) =>
        verifyInclusion(leaves[at]!, BigInt(index), BigInt(of), top, hashes);
      expect(await holds(at, size, proof)).toBe(true);
      expect(await holds(at + 1, size, proof)).toBe(false);
      expect(await holds(at, size, [...proof, random(32)])).toBe(false);
      expect(await holds(at, size, [random(32), ...proof])).toBe(false);
      if (proof.length > 0) expect(await holds(at, size, proof.slice(1))).toBe(false);
      if (proof.length > 0) expect(await holds(at, size, proof.slice(0, -1))).toBe(false);
      if (proof.length > 1) expect(await holds(at, size, [...proof].reverse())).toBe(false);
    }
  }
});

test("every tree begins with every earlier one", async () => {
  const leaves = await leavesOf(20);
  const roots = await Promise.all(Array.from({ length: 21 }, (_, size) => root(leaves.slice(0, size))));
  for (let to = 1; to <= 20; to++)
    for (let from = 1; from <= to; from++) {
      const proof = await consistency(from, leaves.slice(0, to));
      const holds = (one: Uint8Array, other: Uint8Array, hashes: Uint8Array[]) =>
        verifyConsistency(BigInt(from), one, BigInt(to), other, hashes);
      expect(await holds(roots[from]!, roots[to]!, proof)).toBe(true);
      expect(await holds(random(32), roots[to]!, proof)).toBe(false);
      expect(await holds(roots[from]!, random(32), proof)).toBe(false);
      expect(await holds(roots[from]!, roots[to]!, [...proof, random(32)])).toBe(false);
      if (proof.length > 0) expect(await holds(roots[from]!, roots[to]!, proof.slice(0, -1))).toBe(false);
      if (proof.length > 0) expect(await holds(roots[from]!, roots[to]!, [])).toBe(false);
    }
});

test("nothing is consistent with the empty tree, nor with a smaller one", async () => {
  const top = random(32);
  expect(await verifyConsistency(0n, await root([]), 5n, top, [])).toBe(false);
  expect(await verifyConsistency(0n, top, 0n, top, [])).toBe(false);
  expect(await verifyConsistency(5n, top, 4n, top, [])).toBe(false);
});

test("numbers beyond those of JavaScript are walked rightly", async () => {
  // Of the first leaf of 2^63 all siblings stand to the right; of the last one all to the left.
  const size = 1n << 63n;
  const leaf = random(32);
  const proof = Array.from({ length: 63 }, () => random(32));
  const top = async (left: boolean, n: number) => {
    let hash: Uint8Array = leaf;
    for (const sibling of proof.slice(0, n)) hash = await root(left ? [sibling, hash] : [hash, sibling]);
    return hash;
  };
  expect(await verifyInclusion(leaf, 0n, size, await top(false, 63), proof)).toBe(true);
  expect(await verifyInclusion(leaf, size - 1n, size, await top(true, 63), proof)).toBe(true);
  expect(await verifyInclusion(leaf, size - 2n, size, await top(true, 63), proof)).toBe(false);
  expect(await verifyInclusion(leaf, size, size + 1n, await top(true, 1), proof.slice(0, 1))).toBe(true);
  expect(await verifyInclusion(leaf, (1n << 64n) - 1n, (1n << 64n) - 1n, leaf, [])).toBe(false);
  expect(await verifyInclusion(leaf, 0n, 0n, leaf, [])).toBe(false);
  expect(await verifyInclusion(leaf, -1n, 1n, leaf, [])).toBe(false);
  expect(await verifyConsistency(size, leaf, size + 1n, await root([leaf, proof[0]!]), [proof[0]!])).toBe(
    true,
  );
});

test("a proof is at most 64 hashes of 32 bytes", () => {
  expect(isProof([])).toBe(true);
  expect(isProof(Array.from({ length: 64 }, () => random(32)))).toBe(true);
  expect(isProof(Array.from({ length: 65 }, () => random(32)))).toBe(false);
  expect(isProof([random(32), random(31)])).toBe(false);
});
