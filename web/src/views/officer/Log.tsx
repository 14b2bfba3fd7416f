/* The log of one's own controller: refusals first. Each line's proof is asked for when the line is opened, and checked here. */
import { useEffect, useMemo, useRef, useState } from "react";
import { Button, InlineAlert, Paragraph } from "suomifi-ui-components";
import { EventOutcome } from "../../../gen/lahetti/v1/audit_pb";
import { seenNote, seeNewest } from "../../session/log";
import { useObservable } from "../../session/observable";
import { prove, Trail, type Row, type TrailFilter } from "../../session/reading";
import { parseCheckpoint } from "../../trust/note";
import { hex } from "../../wire/bytes";
import type { Words } from "../../words/words";
import { useApp, useAsked, useWords } from "../context";
import { Busy, Empty, Facts, Failure, View } from "../parts";
import { href } from "../routes";
import { useParts } from "../windowed";
import { Filters } from "./Filters";
import {
  actionOf,
  Answered,
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
import "./officer.css";

const ROW_HEIGHT = 72;

export default function Log() {
  const app = useApp();
  const words = useWords();
  const [filter, setFilter] = useState<TrailFilter>({ outcome: EventOutcome.REFUSED });
  const trail = useObservable(useMemo(() => new Trail(app, filter), [app, filter]));
  useEffect(() => void trail.next(), [trail]);
  const all = filter.outcome !== EventOutcome.REFUSED;

  return (
    <View title={words.t("page.officer.log-view")}>
      <Paragraph mb="m">{words.t("page.officer.log-view.hint")}</Paragraph>
      <Whole />
      <Filters set={setFilter} />
      <Failure why={trail.failed} again={() => void trail.next()} />
      <div role="status">
        {trail.rows.length > 0 && (
          <p>
            {words.t(
              trail.more ? "page.officer.lines-so-far" : "page.officer.lines-in-all",
              words.number(trail.rows.length),
            )}
          </p>
        )}
        {!trail.more && trail.rows.length === 0 && (
          <Empty>{words.t(all ? "page.officer.no-such-lines" : "page.officer.no-refusals")}</Empty>
        )}
      </div>
      {trail.rows.length > 0 && <Lines trail={trail} />}
      <More trail={trail} />
    </View>
  );
}

/** Whether the log still holds all that this browser has seen of it. */
function Whole() {
  const app = useApp();
  const words = useWords();
  const before = useMemo(() => {
    const note = seenNote(app);
    return note.length === 0 ? undefined : parseCheckpoint(note).size;
  }, [app]);
  const { value, failed, again } = useAsked(() => seeNewest(app), []);
  if (failed !== undefined) return <Failure why={failed} again={again} />;
  if (value === undefined) return <Busy text={words.t("page.officer.comparing")} />;
  if (!value.ok) {
    return (
      <div role="alert">
        <InlineAlert status="error" labelText={words.t("page.officer.log-not-whole")} mb="m">
          {words.code(value.code)}
        </InlineAlert>
      </div>
    );
  }
  const { head } = value;
  return (
    <>
      <div role="status" className="verdict">
        {before === undefined
          ? words.t("page.officer.log-first", head.size.toString())
          : words.t("page.officer.log-whole", before.toString(), (head.size - before).toString())}
      </div>
      <details className="technical">
        <summary>{words.t("page.officer.technical")}</summary>
        <Facts
          rows={[
            [words.t("page.officer.log"), head.origin],
            [words.t("page.officer.tree-size"), head.size.toString()],
            [words.t("page.officer.root"), <span className="key">{hex(head.root)}</span>],
          ]}
        />
      </details>
    </>
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
          {[actionOf(words, row), documentOf(words, row)].filter((part) => part !== "").join(": ")}{" "}
          <Marks row={row} />
          <Answered row={row} />
        </>
      ),
    },
  ];
}

function Lines({ trail }: { trail: Trail }) {
  const words = useWords();
  const { rows } = trail;
  const { parts, list } = useParts(rows.length, ROW_HEIGHT);
  const columns = useMemo(() => columnsOf(words), [words]);
  return (
    <table
      ref={list}
      role="table"
      className="trail log"
      aria-rowcount={trail.more ? -1 : rows.length + 1}
      aria-label={words.t("page.officer.log-view")}
    >
      <thead role="rowgroup">
        <tr role="row" aria-rowindex={1}>
          {columns.map(({ title }) => (
            <th key={title} role="columnheader" scope="col">
              {title}
            </th>
          ))}
          <th role="columnheader" scope="col">
            {words.t("page.officer.proof")}
          </th>
        </tr>
      </thead>
      {parts.map((part) =>
        part.gap ? (
          <TableGap key={part.key} height={part.height} width={columns.length + 1} />
        ) : (
          <TableChunk key={part.key} {...part.chunk} rows={rows} columns={columns} Draw={Line} />
        ),
      )}
    </table>
  );
}

function Line({ row, columns, index }: { row: Row; columns: readonly Column[]; index: number }) {
  const words = useWords();
  const [open, setOpen] = useState(false);
  const id = `event-${row.event.number}`;
  return (
    <>
      <tr role="row" aria-rowindex={index} className={isRefused(row) ? "refused" : ""}>
        <Cells row={row} columns={columns} />
        <td role="cell" data-title={words.t("page.officer.proof")}>
          <button
            type="button"
            className="plain"
            aria-expanded={open}
            {...(open && { "aria-controls": id })}
            onClick={() => setOpen(!open)}
          >
            {words.t(open ? "page.officer.close" : "page.officer.open")}
          </button>
        </td>
      </tr>
      {open && (
        <tr role="row" className="opened" id={id}>
          <td role="cell" colSpan={columns.length + 1}>
            <Opened row={row} />
          </td>
        </tr>
      )}
    </>
  );
}

/** What the event says, and its proof as this browser finds it. */
function Opened({ row }: { row: Row }) {
  const app = useApp();
  const words = useWords();
  const { value: proved, failed, again } = useAsked(() => prove(app, row), [row]);
  const client = row.subject?.client;
  return (
    <>
      <LineFacts row={row} />
      <Failure why={failed} again={again} />
      {proved === undefined && failed === undefined && <Busy text={words.t("page.officer.proving")} />}
      {proved !== undefined && proved.facts.ok && (
        <div role="status" className="verdict">
          {words.t("page.officer.line-holds", String(proved.head?.size ?? 0n))}
        </div>
      )}
      {proved !== undefined && !proved.facts.ok && (
        <div role="alert">
          <InlineAlert status="error" labelText={words.t("page.officer.line-wrong")} mb="m">
            {words.code(proved.facts.code)}
          </InlineAlert>
        </div>
      )}
      {client !== undefined && client.length > 0 && (
        <p>
          <a href={href("who-saw", hex(client))}>{words.t("page.officer.to-report")}</a>
        </p>
      )}
      {proved !== undefined && (
        <details className="technical">
          <summary>{words.t("page.officer.technical")}</summary>
          <ProofFacts row={proved} />
        </details>
      )}
    </>
  );
}

/** Goes on by itself when one comes near the end, and by a button. */
function More({ trail }: { trail: Trail }) {
  const words = useWords();
  const end = useRef<HTMLDivElement>(null);
  const { busy, more, failed } = trail;
  useEffect(() => {
    if (end.current === null || busy || !more || failed !== undefined || trail.rows.length === 0) return;
    const observer = new IntersectionObserver(
      (seen) => seen.some(({ isIntersecting }) => isIntersecting) && void trail.next(),
      { rootMargin: "200px 0px" },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, [trail, busy, more, failed]);
  return (
    <div ref={end} className="buttons">
      {busy && <Busy text={words.t("page.reading")} />}
      {!busy && more && trail.rows.length > 0 && (
        <Button variant="secondary" onClick={() => void trail.next()}>
          {words.t("page.officer.more")}
        </Button>
      )}
    </div>
  );
}
