/*
 * The form of one step: asks what the step needs, signs it, sends it, and checks the receipt before it says that it is done. What
 * tells of the client says which data, and may bring files along.
 */
import { useEffect, useRef, useState } from "react";
import { fromBinary } from "@bufbuild/protobuf";
import { Button, Heading, InlineAlert, Paragraph } from "suomifi-ui-components";
import { Step, StepSchema } from "../../../gen/lahetti/v1/bodies_pb";
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { StatementSchema } from "../../../gen/lahetti/v1/statement_pb";
import type { Opened } from "../../session/opened";
import { missing, toBody } from "../../trade/forms";
import type { Draft } from "../../trade/statement";
import { deliveryOf, kindOfStep, stepDraft, usualCategories } from "../../trade/steps";
import { hex } from "../../wire/bytes";
import { Refusal } from "../../wire/wire";
import { useApp, useWords } from "../context";
import { Form, type Draw } from "../Form";
import { Failure, FormEnd } from "../parts";
import { Sending } from "../send/Files";
import { TellsPart } from "../send/TellsPart";
import { useFiles } from "../send/useFiles";
import { useSending } from "../send/useSending";
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
  const [written, setWritten] = useState(draft);
  const [tried, setTried] = useState(false);
  const heading = useRef<HTMLHeadingElement>(null);
  const sending = useSending(
    `step:${hex(notice.delivery)}`,
    ({ signed, proof }) => {
      if (step === Step.ASK) app.opened.asked(signed.id, notice.delivery);
      const { header } = fromBinary(StatementSchema, signed.envelope.payload);
      const silent = kind?.hasClient === true && header?.recipients.length === 0;
      end({ step, proved: proof.ok, silent });
    },
    true,
  );
  const { busy, why } = sending;

  useEffect(() => heading.current?.focus(), []);

  const { state, categories = kind === undefined ? [] : usualCategories(kind), fileNames = [] } = written;
  const change = (part: Partial<StepDraft>) => setWritten((now) => ({ ...now, ...part }));
  const { files, onFiles, lost } = useFiles(fileNames, (names) => change({ fileNames: names }));
  const untouched =
    Object.keys(state).every((field) => field === "step") &&
    written.categories === undefined &&
    !fileNames.length;
  // Kept at each pause; and at once where the form goes before the next one.
  const unsaved = useRef<(() => void) | undefined>(undefined);
  useEffect(() => {
    if (untouched || written === draft) return;
    unsaved.current = () => {
      unsaved.current = undefined;
      save(written);
    };
    const timer = setTimeout(() => unsaved.current?.(), PAUSE_MS);
    return () => clearTimeout(timer);
    // `save` and `draft` are made anew at each drawing.
  }, [written, untouched]);
  useEffect(() => () => unsaved.current?.(), []);
  useEffect(() => app.session.onEnding(() => unsaved.current?.()), [app]);

  function end(done?: Done) {
    unsaved.current = undefined;
    leave(done);
  }

  if (kind === undefined) return null;
  const closes = step === Step.COMPLETE || step === Step.FAIL;
  const wrongTells = kind.hasClient && categories.length === 0 ? words.t("page.send.wrong.tells") : undefined;
  const uncovered = why instanceof Refusal && isUncovered(why.code);

  function toSign(silent: boolean): Draft {
    const delivered = opened?.delivered;
    const spokenOf =
      step === Step.ANSWER && delivered !== undefined ? deliveryOf(delivered) : notice.delivery;
    const taken = {
      kind: kind!,
      body: toBody(kind!, state, { delivery: spokenOf, step }),
      notice,
      toNobody: silent,
      categories,
      files,
      ...(opened !== undefined &&
        delivered !== undefined && { opened: { content: opened.content, delivered } }),
    };
    return stepDraft(taken, app.session.acting!.organisation);
  }

  async function send(silent: boolean) {
    if (busy) return;
    setTried(true);
    if (missing(kind!, state).length > 0 || wrongTells !== undefined) return;
    // However long the answer takes: the connection may have to be made anew.
    app.opened.touch(notice.delivery, "step", Infinity);
    // From another state the same step is another.
    const what = JSON.stringify([state, categories, silent, notice.state]);
    await sending.send(what, () => toSign(silent));
    app.opened.touch(notice.delivery, "step");
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
      <Form kind={kind} state={state} onChange={(now) => change({ state: now })} tried={tried} draw={draw} />
      {lost.length > 0 && (
        <InlineAlert status="warning" mb="m">
          {words.t("page.send.restored.files", lost.join(", "))}
        </InlineAlert>
      )}
      {kind.hasClient && (
        <TellsPart
          categories={categories}
          onCategories={(now) => change({ categories: now })}
          files={files}
          onFiles={onFiles}
          error={tried ? wrongTells : undefined}
        />
      )}
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
      <FormEnd
        busy={busy}
        does={words.t(kind.hasClient ? "page.receive.sign-and-send" : "page.receive.sign-and-record")}
        leave={() => end()}
        leaves={words.t(untouched ? "page.cancel" : "page.receive.discard")}
      >
        <Sending {...sending.progress} />
      </FormEnd>
    </form>
  );
}
