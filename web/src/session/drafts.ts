/*
 * Documents that are being written. A draft is kept at each pause in typing, encrypted under the device's key, so that a crash
 * loses nothing; without the passphrase nobody can read it. On a shared computer it lives as long as the page.
 */
import { disk } from "../store/disk";
import { seal, unseal } from "../trust/device";
import { text } from "../wire/bytes";
import { Observable } from "./observable";
import type { Session } from "./session";

export interface KeptDraft<T> {
  savedAt: number;
  content: T;
}

export class Drafts extends Observable {
  private readonly drafts = new Map<string, KeptDraft<unknown>>();

  constructor(private readonly session: Session) {
    super();
  }

  names(): string[] {
    return [...this.drafts.keys()];
  }

  find<T>(name: string): KeptDraft<T> | undefined {
    return this.drafts.get(name) as KeptDraft<T> | undefined;
  }

  /** Reads those of the device that has been unlocked. One that can't be read is left where it is. */
  async load(): Promise<void> {
    const device = this.session.device;
    if (device === undefined) return;
    for (const { name, sealed } of await disk.drafts(device.profile.id)) {
      try {
        const plain = await unseal(device, name, sealed);
        if (this.session.device !== device) return; // somebody else's turn
        this.drafts.set(name, JSON.parse(new TextDecoder().decode(plain)) as KeptDraft<unknown>);
      } catch {
        continue;
      }
    }
    this.changed();
  }

  /** content is of JSON's types. keep is false on a shared computer. */
  async put(name: string, content: unknown, keep: boolean): Promise<void> {
    const device = this.session.device;
    if (device === undefined) return;
    const draft = { savedAt: Date.now(), content };
    this.drafts.set(name, draft);
    this.changed();
    if (!keep) return;
    const sealed = await seal(device, name, text(JSON.stringify(draft)));
    // Dropped or written again meanwhile.
    if (this.session.device === device && this.drafts.get(name) !== draft) return;
    await disk.putDraft({ device: device.profile.id, name, sealed });
  }

  async drop(name: string): Promise<void> {
    this.drafts.delete(name);
    this.changed();
    if (this.session.device !== undefined) await disk.dropDraft(this.session.device.profile.id, name);
  }

  clear(): void {
    this.drafts.clear();
    this.changed();
  }
}
