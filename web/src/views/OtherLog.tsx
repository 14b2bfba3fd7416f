/*
 * The server shows another log than the one that this browser trusts. Where it says that it was restored from a backup, its operator
 * has handed out an act, by which the page checks that; the user agrees, and signs in as before.
 */
import { useRef, useState } from "react";
import { Button, Heading, InlineAlert, Paragraph } from "suomifi-ui-components";
import type { Restored } from "../session/generation";
import type { OtherLog } from "../session/session";
import type { Profile } from "../trust/device";
import type { Code, Outcome } from "../trust/fault";
import type { TextKey } from "../words/words";
import { useApp, useWords } from "./context";
import { FormEnd } from "./parts";

/** Where the page has a sentence of its own. */
const WRONG: Partial<Record<Code, TextKey>> = {
  "unknown-key": "page.act.not-trusted",
  "bad-signature": "page.act.not-trusted",
  "wrong-origin": "page.act.other",
};

export default function OtherLogPart(props: { other: OtherLog; accepted: (profile: Profile) => void }) {
  const app = useApp();
  const words = app.words;
  const { other, accepted } = props;
  const { what } = other;
  const input = useRef<HTMLInputElement>(null);
  const [read, setRead] = useState<Outcome<Restored> | undefined>(undefined);

  const says =
    what.text === "page.other-log"
      ? words.t(what.text)
      : words.t(what.text, words.number(what.shown), words.number(what.trusted));
  if (what.text !== "page.act.new") {
    return (
      <div role="alert">
        <InlineAlert status="error" mb="m">
          {says}
        </InlineAlert>
      </div>
    );
  }

  async function choose(file: File | undefined) {
    if (file === undefined) return;
    setRead(await app.readAct(other, file));
    if (input.current !== null) input.current.value = "";
  }

  async function accept() {
    if (read?.ok !== true) return;
    await app.keepProfile(read.profile);
    accepted(read.profile);
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void accept();
      }}
    >
      <Heading variant="h2" mb="s">
        {words.t("page.act.title")}
      </Heading>
      <div role="alert">
        <Paragraph mb="m">{says}</Paragraph>
      </div>
      <input
        ref={input}
        type="file"
        hidden
        aria-label={words.t("page.act.choose")}
        onChange={(event) => void choose(event.target.files?.[0])}
      />
      <Button type="button" variant="secondary" mb="m" onClick={() => input.current?.click()}>
        {words.t("page.act.choose")}
      </Button>
      <div role="status">
        {read?.ok === false && (
          <InlineAlert status="error" mb="m">
            {WRONG[read.code] !== undefined ? words.t(WRONG[read.code]!) : words.code(read.code)}
          </InlineAlert>
        )}
        {read?.ok === true && <Told restored={read} />}
      </div>
      {read?.ok === true && <FormEnd does={words.t("page.act.accept")} />}
    </form>
  );
}

/** What accepting it means. */
function Told({ restored }: { restored: Restored }) {
  const words = useWords();
  const { act, seen, seenLost, seenMore } = restored;
  const number = (size: bigint) => words.number(Number(size));
  const { last, newest } = act;
  const lost = newest.size > last.size;
  return (
    <>
      <Paragraph mb="s">{words.t("page.act.restored", number(last.size))}</Paragraph>
      <Paragraph mb="s">
        {lost
          ? words.t("page.act.lost", number(last.size), number(newest.size - 1n))
          : words.t("page.act.nothing-lost")}
      </Paragraph>
      <Paragraph mb="s">
        {seenLost && seen !== undefined
          ? words.t("page.act.seen-lost", number(seen.size), number(last.size))
          : words.t("page.act.seen-kept")}
      </Paragraph>
      {seenMore && <Paragraph mb="s">{words.t("page.act.seen-more")}</Paragraph>}
      <Paragraph>
        <strong>{words.t("page.act.sure")}</strong>
      </Paragraph>
    </>
  );
}
