/* What the page says of the log whenever a session stands: one that was forked is told, and stays told. */
import { create } from "@bufbuild/protobuf";
import { beforeEach, expect, test, vi } from "vitest";
import { Action } from "../gen/lahetti/v1/audit_pb";
import { CheckpointSchema, Error_Class, ProofSchema } from "../gen/lahetti/v1/session_pb";
import { AppState } from "../src/session/app";
import { newKey, type Device } from "../src/trust/device";
import type { Bytes } from "../src/wire/bytes";
import { Lost, Refusal, type Request } from "../src/wire/wire";
import { Trail } from "./writer";

vi.hoisted(() => {
  vi.stubGlobal("document", { querySelector: () => null, documentElement: {} });
  vi.stubGlobal("localStorage", { getItem: () => "en" });
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("setInterval", () => 0);
});
vi.mock("../src/store/disk", () => ({ disk: { profiles: () => [], putProfile: () => {} } }));

const trail = await Trail.make();
for (let i = 0; i < 20; i++) await trail.record(Action.LOGIN);
/** The same key, and other events after the tenth. */
const forked = Object.assign(Object.create(Trail.prototype) as Trail, {
  signer: trail.signer,
  lines: trail.lines.slice(0, 10),
  leaves: trail.leaves.slice(0, 10),
});
for (let i = 0; i < 10; i++) await forked.record(Action.LOGIN);
const key = await newKey("kolme sanaa riittää");

let app: AppState;
/** What the server shows as newest, of which log; or how it fails. */
let served: { log: Trail; size: number } | Error;

beforeEach(async () => {
  app = await AppState.start();
  vi.spyOn(app.session, "ask").mockImplementation((async (asked: Request) => {
    if (served instanceof Error) throw served;
    if (asked.case === "readCheckpoint")
      return create(CheckpointSchema, { note: await served.log.head(served.size) });
    if (asked.case === "readConsistency")
      return create(ProofSchema, await served.log.prove(asked.value.from, asked.value.to));
    throw new Lost();
  }) as typeof app.session.ask);
  app.session.device = device(await trail.head(15));
});

function device(checkpoint: Bytes): Device {
  return { ...key, profile: { ...key.profile, logKey: trail.signer.vkey, checkpoint } };
}

/** A session stands, and the log was looked at. */
async function stands(log: typeof served): Promise<AppState["doubt"]> {
  served = log;
  await app["lookAtLog"]();
  return app.doubt;
}

const FORKED = { text: "page.log-doubt", code: "forked-log" };

test("a log that goes on is not doubted, and its newest is kept", async () => {
  expect(await stands({ log: trail, size: 20 })).toBeUndefined();
  expect(app.session.device!.profile.checkpoint).toEqual(await trail.head(20));
});

test("a forked log is told, and stays told when what was seen is shown again", async () => {
  let drawn = 0;
  app.watch(() => drawn++);
  expect(await stands({ log: forked, size: 20 })).toEqual(FORKED);
  expect(drawn).toBe(1);
  expect(app.session.device!.profile.checkpoint).toEqual(await trail.head(15));
  expect(await stands({ log: trail, size: 20 })).toEqual(FORKED);
  expect(await stands(new Error("odd"))).toEqual(FORKED);
});

test("one that is shorter than what was seen is told", async () => {
  expect(await stands({ log: trail, size: 14 })).toEqual(FORKED);
});

test("what could not be looked at is told until it can", async () => {
  const refused = new Refusal("rate-limited", Error_Class.REFUSED, "");
  expect(await stands(refused)).toEqual({ text: "page.log-unchecked", code: "rate-limited" });
  expect(await stands({ log: trail, size: 20 })).toBeUndefined();
});

test("a lost connection is no doubt: the next session looks again", async () => {
  expect(await stands(new Lost())).toBeUndefined();
  expect(await stands(new Refusal("busy", Error_Class.TRANSIENT, ""))).toBeUndefined();
});
