/*
 * Reading the trail, a page at a time: the report on one client, proved line by line as it comes, and the log of one's own
 * controller. What a line says is read from its bytes; whether it holds is told beside it.
 */
import { create, fromBinary } from "@bufbuild/protobuf";
import {
  AuditEventSchema,
  SubjectPartSchema,
  type AuditEvent,
  type ReportLine,
  type SubjectPart,
} from "../../gen/lahetti/v1/audit_pb";
import {
  ReadInclusionSchema,
  ReadTrailSchema,
  WhoSawSchema,
  type ReadTrail,
} from "../../gen/lahetti/v1/session_pb";
import { outcome, type Code, type Outcome } from "../trust/fault";
import { openHead } from "../trust/log";
import type { Checkpoint } from "../trust/note";
import { checkLine, Report, type LineFacts, type WholeReport } from "../trust/report";
import { NONE } from "../wire/bytes";
import type { AppState } from "./app";
import { logOf, seeCheckpoint } from "./log";
import { Observable } from "./observable";

const PAGE = 100;
/** Pages of a report follow each other no faster than the server hears requests. */
const PAUSE_MS = 60;

export interface Row {
  readonly line: ReportLine;
  readonly event: AuditEvent;
  /** Undefined: none is shown, or it was erased. */
  readonly subject: SubjectPart | undefined;
  /** The checkpoint that it was checked under. */
  readonly head?: Checkpoint | undefined;
  /** Why it does not hold. */
  readonly code?: Code | undefined;
}

/** What a line says, whether it is proved or not: bytes that can't be read say nothing. */
function readRow(line: ReportLine): Row {
  try {
    const event = fromBinary(AuditEventSchema, line.event);
    const subject = line.subject === undefined ? undefined : fromBinary(SubjectPartSchema, line.subject.part);
    return { line, event, subject };
  } catch {
    return { line, event: create(AuditEventSchema), subject: undefined };
  }
}

/** Who saw a client's data, oldest first. */
export class ClientReport extends Observable {
  readonly rows: Row[] = [];
  /** Lines that do not hold. */
  wrong = 0;
  /** The last page's; undefined before the first one. */
  head: Checkpoint | undefined;
  /** Undefined until all has been read. */
  verdict: Outcome<WholeReport> | undefined;
  /** Why reading ended early. */
  failed: unknown;
  readonly begunMs = Date.now();
  reading = true;
  private ended = false;

  constructor(
    private readonly app: AppState,
    private readonly client: Uint8Array,
  ) {
    super();
  }

  /** Reads all of it. Each page is an event of the log itself. */
  async read(): Promise<void> {
    try {
      const report = new Report(await logOf(this.app), this.client);
      let cursor: Uint8Array = NONE;
      do {
        const page = await this.app.session.ask(
          {
            case: "whoSaw",
            value: create(WhoSawSchema, { client: this.client, cursor, limit: PAGE, proofs: true }),
          },
          "trail",
        );
        if (this.ended) return;
        cursor = page.cursor;
        const seen = await seeCheckpoint(this.app, page.checkpoint);
        const facts = await report.add(page);
        page.lines.forEach((line, i) => {
          const found = facts.ok ? facts.lines[i] : facts;
          const code = found === undefined || found.ok ? undefined : found.code;
          if (code !== undefined) this.wrong++;
          this.rows.push({ ...readRow(line), head: facts.ok ? facts.head : undefined, code });
        });
        this.head = facts.ok ? facts.head : this.head;
        if (!seen.ok) this.verdict = seen;
        this.changed();
        if (cursor.length > 0) await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      } while (cursor.length > 0 && !this.ended);
      this.verdict ??= report.whole();
    } catch (why) {
      this.failed = why;
    }
    this.reading = false;
    this.changed();
  }

  stop(): void {
    this.ended = true;
  }
}

export type TrailFilter = Partial<
  Pick<ReadTrail, "client" | "user" | "unit" | "action" | "outcome" | "fromUs" | "untilUs">
>;

/** What was done, newest first. */
export class Trail extends Observable {
  readonly rows: Row[] = [];
  more = true;
  failed: unknown;
  private cursor: Uint8Array = NONE;
  private reading = false;

  constructor(
    private readonly app: AppState,
    private readonly filter: TrailFilter,
  ) {
    super();
  }

  get busy(): boolean {
    return this.reading;
  }

  /** Reads the next page; each is an event of the log itself. */
  async next(): Promise<void> {
    if (this.reading || !this.more) return;
    this.reading = true;
    this.failed = undefined;
    this.changed();
    try {
      const page = await this.app.session.ask(
        {
          case: "readTrail",
          value: create(ReadTrailSchema, { ...this.filter, cursor: this.cursor, limit: PAGE }),
        },
        "trail",
      );
      this.rows.push(...page.lines.map(readRow));
      this.cursor = page.cursor;
      this.more = page.cursor.length > 0;
    } catch (why) {
      this.failed = why;
    }
    this.reading = false;
    this.changed();
  }
}

/** Asks for the proof of a line of the log, and checks it. Rejects with Refusal or Lost. */
export async function prove(app: AppState, row: Row): Promise<Row & { facts: Outcome<LineFacts> }> {
  const { number } = row.event;
  const proof = await app.session.ask(
    { case: "readInclusion", value: create(ReadInclusionSchema, { number }) },
    "proof",
  );
  const seen = await seeCheckpoint(app, proof.checkpoint);
  const line = { ...row.line, inclusion: proof.hashes };
  const log = await logOf(app);
  const opened = await outcome(async () => ({ head: await openHead(log, proof.checkpoint) }));
  const facts = !seen.ok ? seen : opened.ok ? await checkLine(line, opened.head) : opened;
  return {
    ...row,
    line,
    facts,
    head: opened.ok ? opened.head : undefined,
    code: facts.ok ? undefined : facts.code,
  };
}
