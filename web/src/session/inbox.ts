/*
 * What is on its way to the membership in which one acts: notices, never content. They are asked for when the session stands, and
 * come by themselves from then on; the page says that it has them (handed over).
 */
import { create } from "@bufbuild/protobuf";
import { State } from "../../gen/lahetti/v1/bodies_pb";
import { HandedOverSchema, SubscribeSchema, type Notice } from "../../gen/lahetti/v1/session_pb";
import { seesClients } from "../trade/tables";
import { equal, hex } from "../wire/bytes";
import { Observable } from "./observable";
import type { Session } from "./session";

const HANDED_OVER_MOST = 200;
/** Changes often come together: the steps that they open are asked for once. */
const TOGETHER_MS = 150;

/** States in which a notice that is gone still says what happened; in any other its content has been erased. */
const LEFT = new Set([State.RETURNED, State.REDIRECTED, State.RECALLED, State.STOPPED]);

export class Inbox extends Observable {
  /** False until all that waited has come. */
  complete = false;
  /** Why what waits could not be asked for. */
  failed: unknown;
  /** Deliveries that came after the page had all that waited, and that nobody has looked at here. */
  readonly arrived = new Set<string>();
  private readonly notices = new Map<string, Notice>();
  /** Drawn lists ask for the same order again and again. */
  private sorted: Notice[] | undefined;
  private acting = "";
  /** All changes up to this event have come with the steps that are open. */
  private position = 0n;
  private following: Promise<void> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly session: Session) {
    super();
    session.onPush((frame) => {
      if (frame.case === "notice") this.take(frame.value);
    });
    session.onSignedIn(() => this.begin());
  }

  /** Newest first. */
  all(): Notice[] {
    this.sorted ??= [...this.notices.values()].sort((a, b) => (a.acceptedUs < b.acceptedUs ? 1 : -1));
    return this.sorted;
  }

  find(delivery: string): Notice | undefined {
    return this.notices.get(delivery);
  }

  /** Whether its steps are those that are open now; else they are being asked for. */
  isSettled(notice: Notice): boolean {
    return notice.position <= this.position;
  }

  /** One has looked: what has arrived is new no more. Without a delivery, all of it. */
  look(delivery?: string): void {
    if (delivery === undefined) this.arrived.clear();
    else if (!this.arrived.delete(delivery)) return;
    this.changed();
  }

  /** Asks again, after a failure. */
  again(): void {
    this.begin();
  }

  clear(): void {
    clearTimeout(this.timer);
    this.notices.clear();
    this.sorted = undefined;
    this.arrived.clear();
    this.complete = false;
    this.failed = undefined;
    this.acting = "";
    this.position = 0n;
    this.changed();
  }

  private begin(): void {
    this.follow().catch((why: unknown) => {
      this.failed = why;
      this.changed();
    });
  }

  /** Asks for what has changed since. One at a time: a change that comes meanwhile is asked for afterwards. */
  private follow(): Promise<void> {
    const before = this.following ?? Promise.resolve();
    const now = before.catch(() => {}).then(() => this.catchUp());
    this.following = now;
    return now;
  }

  private async catchUp(): Promise<void> {
    const membership = this.session.acting;
    if (membership === undefined) return;
    const acting = hex(membership.id);
    if (acting !== this.acting) this.clear();
    this.acting = acting;
    // Nothing is sent to the others, and each refusal would stand in the log.
    if (!seesClients(membership.role)) return;
    for (let more = true; more;) {
      const answer = await this.session.ask(
        { case: "subscribe", value: create(SubscribeSchema, { after: this.position }) },
        "subscribed",
      );
      if (this.acting !== acting) return; // another role, or nobody, meanwhile
      more = answer.more;
      if (answer.position > this.position) this.position = answer.position;
    }
    this.complete = true;
    this.failed = undefined;
    this.changed();
    await this.handOver();
  }

  private take(notice: Notice): void {
    const key = hex(notice.delivery);
    const known = this.notices.get(key);
    if (known !== undefined && known.position > notice.position) return; // overtaken
    this.sorted = undefined;
    if (notice.gone && !LEFT.has(notice.state)) this.notices.delete(key);
    else {
      if (this.complete && known === undefined && !notice.gone) this.arrived.add(key);
      if (known !== undefined && notice.steps.length === 0 && isStill(known, notice))
        notice.steps = known.steps;
      this.notices.set(key, notice);
    }
    if (notice.gone) this.arrived.delete(key);
    this.changed();
    if (this.complete && notice.position > this.position) this.soon();
  }

  /** A notice that comes unasked has no steps: what is open now is asked for. */
  private soon(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.begin(), TOGETHER_MS);
  }

  private async handOver(): Promise<void> {
    const fresh = this.all().filter((notice) => notice.state === State.REQUESTED);
    for (let at = 0; at < fresh.length; at += HANDED_OVER_MOST) {
      const deliveries = fresh.slice(at, at + HANDED_OVER_MOST).map((notice) => notice.delivery);
      await this.session.ask({ case: "handedOver", value: create(HandedOverSchema, { deliveries }) }, "done");
    }
  }
}

/** Nothing has happened by which other steps would be open. */
function isStill(before: Notice, now: Notice): boolean {
  return before.state === now.state && equal(before.claimedBy, now.claimedBy);
}
