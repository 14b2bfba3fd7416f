/* The log that the device trusts, by the key that it was enrolled with: made once for each key. */
import { trust, type Log } from "../trust/log";
import type { Session } from "./session";

let known: { key: string; log: Promise<Log> } | undefined;

/** Rejects with Fault where the key can't be read. */
export function trustedLog(session: Session): Promise<Log> {
  const key = session.device?.profile.logKey ?? "";
  if (known?.key !== key) known = { key, log: trust(key) };
  return known.log;
}
