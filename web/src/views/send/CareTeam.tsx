/* Who works with the client: the team of the case, and its case manager. Each change is recorded, and told to nobody else. */
import { useEffect, useRef, useState } from "react";
import { Button, Checkbox, Heading, InlineAlert } from "suomifi-ui-components";
import { RoleSchema } from "../../../gen/lahetti/v1/common_pb";
import type { CareTeamEntry } from "../../../gen/lahetti/v1/session_pb";
import { RecipientKind, type Recipient } from "../../../gen/lahetti/v1/statement_pb";
import { putMember, readTeam, type Standing } from "../../trade/team";
import { hex, unhex } from "../../wire/bytes";
import { useApp, useAsked, useWords } from "../context";
import { Place } from "../names";
import { Busy, Empty, Failure, FormEnd } from "../parts";
import { RecipientPicker } from "../RecipientPicker";

export function CareTeam({ caseId }: { caseId: string }) {
  const app = useApp();
  const words = app.words;
  const [adding, setAdding] = useState(false);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const [done, setDone] = useState("");
  const line = useRef<HTMLDivElement>(null);
  const { value, failed, again } = useAsked(() => readTeam(app.session, unhex(caseId)), [caseId]);

  // What was pressed may be gone by then.
  useEffect(() => {
    if (done !== "") line.current?.focus();
  }, [done]);

  async function put(standing: Standing, says: string) {
    if (busy) return;
    setBusy(true);
    setWhy(undefined);
    setDone("");
    try {
      await putMember(app.session, unhex(caseId), standing);
      setDone(says);
      setAdding(false);
    } catch (refused) {
      setWhy(refused);
    } finally {
      setBusy(false);
      again();
    }
  }

  return (
    <section>
      <Heading variant="h2" mt="l" mb="s">
        {words.t("page.to.care-team")}
      </Heading>
      <div ref={line} tabIndex={-1} role="status" className="happened">
        {done !== "" && <InlineAlert mb="m">{done}</InlineAlert>}
      </div>
      <Failure why={failed} again={again} />
      {value === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      {value?.length === 0 && <Empty>{words.t("page.send.team.none")}</Empty>}
      <ul className="listed" aria-label={words.t("page.to.care-team")}>
        {value?.map((member) => (
          <li key={hex(member.user)}>
            <Member member={member} put={(standing, says) => void put(standing, says)} />
          </li>
        ))}
      </ul>
      {adding ? (
        <AddMember
          busy={busy}
          why={why}
          put={(standing, says) => void put(standing, says)}
          leave={() => setAdding(false)}
        />
      ) : (
        <>
          <Failure why={why} />
          <Button
            variant="secondary"
            onClick={() => {
              setWhy(undefined);
              setAdding(true);
            }}
          >
            {words.t("page.send.team.add")}
          </Button>
        </>
      )}
    </section>
  );
}

type Put = (standing: Standing, says: string) => void;

function Member({ member, put }: { member: CareTeamEntry; put: Put }) {
  const words = useWords();
  const { user, unit, organisation, userName, caseManager, gone } = member;
  const role = words.of(RoleSchema, member.role);
  return (
    <>
      <span>
        <strong>{userName}</strong>
        {role !== "" && `, ${role}`}
        {", "}
        <Place unit={unit} organisation={organisation} />
        <br />
        <span className="quiet">
          {words.t(
            caseManager ? "page.send.team.manager-since" : "page.send.team.since",
            words.instant(member.sinceUs),
          )}
        </span>
        {gone && (
          <>
            <br />
            {words.t("page.send.team.gone")}
          </>
        )}
      </span>
      <span>
        {!gone && (
          <Button
            variant="secondaryNoBorder"
            aria-label={words.t(
              caseManager ? "page.send.team.no-manager-named" : "page.send.team.make-manager-named",
              userName,
            )}
            onClick={() =>
              put(
                { user, unit, caseManager: !caseManager },
                words.t(
                  caseManager ? "page.send.team.no-manager.done" : "page.send.team.made-manager",
                  userName,
                ),
              )
            }
          >
            {words.t(caseManager ? "page.send.team.no-manager" : "page.send.team.make-manager")}
          </Button>
        )}
        <Button
          variant="secondaryNoBorder"
          aria-label={words.t("page.send.remove-named", userName)}
          onClick={() => put({ user, ended: true }, words.t("page.send.team.removed", userName))}
        >
          {words.t("page.send.remove")}
        </Button>
      </span>
    </>
  );
}

function AddMember(props: { busy: boolean; why: unknown; put: Put; leave: () => void }) {
  const words = useWords();
  const [person, setPerson] = useState<Recipient | undefined>(undefined);
  const [caseManager, setCaseManager] = useState(false);
  const [tried, setTried] = useState(false);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (person === undefined) return;
        const { user, unit } = person;
        props.put({ user, unit, caseManager }, words.t("page.send.team.added"));
      }}
    >
      <div className="field">
        <RecipientPicker
          label={words.t("page.send.team.who")}
          kinds={[RecipientKind.USER]}
          value={person}
          onChange={setPerson}
          error={tried && person === undefined ? words.t("page.send.team.wrong") : undefined}
        />
      </div>
      <div className="field">
        <Checkbox checked={caseManager} onClick={({ checkboxState }) => setCaseManager(checkboxState)}>
          {words.t("page.to.case-manager")}
        </Checkbox>
      </div>
      <FormEnd why={props.why} busy={props.busy} does={words.t("page.send.team.add")} leave={props.leave}>
        <Busy text={words.t("page.send.saving")} />
      </FormEnd>
    </form>
  );
}
