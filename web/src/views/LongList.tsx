/* A list of many links, of which only what is near the window is drawn. */
import type { ReactNode } from "react";
import { useParts } from "./windowed";

/** About as high as an entry is on a wide screen. */
const ENTRY_PX = 104;

export function LongList<T>(props: {
  items: readonly T[];
  keyOf: (item: T) => string;
  name: string;
  children: (item: T) => ReactNode;
}) {
  const { items } = props;
  const { parts, list } = useParts(items.length, ENTRY_PX);
  if (items.length === 0) return null;
  return (
    <div role="list" aria-label={props.name} className="notices" ref={list}>
      {parts.map((part) =>
        part.gap ? (
          <div key={part.key} role="presentation" style={{ height: part.height }} />
        ) : (
          <div key={part.key} role="presentation" ref={part.chunk.hold}>
            {items.slice(part.chunk.from, part.chunk.to).map((item, i) => (
              <div
                role="listitem"
                key={props.keyOf(item)}
                aria-setsize={items.length}
                aria-posinset={part.chunk.from + i + 1}
              >
                {props.children(item)}
              </div>
            ))}
          </div>
        ),
      )}
    </div>
  );
}
