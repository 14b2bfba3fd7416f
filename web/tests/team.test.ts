/* For whom a case's team stands as a recipient, and who of it would not see what is sent. */
import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { BasisKind } from "../gen/lahetti/v1/common_pb";
import { CareTeamEntrySchema, ViewerSchema } from "../gen/lahetti/v1/session_pb";
import { RecipientKind } from "../gen/lahetti/v1/statement_pb";
import { memberPlace, membersOf, teamPlace, unseenBy } from "../src/trade/team";
import { newId, own, NONE, type Bytes } from "../src/wire/bytes";

const [sender, unit, organisation] = [newId(), newId(), newId()];

function member(more: { user?: Bytes; caseManager?: boolean; gone?: boolean } = {}) {
  return create(CareTeamEntrySchema, { user: newId(), unit, organisation, ...more });
}

const [manager, coach, left] = [member({ caseManager: true }), member(), member({ gone: true })];
const team = [manager, coach, member({ user: sender }), left];
const [TEAM, MANAGER] = [teamPlace(RecipientKind.CARE_TEAM), teamPlace(RecipientKind.CASE_MANAGER)];

function viewer(recipient: number, user: Uint8Array, basis: BasisKind = BasisKind.UNSPECIFIED) {
  return create(ViewerSchema, { recipient, user: own(user), basis });
}

test("a team stands for those who work there, without the sender; the case manager for one", () => {
  expect(membersOf(TEAM, team, sender)).toEqual([manager, coach]);
  expect(membersOf(MANAGER, team, sender)).toEqual([manager]);
  expect(membersOf(MANAGER, team, manager.user)).toEqual([]);
  expect(membersOf(MANAGER, [member({ caseManager: true, gone: true })], sender)).toEqual([]);
});

test("one who may see is enough in a unit, and not in a team", () => {
  const queue = { ...memberPlace(coach), kind: RecipientKind.QUEUE, user: "" };
  const people = [memberPlace(manager), memberPlace(coach)];
  const one = [viewer(0, manager.user, BasisKind.CONSENT), viewer(0, coach.user)];
  const both = [viewer(0, manager.user, BasisKind.CONSENT), viewer(0, coach.user, BasisKind.CONSENT)];
  expect(unseenBy([queue], [[]], one)).toEqual([[]]);
  expect(unseenBy([queue], [[]], [])).toEqual([[queue]]);
  expect(unseenBy([TEAM], [people], one)).toEqual([[memberPlace(coach)]]);
  expect(unseenBy([TEAM], [people], both)).toEqual([[]]);
});

test("of several roles that a member has one is enough", () => {
  const roles = [viewer(0, coach.user), viewer(0, coach.user, BasisKind.CONSENT)];
  expect(unseenBy([TEAM], [[memberPlace(coach)]], roles)).toEqual([[]]);
});

test("a team that stands for nobody is told of; one whose members are all named is seen", () => {
  expect(unseenBy([TEAM], [[]], [viewer(0, NONE)])).toEqual([[TEAM]]);
  const named = [viewer(0, manager.user, BasisKind.OWN_REGISTER)];
  expect(unseenBy([MANAGER, TEAM], [[memberPlace(manager)], [memberPlace(manager)]], named)).toEqual([
    [],
    [],
  ]);
});

test("who came into the team in between, and would not see it, is not passed over", () => {
  expect(unseenBy([TEAM], [[]], [viewer(0, coach.user)])).toEqual([[TEAM]]);
});
