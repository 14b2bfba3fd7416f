/* The outcomes of the end that one has chosen: a closing completes the matter or breaks it off, by its outcome. */
import { Dropdown, DropdownItem } from "suomifi-ui-components";
import { OutcomeSchema, type Step } from "../../../gen/lahetti/v1/bodies_pb";
import { outcomeMakes } from "../../trade/steps";
import { useWords } from "../context";
import type { FieldProps } from "../Form";

export function OutcomeField({ field, step }: { field: FieldProps; step: Step }) {
  const words = useWords();
  const outcomes = OutcomeSchema.values.filter((v) => v.number !== 0 && outcomeMakes(v.number) === step);
  return (
    <Dropdown
      labelText={field.label}
      {...(field.hint !== undefined && { hintText: field.hint })}
      {...(field.error !== undefined && { status: "error" as const, statusText: field.error })}
      visualPlaceholder={words.t("page.form.choose")}
      value={typeof field.value === "number" && field.value !== 0 ? String(field.value) : null}
      onChange={(value: string) => field.set(Number(value))}
      fullWidth
    >
      {outcomes.map((v) => (
        <DropdownItem key={v.number} value={String(v.number)}>
          {words.of(OutcomeSchema, v.number)}
        </DropdownItem>
      ))}
    </Dropdown>
  );
}
