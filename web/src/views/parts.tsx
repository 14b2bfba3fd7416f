/* Small things that many views are made of. */
import { useEffect, useRef, type ReactNode } from "react";
import { Button, Heading, InlineAlert, LoadingSpinner } from "suomifi-ui-components";
import { sentenceOf, useWords, wantsReload } from "./context";

/**
 * A view: its title takes the focus when one comes to it, and is the page's. `tab` stands in the page's title instead, where the
 * view's names somebody.
 */
export function View({ title, tab = title, children }: { title: string; tab?: string; children: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${tab} – Lähetti`;
  }, [tab]);
  useEffect(() => heading.current?.focus(), []);
  return (
    <>
      <Heading variant="h1" ref={heading} tabIndex={-1} mb="m">
        {title}
      </Heading>
      {children}
    </>
  );
}

/** What went wrong, and a way to try again where there is one. */
export function Failure({ why, again }: { why: unknown; again?: () => void }) {
  if (why === undefined) return null;
  return (
    <div role="alert">
      <InlineAlert status="error" mt="m" mb="m">
        <Trouble why={why} again={again} />
      </InlineAlert>
    </div>
  );
}

/** Its sentence and the next step. */
export function Trouble({ why, again }: { why: unknown; again?: (() => void) | undefined }) {
  const words = useWords();
  const reload = wantsReload(why);
  const step = reload ? () => location.reload() : again;
  return (
    <>
      {sentenceOf(words, why)}
      {step !== undefined && (
        <Button variant="secondaryNoBorder" onClick={step} ml="m">
          {words.t(reload ? "page.reload" : "page.try-again")}
        </Button>
      )}
    </>
  );
}

/** How a form ends: what went wrong, the button that does it, the one that leaves it, and what is said while it is being done. */
export function FormEnd(props: {
  why?: unknown;
  busy?: boolean;
  does: string;
  leave?: (() => void) | undefined;
  /** What leaving is called, where it is more than to cancel. */
  leaves?: string;
  children?: ReactNode;
}) {
  const words = useWords();
  return (
    <>
      <Failure why={props.why} />
      <div className="buttons">
        <Button type="submit" aria-disabled={props.busy === true}>
          {props.does}
        </Button>
        {props.leave !== undefined && (
          <Button type="button" variant="secondary" onClick={props.leave}>
            {props.leaves ?? words.t("page.cancel")}
          </Button>
        )}
      </div>
      {props.busy === true && props.children}
    </>
  );
}

/** Never a spinner without a word. */
export function Busy({ text }: { text: string }) {
  return <LoadingSpinner text={text} textAlign="right" variant="small" mt="m" mb="m" />;
}

/** Names and values beside each other; rows without a value are left out. */
export function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="facts">
      {rows
        .filter(([, value]) => value !== undefined && value !== "" && value !== null)
        .map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
    </dl>
  );
}

/** A text that somebody wrote: its lines as they were, and never as markup. */
export function Written({ text }: { text: string }) {
  return <p className="written">{text}</p>;
}

/** What a list says while it is empty: what to do. */
export function Empty({ children }: { children: ReactNode }) {
  return <p className="empty">{children}</p>;
}
