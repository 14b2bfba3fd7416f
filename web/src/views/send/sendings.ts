/*
 * What is being sent, by the name of its draft: it goes on where its view goes away, and a view that comes back finds it. What was
 * signed is kept with the draft until the server has answered finally, so that whatever happens in between it is accepted once.
 */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { EnvelopeSchema } from "../../../gen/lahetti/v1/common_pb";
import type { Accepted } from "../../../gen/lahetti/v1/session_pb";
import { StatementSchema } from "../../../gen/lahetti/v1/statement_pb";
import type { AppState } from "../../session/app";
import { trustedLog } from "../../session/log";
import { Observable } from "../../session/observable";
import { signStatement, submit, type AttachedFile, type Draft, type Signed } from "../../trade/statement";
import type { Device } from "../../trust/device";
import { checkReceipt } from "../../trust/receipt";
import { equal, hex, own, sha256, unhex, NONE } from "../../wire/bytes";
import { Refusal } from "../../wire/wire";

/** What the log proves of it; or the code of what does not hold. */
export type Proof = { ok: true; number: bigint; timeUs: bigint } | { ok: false; code: string };

export interface Sent {
  signed: Signed;
  accepted: Accepted;
  proof: Proof;
}

export interface SendingState {
  busy: boolean;
  progress: { sent: number; of: number };
  /** Why it was refused or lost. */
  why: unknown;
  /** What was sent, until a view has taken it. */
  sent: Sent | undefined;
}

/** As it lies among the drafts. */
interface Kept {
  what: string;
  envelope: string;
}

export const NOTHING: SendingState = {
  busy: false,
  progress: { sent: 0, of: 0 },
  why: undefined,
  sent: undefined,
};

/** Those of one device, for as long as it is unlocked. */
export class Sendings extends Observable {
  private readonly states = new Map<string, SendingState>();
  /** How many views show each. */
  readonly shown = new Map<string, number>();

  /** Until what is returned is called. */
  show(name: string): () => void {
    const count = (more: number) => this.shown.set(name, (this.shown.get(name) ?? 0) + more);
    count(1);
    return () => {
      count(-1);
      if (this.find(name).why !== undefined) this.forget(name);
    };
  }

  find(name: string): SendingState {
    return this.states.get(name) ?? NOTHING;
  }

  set(name: string, part: Partial<SendingState>): void {
    this.states.set(name, { ...this.find(name), ...part });
    this.changed();
  }

  /** What came of it has been told. */
  forget(name: string): void {
    if (!this.find(name).busy && this.states.delete(name)) this.changed();
  }
}

const ofDevices = new WeakMap<Device, Sendings>();
const ofNobody = new Sendings();

export function sendingsOf(device: Device | undefined): Sendings {
  if (device === undefined) return ofNobody;
  let found = ofDevices.get(device);
  if (found === undefined) ofDevices.set(device, (found = new Sendings()));
  return found;
}

/** `what` tells one draft of the name from another; its files are compared by their bytes. Does nothing where it is being sent. */
export async function send(app: AppState, name: string, what: string, draft: Draft): Promise<void> {
  const { device, acting } = app.session;
  const sendings = sendingsOf(device);
  if (sendings.find(name).busy) return;
  sendings.set(name, { ...NOTHING, busy: true });
  const kept = `signed:${name}`;
  /** Another may have signed in meanwhile: the drafts are theirs then. */
  const isOurs = () =>
    device !== undefined && app.session.device !== undefined && equal(app.session.device.keyId, device.keyId);
  let accepted: Accepted | undefined;
  try {
    const acts = `${hex(acting?.id ?? NONE)} ${what}`;
    const signNew = async () => {
      const signed = await signStatement(app.session, draft);
      const envelope = hex(toBinary(EnvelopeSchema, signed.envelope));
      await app.drafts.put(kept, { what: acts, envelope } satisfies Kept, !app.passes);
      return signed;
    };
    const progress = (sent: number, of: number) => sendings.set(name, { progress: { sent, of } });
    let before = await signedBefore(app.drafts.find<Kept>(kept)?.content, acts, draft.files ?? []);
    if (before !== undefined) {
      // The server may have it, and then needs no files.
      const alone = { ...before.signed, files: [] };
      accepted = await submit(app.session, alone).catch((why: unknown) => {
        if (!(why instanceof Refusal) || why.code !== "attachment-missing") throw why;
        if (!before?.whole) before = undefined;
        return undefined;
      });
    }
    const signed = before?.signed ?? (await signNew());
    accepted ??= await submit(app.session, signed, progress);
    const proof = await prove(app, signed, accepted);
    if (isOurs()) {
      await app.drafts.drop(name);
      await app.drafts.drop(kept);
    }
    sendings.set(name, { sent: { signed, accepted, proof } });
  } catch (why) {
    // A refusal is for what was signed: what is signed next is another.
    if (accepted === undefined && why instanceof Refusal && !why.passes && isOurs())
      await app.drafts.drop(kept);
    sendings.set(name, { why });
  } finally {
    sendings.set(name, { busy: false });
  }
}

/** What was signed of this draft, with its files as far as they are here. Undefined where the draft is another now. */
async function signedBefore(
  kept: Kept | undefined,
  what: string,
  files: readonly AttachedFile[],
): Promise<{ signed: Signed; whole: boolean } | undefined> {
  if (kept?.what !== what) return undefined;
  const envelope = fromBinary(EnvelopeSchema, unhex(kept.envelope));
  const { header } = fromBinary(StatementSchema, envelope.payload);
  if (header === undefined) return undefined;
  const named = header.attachments.map((attachment) => ({
    attachment,
    file: files.find((one) => equal(one.attachment.sha256, attachment.sha256)),
  }));
  // A file that was not signed makes it another document.
  if (
    files.some(
      (one) =>
        !named.some(({ file }) => file !== undefined && equal(file.attachment.sha256, one.attachment.sha256)),
    )
  )
    return undefined;
  const here = named.flatMap(({ attachment, file }) =>
    file === undefined ? [] : [{ attachment, bytes: file.bytes }],
  );
  const whole = here.length === named.length;
  const id = own(header.id);
  return {
    signed: { id, sha256: await sha256(envelope.payload), envelope, files: whole ? here : [] },
    whole,
  };
}

async function prove(app: AppState, signed: Signed, accepted: Accepted): Promise<Proof> {
  const { statement, receipt, sinceErased } = accepted;
  if (receipt === undefined || !equal(statement, signed.id)) return { ok: false, code: "wrong-receipt" };
  const log = await trustedLog(app.session);
  const facts = await checkReceipt(receipt, signed.envelope.payload, log, sinceErased);
  return facts.ok
    ? { ok: true, number: facts.number, timeUs: facts.timeUs }
    : { ok: false, code: facts.code };
}
