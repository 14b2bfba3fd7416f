/* Who and where, by their identifiers: names of the directory, in the words of the page. */
import { OrganisationType } from "../../gen/lahetti/v1/directory_pb";
import { useObservable } from "../session/observable";
import { kind as kindRow, kindNamed } from "../trade/tables";
import { equal, hex, own } from "../wire/bytes";
import { useApp, useAsked } from "./context";

/** The word for a kind. The road decides the label: what comes from a hospital is a referral of health care. */
export function useKindName(): (kind: number, from?: Uint8Array) => string {
  const app = useApp();
  const directory = useObservable(app.directory);
  return (number, from) => {
    const row = kindRow(number);
    const type = from === undefined ? undefined : directory.organisation(from)?.type;
    if (row?.number === kindNamed("referral").number && type === OrganisationType.HOSPITAL)
      return app.words.t("kind.referral-from-health-care");
    return row === undefined
      ? app.words.t("page.receive.unknown-kind")
      : (app.words.find(row.text) ?? row.name);
  };
}

/** "Unit, Organisation". */
export function Place({ unit, organisation }: { unit: Uint8Array; organisation?: Uint8Array }) {
  const app = useApp();
  const directory = useObservable(app.directory);
  const place = directory.placeName(unit, organisation);
  return <>{place !== "" ? place : app.words.t("page.receive.unknown-place")}</>;
}

/** A person of a unit, by name; where the directory has none by that identifier any more, that is said. */
export function Person({ user, unit }: { user: Uint8Array; unit: Uint8Array }) {
  const app = useApp();
  const who = app.session.who;
  const self = who !== undefined && equal(who.user, user);
  const { value, failed } = useAsked(
    async () => (self || unit.length === 0 ? [] : app.directory.members(own(unit))),
    [hex(user), hex(unit), self],
  );
  if (self) return <>{who.userName}</>;
  const found = value?.find((member) => equal(member.user.id, user));
  if (found !== undefined) return <>{found.user.name}</>;
  return (
    <>{value === undefined && failed === undefined ? "…" : app.words.t("page.receive.unknown-person")}</>
  );
}

/** A person of whom no unit is told: the name that the directory has. */
export function Named({ user }: { user: Uint8Array }) {
  const { directory, words } = useApp();
  const { value, failed } = useAsked(
    async () => (await directory.person(own(user)))?.user.name ?? "",
    [hex(user)],
  );
  if (value === undefined && failed === undefined) return <>…</>;
  return <>{value || words.t("page.receive.unknown-person")}</>;
}
