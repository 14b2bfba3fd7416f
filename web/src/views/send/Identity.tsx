/* Whose matter it is. A name stands in the view alone, never in its address or title. */
import { Heading } from "suomifi-ui-components";
import type { ClientEntry } from "../../../gen/lahetti/v1/session_pb";
import { clientName } from "../../session/clients";
import { useObservable } from "../../session/observable";
import { languageName } from "../Body";
import { useApp, useAsked, useWords } from "../context";
import { Busy, Facts, Failure } from "../parts";
import type { ReactNode } from "react";

/** The client once the unit's listing has come; `then` is drawn with it. */
export function WithClient({ client, then }: { client: string; then: (entry: ClientEntry) => ReactNode }) {
  const app = useApp();
  const words = app.words;
  const clients = useObservable(app.clients);
  const entry = clients.find(client);
  const { value, failed, again } = useAsked(async () => {
    if (app.clients.find(client) === undefined) await app.clients.list();
    return true;
  }, [client]);
  if (entry !== undefined) return <>{then(entry)}</>;
  if (failed !== undefined) return <Failure why={failed} again={again} />;
  if (value === undefined) return <Busy text={words.t("page.reading")} />;
  return <p>{words.t("page.send.no-such-client")}</p>;
}

/** A name that is looked up in the unit's listing; nothing until it is known. */
export function ClientName({ client }: { client: string }) {
  const app = useApp();
  const entry = useObservable(app.clients).find(client);
  return entry === undefined ? null : <>{clientName(entry)}</>;
}

export function Identity({ entry }: { entry: ClientEntry }) {
  const words = useWords();
  const { identity } = entry;
  return (
    <>
      <Heading variant="h2" mb="s">
        {clientName(entry)}
      </Heading>
      <Facts
        rows={[
          [words.t("page.receive.identity.code"), identity?.personalIdentityCode],
          [words.t("page.receive.identity.birth-date"), words.date(identity?.birthDate ?? 0)],
          [
            words.t("page.receive.identity.language"),
            identity === undefined || identity.language === ""
              ? ""
              : languageName(words.language, identity.language),
          ],
          [words.t("page.receive.identity.phone"), identity?.phone],
          [words.t("page.receive.identity.email"), identity?.email],
          [words.t("page.receive.identity.address"), identity?.address],
        ]}
      />
    </>
  );
}
