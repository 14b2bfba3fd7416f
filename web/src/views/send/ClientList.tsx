/* The clients of one's unit. Each page that is shown is recorded, which the view says. */
import { useRef, useState } from "react";
import { Button, SearchInput } from "suomifi-ui-components";
import type { ClientEntry } from "../../../gen/lahetti/v1/session_pb";
import { clientName } from "../../session/clients";
import { hex, NONE } from "../../wire/bytes";
import { useApp, useAsked } from "../context";
import { Busy, Empty, Failure, View } from "../parts";
import { go, href } from "../routes";

/** Further pages of one search. */
interface More {
  term: string;
  entries: ClientEntry[];
  cursor: Uint8Array;
}

export function ClientList() {
  const app = useApp();
  const words = app.words;
  const [term, setTerm] = useState("");
  const typed = useRef("");
  const [more, setMore] = useState<More | undefined>(undefined);
  const [reading, setReading] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const first = useAsked(async () => ({ term, page: await app.clients.search(term) }), [term]);

  const shown = first.value?.term === term ? first.value.page : undefined;
  const rest = more?.term === term ? more : undefined;
  const entries = [...(shown?.clients ?? []), ...(rest?.entries ?? [])];
  const cursor = rest?.cursor ?? shown?.cursor ?? NONE;

  async function readMore() {
    if (reading) return;
    setReading(true);
    setWhy(undefined);
    try {
      const page = await app.clients.search(term, cursor);
      setMore({ term, entries: [...(rest?.entries ?? []), ...page.clients], cursor: page.cursor });
    } catch (failed) {
      setWhy(failed);
    } finally {
      setReading(false);
    }
  }

  return (
    <View title={words.t("page.send.clients")}>
      <div className="narrow">
        <SearchInput
          labelText={words.t("page.send.clients.search")}
          clearButtonLabel={words.t("page.to.clear")}
          searchButtonLabel={words.t("page.to.search")}
          visualPlaceholder={words.t("page.send.clients.search.hint")}
          onChange={(text) => {
            typed.current = String(text ?? "");
            if (typed.current === "") setTerm("");
          }}
          onSearch={(text) => setTerm(String(text ?? "").trim())}
          fullWidth
        />
      </div>
      <p className="quiet">{words.t("page.send.clients.recorded")}</p>
      <div className="buttons">
        <Button variant="secondary" onClick={() => go("clients", "add")}>
          {words.t("page.send.add-client")}
        </Button>
      </div>
      <Failure why={first.failed} again={first.again} />
      <div role="status">
        {shown === undefined && first.failed === undefined && <Busy text={words.t("page.reading")} />}
        {shown !== undefined && entries.length === 0 && (
          <Empty>
            {words.t(term === "" ? "page.send.clients.none" : "page.send.clients.none-found", term)}
          </Empty>
        )}
      </div>
      <ul className="rows" aria-label={words.t("page.send.clients")}>
        {entries.flatMap((entry) => {
          const cases = entry.cases.length > 0 ? entry.cases : [NONE];
          return cases.map((caseId) => (
            <li key={hex(entry.client) + hex(caseId)}>
              <a href={href("clients", hex(entry.client), hex(caseId))}>
                <span className="row-title">{clientName(entry)}</span>
                <span className="quiet">
                  {entry.identity?.personalIdentityCode ||
                    words.date(entry.identity?.birthDate ?? 0) ||
                    words.t("page.send.clients.no-code")}
                </span>
              </a>
            </li>
          ));
        })}
      </ul>
      <Failure why={why} />
      {cursor.length > 0 && (
        <Button variant="secondary" onClick={() => void readMore()} aria-disabled={reading}>
          {words.t("page.send.more")}
        </Button>
      )}
    </View>
  );
}
