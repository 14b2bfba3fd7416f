/*
 * What a case holds, and of it the client's consents with what they allow now. Whether a consent covers a disclosure the server
 * decides; this only reads what was signed.
 */
import { create, fromBinary } from "@bufbuild/protobuf";
import {
  ConsentSchema,
  WithdrawalSchema,
  type Consent,
  type Party,
  type Withdrawal,
} from "../../gen/lahetti/v1/bodies_pb";
import { ReferenceSchema, type Category, type Reference } from "../../gen/lahetti/v1/common_pb";
import { ReadCaseSchema, ReadStatementSchema, type CaseEntry } from "../../gen/lahetti/v1/session_pb";
import type { Header, Recipient } from "../../gen/lahetti/v1/statement_pb";
import type { Session } from "../session/session";
import { STATEMENT, verify } from "../trust/dsse";
import { equal, hex, NONE, sha256 } from "../wire/bytes";
import { unpack, type Delivered } from "./steps";
import { kindNamed } from "./tables";

/** Pages of a case that are read for its consents; an older one than these hold is not found. */
const PAGES_MOST = 40;

/** All that the case holds, newest first. Each page is recorded. Rejects with Refusal or Lost. */
export async function readCase(session: Session, caseId: Uint8Array): Promise<CaseEntry[]> {
  const entries: CaseEntry[] = [];
  let cursor: Uint8Array = NONE;
  for (let n = 0; n < PAGES_MOST; n++) {
    const page = await session.ask(
      { case: "readCase", value: create(ReadCaseSchema, { caseId, cursor }) },
      "casePage",
    );
    entries.push(...page.entries);
    cursor = page.cursor;
    if (cursor.length === 0) break;
  }
  return entries;
}

/** A statement that is read again. */
export interface Kept {
  readonly delivered: Delivered;
  readonly authorName: string;
  readonly payload: Uint8Array;
  /** Whether its author's key has signed these bytes, and they are those that were asked for. */
  readonly signed: boolean;
}

/** Undefined where it is of a newer kind. It is recorded. Rejects with Refusal or Lost. */
export async function readKept(session: Session, statement: Uint8Array): Promise<Kept | undefined> {
  const content = await session.ask(
    { case: "readStatement", value: create(ReadStatementSchema, { statement }) },
    "content",
  );
  const delivered = unpack(content);
  const { envelope } = content;
  if (delivered === undefined || envelope === undefined) return undefined;
  return {
    delivered,
    authorName: content.authorName,
    payload: envelope.payload,
    signed:
      (await verify(envelope, STATEMENT, content.spki)) &&
      equal(delivered.header.id, statement) &&
      equal(delivered.header.device, await sha256(content.spki)),
  };
}

export interface KnownConsent {
  readonly reference: Reference;
  readonly header: Header;
  readonly body: Consent;
  /** What the client has withdrawn of it, while the rest goes on. */
  readonly withdrawn: readonly Withdrawal[];
}

/** Those that have not ended as a whole. Rejects with Refusal or Lost. */
export async function readConsents(session: Session, entries: readonly CaseEntry[]): Promise<KnownConsent[]> {
  const ofKind = (name: string) =>
    entries.filter((entry) => entry.kind === kindNamed(name).number && !entry.sinceErased);
  const found: KnownConsent[] = [];
  for (const entry of ofKind("consent").filter((one) => !one.consentEnded)) {
    const kept = await readKept(session, entry.statement);
    if (kept === undefined || !kept.signed) continue;
    const withdrawn: Withdrawal[] = [];
    for (const { statement } of ofKind("withdrawal").filter((one) => equal(one.inReplyTo, entry.statement))) {
      const part = await readKept(session, statement);
      if (part !== undefined) withdrawn.push(fromBinary(WithdrawalSchema, part.delivered.body));
    }
    found.push({
      reference: create(ReferenceSchema, { id: entry.statement, sha256: entry.sha256 }),
      header: kept.delivered.header,
      body: fromBinary(ConsentSchema, kept.delivered.body),
      withdrawn,
    });
  }
  return found;
}

/** Whether it is in force on a day. */
export function isInForce({ body }: KnownConsent, day: number): boolean {
  return body.from <= day && day <= body.until;
}

/** Categories and parties that are left of it. */
export function allowedNow({ body, withdrawn }: KnownConsent): {
  categories: Category[];
  parties: Party[];
} {
  const gone = withdrawn.flatMap(({ parties }) => parties);
  const over = withdrawn.flatMap(({ categories }) => categories);
  return {
    categories: body.categories.filter((category) => !over.includes(category)),
    parties: body.parties.filter((party) => !gone.some((one) => isSameParty(one, party))),
  };
}

export function isSameParty(a: Party, b: Party): boolean {
  return (
    equal(a.organisation, b.organisation) &&
    equal(a.unit, b.unit) &&
    a.role === b.role &&
    equal(a.user, b.user)
  );
}

/**
 * Consents worth stating with a disclosure: none is told of to those whom it does not concern. Whether they cover it the server
 * decides.
 */
export function consentsFor(
  consents: readonly KnownConsent[],
  recipients: readonly Recipient[],
  day: number,
): Reference[] {
  const organisations = new Set(recipients.map(({ organisation }) => hex(organisation)));
  return consents
    .filter((consent) => isInForce(consent, day))
    .filter((consent) =>
      allowedNow(consent).parties.some(({ organisation }) => organisations.has(hex(organisation))),
    )
    .map(({ reference }) => reference);
}
