/*
 * The report on one client: who saw the data, when and on what basis; whether it is whole, as this browser finds. What was refused
 * stands first.
 */
import { memo, useEffect, useMemo, useState } from "react";
import { Button, InlineAlert, Paragraph } from "suomifi-ui-components";
import type { ClientEntry } from "../../../gen/lahetti/v1/session_pb";
import { useObservable } from "../../session/observable";
import { ClientReport, type Row } from "../../session/reading";
import { hex, unhex } from "../../wire/bytes";
import type { Words } from "../../words/words";
import { useApp, useWords } from "../context";
import { Busy, Empty, Facts, Failure, View } from "../parts";
import { href } from "../routes";
import { useParts, type Chunk } from "../windowed";
import {
  actionOf,
  Answered,
  basisOf,
  Cells,
  documentOf,
  isRefused,
  LineFacts,
  Marks,
  placeOf,
  ProofFacts,
  roleOf,
  TableChunk,
  TableGap,
  whoOf,
  type Column,
} from "./lines";

/** Likely heights of an entry, in CSS pixels, until it has been drawn. */
const ENTRY_HEIGHT = 190;
const ROW_HEIGHT = 72;

export function Report({ client, found }: { client: string; found: ClientEntry | undefined }) {
  const app = useApp();
  const words = useWords();
  const report = useObservable(useMemo(() => new ClientReport(app, unhex(client)), [app, client]));
  const [asTable, setAsTable] = useState(false);
  useEffect(() => {
    void report.read();
    return () => report.stop();
  }, [report]);
  const identity = found?.identity;
  const done = report.verdict !== undefined && !report.reading;
  const refused = report.rows.filter(isRefused);

  return (
    <View title={words.t("page.officer.report")}>
      <p className="buttons">
        <a href={href("who-saw")}>{words.t("page.officer.another-client")}</a>
      </p>
      <Facts
        rows={[
          [
            words.t("page.officer.client-name"),
            identity === undefined
              ? ""
              : [identity.familyName, identity.givenNames].filter(Boolean).join(", "),
          ],
          [words.t("page.officer.client-code"), identity?.personalIdentityCode],
          [words.t("page.officer.client"), <span className="key">{client}</span>],
          [words.t("page.officer.read-at"), words.instant(BigInt(report.begunMs) * 1000n)],
        ]}
      />
      <Failure why={report.failed} />
      <Verdict report={report} />
      {report.rows.length > 0 && (
        <>
          <div className="buttons">
            <Button variant="secondary" aria-pressed={!asTable} onClick={() => setAsTable(false)}>
              {words.t("page.officer.timeline")}
            </Button>
            <Button variant="secondary" aria-pressed={asTable} onClick={() => setAsTable(true)}>
              {words.t("page.officer.table")}
            </Button>
            <Button variant="secondaryNoBorder" disabled={!done} onClick={() => print()}>
              {words.t("page.officer.print")}
            </Button>
          </div>
          {refused.length > 0 && (
            <Entries title={words.t("page.officer.refused")} rows={refused} asTable={asTable} />
          )}
          <Entries title={words.t("page.officer.all-lines")} rows={report.rows} asTable={asTable} />
        </>
      )}
      {done && report.rows.length === 0 && <Empty>{words.t("page.officer.no-lines")}</Empty>}
      <Paragraph mt="m">{words.t("page.officer.report.hint")}</Paragraph>
    </View>
  );
}

/** One sentence: what holds and what does not. */
function Verdict({ report }: { report: ClientReport }) {
  const words = useWords();
  const { verdict, rows, head, wrong } = report;
  if (verdict === undefined) {
    if (report.failed !== undefined) return null;
    return (
      <div role="status">
        <Busy text={words.t("page.officer.checking", words.number(rows.length))} />
      </div>
    );
  }
  return (
    <>
      {verdict.ok ? (
        <div role="status" className="verdict">
          {words.t("page.officer.whole", words.number(rows.length), String(head?.size ?? 0n))}
        </div>
      ) : (
        <div role="alert">
          <InlineAlert status="error" labelText={words.t("page.officer.not-whole")} mb="m">
            {words.code(verdict.code)}
            {wrong > 0 && ` ${words.t("page.officer.lines-wrong", words.number(wrong))}`}
          </InlineAlert>
        </div>
      )}
      <details className="technical">
        <summary>{words.t("page.officer.technical")}</summary>
        <Technical report={report} />
      </details>
      <div className="on-paper">
        <Technical report={report} />
      </div>
    </>
  );
}

function Technical({ report }: { report: ClientReport }) {
  const words = useWords();
  const { head } = report;
  return (
    <>
      <Facts
        rows={[
          [words.t("page.officer.log"), head?.origin],
          [words.t("page.officer.tree-size"), head?.size.toString()],
          [words.t("page.officer.root"), head && <span className="key">{hex(head.root)}</span>],
          ...chainsOf(words, report),
        ]}
      />
      <Paragraph mb="m">{words.t("page.officer.technical.hint")}</Paragraph>
    </>
  );
}

/** A client may have several identifiers with a controller, and a chain for each. */
function chainsOf(words: Words, { verdict }: ClientReport): [string, string][] {
  if (verdict === undefined || !verdict.ok) return [];
  return [...verdict.chains].map(([client, last]) => [
    words.t("page.officer.chain"),
    words.t("page.officer.chain-of", client, words.number(last)),
  ]);
}

interface Listed {
  title: string;
  rows: readonly Row[];
}

function Entries({ asTable, ...listed }: Listed & { asTable: boolean }) {
  return (
    <>
      <h2>{listed.title}</h2>
      {asTable ? <Table {...listed} /> : <Timeline {...listed} />}
    </>
  );
}

function Timeline({ title, rows }: Listed) {
  const { parts, list } = useParts(rows.length, ENTRY_HEIGHT);
  return (
    <div ref={list} role="list" className="timeline" aria-label={title}>
      {parts.map((part) =>
        part.gap ? (
          <div key={part.key} role="presentation" style={{ height: part.height }} />
        ) : (
          <TimelineChunk key={part.key} {...part.chunk} rows={rows} of={rows.length} />
        ),
      )}
    </div>
  );
}

const TimelineChunk = memo(function TimelineChunk(props: Chunk & { rows: readonly Row[]; of: number }) {
  const { from, to, hold, rows, of } = props;
  const words = useWords();
  return (
    <div ref={hold} role="presentation" className="chunk">
      {rows.slice(from, to).map((row, i) => (
        <Entry
          key={from + i}
          row={row}
          day={dayChanged(words, rows[from + i - 1], row)}
          number={from + i + 1}
          of={of}
        />
      ))}
    </div>
  );
});

/** The day of an entry, where it is another than that of the one before. */
function dayChanged(words: Words, before: Row | undefined, row: Row): string | undefined {
  const day = words.dayOf(row.event.timeUs);
  return before === undefined || words.dayOf(before.event.timeUs) !== day ? day : undefined;
}

function Entry(props: { row: Row; day: string | undefined; number: number; of: number }) {
  const words = useWords();
  const { row, day, number, of } = props;
  const [open, setOpen] = useState(false);
  const wrong = row.code !== undefined;
  return (
    <div role="listitem" aria-posinset={number} aria-setsize={of}>
      {day !== undefined && <h3 className="day">{day}</h3>}
      <div className={wrong ? "entry wrong" : isRefused(row) ? "entry refused" : "entry"}>
        <p className="when">{words.instant(row.event.timeUs)}</p>
        <p className="what">
          <strong>{actionOf(words, row)}</strong> <Marks row={row} />
        </p>
        <p className="by">
          {[whoOf(words, row), roleOf(words, row), placeOf(row)].filter((part) => part !== "").join(", ")}
        </p>
        <LineFacts row={row} />
        {row.code !== undefined && <p className="fault">{words.code(row.code)}</p>}
        <details className="technical" onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{words.t("page.officer.proof")}</summary>
          {open && <ProofFacts row={row} />}
        </details>
      </div>
    </div>
  );
}

function columnsOf(words: Words): Column[] {
  return [
    { title: words.t("page.officer.when"), cell: (row) => words.instant(row.event.timeUs) },
    {
      title: words.t("page.officer.who"),
      cell: (row) => [whoOf(words, row), roleOf(words, row)].filter((part) => part !== "").join(", "),
    },
    { title: words.t("page.officer.where"), cell: placeOf },
    {
      title: words.t("page.officer.what"),
      cell: (row) => (
        <>
          {actionOf(words, row)} <Marks row={row} />
          <Answered row={row} />
        </>
      ),
    },
    { title: words.t("page.officer.document"), cell: (row) => documentOf(words, row) },
    { title: words.t("page.officer.basis"), cell: (row) => basisOf(words, row) },
  ];
}

function TableRow({ row, columns, index }: { row: Row; columns: readonly Column[]; index: number }) {
  const mark = row.code !== undefined ? "wrong" : isRefused(row) ? "refused" : "";
  return (
    <tr role="row" aria-rowindex={index} className={mark}>
      <Cells row={row} columns={columns} />
    </tr>
  );
}

function Table({ title, rows }: Listed) {
  const words = useWords();
  const { parts, list } = useParts(rows.length, ROW_HEIGHT);
  const columns = useMemo(() => columnsOf(words), [words]);
  return (
    <table ref={list} role="table" className="trail" aria-rowcount={rows.length + 1} aria-label={title}>
      <thead role="rowgroup">
        <tr role="row" aria-rowindex={1}>
          {columns.map(({ title }) => (
            <th key={title} role="columnheader" scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      {parts.map((part) =>
        part.gap ? (
          <TableGap key={part.key} height={part.height} width={columns.length} />
        ) : (
          <TableChunk key={part.key} {...part.chunk} rows={rows} columns={columns} Draw={TableRow} />
        ),
      )}
    </table>
  );
}
