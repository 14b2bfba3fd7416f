/* What of the log is asked for. Each look is an event of the log itself, so nothing is asked until one says so. */
import { useState, type FormEvent } from "react";
import {
  Button,
  DateInput,
  Dropdown,
  DropdownItem,
  RadioButton,
  RadioButtonGroup,
} from "suomifi-ui-components";
import { Action, ActionSchema, EventOutcome } from "../../../gen/lahetti/v1/audit_pb";
import type { User } from "../../../gen/lahetti/v1/directory_pb";
import type { TrailFilter } from "../../session/reading";
import { useObservable } from "../../session/observable";
import { hex, unhex } from "../../wire/bytes";
import { dayBegins, daysLater, readCivil } from "../../words/words";
import { useApp, useWords } from "../context";
import { FindPerson } from "./FindPerson";

const ANY = "any";

export function Filters({ set }: { set: (filter: TrailFilter) => void }) {
  const app = useApp();
  const words = useWords();
  const directory = useObservable(app.directory);
  const [outcome, setOutcome] = useState("refused");
  const [action, setAction] = useState(ANY);
  const [unit, setUnit] = useState(ANY);
  const [user, setUser] = useState<User | undefined>();
  const [from, setFrom] = useState("");
  const [until, setUntil] = useState("");
  const [tried, setTried] = useState(false);
  const [begins, ends] = [readCivil(from), readCivil(until)];
  const own = app.session.acting?.organisation;
  const units = directory.allUnits().filter((u) => own !== undefined && hex(u.organisation) === hex(own));
  const actions = ActionSchema.values
    .filter(({ number }) => number !== Action.UNSPECIFIED)
    .map(({ number }) => ({ number, name: words.of(ActionSchema, number) }))
    .sort((a, b) => a.name.localeCompare(b.name, words.language));
  const wrong = (typed: string, read: number | undefined) =>
    tried && typed !== "" && read === undefined
      ? { status: "error" as const, statusText: words.code("bad-date") }
      : {};

  function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if ((from !== "" && begins === undefined) || (until !== "" && ends === undefined)) return;
    set({
      outcome: outcome === "refused" ? EventOutcome.REFUSED : EventOutcome.UNSPECIFIED,
      action: action === ANY ? Action.UNSPECIFIED : Number(action),
      ...(unit !== ANY && { unit: unhex(unit) }),
      ...(user !== undefined && { user: user.id }),
      ...(begins !== undefined && { fromUs: dayBegins(begins) }),
      ...(ends !== undefined && { untilUs: dayBegins(daysLater(ends, 1)) }),
    });
  }

  return (
    <form className="filters" onSubmit={submit} noValidate aria-label={words.t("page.officer.filters")}>
      <RadioButtonGroup
        name="outcome"
        labelText={words.t("page.officer.which-lines")}
        value={outcome}
        onChange={setOutcome}
      >
        <RadioButton value="refused">{words.t("page.officer.refused-only")}</RadioButton>
        <RadioButton value={ANY}>{words.t("page.officer.all-lines")}</RadioButton>
      </RadioButtonGroup>
      <details className="technical">
        <summary>{words.t("page.officer.more-filters")}</summary>
        <div className="grid">
          <Dropdown labelText={words.t("page.officer.what")} value={action} onChange={setAction} fullWidth>
            <DropdownItem value={ANY}>{words.t("page.officer.any")}</DropdownItem>
            <>
              {actions.map(({ number, name }) => (
                <DropdownItem key={number} value={String(number)}>
                  {name}
                </DropdownItem>
              ))}
            </>
          </Dropdown>
          <Dropdown labelText={words.t("page.officer.unit")} value={unit} onChange={setUnit} fullWidth>
            <DropdownItem value={ANY}>{words.t("page.officer.any")}</DropdownItem>
            <>
              {units.map((u) => (
                <DropdownItem key={hex(u.id)} value={hex(u.id)}>
                  {u.name}
                </DropdownItem>
              ))}
            </>
          </Dropdown>
          <FindPerson chosen={user} choose={setUser} />
          <DateInput
            labelText={words.t("page.officer.from")}
            hintText={words.t("page.officer.date.hint")}
            language={words.language}
            datePickerEnabled
            value={from}
            onChange={({ value }) => setFrom(value)}
            {...wrong(from, begins)}
            fullWidth
          />
          <DateInput
            labelText={words.t("page.officer.until")}
            hintText={words.t("page.officer.date.hint")}
            language={words.language}
            datePickerEnabled
            value={until}
            onChange={({ value }) => setUntil(value)}
            {...wrong(until, ends)}
            fullWidth
          />
        </div>
      </details>
      <div className="buttons">
        <Button type="submit">{words.t("page.officer.show")}</Button>
      </div>
    </form>
  );
}
