/* Bytes: what DOM and protobuf leave out. */

export type Bytes = Uint8Array<ArrayBuffer>;

export const NONE: Bytes = new Uint8Array(0);

export function text(value: string): Bytes {
  return new TextEncoder().encode(value) as Bytes;
}

export function concat(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A copy whose buffer is its own: what WebCrypto and Blob want. */
export function own(bytes: Uint8Array): Bytes {
  return new Uint8Array(bytes);
}

export function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Lower-case hexadecimal digits: the key of maps, and what stands in an address of the page. */
export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** NONE where it is no whole number of bytes. */
export function unhex(digits: string): Bytes {
  if (!/^([0-9a-f]{2})*$/.test(digits)) return NONE;
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

export function random(length: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(length));
}

export async function sha256(bytes: Uint8Array): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", own(bytes)));
}

/** A new UUIDv7 (RFC 9562): 48 bits of milliseconds, the rest random. */
export function newId(now = Date.now()): Bytes {
  const id = random(16);
  new DataView(id.buffer).setUint32(0, Math.floor(now / 0x10000));
  new DataView(id.buffer).setUint16(4, now % 0x10000);
  id[6] = 0x70 | (id[6]! & 0x0f);
  id[8] = 0x80 | (id[8]! & 0x3f);
  return id;
}

/** Microseconds UTC, as all instants of the protocol. */
export function nowUs(): bigint {
  return BigInt(Date.now()) * 1000n;
}
