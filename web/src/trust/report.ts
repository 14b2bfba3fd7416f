/*
 * A report on who saw a client's data, checked page by page as it comes. A line holds if its event is in the tree and its parts open
 * what the event committed to; the names beside it are the server's word. The report is whole if for each client that it shows the
 * links run 1, 2, 3 … without a gap, each naming the part before it. That the last line is the newest there is, the server alone
 * vouches for, at the checkpoint shown.
 *
 * Each page stands on its own checkpoint. That these are of one log is for log.ts to see: give saw() the checkpoint of every page.
 */
import type { ActorPart, AuditEvent, ReportLine, SubjectPart } from "../../gen/lahetti/v1/audit_pb";
import type { TrailPage } from "../../gen/lahetti/v1/session_pb";
import { equal, hex } from "../wire/bytes";
import { contradict } from "./act";
import { Fault, outcome, type Code, type Outcome } from "./fault";
import { openHead, type Log } from "./log";
import { DIGEST_LENGTH } from "./merkle";
import type { Checkpoint } from "./note";
import { checkLink, openActor, openSubject, readIncluded } from "./receipt";

/** A part of a client's chain: what a line's opened link says. */
interface Link {
  readonly client: string;
  readonly number: bigint;
  readonly previous: Uint8Array;
  readonly commitment: Uint8Array;
}

export interface LineFacts {
  readonly event: AuditEvent;
  /** Undefined: the server itself, or not shown. */
  readonly actor: ActorPart | undefined;
  /** Undefined: since erased. */
  readonly subject: SubjectPart | undefined;
  readonly link: Link | undefined;
}

/** A UUIDv7 in hexadecimal. */
function readId(bytes: Uint8Array): string {
  const id = hex(bytes);
  if (!/^.{12}7.{3}[89ab].{15}$/.test(id)) throw new Fault("bad-identifier");
  return id;
}

async function readLine(line: ReportLine, head: Checkpoint): Promise<LineFacts> {
  const event = await readIncluded(line.event, line.inclusion, head);
  const actor = line.actor === undefined ? undefined : await openActor(event, line.actor);
  if (line.subject === undefined) {
    if (line.link !== undefined) throw new Fault("wrong-commitment");
    return { event, actor, subject: undefined, link: undefined };
  }
  const { subject, commitment } = await openSubject(event, line.subject);
  // Without it nobody knows what is missing beside the line.
  if (line.link === undefined) throw new Fault("broken-chain");
  await checkLink(subject, line.link);
  const { number, previous } = line.link;
  return { event, actor, subject, link: { client: readId(subject.client), number, previous, commitment } };
}

/** One line under a checkpoint that was opened. */
export function checkLine(line: ReportLine, head: Checkpoint): Promise<Outcome<LineFacts>> {
  return outcome(() => readLine(line, head));
}

/** One client's links, in order: from 1, each naming the one before it. */
function isWhole(chain: readonly Link[]): boolean {
  let before: Uint8Array = new Uint8Array(DIGEST_LENGTH);
  return chain.every(({ number, previous, commitment }, i) => {
    const next = number === BigInt(i) + 1n && equal(previous, before);
    before = commitment;
    return next;
  });
}

export interface PageFacts {
  readonly head: Checkpoint;
  /** In the order of the page's lines. */
  readonly lines: readonly Outcome<LineFacts>[];
}

export interface WholeReport {
  /** Of all chains: a client may have one for each of its identifiers with a controller. */
  readonly entries: number;
  /** The last number of each chain, by the identifier in hexadecimal. */
  readonly chains: ReadonlyMap<string, number>;
  /** Undefined: the report had no page. */
  readonly head: Checkpoint | undefined;
}

export class Report {
  private readonly links: Link[] = [];
  private first: Code | undefined;
  private head: Checkpoint | undefined;
  private count = 0;
  private ended = false;

  /** The client that was asked about, as 16 bytes. */
  constructor(
    private readonly log: Log,
    private readonly client: Uint8Array,
  ) {}

  /** Whether the last page has come. */
  get complete(): boolean {
    return this.ended;
  }

  /** The next page. Not ok: its checkpoint does not hold, so that nothing of it does. */
  async add(page: TrailPage): Promise<Outcome<PageFacts>> {
    const facts = await outcome(() => this.read(page));
    this.ended = page.cursor.length === 0;
    if (!facts.ok) this.first ??= facts.code;
    return facts;
  }

  private async read(page: TrailPage): Promise<PageFacts> {
    const head = await openHead(this.log, page.checkpoint);
    if (this.head !== undefined && contradict(this.head, head)) throw new Fault("forked-log");
    this.head = head;
    this.count += page.lines.length;
    const lines = await Promise.all(page.lines.map((line) => checkLine(line, head)));
    for (const line of lines) {
      if (!line.ok) this.first ??= line.code;
      else if (line.link !== undefined) this.links.push(line.link);
    }
    return { head, lines };
  }

  /** What is found of the whole; undefined while pages are missing. Not ok: the first thing that does not hold. */
  whole(): Outcome<WholeReport> | undefined {
    if (!this.ended) return undefined;
    if (this.first !== undefined) return { ok: false, code: this.first };
    const chains = new Map<string, Link[]>();
    for (const link of this.links) {
      const chain = chains.get(link.client);
      if (chain === undefined) chains.set(link.client, [link]);
      else chain.push(link);
    }
    for (const chain of chains.values()) {
      chain.sort((a, b) => (a.number < b.number ? -1 : a.number > b.number ? 1 : 0));
      if (!isWhole(chain)) return { ok: false, code: "broken-chain" };
    }
    // Events, but none of the one who was asked about.
    if (this.count > 0 && !chains.has(hex(this.client))) return { ok: false, code: "broken-chain" };
    const ends = new Map([...chains].map(([client, chain]) => [client, chain.length] as const));
    return { ok: true, entries: this.links.length, chains: ends, head: this.head };
  }
}
