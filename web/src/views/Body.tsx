/*
 * What a statement says, drawn from the descriptor of its kind: labels and values, in the order of the form by which it was written.
 * Texts of others stand as they were written, and are never markup.
 */
import type { ReactNode } from "react";
import { fromBinary } from "@bufbuild/protobuf";
import {
  AnswerSchema,
  CriterionSchema,
  type CriterionAnswer,
  type Party,
} from "../../gen/lahetti/v1/bodies_pb";
import type { Reference } from "../../gen/lahetti/v1/common_pb";
import type { Header, Recipient } from "../../gen/lahetti/v1/statement_pb";
import { placeOf, type FormRow } from "../trade/forms";
import { bodyOf } from "../trade/statement";
import type { KindRow } from "../trade/tables";
import { equal, hex, NONE } from "../wire/bytes";
import { useWords } from "./context";
import { enumNamed } from "./Form";
import { Person } from "./names";
import { PlaceName } from "./RecipientPicker";
import "./body.css";

interface Props {
  kind: KindRow;
  bytes: Uint8Array;
  /** Of the statement: it tells the names of what is attached, and the unit in which people are looked for. */
  header?: Header;
}

/** Fields in which nothing was given are left out. */
export function Body({ kind, bytes, header }: Props) {
  const words = useWords();
  const desc = bodyOf(kind);
  const body: Record<string, unknown> = { ...fromBinary(desc, bytes) };
  return (
    <dl className="facts body">
      {kind.form.map((row) => {
        const name = desc.fields.find((field) => field.name === row.field)?.localName;
        const value = name === undefined ? undefined : body[name];
        if (row.shape === "filled" || !isGiven(row, value)) return null;
        const long = row.shape === "long" || row.shape === "sentence";
        return (
          <div key={row.field} className={long ? "long" : undefined}>
            <dt>{words.find(row.label) ?? row.field}</dt>
            <dd>
              <Value row={row} value={value} header={header} />
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

/** A flag is an answer also where it is not set. */
function isGiven(row: FormRow, value: unknown): boolean {
  if (row.shape === "flag") return typeof value === "boolean";
  if (value instanceof Uint8Array || Array.isArray(value) || typeof value === "string")
    return value.length > 0;
  return value !== undefined && value !== 0;
}

function Value({ row, value, header }: { row: FormRow; value: unknown; header: Header | undefined }) {
  const words = useWords();
  const type = enumNamed(row.enum);
  switch (row.shape) {
    case "choice":
      return type === undefined ? null : words.of(type, Number(value));
    case "choices":
      return type === undefined ? null : (
        <List items={(value as number[]).map((one) => words.of(type, one))} />
      );
    case "flag":
      return words.t(value === true ? "answer.yes" : "answer.no");
    case "date":
      return words.date(Number(value));
    case "language":
      return languageName(words.language, String(value));
    case "criteria":
      return (
        <List
          items={(value as CriterionAnswer[]).map(
            ({ criterion, answer }) =>
              `${words.of(CriterionSchema, criterion)}: ${words.of(AnswerSchema, answer)}`,
          )}
        />
      );
    case "parties":
      return (
        <List
          items={(value as Party[]).map((party) => (
            <PlaceName place={placeOf(party)} />
          ))}
        />
      );
    case "recipient":
      return <PlaceName place={placeOf(value as Recipient)} />;
    case "user":
      return <Person user={value as Uint8Array} unit={header?.unit ?? NONE} />;
    case "scan":
      return attachmentName(header, value as Uint8Array) ?? words.t("answer.yes");
    case "reference":
      return <span className="key">{hex((value as Reference).id)}</span>;
    default:
      return <span className="written">{String(value)}</span>;
  }
}

function List({ items }: { items: ReactNode[] }) {
  if (items.length === 1) return <>{items[0]}</>;
  return (
    <ul className="values">
      {items.map((item, i) => (
        <li key={i}>{item}</li>
      ))}
    </ul>
  );
}

function attachmentName(header: Header | undefined, id: Uint8Array): string | undefined {
  return header?.attachments.find((attachment) => equal(attachment.id, id))?.name;
}

/** The name of a BCP 47 tag; the tag itself where there is none. */
export function languageName(shown: string, tag: string): string {
  try {
    return new Intl.DisplayNames(shown, { type: "language" }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}
