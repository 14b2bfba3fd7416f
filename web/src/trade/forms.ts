/*
 * What is asked for a statement of a kind, by the descriptor of its body (lib/core's forms.def): which fields there are now, which
 * must be given, and the body that comes of it. What a person has filled in is plain JSON, so that a draft can be kept.
 */
import { create, type DescField, type Message } from "@bufbuild/protobuf";
import { PartySchema, type Party } from "../../gen/lahetti/v1/bodies_pb";
import { RecipientSchema, type Recipient } from "../../gen/lahetti/v1/statement_pb";
import { hex, unhex } from "../wire/bytes";
import { bodyOf } from "./statement";
import type { KindRow } from "./tables";

/** By the names that the fields have in the .proto: texts, numbers of enums and dates, lists of them, identifiers in hexadecimal. */
export type FormState = Readonly<Record<string, unknown>>;

export type FormRow = KindRow["form"][number];

/** A place to send to, or a party of a consent, as JSON. */
export interface PlaceState {
  kind?: number;
  organisation: string;
  unit: string;
  role: number;
  user: string;
}

export interface Missing {
  readonly field: string;
  /** A stable code, whose sentence says what to do. */
  readonly code: string;
}

function holds(row: FormRow, state: FormState): boolean {
  return row.when === null || row.when.is.includes(state[row.when.field] as never);
}

/** Whether a person is asked for it as things stand. */
export function isAsked(row: FormRow, state: FormState): boolean {
  return row.shape !== "filled" && (holds(row, state) || row.otherwise === "offered");
}

/** Whether it must be given as things stand, by itself. */
export function isNeeded(row: FormRow, state: FormState): boolean {
  return row.needed !== null && !row.either && holds(row, state);
}

function isGiven(value: unknown): boolean {
  if (typeof value === "string") return value.trim() !== "";
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return value !== undefined && value !== 0 && value !== false;
}

/** What is not given that must be, and what is not what it should be, in the order of the form. */
export function missing(kind: KindRow, state: FormState, hide: readonly string[] = []): Missing[] {
  const rows = kind.form.filter((row) => isAsked(row, state) && !hide.includes(row.field));
  return rows.flatMap((row) => {
    const value = state[row.field];
    const others = rows.filter((other) => other.either && other.needed === row.needed);
    const lacking = row.either
      ? row === others[0] && !others.some((other) => isGiven(state[other.field]))
      : isNeeded(row, state) && !isGiven(value);
    if (row.needed !== null && lacking) return [{ field: row.field, code: row.needed }];
    if (row.shape === "date" && typeof value === "string" && value !== "")
      return [{ field: row.field, code: "bad-date" }];
    if (row.most > 0 && new TextEncoder().encode(String(value ?? "")).length > row.most) {
      return [{ field: row.field, code: "too-long" }];
    }
    return [];
  });
}

export function partyOf(state: PlaceState): Party {
  const { organisation, unit, role, user } = state;
  return create(PartySchema, {
    organisation: unhex(organisation),
    unit: unhex(unit),
    role,
    user: unhex(user),
  });
}

export function recipientOf(state: PlaceState): Recipient {
  const { kind = 0, organisation, unit, role, user } = state;
  return create(RecipientSchema, {
    kind,
    organisation: unhex(organisation),
    unit: unhex(unit),
    role,
    user: unhex(user),
  });
}

export function placeOf(place: Party | Recipient): PlaceState {
  const { organisation, unit, role, user } = place;
  const state = { organisation: hex(organisation), unit: hex(unit), role, user: hex(user) };
  return "kind" in place ? { kind: place.kind, ...state } : state;
}

/** A value as the message has it. */
function valueOf(row: FormRow, field: DescField, value: unknown): unknown {
  switch (row.shape) {
    case "parties":
      return (value as PlaceState[]).map(partyOf);
    case "recipient":
      return recipientOf(value as PlaceState);
    case "criteria":
      return Object.entries(value as Record<string, number>)
        .filter(([, answer]) => answer !== 0)
        .map(([criterion, answer]) => ({ criterion: Number(criterion), answer }));
    case "user":
    case "scan":
      return unhex(value as string);
    case "reference": {
      const { id, sha256 } = value as { id: string; sha256: string };
      return { id: unhex(id), sha256: unhex(sha256) };
    }
    default:
      if (field.fieldKind === "scalar" && typeof value === "string") return value.trim();
      return value;
  }
}

/** The body: what a person has given of what is asked now, and what the page knows itself (`filled`, as the message has it). */
export function toBody(
  kind: KindRow,
  state: FormState,
  filled: Readonly<Record<string, unknown>> = {},
): Message {
  const desc = bodyOf(kind);
  const init: Record<string, unknown> = {};
  for (const field of desc.fields) {
    const row = kind.form.find((one) => one.field === field.name);
    const value = state[field.name];
    if (field.name in filled) init[field.localName] = filled[field.name];
    else if (row !== undefined && isAsked(row, { ...filled, ...state }) && isGiven(value)) {
      init[field.localName] = valueOf(row, field, value);
    }
  }
  return create(desc, init);
}
