/*
 * To whom: a unit, found by its name or its organisation's, and in it the queue, a role or a person. The same for a party of a
 * consent, which may be a whole organisation.
 */
import { useState, type ReactNode } from "react";
import { create } from "@bufbuild/protobuf";
import { Button, RadioButton, RadioButtonGroup, SearchInput } from "suomifi-ui-components";
import { RoleSchema } from "../../gen/lahetti/v1/common_pb";
import { RecipientKind, RecipientSchema, type Recipient } from "../../gen/lahetti/v1/statement_pb";
import type { Member } from "../session/directory";
import { useObservable } from "../session/observable";
import { placeOf, recipientOf, type PlaceState } from "../trade/forms";
import { seesClients } from "../trade/tables";
import { hex, own, unhex } from "../wire/bytes";
import { useApp, useAsked, useWords } from "./context";
import { Busy, Failure } from "./parts";

const SHOWN_MOST = 8;

interface Choice {
  key: string;
  text: string;
  place: PlaceState;
}

/** Where in the directory: an organisation, or a unit of it. */
interface Spot {
  organisation: Uint8Array;
  unit: Uint8Array;
  name: string;
}

/** What a recipient or a party is called, in words. */
export function usePlaceName(): (place: PlaceState, person?: string) => string {
  const { directory, words } = useApp();
  useObservable(directory);
  return (place, person) => {
    const unit = unhex(place.unit);
    const where =
      place.unit === ""
        ? (directory.organisation(unhex(place.organisation))?.name ?? "")
        : directory.placeName(unit, unhex(place.organisation));
    if (place.kind === RecipientKind.CARE_TEAM || place.kind === RecipientKind.CASE_MANAGER) {
      return words.t(place.kind === RecipientKind.CARE_TEAM ? "page.to.care-team" : "page.to.case-manager");
    }
    if (place.user !== "") return person === undefined ? where : `${person}, ${where}`;
    if (place.role !== 0) return `${words.of(RoleSchema, place.role)}, ${where}`;
    return place.kind === RecipientKind.QUEUE ? words.t("page.to.queue-of", where) : where;
  };
}

/** The name of a person in a place: from the unit's members, where they can be read. */
export function PlaceName({ place }: { place: PlaceState }): ReactNode {
  const { directory } = useApp();
  const name = usePlaceName();
  const { value } = useAsked(
    async () => (place.user === "" || place.unit === "" ? [] : directory.members(unhex(place.unit))),
    [place.user, place.unit],
  );
  const person = value?.find((member) => hex(member.user.id) === place.user)?.user.name;
  return <>{name(place, person)}</>;
}

interface PickerProps {
  readonly label: string;
  readonly error?: string | undefined;
  /** Whether an organisation as a whole may be chosen. */
  readonly wide: boolean;
  readonly choices: (spot: Spot, members: Member[]) => Choice[];
  readonly value: PlaceState | undefined;
  readonly onChange: (place: PlaceState | undefined) => void;
}

function Picker({ label, error, wide, choices, value, onChange }: PickerProps) {
  const { directory, session } = useApp();
  const words = useWords();
  useObservable(directory);
  const [term, setTerm] = useState("");
  const [spot, setSpot] = useState<Spot | undefined>(undefined);

  if (value !== undefined) {
    return (
      <div className="picked">
        <span className="label">{label}</span>
        <span>
          <PlaceName place={value} />
        </span>
        <Button
          variant="secondaryNoBorder"
          onClick={() => {
            setSpot(undefined);
            onChange(undefined);
          }}
        >
          {words.t("page.to.change")}
        </Button>
      </div>
    );
  }
  if (spot !== undefined) {
    return (
      <Narrow label={label} spot={spot} choices={choices} choose={onChange} back={() => setSpot(undefined)} />
    );
  }

  const own = session.acting;
  const wanted = term.trim().toLocaleLowerCase();
  const units: Spot[] = directory
    .allUnits()
    .filter((unit) => unit.takesClients)
    .map((unit) => ({ organisation: unit.organisation, unit: unit.id, name: directory.placeName(unit.id) }));
  const organisations: Spot[] = wide
    ? directory
        .allOrganisations()
        .map(({ id, name }) => ({ organisation: id, unit: new Uint8Array(0), name }))
    : [];
  const found = [...units, ...organisations]
    .filter((one) => {
      const of = directory.organisation(one.organisation)?.name ?? "";
      return `${one.name} ${of}`.toLocaleLowerCase().includes(wanted);
    })
    .sort(
      (a, b) =>
        Number(hex(b.organisation) === hex(own?.organisation ?? b.organisation)) -
        Number(hex(a.organisation) === hex(own?.organisation ?? a.organisation)),
    );

  return (
    <div className="picker">
      <SearchInput
        labelText={label}
        clearButtonLabel={words.t("page.to.clear")}
        searchButtonLabel={words.t("page.to.search")}
        visualPlaceholder={words.t("page.to.unit")}
        {...(error !== undefined && { status: "error" as const, statusText: error })}
        onChange={(text) => setTerm(String(text ?? ""))}
        fullWidth
      />
      <ul className="options" aria-label={words.t("page.to.units")}>
        {found.slice(0, SHOWN_MOST).map((one) => (
          <li key={hex(one.organisation) + hex(one.unit)}>
            <button type="button" onClick={() => setSpot(one)}>
              {one.name}
            </button>
          </li>
        ))}
      </ul>
      <p role="status">
        {found.length === 0 && words.t("page.to.none")}
        {found.length > SHOWN_MOST && words.t("page.to.more", found.length - SHOWN_MOST)}
      </p>
    </div>
  );
}

/** Whom of the unit. */
function Narrow(props: {
  label: string;
  spot: Spot;
  choices: PickerProps["choices"];
  choose: (place: PlaceState) => void;
  back: () => void;
}) {
  const { directory } = useApp();
  const words = useWords();
  const { spot } = props;
  const { value, failed, again } = useAsked(
    async () => (spot.unit.length === 0 ? [] : directory.members(own(spot.unit))),
    [hex(spot.unit)],
  );
  if (failed !== undefined) return <Failure why={failed} again={again} />;
  if (value === undefined) return <Busy text={words.t("page.reading")} />;
  const choices = props.choices(spot, value);
  return (
    <div className="picker">
      <RadioButtonGroup
        name={`whom-${hex(spot.organisation)}${hex(spot.unit)}`}
        labelText={`${props.label}: ${spot.name}`}
        onChange={(key) => {
          const chosen = choices.find((one) => one.key === key);
          if (chosen !== undefined) props.choose(chosen.place);
        }}
      >
        {choices.map((one) => (
          <RadioButton key={one.key} value={one.key}>
            {one.text}
          </RadioButton>
        ))}
      </RadioButtonGroup>
      {choices.length === 0 && <p>{words.t("page.to.nobody")}</p>}
      <Button variant="secondaryNoBorder" onClick={props.back}>
        {words.t("page.to.other-unit")}
      </Button>
    </div>
  );
}

/** Roles that somebody of the unit has and that see clients, and people, as choices. */
function rolesAndPeople(
  words: ReturnType<typeof useWords>,
  spot: Spot,
  members: Member[],
  kinds: { role: number; user: number },
): Choice[] {
  const place = { organisation: hex(spot.organisation), unit: hex(spot.unit), role: 0, user: "" };
  const able = members.filter(({ membership }) => seesClients(membership.role));
  const roles = [...new Set(able.map(({ membership }) => membership.role))];
  const people = new Map(able.map((member) => [hex(member.user.id), member]));
  return [
    ...(kinds.role === 0
      ? []
      : roles.map((role) => ({
          key: `role${role}`,
          text: words.t("page.to.role", words.of(RoleSchema, role)),
          place: { kind: kinds.role, ...place, role },
        }))),
    ...(kinds.user === 0
      ? []
      : [...people].map(([user, { user: person, membership }]) => ({
          key: user,
          text: `${person.name}, ${membership.title || words.of(RoleSchema, membership.role)}`,
          place: { kind: kinds.user, ...place, user },
        }))),
  ];
}

export function RecipientPicker(props: {
  label: string;
  kinds: readonly number[];
  value: Recipient | undefined;
  onChange: (to: Recipient | undefined) => void;
  error?: string | undefined;
}) {
  const words = useWords();
  const allowed = (kind: RecipientKind) => (props.kinds.includes(kind) ? kind : 0);
  return (
    <Picker
      label={props.label}
      error={props.error}
      wide={false}
      value={props.value === undefined ? undefined : placeOf(props.value)}
      onChange={(place) =>
        props.onChange(place === undefined ? undefined : create(RecipientSchema, recipientOf(place)))
      }
      choices={(spot, members) => {
        const rest = rolesAndPeople(words, spot, members, {
          role: allowed(RecipientKind.ROLE),
          user: allowed(RecipientKind.USER),
        });
        const queue = {
          key: "queue",
          text: words.t("page.to.queue"),
          place: {
            kind: RecipientKind.QUEUE,
            organisation: hex(spot.organisation),
            unit: hex(spot.unit),
            role: 0,
            user: "",
          },
        };
        return allowed(RecipientKind.QUEUE) !== 0 && rest.length > 0 ? [queue, ...rest] : rest;
      }}
    />
  );
}

/** A party of a consent: as wide as an organisation, as narrow as a person. */
export function PartyPicker(props: {
  label: string;
  value: PlaceState | undefined;
  onChange: (party: PlaceState | undefined) => void;
  error?: string | undefined;
}) {
  const words = useWords();
  return (
    <Picker
      {...props}
      wide
      choices={(spot, members) => {
        const whole = {
          key: "whole",
          text: words.t(spot.unit.length === 0 ? "page.to.whole-organisation" : "page.to.whole-unit"),
          place: { organisation: hex(spot.organisation), unit: hex(spot.unit), role: 0, user: "" },
        };
        const narrower = rolesAndPeople(words, spot, members, { role: 1, user: 1 }).map((choice) => {
          const { organisation, unit, role, user } = choice.place;
          return { ...choice, place: { organisation, unit, role, user } };
        });
        return [whole, ...narrower];
      }}
    />
  );
}
