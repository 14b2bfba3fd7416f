/* The form of one step: asks what the step needs, signs it, sends it, and checks the receipt before it says that it is done. */
import { useEffect, useRef, useState } from "react";
import { Button, Heading, InlineAlert, Paragraph } from "suomifi-ui-components";
import { Step, StepSchema } from "../../../gen/lahetti/v1/bodies_pb";
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { trustedLog } from "../../session/log";
import type { Opened } from "../../session/opened";
import { missing, toBody, type FormState } from "../../trade/forms";
import { submit, type Signed } from "../../trade/statement";
import { deliveryOf, kindOfStep, signStep } from "../../trade/steps";
import { checkReceipt } from "../../trust/receipt";
import { equal } from "../../wire/bytes";
import { Refusal } from "../../wire/wire";
import { useApp, useWords } from "../context";
import { Form, type Draw } from "../Form";
import { Busy, Failure } from "../parts";
import { OutcomeField } from "./OutcomeField";
import { RedirectField } from "./RedirectField";
import type { StepDraft } from "./Steps";

/** What was done. */
export interface Done {
  step: Step;
  /** The log has it: its receipt holds. */
  proved: boolean;
  /** A closing that the sender is not told. */
  silent: boolean;
}

interface Props {
  notice: Notice;
  opened: Opened | undefined;
  draft: StepDraft;
  save: (draft: StepDraft) => void;
  /** With what was done; or without, where what was written is thrown away. */
  leave: (done?: Done) => void;
}

/** A pause in typing. */
const PAUSE_MS = 500;

/** Whether the server says that nothing permits to tell the sender. */
function isUncovered(code: string): boolean {
  return code === "no-basis" || code === "no-consent" || code.startsWith("consent-");
}

export function StepForm({ notice, opened, draft, save, leave }: Props) {
  const app = useApp();
  const words = useWords();
  const { step } = draft;
  const kind = kindOfStep(step);
  const [state, setState] = useState<FormState>(draft.state);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const heading = useRef<HTMLHeadingElement>(null);
  // A try whose answer was not heard is sent again as it was signed, so that it is done once.
  const last = useRef<{ what: string; signed: Signed } | undefined>(undefined);

  useEffect(() => heading.current?.focus(), []);

  const untouched = Object.keys(state).every((field) => field === "step");
  // Kept at each pause; and at once where the form goes before the next one.
  const unsaved = useRef<(() => void) | undefined>(undefined);
  useEffect(() => {
    if (untouched || state === draft.state) return;
    unsaved.current = () => {
      unsaved.current = undefined;
      save({ step, state });
    };
    const timer = setTimeout(() => unsaved.current?.(), PAUSE_MS);
    return () => clearTimeout(timer);
    // `save` and `draft` are made anew at each drawing.
  }, [state, step, untouched]);
  useEffect(() => () => unsaved.current?.(), []);

  function end(done?: Done) {
    unsaved.current = undefined;
    leave(done);
  }

  if (kind === undefined) return null;
  const closes = step === Step.COMPLETE || step === Step.FAIL;
  const uncovered = why instanceof Refusal && isUncovered(why.code);

  async function sign(silent: boolean): Promise<Signed> {
    const what = JSON.stringify([state, silent]);
    if (last.current?.what === what) return last.current.signed;
    const delivered = opened?.delivered;
    const spokenOf =
      step === Step.ANSWER && delivered !== undefined ? deliveryOf(delivered) : notice.delivery;
    const body = toBody(kind!, state, { delivery: spokenOf, step });
    const signed = await signStep(app.session, {
      kind: kind!,
      body,
      notice,
      toNobody: silent,
      ...(opened !== undefined &&
        delivered !== undefined && { opened: { content: opened.content, delivered } }),
    });
    last.current = { what, signed };
    return signed;
  }

  async function send(silent: boolean) {
    if (busy) return;
    setTried(true);
    if (missing(kind!, state).length > 0) return;
    setBusy(true);
    app.opened.touch(notice.delivery, "step");
    setWhy(undefined);
    try {
      const signed = await sign(silent);
      const accepted = await submit(app.session, signed);
      if (step === Step.ASK) app.opened.asked(signed.id, notice.delivery);
      end({ step, proved: await isProved(signed, accepted), silent });
    } catch (failed) {
      // A refusal is for what was signed: what is signed next is another.
      if (failed instanceof Refusal && !failed.passes) last.current = undefined;
      setBusy(false);
      setWhy(failed);
    }
  }

  async function isProved(signed: Signed, accepted: Awaited<ReturnType<typeof submit>>): Promise<boolean> {
    if (accepted.receipt === undefined || !equal(accepted.statement, signed.id)) return false;
    const log = await trustedLog(app.session);
    return (await checkReceipt(accepted.receipt, signed.envelope.payload, log, accepted.sinceErased)).ok;
  }

  const draw: Record<string, Draw> = {
    redirect_to: (field) => <RedirectField field={field} />,
    outcome: (field) => <OutcomeField field={field} step={step} />,
  };

  return (
    <form
      className="step"
      onSubmit={(event) => {
        event.preventDefault();
        void send(false);
      }}
    >
      <Heading variant="h2" ref={heading} tabIndex={-1} mt="l" mb="s">
        {words.of(StepSchema, step)}
      </Heading>
      {kind.hasClient && opened?.delivered !== undefined && (
        <Paragraph mb="m">{words.t("page.receive.goes-to", opened.content.authorName)}</Paragraph>
      )}
      {step === Step.RETURN && <Paragraph mb="m">{words.t("note.returned")}</Paragraph>}
      <Form kind={kind} state={state} onChange={setState} tried={tried} draw={draw} />
      {!(closes && uncovered) && <Failure why={why} />}
      {closes && uncovered && (
        <div role="alert">
          <InlineAlert status="warning" labelText={words.t("page.receive.may-not-tell")} mb="m">
            {words.t("page.receive.may-not-tell.hint")}{" "}
            <Button variant="secondary" onClick={() => void send(true)} mt="s">
              {words.t("page.receive.close-silently")}
            </Button>
          </InlineAlert>
        </div>
      )}
      {!closes && uncovered && <p className="quiet">{words.t("page.receive.may-not-tell.others")}</p>}
      <div className="buttons">
        <Button type="submit" aria-disabled={busy}>
          {words.t(kind.hasClient ? "page.receive.sign-and-send" : "page.receive.sign-and-record")}
        </Button>
        <Button type="button" variant="secondary" onClick={() => end()}>
          {words.t(untouched ? "page.cancel" : "page.receive.discard")}
        </Button>
      </div>
      {busy && <Busy text={words.t("page.receive.sending")} />}
    </form>
  );
}
