/* The page that runs here, against the one that the server has now: after an update this one's files are gone. */

const PATIENCE_MS = 5_000;
const own = document.querySelector<HTMLScriptElement>("script[type=module]")?.src.split("/").pop() ?? "";

/** False too where the server can't be asked. */
export async function isOutdated(): Promise<boolean> {
  try {
    const now = await fetch("./", { cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
    return now.ok && !(await now.text()).includes(own);
  } catch {
    return false;
  }
}
