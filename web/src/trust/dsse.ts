/* DSSE envelopes (secure-systems-lab/dsse v1.0.2), signed by ECDSA P-256 with SHA-256: r and s, 32 bytes each. */
import { create } from "@bufbuild/protobuf";
import { EnvelopeSchema, type Envelope } from "../../gen/lahetti/v1/common_pb";
import { concat, equal, own, sha256, text, unhex, type Bytes } from "../wire/bytes";

export const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
export const WITH_SHA256 = { name: "ECDSA", hash: "SHA-256" } as const;

export const STATEMENT = "application/vnd.lahetti.statement.v1+protobuf";
export const LOGIN = "application/vnd.lahetti.login.v1+protobuf";
export const ENROLMENT = "application/vnd.lahetti.enrolment.v1+protobuf";

/** What may sign: a key, and the SHA-256 of its SubjectPublicKeyInfo. */
export interface Signer {
  readonly keyId: Bytes;
  readonly key: CryptoKey;
}

/** The pre-authentication encoding, over which the signature is made. */
export function pae(type: string, payload: Uint8Array): Bytes {
  const name = text(type);
  return concat(text(`DSSEv1 ${name.length} `), name, text(` ${payload.length} `), payload);
}

export async function sign(signer: Signer, payloadType: string, payload: Uint8Array): Promise<Envelope> {
  const sig = new Uint8Array(await crypto.subtle.sign(WITH_SHA256, signer.key, pae(payloadType, payload)));
  return create(EnvelopeSchema, { payload, payloadType, signatures: [{ keyId: signer.keyId, sig }] });
}

/** What stands before x and y in the SPKI of every P-256 key (RFC 5480): no key has a second spelling. */
const SPKI_HEAD = unhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004");
const SPKI_LENGTH = 91;

/** Whether a signature, r and s, over these bytes is by the key whose SPKI this is. */
export async function verifyBytes(spki: Uint8Array, sig: Uint8Array, bytes: Uint8Array): Promise<boolean> {
  if (spki.length !== SPKI_LENGTH || !equal(spki.subarray(0, SPKI_HEAD.length), SPKI_HEAD)) return false;
  if (sig.length !== 64) return false;
  try {
    const key = await crypto.subtle.importKey("spki", own(spki), P256, false, ["verify"]);
    return await crypto.subtle.verify(WITH_SHA256, key, own(sig), own(bytes));
  } catch {
    return false; // no point of the curve
  }
}

/** Whether the envelope is of this type and its one signature is by the key whose SPKI this is. */
export async function verify(envelope: Envelope, payloadType: string, spki: Uint8Array): Promise<boolean> {
  const [signature, ...more] = envelope.signatures;
  if (signature === undefined || more.length > 0 || envelope.payloadType !== payloadType) return false;
  if (!equal(signature.keyId, await sha256(spki))) return false;
  return verifyBytes(spki, signature.sig, pae(payloadType, envelope.payload));
}
