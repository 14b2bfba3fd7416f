/* To whom: one or more, each named by its unit; or the case's own team and case manager, where there are any. */
import { useId, useState, type ReactNode } from "react";
import { Button } from "suomifi-ui-components";
import { placeOf, type PlaceState } from "../../trade/forms";
import type { KindRow } from "../../trade/tables";
import { isTeam, membersOf, readTeam, TEAM_KINDS, teamPlace } from "../../trade/team";
import { unhex } from "../../wire/bytes";
import { useApp, useAsked, useWords } from "../context";
import { Failure } from "../parts";
import { PlaceName, RecipientPicker } from "../RecipientPicker";

interface Props {
  kind: KindRow;
  caseId: string;
  to: readonly PlaceState[];
  onChange: (to: PlaceState[]) => void;
  error: string | undefined;
}

export function sameAs({ kind, organisation, unit, role, user }: PlaceState): string {
  return [kind, organisation, unit, role, user].join(" ");
}

/** One of a list, and the button that takes it out: which one is said to those who don't see it. */
export function Removable({ children, remove }: { children: ReactNode; remove: () => void }) {
  const words = useWords();
  const id = useId();
  return (
    <li>
      <span id={`${id}one`}>{children}</span>
      <Button
        type="button"
        variant="secondaryNoBorder"
        id={`${id}remove`}
        aria-labelledby={`${id}remove ${id}one`}
        onClick={remove}
      >
        {words.t("page.send.remove")}
      </Button>
    </li>
  );
}

export function Recipients({ kind, caseId, to, onChange, error }: Props) {
  const app = useApp();
  const words = app.words;
  const [adding, setAdding] = useState(false);
  const team = useAsked(() => readTeam(app.session, unhex(caseId)), [caseId]);
  const whoIs = (place: PlaceState) =>
    membersOf(place, team.value ?? [], app.session.who!.user)
      .map(({ userName }) => userName)
      .join(", ");
  const ofCase = TEAM_KINDS.filter((one) => kind.recipients.some((allowed) => allowed === one))
    .map(teamPlace)
    .filter((place) => whoIs(place) !== "" && !to.some((one) => sameAs(one) === sameAs(place)));
  const add = (place: PlaceState) => {
    setAdding(false);
    if (!to.some((one) => sameAs(one) === sameAs(place))) onChange([...to, place]);
  };
  const most = Math.min(kind.recipientsMost, app.session.greeting?.limits?.recipients ?? kind.recipientsMost);
  return (
    <>
      <ul className="listed" aria-label={words.t("page.send.part.to")}>
        {to.map((place) => (
          <Removable key={sameAs(place)} remove={() => onChange(to.filter((one) => one !== place))}>
            <PlaceName place={place} />
            {isTeam(place) && `: ${whoIs(place)}`}
          </Removable>
        ))}
      </ul>
      <div className="field">
        {to.length === 0 || adding ? (
          <>
            <Failure why={team.failed} again={team.again} />
            {ofCase.length > 0 && (
              <ul className="options of-case" aria-label={words.t("page.send.to.of-case")}>
                {ofCase.map((place) => (
                  <li key={sameAs(place)}>
                    <button type="button" onClick={() => add(place)}>
                      <PlaceName place={place} />: {whoIs(place)}
                    </button>
                  </li>
                ))}
              </ul>
            )}
            <RecipientPicker
              label={words.t(to.length === 0 ? "page.send.to.first" : "page.send.to.next")}
              kinds={kind.recipients}
              value={undefined}
              error={error}
              onChange={(recipient) => (recipient === undefined ? setAdding(false) : add(placeOf(recipient)))}
            />
          </>
        ) : (
          to.length < most && (
            <Button variant="secondary" onClick={() => setAdding(true)}>
              {words.t("page.send.to.next")}
            </Button>
          )
        )}
      </div>
    </>
  );
}
