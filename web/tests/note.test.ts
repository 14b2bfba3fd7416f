import { describe, expect, test } from "vitest";
import signedNote from "../../tests/vectors/signed_note/signed_note.json";
import ed25519 from "../../tests/vectors/wycheproof/ed25519_test.json";
import {
  generationOf,
  openCheckpoint,
  openNote,
  parseCheckpoint,
  readVerifier,
  verifySignature,
} from "../src/trust/note";
import { concat, equal, hex, sha256, text, unhex, type Bytes } from "../src/wire/bytes";
import { base64, caught, LogSigner, unbase64 } from "./writer";

// The key of test 1 of RFC 8032 7.1; as in tests/unit/note.c.
const NAME = "log.example.com/lahetti/1";
const PUBLIC_KEY = "AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea";
const VKEY = `${NAME}+608f8ba6+${PUBLIC_KEY}`;
const ROOT = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";
const TEXT = `${NAME}\n20852163\n${ROOT}\n`;
const SIGNATURE =
  "YI+LpmRM6XGi9YwqOD1JHFcdxUlNXqFrR5xsLPmDYNT+in+j9gSO8rBgYGj4CtavWChqMcXptDUT/TeAcIlx3zTKsws=";
const LINE = `— ${NAME} ${SIGNATURE}\n`;
const NOTE = `${TEXT}\n${LINE}`;
const LATIN = Uint8Array.of(0xe4);

const verifier = await readVerifier(VKEY);

describe("verifier keys", () => {
  test("are read with their name", () => {
    expect(verifier.name).toBe(NAME);
    expect(hex(verifier.hash)).toBe("608f8ba6");
  });

  test.each([
    "",
    NAME,
    `${NAME}+608f8ba6`,
    `${NAME}+608f8ba6+`,
    `${NAME}+608f8ba7+${PUBLIC_KEY}`,
    `${NAME}+608F8BA6+${PUBLIC_KEY}`,
    `${NAME}+8f8ba6+${PUBLIC_KEY}`,
    `${NAME}++${PUBLIC_KEY}`,
    `${NAME} +608f8ba6+${PUBLIC_KEY}`,
    `other.example.com/lahetti/1+608f8ba6+${PUBLIC_KEY}`,
    `${VKEY}\n`,
    `${VKEY}=`,
    `${VKEY}+`,
    `${NAME}+608f8ba6+${PUBLIC_KEY}AAAA`,
    `${NAME}+608f8ba6+AtdamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea`,
    `${NAME}+608f8ba6+AddamAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1E=`,
  ])("are refused in another form: %j", async (vkey) => {
    expect(await caught(readVerifier(vkey))).toBe("bad-verifier-key");
  });

  /** A verifier key whose hash is right, whatever the name. */
  async function keyOf(name: string): Promise<string> {
    const typed = unbase64(PUBLIC_KEY);
    return `${name}+${hex((await sha256(concat(text(`${name}\n`), typed))).slice(0, 4))}+${PUBLIC_KEY}`;
  }

  test.each([
    "two words",
    "tab\there",
    "line\n",
    "bell\x07",
    "a\u00a0b",
    "a\u3000b",
    "a\u0085b",
    "x".repeat(256),
  ])("have no name like %j", async (name) =>
    expect(await caught(readVerifier(await keyOf(name)))).toBe("bad-verifier-key"),
  );

  test.each(["x".repeat(255), "lähetti.example/🌲", "\ufeffmark"])("have a name like %j", async (name) => {
    expect((await readVerifier(await keyOf(name))).name).toBe(name);
  });

  test("name a generation", () => {
    expect(generationOf(VKEY)).toEqual({ log: "log.example.com/lahetti", generation: 1 });
    expect(generationOf("a/4294967295")).toEqual({ log: "a", generation: 4294967295 });
    for (const none of [
      "",
      "1",
      "/1",
      "a1",
      "a/",
      "a/01",
      "a/0",
      "a/4294967296",
      "a/10000000000",
      "a/1x",
      "a/x+1/1",
    ])
      expect(generationOf(none), none).toBeUndefined();
  });
});

describe("notes", () => {
  test("a checkpoint is opened", async () => {
    const c = await openCheckpoint(text(NOTE), verifier);
    expect(c.origin).toBe(NAME);
    expect(c.size).toBe(20852163n);
    expect(base64(c.root)).toBe(ROOT);
  });

  test("no bit of one can change, and nothing can be cut off", async () => {
    const note = text(NOTE);
    for (let i = 0; i < note.length; i++) {
      const other = note.slice();
      other[i]! ^= 1 << (i % 8);
      expect(await caught(openNote(other, verifier)), `byte ${i}`).not.toBe("");
      expect(await caught(openNote(note.slice(0, i), verifier)), `cut at ${i}`).not.toBe("");
      expect(await caught(openNote(note.slice(i + 1), verifier)), `from ${i}`).not.toBe("");
    }
  });

  test("the text ends at the last blank line", async () => {
    const whole = "One.\n\nTwo äöå 🌲.\n\n\n";
    const sig =
      "YI+LpsIC+Oh6Kj/fVXsrHv70+iIssjvZ+nTA4yb1Wr3XhlQAZ+67QwsfR3odLrSckpQM2ozZNkcnsqh2YQ5EcWWPMAQ=";
    const note = text(`${whole}\n— ${NAME} ${sig}\n`);
    expect(await openNote(note, verifier)).toBe(whole);
    expect(await caught(openCheckpoint(note, verifier))).toBe("bad-checkpoint");
  });

  test("signatures of others are passed over", async () => {
    const large = base64(new Uint8Array(6000).fill(0x5a));
    const others = `— w.example.com ${SIGNATURE}\n— ${NAME} AAAAAAAA\n— pq.example.com ${large}\n`;
    expect(await openNote(text(`${TEXT}\n${others}${LINE}`), verifier)).toBe(TEXT);
    expect(await openNote(text(NOTE + LINE), verifier)).toBe(TEXT);
  });

  test.each([
    ["", "bad-note"],
    ["\n", "bad-note"],
    ["\n\n", "bad-note"],
    ["\n\n\n", "bad-note"],
    [TEXT, "bad-note"],
    [`${TEXT}\n`, "bad-note"],
    [TEXT + LINE, "bad-note"],
    [`${NOTE}\n`, "bad-note"],
    [`${NOTE}more\n`, "bad-note"],
    [`${NOTE}more`, "bad-note"],
    [`${TEXT}\n— ${NAME}  ${SIGNATURE}\n`, "bad-note"],
    [`${TEXT}\n— ${NAME} ${SIGNATURE} \n`, "bad-note"],
    [`${TEXT}\n— ${NAME} ${SIGNATURE}\r\n`, "bad-note"],
    [`${TEXT}\n—  ${SIGNATURE}\n`, "bad-note"],
    [`${TEXT}\n— ${NAME}\n`, "bad-note"],
    [`${TEXT}\n— ${NAME} \n`, "bad-note"],
    [`${TEXT}\n— ${NAME} YI+Lpg==\n`, "bad-note"],
    [`${TEXT}\n— ${NAME} YI+L\n`, "bad-note"],
    [`${TEXT}\n— a+b AAAAAAAA\n${LINE}`, "bad-note"],
    [`${TEXT}\n— ${NAME}\u00a0x AAAAAAAA\n${LINE}`, "bad-note"],
    [`tab\there\n\n${LINE}`, "bad-note"],
    [`delete \x7f is no control below a space\n\n${LINE}`, "bad-signature"],
    [`${TEXT}\n— ${NAME} YI+LpmRM6Q==\n`, "bad-signature"],
    [`${TEXT}more\n\n${LINE}`, "bad-signature"],
    [`${NOTE}— ${NAME} YI+LpgAA\n`, "bad-signature"],
    [`${TEXT}\n— ${NAME} YI+LpgAA\n${LINE}`, "bad-signature"],
    [`${TEXT}\n— w.example.com ${SIGNATURE}\n`, "unknown-key"],
    [`${TEXT}\n— ${NAME} AAAAAAAA\n`, "unknown-key"],
    [`\ufeff${NOTE}`, "bad-signature"],
  ])("refusals say what is wrong: %j", async (note, code) => {
    expect(await caught(openNote(text(note), verifier))).toBe(code);
  });

  test("bytes that are no UTF-8 are refused", async () => {
    expect(await caught(openNote(concat(text("latin"), LATIN, text(`\n\n${LINE}`)), verifier))).toBe(
      "bad-note",
    );
  });

  test("a hundred signatures are read, no more", async () => {
    const other = "— w.example.com AAAAAAAA\n";
    expect(await openNote(text(NOTE + other.repeat(99)), verifier)).toBe(TEXT);
    expect(await caught(openNote(text(NOTE + other.repeat(100)), verifier))).toBe("bad-note");
  });

  test("the origin must be the key's name", async () => {
    const signer = await LogSigner.make(NAME);
    const own = await readVerifier(signer.vkey);
    const note = await signer.checkpoint(1, new Uint8Array(32), "log.example.com/lahetti/2");
    expect(await caught(openCheckpoint(note, own))).toBe("wrong-origin");
  });

  test("signed_note vectors are decided rightly", async () => {
    const [good] = signedNote.good;
    const [format] = signedNote.format_only;
    const theirs = await readVerifier(good!.vkey);
    expect(await openNote(text(good!.note), theirs)).toBe("This is an example message.\n");
    for (const bad of signedNote.must_reject)
      expect(await caught(openNote(text(bad.note), theirs)), bad.why).not.toBe("");
    const c = parseCheckpoint(text(format!.note));
    expect([c.origin, c.size, base64(c.root)]).toEqual([
      format!.origin,
      BigInt(format!.size),
      format!.root_b64,
    ]);
  });

  test("Wycheproof's Ed25519 is decided rightly", async () => {
    let seen = 0;
    for (const { publicKey, tests } of ed25519.testGroups) {
      const typed = concat(Uint8Array.of(1), unhex(publicKey.pk));
      const hash = (await sha256(concat(text("test\n"), typed))).slice(0, 4);
      const theirs = await readVerifier(`test+${hex(hash)}+${base64(typed)}`);
      for (const { tcId, msg, sig, result } of tests) {
        expect(await verifySignature(theirs, unhex(msg), unhex(sig)), `test ${tcId}`).toBe(
          result === "valid",
        );
        seen++;
      }
    }
    expect(seen).toBe(ed25519.numberOfTests);
  });
});

describe("checkpoints", () => {
  test.each([
    "",
    "\n",
    "log\n",
    "log\n1\n",
    `log\n1\n${ROOT}`,
    `\n1\n${ROOT}\n`,
    `log\n\n${ROOT}\n`,
    `log\n01\n${ROOT}\n`,
    `log\n00\n${ROOT}\n`,
    `log\n+1\n${ROOT}\n`,
    `log\n-1\n${ROOT}\n`,
    `log\n 1\n${ROOT}\n`,
    `log\n1 \n${ROOT}\n`,
    `log\n0x1\n${ROOT}\n`,
    `log\n1.0\n${ROOT}\n`,
    `log\n18446744073709551616\n${ROOT}\n`,
    `log\n99999999999999999999\n${ROOT}\n`,
    `log\n100000000000000000000\n${ROOT}\n`,
    `log\n1\n${ROOT}${ROOT}\n`,
    `log\n1\n${ROOT} \n`,
    "log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxqw==\n",
    "log\n1\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2J=\n",
    "log\n1\nCsUYapGGPo4dkMgIAUqom_Xajj7h2fB2MPA3j2jxq2I=\n",
    `log\n1\n${ROOT}\nextension`,
    `log\n1\n${ROOT}\n\n`,
    `log\n1\n${ROOT}\nextension\n\nmore\n`,
    `log\r\n1\n${ROOT}\n`,
    `${"x".repeat(256)}\n1\n${ROOT}\n`,
  ])("are read strictly: %j", async (letters) => {
    expect(await caught(() => parseCheckpoint(text(letters)))).toMatch(/^bad-(checkpoint|note)$/);
  });

  test("hold the largest numbers and unknown lines", () => {
    expect(parseCheckpoint(text(`log\n18446744073709551615\n${ROOT}\n`)).size).toBe(0xffff_ffff_ffff_ffffn);
    expect(parseCheckpoint(text(`lä +\n0\n${ROOT}\none\ntwo\n`))).toMatchObject({ origin: "lä +", size: 0n });
    expect(parseCheckpoint(text(`${"x".repeat(255)}\n1\n${ROOT}\n`)).size).toBe(1n);
  });
});

test("the worked example of docs/protocol.md holds", async () => {
  const log = await readVerifier("localhost/lahetti/1+3dfbe2ec+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4");
  const note =
    "localhost/lahetti/1\n1\n1lLvy8mTczR5Ia1zlCZ39Dn1j2f7edvbK1O48zQM/LE=\n\n" +
    "— localhost/lahetti/1 Pfvi7F7ArUg4y1h5CKOUMRjDWQnTFRzpqyA29PsjQ2//HHu9FDwKvlmGY3ewj0hyW/rSKz5Yvu9MoAhqVfLQbZ7QawI=\n";
  const c = await openCheckpoint(text(note), log);
  const leaf: Bytes = unhex("d652efcbc99373347921ad73942677f439f58f67fb79dbdb2b53b8f3340cfcb1");
  expect(c.size).toBe(1n);
  expect(equal(c.root, leaf)).toBe(true);
});
