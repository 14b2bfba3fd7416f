/*
 * Documents shown in tabs of their own. They are closed when the page is locked, or when one acts as another: nothing that was opened
 * outlives the session.
 */
import type { Session } from "../../session/session";
import { hex, NONE } from "../../wire/bytes";

const tabs = new Set<Window>();
let stopWatching: (() => void) | undefined;

function holderOf({ device, acting }: Session): string {
  return `${hex(device?.keyId ?? NONE)} ${hex(acting?.id ?? NONE)}`;
}

/** The document does not get at the page. */
export function showInTab(session: Session, url: string): void {
  const tab = window.open(url, "_blank");
  if (tab === null) return;
  // Not "noopener": the page would have nothing by which to close it.
  tab.opener = null;
  for (const one of tabs) if (one.closed) tabs.delete(one);
  tabs.add(tab);
  const holder = holderOf(session);
  stopWatching ??= session.watch(() => {
    if (holderOf(session) === holder) return;
    tabs.forEach((one) => one.close());
    tabs.clear();
    stopWatching?.();
    stopWatching = undefined;
  });
}
