/*
 * Operator acts: how a log that was brought back from a backup goes on (docs/protocol.md, section 14). An act is a signed note that
 * names the new generation's key, the last checkpoint that was brought back, the newest that anybody showed, and the keys of the
 * generations that it ends, the restored one first.
 */
import { equal, text } from "../wire/bytes";
import { Fault } from "./fault";
import {
  generationOf,
  openNote,
  parseCheckpoint,
  readVerifier,
  type Checkpoint,
  type Verifier,
} from "./note";

const TITLE = "lahetti operator act v1";
export const ACT_MOST = 16384; // bytes
const ENDED_MOST = 8;

export interface Act {
  readonly logKey: string;
  readonly last: Checkpoint;
  readonly newest: Checkpoint;
  readonly ended: readonly string[];
}

/** Each ended generation is of the same log and older than the new one. */
function checkGenerations(act: Act): void {
  const begun = generationOf(act.logKey);
  let before = 0;
  for (const key of act.ended) {
    const ended = generationOf(key);
    if (begun === undefined || ended?.log !== begun.log || ended.generation <= before)
      throw new Fault("bad-act");
    before = ended.generation;
  }
  const names = (key: string, c: Checkpoint) => key.startsWith(`${c.origin}+`);
  const [restored] = act.ended;
  if (begun === undefined || restored === undefined || before >= begun.generation) throw new Fault("bad-act");
  if (!names(restored, act.last) || !act.ended.some((key) => names(key, act.newest)))
    throw new Fault("bad-act");
  if (act.last.origin !== act.newest.origin) return;
  if (act.newest.size < act.last.size || contradict(act.last, act.newest)) throw new Fault("bad-act");
}

/** Whether a log has been shown in two versions. */
export function contradict(one: Checkpoint, other: Checkpoint): boolean {
  return one.origin === other.origin && one.size === other.size && !equal(one.root, other.root);
}

async function parse(letters: string): Promise<Act> {
  const lines = letters.split("\n").slice(0, -1); // the last ends too
  const [title, logKey, ...rest] = lines;
  if (title !== TITLE || logKey === undefined) throw new Fault("bad-act");
  await readVerifier(logKey);
  const ended = rest.slice(6);
  if (rest.length < 6 || ended.length > ENDED_MOST) throw new Fault("bad-act");
  const checkpoint = (at: number) => parseCheckpoint(text(rest.slice(at, at + 3).join("\n") + "\n"));
  const act = { logKey, last: checkpoint(0), newest: checkpoint(3), ended };
  for (const key of ended) await readVerifier(key);
  checkGenerations(act);
  return act;
}

/** Opens a note that the verifier's key has signed and that names it as ended or as the new one. Throws Fault, "bad-act" for its form. */
export async function openAct(note: Uint8Array, verifier: Verifier): Promise<Act> {
  if (note.length > ACT_MOST) throw new Fault("bad-act");
  const act = await parse(await openNote(note, verifier));
  if (act.logKey !== verifier.vkey && !act.ended.includes(verifier.vkey)) throw new Fault("bad-act");
  return act;
}
