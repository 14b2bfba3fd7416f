/*
 * On what basis it goes: within the controller its own register; to others the client's consent, which is taken here where none
 * covers it. And who would see it, by name.
 */
import { useState } from "react";
import { Button, Heading, InlineAlert, Paragraph } from "suomifi-ui-components";
import { BasisKindSchema, Category, Purpose, RoleSchema } from "../../../gen/lahetti/v1/common_pb";
import type { ClientEntry, Viewer } from "../../../gen/lahetti/v1/session_pb";
import type { PlaceState } from "../../trade/forms";
import { isTeam } from "../../trade/team";
import { hex } from "../../wire/bytes";
import { useWords } from "../context";
import { Place } from "../names";
import { Busy, Failure } from "../parts";
import { PlaceName } from "../RecipientPicker";
import { ConsentForm } from "./ConsentForm";
import { Proved } from "./Proved";
import { sameAs } from "./Recipients";
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
}

export function BasisPart({ entry, caseId, state, coverage, taking, onTaking }: Props) {
  const words = useWords();
  const { viewers, failed, again, outside, covered, lacking } = coverage;
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
  return (
    <>
      {taken !== undefined && <Proved sent={taken} title={words.t("page.send.consent.recorded")} />}
      <Failure why={failed} again={again} />
      {viewers === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      {viewers !== undefined && (
        <>
          <Paragraph mb="m">{words.t(basisText(outside, covered))}</Paragraph>
          {lacking.length > 0 && (
            <InlineAlert status="warning" labelText={words.t("page.send.basis.lacking")} mb="m">
              {words.t("page.send.basis.lacking.hint")}
              <div className="buttons">
                <Button onClick={() => onTaking(true)}>{words.t("page.send.basis.take")}</Button>
              </div>
            </InlineAlert>
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

function basisText(outside: boolean, covered: boolean) {
  if (!outside) return "page.send.basis.own-register";
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
