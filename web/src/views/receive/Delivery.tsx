/*
 * One delivery. Before it is opened it shows what its notice tells; afterwards what its author wrote, what it rests on, and what one
 * may do about it. What changes meanwhile is said in words.
 */
import { useEffect, useRef, useState } from "react";
import { InlineAlert } from "suomifi-ui-components";
import { State, StateSchema, UrgencySchema } from "../../../gen/lahetti/v1/bodies_pb";
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { useObservable } from "../../session/observable";
import { isHandedBack } from "../../session/opened";
import { placeOf } from "../../trade/forms";
import { hasLife } from "../../trade/steps";
import { equal, hex } from "../../wire/bytes";
import type { TextKey } from "../../words/words";
import { useApp, useWords } from "../context";
import { Person, Place, useKindName } from "../names";
import { PlaceName } from "../RecipientPicker";
import { Busy, Empty, Facts, Failure, View } from "../parts";
import { href } from "../routes";
import { Deadline } from "./NoticeRow";
import { OpenedView } from "./OpenedView";
import { QueueButtons } from "./QueueButtons";
import { Related } from "./Related";
import { Steps } from "./Steps";
import { Unopened } from "./Unopened";

export function Delivery({ id }: { id: string }) {
  const app = useApp();
  const words = app.words;
  const inbox = useObservable(app.inbox);
  const kindName = useKindName();
  const notice = inbox.find(id);
  useEffect(() => app.inbox.look(id), [app, id, notice]);

  if (notice === undefined) {
    return (
      <View title={words.t("page.receive.delivery")}>
        <Failure why={inbox.failed} again={() => inbox.again()} />
        {!inbox.complete && inbox.failed === undefined && <Busy text={words.t("page.reading")} />}
        {inbox.complete && <Empty>{words.t("page.receive.no-such-delivery")}</Empty>}
        <BackToInbox />
      </View>
    );
  }
  return (
    <View title={kindName(notice.kind, notice.fromOrganisation)}>
      <BackToInbox />
      <Happened notice={notice} />
      <NoticeFacts notice={notice} />
      <Inside notice={notice} />
      <Related notice={notice} />
    </View>
  );
}

function Inside({ notice }: { notice: Notice }) {
  const app = useApp();
  const contents = useObservable(app.opened);
  const opened = contents.find(hex(notice.delivery));
  return (
    <>
      <QueueButtons notice={notice} />
      {opened === undefined ? <Unopened notice={notice} /> : <OpenedView opened={opened} />}
      <Steps notice={notice} opened={opened} />
    </>
  );
}

function BackToInbox() {
  const words = useWords();
  return (
    <p className="back">
      <a href={href("inbox")}>{words.t("page.receive.back")}</a>
    </p>
  );
}

/** An opened document tells itself how urgent it is. */
function NoticeFacts({ notice }: { notice: Notice }) {
  const words = useWords();
  const app = useApp();
  const opened = useObservable(app.opened).find(hex(notice.delivery)) !== undefined;
  return (
    <Facts
      rows={[
        [
          words.t("page.receive.from"),
          <Place unit={notice.fromUnit} organisation={notice.fromOrganisation} />,
        ],
        [
          words.t("page.receive.to"),
          notice.recipient === undefined ? undefined : <PlaceName place={placeOf(notice.recipient)} />,
        ],
        [words.t("page.receive.state"), words.of(StateSchema, notice.state)],
        [words.t("page.receive.urgency"), opened ? "" : words.of(UrgencySchema, notice.urgency)],
        [
          words.t("page.receive.deadline-label"),
          notice.deadline === 0 ? undefined : <Deadline notice={notice} labelled />,
        ],
        [words.t("page.receive.sent"), words.instant(notice.acceptedUs)],
        [
          words.t("page.receive.claimed-by-label"),
          notice.claimedBy.length === 0 ? undefined : (
            <Person user={notice.claimedBy} unit={app.session.acting!.unit} />
          ),
        ],
      ]}
    />
  );
}

/** What each state that others bring about means to the one who reads it now. */
const MEANINGS: Partial<Record<State, TextKey>> = {
  [State.RETURNED]: "page.receive.happened.returned",
  [State.REDIRECTED]: "page.receive.happened.redirected",
  [State.RECALLED]: "page.receive.happened.recalled",
  [State.STOPPED]: "page.receive.happened.stopped",
  [State.CANCEL_REQUESTED]: "page.receive.happened.cancel-requested",
  [State.CANCEL_CONFIRMED]: "page.receive.happened.cancel-confirmed",
  [State.EXPIRED]: "page.receive.happened.expired",
};

/**
 * What is the case, where it is not the ordinary; and what changed while one was looking, also where it is: the state, or who has
 * taken it from the queue.
 */
function Happened({ notice }: { notice: Notice }) {
  const app = useApp();
  const words = useWords();
  const first = useRef(notice.state);
  const [changed, setChanged] = useState<State | undefined>(undefined);
  useEffect(() => {
    if (first.current === notice.state) return;
    first.current = notice.state;
    // One's own step says itself what came of it.
    const others = hasLife(notice) && !app.opened.isOwnDoing(notice.delivery, "step");
    setChanged(others ? notice.state : undefined);
  }, [app, notice]);

  const user = app.session.who!.user;
  const claimed = useRef(notice.claimedBy);
  const [lost, setLost] = useState(false);
  useEffect(() => {
    const wasMine = equal(claimed.current, user);
    const isMine = equal(notice.claimedBy, user);
    claimed.current = notice.claimedBy;
    if (wasMine && !isMine && !app.opened.isOwnDoing(notice.delivery, "release")) setLost(true);
    else if (isMine) setLost(false);
  }, [app, notice, user]);

  const meaning = MEANINGS[notice.state];
  return (
    <div role="status" className="happened">
      {changed !== undefined && meaning === undefined && (
        <InlineAlert mb="m">
          {words.t("page.receive.state-now", words.of(StateSchema, notice.state))}
        </InlineAlert>
      )}
      {meaning !== undefined && (
        <InlineAlert status={isHandedBack(notice) ? "neutral" : "warning"} mb="m">
          {words.t(meaning)}
        </InlineAlert>
      )}
      {lost && (
        <InlineAlert status="warning" mb="m">
          {words.t("page.receive.claim-lost")}
        </InlineAlert>
      )}
    </div>
  );
}
