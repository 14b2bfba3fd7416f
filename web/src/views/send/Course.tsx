/* How a matter has gone on: each step in words, and the proof of it a click away. */
import { useState } from "react";
import { create } from "@bufbuild/protobuf";
import { InlineAlert } from "suomifi-ui-components";
import { ReasonSchema, StateSchema, Step } from "../../../gen/lahetti/v1/bodies_pb";
import type { Status, Timeline, TimelineStep } from "../../../gen/lahetti/v1/session_pb";
import { ReadReceiptSchema } from "../../../gen/lahetti/v1/session_pb";
import { seeCheckpoint, seeNewest, trustedLog } from "../../session/log";
import { readKept, type Kept } from "../../trade/consents";
import { isSenders } from "../../trade/following";
import { placeOf } from "../../trade/forms";
import { checkReceipt } from "../../trust/receipt";
import { equal, hex } from "../../wire/bytes";
import type { Words } from "../../words/words";
import { useApp, useWords } from "../context";
import { Place } from "../names";
import { Busy, Failure, Written } from "../parts";
import { PlaceName } from "../RecipientPicker";
import type { AppState } from "../../session/app";

interface Props {
  kept: Kept;
  timeline: Timeline | undefined;
  statuses: readonly Status[];
}

export function Course({ kept, timeline, statuses }: Props) {
  const words = useWords();
  const { header } = kept.delivered;
  const several = header.recipients.length > 1;
  const steps = [...(timeline?.steps ?? [])].sort((a, b) => (a.event < b.event ? -1 : 1));
  return (
    <ol className="timeline">
      <li>
        <h3>{words.t(header.recipients.length > 0 ? "page.receive.sent" : "page.send.recorded")}</h3>
        <p className="quiet">
          {words.instant(header.createdUs)}, {kept.authorName},{" "}
          <Place unit={header.unit} organisation={header.organisation} />
        </p>
        <ProofOf
          ask={words.t("page.send.check-receipt")}
          check={(app) => checkAcceptance(app, kept.delivered.header.id, kept.payload)}
        />
      </li>
      {steps.map((step) => (
        <StepItem
          key={`${step.event} ${hex(step.delivery)}`}
          step={step}
          of={several ? statuses.find((status) => equal(status.delivery, step.delivery)) : undefined}
        />
      ))}
    </ol>
  );
}

/** Steps are told as what came of them; questions and answers as themselves. */
function stepText(words: Words, { step, state }: TimelineStep): string {
  if (step === Step.ASK) return words.t("page.send.step.asked");
  if (step === Step.ANSWER) return words.t("page.send.step.answered");
  return words.of(StateSchema, state);
}

/** What the service does by itself, at no unit. */
const NOBODYS: readonly Step[] = [Step.STOP, Step.EXPIRE];

function StepItem({ step, of }: { step: TimelineStep; of: Status | undefined }) {
  const app = useApp();
  const words = app.words;
  const ours = isSenders(step.step);
  const unit = ours ? app.session.acting!.unit : step.unit;
  return (
    <li>
      <h3>{stepText(words, step)}</h3>
      <p className="quiet">
        {words.instant(step.timeUs)}
        {!NOBODYS.includes(step.step) && (
          <>
            , {step.userName !== "" && `${step.userName}, `}
            <Place unit={unit} />
          </>
        )}
      </p>
      {of?.recipient !== undefined && (
        <p className="quiet">
          {words.t("page.receive.to")}: <PlaceName place={placeOf(of.recipient)} />
        </p>
      )}
      {step.step === Step.OPEN && <p className="quiet">{words.t("note.opened")}</p>}
      {step.reason !== 0 && <p>{words.of(ReasonSchema, step.reason)}</p>}
      {step.sentence !== "" && <Written text={step.sentence} />}
      <ProofOf
        ask={words.t("page.send.check-event", words.number(Number(step.event)))}
        check={(app) => checkStep(app, step, ours)}
      />
    </li>
  );
}

/** A sentence that tells what holds; or a code of what does not. */
type Checked = { ok: true; text: (words: Words) => string } | { ok: false; code: string };

/** That the log accepted exactly these bytes, and that its checkpoint continues what this device has seen. */
async function checkAcceptance(app: AppState, id: Uint8Array, payload: Uint8Array): Promise<Checked> {
  const accepted = await app.session.ask(
    { case: "readReceipt", value: create(ReadReceiptSchema, { statement: id }) },
    "accepted",
  );
  if (accepted.receipt === undefined) return { ok: false, code: "wrong-receipt" };
  const log = await trustedLog(app.session);
  const facts = await checkReceipt(accepted.receipt, payload, log, accepted.sinceErased);
  if (!facts.ok) return { ok: false, code: facts.code };
  const seen = await seeCheckpoint(app, accepted.receipt.checkpoint);
  if (!seen.ok) return { ok: false, code: seen.code };
  const { number, timeUs } = facts;
  return {
    ok: true,
    text: (words) => words.t("page.send.proof.receipt", words.number(Number(number)), words.instant(timeUs)),
  };
}

/**
 * One's own step has a receipt. Of another's this device has no bytes to compare: that the log is one and the same, and reaches over
 * the step's event, is all that it can check.
 */
async function checkStep(app: AppState, step: TimelineStep, ours: boolean): Promise<Checked> {
  if (ours && step.statement.length > 0) {
    const kept = await readKept(app.session, step.statement);
    return kept?.signed === true
      ? checkAcceptance(app, step.statement, kept.payload)
      : { ok: false, code: "bad-signature" };
  }
  const seen = await seeNewest(app);
  if (!seen.ok) return { ok: false, code: seen.code };
  const { size } = seen.head;
  if (size <= step.event) return { ok: false, code: "wrong-receipt" };
  return {
    ok: true,
    text: (words) =>
      words.t("page.send.proof.event", words.number(Number(step.event)), words.number(Number(size))),
  };
}

function ProofOf({ ask, check }: { ask: string; check: (app: AppState) => Promise<Checked> }) {
  const app = useApp();
  const words = useWords();
  const [found, setFound] = useState<Checked | undefined>(undefined);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);

  async function run() {
    if (busy) return;
    setBusy(true);
    setWhy(undefined);
    try {
      setFound(await check(app));
    } catch (failed) {
      setWhy(failed);
    } finally {
      setBusy(false);
    }
  }

  return (
    <div className="proof">
      {found === undefined && (
        <button type="button" onClick={() => void run()} aria-disabled={busy}>
          {ask}
        </button>
      )}
      <div role="status">
        {busy && <Busy text={words.t("page.send.checking")} />}
        {found?.ok === true && <p className="holds">{found.text(words)}</p>}
        {found?.ok === false && (
          <InlineAlert status="error" labelText={words.t("page.send.proof.broken")}>
            {words.code(found.code)}
          </InlineAlert>
        )}
      </div>
      <Failure why={why} />
    </div>
  );
}
