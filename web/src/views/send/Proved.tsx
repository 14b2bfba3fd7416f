/* What came of sending: calm where the receipt holds, not to be overlooked where it does not. */
import { useEffect, useRef, type ReactNode } from "react";
import { Heading, InlineAlert } from "suomifi-ui-components";
import { useWords } from "../context";
import type { Sent } from "./useSending";

export function Proved({ sent, title, children }: { sent: Sent; title: string; children?: ReactNode }) {
  const words = useWords();
  const heading = useRef<HTMLHeadingElement>(null);
  // It comes in the place of the button that was pressed.
  useEffect(() => heading.current?.focus(), []);
  const { proof, accepted } = sent;
  return (
    <section>
      <Heading variant="h2" mb="s" ref={heading} tabIndex={-1} className="part-heading">
        {title}
      </Heading>
      {proof.ok ? (
        <p className="holds">
          {words.t("page.send.receipt-holds")}{" "}
          <span className="quiet">
            {words.t("page.send.logged", words.number(Number(proof.number)), words.instant(proof.timeUs))}
          </span>
        </p>
      ) : (
        <InlineAlert status="error" labelText={words.t("page.receive.receipt-broken")} mb="m">
          {words.code(proof.code)}
        </InlineAlert>
      )}
      {accepted.sentLate && <p>{words.t("page.send.sent-late")}</p>}
      {children}
    </section>
  );
}

/** When a draft that was taken up again was saved, and which of its files have to be added anew. */
export function Restored({ at, files = [] }: { at: number | undefined; files?: readonly string[] }) {
  const words = useWords();
  if (at === undefined) return null;
  return (
    <InlineAlert mb="m">
      {words.t("page.send.restored", words.instant(BigInt(at) * 1000n))}{" "}
      {files.length > 0 && words.t("page.send.restored.files", files.join(", "))}
    </InlineAlert>
  );
}
