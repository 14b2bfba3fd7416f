/*
 * What this device knows of the log: each checkpoint that the server shows is compared with the one that the device has seen last,
 * and the newer one is kept.
 */
import { create } from "@bufbuild/protobuf";
import { ReadCheckpointSchema, ReadConsistencySchema } from "../../gen/lahetti/v1/session_pb";
import type { Outcome } from "../trust/fault";
import { floorOf, saw, trust, type Log, type Prove, type Saw } from "../trust/log";
import { equal, NONE, type Bytes } from "../wire/bytes";
import { Refusal } from "../wire/wire";
import type { AppState } from "./app";
import type { Session } from "./session";

const FORKED = { ok: false, code: "forked-log" } as const;

/** One comparison at a time: each begins with what the one before has kept. */
let last: Promise<unknown> = Promise.resolve();

function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const next = last.then(work, work);
  last = next;
  return next;
}

const NO_ACTS: readonly Bytes[] = [];
let known: { key: string; acts: readonly Bytes[]; log: Promise<Log> } | undefined;

/**
 * The log that this device was enrolled with, as far as the acts that it has accepted have led: made once for each device. Rejects
 * with Fault where the key can't be read.
 */
export function trustedLog(session: Session): Promise<Log> {
  const { logKey: key = "", acts = NO_ACTS } = session.device?.profile ?? {};
  if (known?.key !== key || known.acts !== acts) known = { key, acts, log: trust(key, acts) };
  return known.log;
}

export function logOf(app: AppState): Promise<Log> {
  return trustedLog(app.session);
}

export function seenNote(app: AppState): Bytes {
  return app.session.device?.profile.checkpoint ?? NONE;
}

async function compare(app: AppState, note: Uint8Array, floor?: bigint): Promise<Outcome<Saw>> {
  const seen = seenNote(app);
  const prove: Prove = (from, to) =>
    app.session.ask({ case: "readConsistency", value: create(ReadConsistencySchema, { from, to }) }, "proof");
  try {
    const found = await saw(await logOf(app), seen, note, prove, floor);
    if (found.ok && !equal(found.keep, seen)) await app.keep({ checkpoint: found.keep });
    return found;
  } catch (why) {
    // It has shown a tree that it can't prove anything about any more.
    if (why instanceof Refusal && why.code === "out-of-range") return FORKED;
    throw why;
  }
}

/** A checkpoint that came with an answer. Rejects with Refusal or Lost. */
export function seeCheckpoint(app: AppState, note: Uint8Array): Promise<Outcome<Saw>> {
  return inTurn(() => compare(app, note));
}

/** The log's newest checkpoint, which may not lie behind what this device has seen. Rejects with Refusal or Lost. */
export function seeNewest(app: AppState): Promise<Outcome<Saw>> {
  return inTurn(async () => {
    const floor = await floorOf(await logOf(app), seenNote(app));
    if (!floor.ok) return floor;
    const { note } = await app.session.ask(
      { case: "readCheckpoint", value: create(ReadCheckpointSchema) },
      "checkpoint",
    );
    return compare(app, note, floor.size);
  });
}
