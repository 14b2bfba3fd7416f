/* Where one is in the page: what stands behind the # of the address. Identifiers alone, nothing personal. */
import { useSyncExternalStore } from "react";

function watch(changed: () => void): () => void {
  addEventListener("hashchange", changed);
  return () => removeEventListener("hashchange", changed);
}

/** The parts of the address: ["inbox", "0192…"]. */
export function useRoute(): string[] {
  const hash = useSyncExternalStore(watch, () => location.hash);
  return hash
    .replace(/^#\/?/, "")
    .split("/")
    .filter((part) => part !== "");
}

export function href(...parts: string[]): string {
  return `#/${parts.join("/")}`;
}

export function go(...parts: string[]): void {
  location.hash = href(...parts);
}
