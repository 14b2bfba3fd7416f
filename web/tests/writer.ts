/* A small log of events, written as lib/core writes one: what is altered here is signed and hashed like everything else. */
import { create, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import {
  Action,
  ActorPartSchema,
  AuditEventSchema,
  EventOutcome,
  OpenedLinkSchema,
  OpenedPartSchema,
  ReceiptSchema,
  ReportLineSchema,
  SubjectPartSchema,
  type OpenedPart,
  type Receipt,
  type ReportLine,
} from "../gen/lahetti/v1/audit_pb";
import { TrailPageSchema, type TrailPage } from "../gen/lahetti/v1/session_pb";
import { HeaderSchema, StatementSchema } from "../gen/lahetti/v1/statement_pb";
import { leafHash, nodeHash } from "../src/trust/merkle";
import { concat, hex, newId, random, sha256, text, NONE, type Bytes } from "../src/wire/bytes";

export function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}

export function unbase64(letters: string): Bytes {
  return Uint8Array.from(atob(letters), (byte) => byte.charCodeAt(0));
}

export async function caught(work: Promise<unknown> | (() => unknown)): Promise<string> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (why) {
    if (why instanceof Error) return why.message;
  }
  return "";
}

// ---- trees -----------------------------------------------------------------------------------------------------------

function leftSize(size: number): number {
  let left = 1;
  while (left * 2 < size) left *= 2;
  return left;
}

/** MTH of RFC 6962, 2.1, as it is defined there, over hashes of leaves. */
export async function root(leaves: readonly Uint8Array[]): Promise<Uint8Array> {
  if (leaves.length === 0) return sha256(NONE);
  if (leaves.length === 1) return leaves[0]!;
  const left = leftSize(leaves.length);
  return nodeHash(await root(leaves.slice(0, left)), await root(leaves.slice(left)));
}

/** PATH of RFC 6962, 2.1.1. */
export async function inclusion(index: number, leaves: readonly Uint8Array[]): Promise<Uint8Array[]> {
  if (leaves.length < 2) return [];
  const left = leftSize(leaves.length);
  const [one, other] = [leaves.slice(0, left), leaves.slice(left)];
  if (index < left) return [...(await inclusion(index, one)), await root(other)];
  return [...(await inclusion(index - left, other)), await root(one)];
}

/** SUBPROOF of RFC 6962, 2.1.2. */
export async function consistency(
  from: number,
  leaves: readonly Uint8Array[],
  whole = true,
): Promise<Uint8Array[]> {
  if (from === leaves.length) return whole ? [] : [await root(leaves)];
  const left = leftSize(leaves.length);
  const [one, other] = [leaves.slice(0, left), leaves.slice(left)];
  if (from <= left) return [...(await consistency(from, one, whole)), await root(other)];
  return [...(await consistency(from - left, other, false)), await root(one)];
}

// ---- notes -----------------------------------------------------------------------------------------------------------

export class LogSigner {
  private constructor(
    readonly name: string,
    readonly vkey: string,
    private readonly hash: Uint8Array,
    private readonly key: CryptoKey,
  ) {}

  static async make(name: string, pair?: CryptoKeyPair): Promise<LogSigner> {
    const made = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, [
      "sign",
      "verify",
    ])) as CryptoKeyPair;
    const { publicKey, privateKey } = pair ?? made;
    const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
    const typed = concat(Uint8Array.of(1), raw);
    const hash = (await sha256(concat(text(`${name}\n`), typed))).slice(0, 4);
    return new LogSigner(name, `${name}+${hex(hash)}+${base64(typed)}`, hash, privateKey);
  }

  async line(whole: string): Promise<string> {
    const sig = new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, this.key, text(whole)));
    return `— ${this.name} ${base64(concat(this.hash, sig))}\n`;
  }

  async note(whole: string): Promise<Bytes> {
    return text(`${whole}\n${await this.line(whole)}`);
  }

  checkpoint(size: number | bigint, top: Uint8Array, origin = this.name): Promise<Bytes> {
    return this.note(`${origin}\n${size}\n${base64(top)}\n`);
  }
}

// ---- the trail -------------------------------------------------------------------------------------------------------

export interface Chain {
  client: Bytes;
  number: bigint;
  previous: Bytes;
}

export function newChain(): Chain {
  return { client: newId(), number: 0n, previous: new Uint8Array(32) };
}

export async function openPart(part: Bytes): Promise<{ opened: OpenedPart; commitment: Bytes }> {
  const opened = create(OpenedPartSchema, { salt: random(16), part });
  return { opened, commitment: await sha256(concat(Uint8Array.of(2), opened.salt, opened.part)) };
}

export class Trail {
  readonly lines: ReportLine[] = [];
  readonly leaves: Uint8Array[] = [];
  private constructor(readonly signer: LogSigner) {}

  static async make(name = "log.example.com/lahetti/1"): Promise<Trail> {
    return new Trail(await LogSigner.make(name));
  }

  /** The same leaves under another key. */
  async restored(name: string, size: number): Promise<Trail> {
    const next = new Trail(await LogSigner.make(name));
    next.leaves.push(...this.leaves.slice(0, size));
    next.lines.push(...this.lines.slice(0, size));
    return next;
  }

  async record(
    action: Action,
    chain?: Chain,
    about: MessageInitShape<typeof SubjectPartSchema> = {},
    outcome = EventOutcome.DONE,
  ): Promise<ReportLine> {
    const line = create(ReportLineSchema, { userName: "Kaija Keksitty" });
    const actor = await openPart(
      toBinary(ActorPartSchema, create(ActorPartSchema, { user: newId() })) as Bytes,
    );
    const number = BigInt(this.leaves.length);
    const event = create(AuditEventSchema, {
      number,
      timeUs: 1_767_225_600_000_000n + number,
      action,
      outcome,
      actor: actor.commitment,
    });
    line.actor = actor.opened;
    if (chain !== undefined) {
      const link = create(OpenedLinkSchema, {
        salt: random(16),
        number: ++chain.number,
        previous: chain.previous,
      });
      const digits = new Uint8Array(8);
      new DataView(digits.buffer).setBigUint64(0, link.number);
      const hash = await sha256(concat(Uint8Array.of(3), link.salt, digits, link.previous));
      const part = create(SubjectPartSchema, about);
      part.client = chain.client;
      part.link = hash;
      const subject = await openPart(toBinary(SubjectPartSchema, part) as Bytes);
      chain.previous = subject.commitment;
      event.subjects = [random(32), subject.commitment];
      line.link = link;
      line.subject = subject.opened;
    }
    line.event = toBinary(AuditEventSchema, event);
    this.lines.push(line);
    this.leaves.push(await leafHash(line.event));
    return line;
  }

  async head(size = this.leaves.length): Promise<Bytes> {
    return this.signer.checkpoint(size, await root(this.leaves.slice(0, size)));
  }

  async prove(from: number | bigint, to: number | bigint): Promise<{ hashes: Uint8Array[] }> {
    return { hashes: await consistency(Number(from), this.leaves.slice(0, Number(to))) };
  }

  async receipt(at: number, size = this.leaves.length): Promise<Receipt> {
    const line = this.lines[at]!;
    return create(ReceiptSchema, {
      event: line.event,
      ...(line.subject === undefined ? {} : { subject: line.subject }),
      inclusion: await inclusion(at, this.leaves.slice(0, size)),
      checkpoint: await this.head(size),
    });
  }

  async page(places: readonly number[], cursor = NONE, size = this.leaves.length): Promise<TrailPage> {
    const lines = await Promise.all(
      places.map(async (at) => {
        const line = this.lines[at]!;
        return { ...line, inclusion: await inclusion(at, this.leaves.slice(0, size)) };
      }),
    );
    return create(TrailPageSchema, { lines, cursor, checkpoint: await this.head(size) });
  }
}

/** So many events are brought back, of twelve that somebody has shown. */
export const BROUGHT_BACK = 8;

async function checkpointText(of: Trail, size: number): Promise<string> {
  return `${of.signer.name}\n${size}\n${base64(await root(of.leaves.slice(0, size)))}\n`;
}

/** The operator's act by which a log goes on in another one, signed after its text was changed. */
export async function actOf(
  ended: Trail,
  begun: Trail,
  change = (letters: string) => letters,
): Promise<Bytes> {
  const last = await checkpointText(ended, BROUGHT_BACK);
  const newest = await checkpointText(ended, 12);
  const letters = change(
    `lahetti operator act v1\n${begun.signer.vkey}\n${last}${newest}${ended.signer.vkey}\n`,
  );
  return text(`${letters}\n${await ended.signer.line(letters)}${await begun.signer.line(letters)}`);
}

export function statement(id: Bytes): Bytes {
  const header = create(HeaderSchema, { id, salt: random(16) });
  return toBinary(StatementSchema, create(StatementSchema, { header, body: text("body") })) as Bytes;
}
