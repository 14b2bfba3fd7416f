/*
 * What the browser keeps between two visits: profiles of devices, and drafts that only an unlocked device can read. One
 * database, two object stores. Nothing about a client lies here in the open.
 */
import type { Profile } from "../trust/device";
import type { Bytes } from "../wire/bytes";

const NAME = "lahetti";

/** A draft: its name is of a document that is being written, and tells nothing. */
export interface SealedDraft {
  device: string;
  name: string;
  sealed: Bytes;
}

function done<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

let opened: Promise<IDBDatabase> | undefined;

function database(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("profile", { keyPath: "id" });
      request.result.createObjectStore("draft", { keyPath: ["device", "name"] });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

async function store(name: "profile" | "draft", mode: IDBTransactionMode): Promise<IDBObjectStore> {
  return (await database()).transaction(name, mode).objectStore(name);
}

const draftsOf = (device: string) => IDBKeyRange.bound([device], [device, []]);

export const disk = {
  profiles: async (): Promise<Profile[]> => done((await store("profile", "readonly")).getAll()),
  putProfile: async (profile: Profile): Promise<void> =>
    void (await done((await store("profile", "readwrite")).put(profile))),
  /** The device and all that it alone could read. */
  forget: async (device: string): Promise<void> => {
    await done((await store("draft", "readwrite")).delete(draftsOf(device)));
    await done((await store("profile", "readwrite")).delete(device));
  },
  drafts: async (device: string): Promise<SealedDraft[]> =>
    done((await store("draft", "readonly")).getAll(draftsOf(device))),
  putDraft: async (draft: SealedDraft): Promise<void> =>
    void (await done((await store("draft", "readwrite")).put(draft))),
  dropDraft: async (device: string, name: string): Promise<void> =>
    void (await done((await store("draft", "readwrite")).delete([device, name]))),
};
