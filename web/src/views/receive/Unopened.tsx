/* Before it is opened: that opening is recorded, and what it does not mean. */
import { useState } from "react";
import { Button, Paragraph } from "suomifi-ui-components";
import { State, Step } from "../../../gen/lahetti/v1/bodies_pb";
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { isHandedBack } from "../../session/opened";
import { isOfQueue } from "../../trade/steps";
import { equal } from "../../wire/bytes";
import { useApp, useWords } from "../context";
import { Busy, Failure } from "../parts";

export function Unopened({ notice }: { notice: Notice }) {
  const app = useApp();
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const first = notice.steps.includes(Step.OPEN);
  // What a withdrawal stopped may never have been opened here.
  const again = !first && notice.state !== State.STOPPED;
  const free = !isOfQueue(notice) || equal(notice.claimedBy, app.session.who!.user);

  async function open() {
    if (busy) return;
    setBusy(true);
    setWhy(undefined);
    try {
      await app.opened.open(notice);
    } catch (failed) {
      setWhy(failed);
    } finally {
      setBusy(false);
    }
  }

  if (isHandedBack(notice)) return null;
  return (
    <section className="unopened">
      <Failure why={why} />
      {free && (
        <>
          <Paragraph>{words.t(first ? "page.receive.open.hint" : "page.receive.open-again.hint")}</Paragraph>
          <Paragraph>{words.t("note.opened")}</Paragraph>
          <div className="buttons">
            <Button onClick={() => void open()} aria-disabled={busy}>
              {words.t(again ? "page.receive.open-again" : "step.open")}
            </Button>
          </div>
          {busy && <Busy text={words.t("page.receive.opening")} />}
        </>
      )}
    </section>
  );
}
