/*
 * What one may do about a delivery: the steps that the server offers, and the form of the one that was chosen. What is being written
 * is kept until it is sent or thrown away, whatever happens to the matter meanwhile.
 */
import { useEffect, useRef, useState } from "react";
import { Button, Heading, InlineAlert, Paragraph } from "suomifi-ui-components";
import { StateSchema, Step, StepSchema } from "../../../gen/lahetti/v1/bodies_pb";
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { useObservable } from "../../session/observable";
import type { Opened } from "../../session/opened";
import type { FormState } from "../../trade/forms";
import { answeredBy, deliveryOf, isOfQueue, isOver, kindOfStep, offeredSteps } from "../../trade/steps";
import { equal, hex } from "../../wire/bytes";
import type { Words } from "../../words/words";
import { useApp, useWords } from "../context";
import { KeptText } from "./KeptText";
import { StepForm, type Done } from "./StepForm";

/** What is kept of a step that is being written. */
export interface StepDraft {
  step: Step;
  state: FormState;
  /** What it tells of the client, where somebody has chosen; else the usual. */
  categories?: number[];
  /** Of what was attached: files themselves are not kept. */
  fileNames?: string[];
}

interface Props {
  notice: Notice;
  opened: Opened | undefined;
}

/** The steps that are open now; while they are being asked for after a change, those of before. */
function useOffered({ notice, opened }: Props): Step[] {
  const app = useApp();
  const inbox = useObservable(app.inbox);
  const sent = useObservable(app.sent);
  const last = useRef<Step[]>([]);
  const user = app.session.who!.user;
  if (!inbox.isSettled(notice)) return last.current;

  let steps: readonly Step[] = notice.steps;
  const free = !isOfQueue(notice) || equal(notice.claimedBy, user);
  if (steps.length === 0 && free && opened?.content.state === notice.state) steps = opened.content.steps;
  last.current = offeredSteps(steps.filter((step) => step !== Step.ANSWER));

  // A question is answered by a step of the referral that it is about, which its sender follows elsewhere.
  const delivered = opened?.delivered;
  if (delivered !== undefined && answeredBy(delivered.kind) !== undefined) {
    const matter = hex(deliveryOf(delivered) ?? new Uint8Array(0));
    const status = sent.all().find(({ delivery }) => hex(delivery) === matter);
    if (status === undefined || status.steps.length === 0 || status.steps.includes(Step.ANSWER))
      last.current = [...last.current, Step.ANSWER];
  }
  return last.current;
}

export function Steps({ notice, opened }: Props) {
  const app = useApp();
  const words = useWords();
  const drafts = useObservable(app.drafts);
  const offered = useOffered({ notice, opened });
  const [chosen, setChosen] = useState<StepDraft | undefined>(undefined);
  const [restored, setRestored] = useState(false);
  const [done, setDone] = useState<Done | undefined>(undefined);
  const line = useRef<HTMLDivElement>(null);
  const name = `step:${hex(notice.delivery)}`;

  // Drafts come from the disk a moment after the session stands.
  const kept = drafts.find<StepDraft>(name)?.content;
  useEffect(() => {
    if (chosen !== undefined || kept === undefined) return;
    setChosen(kept);
    setRestored(true);
  }, [chosen, kept]);

  useEffect(() => {
    if (done !== undefined) line.current?.focus();
  }, [done]);

  function leave(now?: Done) {
    void app.drafts.drop(name);
    setChosen(undefined);
    setRestored(false);
    setDone(now);
  }

  // What was typed since it was chosen.
  const current = kept !== undefined && kept.step === chosen?.step ? kept : chosen;
  const trusted = opened === undefined || (opened.signed && opened.receipt.ok);
  // What tells of the client needs the client, which only opening brings.
  const ready = (step: Step) => opened !== undefined || kindOfStep(step)?.hasClient === false;
  const here = trusted ? offered.filter(ready) : [];
  const later = trusted && offered.some((step) => !ready(step));
  const form = chosen !== undefined && (here.includes(chosen.step) || chosen.step === done?.step);

  return (
    <section className="steps" aria-label={words.t("page.receive.steps")}>
      <div ref={line} tabIndex={-1} role="status">
        {done !== undefined && <DoneLine done={done} notice={notice} />}
      </div>
      {restored && form && <InlineAlert mb="m">{words.t("page.receive.restored")}</InlineAlert>}
      {chosen !== undefined && !form && (
        <Held
          draft={current ?? chosen}
          why={whyHeld(words, notice, app.session.who!.user, later && offered.includes(chosen.step))}
          discard={() => leave()}
        />
      )}
      {chosen !== undefined && form && (
        <StepForm
          key={chosen.step}
          notice={notice}
          opened={opened}
          draft={current ?? chosen}
          save={(draft) => void app.drafts.put(name, draft, !app.passes)}
          leave={leave}
        />
      )}
      {chosen === undefined && here.length > 0 && (
        <>
          <Heading variant="h2" mt="l" mb="s">
            {words.t("page.receive.steps")}
          </Heading>
          <div className="buttons">
            {here.map((step) => (
              <Button
                key={step}
                variant={step === Step.TAKE || step === Step.ANSWER ? "default" : "secondary"}
                onClick={() => {
                  setDone(undefined);
                  setChosen({ step, state: { step } });
                }}
              >
                {words.of(StepSchema, step)}
              </Button>
            ))}
          </div>
        </>
      )}
      {chosen === undefined && later && <Paragraph>{words.t("page.receive.open-for-more")}</Paragraph>}
    </section>
  );
}

function whyHeld(words: Words, notice: Notice, user: Uint8Array, waits: boolean): string {
  if (waits) return words.t("page.receive.open-to-go-on");
  if (isOfQueue(notice) && !isOver(notice) && !equal(notice.claimedBy, user)) {
    return notice.claimedBy.length === 0
      ? words.t("page.receive.claim-to-go-on")
      : words.code("claimed-by-another");
  }
  return words.t("page.receive.no-longer", words.of(StateSchema, notice.state));
}

/** What was being written, where the step can't be taken now: one can read and copy it, or throw it away. */
function Held({ draft, why, discard }: { draft: StepDraft; why: string; discard: () => void }) {
  const words = useWords();
  return (
    <>
      <div role="alert">
        <InlineAlert status="warning" labelText={words.of(StepSchema, draft.step)} mb="m">
          {why}
        </InlineAlert>
      </div>
      <KeptText draft={draft} />
      <div className="buttons">
        <Button variant="secondary" onClick={discard}>
          {words.t("page.receive.discard")}
        </Button>
      </div>
    </>
  );
}

function DoneLine({ done, notice }: { done: Done; notice: Notice }) {
  const words = useWords();
  return (
    <InlineAlert status={done.proved ? "neutral" : "error"} mb="m">
      {words.t(
        done.proved ? "page.receive.done" : "page.receive.done-unproved",
        words.of(StepSchema, done.step),
      )}{" "}
      {done.step !== Step.ANSWER && words.t("page.receive.state-now", words.of(StateSchema, notice.state))}{" "}
      {done.step === Step.RETURN && words.t("note.returned")}
      {done.silent && words.t("page.receive.told-nobody")}
    </InlineAlert>
  );
}
