import { beforeAll, describe, expect, test } from "vitest";
import { Action } from "../gen/lahetti/v1/audit_pb";
import { openAct } from "../src/trust/act";
import { floorOf, otherLog, saw, trust, type Log, type Prove } from "../src/trust/log";
import { readVerifier } from "../src/trust/note";
import { equal, random, text, NONE, type Bytes } from "../src/wire/bytes";
import { actOf, BROUGHT_BACK, caught, LogSigner, root, Trail } from "./writer";

let trail: Trail;
let log: Log;
let asked: string[] = [];

beforeAll(async () => {
  trail = await Trail.make();
  log = await trust(trail.signer.vkey);
  for (let i = 0; i < 20; i++) await trail.record(Action.LOGIN);
});

function prover(of: Trail): Prove {
  asked = [];
  return (from, to) => {
    asked.push(`${from}-${to}`);
    return of.prove(from, to);
  };
}

/** The code, or the size of what is kept. */
async function decide(
  seen: Bytes,
  shown: Bytes,
  floor?: bigint,
  prove = prover(trail),
  of = log,
): Promise<string> {
  const found = await saw(of, seen, shown, prove, floor);
  if (!found.ok) return found.code;
  return equal(found.keep, shown) ? "shown" : equal(found.keep, seen) ? "seen" : "neither";
}

describe("what a device remembers", () => {
  test("begins with the first that is shown", async () => {
    expect(await decide(NONE, await trail.head(5), 0n)).toBe("shown");
    expect(asked).toEqual([]);
  });

  test("goes on with what continues it", async () => {
    for (let from = 1; from <= 20; from++)
      for (const to of [from, from + 1, 20].filter((n) => n <= 20)) {
        const size = BigInt(from);
        const kept = to === from ? /seen|shown/ : /shown/;
        expect(await decide(await trail.head(from), await trail.head(to), size), `${from} ${to}`).toMatch(
          kept,
        );
        expect(asked).toEqual(from === to ? [] : [`${from}-${to}`]);
      }
  });

  test("refuses what is smaller, where it is shown as the newest", async () => {
    expect(await decide(await trail.head(9), await trail.head(8), 9n)).toBe("forked-log");
    expect(await decide(NONE, await trail.head(8), 9n)).toBe("forked-log");
  });

  test("takes an older one of the same tree, with receipts, and keeps the newer", async () => {
    expect(await decide(await trail.head(9), await trail.head(4))).toBe("seen");
    expect(asked).toEqual(["4-9"]);
    // Another tab has seen more than this session was shown.
    expect(await decide(await trail.head(9), await trail.head(8), 8n)).toBe("seen");
    const forked = await trail.signer.checkpoint(4, random(32));
    expect(await decide(await trail.head(9), forked)).toBe("forked-log");
  });

  test("finds a fork", async () => {
    const other = await trail.restored(trail.signer.name, 5);
    for (let i = 0; i < 15; i++) await other.record(Action.LOGIN);
    const shown = await trail.signer.checkpoint(12, await root(other.leaves.slice(0, 12)));
    const same = await trail.signer.checkpoint(9, await root(other.leaves.slice(0, 9)));
    expect(await decide(await trail.head(9), shown, 9n, prover(other))).toBe("forked-log");
    expect(await decide(await trail.head(9), shown, 9n)).toBe("forked-log");
    expect(await decide(await trail.head(9), same, 9n)).toBe("forked-log");
    expect(await decide(await trail.head(5), shown, 5n, prover(other))).toBe("shown");
  });

  test("takes no proof but a whole one", async () => {
    const [seen, shown] = [await trail.head(6), await trail.head(20)];
    const { hashes } = await trail.prove(6, 20);
    const decideWith = (given: Uint8Array[]) =>
      decide(seen, shown, 6n, () => Promise.resolve({ hashes: given }));
    expect(await decideWith(hashes)).toBe("shown");
    expect(await decideWith([])).toBe("forked-log");
    expect(await decideWith(hashes.slice(1))).toBe("forked-log");
    expect(await decideWith([...hashes].reverse())).toBe("forked-log");
    expect(await decideWith([...hashes, random(32)])).toBe("forked-log");
    expect(await decideWith([hashes[0]!.slice(1), ...hashes.slice(1)])).toBe("forked-log");
    expect(await decideWith(Array<Uint8Array>(65).fill(random(32)))).toBe("forked-log");
  });

  test("never began with the empty tree", async () => {
    const empty = await trail.signer.checkpoint(0, await root([]));
    expect(await decide(empty, await trail.head(5), 0n, () => Promise.resolve({ hashes: [] }))).toBe(
      "forked-log",
    );
  });

  test("is of the log that is trusted", async () => {
    const impostor = await LogSigner.make(trail.signer.name);
    const note = await impostor.checkpoint(20, await root(trail.leaves));
    expect(await decide(await trail.head(5), note, 5n)).toBe("unknown-key");
    expect(await decide(note, await trail.head(5), 5n)).toBe("bad-checkpoint");
    expect(await decide(NONE, NONE)).toBe("bad-note");
    expect(await caught(trust("no key"))).toBe("bad-verifier-key");
  });

  test("leaves a refusal to who asked", async () => {
    const [seen, shown] = [await trail.head(5), await trail.head(9)];
    expect(await caught(saw(log, seen, shown, () => Promise.reject(new Error("lost"))))).toBe("lost");
  });

  test("holds numbers beyond those of JavaScript", async () => {
    const huge = await trail.signer.checkpoint((1n << 64n) - 1n, random(32));
    expect(await decide(NONE, huge, 0n)).toBe("shown");
    expect(await floorOf(log, huge)).toEqual({ ok: true, size: (1n << 64n) - 1n });
    expect(await decide(huge, await trail.head(5), (1n << 64n) - 1n)).toBe("forked-log");
  });
});

// ---- generations -----------------------------------------------------------------------------------------------------

describe("a restored log", () => {
  let begun: Trail;
  let act: Bytes;
  let both: Log;

  beforeAll(async () => {
    begun = await trail.restored("log.example.com/lahetti/2", BROUGHT_BACK);
    for (let i = 0; i < 5; i++) await begun.record(Action.RESTORE);
    act = await actOf(trail, begun);
    both = await trust(begun.signer.vkey, [act]);
  });

  test("is another log without the operator's act", async () => {
    const shown = await begun.head();
    expect(await decide(await trail.head(5), shown, 5n)).toBe("unknown-key");
    expect(otherLog(trail.signer.vkey, begun.signer.vkey)).toEqual({
      text: "page.act.new",
      shown: 2,
      trusted: 1,
    });
    expect(otherLog(begun.signer.vkey, trail.signer.vkey)).toEqual({
      text: "page.act.old",
      shown: 1,
      trusted: 2,
    });
    expect(otherLog(trail.signer.vkey, trail.signer.vkey)).toBeUndefined();
    for (const name of [trail.signer.name, "log.example.org/lahetti/2", "log"])
      expect(otherLog(trail.signer.vkey, (await LogSigner.make(name)).vkey)).toEqual({
        text: "page.other-log",
      });
  });

  test("goes on by it", async () => {
    expect(both.generations.map((g) => g.verifier.vkey)).toEqual([begun.signer.vkey, trail.signer.vkey]);
    expect(both.last?.size).toBe(BigInt(BROUGHT_BACK));
    const by = (seen: Bytes, shown: Bytes, floor?: bigint) => decide(seen, shown, floor, prover(begun), both);
    const now = await begun.head();
    expect(await by(await trail.head(5), now, 0n)).toBe("shown");
    expect(asked).toEqual(["8-13", "5-13"]);
    // What was seen beyond it is lost, and gives way.
    expect(await by(await trail.head(12), now, 0n)).toBe("shown");
    expect(asked).toEqual(["8-13"]);
    expect(await floorOf(both, await trail.head(12))).toEqual({ ok: true, size: 0n });
    // What was brought back is not a part of it, or what was seen is not.
    expect(await by(await trail.head(5), await begun.signer.checkpoint(13, random(32)), 0n)).toBe(
      "forked-log",
    );
    expect(await by(await trail.signer.checkpoint(5, random(32)), now, 0n)).toBe("forked-log");
    expect(await by(await trail.head(5), await begun.head(7), 0n)).toBe("forked-log");
  });

  test("shows heads of the ended generation as far as they were brought back", async () => {
    const by = (seen: Bytes, shown: Bytes, floor?: bigint) => decide(seen, shown, floor, prover(begun), both);
    const now = await begun.head();
    expect(await by(now, await trail.head(8))).toBe("seen");
    expect(await by(now, await trail.head(9))).toBe("wrong-origin");
    expect(await by(now, await trail.head(8), 13n)).toBe("wrong-origin");
    expect(await by(NONE, await trail.head(8))).toBe("seen");
  });

  test("has an act that is written as acts are", async () => {
    const old = await readVerifier(trail.signer.vkey);
    const opened = await openAct(act, old);
    expect(opened.ended).toEqual([trail.signer.vkey]);
    expect([opened.last.size, opened.newest.size]).toEqual([8n, 12n]);
    const refused = async (change: (letters: string) => string) =>
      caught(openAct(await actOf(trail, begun, change), old));
    expect(await refused((t) => t)).toBe("");
    expect(await refused((t) => t.replace("v1", "v2"))).toBe("bad-act");
    expect(await refused((t) => t.split("\n").slice(0, -2).join("\n") + "\n")).toBe("bad-act");
    expect(await refused((t) => t.split("\n").slice(0, 6).join("\n") + "\n")).toBe("bad-act");
    expect(await refused((t) => t.replace(begun.signer.vkey, trail.signer.vkey))).toBe("bad-act");
    expect(await refused((t) => t.replace("\n12\n", "\n7\n"))).toBe("bad-act");
    expect(await refused((t) => t.replace("\n12\n", "\n8\n"))).toBe("bad-act");
    expect(await refused((t) => t.replace("\n12\n", "\n012\n"))).toBe("bad-checkpoint");
    expect(await refused((t) => `${t}no key\n`)).toBe("bad-verifier-key");
    expect(await refused((t) => `${t}${trail.signer.vkey}\n`)).toBe("bad-act");
    expect(await refused((t) => t.replace("lahetti/1\n8", "lahetti/3\n8"))).toBe("bad-act");
    const stranger = await LogSigner.make("log.example.com/lahetti/1");
    expect(await caught(openAct(act, await readVerifier(stranger.vkey)))).toBe("unknown-key");
  });

  test("trusts no generation by an act that it can't reach", async () => {
    const elsewhere = await Trail.make("log.example.org/lahetti/1");
    const later = await elsewhere.restored("log.example.org/lahetti/2", 0);
    for (let i = 0; i < 12; i++) await elsewhere.record(Action.LOGIN);
    const strange = await trust(begun.signer.vkey, [
      await actOf(elsewhere, later),
      text("no act"),
      NONE,
      act,
    ]);
    expect(strange.generations.length).toBe(2);
    // An act is followed from the generation that it began, never from one that it ends.
    expect((await trust(trail.signer.vkey, [act])).generations.length).toBe(1);
  });
});
