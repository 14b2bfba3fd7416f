/* To whom it is sent on. */
import { Paragraph } from "suomifi-ui-components";
import { placeOf, recipientOf, type PlaceState } from "../../trade/forms";
import { useWords } from "../context";
import type { FieldProps } from "../Form";
import { RecipientPicker } from "../RecipientPicker";

export function RedirectField({ field }: { field: FieldProps }) {
  const words = useWords();
  const { label, row, value, set, error } = field;
  return (
    <>
      <Paragraph mb="s">{words.t("page.receive.redirect.hint")}</Paragraph>
      <RecipientPicker
        label={label}
        kinds={row.recipients}
        value={value === undefined ? undefined : recipientOf(value as PlaceState)}
        onChange={(to) => set(to === undefined ? undefined : placeOf(to))}
        {...(error !== undefined && { error })}
      />
    </>
  );
}
