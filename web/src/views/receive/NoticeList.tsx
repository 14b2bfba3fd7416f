/* A list of notices, of which only what is near the window is drawn. */
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { hex } from "../../wire/bytes";
import { useChunks } from "../windowed";
import { NoticeRow } from "./NoticeRow";

/** About as high as a row is on a wide screen. */
const ROW_PX = 104;

export function NoticeList({ notices, name }: { notices: readonly Notice[]; name: string }) {
  const chunks = useChunks(notices.length, ROW_PX);
  if (notices.length === 0) return null;
  return (
    <div role="list" aria-label={name} className="notices">
      {chunks.map(({ key, from, to, shown, height, ref }) => (
        <div key={key} ref={ref} role="presentation" {...(!shown && { style: { height } })}>
          {shown &&
            notices.slice(from, to).map((notice, i) => (
              <div
                role="listitem"
                key={hex(notice.delivery)}
                aria-setsize={notices.length}
                aria-posinset={from + i + 1}
              >
                <NoticeRow notice={notice} />
              </div>
            ))}
        </div>
      ))}
    </div>
  );
}
