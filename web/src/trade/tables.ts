/*
 * The tables of the trade as lib/core has them, generated: kinds of statement with their forms, steps of a referral's life, roles.
 * The page has no rule of its own; what is open to a user the server tells.
 */
import tables from "../../gen/tables.json";

export type KindRow = (typeof tables.kinds)[number];
export type StepRow = (typeof tables.steps)[number];

export const kinds: readonly KindRow[] = tables.kinds;
export const steps: readonly StepRow[] = tables.steps;
export const roles: readonly (typeof tables.roles)[number][] = tables.roles;

/** Of attachments that may be sent, and shown. */
export const mediaTypes: readonly string[] = tables.mediaTypes;

/** Of texts and lists, in bytes and entries. */
export const limits = tables.limits;

export function kind(number: number): KindRow | undefined {
  return kinds.find((row) => row.number === number);
}

export function kindNamed(name: string): KindRow {
  return kinds.find((row) => row.name === name)!;
}

/** The first row of a step: what is the same in all of them. */
export function step(number: number): StepRow | undefined {
  return steps.find((row) => row.step === number);
}

export function seesClients(role: number): boolean {
  return tables.roles.some((row) => row.role === role && row.seesClients);
}

export function hasEnded(state: number): boolean {
  return (tables.endedStates as number[]).includes(state);
}
