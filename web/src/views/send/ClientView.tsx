/* One client in one case: who it is, who works with them, which consents there are, and what the case holds. */
import { Button, Heading } from "suomifi-ui-components";
import { StateSchema } from "../../../gen/lahetti/v1/bodies_pb";
import type { CaseEntry } from "../../../gen/lahetti/v1/session_pb";
import { useObservable } from "../../session/observable";
import { readCase, readConsents } from "../../trade/consents";
import { placeOf } from "../../trade/forms";
import { kindNamed } from "../../trade/tables";
import { equal, hex, unhex } from "../../wire/bytes";
import { useApp, useAsked, useWords } from "../context";
import { Place, useKindName } from "../names";
import { Busy, Empty, Failure, View } from "../parts";
import { PlaceName } from "../RecipientPicker";
import { go, href } from "../routes";
import { CareTeam } from "./CareTeam";
import { ConsentCard } from "./ConsentCard";
import { Identity, WithClient } from "./Identity";

export function ClientView({ client, caseId }: { client: string; caseId: string }) {
  const app = useApp();
  const words = app.words;
  const hasDraft = useObservable(app.drafts).find(`refer:${caseId}`) !== undefined;
  const { value, failed, again } = useAsked(async () => {
    if (caseId === "") return { entries: [], consents: [] };
    const entries = await readCase(app.session, unhex(caseId));
    return { entries, consents: await readConsents(app.session, entries) };
  }, [caseId]);

  return (
    <View title={words.t("page.send.client")}>
      <p className="back">
        <a href={href("clients")}>{words.t("page.send.back-to-clients")}</a>
      </p>
      <WithClient client={client} then={(entry) => <Identity entry={entry} />} />
      {caseId !== "" && (
        <div className="buttons">
          <Button onClick={() => go("refer", client, caseId)}>
            {words.t(hasDraft ? "page.send.refer.go-on" : "page.send.refer")}
          </Button>
          <Button variant="secondary" onClick={() => go("consent", client, caseId)}>
            {words.t("page.send.consent.new")}
          </Button>
        </div>
      )}
      {caseId !== "" && <CareTeam caseId={caseId} />}
      <Failure why={failed} again={again} />
      {value === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      {value !== undefined && (
        <>
          <Heading variant="h2" mt="l" mb="s">
            {words.t("page.send.consents")}
          </Heading>
          {value.consents.length === 0 && <Empty>{words.t("page.send.consents.none")}</Empty>}
          <ul className="cards">
            {value.consents.map((consent) => (
              <ConsentCard key={hex(consent.reference.id)} consent={consent}>
                <Button variant="secondary" onClick={() => go("withdraw", hex(consent.reference.id))}>
                  {words.t("page.send.withdraw")}
                </Button>
              </ConsentCard>
            ))}
          </ul>
          <Heading variant="h2" mt="l" mb="s">
            {words.t("page.send.documents")}
          </Heading>
          {value.entries.length === 0 && <Empty>{words.t("page.send.documents.none")}</Empty>}
          <ul className="rows" aria-label={words.t("page.send.documents")}>
            {value.entries.map((entry) => (
              <li key={hex(entry.statement)}>
                <Document entry={entry} />
              </li>
            ))}
          </ul>
        </>
      )}
    </View>
  );
}

/** A document leads to where it can be read. */
function Document({ entry }: { entry: CaseEntry }) {
  const app = useApp();
  const words = useWords();
  const kindName = useKindName();
  const received = entry.deliveries.find((delivery) => delivery.received);
  const own = equal(entry.unit, app.session.acting!.unit);
  const to =
    received !== undefined
      ? href("inbox", hex(received.delivery))
      : own && !entry.sinceErased && entry.kind !== kindNamed("acknowledgement").number
        ? href("sent", hex(entry.statement))
        : undefined;
  const inside = (
    <>
      <span className="row-title">{kindName(entry.kind, entry.organisation)}</span>
      <span className="row-facts">
        <span>{words.instant(entry.acceptedUs)}</span>
        <span>
          <Place unit={entry.unit} organisation={entry.organisation} />
        </span>
        {entry.consentEnded && <span>{words.t("page.send.consent.ended")}</span>}
        {entry.sinceErased && <span>{words.t("page.send.erased")}</span>}
      </span>
      {entry.deliveries.map((delivery) => (
        <span className="row-facts" key={hex(delivery.delivery)}>
          {!delivery.received && delivery.recipient !== undefined && (
            <span>
              <PlaceName place={placeOf(delivery.recipient)} />
            </span>
          )}
          <span>{words.of(StateSchema, delivery.state)}</span>
          <span>{words.instant(delivery.sinceUs)}</span>
        </span>
      ))}
    </>
  );
  return to === undefined ? <div>{inside}</div> : <a href={to}>{inside}</a>;
}
