/*
 * The form of a kind of statement, drawn from its descriptor: each field as its shape says, asked only when it is to be, with what
 * is wrong beside it. What needs more than a value (a place to send to, a scan) is drawn by whom `draw` names for its shape.
 */
import { useId, useRef, useState, type ReactNode } from "react";
import {
  Checkbox,
  CheckboxGroup,
  DateInput,
  Dropdown,
  DropdownItem,
  ErrorSummary,
  RadioButton,
  RadioButtonGroup,
  Textarea,
  TextInput,
} from "suomifi-ui-components";
import type { DescEnum } from "@bufbuild/protobuf";
import { AnswerSchema, CriterionSchema, file_lahetti_v1_bodies } from "../../gen/lahetti/v1/bodies_pb";
import { file_lahetti_v1_common } from "../../gen/lahetti/v1/common_pb";
import { isAsked, isNeeded, missing, type FormRow, type FormState } from "../trade/forms";
import type { KindRow } from "../trade/tables";
import { readCivil, type Words } from "../words/words";
import { useWords } from "./context";

export interface FieldProps {
  readonly row: FormRow;
  readonly label: string;
  readonly hint: string | undefined;
  readonly optional: boolean;
  readonly value: unknown;
  readonly set: (value: unknown) => void;
  /** The sentence that says what is wrong, once somebody has tried to go on. */
  readonly error: string | undefined;
}

export type Draw = (field: FieldProps) => ReactNode;

interface Props {
  readonly kind: KindRow;
  readonly state: FormState;
  readonly onChange: (state: FormState) => void;
  /** Somebody has tried to go on: what is wrong is shown. */
  readonly tried: boolean;
  /** Fields that are asked for elsewhere. */
  readonly hide?: readonly string[];
  /** How to draw shapes that the form does not draw itself: recipient, parties, user, scan, reference. */
  readonly draw?: Readonly<Record<string, Draw>>;
}

/** The choices with more values than this are a list that opens. */
const RADIO_MOST = 6;

/** BCP 47 tags that are offered; another can be typed. */
const LANGUAGES = ["fi", "sv", "en", "se", "ru", "et", "ar", "so", "ku", "fa", "uk"];

export function enumNamed(name: string | null): DescEnum | undefined {
  const all = [...file_lahetti_v1_bodies.enums, ...file_lahetti_v1_common.enums];
  return all.find((one) => one.typeName === name);
}

export function Form({ kind, state, onChange, tried, hide = [], draw = {} }: Props) {
  const words = useWords();
  const id = useId();
  const summary = useRef<HTMLHeadingElement>(null);
  const wrong = tried ? missing(kind, state, hide) : [];
  const rows = kind.form.filter((row) => isAsked(row, state) && !hide.includes(row.field));

  return (
    <>
      {wrong.length > 1 && (
        <ErrorSummary
          headingText={words.t("page.form.mend")}
          headingRef={summary}
          items={wrong.map(({ field, code }) => ({
            text: `${labelOf(
              words,
              rows.find((row) => row.field === field),
            )}: ${words.code(code)}`,
            inputId: `${id}${field}`,
          }))}
          mb="m"
        />
      )}
      {rows.map((row) => {
        const code = wrong.find(({ field }) => field === row.field)?.code;
        const field: FieldProps = {
          row,
          label: labelOf(words, row),
          hint: row.hint === null ? undefined : words.find(row.hint),
          optional: !isNeeded(row, state) && !row.either,
          value: state[row.field],
          set: (value) => onChange({ ...state, [row.field]: value }),
          error: code === undefined ? undefined : words.code(code),
        };
        const own = draw[row.field] ?? draw[row.shape];
        return (
          <div
            className="field"
            key={row.field}
            // The summary leads here: what is drawn elsewhere has no input of its own.
            {...(own !== undefined && { id: `${id}${row.field}`, tabIndex: -1 })}
          >
            {own !== undefined ? own(field) : <Field {...field} id={`${id}${row.field}`} />}
          </div>
        );
      })}
    </>
  );
}

function labelOf(words: Words, row: FormRow | undefined): string {
  return row === undefined ? "" : (words.find(row.label) ?? row.field);
}

function Field(props: FieldProps & { id: string }) {
  switch (props.row.shape) {
    case "line":
      return <LineField {...props} />;
    case "language":
      return <LanguageField {...props} />;
    case "sentence":
    case "long":
      return <LongField {...props} />;
    case "choice":
      return <ChoiceField {...props} />;
    case "choices":
      return <ChoicesField {...props} />;
    case "flag":
      return <FlagField {...props} />;
    case "date":
      return <DateField {...props} />;
    case "criteria":
      return <CriteriaField {...props} />;
    default:
      return null; // what a person can't give here
  }
}

/** What all inputs of the library take alike. */
function common(words: Words, { label, hint, optional, error }: FieldProps) {
  return {
    labelText: label,
    ...(hint !== undefined && { hintText: hint }),
    ...(optional && { optionalText: words.t("page.form.optional") }),
    ...(error !== undefined && { status: "error" as const, statusText: error }),
  };
}

function LineField(props: FieldProps & { id: string }) {
  const words = useWords();
  return (
    <TextInput
      id={props.id}
      {...common(words, props)}
      value={String(props.value ?? "")}
      onChange={(value) => props.set(String(value ?? ""))}
      fullWidth
    />
  );
}

function LongField(props: FieldProps & { id: string }) {
  const words = useWords();
  return (
    <Textarea
      id={props.id}
      {...common(words, props)}
      value={String(props.value ?? "")}
      onChange={(event) => props.set(event.target.value)}
      fullWidth
    />
  );
}

function LanguageField(props: FieldProps & { id: string }) {
  const words = useWords();
  const names = new Intl.DisplayNames(words.language, { type: "language" });
  const value = String(props.value ?? "");
  return (
    <Dropdown
      id={props.id}
      {...common(words, props)}
      visualPlaceholder={words.t("page.form.choose")}
      value={value === "" ? null : value}
      onChange={(tag: string) => props.set(tag)}
      fullWidth
    >
      {LANGUAGES.map((tag) => (
        <DropdownItem key={tag} value={tag}>
          {names.of(tag) ?? tag}
        </DropdownItem>
      ))}
    </Dropdown>
  );
}

function ChoiceField(props: FieldProps & { id: string }) {
  const words = useWords();
  const type = enumNamed(props.row.enum);
  const values = type?.values.filter((v) => v.number !== 0) ?? [];
  const chosen = typeof props.value === "number" && props.value !== 0 ? String(props.value) : "";
  if (type === undefined) return null;
  if (values.length > RADIO_MOST) {
    return (
      <Dropdown
        id={props.id}
        {...common(words, props)}
        visualPlaceholder={words.t("page.form.choose")}
        value={chosen === "" ? null : chosen}
        onChange={(value: string) => props.set(Number(value))}
        fullWidth
      >
        {values.map((v) => (
          <DropdownItem key={v.number} value={String(v.number)}>
            {words.of(type, v.number)}
          </DropdownItem>
        ))}
      </Dropdown>
    );
  }
  return (
    <RadioButtonGroup
      id={props.id}
      name={props.id}
      labelText={props.label}
      {...(props.hint !== undefined && { groupHintText: props.hint })}
      {...(props.optional && { optionalText: words.t("page.form.optional") })}
      {...(props.error !== undefined && { groupStatus: "error" as const, groupStatusText: props.error })}
      value={chosen}
      onChange={(value) => props.set(Number(value))}
    >
      {values.map((v) => (
        <RadioButton key={v.number} value={String(v.number)}>
          {words.of(type, v.number)}
        </RadioButton>
      ))}
    </RadioButtonGroup>
  );
}

function ChoicesField(props: FieldProps & { id: string }) {
  const words = useWords();
  const type = enumNamed(props.row.enum);
  const chosen = Array.isArray(props.value) ? (props.value as number[]) : [];
  if (type === undefined) return null;
  return (
    <CheckboxGroup
      id={props.id}
      labelText={props.label}
      {...(props.hint !== undefined && { groupHintText: props.hint })}
      {...(props.optional && { optionalText: words.t("page.form.optional") })}
      {...(props.error !== undefined && { groupStatus: "error" as const, groupStatusText: props.error })}
    >
      {type.values
        .filter((v) => v.number !== 0)
        .map((v) => (
          <Checkbox
            key={v.number}
            checked={chosen.includes(v.number)}
            onClick={({ checkboxState }) =>
              props.set(checkboxState ? [...chosen, v.number] : chosen.filter((one) => one !== v.number))
            }
          >
            {words.of(type, v.number)}
          </Checkbox>
        ))}
    </CheckboxGroup>
  );
}

function FlagField(props: FieldProps & { id: string }) {
  return (
    <Checkbox
      id={props.id}
      checked={props.value === true}
      onClick={({ checkboxState }) => props.set(checkboxState)}
      {...(props.hint !== undefined && { hintText: props.hint })}
      {...(props.error !== undefined && { status: "error" as const, statusText: props.error })}
    >
      {props.label}
    </Checkbox>
  );
}

/** What is typed and is no day stays in the state as it was typed, and is told. */
function DateField(props: FieldProps & { id: string }) {
  const words = useWords();
  const { value } = props;
  const [typed, setTyped] = useState(typeof value === "number" ? words.date(value) : String(value ?? ""));
  const last = useRef(value);
  // A draft that is restored, or a value that the page fills in.
  if (last.current !== value) {
    last.current = value;
    const shown = typeof value === "number" ? words.date(value) : String(value ?? "");
    if (readCivil(typed) !== value && shown !== typed) setTyped(shown);
  }
  return (
    <DateInput
      id={props.id}
      {...common(words, props)}
      datePickerEnabled
      language={words.language}
      value={typed}
      onChange={(change) => {
        setTyped(change.value);
        props.set(change.value.trim() === "" ? 0 : (readCivil(change.value) ?? change.value));
      }}
    />
  );
}

/** The checklist: each criterion with its answer. Nobody is excluded by it. */
function CriteriaField(props: FieldProps & { id: string }) {
  const words = useWords();
  const answers = (props.value ?? {}) as Record<string, number>;
  return (
    <fieldset id={props.id} className="criteria">
      <legend>{props.label}</legend>
      {props.hint !== undefined && <p>{props.hint}</p>}
      {CriterionSchema.values
        .filter((criterion) => criterion.number !== 0)
        .map((criterion) => (
          <RadioButtonGroup
            key={criterion.number}
            name={`${props.id}${criterion.number}`}
            labelText={words.of(CriterionSchema, criterion.number)}
            value={String(answers[criterion.number] ?? "")}
            onChange={(answer) => props.set({ ...answers, [criterion.number]: Number(answer) })}
          >
            {AnswerSchema.values
              .filter((answer) => answer.number !== 0)
              .map((answer) => (
                <RadioButton key={answer.number} value={String(answer.number)}>
                  {words.of(AnswerSchema, answer.number)}
                </RadioButton>
              ))}
          </RadioButtonGroup>
        ))}
    </fieldset>
  );
}
