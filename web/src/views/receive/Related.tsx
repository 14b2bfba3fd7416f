/* Other deliveries of the same matter: answers to what one asked, and what else was sent about the same referral. */
import { Heading } from "suomifi-ui-components";
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { useObservable } from "../../session/observable";
import type { OpenedContents } from "../../session/opened";
import { equal, hex } from "../../wire/bytes";
import { useApp, useWords } from "../context";
import { NoticeRow } from "./NoticeRow";

function belong(contents: OpenedContents, a: Notice, b: Notice): boolean {
  if (a.inReplyTo.length > 0 && equal(a.inReplyTo, b.inReplyTo)) return true;
  if (equal(a.inReplyTo, b.statement) || equal(b.inReplyTo, a.statement)) return true;
  return contents.matterOf(a) === contents.matterOf(b);
}

export function Related({ notice }: { notice: Notice }) {
  const app = useApp();
  const words = useWords();
  const inbox = useObservable(app.inbox);
  const contents = useObservable(app.opened);
  const others = inbox
    .all()
    .filter((other) => !equal(other.delivery, notice.delivery) && belong(contents, notice, other));
  if (others.length === 0) return null;
  return (
    <section className="related">
      <Heading variant="h2" mt="l" mb="s">
        {words.t("page.receive.related")}
      </Heading>
      <ul className="notices">
        {others.map((other) => (
          <li key={hex(other.delivery)}>
            <NoticeRow notice={other} />
          </li>
        ))}
      </ul>
    </section>
  );
}
