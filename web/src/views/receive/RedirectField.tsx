/* To which unit it is sent on: into that unit's queue. */
import { SingleSelect } from "suomifi-ui-components";
import { RecipientKind } from "../../../gen/lahetti/v1/statement_pb";
import { useObservable } from "../../session/observable";
import type { PlaceState } from "../../trade/forms";
import { equal, hex } from "../../wire/bytes";
import { useApp } from "../context";
import type { FieldProps } from "../Form";

export function RedirectField({ field }: { field: FieldProps }) {
  const app = useApp();
  const words = app.words;
  const directory = useObservable(app.directory);
  const here = app.session.acting!.unit;
  const items = directory
    .allUnits()
    .filter((unit) => unit.takesClients && !equal(unit.id, here))
    .map((unit) => ({
      uniqueItemId: hex(unit.id),
      labelText: directory.placeName(unit.id, unit.organisation),
      organisation: hex(unit.organisation),
    }));
  const chosen = (field.value as PlaceState | undefined)?.unit;
  return (
    <SingleSelect
      labelText={field.label}
      hintText={words.t("page.receive.redirect.hint")}
      {...(field.error !== undefined && { status: "error" as const, statusText: field.error })}
      items={items}
      clearButtonLabel={words.t("page.receive.clear")}
      noItemsText={words.t("page.receive.no-such-unit")}
      ariaOptionsAvailableText={words.t("page.receive.options", words.number(items.length))}
      selectedItem={items.find((item) => item.uniqueItemId === chosen) ?? null}
      onItemSelect={(id) => {
        const item = items.find((one) => one.uniqueItemId === id);
        const place: PlaceState | undefined =
          item === undefined
            ? undefined
            : {
                kind: RecipientKind.QUEUE,
                organisation: item.organisation,
                unit: item.uniqueItemId,
                role: 0,
                user: "",
              };
        field.set(place);
      }}
      fullWidth
    />
  );
}
