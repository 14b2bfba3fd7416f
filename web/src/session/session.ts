/*
 * Being signed in: the connection is made, the device signs in, and when the connection is lost both are done again for as long as
 * the device is unlocked. A frame that was not answered is then sent once more: identifiers make it once (promise 7).
 */
import { create, toBinary } from "@bufbuild/protobuf";
import {
  EnrolmentProofSchema,
  Error_Class,
  LoginClaimSchema,
  type Enrolled,
  type Greeting,
  type Session as SessionFrame,
} from "../../gen/lahetti/v1/session_pb";
import type { Membership } from "../../gen/lahetti/v1/directory_pb";
import { ENROLMENT, LOGIN, sign } from "../trust/dsse";
import type { Device, NewKey, Profile } from "../trust/device";
import { otherLog, type OtherLog as Shown } from "../trust/log";
import { equal, hex, nowUs, random, sha256, text, NONE, type Bytes } from "../wire/bytes";
import { isOutdated } from "../wire/page";
import { Lost, Refusal, VERSION, Wire, type Answer, type AnswerOf, type Request } from "../wire/wire";
import { Observable } from "./observable";

export type Phase =
  | { name: "out" }
  | { name: "connecting" }
  | { name: "in" }
  /** Lost, and being made again. */
  | { name: "lost" }
  /** Refused or ended by the server: why. The device has to sign in anew. */
  | { name: "ended"; why: Refusal };

/** Reasons to close that pass: everything else that the server says on closing ends the session. */
const PASSING = new Set(["going-away", "too-many-requests", "too-slow"]);

/** The server closed for a reason that passes: the frame may be sent again on the next connection. */
function hasPassed(why: unknown): boolean {
  return why instanceof Refusal && !why.passes && PASSING.has(why.code);
}

const WAITS_MS = [500, 1000, 2000, 4000, 8000, 15_000];

/** The server takes so many frames a second: what comes too soon is asked again after a while. */
const HASTY_MS = 1000;
const HASTY_MOST = 20;

function isHasty(why: unknown): boolean {
  return why instanceof Refusal && why.passes && why.code === "too-many-requests";
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The greeting is of another service or log than the one that the device was enrolled with (protocol.md section 14). */
export class OtherLog extends Refusal {
  /** Which one, as far as its name tells. */
  readonly what: Shown;

  constructor(
    readonly profile: Profile,
    readonly greeting: Greeting,
  ) {
    super("other-log", Error_Class.FATAL, "");
    this.what = otherLog(profile.logKey, greeting.logKey) ?? { text: "page.other-log" };
  }
}

export function serverUrl(): string {
  return `wss://${location.host}/lahetti`;
}

/** The server is of another version than this page: it has to be loaded anew. */
export const otherVersion = () => new Refusal("wrong-version", Error_Class.FATAL, "");

/** Rejects with Lost, or with otherVersion(): a server that does not speak `lahetti.v1` any more can't be told from one that is away. */
async function connect(pushed: (frame: Answer) => void, ended: (wire: Wire) => void): Promise<Wire> {
  const wire = await Wire.open(serverUrl(), pushed, ended).catch(async (why: unknown) => {
    throw why instanceof Lost && (await isOutdated()) ? otherVersion() : why;
  });
  const { versionLeast, versionMost } = wire.greeting!;
  if (versionLeast <= VERSION && VERSION <= versionMost) return wire;
  wire.close();
  throw otherVersion();
}

/** A code as people type it, in the form over which its digest is taken; undefined where it is none. */
export function readCode(typed: string): string | undefined {
  const letters = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return /^[0-9A-HJKMNP-TV-Z]{16}$/.test(letters) ? letters.match(/.{4}/g)!.join("-") : undefined;
}

/** Enrols a new key by a one-time code, on a connection of its own. Rejects with Refusal or Lost. */
export async function enrol(
  key: NewKey,
  code: string,
  deviceName: string,
  language: string,
): Promise<{ enrolled: Enrolled; greeting: Greeting }> {
  const wire = await connect(
    () => {},
    () => {},
  );
  try {
    const greeting = wire.greeting!;
    const proof = create(EnrolmentProofSchema, {
      nonce: greeting.nonce,
      audience: greeting.serverName,
      codeSha256: await sha256(text(`lahetti enrolment code v1\n${code}`)),
      spki: key.spki,
      timeUs: nowUs(),
    });
    const answer = await wire.ask({
      case: "enrol",
      value: {
        $typeName: "lahetti.v1.Enrol",
        code,
        proof: await sign(key, ENROLMENT, toBinary(EnrolmentProofSchema, proof)),
        deviceName,
        language,
      },
    });
    return { enrolled: answer.value as Enrolled, greeting };
  } finally {
    wire.close();
  }
}

export class Session extends Observable {
  phase: Phase = { name: "out" };
  device: Device | undefined;
  greeting: Greeting | undefined;
  /** Who signed in, and as what they may act; the units and organisations are in the memberships' order. */
  who: SessionFrame | undefined;
  private wire: Wire | undefined;
  private language = "fi";
  private wanted: Bytes = NONE;
  private signedIn: Promise<Wire> | undefined;
  /** The change of role that is on its way: what is asked meanwhile waits for it. */
  private changing: Promise<unknown> = Promise.resolve();
  private readonly listeners = new Set<(frame: Answer) => void>();
  private readonly comers = new Set<() => void>();
  private readonly enders = new Set<() => void>();

  /** Calls for each frame that the server sends unasked. */
  onPush(listener: (frame: Answer) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Calls each time that the session stands anew, in a membership: what is followed must be asked for again. */
  onSignedIn(comer: () => void): () => void {
    this.comers.add(comer);
    return () => this.comers.delete(comer);
  }

  /** Calls just before the session ends, however it does: what is not kept yet can be kept now, and not later. */
  onEnding(ender: () => void): () => void {
    this.enders.add(ender);
    return () => this.enders.delete(ender);
  }

  get acting(): Membership | undefined {
    return this.who?.memberships.find((m) => equal(m.id, this.who!.acting));
  }

  private get actingId(): Uint8Array {
    return this.who?.acting ?? NONE;
  }

  /** Signs in. Rejects with Refusal, Lost or OtherLog; afterwards the session keeps itself up. */
  async start(device: Device, language: string, membership: Bytes = NONE): Promise<void> {
    this.end();
    this.device = device;
    this.language = language;
    this.wanted = membership;
    this.become({ name: "connecting" });
    const mine = this.signIn(device);
    this.signedIn = mine;
    try {
      await mine;
    } catch (why) {
      if (this.signedIn === mine) this.end(); // and not what somebody else has begun meanwhile
      throw why;
    }
  }

  /** Ends it and forgets the key. */
  end(): void {
    if (this.device !== undefined) for (const ender of this.enders) ender();
    const wire = this.wire;
    this.wire = undefined;
    this.device = undefined;
    this.who = undefined;
    this.signedIn = undefined;
    this.changing = Promise.resolve();
    wire?.close();
    this.become({ name: "out" });
  }

  /**
   * Asks, and asks again on the next connection where this one is lost, or a moment later where too much was asked at once, as with
   * the pieces of an attachment. It is asked, and answered, for the one who signed in, in one membership: rejects with Lost when
   * somebody else has come, or another role; else with Refusal.
   */
  async ask<Case extends Answer["case"]>(request: Request, expected: Case): Promise<AnswerOf<Case>> {
    const { device, actingId } = this;
    const isOurs = () => this.device === device && equal(this.actingId, actingId);
    await this.changing;
    return this.exchange(request, expected, isOurs);
  }

  /** Acts in another membership from now on, and after each loss; one change after another. Rejects with Refusal or Lost. */
  act(membership: Bytes): Promise<void> {
    const { device } = this;
    const isOurs = () => this.device === device;
    const change = this.changing.then(async () => {
      const before = this.wanted;
      this.wanted = membership;
      try {
        const request: Request = { case: "act", value: { $typeName: "lahetti.v1.Act", membership } };
        this.who = await this.exchange(request, "session", isOurs);
      } catch (why) {
        if (isOurs() && equal(this.wanted, membership)) this.wanted = before;
        throw why;
      }
      this.become(this.phase);
      this.come();
    });
    this.changing = change.catch(() => {});
    return change;
  }

  /** Asks until it is answered, for as long as the question is still ours. */
  private async exchange<Case extends Answer["case"]>(
    request: Request,
    expected: Case,
    isOurs: () => boolean,
  ): Promise<AnswerOf<Case>> {
    for (let hasty = 0; this.signedIn !== undefined && isOurs();) {
      try {
        const wire = await this.signedIn;
        if (!isOurs()) break;
        const answer = await wire.ask(request);
        if (!isOurs()) break;
        if (answer.case === expected) return answer.value as AnswerOf<Case>;
        throw new Refusal("unexpected-answer", Error_Class.FATAL, "");
      } catch (why) {
        const tooSoon = isHasty(why) && ++hasty < HASTY_MOST;
        if (!tooSoon && !(why instanceof Lost || hasPassed(why))) throw why;
        // At least until the browser has told that the connection is closed.
        await delay(tooSoon ? HASTY_MS : 0);
      }
    }
    throw new Lost();
  }

  private async signIn(device: Device): Promise<Wire> {
    const wire = await connect(
      (frame) => this.hear(frame),
      (w) => void this.lose(w),
    );
    try {
      const greeting = wire.greeting!;
      const { serverName, logKey } = device.profile;
      if (serverName !== greeting.serverName || logKey !== greeting.logKey)
        throw new OtherLog(device.profile, greeting);
      const claim = create(LoginClaimSchema, {
        purpose: "login",
        serverNonce: greeting.nonce,
        clientNonce: random(32),
        origin: location.origin,
        device: device.keyId,
        version: VERSION,
        timeUs: nowUs(),
        audience: greeting.serverName,
      });
      const envelope = await sign(device, LOGIN, toBinary(LoginClaimSchema, claim));
      const login = (membership: Bytes) =>
        wire.ask({
          case: "login",
          value: { $typeName: "lahetti.v1.Login", claim: envelope, language: this.language, membership },
        });
      const answer = await login(this.wanted).catch((why: unknown) => {
        // The role in which one acted last has ended: which else, one is asked. A refused login spends no nonce.
        if (!(why instanceof Refusal) || why.code !== "no-such-membership") throw why;
        this.wanted = NONE;
        return login(NONE);
      });
      if (answer.case !== "session") throw new Lost();
      if (this.device !== device) throw new Lost(); // ended meanwhile
      this.wire = wire;
      this.greeting = greeting;
      this.who = answer.value;
      if (answer.value.acting.length > 0) this.wanted = answer.value.acting as Bytes;
      this.become({ name: "in" });
      this.come();
      return wire;
    } catch (why) {
      wire.close();
      throw why;
    }
  }

  private hear(frame: Answer): void {
    for (const listener of this.listeners) listener(frame);
  }

  private come(): void {
    if (this.acting !== undefined) for (const comer of this.comers) comer();
  }

  private async lose(wire: Wire): Promise<void> {
    if (wire !== this.wire || this.device === undefined) return;
    this.wire = undefined;
    if (wire.reason !== undefined && !PASSING.has(wire.reason.code)) return this.finish(wire.reason);
    this.become({ name: "lost" });
    this.signedIn = this.comeBack(this.device);
    await this.signedIn.catch(() => {});
  }

  private async comeBack(device: Device): Promise<Wire> {
    for (let n = 0; ; n++) {
      await this.pause(WAITS_MS[Math.min(n, WAITS_MS.length - 1)]!);
      if (this.device !== device) throw new Lost();
      try {
        return await this.signIn(device);
      } catch (why) {
        if (!(why instanceof Refusal) || why.passes) continue;
        if (this.device !== device) throw new Lost();
        this.finish(why);
        throw why;
      }
    }
  }

  /** A moment, or until the browser is on line again. */
  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const over = () => {
        removeEventListener("online", over);
        resolve();
      };
      setTimeout(over, ms * (0.75 + Math.random() / 2));
      addEventListener("online", over);
    });
  }

  private finish(why: Refusal): void {
    this.end();
    this.become({ name: "ended", why });
  }

  private become(phase: Phase): void {
    this.phase = phase;
    this.changed();
  }
}

/** The key of maps by membership. */
export const membershipKey = (m: Membership): string => hex(m.id);
