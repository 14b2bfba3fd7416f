/* What one's unit has sent, with its state at a glance. Changes come by themselves. */
import { useEffect, useState } from "react";
import { Button } from "suomifi-ui-components";
import { StateSchema } from "../../../gen/lahetti/v1/bodies_pb";
import { ReasonSchema } from "../../../gen/lahetti/v1/bodies_pb";
import type { Status } from "../../../gen/lahetti/v1/session_pb";
import { useObservable } from "../../session/observable";
import { daysLate, isEnded } from "../../trade/following";
import { placeOf } from "../../trade/forms";
import { hex, nowUs } from "../../wire/bytes";
import type { TextKey } from "../../words/words";
import { useApp, useWords } from "../context";
import { useKindName } from "../names";
import { Busy, Empty, Failure, View } from "../parts";
import { PlaceName } from "../RecipientPicker";
import { href } from "../routes";
import { LongList } from "../LongList";
import { ClientName } from "./Identity";

export type SentFilter = "open" | "late" | "ended";

const FILTERS: Record<SentFilter, TextKey> = {
  open: "page.receive.open",
  late: "page.send.late",
  ended: "page.receive.ended",
};

const EMPTY: Record<SentFilter, TextKey> = {
  open: "page.send.sent.none",
  late: "page.send.late.none",
  ended: "page.receive.empty.ended",
};

function fits(status: Status, filter: SentFilter, now: bigint): boolean {
  if (filter === "ended") return isEnded(status);
  return filter === "late" ? daysLate(status, now) > 0 : !isEnded(status);
}

export function SentList({ filter }: { filter: SentFilter }) {
  const app = useApp();
  const words = app.words;
  const sent = useObservable(app.sent);
  const [reading, setReading] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const now = nowUs();
  const all = sent.all();
  const shown = all.filter((status) => fits(status, filter, now));

  async function more() {
    if (reading) return;
    setReading(true);
    setWhy(undefined);
    try {
      await app.sent.next();
    } catch (failed) {
      setWhy(failed);
    } finally {
      setReading(false);
    }
  }

  // What has come unasked is not all that there is: the first page is read once.
  // It is forgotten where the session stands anew, and read again then.
  useEffect(() => {
    if (!sent.begun) void more();
  }, [app, sent.begun]);
  useEffect(() => {
    app.clients.list().catch(() => {}); // without names it is still a list
  }, [app]);

  return (
    <View title={words.t("page.send.sent")}>
      <div role="navigation" className="filter" aria-label={words.t("page.receive.which")}>
        {(Object.keys(FILTERS) as SentFilter[]).map((one) => (
          <a
            key={one}
            href={one === "open" ? href("sent") : href("sent", one)}
            aria-current={one === filter ? "page" : undefined}
          >
            {words.t(FILTERS[one])} ({words.number(all.filter((status) => fits(status, one, now)).length)})
          </a>
        ))}
      </div>
      <Failure why={why} again={() => void more()} />
      {reading && <Busy text={words.t("page.reading")} />}
      {!reading && why === undefined && shown.length === 0 && (
        <Empty>{words.t(sent.more ? "page.send.sent.none-yet" : EMPTY[filter])}</Empty>
      )}
      <LongList items={shown} keyOf={(status) => hex(status.delivery)} name={words.t("page.send.sent")}>
        {(status) => <StatusRow status={status} now={now} />}
      </LongList>
      {sent.more && !reading && (
        <div className="buttons">
          <Button variant="secondary" onClick={() => void more()}>
            {words.t("page.send.more")}
          </Button>
        </div>
      )}
    </View>
  );
}

function StatusRow({ status, now }: { status: Status; now: bigint }) {
  const words = useWords();
  const app = useApp();
  const kindName = useKindName();
  const late = daysLate(status, now);
  return (
    <a className="notice" href={href("sent", hex(status.statement))}>
      <span className="notice-title">
        <span className="notice-kind">{kindName(status.kind, app.session.acting!.organisation)}</span>
        <ClientName client={hex(status.client)} />
      </span>
      {status.recipient !== undefined && (
        <span>
          <PlaceName place={placeOf(status.recipient)} />
        </span>
      )}
      <span className="notice-facts">
        <strong>{words.of(StateSchema, status.state)}</strong>
        {status.reason !== 0 && <span>{words.of(ReasonSchema, status.reason)}</span>}
        <span>{words.instant(status.sinceUs)}</span>
        {late > 0 && <span className="late">{words.t("page.send.late.days", words.number(late))}</span>}
      </span>
    </a>
  );
}
