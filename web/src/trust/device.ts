/*
 * The device's key. It is made here, wrapped at once under a key from the passphrase, and from then on only unwrapped
 * non-extractable. Drafts are encrypted under a sister of that key.
 *
 * PBKDF2-HMAC-SHA-256 with the cost that OWASP gives for it, then HKDF with a label for each use.
 */
import { own, random, sha256, text, NONE, type Bytes } from "../wire/bytes";
import { P256, type Signer } from "./dsse";

export const PASSPHRASE_LEAST = 12;
const ITERATIONS = 600_000;

/** What is kept of a device between two visits. Nothing in it is of use without the passphrase. */
export interface Profile {
  /** The key identifier in hexadecimal. */
  id: string;
  keyId: Bytes;
  spki: Bytes;
  userName: string;
  serverName: string;
  /** The log's verifier key, as it was at the enrolment, or as the last accepted act says. */
  logKey: string;
  /** The operator's acts that were accepted, from the newest back; none where the log was never restored. */
  acts?: readonly Bytes[];
  /** The newest checkpoint of the log that this device has seen, as a signed note. */
  checkpoint: Bytes;
  membership: Bytes;
  salt: Bytes;
  iterations: number;
  iv: Bytes;
  wrapped: Bytes;
}

/** A device that can sign, until it is locked. */
export interface Device extends Signer {
  profile: Profile;
  readonly drafts: CryptoKey;
}

export class WrongPassphrase extends Error {}

async function keys(passphrase: string, salt: Bytes, iterations: number) {
  const typed = await crypto.subtle.importKey("raw", text(passphrase.normalize("NFKC")), "PBKDF2", false, [
    "deriveBits",
  ]);
  const bits = await crypto.subtle.deriveBits(
    { name: "PBKDF2", hash: "SHA-256", salt, iterations },
    typed,
    256,
  );
  const root = await crypto.subtle.importKey("raw", bits, "HKDF", false, ["deriveKey"]);
  const derive = (label: string, uses: KeyUsage[]) =>
    crypto.subtle.deriveKey(
      { name: "HKDF", hash: "SHA-256", salt: NONE, info: text(label) },
      root,
      { name: "AES-GCM", length: 256 },
      false,
      uses,
    );
  return {
    wrapping: await derive("lahetti device v1", ["wrapKey", "unwrapKey"]),
    drafts: await derive("lahetti drafts v1", ["encrypt", "decrypt"]),
  };
}

/** A key that is not enrolled yet: its SPKI, and its sign of life. */
export interface NewKey extends Signer {
  readonly spki: Bytes;
  /** The profile to keep once the server has taken the key. */
  readonly profile: Profile;
  readonly drafts: CryptoKey;
}

export async function newKey(passphrase: string): Promise<NewKey> {
  const pair = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  const keyId = await sha256(spki);
  const salt = random(16);
  const iv = random(12);
  const { wrapping, drafts } = await keys(passphrase, salt, ITERATIONS);
  const wrapped = new Uint8Array(
    await crypto.subtle.wrapKey("pkcs8", pair.privateKey, wrapping, {
      name: "AES-GCM",
      iv,
      additionalData: keyId,
    }),
  );
  const profile: Profile = {
    id: Array.from(keyId, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    keyId,
    spki,
    userName: "",
    serverName: "",
    logKey: "",
    checkpoint: NONE,
    membership: NONE,
    salt,
    iterations: ITERATIONS,
    iv,
    wrapped,
  };
  return { spki, keyId, profile, drafts, key: await unwrap(profile, wrapping) };
}

function unwrap(profile: Profile, wrapping: CryptoKey): Promise<CryptoKey> {
  return crypto.subtle.unwrapKey(
    "pkcs8",
    own(profile.wrapped),
    wrapping,
    { name: "AES-GCM", iv: own(profile.iv), additionalData: own(profile.keyId) },
    P256,
    false,
    ["sign"],
  );
}

/** Rejects with WrongPassphrase. */
export async function unlock(profile: Profile, passphrase: string): Promise<Device> {
  const { wrapping, drafts } = await keys(passphrase, own(profile.salt), profile.iterations);
  try {
    return { profile, keyId: profile.keyId, drafts, key: await unwrap(profile, wrapping) };
  } catch {
    throw new WrongPassphrase();
  }
}

/** Encrypted under the device's key, bound to its name: 12 bytes of nonce, then AES-256-GCM. */
export async function seal(device: Pick<Device, "drafts">, name: string, plain: Uint8Array): Promise<Bytes> {
  const iv = random(12);
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: text(name) },
    device.drafts,
    own(plain),
  );
  const whole = new Uint8Array(12 + sealed.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(sealed), 12);
  return whole;
}

/** Rejects where it was sealed by another device or under another name. */
export async function unseal(
  device: Pick<Device, "drafts">,
  name: string,
  sealed: Uint8Array,
): Promise<Bytes> {
  const iv = own(sealed.subarray(0, 12));
  const plain = await crypto.subtle.decrypt(
    { name: "AES-GCM", iv, additionalData: text(name) },
    device.drafts,
    own(sealed.subarray(12)),
  );
  return new Uint8Array(plain);
}
