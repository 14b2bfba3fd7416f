import { create } from "@bufbuild/protobuf";
import { beforeEach, describe, expect, test } from "vitest";
import { Action, OpenedLinkSchema, OpenedPartSchema, type ReportLine } from "../gen/lahetti/v1/audit_pb";
import { TrailPageSchema, type TrailPage } from "../gen/lahetti/v1/session_pb";
import { trust, type Log } from "../src/trust/log";
import { leafHash } from "../src/trust/merkle";
import { checkLine, Report } from "../src/trust/report";
import { hex, own, random, text, NONE, type Bytes } from "../src/wire/bytes";
import { newChain, Trail, type Chain } from "./writer";

let trail: Trail;
let log: Log;
let ours: Chain;
/** Where our client's events are. */
const OURS = [1, 2, 4, 5, 7];
const OTHERS = [3, 6];

beforeEach(async () => {
  trail = await Trail.make();
  log = await trust(trail.signer.vkey);
  ours = newChain();
  const others = newChain();
  await trail.record(Action.GENESIS);
  for (let at = 1; at < 8; at++)
    await trail.record(at === 1 ? Action.ADD_CLIENT : Action.OPEN, OTHERS.includes(at) ? others : ours);
});

async function decide(...pages: TrailPage[]): Promise<string> {
  const report = new Report(log, ours.client);
  for (const page of pages) await report.add(page);
  const whole = report.whole();
  return whole === undefined ? "missing" : whole.ok ? "" : whole.code;
}

function edited(page: TrailPage, edit: (lines: ReportLine[]) => ReportLine[]): TrailPage {
  return create(TrailPageSchema, { ...page, lines: edit([...page.lines]) });
}

/** The page with one line changed. */
async function withLine(
  change: (line: ReportLine, page: TrailPage) => Partial<ReportLine>,
  at = 1,
): Promise<string> {
  const page = await trail.page(OURS);
  return decide(edited(page, (lines) => lines.map((l, i) => (i === at ? { ...l, ...change(l, page) } : l))));
}

describe("a report", () => {
  test("is whole", async () => {
    const report = new Report(log, ours.client);
    const page = await report.add(await trail.page(OURS));
    expect(page.ok && page.lines.every((line) => line.ok)).toBe(true);
    expect(page.ok && page.lines.map((line) => (line.ok ? line.event.number : -1n))).toEqual([
      1n,
      2n,
      4n,
      5n,
      7n,
    ]);
    const whole = report.whole();
    expect(whole).toMatchObject({ ok: true, entries: 5, head: { size: 8n } });
    expect(whole?.ok && [...whole.chains]).toEqual([[hex(ours.client), 5]]);
  });

  test("comes page by page, in any order, under heads that grow", async () => {
    const report = new Report(log, ours.client);
    await report.add(await trail.page([7, 5], text("more"), 8));
    expect([report.complete, report.whole()]).toEqual([false, undefined]);
    await trail.record(Action.LOGIN);
    await report.add(await trail.page([1, 4], text("more"), 9));
    expect(report.complete).toBe(false);
    await report.add(await trail.page([2], NONE, 9));
    expect(report.complete).toBe(true);
    expect(report.whole()).toMatchObject({ ok: true, entries: 5, head: { size: 9n } });
  });

  test("has a chain for each identifier", async () => {
    const report = new Report(log, ours.client);
    await report.add(await trail.page([...OURS, ...OTHERS]));
    const whole = report.whole();
    expect(whole?.ok && [...whole.chains.values()].sort()).toEqual([2, 5]);
  });

  test("misses no line but the last", async () => {
    for (let gone = 0; gone + 1 < OURS.length; gone++)
      expect(await decide(await trail.page(OURS.filter((_, i) => i !== gone)))).toBe("broken-chain");
    // That the newest is shown is the server's word.
    expect(await decide(await trail.page(OURS.slice(0, -1)))).toBe("");
    expect(await decide(await trail.page([]))).toBe("");
    expect(await decide(await trail.page([1, 2], text("more")))).toBe("missing");
  });

  test("has no line twice", async () => {
    expect(await decide(await trail.page([...OURS, 4]))).toBe("broken-chain");
    expect(await decide(await trail.page(OURS, text("more")), await trail.page(OURS))).toBe("broken-chain");
  });

  test("is of the one who was asked about", async () => {
    expect(await decide(await trail.page(OTHERS))).toBe("broken-chain");
    expect(await decide(await trail.page([0]))).toBe("broken-chain");
  });

  test("stands on checkpoints of one log that is trusted", async () => {
    const page = await trail.page(OURS);
    const other = await Trail.make(trail.signer.name);
    for (let i = 0; i < 8; i++) await other.record(Action.LOGIN);
    expect(await decide({ ...page, checkpoint: await other.head() })).toBe("unknown-key");
    expect(await decide({ ...page, checkpoint: NONE })).toBe("bad-note");
    expect(await decide({ ...page, checkpoint: await trail.head(7) })).toBe("bad-inclusion");
    const forked = await trail.signer.checkpoint(8, random(32));
    expect(await decide({ ...page, cursor: text("more") }, { ...page, lines: [], checkpoint: forked })).toBe(
      "forked-log",
    );
    const report = new Report(log, ours.client);
    expect(await report.add({ ...page, checkpoint: forked })).toMatchObject({ ok: true });
    expect(report.whole()).toEqual({ ok: false, code: "bad-inclusion" });
  });

  test("tells of each line, and of the first that fails", async () => {
    const page = edited(await trail.page(OURS), (lines) =>
      lines.map((l, i) =>
        i === 1 ? { ...l, inclusion: [] } : i === 3 ? { ...l, actor: lines[0]!.actor! } : l,
      ),
    );
    const report = new Report(log, ours.client);
    const found = await report.add(page);
    expect(found.ok && found.lines.map((line) => (line.ok ? "" : line.code))).toEqual([
      "",
      "bad-inclusion",
      "",
      "wrong-commitment",
      "",
    ]);
    expect(report.whole()).toEqual({ ok: false, code: "bad-inclusion" });
  });
});

describe("a line", () => {
  test("opens what its event committed to", async () => {
    expect(await withLine((_, page) => ({ event: page.lines[2]!.event }))).toBe("bad-inclusion");
    expect(await withLine((_, page) => ({ inclusion: page.lines[3]!.inclusion }))).toBe("bad-inclusion");
    expect(await withLine(() => ({ inclusion: [] }))).toBe("bad-inclusion");
    expect(await withLine(() => ({ inclusion: [random(31)] }))).toBe("bad-proof");
    expect(await withLine((_, page) => ({ actor: page.lines[2]!.actor! }))).toBe("wrong-commitment");
    expect(await withLine((_, page) => ({ subject: page.lines[2]!.subject! }))).toBe("wrong-commitment");
    expect(await withLine((_, page) => ({ link: page.lines[2]!.link! }))).toBe("wrong-commitment");
    expect(await withLine((l) => ({ actor: l.subject!, subject: l.actor! }))).toBe("wrong-commitment");
  });

  test("has no byte of its parts that can be changed", async () => {
    const turned = (bytes: Uint8Array, i: number) => {
      const copy = own(bytes);
      copy[i]! ^= 1 << (i % 8);
      return copy;
    };
    const page = await trail.page(OURS);
    const head = await new Report(log, ours.client).add(page);
    if (!head.ok) throw new Error(head.code);
    const line = page.lines[1]!;
    const holds = async (change: Partial<ReportLine>) =>
      (await checkLine({ ...line, ...change }, head.head)).ok;
    expect(await holds({})).toBe(true);
    for (const name of ["actor", "subject"] as const)
      for (const member of ["salt", "part"] as const)
        for (let i = 0; i < line[name]![member].length; i++) {
          const value = turned(line[name]![member], i);
          expect(await holds({ [name]: create(OpenedPartSchema, { ...line[name]!, [member]: value }) })).toBe(
            false,
          );
        }
    for (const member of ["salt", "previous"] as const)
      for (let i = 0; i < line.link![member].length; i++) {
        const value = turned(line.link![member], i);
        expect(await holds({ link: create(OpenedLinkSchema, { ...line.link!, [member]: value }) })).toBe(
          false,
        );
      }
    for (const number of [0n, 1n, 3n, (1n << 64n) - 1n])
      expect(await holds({ link: create(OpenedLinkSchema, { ...line.link!, number }) })).toBe(false);
  });

  test("hides no link", async () => {
    const page = await trail.page(OURS);
    delete page.lines[1]!.link;
    expect(await decide(page)).toBe("broken-chain");
  });

  test("without a subject has no link", async () => {
    const page = await trail.page(OURS);
    delete page.lines[1]!.subject;
    expect(await decide(page)).toBe("wrong-commitment");
    // The event alone holds, and the chain shows what is missing.
    delete page.lines[1]!.link;
    expect(await decide(page)).toBe("broken-chain");
  });

  test("may be without the actor, and the names are nobody's proof", async () => {
    const page = await trail.page(OURS);
    delete page.lines[1]!.actor;
    page.lines[2]!.userName = "Somebody Else";
    expect(await decide(page)).toBe("");
  });

  test("names a client as identifiers are", async () => {
    const odd: Chain = { ...newChain(), client: new Uint8Array(16) as Bytes };
    await trail.record(Action.OPEN, odd);
    expect(await decide(await trail.page([...OURS, 8]))).toBe("bad-identifier");
  });

  test("has a chain that begins at 1, each naming the one before", async () => {
    // What a log commits to can still be a wrong chain.
    const from2: Chain = { ...newChain(), number: 1n };
    await trail.record(Action.OPEN, from2);
    expect(await decide(await trail.page([...OURS, 8]))).toBe("broken-chain");
    const astray: Chain = { ...newChain(), previous: random(32) };
    await trail.record(Action.OPEN, astray);
    expect(await decide(await trail.page([...OURS, 9]))).toBe("broken-chain");
    const huge: Chain = { ...newChain(), number: (1n << 64n) - 2n };
    await trail.record(Action.OPEN, huge);
    expect(await decide(await trail.page([...OURS, 10]))).toBe("broken-chain");
    ours.previous = random(32);
    await trail.record(Action.OPEN, ours);
    expect(await decide(await trail.page([...OURS, 11]))).toBe("broken-chain");
  });

  test("with an event that is no message is refused", async () => {
    const line = await trail.record(Action.OPEN, newChain());
    line.event = text("?");
    trail.leaves[8] = await leafHash(line.event);
    expect(await decide(await trail.page([...OURS, 8]))).toBe("bad-message");
  });
});
