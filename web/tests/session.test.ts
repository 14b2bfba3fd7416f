/*
 * Being signed in, against a server that the test plays: it answers when the test says so, closes, and remembers in which role it was
 * asked what.
 */
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { beforeEach, expect, test, vi } from "vitest";
import { MembershipSchema } from "../gen/lahetti/v1/directory_pb";
import {
  ClientFrameSchema,
  Error_Class,
  ErrorSchema,
  GreetingSchema,
  ReadSentSchema,
  SentPageSchema,
  ServerFrameSchema,
  SessionSchema,
  StatusSchema,
  type ClientFrame,
} from "../gen/lahetti/v1/session_pb";
import { Sent } from "../src/session/sent";
import { Session } from "../src/session/session";
import { newKey, type Device } from "../src/trust/device";
import { equal, hex, text, type Bytes } from "../src/wire/bytes";
import { Lost, type Answer, type Request } from "../src/wire/wire";

vi.hoisted(() => vi.stubGlobal("document", { querySelector: () => null }));

const ROLES = [1, 2, 3].map((n) => new Uint8Array(16).fill(n));
const [FIRST, SECOND, THIRD] = ROLES as [Bytes, Bytes, Bytes];
const READ_SENT: Request = { case: "readSent", value: create(ReadSentSchema) };

class Socket {
  static readonly OPEN = 1;
  readyState = 1;
  binaryType = "";
  onmessage: ((event: { data: ArrayBuffer }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor() {
    server.socket = this;
    queueMicrotask(() => server.say(0n, { case: "greeting", value: create(GreetingSchema, GREETING) }));
  }

  send(bytes: Uint8Array) {
    server.hear(fromBinary(ClientFrameSchema, bytes));
  }

  close() {
    this.readyState = 2;
    setTimeout(() => {
      this.readyState = 3;
      this.onclose?.();
    });
  }
}

const GREETING = {
  serverName: "koe",
  logKey: "koe+1+x",
  nonce: new Uint8Array(32),
  versionLeast: 1,
  versionMost: 1,
};

/** What the server of the test knows, and what it was asked. */
class Server {
  socket!: Socket;
  acting: Uint8Array = FIRST;
  /** Roles that have not ended. */
  roles = ROLES;
  /** What was asked after the login, each with the role in which it was answered. */
  readonly asked: { what: ClientFrame["body"]["case"]; as: string }[] = [];
  /** Answers that wait for the test. */
  readonly held: (() => void)[] = [];
  holds: string[] = [];

  say(correlation: bigint, body: Answer) {
    const frame = toBinary(ServerFrameSchema, create(ServerFrameSchema, { correlation, body }));
    this.socket.onmessage?.({ data: frame.slice().buffer });
  }

  hear({ correlation, body }: ClientFrame) {
    const { socket } = this;
    if (body.case === "login" || body.case === "act") {
      const wanted = body.value.membership;
      const role = this.roles.find((id) => wanted.length === 0 || equal(id, wanted));
      if (role === undefined) return this.refuse(correlation, "no-such-membership");
      this.acting = role;
    }
    if (body.case !== "login") this.asked.push({ what: body.case, as: hex(this.acting) });
    const answer = this.answer(body);
    const give = () => socket === this.socket && this.say(correlation, answer);
    if (this.holds.includes(body.case!)) this.held.push(give);
    else queueMicrotask(give);
  }

  refuse(correlation: bigint, code: string) {
    const value = create(ErrorSchema, { code, class: Error_Class.REFUSED });
    queueMicrotask(() => this.say(correlation, { case: "error", value }));
  }

  private answer(body: ClientFrame["body"]): Answer {
    if (body.case === "readSent") {
      const statuses = [create(StatusSchema, { delivery: text("delivery"), statement: text("statement") })];
      return { case: "sent", value: create(SentPageSchema, { statuses }) };
    }
    const memberships = this.roles.map((id) => create(MembershipSchema, { id }));
    return { case: "session", value: create(SessionSchema, { memberships, acting: this.acting }) };
  }

  /** Closes as a server does that drains: until the browser has heard all of it, the connection is neither open nor closed. */
  close() {
    this.socket.close();
  }
}

const events = new EventTarget();
vi.stubGlobal("WebSocket", Socket);
vi.stubGlobal("location", { host: "localhost", origin: "https://localhost" });
vi.stubGlobal("addEventListener", events.addEventListener.bind(events));
vi.stubGlobal("removeEventListener", events.removeEventListener.bind(events));

const key = await newKey("kolme sanaa riittää");
const device: Device = { ...key, profile: { ...key.profile, serverName: "koe", logKey: "koe+1+x" } };
let server: Server;
let session: Session;

beforeEach(async () => {
  server = new Server();
  session = new Session();
  await session.start(device, "fi");
});

const is = (name: string) => vi.waitFor(() => expect(session.phase.name).toBe(name));

/** The browser says that it is on line: what waits to come back does so at once. */
async function comeBack() {
  await is("lost");
  events.dispatchEvent(new Event("online"));
  await is("in");
}

test("two changes of role in a row end in the last one, here and at the server", async () => {
  server.holds = ["act"];
  const changes = [session.act(SECOND), session.act(THIRD)];
  for (const _ of changes) {
    await vi.waitFor(() => expect(server.held).toHaveLength(1));
    server.held.pop()!();
  }
  await Promise.all(changes);
  expect(session.acting!.id).toEqual(THIRD);
  await session.ask(READ_SENT, "sent");
  expect(server.asked.at(-1)).toEqual({ what: "readSent", as: hex(THIRD) });
});

test("what is asked while a role changes is asked in neither", async () => {
  server.holds = ["act"];
  const change = session.act(SECOND);
  const question = expect(session.ask(READ_SENT, "sent")).rejects.toThrow(Lost);
  await vi.waitFor(() => expect(server.held).toHaveLength(1));
  server.held.pop()!();
  await Promise.all([change, question]);
  expect(server.asked).toHaveLength(1);
});

test("what was answered before the role changed is had", async () => {
  server.holds = ["readSent"];
  const question = session.ask(READ_SENT, "sent");
  await vi.waitFor(() => expect(server.held).toHaveLength(1));
  const change = session.act(SECOND);
  server.held.pop()!();
  await expect(question).resolves.toBeDefined();
  await change;
});

test("a refused change leaves the role that was", async () => {
  server.roles = [FIRST];
  await expect(session.act(SECOND)).rejects.toThrow();
  expect(session.acting!.id).toEqual(FIRST);
  server.close();
  await comeBack();
  expect(server.acting).toEqual(FIRST);
});

test("a change that nobody answered is not the next person's", async () => {
  server.holds = ["act"];
  const change = expect(session.act(SECOND)).rejects.toThrow(Lost);
  await vi.waitFor(() => expect(server.held).toHaveLength(1));
  session.end();
  server.holds = [];
  await session.start({ ...device }, "fi");
  await change;
  await session.ask(READ_SENT, "sent");
  server.close();
  await comeBack();
  expect(server.acting).toEqual(FIRST);
});

test("while the connection closes what is asked waits for the next", async () => {
  server.close();
  expect(server.socket.readyState).toBe(2);
  const question = session.ask(READ_SENT, "sent");
  await comeBack();
  await question;
  expect(server.asked).toHaveLength(1);
});

test("what waits for a connection is not asked in another role", async () => {
  server.close();
  const question = expect(session.ask(READ_SENT, "sent")).rejects.toThrow(Lost);
  server.roles = [SECOND];
  await comeBack();
  await question;
  expect(session.acting!.id).toEqual(SECOND);
  expect(server.asked).toEqual([]);
});

test("what was sent is read although the connection was lost meanwhile", async () => {
  const sent = new Sent(session);
  server.close();
  await is("lost");
  const page = sent.next();
  await comeBack();
  await page;
  expect(sent.all()).toHaveLength(1);
  expect(sent.begun).toBe(true);
});
