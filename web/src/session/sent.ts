/* What one's unit has sent, as far as its sender is shown what became of it. Read a page at a time; changes come by themselves. */
import { create } from "@bufbuild/protobuf";
import { ReadSentSchema, type SentPage, type Status } from "../../gen/lahetti/v1/session_pb";
import { hex, NONE } from "../wire/bytes";
import { Observable } from "./observable";
import type { Session } from "./session";

export class Sent extends Observable {
  /** Whether there is more to be read. */
  more = true;
  /** Whether the first page has been read. */
  begun = false;
  private readonly statuses = new Map<string, Status>();
  private cursor: Uint8Array = NONE;
  private reading: Promise<void> | undefined;
  /** How often all was forgotten. */
  private turn = 0;

  constructor(private readonly session: Session) {
    super();
    session.onPush((frame) => {
      if (frame.case === "status") this.take(frame.value);
    });
    session.onSignedIn(() => this.clear());
  }

  /** Newest first. */
  all(): Status[] {
    return [...this.statuses.values()].sort((a, b) => (a.sinceUs < b.sinceUs ? 1 : -1));
  }

  of(statement: string): Status[] {
    return this.all().filter((status) => hex(status.statement) === statement);
  }

  clear(): void {
    this.turn++;
    this.statuses.clear();
    this.cursor = NONE;
    this.more = true;
    this.begun = false;
    this.reading = undefined;
    this.changed();
  }

  /** Reads the next page. Rejects with Refusal or Lost. */
  next(): Promise<void> {
    if (this.reading !== undefined) return this.reading;
    const mine = this.read().finally(() => {
      if (this.reading === mine) this.reading = undefined;
    });
    this.reading = mine;
    return mine;
  }

  /** Reads from the newest on until the statement has come: what is told unasked has neither client nor steps. */
  async look(statement: string): Promise<void> {
    let cursor: Uint8Array = NONE;
    do {
      const page: SentPage = await this.page(cursor);
      cursor = page.cursor;
      if (page.statuses.some((status) => hex(status.statement) === statement)) break;
    } while (cursor.length > 0);
    this.changed();
  }

  private async page(cursor: Uint8Array): Promise<SentPage> {
    const { turn } = this;
    const page = await this.session.ask(
      { case: "readSent", value: create(ReadSentSchema, { cursor }) },
      "sent",
    );
    if (turn !== this.turn) return this.page(NONE); // its place was in a list that is forgotten
    page.statuses.forEach((status) => this.keep(status));
    return page;
  }

  private async read(): Promise<void> {
    const page = await this.page(this.cursor);
    this.begun = true;
    this.cursor = page.cursor;
    this.more = page.cursor.length > 0;
    this.changed();
  }

  private keep(status: Status): void {
    const key = hex(status.delivery);
    const known = this.statuses.get(key);
    if (known !== undefined && known.position > status.position) return;
    // Whose matter it is does not change, and is not told again.
    if (status.client.length === 0 && known !== undefined) status.client = known.client;
    this.statuses.set(key, status);
  }

  private take(status: Status): void {
    this.keep(status);
    this.changed();
  }
}
