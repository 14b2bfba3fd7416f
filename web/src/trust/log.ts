/*
 * The log that a device trusts, and what it remembers of it: each checkpoint that the server shows must continue the one that this
 * device has seen before. A log that does not is forked. A new generation is another log until a person has accepted the operator's
 * act.
 */
import type { Proof } from "../../gen/lahetti/v1/session_pb";
import { equal, own, NONE, type Bytes } from "../wire/bytes";
import { openAct, type Act } from "./act";
import { Fault, outcome, type Outcome } from "./fault";
import { isProof, verifyConsistency } from "./merkle";
import {
  generationOf,
  openCheckpoint,
  parseCheckpoint,
  readVerifier,
  type Checkpoint,
  type Verifier,
} from "./note";

const GENERATIONS_MOST = 32;
const ALL = 0xffff_ffff_ffff_ffffn;

export interface Generation {
  readonly verifier: Verifier;
  /** So many first events it shares with the present one. */
  readonly common: bigint;
}

export interface Log {
  /** The present one first. */
  readonly generations: readonly Generation[];
  /** What was brought back, where the present one began by an act that is known. */
  readonly last: Checkpoint | undefined;
}

/** The first generation that has signed the act; undefined where none has. */
async function openByAny(act: Uint8Array, generations: Generation[]): Promise<Act | undefined> {
  for (const { verifier } of generations)
    try {
      return await openAct(act, verifier);
    } catch (why) {
      if (!(why instanceof Fault)) throw why;
    }
  return undefined;
}

/**
 * The log of a verifier key, and the ended generations that the accepted acts reach from it; those that they don't reach are passed
 * over. Acts: from the newest back. Throws Fault "bad-verifier-key".
 */
export async function trust(logKey: string, acts: readonly Uint8Array[] = []): Promise<Log> {
  const generations: Generation[] = [{ verifier: await readVerifier(logKey), common: ALL }];
  let last: Checkpoint | undefined;
  for (const note of acts) {
    const act = await openByAny(note, generations);
    const begun = generations.find((g) => g.verifier.vkey === act?.logKey);
    if (act === undefined || begun === undefined) continue;
    if (begun === generations[0]) last = act.last;
    for (const [k, vkey] of act.ended.entries()) {
      // The restored one goes on as far as it was brought back; what others shared with it is not known.
      const common = k > 0 ? 0n : begun.common < act.last.size ? begun.common : act.last.size;
      const known = generations.findIndex((g) => g.verifier.vkey === vkey);
      const before = generations[known];
      if (before === undefined && generations.length < GENERATIONS_MOST)
        generations.push({ verifier: await readVerifier(vkey), common });
      else if (before !== undefined && before.common < common) generations[known] = { ...before, common };
    }
  }
  return { generations, last };
}

function present(log: Log): Generation {
  return log.generations[0]!;
}

/** The generation whose name a checkpoint has; the present one where it is none that is trusted. */
export function generationFor(log: Log, note: Uint8Array): Generation {
  try {
    const { origin } = parseCheckpoint(note);
    return log.generations.find((g) => g.verifier.name === origin) ?? present(log);
  } catch (why) {
    if (why instanceof Fault) return present(log);
    throw why;
  }
}

/** A checkpoint of whatever generation that is trusted. Throws Fault. */
export function openHead(log: Log, note: Uint8Array): Promise<Checkpoint> {
  return openCheckpoint(note, generationFor(log, note).verifier);
}

// ---- another log -----------------------------------------------------------------------------------------------------

export type OtherLog =
  /** No generation of ours, or another key of the same one. */
  | { readonly text: "page.other-log" }
  /** The log was restored, or somebody pretends so; or an old server has come back. */
  | {
      readonly text: "page.act.new" | "page.act.old";
      readonly shown: number;
      readonly trusted: number;
    };

/** What to say where the key that a greeting shows is not the trusted one; undefined where it is. */
export function otherLog(trusted: string, shown: string): OtherLog | undefined {
  if (trusted === shown) return undefined;
  const one = generationOf(trusted);
  const other = generationOf(shown);
  if (other === undefined || other.log !== one?.log || other.generation === one.generation)
    return { text: "page.other-log" };
  const text = other.generation > one.generation ? "page.act.new" : "page.act.old";
  return { text, shown: other.generation, trusted: one.generation };
}

// ---- what was seen ---------------------------------------------------------------------------------------------------

/** Asks read_consistency. What it rejects with goes through. */
export type Prove = (from: bigint, to: bigint) => Promise<Pick<Proof, "hashes">>;

export interface Saw {
  /** The note to remember from now on. */
  keep: Bytes;
  /** What was shown. */
  head: Checkpoint;
}

interface Head {
  note: Uint8Array;
  of: Generation;
  is: Checkpoint;
}

async function readHead(log: Log, note: Uint8Array): Promise<Head> {
  return { note, of: generationFor(log, note), is: await openHead(log, note) };
}

/** Whether the tree of `older` is the beginning of that of `newer`. */
async function continues(older: Checkpoint, newer: Checkpoint, prove: Prove): Promise<boolean> {
  if (older.size === newer.size) return equal(older.root, newer.root);
  const { hashes } = await prove(older.size, newer.size);
  return isProof(hashes) && (await verifyConsistency(older.size, older.root, newer.size, newer.root, hashes));
}

/** What the act says was brought back is the beginning of the log; and so is what this device had seen of that. */
async function goesOn(
  last: Checkpoint,
  seen: Head | undefined,
  now: Checkpoint,
  prove: Prove,
): Promise<boolean> {
  if (now.size < last.size || !(await continues(last, now, prove))) return false;
  return seen === undefined || seen.is.size > seen.of.common || continues(seen.is, now, prove);
}

async function compare(log: Log, seen: Head | undefined, shown: Head, prove: Prove): Promise<boolean> {
  if (seen === undefined || seen.of !== present(log)) {
    if (shown.of !== present(log) || log.last === undefined) return true;
    return goesOn(log.last, seen, shown.is, prove);
  }
  const back = shown.is.size < seen.is.size;
  return back ? continues(shown.is, seen.is, prove) : continues(seen.is, shown.is, prove);
}

/** One of an ended generation gives way, however large; another tab may have seen a newer one. */
function kept(log: Log, seen: Head | undefined, shown: Head): Uint8Array {
  if (seen?.of === present(log)) return seen.is.size >= shown.is.size ? seen.note : shown.note;
  return shown.of === present(log) ? shown.note : (seen?.note ?? NONE);
}

/** The kept note was verified when it was kept: what can't be opened now is damaged or another log's. */
async function readSeen(log: Log, note: Uint8Array): Promise<Head | undefined> {
  if (note.length === 0) return undefined;
  try {
    return await readHead(log, note);
  } catch (why) {
    if (why instanceof Fault) throw new Fault("bad-checkpoint");
    throw why;
  }
}

/** The size behind which the server may not go back, when a session begins. */
export function floorOf(log: Log, seen: Uint8Array): Promise<Outcome<{ size: bigint }>> {
  return outcome(async () => {
    const head = await readSeen(log, seen);
    return { size: head?.of === present(log) ? head.is.size : 0n };
  });
}

/**
 * A checkpoint that the server has shown, beside the note that this device remembers (empty: none). With a floor it was shown as the
 * newest: it may not be smaller, nor of an ended generation. Without one, as with receipts, an older one is welcome that is the
 * beginning of the same tree.
 *
 * "forked-log" where it does not continue what was seen: keep both notes, they are the evidence. "wrong-origin" for one of a
 * generation that has ended, "unknown-key" for one of a generation or a log that is not trusted; "bad-checkpoint" where what is
 * remembered can't be opened.
 */
export function saw(
  log: Log,
  seen: Uint8Array,
  shown: Uint8Array,
  prove: Prove,
  floor?: bigint,
): Promise<Outcome<Saw>> {
  return outcome(async () => {
    const before = await readSeen(log, seen);
    const now = await readHead(log, shown);
    if (now.of !== present(log) && (floor !== undefined || now.is.size > now.of.common))
      throw new Fault("wrong-origin");
    if (floor !== undefined && now.is.size < floor) throw new Fault("forked-log");
    if (!(await compare(log, before, now, prove))) throw new Fault("forked-log");
    return { keep: own(kept(log, before, now)), head: now.is };
  });
}
