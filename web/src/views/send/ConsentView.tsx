/* A new consent, taken by itself. */
import { useState } from "react";
import { Heading } from "suomifi-ui-components";
import { useApp } from "../context";
import { View } from "../parts";
import { go, href } from "../routes";
import { ConsentForm } from "./ConsentForm";
import { Identity, WithClient } from "./Identity";
import { Proved } from "./Proved";
import type { Sent } from "./useSending";

export function ConsentView({ client, caseId }: { client: string; caseId: string }) {
  const app = useApp();
  const words = app.words;
  const [sent, setSent] = useState<Sent | undefined>(undefined);
  const back = href("clients", client, caseId);
  return (
    <View title={words.t("page.send.consent.new")}>
      <p className="back">
        <a href={back}>{words.t("page.send.back-to-client")}</a>
      </p>
      {sent !== undefined ? (
        <Proved sent={sent} title={words.t("page.send.consent.recorded")}>
          <p>
            <a href={back}>{words.t("page.send.back-to-client")}</a>
          </p>
        </Proved>
      ) : (
        <WithClient
          client={client}
          then={(entry) => (
            <>
              <Identity entry={entry} />
              <Heading variant="h2" mt="l" mb="s">
                {words.t("page.send.consent.terms")}
              </Heading>
              <ConsentForm
                client={client}
                caseId={caseId}
                known={entry.identity?.language ? { language: entry.identity.language } : {}}
                onAccepted={setSent}
                onCancel={() => go("clients", client, caseId)}
              />
            </>
          )}
        />
      )}
    </View>
  );
}
