/*
 * One connection: frames out, each with its answer; frames that the server sends unasked; and the end. It knows nothing of who
 * signs in, and never comes back by itself: session.ts makes the next one.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  ClientFrameSchema,
  Error_Class,
  type Greeting,
  ServerFrameSchema,
  type ClientFrame,
  type ServerFrame,
} from "../../gen/lahetti/v1/session_pb";
import { nowUs } from "./bytes";

export const SUBPROTOCOL = "lahetti.v1";
export const VERSION = 1;

export type Request = Exclude<ClientFrame["body"], { case: undefined }>;
export type Answer = Exclude<ServerFrame["body"], { case: undefined }>;
export type AnswerOf<Case extends Answer["case"]> = Extract<Answer, { case: Case }>["value"];

/** What the server refused or could not do: a stable code, and its sentence in the session's language. */
export class Refusal extends Error {
  constructor(
    readonly code: string,
    readonly kind: Error_Class,
    sentence: string,
    /** What this device's clock and the server's showed then (microseconds). */
    readonly clocks?: { own: bigint; server: bigint },
  ) {
    super(sentence);
  }
  get passes(): boolean {
    return this.kind === Error_Class.TRANSIENT;
  }
}

/** The connection went before the answer came: the same frame may be sent again. */
export class Lost extends Error {}

/** Without an answer for so long the connection is taken for dead: browsers tell nothing of pings. */
const PATIENCE_MS = 60_000;

interface Waiting {
  timer: ReturnType<typeof setTimeout>;
  resolve(answer: Answer): void;
  reject(why: Error): void;
}

export class Wire {
  greeting: Greeting | undefined;
  /** When it came, by a clock that nobody sets. */
  private greetedAt = 0;
  /** Why the server closed, where it said so. */
  reason: Refusal | undefined;
  private readonly socket: WebSocket;
  private readonly waiting = new Map<bigint, Waiting>();
  private last = 0n;

  private constructor(
    url: string,
    private readonly pushed: (frame: Answer) => void,
    private readonly ended: (wire: Wire) => void,
    private readonly greeted: (greeting: Greeting) => void,
  ) {
    this.socket = new WebSocket(url, SUBPROTOCOL);
    this.socket.binaryType = "arraybuffer";
    this.socket.onmessage = (event) => this.hear(event.data);
    this.socket.onclose = () => this.end();
  }

  /** Connects and waits for the greeting. Rejects with Lost where there is none within 15 seconds. */
  static open(url: string, pushed: (frame: Answer) => void, ended: (wire: Wire) => void): Promise<Wire> {
    return new Promise((resolve, reject) => {
      let open = false;
      const wire = new Wire(
        url,
        pushed,
        (w) => (open ? ended(w) : reject(w.reason ?? new Lost())),
        () => {
          open = true;
          clearTimeout(timer);
          resolve(wire);
        },
      );
      const timer = setTimeout(() => wire.close(), 15_000);
    });
  }

  /** Sends a frame and waits for its one answer. Rejects with Refusal or Lost. */
  ask(body: Request): Promise<Answer> {
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) return reject(new Lost());
      const correlation = ++this.last;
      this.waiting.set(correlation, { timer: setTimeout(() => this.drop(), PATIENCE_MS), resolve, reject });
      const frame = create(ClientFrameSchema, { correlation, body });
      this.socket.send(toBinary(ClientFrameSchema, frame) as Uint8Array<ArrayBuffer>);
    });
  }

  close(): void {
    this.socket.close(1000);
  }

  /** Gives the connection up without waiting for the other end to agree. */
  private drop(): void {
    this.socket.onclose = null;
    this.socket.close();
    this.end();
  }

  private hear(data: unknown): void {
    if (!(data instanceof ArrayBuffer)) return this.socket.close(1003);
    const { correlation, body } = fromBinary(ServerFrameSchema, new Uint8Array(data));
    if (body.case === undefined) return; // of a newer server
    const waiting = this.waiting.get(correlation);

    if (body.case === "greeting") {
      this.greeting = body.value;
      this.greetedAt = performance.now();
      this.greeted(body.value);
    } else if (body.case === "error") {
      const { code, class: kind, sentence } = body.value;
      const refusal = new Refusal(code, kind, sentence, this.clocks());
      if (waiting === undefined) this.reason = refusal;
      else waiting.reject(refusal);
    } else if (waiting === undefined) {
      this.pushed(body);
    } else {
      waiting.resolve(body);
    }
    clearTimeout(waiting?.timer);
    this.waiting.delete(correlation);
  }

  private clocks() {
    if (this.greeting === undefined) return undefined;
    const since = Math.round((performance.now() - this.greetedAt) * 1000);
    return { own: nowUs(), server: this.greeting.timeUs + BigInt(since) };
  }

  private end(): void {
    for (const { timer, reject } of this.waiting.values()) {
      clearTimeout(timer);
      reject(this.reason ?? new Lost());
    }
    this.waiting.clear();
    this.ended(this);
  }
}
