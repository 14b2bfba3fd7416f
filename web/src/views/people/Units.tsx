/* The units of one's own organisation: added, renamed, whether they take clients; and who is in one. */
import { useState, type FormEvent } from "react";
import { create } from "@bufbuild/protobuf";
import { Button, Checkbox, Paragraph, StaticChip, TextInput } from "suomifi-ui-components";
import { RoleSchema } from "../../../gen/lahetti/v1/common_pb";
import { UnitSchema, type Unit } from "../../../gen/lahetti/v1/directory_pb";
import { useObservable } from "../../session/observable";
import { equal, hex, newId, own, unhex, NONE } from "../../wire/bytes";
import { useApp, useAsked, useWords } from "../context";
import { Busy, Empty, Failure, FormEnd, View } from "../parts";
import { go, href } from "../routes";
import "./people.css";

export default function Units({ unit }: { unit: string | undefined }) {
  return unit === undefined ? <AllUnits /> : <OneUnit key={unit} id={unit} />;
}

function AllUnits() {
  const app = useApp();
  const words = useWords();
  const directory = useObservable(app.directory);
  const [adding, setAdding] = useState(false);
  const { failed, again } = useAsked(() => app.directory.load(), []);
  const organisation = own(app.session.acting?.organisation ?? NONE);
  const units = directory.allUnits().filter((unit) => equal(unit.organisation, organisation));
  return (
    <View title={words.t("page.admin.units")}>
      <Paragraph mb="m">{words.t("page.admin.units.hint")}</Paragraph>
      <Failure why={failed} again={again} />
      {adding ? (
        <div className="panel">
          <UnitForm
            organisation={organisation}
            cancel={() => setAdding(false)}
            done={(unit) => go("units", hex(unit.id))}
          />
        </div>
      ) : (
        <div className="buttons">
          <Button onClick={() => setAdding(true)}>{words.t("page.admin.add-unit")}</Button>
        </div>
      )}
      {units.length === 0 && <Empty>{words.t("page.admin.no-units")}</Empty>}
      <ul className="people">
        {units.map((unit) => (
          <li key={hex(unit.id)}>
            <a href={href("units", hex(unit.id))}>
              {unit.name}
              {unit.area !== "" && <span className="quiet">{unit.area}</span>}
              {!unit.takesClients && <StaticChip>{words.t("page.admin.takes-none")}</StaticChip>}
            </a>
          </li>
        ))}
      </ul>
    </View>
  );
}

function OneUnit({ id }: { id: string }) {
  const app = useApp();
  const words = useWords();
  const directory = useObservable(app.directory);
  const [saved, setSaved] = useState(false);
  const { value, failed, again } = useAsked(async () => {
    await app.directory.load();
    return app.directory.members(unhex(id));
  }, [id]);
  const unit = directory.unit(unhex(id));
  const organisation = app.session.acting?.organisation;
  const isOwn = unit !== undefined && organisation !== undefined && equal(unit.organisation, organisation);
  return (
    <View title={unit?.name ?? words.t("page.admin.unit")}>
      <p>
        <a href={href("units")}>{words.t("page.admin.to-units")}</a>
      </p>
      <Failure why={failed} again={again} />
      {value === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      {value !== undefined && !isOwn && <Empty>{words.t("page.admin.no-such-unit")}</Empty>}
      {isOwn && (
        <div className="panel">
          <UnitForm key={id} unit={unit} organisation={own(unit.organisation)} done={() => setSaved(true)} />
          <p role="status">{saved && words.t("page.admin.saved")}</p>
        </div>
      )}
      {isOwn && value !== undefined && (
        <section className="section">
          <h2>{words.t("page.admin.members")}</h2>
          {value.length === 0 && <Empty>{words.t("page.admin.no-members")}</Empty>}
          <ul className="people">
            {value.map(({ user, membership }) => (
              <li key={hex(membership.id)}>
                <a href={href("people", hex(user.id))}>
                  {user.name}
                  <span className="quiet">{membership.title || words.of(RoleSchema, membership.role)}</span>
                  {membership.leader && <StaticChip>{words.t("page.admin.leader")}</StaticChip>}
                </a>
              </li>
            ))}
          </ul>
        </section>
      )}
    </View>
  );
}

function UnitForm(props: {
  unit?: Unit;
  organisation: Uint8Array;
  done: (unit: Unit) => void;
  cancel?: () => void;
}) {
  const { unit, organisation, done, cancel } = props;
  const app = useApp();
  const words = useWords();
  const [id] = useState(() => unit?.id ?? newId());
  const [name, setName] = useState(unit?.name ?? "");
  const [area, setArea] = useState(unit?.area ?? "");
  const [takesClients, setTakesClients] = useState(unit?.takesClients ?? true);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    if (name.trim() === "" || busy) return;
    setBusy(true);
    setWhy(undefined);
    const row = create(UnitSchema, { id, organisation, name: name.trim(), area: area.trim(), takesClients });
    try {
      await app.directory.put({ case: "unit", value: row });
      done(row);
    } catch (failed) {
      setWhy(failed);
    } finally {
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <TextInput
        labelText={words.t("page.admin.unit-name")}
        autoComplete="off"
        value={name}
        onChange={(value) => setName(String(value ?? ""))}
        {...(tried &&
          name.trim() === "" && {
            status: "error" as const,
            statusText: words.t("page.admin.unit-name.missing"),
          })}
        fullWidth
        mb="m"
      />
      <TextInput
        labelText={words.t("page.admin.area")}
        hintText={words.t("page.admin.area.hint")}
        optionalText={words.t("page.admin.optional")}
        autoComplete="off"
        value={area}
        onChange={(value) => setArea(String(value ?? ""))}
        fullWidth
        mb="m"
      />
      <Checkbox
        checked={takesClients}
        onClick={() => setTakesClients(!takesClients)}
        hintText={words.t("page.admin.takes-clients.hint")}
      >
        {words.t("page.admin.takes-clients")}
      </Checkbox>
      <FormEnd why={why} busy={busy} does={words.t("page.admin.save")} leave={cancel}>
        <Busy text={words.t("page.admin.saving")} />
      </FormEnd>
    </form>
  );
}
