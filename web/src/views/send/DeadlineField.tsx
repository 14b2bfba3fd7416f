/* By when an answer is hoped for: a day, or none. */
import { useState } from "react";
import { DateInput } from "suomifi-ui-components";
import { readCivil } from "../../words/words";
import { useWords } from "../context";

export function isDay(value: number | string): boolean {
  return typeof value === "number";
}

interface Props {
  value: number | string;
  onChange: (value: number | string) => void;
  error: string | undefined;
}

export function DeadlineField({ value, onChange, error }: Props) {
  const words = useWords();
  const [typed, setTyped] = useState(typeof value === "number" ? words.date(value) : value);
  return (
    <div className="field">
      <DateInput
        labelText={words.t("page.receive.deadline-label")}
        hintText={words.t("page.send.deadline.hint")}
        optionalText={words.t("page.form.optional")}
        {...(error !== undefined && { status: "error" as const, statusText: error })}
        datePickerEnabled
        language={words.language}
        value={typed}
        onChange={(change) => {
          setTyped(change.value);
          onChange(change.value.trim() === "" ? 0 : (readCivil(change.value) ?? change.value));
        }}
      />
    </div>
  );
}
