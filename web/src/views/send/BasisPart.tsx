/*
 * On what basis it goes: within the controller its own register; to others the client's consent, which is taken here where none
 * covers it, or a statutory right, which is stated here. And who would see it, by name.
 */
import { useState, type ReactNode } from "react";
import { Button, Heading, InlineAlert, Paragraph } from "suomifi-ui-components";
import { BasisKindSchema, Category, Purpose, RoleSchema } from "../../../gen/lahetti/v1/common_pb";
import type { ClientEntry, Viewer } from "../../../gen/lahetti/v1/session_pb";
import type { PlaceState } from "../../trade/forms";
import { NO_RIGHT, type RightState } from "../../trade/right";
import { isTeam } from "../../trade/team";
import { hex } from "../../wire/bytes";
import type { Words } from "../../words/words";
import { useWords } from "../context";
import { Place } from "../names";
import { Busy, Facts, Failure } from "../parts";
import { PlaceName } from "../RecipientPicker";
import { ConsentForm } from "./ConsentForm";
import { Proved } from "./Proved";
import { sameAs } from "./Recipients";
import { RightForm } from "./RightForm";
import type { ReferState } from "./Refer";
import type { Coverage } from "./useCoverage";
import type { Sent } from "./useSending";

interface Props {
  entry: ClientEntry;
  caseId: string;
  state: ReferState;
  coverage: Coverage;
  /** Whether a consent is being taken: nothing else is to be done meanwhile. */
  taking: boolean;
  onTaking: (taking: boolean) => void;
  /** Whether a statutory right is being stated, likewise. */
  stating: boolean;
  onRight: (right: RightState | undefined) => void;
}

export function BasisPart({ entry, caseId, state, coverage, taking, onTaking, stating, onRight }: Props) {
  const words = useWords();
  const { viewers, failed, again, lacking } = coverage;
  const [taken, setTaken] = useState<Sent | undefined>(undefined);
  const language = entry.identity?.language;

  if (taking) {
    return (
      <>
        <Paragraph mb="m">{words.t("page.send.basis.take.hint")}</Paragraph>
        <ConsentForm
          client={hex(entry.client)}
          caseId={caseId}
          known={{
            parties: lacking.map(partyFor),
            categories: state.categories.filter((category) => category !== Category.FEEDBACK),
            purposes: [Purpose.EMPLOYMENT_SUPPORT],
            ...(language ? { language } : {}),
          }}
          onAccepted={(sent) => {
            setTaken(sent);
            onTaking(false);
            again();
          }}
          onCancel={() => onTaking(false)}
        />
      </>
    );
  }
  if (stating) {
    return (
      <RightForm right={state.right ?? NO_RIGHT} onChange={onRight} onCancel={() => onRight(undefined)} />
    );
  }
  return (
    <>
      {taken !== undefined && <Proved sent={taken} title={words.t("page.send.consent.recorded")} />}
      <Failure why={failed} again={again} />
      {viewers === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      {viewers !== undefined && (
        <>
          <Paragraph mb="m">{words.t(basisText(coverage))}</Paragraph>
          {lacking.length > 0 && (
            <InlineAlert status="warning" labelText={words.t("page.send.basis.lacking")} mb="m">
              {words.t("page.send.basis.lacking.hint")}
              <div className="buttons">
                <Button onClick={() => onTaking(true)}>{words.t("page.send.basis.take")}</Button>
                <Button variant="secondary" onClick={() => onRight(NO_RIGHT)}>
                  {words.t("page.send.basis.right")}
                </Button>
              </div>
            </InlineAlert>
          )}
          {coverage.right !== undefined && state.right !== undefined && (
            <>
              <Facts rows={rightRows(words, state.right)} />
              <div className="buttons">
                <Button variant="secondary" onClick={() => onRight({ ...state.right!, stated: false })}>
                  {words.t("page.send.basis.right.change")}
                </Button>
              </div>
            </>
          )}
          <Heading variant="h3" mb="s">
            {words.t("page.send.who-would-see")}
          </Heading>
          <Viewers to={state.to} viewers={viewers} />
        </>
      )}
    </>
  );
}

/** A statutory right as it was stated. */
export function rightRows(words: Words, right: RightState | undefined): [string, ReactNode][] {
  if (right?.decidedBy === undefined) return [];
  return [
    [words.t("page.receive.basis.section"), right.section],
    [words.t("page.receive.basis.necessity"), <span className="written">{right.necessity}</span>],
    [words.t("page.receive.basis.decided-by"), <PlaceName place={right.decidedBy} />],
  ];
}

function basisText({ outside, covered, right }: Coverage) {
  if (!outside) return "page.send.basis.own-register";
  if (right !== undefined) return "page.send.basis.statutory";
  return covered ? "page.send.basis.consent" : "page.send.basis.none";
}

/** As narrow as the recipient: the client may allow more. */
function partyFor({ organisation, unit, role, user }: PlaceState): PlaceState {
  return { organisation, unit, role, user };
}

export function Viewers({ to, viewers }: { to: readonly PlaceState[]; viewers: readonly Viewer[] }) {
  const words = useWords();
  return (
    <>
      {to.map((place, n) => {
        const here = viewers.filter(({ recipient }) => recipient === n);
        const people = here.filter(({ user }) => user.length > 0);
        return (
          <div key={sameAs(place)}>
            <strong>
              <PlaceName place={place} />
            </strong>
            {here.length === 0 && (
              <p>{words.t(isTeam(place) ? "page.send.named-already" : "page.send.nobody-would-see")}</p>
            )}
            {people.length === 0 && here.map(({ code }) => <p key={code}>{words.code(code)}</p>)}
            <ul className="viewers">
              {people.map((viewer) => (
                <li key={hex(viewer.user) + viewer.role}>
                  {viewer.userName}, {words.of(RoleSchema, viewer.role)}, <Place unit={viewer.unit} />
                  {": "}
                  {viewer.basis !== 0 ? (
                    words.t("page.send.sees", words.of(BasisKindSchema, viewer.basis))
                  ) : (
                    <span className="not">{words.t("page.send.sees-not", words.code(viewer.code))}</span>
                  )}
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </>
  );
}
