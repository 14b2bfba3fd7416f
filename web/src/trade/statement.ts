/*
 * Statements: a draft is filled in, packed once, signed, and sent with its attachments until the server has it. The receipt that
 * comes back is checked before anybody is told that it was accepted.
 */
import { create, toBinary, type Message } from "@bufbuild/protobuf";
import { file_lahetti_v1_bodies } from "../../gen/lahetti/v1/bodies_pb";
import { BasisKind, type Category, type Envelope, type Reference } from "../../gen/lahetti/v1/common_pb";
import {
  BasisSchema,
  HeaderSchema,
  StatementSchema,
  type Attachment,
  type Basis,
  type Recipient,
} from "../../gen/lahetti/v1/statement_pb";
import { PutAttachmentSchema, SubmitSchema, type Accepted } from "../../gen/lahetti/v1/session_pb";
import type { Session } from "../session/session";
import { sign, STATEMENT } from "../trust/dsse";
import { equal, newId, nowUs, own, random, sha256, NONE, type Bytes } from "../wire/bytes";
import { Refusal } from "../wire/wire";
import type { KindRow } from "./tables";

/** Of pieces of attachments (protocol.md section 7). */
const PIECE = 65536;

/** A file to go along: its header entry, and its bytes. */
export interface AttachedFile {
  readonly attachment: Attachment;
  readonly bytes: Bytes;
}

export interface Draft {
  readonly kind: KindRow;
  /** A message of bodies.proto, the one that the kind's row names. */
  readonly body: Message;
  readonly client?: Uint8Array;
  readonly caseId?: Uint8Array;
  readonly recipients?: readonly Recipient[];
  readonly categories?: readonly Category[];
  readonly consents?: readonly Reference[];
  readonly inReplyTo?: Reference;
  readonly replaces?: Reference;
  readonly deadline?: number;
  /** Left out: own register within the controller, else consent. */
  readonly basis?: Basis;
  readonly files?: readonly AttachedFile[];
}

export interface Signed {
  readonly id: Bytes;
  readonly sha256: Bytes;
  readonly envelope: Envelope;
  readonly files: readonly AttachedFile[];
}

export interface Progress {
  (sent: number, of: number): void;
}

/** The descriptor of a kind's body. */
export function bodyOf(row: KindRow) {
  return file_lahetti_v1_bodies.messages.find((message) => message.typeName === row.body)!;
}

/** Signs a draft as the one who acts now. The same Signed may be submitted many times and is accepted once. */
export async function signStatement(session: Session, draft: Draft): Promise<Signed> {
  const { device, acting, greeting } = session;
  if (device === undefined || acting === undefined || greeting === undefined)
    throw new Error("nobody is signed in");
  const recipients = [...(draft.recipients ?? [])];
  const consents = [...(draft.consents ?? [])];
  // In a team there may be others: a consent that is named is meant for them.
  const inside = recipients.every((to) =>
    to.organisation.length === 0 ? consents.length === 0 : equal(to.organisation, acting.organisation),
  );
  const id = newId();
  const header = create(HeaderSchema, {
    id,
    salt: random(16),
    audience: greeting.serverName,
    kind: draft.kind.number,
    kindVersion: draft.kind.version,
    author: session.who!.user,
    device: device.keyId,
    role: acting.role,
    unit: acting.unit,
    organisation: acting.organisation,
    client: draft.kind.hasClient ? (draft.client ?? NONE) : NONE,
    caseId: draft.kind.hasClient ? (draft.caseId ?? NONE) : NONE,
    createdUs: nowUs(),
    recipients,
    categories: [...(draft.categories ?? [])],
    consents,
    deadline: draft.deadline ?? 0,
    attachments: (draft.files ?? []).map((file) => file.attachment),
    basis: draft.basis ?? create(BasisSchema, { kind: inside ? BasisKind.OWN_REGISTER : BasisKind.CONSENT }),
  });
  if (draft.inReplyTo !== undefined) header.inReplyTo = draft.inReplyTo;
  if (draft.replaces !== undefined) header.replaces = draft.replaces;
  const body = toBinary(bodyOf(draft.kind), draft.body);
  const payload = toBinary(StatementSchema, create(StatementSchema, { header, body }));
  return {
    id,
    sha256: await sha256(payload),
    envelope: await sign(device, STATEMENT, payload),
    files: draft.files ?? [],
  };
}

/** Sends what is attached, then the statement. Rejects with Refusal; what was signed may be sent again. */
export async function submit(
  session: Session,
  signed: Signed,
  progress: Progress = () => {},
): Promise<Accepted> {
  for (let tried = false; ; tried = true) {
    await sendFiles(session, signed.files, progress);
    try {
      return await session.ask(
        { case: "submit", value: create(SubmitSchema, { envelope: signed.envelope }) },
        "accepted",
      );
    } catch (why) {
      // A server that started again in between has forgotten what was only uploaded.
      const forgotten =
        why instanceof Refusal && why.code === "attachment-missing" && signed.files.length > 0;
      if (tried || !forgotten) throw why;
    }
  }
}

async function sendFiles(
  session: Session,
  files: readonly AttachedFile[],
  progress: Progress,
): Promise<void> {
  const whole = files.reduce((sum, file) => sum + file.bytes.length, 0);
  let before = 0;
  for (const { attachment, bytes } of files) {
    // The first piece without bytes asks how far it has come.
    let received = -1;
    while (received < bytes.length) {
      const offset = Math.max(received, 0);
      const data = received < 0 ? NONE : bytes.subarray(offset, offset + PIECE);
      const { id, sha256: digest, size } = attachment;
      const value = create(PutAttachmentSchema, { id, sha256: digest, size, offset: BigInt(offset), data });
      const stored = await session.ask({ case: "putAttachment", value }, "attachmentStored");
      received = Number(stored.received);
      progress(before + received, whole);
    }
    before += bytes.length;
  }
}

/** A statement's name everywhere. */
export async function referenceTo(
  id: Uint8Array,
  payload: Uint8Array,
): Promise<{ id: Bytes; sha256: Bytes }> {
  return { id: own(id), sha256: await sha256(payload) };
}
