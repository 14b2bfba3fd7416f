/*
 * Signing and sending one statement from a view. A try whose answer was not heard is sent again as it was signed, so that it is
 * accepted once; and nobody is told that it was accepted before its receipt was checked here.
 */
import { useRef, useState } from "react";
import type { Accepted } from "../../../gen/lahetti/v1/session_pb";
import { trustedLog } from "../../session/log";
import { signStatement, submit, type Draft, type Signed } from "../../trade/statement";
import { checkReceipt } from "../../trust/receipt";
import { equal, hex } from "../../wire/bytes";
import { Refusal } from "../../wire/wire";
import { useApp } from "../context";

/** What the log proves of it; or the code of what does not hold. */
export type Proof = { ok: true; number: bigint; timeUs: bigint } | { ok: false; code: string };

export interface Sent {
  signed: Signed;
  accepted: Accepted;
  proof: Proof;
}

export interface Sending {
  busy: boolean;
  progress: { sent: number; of: number };
  why: unknown;
  /** `what` tells one draft from another. Undefined where it was refused or lost: `why` has the reason. */
  send: (what: string, draft: () => Draft) => Promise<Sent | undefined>;
}

const NOT_BEGUN = { sent: 0, of: 0 };

export function useSending(): Sending {
  const app = useApp();
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const [progress, setProgress] = useState(NOT_BEGUN);
  const last = useRef<{ what: string; signed: Signed } | undefined>(undefined);
  const running = useRef(false);

  async function prove(signed: Signed, { statement, receipt, sinceErased }: Accepted): Promise<Proof> {
    if (receipt === undefined || !equal(statement, signed.id)) return { ok: false, code: "wrong-receipt" };
    const log = await trustedLog(app.session);
    const facts = await checkReceipt(receipt, signed.envelope.payload, log, sinceErased);
    return facts.ok
      ? { ok: true, number: facts.number, timeUs: facts.timeUs }
      : { ok: false, code: facts.code };
  }

  async function send(what: string, draft: () => Draft): Promise<Sent | undefined> {
    if (running.current) return undefined;
    running.current = true;
    setBusy(true);
    setWhy(undefined);
    setProgress(NOT_BEGUN);
    try {
      const acting = `${hex(app.session.acting?.id ?? new Uint8Array(0))} ${what}`;
      if (last.current?.what !== acting)
        last.current = { what: acting, signed: await signStatement(app.session, draft()) };
      const { signed } = last.current;
      const accepted = await submit(app.session, signed, (sent, of) => setProgress({ sent, of }));
      return { signed, accepted, proof: await prove(signed, accepted) };
    } catch (failed) {
      // A refusal is for what was signed: what is signed next is another.
      if (failed instanceof Refusal && !failed.passes) last.current = undefined;
      setWhy(failed);
      return undefined;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }

  return { busy, progress, why, send };
}
