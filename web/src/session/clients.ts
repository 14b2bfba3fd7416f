/*
 * Clients of one's unit whom the page has been shown: identity and cases, so that a list can say whose matter it is. They come from
 * the unit's listing, which the trail records; they live in memory alone, and as long as one acts in the same role.
 */
import { create } from "@bufbuild/protobuf";
import { FindClientsSchema, type ClientEntry, type ClientPage } from "../../gen/lahetti/v1/session_pb";
import { hex, NONE } from "../wire/bytes";
import { Observable } from "./observable";
import type { Session } from "./session";

/** Of 50 clients each. A unit with more is searched by name. */
const LISTED_PAGES_MOST = 10;

export class Clients extends Observable {
  private readonly entries = new Map<string, ClientEntry>();
  private listing: Promise<void> | undefined;
  private acting = "";

  constructor(private readonly session: Session) {
    super();
    session.watch(() => {
      const now = hex(session.acting?.id ?? NONE);
      if (now !== this.acting && session.phase.name !== "lost") this.clear();
      this.acting = now;
    });
  }

  find(client: string): ClientEntry | undefined {
    return this.entries.get(client);
  }

  /** Lists the unit's clients, once. Rejects with Refusal or Lost. */
  list(): Promise<void> {
    this.listing ??= this.readAll().catch((why: unknown) => {
      this.listing = undefined;
      throw why;
    });
    return this.listing;
  }

  /** A page of those that fit the term. Rejects with Refusal or Lost. */
  async search(term: string, cursor: Uint8Array = NONE): Promise<ClientPage> {
    const page = await this.session.ask(
      { case: "findClients", value: create(FindClientsSchema, { term, cursor }) },
      "clients",
    );
    page.clients.forEach((entry) => this.entries.set(hex(entry.client), entry));
    this.changed();
    return page;
  }

  /** One that was added here. */
  keep(entry: ClientEntry): void {
    this.entries.set(hex(entry.client), entry);
    this.changed();
  }

  clear(): void {
    this.entries.clear();
    this.listing = undefined;
    this.changed();
  }

  private async readAll(): Promise<void> {
    let cursor: Uint8Array = NONE;
    for (let n = 0; n < LISTED_PAGES_MOST; n++) {
      const page = await this.search("", cursor);
      cursor = page.cursor;
      if (cursor.length === 0) return;
    }
  }
}

/** "Family, Given", as lists of people are sorted. */
export function clientName(entry: ClientEntry): string {
  const { familyName = "", givenNames = "" } = entry.identity ?? {};
  return [familyName, givenNames].filter((part) => part !== "").join(", ");
}
