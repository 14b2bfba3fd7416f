/* Stating a statutory right to have the information, for those whom no consent covers. */
import { useRef, useState } from "react";
import { create } from "@bufbuild/protobuf";
import { Paragraph, Textarea, TextInput } from "suomifi-ui-components";
import { RecipientKind, RecipientSchema } from "../../../gen/lahetti/v1/statement_pb";
import { placeOf, recipientOf } from "../../trade/forms";
import { missingOf, type RightState } from "../../trade/right";
import { useWords } from "../context";
import { focusWrong } from "../focusWrong";
import { FormEnd } from "../parts";
import { RecipientPicker } from "../RecipientPicker";

interface Props {
  right: RightState;
  onChange: (right: RightState) => void;
  onCancel: () => void;
}

export function RightForm({ right, onChange, onCancel }: Props) {
  const words = useWords();
  const form = useRef<HTMLFormElement>(null);
  const [tried, setTried] = useState(false);
  const wrong = (field: string) => {
    const found = tried ? missingOf(right).find((one) => one.field === field) : undefined;
    return found && words.code(found.code);
  };
  const status = (field: string) => {
    const text = wrong(field);
    return text === undefined ? {} : { status: "error" as const, statusText: text };
  };
  const { decidedBy } = right;
  return (
    <form
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (missingOf(right).length > 0) focusWrong(form.current);
        else onChange({ ...right, stated: true });
      }}
    >
      <Paragraph mb="m">{words.t("page.send.basis.right.hint")}</Paragraph>
      <div className="field">
        <TextInput
          labelText={words.t("page.receive.basis.section")}
          hintText={words.t("page.send.basis.right.section.hint")}
          {...status("section")}
          value={right.section}
          onChange={(value) => onChange({ ...right, section: String(value ?? "") })}
          fullWidth
        />
      </div>
      <div className="field">
        <Textarea
          labelText={words.t("page.receive.basis.necessity")}
          hintText={words.t("page.send.basis.right.necessity.hint")}
          {...status("necessity")}
          value={right.necessity}
          onChange={(event) => onChange({ ...right, necessity: event.target.value })}
          fullWidth
        />
      </div>
      <div className="field">
        <RecipientPicker
          label={words.t("page.send.basis.right.decider")}
          kinds={[RecipientKind.USER]}
          value={decidedBy && create(RecipientSchema, recipientOf(decidedBy))}
          error={wrong("decidedBy")}
          onChange={(to) => onChange({ ...right, decidedBy: to && placeOf(to) })}
        />
      </div>
      <FormEnd does={words.t("page.send.basis.right.use")} leave={onCancel} />
    </form>
  );
}
