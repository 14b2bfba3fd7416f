/*
 * Names of organisations, units and people. Organisations and units are read once; people a unit at a time, when somebody is to
 * be chosen from it.
 */
import { create } from "@bufbuild/protobuf";
import { PutDirectorySchema, ReadDirectorySchema, type DirectoryPage } from "../../gen/lahetti/v1/session_pb";
import type { DirectoryEntry, Membership, Organisation, Unit, User } from "../../gen/lahetti/v1/directory_pb";
import { equal, hex, NONE, type Bytes } from "../wire/bytes";
import { Observable } from "./observable";
import type { Session } from "./session";

export interface Member {
  user: User;
  membership: Membership;
}

/** A user with what they are, and were, in units. */
export interface Person {
  user: User;
  roles: { membership: Membership; unit: Unit | undefined }[];
}

const PAGE = 200;
/** Pages follow each other no faster than the server hears requests. */
const PAUSE_MS = 60;

export class Directory extends Observable {
  private readonly organisations = new Map<string, Organisation>();
  private readonly units = new Map<string, Unit>();
  private readonly people = new Map<string, Promise<Member[]>>();
  private reading: Promise<void> | undefined;

  constructor(private readonly session: Session) {
    super();
    session.onSignedIn(() => void this.load().catch(() => {}));
  }

  /** Reads organisations and units, once. */
  load(): Promise<void> {
    this.reading ??= this.readPlaces().catch((why: unknown) => {
      this.reading = undefined;
      throw why;
    });
    return this.reading;
  }

  /** Forgets what has been read: it may have changed. */
  async refresh(): Promise<void> {
    this.people.clear();
    this.reading = undefined;
    await this.load();
  }

  allOrganisations(): Organisation[] {
    return [...this.organisations.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  allUnits(): Unit[] {
    return [...this.units.values()].sort((a, b) => a.name.localeCompare(b.name));
  }

  organisation(id: Uint8Array): Organisation | undefined {
    return this.organisations.get(hex(id));
  }

  unit(id: Uint8Array): Unit | undefined {
    return this.units.get(hex(id));
  }

  /** "Unit, Organisation"; the organisation is left out where it is one's own. */
  placeName(unit: Uint8Array, organisation?: Uint8Array): string {
    const found = this.unit(unit);
    const of = this.organisation(found?.organisation ?? organisation ?? NONE);
    const own = this.session.acting;
    const other = of !== undefined && (own === undefined || !equal(of.id, own.organisation));
    return [found?.name, other ? of.name : undefined].filter((part) => part !== undefined).join(", ");
  }

  /** Who is in a unit now, by name. */
  members(unit: Bytes): Promise<Member[]> {
    const key = hex(unit);
    let found = this.people.get(key);
    if (found === undefined) {
      found = this.readMembers(unit);
      found.catch(() => this.people.delete(key));
      this.people.set(key, found);
    }
    return found;
  }

  /** People and units whose names hold the term. */
  async search(term: string, organisation: Bytes = NONE): Promise<DirectoryEntry[]> {
    return (await this.page({ term, organisation })).entries;
  }

  /** All users of an organisation, a page at a time as they come, until `take` says that it is enough. */
  async users(organisation: Bytes, take: (users: User[]) => boolean): Promise<void> {
    let cursor: Uint8Array = NONE;
    let enough = false;
    do {
      const page: DirectoryPage = await this.page({ organisation, cursor });
      cursor = page.cursor;
      const users = page.entries.flatMap(({ entry }) => (entry.case === "user" ? [entry.value] : []));
      // Memberships come after all users.
      enough = !take(users) || page.entries.some(({ entry }) => entry.case === "membership");
      if (!enough && cursor.length > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    } while (!enough && cursor.length > 0);
  }

  /** Undefined where there is none. */
  async person(id: Bytes): Promise<Person | undefined> {
    let found: User | undefined;
    const units = new Map<string, Unit>();
    const roles: Person["roles"] = [];
    let cursor: Uint8Array = NONE;
    do {
      const page: DirectoryPage = await this.page({ user: id, cursor });
      cursor = page.cursor;
      for (const { entry } of page.entries) {
        if (entry.case === "user") found = entry.value;
        if (entry.case === "unit") units.set(hex(entry.value.id), entry.value);
        if (entry.case !== "membership") continue;
        roles.push({ membership: entry.value, unit: units.get(hex(entry.value.unit)) });
      }
    } while (cursor.length > 0);
    return found === undefined ? undefined : { user: found, roles };
  }

  /** An administrator's: a row as it is to be from now on. Rejects with Refusal. */
  async put(entry: DirectoryEntry["entry"]): Promise<void> {
    const value = create(PutDirectorySchema, { entry: { entry } });
    await this.session.ask({ case: "putDirectory", value }, "done");
    await this.refresh();
  }

  private page(asked: {
    term?: string;
    organisation?: Bytes;
    unit?: Bytes;
    user?: Bytes;
    cursor?: Uint8Array;
  }): Promise<DirectoryPage> {
    return this.session.ask(
      { case: "readDirectory", value: create(ReadDirectorySchema, { ...asked, limit: PAGE }) },
      "directory",
    );
  }

  private async readPlaces(): Promise<void> {
    let cursor: Uint8Array = NONE;
    do {
      const page: DirectoryPage = await this.page({ cursor });
      cursor = page.cursor;
      for (const { entry } of page.entries) {
        if (entry.case === "organisation") this.organisations.set(hex(entry.value.id), entry.value);
        else if (entry.case === "unit") this.units.set(hex(entry.value.id), entry.value);
        else cursor = NONE; // people come after all places
      }
    } while (cursor.length > 0);
    this.changed();
  }

  private async readMembers(unit: Bytes): Promise<Member[]> {
    const users = new Map<string, User>();
    const members: Member[] = [];
    let cursor: Uint8Array = NONE;
    do {
      const page: DirectoryPage = await this.page({ unit, cursor });
      cursor = page.cursor;
      for (const { entry } of page.entries) {
        if (entry.case === "user") users.set(hex(entry.value.id), entry.value);
        if (entry.case !== "membership" || entry.value.ended || !equal(entry.value.unit, unit)) continue;
        const user = users.get(hex(entry.value.user));
        if (user !== undefined && !user.disabled) members.push({ user, membership: entry.value });
      }
    } while (cursor.length > 0);
    return members.sort((a, b) => a.user.name.localeCompare(b.user.name));
  }
}
