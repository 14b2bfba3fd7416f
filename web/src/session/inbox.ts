/*
 * What is on its way to the membership in which one acts: notices, never content. They are asked for when the session stands, and
 * come by themselves from then on; the page says that it has them (handed over).
 */
import { create } from "@bufbuild/protobuf";
import { State } from "../../gen/lahetti/v1/bodies_pb";
import { HandedOverSchema, SubscribeSchema, type Notice } from "../../gen/lahetti/v1/session_pb";
import { seesClients } from "../trade/tables";
import { hex } from "../wire/bytes";
import { Observable } from "./observable";
import type { Session } from "./session";

const HANDED_OVER_MOST = 200;

export class Inbox extends Observable {
  /** False until all that waited has come. */
  complete = false;
  /** Deliveries that came after the page had all that waited. */
  readonly arrived = new Set<string>();
  private readonly notices = new Map<string, Notice>();
  private acting = "";

  constructor(private readonly session: Session) {
    super();
    session.onPush((frame) => {
      if (frame.case === "notice") this.take(frame.value);
    });
    session.onSignedIn(() => void this.follow().catch(() => {}));
  }

  /** Newest first. */
  all(): Notice[] {
    return [...this.notices.values()].sort((a, b) => (a.acceptedUs < b.acceptedUs ? 1 : -1));
  }

  find(delivery: string): Notice | undefined {
    return this.notices.get(delivery);
  }

  clear(): void {
    this.notices.clear();
    this.arrived.clear();
    this.complete = false;
    this.acting = "";
    this.changed();
  }

  private async follow(): Promise<void> {
    const acting = hex(this.session.who!.acting);
    if (acting !== this.acting) this.clear();
    this.acting = acting;
    // Nothing is sent to the others, and each refusal would stand in the log.
    if (!seesClients(this.session.acting?.role ?? 0)) return;
    let after = 0n;
    for (const notice of this.notices.values()) if (notice.position > after) after = notice.position;
    for (let more = true; more;) {
      const answer = await this.session.ask(
        { case: "subscribe", value: create(SubscribeSchema, { after }) },
        "subscribed",
      );
      more = answer.more;
      after = answer.position;
    }
    this.complete = true;
    this.changed();
    await this.handOver();
  }

  private take(notice: Notice): void {
    const key = hex(notice.delivery);
    if (notice.gone) this.notices.delete(key);
    else {
      if (this.complete && !this.notices.has(key)) this.arrived.add(key);
      this.notices.set(key, notice);
    }
    this.changed();
    if (this.complete) void this.handOver().catch(() => {});
  }

  private async handOver(): Promise<void> {
    const fresh = this.all().filter((notice) => notice.state === State.REQUESTED);
    for (let at = 0; at < fresh.length; at += HANDED_OVER_MOST) {
      const deliveries = fresh.slice(at, at + HANDED_OVER_MOST).map((notice) => notice.delivery);
      await this.session.ask({ case: "handedOver", value: create(HandedOverSchema, { deliveries }) }, "done");
    }
  }
}
