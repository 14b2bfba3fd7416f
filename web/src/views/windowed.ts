/*
 * Long lists: only what is near the window is in the document. Entries stand in chunks; where chunks are far away there is an empty
 * box of the height that they had, or are likely to have. The page itself scrolls, so that keys, zoom and narrow screens work as
 * ever; entries may be of any height. What holds the focus stays, and on paper all of it stands.
 */
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";

const CHUNK = 50;
/** So many CSS pixels beyond the window's edges entries are drawn already. */
const MARGIN = 1500;

/** Draw it with a component that is a memo over these: then only chunks that have changed are drawn again. */
export interface Chunk {
  /** Its entries: from, up to but without to. */
  from: number;
  to: number;
  /** For the element of the chunk, whose margins must not leave it: its height is what the box has that takes its place. */
  hold: (element: HTMLElement | null) => void;
}

/** A chunk, or an empty box of so many CSS pixels. */
export type Part = { gap: false; key: number; chunk: Chunk } | { gap: true; key: string; height: number };

interface Near {
  first: number;
  /** Up to but without it. */
  last: number;
  focused: number;
}

/** The parts of a list of so many entries, each of about that height; `list` is for the element that holds them. */
export function useParts(count: number, height: number) {
  const list = useRef<HTMLElement | null>(null);
  const elements = useRef(new Map<number, HTMLElement>());
  const measured = useRef(new Map<number, { to: number; height: number }>());
  const holds = useRef(new Map<number, Chunk["hold"]>());
  /** So many entries there were when the End key was pressed; less than none when something else has been done since. */
  const toEnd = useRef(-1);
  const [near, setNear] = useState<Near>({ first: 0, last: 1, focused: -1 });
  const [printing, setPrinting] = useState(false);
  const chunks = Math.ceil(count / CHUNK);
  const end = (key: number) => Math.min(count, (key + 1) * CHUNK);

  function heightOf(key: number): number {
    const known = measured.current.get(key);
    return known?.to === end(key) ? known.height : (end(key) - key * CHUNK) * height;
  }
  function look(): void {
    if (list.current === null) return;
    const { top } = list.current.getBoundingClientRect();
    let [first, last, focused, y] = [chunks - 1, 1, -1, top];
    for (let key = 0; key < chunks; key++) {
      const below = y + heightOf(key);
      if (below >= -MARGIN && key < first) first = key;
      if (y <= innerHeight + MARGIN) last = key + 1;
      y = below;
    }
    for (const [key, element] of elements.current)
      if (element.contains(document.activeElement)) focused = key;
    setNear((old) =>
      old.first === first && old.last === last && old.focused === focused ? old : { first, last, focused },
    );
  }
  function holdOf(key: number): Chunk["hold"] {
    let hold = holds.current.get(key);
    if (hold === undefined) {
      hold = (element) =>
        void (element === null ? elements.current.delete(key) : elements.current.set(key, element));
      holds.current.set(key, hold);
    }
    return hold;
  }

  useLayoutEffect(() => {
    for (const [key, element] of elements.current)
      measured.current.set(key, { to: end(key), height: element.getBoundingClientRect().height });
    // What is drawn on the way has other heights than were likely: the end is not where it was when one set out for it.
    if (toEnd.current === count && near.last === chunks)
      scrollTo(scrollX, document.documentElement.scrollHeight);
    // By the heights as they are; not at once, because the browser may move the page by them first.
    const frame = requestAnimationFrame(look);
    return () => cancelAnimationFrame(frame);
  });
  useEffect(() => {
    let frame = 0;
    const soon = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(look);
    };
    const forget = () => {
      measured.current.clear(); // another width, other heights
      soon();
    };
    const press = ({ key, target }: KeyboardEvent) => {
      const writes = target instanceof HTMLElement && target.matches("input, textarea, select");
      toEnd.current = key === "End" && !writes ? count : -1;
    };
    const turn = () => void (toEnd.current = -1);
    const before = () => flushSync(() => setPrinting(true));
    const after = () => setPrinting(false);
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", forget);
    addEventListener("keydown", press);
    addEventListener("wheel", turn, { passive: true });
    addEventListener("pointerdown", turn);
    addEventListener("beforeprint", before);
    addEventListener("afterprint", after);
    return () => {
      cancelAnimationFrame(frame);
      removeEventListener("scroll", soon);
      removeEventListener("resize", forget);
      removeEventListener("keydown", press);
      removeEventListener("wheel", turn);
      removeEventListener("pointerdown", turn);
      removeEventListener("beforeprint", before);
      removeEventListener("afterprint", after);
    };
  }, [count, height]);

  const parts: Part[] = [];
  for (let key = 0, gap = 0; key <= chunks; key++) {
    const shown = printing || (key >= near.first && key < near.last) || key === near.focused;
    if (key < chunks && !shown) gap += heightOf(key);
    if (gap > 0 && (shown || key === chunks)) {
      parts.push({ gap: true, key: `before ${key}`, height: gap });
      gap = 0;
    }
    if (key < chunks && shown)
      parts.push({ gap: false, key, chunk: { from: key * CHUNK, to: end(key), hold: holdOf(key) } });
  }
  return { parts, list: (element: HTMLElement | null) => void (list.current = element) };
}
