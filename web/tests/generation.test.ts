/* What a device makes of an act: whether it leads from the log that it trusts to the one that the server shows, and what is lost. */
import { beforeAll, expect, test } from "vitest";
import { Action } from "../gen/lahetti/v1/audit_pb";
import { readAct } from "../src/session/generation";
import type { Profile } from "../src/trust/device";
import { random, text, NONE, type Bytes } from "../src/wire/bytes";
import { actOf, BROUGHT_BACK, LogSigner, Trail } from "./writer";

let trail: Trail;
let begun: Trail;
let act: Bytes;

beforeAll(async () => {
  trail = await Trail.make();
  for (let i = 0; i < 20; i++) await trail.record(Action.LOGIN);
  begun = await trail.restored("log.example.com/lahetti/2", BROUGHT_BACK);
  act = await actOf(trail, begun);
});

/** A device that trusts the log and has seen so much of it. */
function device(checkpoint: Bytes = NONE, logKey = trail.signer.vkey): Profile {
  const rest = { id: "", keyId: NONE, spki: NONE, userName: "", membership: NONE, salt: NONE, iv: NONE };
  return { ...rest, serverName: "log.example.com/lahetti", iterations: 1, wrapped: NONE, logKey, checkpoint };
}

async function codeOf(profile: Profile, note = act, shown = begun.signer.vkey): Promise<string> {
  const read = await readAct(profile, shown, note);
  return read.ok ? "" : read.code;
}

test("an act leads on, and says what is lost of what was seen", async () => {
  for (const [seen, lost, more] of [
    [NONE, false, false],
    [await trail.head(5), false, false],
    [await trail.head(BROUGHT_BACK), false, false],
    [await trail.head(10), true, false],
    [await trail.head(15), true, true],
  ] as const) {
    const read = await readAct(device(seen), begun.signer.vkey, act);
    expect(read).toMatchObject({ ok: true, seenLost: lost, seenMore: more });
    expect(read.ok && read.profile).toMatchObject({
      logKey: begun.signer.vkey,
      acts: [act],
      checkpoint: seen,
    });
  }
});

test("what is no act, or nobody's whom the device trusts, is none", async () => {
  for (const note of [NONE, text("no act"), random(500), new Uint8Array(100_000), act.subarray(0, -9)])
    expect(await codeOf(device(), note.slice())).toBe("bad-act");
  const stranger = await LogSigner.make("log.example.com/lahetti/1");
  expect(await codeOf(device(NONE, stranger.vkey))).toBe("unknown-key");
  const altered = new TextDecoder().decode(act).replace("\n12\n", "\n13\n");
  expect(await codeOf(device(), text(altered))).toBe("bad-signature");
});

test("an act that leads elsewhere than to what the server shows is refused", async () => {
  const third = await trail.restored("log.example.com/lahetti/3", BROUGHT_BACK);
  expect(await codeOf(device(), act, third.signer.vkey)).toBe("wrong-origin");
  expect(await codeOf(device(), act, trail.signer.vkey)).toBe("wrong-origin");
  expect(await codeOf({ ...device(), serverName: "log.example.org/lahetti" })).toBe("wrong-origin");
});

test("an act that contradicts what was seen shows a fork", async () => {
  for (const size of [BROUGHT_BACK, 12])
    expect(await codeOf(device(await trail.signer.checkpoint(size, random(32))))).toBe("forked-log");
});
