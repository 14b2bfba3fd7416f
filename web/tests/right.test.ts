import { expect, test } from "vitest";
import { BasisKind } from "../gen/lahetti/v1/common_pb";
import { missingOf, NO_RIGHT, restate, statedBasis, type RightState } from "../src/trade/right";
import { hex } from "../src/wire/bytes";

const decidedBy = { organisation: "01".repeat(16), unit: "02".repeat(16), role: 0, user: "03".repeat(16) };
const right: RightState = { section: " SHL 49 § ", necessity: "Tuen tarve.", decidedBy, stated: true };

test("a statutory right is stated with the section, what is necessary and who decided", () => {
  const basis = statedBasis(right);
  expect(basis).toMatchObject({ kind: BasisKind.STATUTORY, section: "SHL 49 §", necessity: "Tuen tarve." });
  expect(hex(basis!.decidedBy)).toBe(decidedBy.user);
  expect(missingOf(right)).toEqual([]);
});

test("each of the three is missed by its own code, and nothing is stated without it", () => {
  expect(missingOf(NO_RIGHT).map(({ code }) => code)).toEqual([
    "missing-section",
    "missing-necessity",
    "missing-decider",
  ]);
  for (const change of [{ section: " " }, { necessity: "" }, { decidedBy: undefined }]) {
    expect(missingOf({ ...right, ...change })).toHaveLength(1);
    expect(statedBasis({ ...right, ...change })).toBeUndefined();
  }
});

test("what is longer than the server takes, in bytes, is told", () => {
  expect(missingOf({ ...right, section: "ä".repeat(250), necessity: "ä".repeat(1000) })).toEqual([]);
  expect(missingOf({ ...right, section: "ä".repeat(251), necessity: "ä".repeat(1001) })).toEqual([
    { field: "section", code: "text-too-long" },
    { field: "necessity", code: "text-too-long" },
  ]);
});

test("for other recipients the same words are to be stated anew", () => {
  const again = restate(right).right;
  expect(statedBasis(again)).toBeUndefined();
  expect(statedBasis({ ...again!, stated: true })).toEqual(statedBasis(right));
  expect(restate(undefined)).toEqual({});
});
