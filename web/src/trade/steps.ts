/*
 * Steps in the life of what was delivered, from its recipient's side: which of those that the server offers there is a form for, and
 * the statement that makes each. What a step asks for stands in the tables; whether it may be taken the server decides.
 */
import { create, fromBinary, isMessage, type Message } from "@bufbuild/protobuf";
import { AcknowledgementSchema, State, Step } from "../../gen/lahetti/v1/bodies_pb";
import { BasisKind, Category } from "../../gen/lahetti/v1/common_pb";
import type { Content, Notice } from "../../gen/lahetti/v1/session_pb";
import {
  BasisSchema,
  RecipientKind,
  RecipientSchema,
  StatementSchema,
  type Header,
} from "../../gen/lahetti/v1/statement_pb";
import type { Session } from "../session/session";
import { equal, own as copy } from "../wire/bytes";
import { bodyOf, signStatement, type AttachedFile, type Draft, type Signed } from "./statement";
import { hasEnded, kind, kindNamed, step as stepRow, type KindRow } from "./tables";

/** In the order in which they are offered: what one decides first, then the service, then the end. */
const ORDER: readonly Step[] = [
  Step.TAKE,
  Step.WAITLIST,
  Step.ASK,
  Step.CONFIRM_CANCEL,
  Step.SCHEDULE,
  Step.MEET,
  Step.NO_SHOW,
  Step.BEGIN,
  Step.HOLD,
  Step.REPORT,
  Step.COMPLETE,
  Step.FAIL,
  Step.RETURN,
  Step.REDIRECT,
  Step.REOPEN,
  Step.ANSWER,
];

/** Opening has a way of its own; the rest of what the server offers, each once. */
export function offeredSteps(steps: readonly Step[]): Step[] {
  return ORDER.filter((step) => steps.includes(step));
}

/** The kind of statement that makes a step. */
export function kindOfStep(step: Step): KindRow | undefined {
  const [number] = stepRow(step)?.kinds ?? [];
  return number === undefined ? undefined : kind(number);
}

/** Outcomes from 20 on mean that it was broken off (protocol.md section 7); a closing is the one step or the other by them. */
export function outcomeMakes(outcome: number): Step {
  const steps = kindNamed("closing").stepFrom?.steps ?? [];
  return steps.find(({ value }) => value === outcome)?.step ?? Step.UNSPECIFIED;
}

/** Whether it is a matter that goes on; an answer or a report is only read. */
export function hasLife(notice: Notice): boolean {
  const steps: readonly number[] = kind(notice.kind)?.steps ?? [];
  return steps.includes(Step.TAKE);
}

/** Whether nothing is to be done about it any more, until somebody takes it up again. */
export function isOver(notice: Notice): boolean {
  return notice.gone || hasEnded(notice.state) || (!hasLife(notice) && notice.state === State.OPENED);
}

export function isOfQueue(notice: Notice): boolean {
  return notice.recipient?.kind === RecipientKind.QUEUE;
}

/** The kind by which one answers what was opened, where there is one that no step of its own delivery offers. */
export function answeredBy(row: KindRow): KindRow | undefined {
  const answer = kindNamed("information-answer");
  return answer.repliesTo.some((number) => number === row.number) ? answer : undefined;
}

/** What was opened, unpacked: the header and body that its author signed. */
export interface Delivered {
  readonly header: Header;
  readonly kind: KindRow;
  /** The body's packed bytes. */
  readonly body: Uint8Array;
}

/** Undefined where it is of a newer kind than the page knows. */
export function unpack(content: Content): Delivered | undefined {
  const statement = fromBinary(StatementSchema, content.envelope?.payload ?? new Uint8Array(0));
  const row = kind(statement.header?.kind ?? 0);
  if (statement.header === undefined || row === undefined) return undefined;
  return { header: statement.header, kind: row, body: statement.body };
}

/** The delivery that a body speaks of: a question's is the referral's. */
export function deliveryOf({ kind: row, body }: Delivered): Uint8Array | undefined {
  const message = fromBinary(bodyOf(row), body) as Message & { delivery?: unknown };
  return message.delivery instanceof Uint8Array ? message.delivery : undefined;
}

/** Signs that one opens it. Sending it is what brings the content. */
export function signOpening(session: Session, notice: Notice): Promise<Signed> {
  const { delivery } = notice;
  return signStatement(session, {
    kind: kindNamed("acknowledgement"),
    body: create(AcknowledgementSchema, { delivery, step: Step.OPEN }),
    inReplyTo: referenceOf(notice),
  });
}

export interface StepTaken {
  /** The kind that makes it, and its body. */
  readonly kind: KindRow;
  readonly body: Message;
  readonly notice: Notice;
  /** What it answers, opened: an acknowledgement needs none. */
  readonly opened?: { readonly content: Content; readonly delivered: Delivered };
  /** A closing that tells the sender nothing, where nothing permits to. */
  readonly toNobody?: boolean;
  /** What it and its attachments tell of the client. */
  readonly categories?: readonly Category[];
  readonly files?: readonly AttachedFile[];
}

/** What a statement of a kind tells where nothing else is chosen. */
export function usualCategories(row: KindRow): Category[] {
  return [row.feedback ? Category.FEEDBACK : Category.SERVICE_NEED];
}

/** A statement about a client goes to the author of what it answers, in that author's unit. */
export function stepDraft(taken: StepTaken, own: Uint8Array): Draft {
  const { kind: row, body, notice, opened, toNobody, categories, files } = taken;
  const draft: Draft = { kind: row, body, inReplyTo: referenceOf(notice), ...leaves(body, own) };
  if (!row.hasClient || opened === undefined) return draft;
  const { content, delivered } = opened;
  const { organisation, unit, author } = delivered.header;
  const to = create(RecipientSchema, { kind: RecipientKind.USER, organisation, unit, user: author });
  return {
    ...draft,
    client: content.client,
    caseId: content.caseId,
    recipients: toNobody === true ? [] : [to],
    categories: categories ?? usualCategories(row),
    ...(files !== undefined && { files }),
  };
}

/** Sending on to another controller is disclosing: it rests on the consents that it came by. */
function leaves(body: Message, own: Uint8Array): Pick<Draft, "basis"> {
  if (!isMessage(body, AcknowledgementSchema) || body.redirectTo === undefined) return {};
  if (equal(body.redirectTo.organisation, own)) return {};
  return { basis: create(BasisSchema, { kind: BasisKind.CONSENT }) };
}

function referenceOf(notice: Notice) {
  return {
    $typeName: "lahetti.v1.Reference" as const,
    id: copy(notice.statement),
    sha256: copy(notice.statementSha256),
  };
}
