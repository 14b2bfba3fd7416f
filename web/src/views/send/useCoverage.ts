/*
 * Who would see the referral, and on what basis: the server's own answer, asked with the client's consents that concern the
 * recipients and the statutory right that is stated. Within one's own controller no consent is read.
 */
import { useRef } from "react";
import { create } from "@bufbuild/protobuf";
import { BasisKind, type Reference } from "../../../gen/lahetti/v1/common_pb";
import { WhoWouldSeeSchema, type Viewer } from "../../../gen/lahetti/v1/session_pb";
import type { Basis } from "../../../gen/lahetti/v1/statement_pb";
import { consentsFor, readCase, readConsents, type KnownConsent } from "../../trade/consents";
import { recipientOf, type PlaceState } from "../../trade/forms";
import { statedBasis } from "../../trade/right";
import { kindNamed } from "../../trade/tables";
import { isTeam, memberPlace, membersOf, readTeam, unseenBy } from "../../trade/team";
import { hex, unhex } from "../../wire/bytes";
import { today } from "../../words/words";
import { useApp, useAsked } from "../context";
import type { ReferState } from "./Refer";

export interface Coverage {
  viewers: readonly Viewer[] | undefined;
  consents: Reference[];
  known: readonly KnownConsent[];
  /** Somebody at each recipient would see it, and everyone of a team. */
  covered: boolean;
  /** Recipients outside the controller whom nobody would see it at, and members of a team who would not. */
  lacking: readonly PlaceState[];
  /** Whether any is outside the controller. */
  outside: boolean;
  /** The statutory right that is stated, where somebody would see it on that. */
  right: Basis | undefined;
  failed: unknown;
  again: () => void;
}

interface Answered {
  what: string;
  /** Of each recipient those for whom it stands, where it is the team or its case manager. */
  members: PlaceState[][];
  outside: boolean;
  known: KnownConsent[];
  consents: Reference[];
  viewers: Viewer[];
}

interface Asked {
  client: Uint8Array;
  caseId: string;
  state: ReferState;
  /** Whether it is time to ask: it is recorded. */
  asked: boolean;
}

export function useCoverage({ client, caseId, state, asked }: Asked): Coverage {
  const { session } = useApp();
  const own = hex(session.acting?.organisation ?? new Uint8Array(0));
  const isOutside = (place: PlaceState) => !isTeam(place) && place.organisation !== own;
  const basis = statedBasis(state.right);
  const what = JSON.stringify([state.to, state.categories, caseId, basis && state.right]);

  // Reading is recorded: who goes back and forth is answered once.
  const last = useRef<Answered | undefined>(undefined);
  const { value, failed, again } = useAsked(async () => {
    if (last.current?.what === what) return last.current;
    if (!asked || state.to.length === 0 || state.categories.length === 0) return undefined;
    const team = state.to.some(isTeam) ? await readTeam(session, unhex(caseId)) : [];
    const members = state.to.map((place) =>
      isTeam(place) ? membersOf(place, team, session.who!.user).map(memberPlace) : [],
    );
    const outside = [...state.to, ...members.flat()].filter(isOutside).map(recipientOf);
    const known =
      outside.length > 0 ? await readConsents(session, await readCase(session, unhex(caseId))) : [];
    const consents = consentsFor(known, outside, today());
    const { viewers } = await session.ask(
      {
        case: "whoWouldSee",
        value: create(WhoWouldSeeSchema, {
          client,
          caseId: unhex(caseId),
          recipients: state.to.map(recipientOf),
          categories: state.categories,
          consents,
          kind: kindNamed("referral").number,
          ...(basis && { basis }),
        }),
      },
      "viewers",
    );
    last.current = { what, members, outside: outside.length > 0, known, consents, viewers };
    return last.current;
  }, [asked, what]);

  // An answer to what was asked before is none.
  const answer = value?.what === what ? value : undefined;
  const unseen = answer && unseenBy(state.to, answer.members, answer.viewers).flat();
  return {
    viewers: answer?.viewers,
    consents: answer?.consents ?? [],
    known: answer?.known ?? [],
    covered: unseen?.length === 0,
    lacking: unseen?.filter(isOutside) ?? [],
    outside: answer?.outside === true,
    right: answer?.viewers.some((viewer) => viewer.basis === BasisKind.STATUTORY) ? basis : undefined,
    failed,
    again: () => {
      last.current = undefined;
      again();
    },
  };
}
