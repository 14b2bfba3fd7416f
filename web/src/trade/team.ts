/*
 * The team of a client's case, and for whom it stands as a recipient. Who comes into it, and to whom something is sent by it, the
 * server decides; what is read here only says who they are now.
 */
import { create } from "@bufbuild/protobuf";
import {
  PutCareTeamMemberSchema,
  ReadCareTeamSchema,
  type CareTeamEntry,
  type Viewer,
} from "../../gen/lahetti/v1/session_pb";
import { RecipientKind } from "../../gen/lahetti/v1/statement_pb";
import type { Session } from "../session/session";
import { equal, hex } from "../wire/bytes";
import type { PlaceState } from "./forms";

/** The case manager first. It is recorded. Rejects with Refusal or Lost. */
export async function readTeam(session: Session, caseId: Uint8Array): Promise<CareTeamEntry[]> {
  const value = create(ReadCareTeamSchema, { caseId });
  return (await session.ask({ case: "readCareTeam", value }, "careTeam")).members;
}

/** How somebody stands in the team from now on. */
export interface Standing {
  readonly user: Uint8Array;
  readonly unit?: Uint8Array;
  readonly caseManager?: boolean;
  readonly ended?: boolean;
}

/** Rejects with Refusal or Lost. */
export async function putMember(session: Session, caseId: Uint8Array, standing: Standing): Promise<void> {
  const value = create(PutCareTeamMemberSchema, { caseId, ...standing });
  await session.ask({ case: "putCareTeamMember", value }, "done");
}

/** Recipients that are of the case: the team, and its case manager. */
export const TEAM_KINDS: readonly number[] = [RecipientKind.CARE_TEAM, RecipientKind.CASE_MANAGER];

export function isTeam({ kind }: PlaceState): boolean {
  return kind !== undefined && TEAM_KINDS.includes(kind);
}

export function teamPlace(kind: RecipientKind): PlaceState {
  return { kind, organisation: "", unit: "", role: 0, user: "" };
}

/** Those of the team for whom a recipient stands now, without the one who sends. */
export function membersOf(
  { kind }: PlaceState,
  team: readonly CareTeamEntry[],
  sender: Uint8Array,
): CareTeamEntry[] {
  return team.filter(
    (member) =>
      !member.gone && !equal(member.user, sender) && (kind === RecipientKind.CARE_TEAM || member.caseManager),
  );
}

export function memberPlace({ organisation, unit, user }: CareTeamEntry): PlaceState {
  return {
    kind: RecipientKind.USER,
    organisation: hex(organisation),
    unit: hex(unit),
    role: 0,
    user: hex(user),
  };
}

/**
 * Of each recipient those who would not see it, by the server's answer: the recipient itself where nobody there would; of a team each
 * member who would not, and the team where it stands for nobody. A team of whom nothing is answered is named by other recipients.
 */
export function unseenBy(
  to: readonly PlaceState[],
  members: readonly (readonly PlaceState[])[],
  viewers: readonly Viewer[],
): PlaceState[][] {
  return to.map((place, n) => {
    const here = viewers.filter(({ recipient }) => recipient === n);
    const seen = new Set(here.filter(({ basis }) => basis !== 0).map(({ user }) => hex(user)));
    if (!isTeam(place)) return seen.size > 0 ? [] : [place];
    const unseen = new Set(here.map(({ user }) => hex(user)).filter((user) => !seen.has(user)));
    return [...unseen].map((one) => members[n]?.find(({ user }) => user === one) ?? place);
  });
}
