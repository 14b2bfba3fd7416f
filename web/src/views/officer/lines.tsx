/* What a line of the log says, in plain words; and what proves it. */
import { memo, type ReactNode } from "react";
import { StaticChip } from "suomifi-ui-components";
import { StateSchema } from "../../../gen/lahetti/v1/bodies_pb";
import { ActionSchema, EventOutcome, EventOutcomeSchema } from "../../../gen/lahetti/v1/audit_pb";
import { BasisKindSchema, CategorySchema, RoleSchema } from "../../../gen/lahetti/v1/common_pb";
import type { Row } from "../../session/reading";
import { kind, step } from "../../trade/tables";
import { leafHash } from "../../trust/merkle";
import { hex } from "../../wire/bytes";
import type { Words } from "../../words/words";
import { useAsked, useWords } from "../context";
import { Facts } from "../parts";
import type { Chunk } from "../windowed";

export function isRefused({ event }: Row): boolean {
  return event.outcome === EventOutcome.REFUSED;
}

/** The name as it was then. Without an actor it was the server itself; with one, the name may not be shown any more. */
export function whoOf(words: Words, { event, line }: Row): string {
  if (event.actor.length === 0) return words.t("page.officer.server-itself");
  return line.userName || words.t("page.officer.name-not-shown");
}

export function roleOf(words: Words, { event }: Row): string {
  return words.of(RoleSchema, event.role);
}

export function placeOf({ line }: Row): string {
  return [line.unitName, line.organisationName].filter((part) => part !== "").join(", ");
}

export function actionOf(words: Words, { event }: Row): string {
  const what = words.of(ActionSchema, event.action) || words.t("page.officer.unreadable");
  return event.count > 1 ? `${what} (${words.t("page.officer.times", words.number(event.count))})` : what;
}

/** The kind of the document; of a step, what the matter has become by it. */
export function documentOf(words: Words, { event }: Row): string {
  const row = kind(event.kind);
  const name = row === undefined ? "" : (words.find(row.text) ?? row.name);
  const to = step(event.step)?.to;
  const state = to === undefined ? "" : words.of(StateSchema, to);
  return [name, state].filter((part) => part !== "").join(": ");
}

export function basisOf(words: Words, { event }: Row): string {
  return words.of(BasisKindSchema, event.basis);
}

/** Of a refusal what the person was told, which says why; else what was given as a reason. */
export function reasonOf(words: Words, { event }: Row): string {
  return event.reason === "" ? "" : words.code(event.reason);
}

export function Answered({ row }: { row: Row }) {
  const words = useWords();
  const reason = reasonOf(words, row);
  if (!isRefused(row) || reason === "") return null;
  return <span className="why">{words.t("page.officer.answered", reason)}</span>;
}

/** Marks: refused, and not proved. Colour is never alone. */
export function Marks({ row }: { row: Row }) {
  const words = useWords();
  return (
    <>
      {isRefused(row) && (
        <StaticChip className="chip-refused">{words.of(EventOutcomeSchema, row.event.outcome)}</StaticChip>
      )}
      {row.code !== undefined && (
        <StaticChip className="chip-wrong">{words.t("page.officer.not-proved")}</StaticChip>
      )}
    </>
  );
}

function Hashes({ hashes }: { hashes: readonly Uint8Array[] }) {
  return (
    <ol className="hashes">
      {hashes.map((hash, i) => (
        <li key={i} className="key">
          {hex(hash)}
        </li>
      ))}
    </ol>
  );
}

/** The technical side of one line: which leaf of which tree, and the way from the one to the other. */
export function ProofFacts({ row }: { row: Row }) {
  const words = useWords();
  const { line, event, subject, head } = row;
  const { value: leaf } = useAsked(() => leafHash(line.event), [line]);
  const key = (bytes: Uint8Array | undefined): ReactNode =>
    bytes !== undefined && bytes.length > 0 ? <span className="key">{hex(bytes)}</span> : "";
  const rows: [string, ReactNode][] = [
    [words.t("page.officer.event-number"), event.number.toString()],
    [words.t("page.officer.tree-size"), head?.size.toString()],
    [words.t("page.officer.root"), key(head?.root)],
    [words.t("page.officer.leaf"), key(leaf)],
    [words.t("page.officer.inclusion"), line.inclusion.length > 0 ? <Hashes hashes={line.inclusion} /> : ""],
    [words.t("page.officer.actor-commitment"), key(event.actor)],
    [words.t("page.officer.chain-number"), line.link?.number.toString()],
    [words.t("page.officer.chain-previous"), key(line.link?.previous)],
    [words.t("page.officer.client"), key(subject?.client)],
    [words.t("page.officer.statement"), key(subject?.statement)],
    [words.t("page.officer.software"), event.software],
  ];
  return <Facts rows={rows} />;
}

/** What a line says beside who and when. */
export function LineFacts({ row }: { row: Row }) {
  const words = useWords();
  const { event, subject } = row;
  const categories = event.categories.map((category) => words.of(CategorySchema, category)).join(", ");
  return (
    <Facts
      rows={[
        [words.t("page.officer.document"), documentOf(words, row)],
        [words.t("page.officer.basis"), basisOf(words, row)],
        [words.t("page.officer.categories"), categories],
        [words.t(isRefused(row) ? "page.officer.why-refused" : "page.officer.reason"), reasonOf(words, row)],
        [words.t("page.officer.written-reason"), subject?.writtenReason],
      ]}
    />
  );
}

/** A column's title and what stands in it. */
export interface Column {
  title: string;
  cell: (row: Row) => ReactNode;
}

/** The cells of a row. Each has its column's title with it, for narrow windows, where a row becomes a card. */
export function Cells({ row, columns }: { row: Row; columns: readonly Column[] }) {
  return (
    <>
      {columns.map(({ title, cell }, i) => (
        <td key={i} role="cell" data-title={title}>
          {cell(row)}
        </td>
      ))}
    </>
  );
}

/** An empty box where rows of a table are far away. */
export function TableGap({ height, width }: { height: number; width: number }) {
  return (
    <tbody role="presentation" aria-hidden="true">
      <tr role="presentation">
        <td role="presentation" colSpan={width} style={{ height }} />
      </tr>
    </tbody>
  );
}

/** The rows of a chunk of a table, each drawn by `Draw`. */
export const TableChunk = memo(function TableChunk(
  props: Chunk & {
    rows: readonly Row[];
    columns: readonly Column[];
    Draw: (props: { row: Row; columns: readonly Column[]; index: number }) => ReactNode;
  },
) {
  const { from, to, hold, rows, columns, Draw } = props;
  return (
    <tbody ref={hold} role="rowgroup">
      {rows.slice(from, to).map((row, i) => (
        <Draw key={from + i} row={row} columns={columns} index={from + i + 2} />
      ))}
    </tbody>
  );
});
