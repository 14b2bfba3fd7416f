/* What the sender may do about what was sent: take it back unopened, or ask the recipient to cancel. */
import { useEffect, useRef, useState } from "react";
import { Button, Heading, Paragraph } from "suomifi-ui-components";
import { Step, StepSchema } from "../../../gen/lahetti/v1/bodies_pb";
import type { Reference } from "../../../gen/lahetti/v1/common_pb";
import type { Status } from "../../../gen/lahetti/v1/session_pb";
import { offeredToSender, senderStep } from "../../trade/following";
import { missing, placeOf, type FormState } from "../../trade/forms";
import { kindNamed } from "../../trade/tables";
import { equal, hex } from "../../wire/bytes";
import type { TextKey } from "../../words/words";
import { useApp, useWords } from "../context";
import { Form } from "../Form";
import { FormEnd } from "../parts";
import { PlaceName } from "../RecipientPicker";
import { Sending } from "./Files";
import { Proved } from "./Proved";
import { useDraft } from "./useDraft";
import { useSending, type Sent } from "./useSending";

const HINTS: Partial<Record<Step, TextKey>> = {
  [Step.RECALL]: "page.send.recall.hint",
  [Step.REQUEST_CANCEL]: "page.send.request-cancel.hint",
};

interface Props {
  statuses: readonly Status[];
  reference: Reference;
  /** Something was done: what is shown may have changed. */
  taken: () => void;
}

export function SenderSteps({ statuses, reference, taken }: Props) {
  const words = useWords();
  const [chosen, setChosen] = useState<{ delivery: Uint8Array; step: Step } | undefined>(undefined);
  const [done, setDone] = useState<{ step: Step; sent: Sent } | undefined>(undefined);
  const status = statuses.find(({ delivery }) => chosen !== undefined && equal(delivery, chosen.delivery));

  return (
    <>
      {done !== undefined && (
        <Proved sent={done.sent} title={words.t("page.send.step-done", words.of(StepSchema, done.step))} />
      )}
      {chosen !== undefined && status !== undefined ? (
        <StepOfSender
          status={status}
          step={chosen.step}
          reference={reference}
          leave={(sent) => {
            if (sent !== undefined) setDone({ step: chosen.step, sent });
            setChosen(undefined);
            taken();
          }}
        />
      ) : (
        statuses.map((one) => {
          const steps = offeredToSender(one);
          if (steps.length === 0) return null;
          return (
            <div className="buttons" key={hex(one.delivery)}>
              {steps.map((step) => (
                <Button
                  key={step}
                  variant="secondary"
                  onClick={() => {
                    setDone(undefined);
                    setChosen({ delivery: one.delivery, step });
                  }}
                >
                  {words.of(StepSchema, step)}
                </Button>
              ))}
              {statuses.length > 1 && one.recipient !== undefined && (
                <span>
                  <PlaceName place={placeOf(one.recipient)} />
                </span>
              )}
            </div>
          );
        })
      )}
    </>
  );
}

function StepOfSender(props: {
  status: Status;
  step: Step;
  reference: Reference;
  leave: (sent?: Sent) => void;
}) {
  const app = useApp();
  const words = app.words;
  const { status, step, reference, leave } = props;
  const kind = kindNamed("acknowledgement");
  const name = `sender-step:${hex(status.delivery)}:${step}`;
  const draft = useDraft<FormState>(name, { step });
  const [tried, setTried] = useState(false);
  const sending = useSending(
    name,
    (sent) => {
      draft.drop();
      leave(sent);
    },
    true,
  );
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const hint = HINTS[step];

  async function send() {
    setTried(true);
    if (missing(kind, draft.state).length > 0) return;
    // From another state the same step is another.
    await sending.send(JSON.stringify([draft.state, status.state]), () =>
      senderStep(status, step, reference, draft.state),
    );
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Heading variant="h2" ref={heading} tabIndex={-1} mt="m" mb="s" className="part-heading">
        {words.of(StepSchema, step)}
      </Heading>
      {hint !== undefined && <Paragraph mb="m">{words.t(hint)}</Paragraph>}
      <Form kind={kind} state={draft.state} onChange={draft.set} tried={tried} />
      <FormEnd
        why={sending.why}
        busy={sending.busy}
        does={words.t("page.receive.sign-and-record")}
        leave={() => {
          draft.drop();
          leave();
        }}
      >
        <Sending {...sending.progress} />
      </FormEnd>
    </form>
  );
}
