/*
 * The page as a whole: in which language it speaks, which devices this browser has, and who is signed in. When nobody has touched
 * it for a while it is locked: the key is forgotten, and what was opened with it.
 */
import { disk } from "../store/disk";
import { ACT_MOST } from "../trust/act";
import { Fault, type Outcome } from "../trust/fault";
import { newKey, unlock, type Device, type Profile } from "../trust/device";
import { hex, own, type Bytes } from "../wire/bytes";
import { Lost, Refusal } from "../wire/wire";
import { browserLanguage, LANGUAGES, Words, type Language } from "../words/words";
import { Clients } from "./clients";
import { Directory } from "./directory";
import { Drafts } from "./drafts";
import { readAct, type Restored } from "./generation";
import { Inbox } from "./inbox";
import { seeNewest } from "./log";
import { Observable } from "./observable";
import { OpenedContents } from "./opened";
import { Sent } from "./sent";
import { enrol, Session, type OtherLog } from "./session";

/** Untouched for so long, the page is locked. The server ends idle sessions by itself later. */
const LOCK_AFTER_MS = 10 * 60_000;
/** So long signing out waits for the server to hear that the device is no more. */
const SIGN_OUT_MS = 3_000;
const LANGUAGE_KEY = "language";

/** What is to be told about the log, and a stable code: it does not fit what this device has seen, or it could not be looked at. */
interface Doubt {
  text: "page.log-doubt" | "page.log-unchecked";
  code: string;
}

export class AppState extends Observable {
  readonly session = new Session();
  readonly directory = new Directory(this.session);
  readonly clients = new Clients(this.session);
  readonly inbox = new Inbox(this.session);
  readonly opened = new OpenedContents(this.session);
  readonly sent = new Sent(this.session);
  readonly drafts = new Drafts(this.session);
  profiles: Profile[] = [];
  /** Why one has to sign in anew. */
  locked: "idle" | undefined;
  /** On a computer that others use too, nothing is kept: the device is there until one signs out. */
  private passing: Profile | undefined;
  private touched = Date.now();
  doubt: Doubt | undefined;
  private holder: Device | undefined;

  private constructor(public words: Words) {
    super();
    // However a session ends, nothing that was known in it is left for the next person.
    this.session.watch(() => {
      if (this.session.device === this.holder) return;
      this.holder = this.session.device;
      this.doubt = undefined;
      for (const known of [this.clients, this.inbox, this.sent, this.drafts]) known.clear();
    });
    this.session.onSignedIn(() => void this.lookAtLog());
  }

  static async start(): Promise<AppState> {
    const chosen = LANGUAGES.find((language) => language === localStorage.getItem(LANGUAGE_KEY));
    const app = new AppState(await Words.load(chosen ?? browserLanguage(), false));
    app.speak();
    app.profiles = await disk.profiles();
    for (const event of ["pointerdown", "keydown", "wheel"]) {
      addEventListener(event, () => (app.touched = Date.now()), { passive: true });
    }
    setInterval(() => app.lockWhenIdle(), 5_000);
    return app;
  }

  async setLanguage(language: Language): Promise<void> {
    this.words = await Words.load(language, true);
    localStorage.setItem(LANGUAGE_KEY, language);
    this.speak();
    this.changed();
  }

  /** Makes a key, enrols it by the code, and keeps it unless the computer is shared. Rejects with Refusal or Lost. */
  async enrol(code: string, passphrase: string, deviceName: string, shared: boolean): Promise<Device> {
    const key = await newKey(passphrase);
    const { enrolled, greeting } = await enrol(key, code, deviceName, this.words.language);
    const profile: Profile = {
      ...key.profile,
      userName: enrolled.userName,
      serverName: greeting.serverName,
      logKey: greeting.logKey,
    };
    if (shared) this.passing = profile;
    else await this.keepProfile(profile);
    this.changed();
    return { profile, keyId: key.keyId, key: key.key, drafts: key.drafts };
  }

  /** Rejects with WrongPassphrase, Refusal or Lost. */
  async signIn(profile: Profile, passphrase: string): Promise<void> {
    await this.enter(await unlock(profile, passphrase));
  }

  /** Rejects with Refusal or Lost. */
  async enter(device: Device): Promise<void> {
    this.words = await Words.load(this.words.language, true);
    await this.session.start(device, this.words.language, own(device.profile.membership));
    this.locked = undefined;
    this.touched = Date.now();
    await this.drafts.load();
    this.changed();
  }

  /**
   * Compares the log's newest checkpoint with what this device has seen (promise 5): each time that a session stands anew. What did
   * not fit stays told until somebody else signs in, whatever the server shows later.
   */
  private async lookAtLog(): Promise<void> {
    const { device } = this.session;
    let doubt: Doubt | undefined;
    try {
      const seen = await seeNewest(this);
      if (!seen.ok) doubt = { text: "page.log-doubt", code: seen.code };
    } catch (why) {
      if (why instanceof Lost || (why instanceof Refusal && why.passes)) return; // the next session looks again
      if (why instanceof Fault) doubt = { text: "page.log-doubt", code: why.code };
      else
        doubt = { text: "page.log-unchecked", code: why instanceof Refusal ? why.code : (why as Error).name };
    }
    if (this.session.device !== device || this.doubt?.text === "page.log-doubt") return;
    this.doubt = doubt;
    this.changed();
  }

  async act(membership: Bytes): Promise<void> {
    await this.session.act(membership);
    await this.keep({ membership });
  }

  /** Keeps something with the device's profile, where the computer is not shared. */
  async keep(part: Partial<Profile>): Promise<void> {
    const device = this.session.device;
    if (device === undefined) return;
    device.profile = { ...device.profile, ...part };
    if (this.passing?.id !== device.profile.id) await this.keepProfile(device.profile);
  }

  /** What a file that the operator has handed out says of the log that the server showed. */
  async readAct({ profile, greeting }: OtherLog, file: Blob): Promise<Outcome<Restored>> {
    const note = new Uint8Array(await file.slice(0, ACT_MOST + 1).arrayBuffer());
    return readAct(profile, greeting.logKey, note);
  }

  async keepProfile(profile: Profile): Promise<void> {
    await disk.putProfile(profile);
    this.profiles = await disk.profiles();
  }

  /** Whether this computer keeps nothing of the one who is signed in. */
  get passes(): boolean {
    return this.passing !== undefined && this.session.device?.profile.id === this.passing.id;
  }

  /** Signs out. A device that only passes is revoked: nobody could use it again. */
  async signOut(): Promise<void> {
    if (this.passes) {
      const keyId = this.session.device!.keyId;
      const revoked = this.session
        .ask({ case: "revokeDevice", value: { $typeName: "lahetti.v1.RevokeDevice", keyId } }, "done")
        .catch(() => {});
      // Without a connection one is out all the same.
      await Promise.race([revoked, new Promise((over) => setTimeout(over, SIGN_OUT_MS))]);
    }
    this.session.end();
    this.passing = undefined;
  }

  /** Forgets a device of this browser, with its drafts. */
  async forget(profile: Profile): Promise<void> {
    await disk.forget(profile.id);
    this.profiles = await disk.profiles();
    this.changed();
  }

  isOwnDevice(keyId: Uint8Array): boolean {
    return this.session.device !== undefined && hex(this.session.device.keyId) === hex(keyId);
  }

  private lockWhenIdle(): void {
    if (this.session.device === undefined || Date.now() - this.touched < LOCK_AFTER_MS) return;
    this.touched = Date.now();
    this.locked = this.passes ? undefined : "idle";
    void this.signOut();
    this.changed();
  }

  private speak(): void {
    document.documentElement.lang = this.words.language;
  }
}
