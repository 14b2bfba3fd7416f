/*
 * Why something does not hold, or has not the form of a proof: the stable codes of lib/core's codes.def, so that the page says the
 * sentence that `lahetti verify` says.
 */
export type Code =
  | "bad-act"
  | "bad-checkpoint"
  | "bad-consistency"
  | "bad-identifier"
  | "bad-inclusion"
  | "bad-message"
  | "bad-note"
  | "bad-proof"
  | "bad-signature"
  | "bad-text"
  | "bad-verifier-key"
  | "broken-chain"
  | "duplicate-field"
  | "forked-log"
  | "newer-statement"
  | "no-crypto"
  | "too-many-elements"
  | "unknown-key"
  | "wrong-commitment"
  | "wrong-origin"
  | "wrong-receipt";

/** Thrown by the detector; who asked from outside gets an Outcome. */
export class Fault extends Error {
  constructor(readonly code: Code) {
    super(code);
  }
}

export interface Failed {
  readonly ok: false;
  readonly code: Code;
}
export type Outcome<Facts> = (Facts & { readonly ok: true }) | Failed;

export async function outcome<Facts extends object>(work: () => Promise<Facts>): Promise<Outcome<Facts>> {
  try {
    return { ...(await work()), ok: true };
  } catch (why) {
    if (why instanceof Fault) return { ok: false, code: why.code };
    throw why;
  }
}
