/*
 * A long list of which only what is near the window is drawn: chunks that are far away are an empty space of the height that they
 * had, or are likely to have.
 */
import { useEffect, useRef, useState, type ReactNode } from "react";

const CHUNK = 40;
const LIKELY_PX = 84;
const NEAR = "1200px";

interface Props<T> {
  items: readonly T[];
  keyOf: (item: T) => string;
  name: string;
  children: (item: T) => ReactNode;
}

export function Chunks<T>({ items, keyOf, name, children }: Props<T>) {
  const chunks: T[][] = [];
  for (let at = 0; at < items.length; at += CHUNK) chunks.push(items.slice(at, at + CHUNK));
  return (
    <div role="list" aria-label={name} className="notices">
      {chunks.map((chunk, i) => (
        <Chunk key={i} first={i === 0} length={chunk.length}>
          {() =>
            chunk.map((item, k) => (
              <div
                role="listitem"
                key={keyOf(item)}
                aria-setsize={items.length}
                aria-posinset={i * CHUNK + k + 1}
              >
                {children(item)}
              </div>
            ))
          }
        </Chunk>
      ))}
    </div>
  );
}

function Chunk(props: { first: boolean; length: number; children: () => ReactNode }) {
  const box = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(props.first);
  const height = useRef(props.length * LIKELY_PX);

  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => {
        if (entry === undefined) return;
        // What has the focus stays, however far one scrolls.
        const stays = !entry.isIntersecting && element.contains(document.activeElement);
        if (!entry.isIntersecting && element.offsetHeight > 0) height.current = element.offsetHeight;
        setNear(entry.isIntersecting || stays);
      },
      { rootMargin: NEAR },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  return (
    <div ref={box} role="presentation" {...(!near && { style: { height: height.current } })}>
      {near && props.children()}
    </div>
  );
}
