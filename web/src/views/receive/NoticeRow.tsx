/* A delivery in the list: what its notice tells, and no more. */
import { StaticChip } from "suomifi-ui-components";
import { State, StateSchema, Urgency, UrgencySchema } from "../../../gen/lahetti/v1/bodies_pb";
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { isOfQueue, isOver } from "../../trade/steps";
import { hex } from "../../wire/bytes";
import { today } from "../../words/words";
import { useApp, useWords } from "../context";
import { Person, Place, useKindName } from "../names";
import { href } from "../routes";

export function NoticeRow({ notice }: { notice: Notice }) {
  const words = useWords();
  const kindName = useKindName();
  const unread = notice.state === State.REQUESTED || notice.state === State.HANDED_OVER;
  return (
    <a className={unread ? "notice unread" : "notice"} href={href("inbox", hex(notice.delivery))}>
      <span className="notice-title">
        <span className="notice-kind">{kindName(notice.kind, notice.fromOrganisation)}</span>
        <UrgencyChip urgency={notice.urgency} />
      </span>
      <span className="notice-from">
        <Place unit={notice.fromUnit} organisation={notice.fromOrganisation} />
      </span>
      <span className="notice-facts">
        <span>{words.of(StateSchema, notice.state)}</span>
        <span>{words.t("page.receive.sent-at", words.instant(notice.acceptedUs))}</span>
        <Deadline notice={notice} />
        <Claimed notice={notice} />
      </span>
    </a>
  );
}

/** Only what is not normal is marked. */
export function UrgencyChip({ urgency }: { urgency: Urgency }) {
  const words = useWords();
  if (urgency !== Urgency.SOON && urgency !== Urgency.URGENT) return null;
  return <StaticChip className="urgent">{words.of(UrgencySchema, urgency)}</StaticChip>;
}

/** The deadline, in words where it is today or has passed. */
export function Deadline({ notice, labelled = false }: { notice: Notice; labelled?: boolean }) {
  const words = useWords();
  const { deadline } = notice;
  if (deadline === 0) return null;
  const day = words.date(deadline);
  const now = today();
  if (isOver(notice) || deadline > now)
    return <span>{labelled ? day : words.t("page.receive.deadline", day)}</span>;
  return (
    <span className="late">
      {words.t(deadline === now ? "page.receive.deadline.today" : "page.receive.deadline.late", day)}
    </span>
  );
}

/** Of a queue's delivery: whether somebody has taken it, and who. */
export function Claimed({ notice }: { notice: Notice }) {
  const app = useApp();
  const words = useWords();
  if (!isOfQueue(notice)) return null;
  if (notice.claimedBy.length === 0)
    return isOver(notice) ? null : <span>{words.t("page.receive.unclaimed")}</span>;
  return (
    <span>
      {words.t("page.receive.claimed-by")} <Person user={notice.claimedBy} unit={app.session.acting!.unit} />
    </span>
  );
}
