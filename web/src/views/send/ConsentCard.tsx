/* A consent in plain words: what of the client may be told to whom, what for, and until when. */
import { Fragment, type ReactNode } from "react";
import { StaticChip } from "suomifi-ui-components";
import { PartySchema } from "../../../gen/lahetti/v1/bodies_pb";
import { CategorySchema, PurposeSchema } from "../../../gen/lahetti/v1/common_pb";
import { create } from "@bufbuild/protobuf";
import { allowedNow, isInForce, type KnownConsent } from "../../trade/consents";
import { placeOf } from "../../trade/forms";
import { hex } from "../../wire/bytes";
import { today } from "../../words/words";
import { useWords } from "../context";
import { Facts } from "../parts";
import { PlaceName } from "../RecipientPicker";

export function ConsentCard({ consent, children }: { consent: KnownConsent; children?: ReactNode }) {
  const words = useWords();
  const { body, withdrawn } = consent;
  const left = allowedNow(consent);
  const now = today();
  const parties = withdrawn.flatMap((part) => part.parties);
  return (
    <li>
      {!isInForce(consent, now) && (
        <p>
          <StaticChip>
            {body.from > now
              ? words.t("page.send.consent.not-yet", words.date(body.from))
              : words.t("page.send.consent.over", words.date(body.until))}
          </StaticChip>
        </p>
      )}
      <Facts
        rows={[
          [words.t("page.send.consent.to"), <Listed items={left.parties.map(partyName)} />],
          [
            words.t("page.send.consent.tells"),
            left.categories.map((category) => words.of(CategorySchema, category)).join(", "),
          ],
          [
            words.t("page.send.consent.for"),
            body.purposes.map((purpose) => words.of(PurposeSchema, purpose)).join(", "),
          ],
          [
            words.t("page.send.consent.time"),
            words.t("page.send.consent.from-until", words.date(body.from), words.date(body.until)),
          ],
          [words.t("field.consent.event"), body.event],
          [
            words.t("page.send.consent.limit"),
            body.document === undefined ? "" : words.t("field.consent.document"),
          ],
          [
            words.t("page.send.consent.feedback"),
            words.t(body.coversFeedback ? "page.send.consent.feedback.yes" : "page.send.consent.feedback.no"),
          ],
          [
            words.t("page.send.consent.withdrawn"),
            parties.length === 0 ? undefined : <Listed items={parties.map(partyName)} />,
          ],
        ]}
      />
      {children}
    </li>
  );
}

function partyName(party: { organisation: Uint8Array; unit: Uint8Array; role: number; user: Uint8Array }) {
  return (
    <PlaceName
      key={hex(party.organisation) + hex(party.unit) + party.role + hex(party.user)}
      place={placeOf(create(PartySchema, party))}
    />
  );
}

function Listed({ items }: { items: ReactNode[] }) {
  return (
    <>
      {items.map((item, i) => (
        <Fragment key={i}>
          {i > 0 && "; "}
          {item}
        </Fragment>
      ))}
    </>
  );
}
