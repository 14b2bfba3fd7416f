/* C2SP signed notes (c2sp.org/signed-note) and tlog checkpoints (c2sp.org/tlog-checkpoint), signed with Ed25519. */
import { concat, equal, hex, own, sha256, text, type Bytes } from "../wire/bytes";
import { Fault } from "./fault";
import { DIGEST_LENGTH } from "./merkle";
import { utf8 } from "./message";

const ED25519 = { name: "Ed25519" } as const;
const ED25519_TYPE = 1; // the signature type of C2SP, before the public key
const KEY_LENGTH = 32;
const SIGNATURE_LENGTH = 64;
const HASH_LENGTH = 4;
const NAME_MOST = 255; // bytes
const SIGNATURES_MOST = 100; // lines of a note that are looked at before it is refused
const UINT64_MOST = 0xffff_ffff_ffff_ffffn;
const GENERATION_MOST = 0xffff_ffff;

/** The public key of a log, which its name and its verifier key say. */
export interface Verifier {
  readonly vkey: string;
  readonly name: string;
  readonly hash: Bytes;
  readonly key: CryptoKey;
}

export interface Checkpoint {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Bytes;
}

// ---- text ------------------------------------------------------------------------------------------------------------

/** With padding, and no second spelling of the same bytes; undefined for anything else. */
function unbase64(letters: string): Bytes | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(letters)) return undefined;
  const binary = atob(letters);
  return btoa(binary) === letters ? Uint8Array.from(binary, (byte) => byte.charCodeAt(0)) : undefined;
}

/** Whose only control characters below U+0020 are newlines. */
function isText(letters: string): boolean {
  return !/[\0-\x09\x0b-\x1f]/.test(letters);
}

/** No controls, no plus, nothing of Unicode's White_Space (\s has one more, and one less). */
function isKeyName(name: string): boolean {
  return /^[^\0-\x20+\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+$/.test(name);
}

/** What stands before and after the first `end`; undefined where there is none. */
function cut(letters: string, end: string): [string, string] | undefined {
  const at = letters.indexOf(end);
  return at < 0 ? undefined : [letters.slice(0, at), letters.slice(at + end.length)];
}

// ---- keys ------------------------------------------------------------------------------------------------------------

/** From a verifier key, NAME+HASH+BASE64. Throws Fault "bad-verifier-key". */
export async function readVerifier(vkey: string): Promise<Verifier> {
  const [name, rest] = cut(vkey, "+") ?? ["", ""];
  const [digits, letters] = cut(rest, "+") ?? ["", ""];
  const typed = unbase64(letters);
  if (!isKeyName(name) || text(name).length > NAME_MOST) throw new Fault("bad-verifier-key");
  if (typed?.length !== 1 + KEY_LENGTH || typed[0] !== ED25519_TYPE) throw new Fault("bad-verifier-key");
  const hash = (await sha256(concat(text(`${name}\n`), typed))).slice(0, HASH_LENGTH);
  if (hex(hash) !== digits) throw new Fault("bad-verifier-key");
  try {
    const key = await crypto.subtle.importKey("raw", typed.slice(1), ED25519, false, ["verify"]);
    return { vkey, name, hash, key };
  } catch {
    throw new Fault("no-crypto"); // a browser without Ed25519
  }
}

/** The log and the generation that an origin or a verifier key names; undefined where it names none. */
export function generationOf(origin: string): { log: string; generation: number } | undefined {
  const [, log, digits] = /^([^+]+)\/([1-9][0-9]{0,9})(?:\+|$)/.exec(origin) ?? [];
  if (log === undefined || Number(digits) > GENERATION_MOST) return undefined;
  return { log, generation: Number(digits) };
}

// ---- notes -----------------------------------------------------------------------------------------------------------

/** The text before the last blank line, and the signature lines after it. */
function split(note: Uint8Array): [string, string[]] {
  const whole = utf8(note);
  const blank = whole?.lastIndexOf("\n\n") ?? -1;
  if (whole === undefined || !isText(whole) || !whole.endsWith("\n")) throw new Fault("bad-note");
  if (blank < 0 || blank + 2 === whole.length) throw new Fault("bad-note");
  return [whole.slice(0, blank + 1), whole.slice(blank + 2, -1).split("\n")];
}

function readLine(line: string): { name: string; bytes: Bytes } {
  const [name, letters] = line.startsWith("— ") ? (cut(line.slice(2), " ") ?? ["", ""]) : ["", ""];
  const bytes = unbase64(letters);
  if (!isKeyName(name) || bytes === undefined || bytes.length <= HASH_LENGTH) throw new Fault("bad-note");
  return { name, bytes };
}

/**
 * The text of a note, if at least one signature of the verifier's key is there and all of that key hold; those of unknown keys are
 * passed over. Throws Fault "bad-note", "unknown-key" or "bad-signature".
 */
export async function openNote(note: Uint8Array, verifier: Verifier): Promise<string> {
  const [whole, lines] = split(note);
  let known = false;
  for (const [i, line] of lines.entries()) {
    if (i === SIGNATURES_MOST) throw new Fault("bad-note");
    const { name, bytes } = readLine(line);
    if (name !== verifier.name || !equal(bytes.subarray(0, HASH_LENGTH), verifier.hash)) continue;
    known = true;
    if (!(await verifySignature(verifier, text(whole), bytes.subarray(HASH_LENGTH))))
      throw new Fault("bad-signature");
  }
  if (!known) throw new Fault("unknown-key");
  return whole;
}

export async function verifySignature(
  verifier: Verifier,
  bytes: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (signature.length !== SIGNATURE_LENGTH) return false;
  return crypto.subtle.verify(ED25519, verifier.key, own(signature), own(bytes));
}

// ---- checkpoints -----------------------------------------------------------------------------------------------------

function parseText(letters: string): Checkpoint {
  const lines = letters.split("\n");
  // The last line ends too.
  const last = lines.pop();
  const [origin = "", digits = "", root = "", ...more] = lines;
  const bytes = unbase64(root);
  if (last !== "" || !isText(letters) || more.includes("")) throw new Fault("bad-checkpoint");
  if (origin === "" || text(origin).length > NAME_MOST) throw new Fault("bad-checkpoint");
  if (!/^(?:0|[1-9][0-9]{0,19})$/.test(digits) || BigInt(digits) > UINT64_MOST)
    throw new Fault("bad-checkpoint");
  if (bytes?.length !== DIGEST_LENGTH) throw new Fault("bad-checkpoint");
  return { origin, size: BigInt(digits), root: bytes };
}

/**
 * Reads a checkpoint, its text alone or the whole note, without regard to who signed it. Throws Fault "bad-checkpoint" or "bad-note".
 */
export function parseCheckpoint(note: Uint8Array): Checkpoint {
  const letters = utf8(note);
  if (letters === undefined) throw new Fault("bad-checkpoint");
  // The text of a checkpoint has no blank line, so one that is there belongs to a note.
  if (!letters.includes("\n\n")) return parseText(letters);
  const [whole, lines] = split(note);
  if (lines.length > SIGNATURES_MOST) throw new Fault("bad-note");
  for (const line of lines) readLine(line);
  return parseText(whole);
}

/** Opens a note and reads its checkpoint, whose origin must be the key's name. Throws Fault, "wrong-origin" too. */
export async function openCheckpoint(note: Uint8Array, verifier: Verifier): Promise<Checkpoint> {
  const checkpoint = parseText(await openNote(note, verifier));
  if (checkpoint.origin !== verifier.name) throw new Fault("wrong-origin");
  return checkpoint;
}
