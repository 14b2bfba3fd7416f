import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import example from "../../tests/vectors/dsse/dsse_p256.json";
import wycheproof from "../../tests/vectors/wycheproof/ecdsa_secp256r1_sha256_p1363_test.json";
import { EnvelopeSchema } from "../gen/lahetti/v1/common_pb";
import { LOGIN, pae, P256, sign, STATEMENT, verify, verifyBytes, type Signer } from "../src/trust/dsse";
import { concat, hex, own, sha256, text, unhex, type Bytes } from "../src/wire/bytes";
import { unbase64 } from "./writer";

const SPKI_HEAD = unhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004");

async function newSigner(): Promise<Signer & { spki: Bytes }> {
  const pair = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const spki = new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey));
  return { spki, keyId: await sha256(spki), key: pair.privateKey };
}

describe("envelopes", () => {
  test("what is signed holds, and nothing else does", async () => {
    const signer = await newSigner();
    const other = await newSigner();
    const envelope = await sign(signer, STATEMENT, text("payload"));
    const [signature] = envelope.signatures;
    const holds = (change: object, type = STATEMENT, spki = signer.spki) =>
      verify(create(EnvelopeSchema, { ...envelope, ...change }), type, spki);
    expect(await holds({})).toBe(true);
    expect(await holds({}, LOGIN)).toBe(false);
    expect(await holds({ payloadType: LOGIN })).toBe(false);
    expect(await holds({ payloadType: LOGIN }, LOGIN)).toBe(false);
    expect(await holds({ payload: text("payloae") })).toBe(false);
    expect(await holds({}, STATEMENT, other.spki)).toBe(false);
    expect(await holds({ signatures: [] })).toBe(false);
    expect(await holds({ signatures: [signature!, signature!] })).toBe(false);
    expect(await holds({ signatures: [{ ...signature!, keyId: other.keyId }] })).toBe(false);
    expect(await holds({ signatures: [{ ...signature!, keyId: other.keyId }] }, STATEMENT, other.spki)).toBe(
      false,
    );
    for (let i = 0; i < 64; i++) {
      const sig = own(signature!.sig);
      sig[i]! ^= 1 << (i % 8);
      expect(await holds({ signatures: [{ ...signature!, sig }] })).toBe(false);
      expect(await holds({ signatures: [{ ...signature!, sig: signature!.sig.slice(0, i) }] })).toBe(false);
    }
    const longer = concat(signature!.sig, Uint8Array.of(0));
    expect(await holds({ signatures: [{ ...signature!, sig: longer }] })).toBe(false);
  });

  test("a key has one spelling", async () => {
    const { spki, keyId, key } = await newSigner();
    const envelope = await sign({ keyId, key }, STATEMENT, text("payload"));
    const [signature] = envelope.signatures;
    const compressed = concat(
      unhex("3039301306072a8648ce3d020106082a8648ce3d030107032200"),
      Uint8Array.of(2 + (spki[90]! & 1)),
      spki.subarray(27, 59),
    );
    const again = { ...envelope, signatures: [{ ...signature!, keyId: await sha256(compressed) }] };
    expect(await verify(again, STATEMENT, compressed)).toBe(false);
    expect(
      await verifyBytes(concat(spki, Uint8Array.of(0)), signature!.sig, pae(STATEMENT, envelope.payload)),
    ).toBe(false);
  });
});

test("the example of the standard holds", async () => {
  const decimal = (digits: string) => unhex(BigInt(digits).toString(16).padStart(64, "0"));
  const spki = concat(SPKI_HEAD, decimal(example.pub_x_dec), decimal(example.pub_y_dec));
  const payload = text(example.payload_utf8);
  const sig = unbase64(example.envelope.signatures[0]!.sig);
  const envelope = create(EnvelopeSchema, {
    payload,
    payloadType: example.payloadType,
    signatures: [{ keyId: await sha256(spki), sig }],
  });
  expect(new TextDecoder().decode(pae(example.payloadType, payload))).toBe(example.pae_utf8);
  expect(await verify(envelope, example.payloadType, spki)).toBe(true);
});

test("the worked example of docs/protocol.md holds", async () => {
  const payload = unhex("12020801");
  const spki = concat(
    SPKI_HEAD,
    unhex("515c3d6eb9e396b904d3feca7f54fdcd0cc1e997bf375dca515ad0a6c3b4035f"),
    unhex("4536be3a50f318fbf9a5475902a221502bef0d57e08c53b2cc0a56f17d9f9354"),
  );
  const keyId = unhex("f1d59449b727165de732bf283338122b99628a615918fedc67d878fffcf47da7");
  const sig = unhex(
    "48886fa99d9738f5af399b831d3ddeabc1c18a6504b9a26a77f35b76e5d23d889e4cac4b05033693335dee1dde49e14218c3e51e57228ce5cb342cbedfe7ff00",
  );
  const bytes = pae(STATEMENT, payload);
  expect(hex(await sha256(payload))).toBe("8f0a77fe70e16251b967b6822a2ba7c0a6d392abbc815aa47deb703466caf79f");
  expect(hex(await sha256(bytes))).toBe("b8a525cbe2d89a0b3f728a297a526f6420cfe03551d0a5ee3f1d0a57889d4f15");
  const envelope = create(EnvelopeSchema, { payload, payloadType: STATEMENT, signatures: [{ keyId, sig }] });
  expect(await verify(envelope, STATEMENT, spki)).toBe(true);
});

test("Wycheproof's ECDSA is decided rightly", async () => {
  let seen = 0;
  for (const { publicKeyDer, tests } of wycheproof.testGroups)
    for (const { tcId, msg, sig, result } of tests) {
      expect(await verifyBytes(unhex(publicKeyDer), unhex(sig), unhex(msg)), `test ${tcId}`).toBe(
        result === "valid",
      );
      seen++;
    }
  expect(seen).toBe(wycheproof.numberOfTests);
});
