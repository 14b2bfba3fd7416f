/*
 * A log that was brought back from a backup is another one to a device, until its user has accepted the operator's act
 * (docs/protocol.md, section 14). The act is checked here, by what this device trusts and has seen; that the log which the server then
 * shows continues it is checked with the next session.
 */
import { contradict, openAct, type Act } from "../trust/act";
import type { Profile } from "../trust/device";
import { Fault, outcome, type Outcome } from "../trust/fault";
import { generationOf, parseCheckpoint, readVerifier, type Checkpoint } from "../trust/note";
import type { Bytes } from "../wire/bytes";

export interface Restored {
  readonly act: Act;
  /** What this device has seen of the log, where it has seen anything. */
  readonly seen: Checkpoint | undefined;
  /** Some of that was not brought back. */
  readonly seenLost: boolean;
  /** More than the operator knew of. */
  readonly seenMore: boolean;
  /** The device as it goes on with the restored log. */
  readonly profile: Profile;
}

/** Other bytes than an act has are no act; those of a log that is not trusted are none of ours. */
async function open(note: Bytes, logKey: string): Promise<Act> {
  try {
    return await openAct(note, await readVerifier(logKey));
  } catch (why) {
    if (why instanceof Fault && why.code === "bad-note") throw new Fault("bad-act");
    throw why;
  }
}

/**
 * Whether the act leads from the log that the device trusts to the one that the server shows. Codes: "bad-act"; "unknown-key" and
 * "bad-signature" where the trusted log has not signed it; "wrong-origin" where it leads elsewhere; "forked-log" where it contradicts
 * what the device has seen.
 */
export function readAct(profile: Profile, shownKey: string, note: Bytes): Promise<Outcome<Restored>> {
  return outcome(async () => {
    const act = await open(note, profile.logKey);
    if (act.logKey !== shownKey || generationOf(act.logKey)?.log !== profile.serverName)
      throw new Fault("wrong-origin");
    const { last, newest } = act;
    const seen = profile.checkpoint.length > 0 ? parseCheckpoint(profile.checkpoint) : undefined;
    if (seen !== undefined && (contradict(seen, last) || contradict(seen, newest)))
      throw new Fault("forked-log");
    return {
      act,
      seen,
      seenLost: seen !== undefined && (seen.origin !== last.origin || seen.size > last.size),
      seenMore: seen !== undefined && seen.origin === newest.origin && seen.size > newest.size,
      profile: { ...profile, logKey: act.logKey, acts: [note, ...(profile.acts ?? [])] },
    };
  });
}
