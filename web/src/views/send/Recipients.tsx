/* To whom: one or more, each named by its unit. */
import { useState } from "react";
import { Button } from "suomifi-ui-components";
import { placeOf, type PlaceState } from "../../trade/forms";
import type { KindRow } from "../../trade/tables";
import { useApp } from "../context";
import { PlaceName, RecipientPicker } from "../RecipientPicker";

interface Props {
  kind: KindRow;
  to: readonly PlaceState[];
  onChange: (to: PlaceState[]) => void;
  error: string | undefined;
}

export function sameAs({ kind, organisation, unit, role, user }: PlaceState): string {
  return [kind, organisation, unit, role, user].join(" ");
}

export function Recipients({ kind, to, onChange, error }: Props) {
  const app = useApp();
  const words = app.words;
  const [adding, setAdding] = useState(false);
  const most = Math.min(kind.recipientsMost, app.session.greeting?.limits?.recipients ?? kind.recipientsMost);
  return (
    <>
      <ul className="listed" aria-label={words.t("page.send.part.to")}>
        {to.map((place) => (
          <li key={sameAs(place)}>
            <PlaceName place={place} />
            <Button variant="secondaryNoBorder" onClick={() => onChange(to.filter((one) => one !== place))}>
              {words.t("page.send.remove")}
            </Button>
          </li>
        ))}
      </ul>
      <div className="field">
        {to.length === 0 || adding ? (
          <RecipientPicker
            label={words.t(to.length === 0 ? "page.send.to.first" : "page.send.to.next")}
            kinds={kind.recipients}
            value={undefined}
            error={error}
            onChange={(recipient) => {
              setAdding(false);
              if (recipient === undefined) return;
              const place = placeOf(recipient);
              if (!to.some((one) => sameAs(one) === sameAs(place))) onChange([...to, place]);
            }}
          />
        ) : (
          to.length < most && (
            <Button variant="secondary" onClick={() => setAdding(true)}>
              {words.t("page.send.to.next")}
            </Button>
          )
        )}
      </div>
    </>
  );
}
