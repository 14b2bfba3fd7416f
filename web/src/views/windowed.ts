/*
 * Long lists: only what is near the window is in the document. Entries stand in chunks; a chunk that is far away is one empty box of
 * the height that it had, or is likely to have. The page itself scrolls, so that keys, zoom and narrow screens work as ever; entries
 * may be of any height. What holds the focus stays, and on paper all of it stands.
 */
import { useEffect, useReducer, useRef } from "react";
import { flushSync } from "react-dom";

const CHUNK = 50;
/** So far beyond the window's edges entries are drawn already. */
const MARGIN = "1500px 0px";

export interface Chunk {
  key: number;
  /** Its entries: from, up to but without to. */
  from: number;
  to: number;
  shown: boolean;
  /** Of the empty box, in CSS pixels, while it is not shown. */
  height: number;
  /** For the element of the chunk. */
  ref: (element: HTMLElement | null) => void;
}

class Watch {
  readonly near = new Set([0]);
  readonly heights = new Map<number, number>();
  private readonly keys = new Map<Element, number>();
  private readonly elements = new Map<number, Element>();
  private readonly refs = new Map<number, (element: HTMLElement | null) => void>();
  private readonly observer = new IntersectionObserver((seen) => this.see(seen), { rootMargin: MARGIN });

  constructor(private readonly changed: () => void) {}

  end(): void {
    this.observer.disconnect();
  }

  ref(key: number): (element: HTMLElement | null) => void {
    let ref = this.refs.get(key);
    if (ref === undefined) this.refs.set(key, (ref = (element) => this.take(key, element)));
    return ref;
  }

  private take(key: number, element: HTMLElement | null): void {
    const before = this.elements.get(key);
    if (before !== undefined) {
      this.observer.unobserve(before);
      this.keys.delete(before);
      this.elements.delete(key);
    }
    if (element === null) return;
    this.elements.set(key, element);
    this.keys.set(element, key);
    this.observer.observe(element);
  }

  private see(seen: IntersectionObserverEntry[]): void {
    let changed = false;
    for (const { target, isIntersecting, boundingClientRect } of seen) {
      const key = this.keys.get(target);
      if (key === undefined || isIntersecting === this.near.has(key)) continue;
      if (isIntersecting) this.near.add(key);
      else if (target.contains(document.activeElement)) continue;
      else {
        this.near.delete(key);
        this.heights.set(key, boundingClientRect.height);
      }
      changed = true;
    }
    if (changed) this.changed();
  }
}

/** The chunks of a list of so many entries, each of about that height. */
export function useChunks(count: number, height: number): Chunk[] {
  const [, changed] = useReducer((n: number) => n + 1, 0);
  const held = useRef<Watch | undefined>(undefined);
  const printing = useRef(false);
  const watch = (held.current ??= new Watch(changed));
  useEffect(() => {
    const print = (on: boolean) => () => {
      printing.current = on;
      flushSync(changed);
    };
    const before = print(true);
    const after = print(false);
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
      held.current?.end();
    };
  }, []);
  return Array.from({ length: Math.ceil(count / CHUNK) }, (_, key) => {
    const from = key * CHUNK;
    const to = Math.min(count, from + CHUNK);
    return {
      key,
      from,
      to,
      shown: printing.current || watch.near.has(key),
      height: watch.heights.get(key) ?? (to - from) * height,
      ref: watch.ref(key),
    };
  });
}
