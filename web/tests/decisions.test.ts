/*
 * A log of lib/core's, and the same decisions as `lahetti verify`, in the same words, on what was altered of it. fixtures/log.json is
 * made by fixtures/make.py.
 */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  BundleSchema,
  ReceiptSchema,
  ReportLineSchema,
  type Receipt,
  type ReportLine,
} from "../gen/lahetti/v1/audit_pb";
import { TrailPageSchema } from "../gen/lahetti/v1/session_pb";
import { StatementSchema } from "../gen/lahetti/v1/statement_pb";
import { STATEMENT, verify } from "../src/trust/dsse";
import { Fault } from "../src/trust/fault";
import { openHead, saw, trust } from "../src/trust/log";
import { verifyConsistency } from "../src/trust/merkle";
import { read } from "../src/trust/message";
import { parseCheckpoint, type Checkpoint } from "../src/trust/note";
import { checkReceipt } from "../src/trust/receipt";
import { checkLine, Report } from "../src/trust/report";
import { concat, text, NONE, type Bytes } from "../src/wire/bytes";
import fixture from "./fixtures/log.json";
import { unbase64 } from "./writer";

const bundle = fromBinary(BundleSchema, unbase64(fixture.bundle));
const log = await trust(fixture.key);
const payload = bundle.envelope!.payload;

/** A bit turned, a byte more, the end cut off, a byte less: as make.py does. */
function altered(whole: Uint8Array, at: number): Bytes[] {
  const turned = concat(whole);
  turned[at]! ^= 1 << (at % 8);
  const [before, after] = [whole.subarray(0, at), whole.subarray(at)];
  return [turned, concat(before, Uint8Array.of(0), after), concat(before), concat(before, after.subarray(1))];
}

/** One way of altering after another, each with runs of one code. */
function lengthened(ways: (string | number)[][][]): string[][] {
  return ways.map((runs) => runs.flatMap(([code, n]) => Array<string>(Number(n)).fill(String(code))));
}

async function codeOf(decide: () => Promise<{ ok: true } | { ok: false; code: string }>): Promise<string> {
  try {
    const found = await decide();
    return found.ok ? "" : found.code;
  } catch (why) {
    if (why instanceof Fault) return why.code;
    throw why;
  }
}

const decideLine = (bytes: Uint8Array, head: Checkpoint) =>
  codeOf(() => checkLine(read(ReportLineSchema, bytes, "frame"), head));
const decideReceipt = (bytes: Uint8Array) =>
  codeOf(() => checkReceipt(read(ReceiptSchema, bytes, "frame"), payload, log));

test("a report and a receipt of lib/core hold", async () => {
  const header = read(StatementSchema, payload, "signed").header!;
  expect(await verify(bundle.envelope!, STATEMENT, bundle.spki)).toBe(true);
  expect(await checkReceipt(bundle.receipt!, payload, log)).toMatchObject({
    ok: true,
    number: 120n,
    size: 250n,
  });
  expect(header.author.length).toBe(16);
  const head = await openHead(log, bundle.checkpoint);
  expect(await checkLine(bundle.enrolment!, head)).toMatchObject({ ok: true, event: { number: 1n } });
  const first = await checkLine(bundle.lines[0]!, head);
  const client = first.ok ? first.subject!.client : NONE;
  const report = new Report(log, client);
  const { lines, checkpoint } = bundle;
  await report.add({
    $typeName: TrailPageSchema.typeName,
    lines: lines.slice(0, 5),
    checkpoint,
    cursor: text("more"),
  });
  await report.add({ $typeName: TrailPageSchema.typeName, lines: lines.slice(5), checkpoint, cursor: NONE });
  expect(report.whole()).toMatchObject({ ok: true, entries: 12 });
});

test("an altered line is decided as lahetti verify does", async () => {
  const head = await openHead(log, bundle.checkpoint);
  const line: ReportLine = bundle.lines[2]!;
  const whole = toBinary(ReportLineSchema, line);
  const theirs = lengthened(fixture.decisions.line);
  expect(theirs.map((way) => way.length)).toEqual(Array(4).fill(whole.length));
  for (let at = 0; at < whole.length; at++)
    for (const [how, bytes] of altered(whole, at).entries())
      expect(await decideLine(bytes, head), `byte ${at}, way ${how}`).toBe(theirs[how]![at]);
});

test("an altered receipt is decided as lahetti verify does", async () => {
  const receipt: Receipt = bundle.receipt!;
  const whole = toBinary(ReceiptSchema, receipt);
  const theirs = lengthened(fixture.decisions.receipt);
  const { every } = fixture.decisions;
  expect(theirs.map((way) => way.length)).toEqual(Array(4).fill(Math.ceil(whole.length / every)));
  for (let at = 0; at < whole.length; at += every)
    for (const [how, bytes] of altered(whole, at).entries())
      expect(await decideReceipt(bytes), `byte ${at}, way ${how}`).toBe(theirs[how]![at / every]);
});

test("proofs of lib/core hold", async () => {
  const now = parseCheckpoint(text(fixture.checkpoint));
  const earlier = parseCheckpoint(text(fixture.checkpoint_earlier));
  const proof = (from: number, to: number) => {
    const found = fixture.consistency.find((p) => p.from === from && p.to === to);
    return Promise.resolve({ hashes: (found?.proof ?? []).map(unbase64) });
  };
  const decide = (seen: string, shown: string, floor?: bigint) =>
    saw(log, text(seen), text(shown), (from, to) => proof(Number(from), Number(to)), floor);
  expect(await decide(fixture.checkpoint_earlier, fixture.checkpoint, 250n)).toMatchObject({
    ok: true,
    head: now,
  });
  expect(await decide(fixture.checkpoint, fixture.checkpoint_earlier)).toMatchObject({
    ok: true,
    head: earlier,
  });
  for (const [seen, shown, code] of [
    [fixture.checkpoint_forked, fixture.checkpoint, "forked-log"],
    [fixture.checkpoint, fixture.checkpoint_forked, "forked-log"],
    [fixture.checkpoint_earlier, fixture.checkpoint_forked, "forked-log"],
    [fixture.checkpoint_empty, fixture.checkpoint, "forked-log"],
    [fixture.checkpoint, fixture.checkpoint_other, "unknown-key"],
  ] as const)
    expect(await decide(seen, shown)).toEqual({ ok: false, code });
  for (const { from, to, proof: hashes } of fixture.consistency)
    if (from === 250)
      expect(
        await verifyConsistency(BigInt(from), earlier.root, BigInt(to), now.root, hashes.map(unbase64)),
      ).toBe(true);
});
