/* Who saw a client's data: the client is found by a whole personal identity code, a whole name, or an identifier of the log. */
import { useState, type FormEvent } from "react";
import { create } from "@bufbuild/protobuf";
import { Button, Paragraph, TextInput } from "suomifi-ui-components";
import { FindClientsSchema, type ClientEntry } from "../../../gen/lahetti/v1/session_pb";
import { hex } from "../../wire/bytes";
import { useApp, useWords } from "../context";
import { Busy, Empty, Failure, View } from "../parts";
import { go, href } from "../routes";
import { Report } from "./Report";
import "./officer.css";

/** An identifier as the log's lines have it, or as a UUID is written elsewhere. */
function readIdentifier(typed: string): string | undefined {
  const digits = typed.trim().toLowerCase().replaceAll("-", "");
  return /^[0-9a-f]{32}$/.test(digits) ? digits : undefined;
}

export default function WhoSaw({ client }: { client: string | undefined }) {
  // Whom the search has found. It is not in the address: that has the identifier alone.
  const [found, setFound] = useState<readonly ClientEntry[] | undefined>();
  if (client === undefined) return <Find found={found} setFound={setFound} />;
  return <Report key={client} client={client} found={found?.find((entry) => hex(entry.client) === client)} />;
}

function Find(props: {
  found: readonly ClientEntry[] | undefined;
  setFound: (found: readonly ClientEntry[] | undefined) => void;
}) {
  const { found, setFound } = props;
  const app = useApp();
  const words = useWords();
  const [term, setTerm] = useState("");
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);

  async function submit(event: FormEvent) {
    event.preventDefault();
    const identifier = readIdentifier(term);
    if (identifier !== undefined) return go("who-saw", identifier);
    setMissing(term.trim() === "");
    if (term.trim() === "" || busy) return;
    setBusy(true);
    setWhy(undefined);
    try {
      const page = await app.session.ask(
        { case: "findClients", value: create(FindClientsSchema, { term: term.trim() }) },
        "clients",
      );
      setFound(page.clients);
      const [only, ...more] = page.clients;
      if (only !== undefined && more.length === 0) go("who-saw", hex(only.client));
    } catch (failed) {
      setFound(undefined);
      setWhy(failed);
    } finally {
      setBusy(false);
    }
  }

  return (
    <View title={words.t("page.officer.who-saw")}>
      <Paragraph mb="m">{words.t("page.officer.who-saw.hint")}</Paragraph>
      <form onSubmit={(event) => void submit(event)} className="narrow" noValidate>
        <TextInput
          labelText={words.t("page.officer.find")}
          hintText={words.t("page.officer.find.hint")}
          autoComplete="off"
          value={term}
          onChange={(value) => setTerm(String(value ?? ""))}
          {...(missing && { status: "error" as const, statusText: words.t("page.officer.find.missing") })}
          fullWidth
          mb="m"
        />
        <Failure why={why} />
        <Button type="submit" aria-disabled={busy}>
          {words.t("page.officer.search")}
        </Button>
        {busy && <Busy text={words.t("page.officer.searching")} />}
      </form>
      <div role="status">
        {found !== undefined && found.length === 0 && <Empty>{words.t("page.officer.nobody-found")}</Empty>}
        {found !== undefined && found.length > 0 && (
          <>
            <h2>{words.t("page.officer.found", words.number(found.length))}</h2>
            <ul className="cards">
              {found.map((entry) => (
                <li key={hex(entry.client)}>
                  <h3>
                    <a href={href("who-saw", hex(entry.client))}>
                      {[entry.identity?.familyName, entry.identity?.givenNames].filter(Boolean).join(", ") ||
                        hex(entry.client)}
                    </a>
                  </h3>
                  {entry.identity?.personalIdentityCode || words.date(entry.identity?.birthDate ?? 0)}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </View>
  );
}
