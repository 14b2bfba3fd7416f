/*
 * What was sent, from its sender's side: whether it goes on, whether it waits for too long, and the steps that its sender may take.
 * Which of them are open the server tells.
 */
import { State, Step } from "../../gen/lahetti/v1/bodies_pb";
import type { Reference } from "../../gen/lahetti/v1/common_pb";
import type { Status } from "../../gen/lahetti/v1/session_pb";
import { hasEnded, kind, kindNamed, step as stepRow } from "./tables";
import { toBody, type FormState } from "./forms";
import type { Draft } from "./statement";

const DAY_US = 86_400_000_000n;

/** Nothing has been decided yet. */
const UNDECIDED: readonly State[] = [
  State.REQUESTED,
  State.HANDED_OVER,
  State.OPENED,
  State.INFORMATION_REQUESTED,
  State.REOPENED,
];

/** Whether it is a matter that goes on; an answer or a report is only read. */
export function hasCourse(status: Status): boolean {
  const steps: readonly number[] = kind(status.kind)?.steps ?? [];
  return steps.includes(Step.TAKE);
}

export function isEnded(status: Status): boolean {
  return hasEnded(status.state) || (!hasCourse(status) && status.state === State.OPENED);
}

/** For how many days it has waited, where that is longer than the usual time for a decision; else 0. */
export function daysLate(status: Status, nowUs: bigint): number {
  const usual = kind(status.kind)?.deadlineDays ?? 0;
  if (usual === 0 || isEnded(status) || !hasCourse(status) || !UNDECIDED.includes(status.state)) return 0;
  const days = Number((nowUs - status.sinceUs) / DAY_US);
  return days > usual ? days : 0;
}

/** Whether the sender makes a step. */
export function isSenders(step: Step): boolean {
  return stepRow(step)?.by.includes("sender") === true;
}

/** Steps that are taken here; an answer is written where the question is read. */
export function offeredToSender(status: Status): Step[] {
  return status.steps.filter((step) => step !== Step.ANSWER && isSenders(step));
}

/** The statement that makes a step of the sender's. */
export function senderStep(status: Status, step: Step, of: Reference, state: FormState): Draft {
  const row = kindNamed("acknowledgement");
  const body = toBody(row, { ...state, step }, { delivery: status.delivery, step });
  return { kind: row, body, inReplyTo: of };
}
