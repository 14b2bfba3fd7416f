/*
 * What the log proves of one event to somebody who has nothing but its public key: that the event is in the tree, and whom and what
 * it is about. lib/core's receipt.c decides alike, and in the same order.
 */
import {
  Action,
  ActorPartSchema,
  AuditEventSchema,
  EventOutcome,
  SubjectPartSchema,
  type ActorPart,
  type AuditEvent,
  type OpenedLink,
  type OpenedPart,
  type Receipt,
  type SubjectPart,
} from "../../gen/lahetti/v1/audit_pb";
import { StatementSchema } from "../../gen/lahetti/v1/statement_pb";
import { concat, equal, sha256, type Bytes } from "../wire/bytes";
import { Fault, outcome, type Outcome } from "./fault";
import { openHead, type Log } from "./log";
import { DIGEST_LENGTH, isProof, leafHash, verifyInclusion } from "./merkle";
import { read } from "./message";
import type { Checkpoint } from "./note";

const SALT_LENGTH = 16;
const PART = Uint8Array.of(2);
const LINK = Uint8Array.of(3);

// ---- events and parts ------------------------------------------------------------------------------------------------

/** The event, once its bytes are shown to be the leaf of its number. Throws Fault. */
export async function readIncluded(
  bytes: Uint8Array,
  inclusion: readonly Uint8Array[],
  head: Checkpoint,
): Promise<AuditEvent> {
  if (!isProof(inclusion)) throw new Fault("bad-proof");
  const event = read(AuditEventSchema, bytes, "frame");
  if (!(await verifyInclusion(await leafHash(bytes), event.number, head.size, head.root, inclusion)))
    throw new Fault("bad-inclusion");
  return event;
}

/** A salt of another length would let bytes wander between salt and part. */
function commit(opened: OpenedPart): Promise<Bytes> {
  if (opened.salt.length !== SALT_LENGTH) throw new Fault("bad-proof");
  return sha256(concat(PART, opened.salt, opened.part));
}

/** Throws Fault "wrong-commitment" where the event committed to another. */
export async function openActor(event: AuditEvent, opened: OpenedPart): Promise<ActorPart> {
  if (!equal(event.actor, await commit(opened))) throw new Fault("wrong-commitment");
  return read(ActorPartSchema, opened.part, "frame");
}

export async function openSubject(
  event: AuditEvent,
  opened: OpenedPart,
): Promise<{ subject: SubjectPart; commitment: Bytes }> {
  const commitment = await commit(opened);
  if (!event.subjects.some((committed) => equal(committed, commitment))) throw new Fault("wrong-commitment");
  return { subject: read(SubjectPartSchema, opened.part, "frame"), commitment };
}

/** Whether the link is the one that the subject part holds. Throws Fault. */
export async function checkLink(subject: SubjectPart, opened: OpenedLink): Promise<void> {
  if (opened.salt.length !== SALT_LENGTH || opened.previous.length !== DIGEST_LENGTH)
    throw new Fault("bad-proof");
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, opened.number);
  const link = await sha256(concat(LINK, opened.salt, number, opened.previous));
  if (!equal(subject.link, link)) throw new Fault("wrong-commitment");
}

// ---- receipts --------------------------------------------------------------------------------------------------------

export interface ReceiptFacts {
  /** Of the event, and when it was. */
  readonly number: bigint;
  readonly timeUs: bigint;
  /** Of the log, at the checkpoint that the receipt stands on. */
  readonly size: bigint;
  readonly head: Checkpoint;
  readonly event: AuditEvent;
  /** Undefined: since erased. */
  readonly subject: SubjectPart | undefined;
}

async function openReceipt(receipt: Receipt, log: Log): Promise<ReceiptFacts> {
  const head = await openHead(log, receipt.checkpoint);
  const event = await readIncluded(receipt.event, receipt.inclusion, head);
  const subject =
    receipt.subject === undefined ? undefined : (await openSubject(event, receipt.subject)).subject;
  return { number: event.number, timeUs: event.timeUs, size: head.size, head, event, subject };
}

/** That the log recorded an event. What it is about is then for the caller to judge. */
export function verifyReceipt(receipt: Receipt, log: Log): Promise<Outcome<ReceiptFacts>> {
  return outcome(() => openReceipt(receipt, log));
}

function accepts(event: AuditEvent): boolean {
  return (
    event.outcome === EventOutcome.DONE && (event.action === Action.ACCEPT || event.action === Action.OPEN)
  );
}

/**
 * That the log accepted exactly this signed statement, by its payload: as one of its own, or as the one by which another was opened
 * (facts.subject says which). Where the server says that it was erased since, the receipt may be without the subject: it then proves
 * that something was accepted, and nobody can prove any more what.
 */
export function checkReceipt(
  receipt: Receipt,
  payload: Uint8Array,
  log: Log,
  sinceErased = false,
): Promise<Outcome<ReceiptFacts>> {
  return outcome(async () => {
    const facts = await openReceipt(receipt, log);
    const { event, subject } = facts;
    if (!accepts(event)) throw new Fault("wrong-receipt");
    if (subject === undefined) {
      if (!sinceErased) throw new Fault("wrong-receipt");
      return facts;
    }
    const opening = event.action === Action.OPEN;
    const statement = read(StatementSchema, payload, "signed").header?.id;
    const id = opening ? subject.by : subject.statement;
    const digest = opening ? subject.bySha256 : subject.statementSha256;
    if (statement === undefined || !equal(id, statement) || !equal(digest, await sha256(payload)))
      throw new Fault("wrong-receipt");
    return facts;
  });
}
