/*
 * A new referral, part by part on one page: to whom, the matter, what it tells, on what basis, and a last look before it is signed.
 * What is written is kept at each pause; attachments are not, and the page says so.
 */
import { useEffect, useRef, useState, type ReactNode } from "react";
import { Button, Heading, InlineAlert } from "suomifi-ui-components";
import type { ClientEntry } from "../../../gen/lahetti/v1/session_pb";
import { Category } from "../../../gen/lahetti/v1/common_pb";
import { missing, recipientOf, toBody, type FormState, type PlaceState } from "../../trade/forms";
import { restate, type RightState } from "../../trade/right";
import { kindNamed } from "../../trade/tables";
import { hex, unhex } from "../../wire/bytes";
import { daysLater, today, type TextKey } from "../../words/words";
import { useApp } from "../context";
import { Form } from "../Form";
import { Failure, View } from "../parts";
import { href } from "../routes";
import { BasisPart } from "./BasisPart";
import { CheckPart } from "./CheckPart";
import { DeadlineField, isDay } from "./DeadlineField";
import { Sending } from "./Files";
import { clientName } from "../../session/clients";
import { WithClient } from "./Identity";
import { Proved, Restored } from "./Proved";
import { Recipients } from "./Recipients";
import { TellsPart } from "./TellsPart";
import { focusWrong } from "../focusWrong";
import { useCoverage } from "./useCoverage";
import { useDraft } from "./useDraft";
import { useFiles } from "./useFiles";
import { useSending, type Sent } from "./useSending";

/** As JSON, so that it can be kept. */
export interface ReferState {
  to: PlaceState[];
  form: FormState;
  /** A civil date; what is typed and is none stays as it was typed. */
  deadline: number | string;
  categories: number[];
  /** The statutory right for those whom no consent covers, as far as it is written. */
  right?: RightState | undefined;
  fileNames: string[];
  part: number;
}

const PARTS: TextKey[] = [
  "page.send.part.to",
  "page.send.part.matter",
  "page.send.part.tells",
  "page.send.part.basis",
  "page.send.part.check",
];
const LAST = PARTS.length - 1;
const KIND = kindNamed("referral");
/** What a referral tells where nothing else is chosen. */
const USUAL = [Category.CONTACT, Category.SERVICE_NEED];

export function Refer({ client, caseId }: { client: string; caseId: string }) {
  const app = useApp();
  const words = app.words;
  const [sent, setSent] = useState<Sent | undefined>(undefined);
  return (
    <View title={words.t("page.send.refer")}>
      <p className="back">
        <a href={href("clients", client, caseId)}>{words.t("page.send.back-to-client")}</a>
      </p>
      {sent !== undefined ? (
        <Proved sent={sent} title={words.t("page.send.refer.sent")}>
          <p>{words.t("page.send.refer.sent.hint")}</p>
          <p>
            <a href={href("sent", hex(sent.signed.id))}>{words.t("page.send.to-timeline")}</a>
          </p>
        </Proved>
      ) : (
        <WithClient
          client={client}
          then={(entry) => <Flow entry={entry} caseId={caseId} onSent={setSent} />}
        />
      )}
    </View>
  );
}

interface FlowProps {
  entry: ClientEntry;
  caseId: string;
  onSent: (sent: Sent) => void;
}

function Flow({ entry, caseId, onSent }: FlowProps) {
  const app = useApp();
  const words = app.words;
  const draft = useDraft<ReferState>(`refer:${caseId}`, {
    to: [],
    form: entry.identity?.language ? { language: entry.identity.language } : {},
    deadline: daysLater(today(), KIND.deadlineDays),
    categories: USUAL,
    fileNames: [],
    part: 0,
  });
  const { state } = draft;
  const [tried, setTried] = useState(false);
  const [taking, setTaking] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const shown = useRef<HTMLDivElement>(null);
  const sending = useSending(`refer:${caseId}`, (sent) => {
    draft.drop();
    onSent(sent);
  });
  const change = (part: Partial<ReferState>) => draft.set((now) => ({ ...now, ...part }));
  const { files, onFiles, lost } = useFiles(state.fileNames, (fileNames) => change({ fileNames }));

  const { part } = state;
  const coverage = useCoverage({ client: entry.client, caseId, state, asked: part >= LAST - 1 });

  /** Nothing else is to be done while a consent is taken or a statutory right written. */
  const stating = coverage.lacking.length > 0 && state.right?.stated === false;

  const moved = useRef(false);
  useEffect(() => {
    if (moved.current) heading.current?.focus();
  }, [part]);

  /** What is wrong in a part, in one sentence; undefined where one may go on. */
  function wrongIn(n: number): string | undefined {
    if (n === 0) return state.to.length === 0 ? words.t("page.send.wrong.to") : undefined;
    if (n === 1) {
      if (!isDay(state.deadline)) return words.code("bad-date");
      return missing(KIND, state.form).length > 0 ? words.t("page.send.wrong.matter") : undefined;
    }
    if (n === 2) return state.categories.length === 0 ? words.t("page.send.wrong.tells") : undefined;
    if (n === 3) return coverage.covered ? undefined : words.t("page.send.wrong.basis");
    return undefined;
  }

  /** So far one may jump: up to the first part in which something is wrong. */
  const reach = PARTS.findIndex((_, n) => n < LAST && wrongIn(n) !== undefined);
  const furthest = reach < 0 ? LAST : reach;
  const here = Math.min(part, furthest);

  function goTo(n: number) {
    moved.current = true;
    setTried(false);
    setTaking(false);
    change({ part: n });
  }

  function next() {
    setTried(true);
    if (wrongIn(here) === undefined) goTo(here + 1);
    else focusWrong(shown.current);
  }

  async function send() {
    if (sending.busy) return;
    const went = await sending.send(JSON.stringify(state), () => ({
      kind: KIND,
      body: toBody(KIND, state.form),
      client: entry.client,
      caseId: unhex(caseId),
      recipients: state.to.map(recipientOf),
      categories: state.categories,
      consents: coverage.consents,
      deadline: typeof state.deadline === "number" ? state.deadline : 0,
      ...(coverage.right && { basis: coverage.right }),
      files,
    }));
    if (!went) coverage.again();
  }

  const parts: ReactNode[] = [
    <Recipients
      kind={KIND}
      caseId={caseId}
      to={state.to}
      onChange={(to) => change({ to, ...restate(state.right) })}
      error={tried ? wrongIn(0) : undefined}
    />,
    <>
      <Form kind={KIND} state={state.form} onChange={(form) => change({ form })} tried={tried} />
      <DeadlineField
        value={state.deadline}
        onChange={(deadline) => change({ deadline })}
        error={tried && !isDay(state.deadline) ? words.code("bad-date") : undefined}
      />
    </>,
    <TellsPart
      categories={state.categories}
      onCategories={(categories) => change({ categories, ...restate(state.right) })}
      files={files}
      onFiles={onFiles}
      error={tried ? wrongIn(2) : undefined}
    />,
    <BasisPart
      entry={entry}
      caseId={caseId}
      state={state}
      coverage={coverage}
      taking={taking}
      onTaking={setTaking}
      stating={stating}
      onRight={(right) => change({ right })}
    />,
    <CheckPart entry={entry} state={state} kind={KIND} files={files} coverage={coverage} lost={lost} />,
  ];
  const filling = here === LAST - 1 && (taking || stating);
  const wrong = tried && !filling ? wrongIn(here) : undefined;

  return (
    <>
      <p>
        <strong>{clientName(entry)}</strong>
      </p>
      <Restored at={draft.restored} files={lost} />
      <ol className="flow" aria-label={words.t("page.send.parts")}>
        {PARTS.map((title, n) => (
          <li key={title}>
            <button
              type="button"
              disabled={n > furthest || sending.busy}
              aria-current={n === here ? "step" : undefined}
              onClick={() => goTo(n)}
            >
              {n + 1}. {words.t(title)}
            </button>
          </li>
        ))}
      </ol>
      <Heading variant="h2" ref={heading} tabIndex={-1} mb="m" className="part-heading">
        {words.t(PARTS[here] ?? "page.send.part.to")}
      </Heading>
      <div ref={shown}>{parts[here]}</div>
      {wrong !== undefined && here > 0 && here !== 2 && (
        <div role="alert">
          <InlineAlert status="error" mb="m">
            {wrong}
          </InlineAlert>
        </div>
      )}
      {sending.why !== undefined && here === LAST && (
        <>
          <Failure why={sending.why} />
          <p>{words.t("page.send.refer.kept")}</p>
        </>
      )}
      {!filling && (
        <div className="buttons">
          {here < LAST && <Button onClick={next}>{words.t("page.send.go-on")}</Button>}
          {here === LAST && (
            <Button onClick={() => void send()} aria-disabled={sending.busy}>
              {words.t("page.receive.sign-and-send")}
            </Button>
          )}
          {here > 0 && !sending.busy && (
            <Button variant="secondary" onClick={() => goTo(here - 1)}>
              {words.t("page.back")}
            </Button>
          )}
        </div>
      )}
      {sending.busy && <Sending {...sending.progress} />}
    </>
  );
}
