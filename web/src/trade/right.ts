/*
 * A statutory right to have the information: the section of law, what is necessary and why, who decided. What is written of it is
 * plain JSON, so that a draft can be kept.
 */
import { create } from "@bufbuild/protobuf";
import { BasisKind } from "../../gen/lahetti/v1/common_pb";
import { BasisSchema, type Basis } from "../../gen/lahetti/v1/statement_pb";
import { unhex } from "../wire/bytes";
import type { Missing, PlaceState } from "./forms";
import { limits } from "./tables";

export interface RightState {
  section: string;
  necessity: string;
  decidedBy?: PlaceState | undefined;
  /** Meant for the recipients and the data as they are now: whoever changes them states it anew. */
  stated: boolean;
}

export const NO_RIGHT: RightState = { section: "", necessity: "", stated: false };

const MOST = { section: limits.line, necessity: limits.sentence };

/** What is not given, and what is too long. */
export function missingOf(right: RightState): Missing[] {
  const texts = (["section", "necessity"] as const).flatMap((field) => {
    if (right[field].trim() === "") return [{ field, code: `missing-${field}` }];
    const long = new TextEncoder().encode(right[field]).length > MOST[field];
    return long ? [{ field, code: "text-too-long" }] : [];
  });
  return right.decidedBy === undefined ? [...texts, { field: "decidedBy", code: "missing-decider" }] : texts;
}

/** The basis that a header states; undefined where it is not stated in full. */
export function statedBasis(right: RightState | undefined): Basis | undefined {
  if (right?.decidedBy === undefined || !right.stated || missingOf(right).length > 0) return undefined;
  const { section, necessity, decidedBy } = right;
  return create(BasisSchema, {
    kind: BasisKind.STATUTORY,
    section: section.trim(),
    necessity: necessity.trim(),
    decidedBy: unhex(decidedBy.user),
  });
}

/** The same words for other recipients or data, to be stated anew. */
export function restate(right: RightState | undefined): { right?: RightState } {
  return right === undefined ? {} : { right: { ...right, stated: false } };
}
