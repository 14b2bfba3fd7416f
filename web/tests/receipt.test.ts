import { create, toBinary } from "@bufbuild/protobuf";
import { beforeAll, describe, expect, test } from "vitest";
import {
  Action,
  AuditEventSchema,
  EventOutcome,
  OpenedLinkSchema,
  OpenedPartSchema,
  ReceiptSchema,
  SubjectPartSchema,
  type Receipt,
} from "../gen/lahetti/v1/audit_pb";
import type { Outcome } from "../src/trust/fault";
import { trust, type Log } from "../src/trust/log";
import { leafHash } from "../src/trust/merkle";
import { read } from "../src/trust/message";
import { checkLink, checkReceipt, openActor, openSubject, verifyReceipt } from "../src/trust/receipt";
import { concat, equal, hex, newId, own, random, sha256, text, unhex, type Bytes } from "../src/wire/bytes";
import { caught, LogSigner, newChain, statement, Trail } from "./writer";

const ACCEPTED = 3;
const OPENED = 4; // by the same statement
const REFUSED = 5;
const LISTED = 6;
const STRANGER = 7;

const id = newId();
const other = newId();
const payload = statement(id);
let trail: Trail;
let log: Log;
let receipt: Receipt;

beforeAll(async () => {
  const [ours, others] = [newChain(), newChain()];
  const digest = await sha256(payload);
  trail = await Trail.make();
  log = await trust(trail.signer.vkey);
  await trail.record(Action.GENESIS);
  await trail.record(Action.ENROL);
  await trail.record(Action.ADD_CLIENT, ours);
  await trail.record(Action.ACCEPT, ours, { statement: id, statementSha256: digest });
  await trail.record(Action.OPEN, ours, {
    statement: other,
    statementSha256: random(32),
    by: id,
    bySha256: digest,
  });
  await trail.record(Action.ACCEPT, ours, { statement: id, statementSha256: digest }, EventOutcome.REFUSED);
  await trail.record(Action.LIST, ours, { statement: id, statementSha256: digest });
  await trail.record(Action.ACCEPT, others, { statement: other, statementSha256: random(32) });
  receipt = await trail.receipt(ACCEPTED, 6);
});

function codeOf(found: Outcome<object>): string {
  return found.ok ? "" : found.code;
}

function changed(change: Partial<Receipt>): Receipt {
  return create(ReceiptSchema, { ...receipt, ...change });
}

async function decide(change: Partial<Receipt>): Promise<string> {
  return codeOf(await checkReceipt(changed(change), payload, log));
}

describe("a receipt", () => {
  test("proves what was accepted", async () => {
    const found = await checkReceipt(receipt, payload, log);
    expect(found).toMatchObject({ ok: true, number: 3n, timeUs: 1_767_225_600_000_003n, size: 6n });
    expect(found.ok && equal(found.subject!.statement, id)).toBe(true);
  });

  test("of an opening is for what opened", async () => {
    const opening = await trail.receipt(OPENED);
    const found = await checkReceipt(opening, payload, log);
    expect(found.ok && equal(found.subject!.statement, other)).toBe(true);
    expect(codeOf(await checkReceipt(opening, statement(other), log))).toBe("wrong-receipt");
  });

  test("is for no other statement", async () => {
    // The same identifier with another salt, another identifier with the right digest, bytes that are no statement.
    expect(codeOf(await checkReceipt(receipt, statement(id), log))).toBe("wrong-receipt");
    expect(codeOf(await checkReceipt(receipt, statement(newId()), log))).toBe("wrong-receipt");
    expect(codeOf(await checkReceipt(receipt, concat(payload, text("?")), log))).toBe("bad-message");
    expect(codeOf(await checkReceipt(receipt, unhex("ba0100"), log))).toBe("newer-statement");
    expect(codeOf(await checkReceipt(receipt, unhex("12020801"), log))).toBe("wrong-receipt");
  });

  test("of another event names nothing", async () => {
    for (const at of [REFUSED, LISTED, STRANGER])
      expect(codeOf(await checkReceipt(await trail.receipt(at), payload, log))).toBe("wrong-receipt");
    expect((await verifyReceipt(await trail.receipt(LISTED), log)).ok).toBe(true);
  });

  test("since erased holds and names nothing", async () => {
    const erased = await trail.receipt(ACCEPTED, 6);
    delete erased.subject;
    const found = await checkReceipt(erased, payload, log, true);
    expect(found).toMatchObject({ ok: true, number: 3n, subject: undefined });
    expect(codeOf(await checkReceipt(erased, payload, log))).toBe("wrong-receipt");
    // That the server says it was erased excuses no other event.
    const listed = await trail.receipt(LISTED);
    delete listed.subject;
    expect(codeOf(await checkReceipt(listed, payload, log, true))).toBe("wrong-receipt");
    expect(codeOf(await checkReceipt(await trail.receipt(STRANGER), payload, log, true))).toBe(
      "wrong-receipt",
    );
  });

  test("needs its own part", async () => {
    const subject = receipt.subject!;
    const part = (change: object) => ({ subject: create(OpenedPartSchema, { ...subject, ...change }) });
    expect(await decide({ subject: trail.lines[STRANGER]!.subject! })).toBe("wrong-commitment");
    expect(await decide({ subject: trail.lines[ACCEPTED]!.actor! })).toBe("wrong-commitment");
    expect(await decide(part({ salt: random(16) }))).toBe("wrong-commitment");
    expect(await decide(part({ part: subject.part.slice(1) }))).toBe("wrong-commitment");
    // The boundary between salt and part can't be moved.
    const joined = concat(subject.salt, subject.part);
    expect(await decide(part({ salt: joined.slice(0, 17), part: joined.slice(17) }))).toBe("bad-proof");
    expect(await decide(part({ salt: new Uint8Array(0), part: joined }))).toBe("bad-proof");
  });

  test("needs its place in the tree", async () => {
    const { inclusion } = receipt;
    expect(await decide({ event: trail.lines[STRANGER]!.event })).toBe("bad-inclusion");
    expect(await decide({ event: trail.lines[OPENED]!.event })).toBe("bad-inclusion");
    expect(await decide({ inclusion: inclusion.slice(1) })).toBe("bad-inclusion");
    expect(await decide({ inclusion: [] })).toBe("bad-inclusion");
    expect(await decide({ inclusion: [...inclusion, random(32)] })).toBe("bad-inclusion");
    expect(await decide({ inclusion: [...inclusion].reverse() })).toBe("bad-inclusion");
    expect(await decide({ inclusion: Array<Uint8Array>(65).fill(inclusion[0]!) })).toBe("bad-proof");
    expect(await decide({ inclusion: [inclusion[0]!.slice(1), ...inclusion.slice(1)] })).toBe("bad-proof");
    expect(await decide({ event: new Uint8Array(0) })).toBe("bad-inclusion");
    const huge = create(AuditEventSchema, { number: 0xffff_ffff_ffff_ffffn, action: Action.ACCEPT });
    expect(await decide({ event: toBinary(AuditEventSchema, huge) })).toBe("bad-inclusion");
  });

  test("needs the log that is trusted", async () => {
    const impostor = await LogSigner.make(trail.signer.name);
    const elsewhere = await trust((await LogSigner.make("log.example.org/lahetti/1")).vkey);
    expect(codeOf(await checkReceipt(receipt, payload, await trust(impostor.vkey)))).toBe("unknown-key");
    expect(codeOf(await checkReceipt(receipt, payload, elsewhere))).toBe("unknown-key");
    expect(await decide({ checkpoint: new Uint8Array(0) })).toBe("bad-note");
    expect(await decide({ checkpoint: await trail.head(5) })).toBe("bad-inclusion");
    expect(await decide({ checkpoint: await trail.signer.note("no checkpoint\n") })).toBe("bad-checkpoint");
    const renamed = await trail.signer.checkpoint(6, random(32), "log.example.com/lahetti/2");
    expect(await decide({ checkpoint: renamed })).toBe("wrong-origin");
  });

  test("has no byte that can be changed, and none to spare", async () => {
    const { salt, part } = receipt.subject!;
    const opened = (one: Bytes, other: Bytes) => ({
      subject: create(OpenedPartSchema, { salt: one, part: other }),
    });
    const parts: Record<string, [Uint8Array, (b: Bytes) => Partial<Receipt>]> = {
      event: [receipt.event, (b) => ({ event: b })],
      salt: [salt, (b) => opened(b, own(part))],
      part: [part, (b) => opened(own(salt), b)],
      hash: [
        receipt.inclusion[1]!,
        (b) => ({ inclusion: receipt.inclusion.map((h, i) => (i === 1 ? b : h)) }),
      ],
      checkpoint: [receipt.checkpoint, (b) => ({ checkpoint: b })],
    };
    for (const [name, [bytes, put]] of Object.entries(parts))
      for (let i = 0; i < bytes.length; i++) {
        const turned = own(bytes);
        turned[i]! ^= 1 << (i % 8);
        expect(await decide(put(turned)), `${name} ${i}`).not.toBe("");
        expect(await decide(put(own(bytes.subarray(0, i)))), `${name} cut at ${i}`).not.toBe("");
      }
  });
});

test("an event that says something twice is read by nobody", async () => {
  // It is hashed and signed as it is: only reading can refuse it.
  const line = await trail.record(Action.ACCEPT, newChain(), { statement: id });
  const place = trail.lines.length - 1;
  line.event = concat(line.event, unhex("1803"));
  trail.leaves[place] = await leafHash(line.event);
  expect(codeOf(await verifyReceipt(await trail.receipt(place), log))).toBe("duplicate-field");
});

describe("messages are read in one way", () => {
  test.each([
    ["08", "bad-message"], // cut short
    ["088000", "bad-message"], // longer than need be
    ["08ffffffffffffffffff02", "bad-message"], // beyond 64 bits
    ["0a00", "bad-message"], // another wire type
    ["0b0c", "bad-message"], // a group
    ["0200", "bad-message"], // field number 0
    ["08010801", "duplicate-field"],
    ["5204ffffff", "bad-message"],
    ["5202c0af", "bad-text"],
    ["520100", "bad-text"],
    ["5203eda080", "bad-text"],
    ["608080808010", "bad-message"], // a count beyond 32 bits
    ["18ffffffff0f", "bad-message"], // an action beyond 32 bits
    ["b00102", "bad-message"], // a truth beyond 1
    ["f8ff0300", ""], // an unknown field
    ["18e807", ""], // an unknown action
    ["5a020102580358042000", ""], // categories packed and not
  ])("%s", async (digits, code) => {
    expect(await caught(() => read(AuditEventSchema, unhex(digits), "frame"))).toBe(code);
  });

  test("what is signed holds nothing unknown", async () => {
    for (const digits of ["f8ff0300", "18e807", "5a0163"])
      expect(await caught(() => read(AuditEventSchema, unhex(digits), "signed"))).toBe("newer-statement");
  });

  test("a list has an end", async () => {
    const list = (n: number) => new Uint8Array(Array.from({ length: n }, () => [0x58, 1]).flat());
    expect(await caught(() => read(AuditEventSchema, list(4096), "frame"))).toBe("");
    expect(await caught(() => read(AuditEventSchema, list(4097), "frame"))).toBe("too-many-elements");
  });
});

test("the worked examples of docs/protocol.md hold", async () => {
  const salt = (from: number) => Uint8Array.from({ length: 16 }, (_, i) => from + i);
  const event = unhex(
    "1080c0b4c4a29a98031802200182012035367988e8508dce9600bca0294ba93091f5785c6cd0a486221ed6e111fc11bd" +
      "8a01202248ecf714c17e23b040bab9699f04f674d44e64158d5ad1b69e73ff2ca917e2",
  );
  const facts = read(AuditEventSchema, event, "signed");
  const actor = create(OpenedPartSchema, {
    salt: salt(0),
    part: unhex(
      "0a100192aa000000700080000000000000011220f1d59449b727165de732bf283338122b99628a615918fedc67d878fffcf47da7",
    ),
  });
  const subject = create(OpenedPartSchema, {
    salt: salt(0x20),
    part: unhex(
      "0a100192aa000000700080000000000000025220e8807231fc20ae02626778fabe98e186066dfb5524ddebf315c9c580b0a286b6",
    ),
  });
  const link = create(OpenedLinkSchema, { salt: salt(0x10), number: 1n, previous: new Uint8Array(32) });
  expect([facts.number, facts.action, facts.outcome]).toEqual([0n, Action.LOGIN, EventOutcome.DONE]);
  expect(hex(await leafHash(event))).toBe("d652efcbc99373347921ad73942677f439f58f67fb79dbdb2b53b8f3340cfcb1");
  expect(hex((await openActor(facts, actor)).user)).toBe("0192aa00000070008000000000000001");
  const opened = await openSubject(facts, subject);
  expect(hex(opened.subject.client)).toBe("0192aa00000070008000000000000002");
  await checkLink(opened.subject, link);
  for (const number of [0n, 2n, 1n << 32n, (1n << 64n) - 1n])
    expect(await caught(checkLink(opened.subject, { ...link, number }))).toBe("wrong-commitment");
  expect(await caught(checkLink(create(SubjectPartSchema), link))).toBe("wrong-commitment");
  expect(await caught(checkLink(opened.subject, { ...link, previous: new Uint8Array(31) }))).toBe(
    "bad-proof",
  );
});
