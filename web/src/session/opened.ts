/*
 * What was opened here, with the proofs that came with it. It is kept in memory alone, and only while the one who opened it goes on
 * acting in the same role: nothing of it outlives the session.
 */
import { create } from "@bufbuild/protobuf";
import { State } from "../../gen/lahetti/v1/bodies_pb";
import { OpenSchema, type Content, type Notice } from "../../gen/lahetti/v1/session_pb";
import { signOpening, unpack, deliveryOf, type Delivered } from "../trade/steps";
import { STATEMENT, verify } from "../trust/dsse";
import { checkReceipt } from "../trust/receipt";
import { equal, hex, sha256 } from "../wire/bytes";
import { trustedLog } from "./log";
import { Observable } from "./observable";
import type { Session } from "./session";

/** A step that changes the state; or putting back into the queue. */
type Doing = "step" | "release";

/** From signing a step until its change has come back. */
const OWN_DOING_MS = 5_000;

/** What the log proves of an opening; or the code of what does not hold. */
export type Proof = { ok: true; number: bigint; timeUs: bigint } | { ok: false; code: string };

export interface Opened {
  readonly content: Content;
  /** Undefined where it can't be read: of a newer kind, or damaged. */
  readonly delivered: Delivered | undefined;
  /** Whether its author's key has signed these bytes, and they are those that the notice spoke of. */
  readonly signed: boolean;
  readonly receipt: Proof;
}

export class OpenedContents extends Observable {
  private readonly contents = new Map<string, Opened>();
  private readonly opening = new Map<string, Promise<Opened>>();
  /** Deliveries about which something is being done here, or was a moment ago. */
  private readonly touched = new Map<string, number>();
  /** Of which referral's delivery the questions are that were sent here. */
  private readonly questions = new Map<string, string>();
  private holder: string;

  constructor(private readonly session: Session) {
    super();
    this.holder = this.now();
    session.watch(() => {
      if (this.now() !== this.holder) this.clear();
    });
    session.onPush((frame) => {
      if (frame.case === "notice" && isHandedBack(frame.value)) this.drop(hex(frame.value.delivery));
    });
  }

  find(delivery: string): Opened | undefined {
    return this.contents.get(delivery);
  }

  /** Opens it, which is recorded. Rejects with Refusal or Lost. */
  open(notice: Notice): Promise<Opened> {
    const key = hex(notice.delivery);
    let opening = this.opening.get(key);
    if (opening === undefined) {
      opening = this.ask(notice).finally(() => this.opening.delete(key));
      this.opening.set(key, opening);
    }
    return opening;
  }

  drop(delivery: string): void {
    if (this.contents.delete(delivery)) this.changed();
  }

  /** What changes a delivery from now on, for a moment, is one's own doing. */
  touch(delivery: Uint8Array, what: Doing): void {
    this.touched.set(what + hex(delivery), Date.now());
  }

  isOwnDoing(delivery: Uint8Array, what: Doing): boolean {
    return Date.now() - (this.touched.get(what + hex(delivery)) ?? 0) < OWN_DOING_MS;
  }

  /** A question about a delivery was sent: its answer belongs to the same matter. */
  asked(question: Uint8Array, delivery: Uint8Array): void {
    this.questions.set(hex(question), hex(delivery));
  }

  /** The delivery of the matter to which a notice belongs, as far as that is known here. */
  matterOf(notice: Notice): string {
    const delivery = hex(notice.delivery);
    const delivered = this.contents.get(delivery)?.delivered;
    const spokenOf = delivered === undefined ? undefined : deliveryOf(delivered);
    if (spokenOf !== undefined) return hex(spokenOf);
    return this.questions.get(hex(notice.inReplyTo)) ?? delivery;
  }

  private clear(): void {
    this.holder = this.now();
    this.contents.clear();
    this.opening.clear();
    this.questions.clear();
    this.touched.clear();
    this.changed();
  }

  /** Which device acts in which membership. */
  private now(): string {
    const { device, acting } = this.session;
    return device === undefined || acting === undefined ? "" : `${hex(device.keyId)} ${hex(acting.id)}`;
  }

  private async ask(notice: Notice): Promise<Opened> {
    const holder = this.holder;
    this.touch(notice.delivery, "step");
    const signed = await signOpening(this.session, notice);
    const content = await this.session.ask(
      { case: "open", value: create(OpenSchema, { envelope: signed.envelope }) },
      "content",
    );
    const delivered = read(content);
    const opened: Opened = {
      content,
      delivered,
      signed: await isSigned(content, delivered, notice),
      receipt: await this.prove(content, signed.envelope.payload, notice),
    };
    if (holder === this.holder) {
      this.contents.set(hex(notice.delivery), opened);
      this.changed();
    }
    return opened;
  }

  /** That the log has this opening, by this signature, of this statement. */
  private async prove(content: Content, payload: Uint8Array, notice: Notice): Promise<Proof> {
    if (content.receipt === undefined) return { ok: false, code: "wrong-receipt" };
    const facts = await checkReceipt(content.receipt, payload, await trustedLog(this.session));
    if (!facts.ok) return { ok: false, code: facts.code };
    if (facts.subject === undefined || !equal(facts.subject.statement, notice.statement))
      return { ok: false, code: "wrong-receipt" };
    return { ok: true, number: facts.number, timeUs: facts.timeUs };
  }
}

/** It is this unit's matter no more: it can't be read here again. What a withdrawal stopped stays the unit's own record. */
export function isHandedBack(notice: Notice): boolean {
  return notice.gone && notice.state !== State.STOPPED;
}

function read(content: Content): Delivered | undefined {
  try {
    return unpack(content);
  } catch {
    return undefined; // no message: the warning stands above it
  }
}

/** The author's signature over the very bytes that the notice spoke of, by the key that their header names. */
async function isSigned(
  content: Content,
  delivered: Delivered | undefined,
  notice: Notice,
): Promise<boolean> {
  const { envelope, spki } = content;
  if (envelope === undefined || delivered === undefined) return false;
  return (
    (await verify(envelope, STATEMENT, spki)) &&
    equal(await sha256(envelope.payload), notice.statementSha256) &&
    equal(delivered.header.id, notice.statement) &&
    equal(delivered.header.device, await sha256(spki))
  );
}
