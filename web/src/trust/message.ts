/*
 * Reading protobuf from strangers, as strictly as lib/core's message.c: protobuf-es lets the last of two singular fields win, takes
 * numbers in longer forms than need be and cuts those that are too long. A proof must be read in one way by everybody.
 */
import {
  fromBinary,
  ScalarType,
  type DescField,
  type DescMessage,
  type MessageShape,
} from "@bufbuild/protobuf";
import { Fault } from "./fault";

const DEPTH = 16; // messages inside one another
const ELEMENTS = 4096; // in all repeated fields together, on all levels
const UINT32_MOST = 0xffff_ffffn;
const INT32_MOST = 0x7fff_ffffn;
const INT32_LEAST = 0xffff_ffff_8000_0000n; // sign-extended to 64 bits

/** What becomes of unknown fields and enum values: a newer peer may send them, what is signed may not hold them. */
export type Rule = "frame" | "signed";

const VARINT = 0;
const LEN = 2;

function wireOf(field: DescField): number {
  if (field.message !== undefined) return LEN;
  switch (field.scalar) {
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return LEN;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
    case ScalarType.SFIXED64:
      return 1;
    case ScalarType.FLOAT:
    case ScalarType.FIXED32:
    case ScalarType.SFIXED32:
      return 5;
    default:
      return VARINT;
  }
}

interface Value {
  number: bigint; // of a varint
  bytes: Uint8Array; // of anything else
}

class Rest {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  get some(): boolean {
    return this.at < this.bytes.length;
  }

  /** The shortest form of a number below 2^64, nothing else. */
  varint(): bigint {
    let number = 0n;
    for (let i = 0; i < 10; i++) {
      const byte = this.bytes[this.at++];
      if (byte === undefined) break;
      number |= BigInt(byte & 0x7f) << BigInt(7 * i);
      if (byte >= 0x80) continue;
      if ((i > 0 && byte === 0) || (i === 9 && byte > 1)) break;
      return number;
    }
    throw new Fault("bad-message");
  }

  value(wire: number): Value {
    if (wire === VARINT) return { number: this.varint(), bytes: new Uint8Array(0) };
    const length = wire === LEN ? this.varint() : wire === 1 ? 8n : wire === 5 ? 4n : undefined;
    if (length === undefined || length > BigInt(this.bytes.length - this.at)) throw new Fault("bad-message");
    const from = this.at;
    this.at += Number(length);
    return { number: 0n, bytes: this.bytes.subarray(from, this.at) };
  }
}

class Walk {
  private elements = 0;
  constructor(private readonly rule: Rule) {}

  message(type: DescMessage, bytes: Uint8Array, depth: number): void {
    if (depth > DEPTH) throw new Fault("bad-message");
    const seen = new Set<unknown>();
    const rest = new Rest(bytes);
    while (rest.some) {
      const tag = rest.varint();
      if (tag > UINT32_MOST || tag >> 3n === 0n) throw new Fault("bad-message");
      const wire = Number(tag & 7n);
      const value = rest.value(wire);
      const field = type.fields.find((f) => BigInt(f.number) === tag >> 3n);
      if (field === undefined) {
        if (this.rule === "signed") throw new Fault("newer-statement");
        continue;
      }
      if (field.fieldKind === "list") {
        this.repeated(field, wire, value, depth);
        continue;
      }
      if (wire !== wireOf(field)) throw new Fault("bad-message");
      // Members of one oneof say the same thing.
      const place = field.fieldKind === "map" ? field : (field.oneof ?? field);
      if (seen.has(place)) throw new Fault("duplicate-field");
      seen.add(place);
      this.value(field, value, depth);
    }
  }

  /** Repeated scalars may come packed, many elements in one value, or one by one, or both. */
  private repeated(field: DescField, wire: number, value: Value, depth: number): void {
    const own = wireOf(field);
    if (wire === own) {
      this.element(field, value, depth);
      return;
    }
    if (wire !== LEN) throw new Fault("bad-message");
    const rest = new Rest(value.bytes);
    while (rest.some) this.element(field, rest.value(own), depth);
  }

  private element(field: DescField, value: Value, depth: number): void {
    if (++this.elements > ELEMENTS) throw new Fault("too-many-elements");
    this.value(field, value, depth);
  }

  private value(field: DescField, value: Value, depth: number): void {
    if (field.message !== undefined) {
      this.message(field.message, value.bytes, depth + 1);
      return;
    }
    if (field.enum !== undefined) {
      if (value.number > INT32_MOST && value.number < INT32_LEAST) throw new Fault("bad-message");
      if (this.rule === "signed" && field.enum.value[Number(BigInt.asIntN(32, value.number))] === undefined)
        throw new Fault("newer-statement");
      return;
    }
    switch (field.scalar) {
      case ScalarType.STRING:
        if (!isText(value.bytes)) throw new Fault("bad-text");
        return;
      case ScalarType.BOOL:
        if (value.number > 1n) throw new Fault("bad-message");
        return;
      case ScalarType.UINT32:
      case ScalarType.SINT32:
        if (value.number > UINT32_MOST) throw new Fault("bad-message");
        return;
      case ScalarType.INT32:
        if (value.number > INT32_MOST && value.number < INT32_LEAST) throw new Fault("bad-message");
    }
  }
}

/** The text of UTF-8 in its shortest form (RFC 3629), byte order marks kept; undefined where it is none. */
export function utf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function isText(bytes: Uint8Array): boolean {
  return !bytes.includes(0) && utf8(bytes) !== undefined;
}

/** Throws Fault: "bad-message", "bad-text", "duplicate-field", "too-many-elements", and what the rule says. */
export function read<Type extends DescMessage>(
  type: Type,
  bytes: Uint8Array,
  rule: Rule,
): MessageShape<Type> {
  new Walk(rule).message(type, bytes, 1);
  return fromBinary(type, bytes, { readUnknownFields: false });
}
