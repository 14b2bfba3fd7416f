/* The unit's queue: somebody takes a matter from it before opening it, and can put it back. The unit's head can put back another's. */
import { useEffect, useState } from "react";
import { Button, Paragraph } from "suomifi-ui-components";
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { isOfQueue, isOver } from "../../trade/steps";
import { equal } from "../../wire/bytes";
import { useApp, useWords } from "../context";
import { Failure } from "../parts";

export function QueueButtons({ notice }: { notice: Notice }) {
  const app = useApp();
  const words = useWords();
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const { delivery } = notice;
  const free = notice.claimedBy.length === 0;
  // Another had taken it, and has put it back.
  useEffect(() => {
    if (free) setWhy(undefined);
  }, [free]);
  if (!isOfQueue(notice) || isOver(notice)) return null;
  const mine = equal(notice.claimedBy, app.session.who!.user);
  const leads = app.session.acting!.leader;

  async function ask(what: "claim" | "release") {
    if (busy) return;
    setBusy(true);
    if (what === "release") app.opened.touch(delivery, "release");
    setWhy(undefined);
    try {
      if (what === "claim")
        await app.session.ask({ case: "claim", value: { $typeName: "lahetti.v1.Claim", delivery } }, "done");
      else
        await app.session.ask(
          { case: "release", value: { $typeName: "lahetti.v1.Release", delivery } },
          "done",
        );
    } catch (failed) {
      setWhy(failed);
    } finally {
      setBusy(false);
    }
  }

  return (
    <section className="queue" aria-label={words.t("page.receive.queue")}>
      <Failure why={why} />
      {free && <Paragraph>{words.t("page.receive.claim.hint")}</Paragraph>}
      {!free && !mine && why === undefined && <Paragraph>{words.t("page.receive.claimed.hint")}</Paragraph>}
      <div className="buttons">
        {free && (
          <Button onClick={() => void ask("claim")} aria-disabled={busy}>
            {words.t("page.receive.claim")}
          </Button>
        )}
        {(mine || (!free && leads)) && (
          <Button variant="secondary" onClick={() => void ask("release")} aria-disabled={busy}>
            {words.t("page.receive.release")}
          </Button>
        )}
      </div>
    </section>
  );
}
