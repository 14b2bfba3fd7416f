/*
 * The inbox: what is addressed to one, and the unit's queue, newest first. What comes while one reads does not move the list: it is
 * counted in a line above, and shown when one asks for it.
 */
import { useEffect, useRef, type ReactNode } from "react";
import { Button } from "suomifi-ui-components";
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { useObservable } from "../../session/observable";
import { isOfQueue, isOver } from "../../trade/steps";
import { equal, hex } from "../../wire/bytes";
import type { TextKey } from "../../words/words";
import { useApp, useWords } from "../context";
import { Busy, Empty, Failure, View } from "../parts";
import { href } from "../routes";
import { LongList } from "../LongList";
import { NoticeRow } from "./NoticeRow";

export interface InboxPlace {
  queue: boolean;
  ended: boolean;
}

const QUEUE = "queue";
const ENDED = "ended";

/** Which list an address means: inbox, inbox/ended, inbox/queue, inbox/queue/ended. Undefined where it means a delivery. */
export function readPlace(rest: string[]): InboxPlace | undefined {
  const [first, ...more] = rest;
  if (first === undefined) return { queue: false, ended: false };
  if (first === ENDED) return { queue: false, ended: true };
  if (first === QUEUE) return { queue: true, ended: more[0] === ENDED };
  return undefined;
}

function hrefOf({ queue, ended }: InboxPlace): string {
  return href("inbox", ...(queue ? [QUEUE] : []), ...(ended ? [ENDED] : []));
}

/** Mine: addressed to me or my role, or taken by me from the queue. */
function isMine(notice: Notice, user: Uint8Array): boolean {
  return !isOfQueue(notice) || equal(notice.claimedBy, user);
}

const EMPTY: Record<`${boolean}-${boolean}`, TextKey> = {
  "false-false": "page.receive.empty",
  "false-true": "page.receive.empty.ended",
  "true-false": "page.receive.empty.queue",
  "true-true": "page.receive.empty.ended",
};

export function InboxList({ queue, ended }: InboxPlace) {
  const app = useApp();
  const words = app.words;
  const inbox = useObservable(app.inbox);
  const user = app.session.who!.user;
  // Who comes to a list reads nothing of it yet: it has all that there is.
  useEffect(() => app.inbox.look(), [app, queue, ended]);
  const known = inbox.all().filter((notice) => !inbox.arrived.has(hex(notice.delivery)));
  const of = (inQueue: boolean) => known.filter((notice) => inQueue !== isMine(notice, user));
  const shown = of(queue).filter((notice) => isOver(notice) === ended);
  const waiting = (inQueue: boolean) => of(inQueue).filter((notice) => !isOver(notice)).length;

  return (
    <View title={words.t("page.receive.inbox")}>
      <Arrived />
      <div role="group" className="tabs" aria-label={words.t("page.receive.lists")}>
        <Tab place={{ queue: false, ended }} here={!queue}>
          {words.t("page.receive.mine")} ({words.number(waiting(false))})
        </Tab>
        <Tab place={{ queue: true, ended }} here={queue}>
          {words.t("page.receive.queue")} ({words.number(waiting(true))})
        </Tab>
      </div>
      <div role="group" className="filter" aria-label={words.t("page.receive.which")}>
        <Tab place={{ queue, ended: false }} here={!ended}>
          {words.t("page.receive.open")}
        </Tab>
        <Tab place={{ queue, ended: true }} here={ended}>
          {words.t("page.receive.ended")}
        </Tab>
      </div>
      <Failure why={inbox.failed} again={() => inbox.again()} />
      {!inbox.complete && inbox.failed === undefined && <Busy text={words.t("page.reading")} />}
      {inbox.complete && shown.length === 0 && <Empty>{words.t(EMPTY[`${queue}-${ended}`])}</Empty>}
      <LongList items={shown} keyOf={(notice) => hex(notice.delivery)} name={words.t("page.receive.inbox")}>
        {(notice) => <NoticeRow notice={notice} />}
      </LongList>
    </View>
  );
}

function Tab({ place, here, children }: { place: InboxPlace; here: boolean; children: ReactNode }) {
  return (
    <a href={hrefOf(place)} aria-current={here ? "page" : undefined}>
      {children}
    </a>
  );
}

/** "2 new", in a polite line; the button shows them, and leaves the focus where the line was. */
function Arrived() {
  const app = useApp();
  const words = useWords();
  const inbox = useObservable(app.inbox);
  const line = useRef<HTMLDivElement>(null);
  const n = inbox.arrived.size;
  return (
    <div role="status" className="arrived" ref={line} tabIndex={-1}>
      {n > 0 && (
        <p>
          {words.t(n === 1 ? "page.receive.arrived.one" : "page.receive.arrived", words.number(n))}{" "}
          <Button
            variant="secondaryNoBorder"
            onClick={() => {
              inbox.look();
              line.current?.focus();
            }}
          >
            {words.t("page.receive.show")}
          </Button>
        </p>
      )}
    </div>
  );
}
