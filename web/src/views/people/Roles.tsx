/* What a person is in units of one's own organisation: added, changed, ended. A role that ends stays in the directory's history. */
import { useState, type FormEvent } from "react";
import { create } from "@bufbuild/protobuf";
import { Button, Checkbox, Dropdown, DropdownItem, StaticChip, TextInput } from "suomifi-ui-components";
import { RoleSchema } from "../../../gen/lahetti/v1/common_pb";
import { MembershipSchema, type Membership } from "../../../gen/lahetti/v1/directory_pb";
import type { Person } from "../../session/directory";
import { useObservable } from "../../session/observable";
import { roles } from "../../trade/tables";
import { equal, hex, newId, unhex } from "../../wire/bytes";
import { Ask } from "../Ask";
import { useApp, useWords } from "../context";
import { Busy, Empty, Failure, FormEnd } from "../parts";

export function Roles({ person, changed }: { person: Person; changed: () => void }) {
  const words = useWords();
  const [adding, setAdding] = useState(false);
  const present = person.roles.filter(({ membership }) => !membership.ended);
  return (
    <section className="section">
      <h2>{words.t("page.admin.roles")}</h2>
      {present.length === 0 && <Empty>{words.t("page.admin.no-roles")}</Empty>}
      <ul className="cards">
        {present.map(({ membership, unit }) => (
          <RoleCard
            key={hex(membership.id)}
            membership={membership}
            place={unit?.name ?? ""}
            changed={changed}
          />
        ))}
      </ul>
      {adding ? (
        <AddRole
          person={person}
          done={() => {
            setAdding(false);
            changed();
          }}
          cancel={() => setAdding(false)}
        />
      ) : (
        <div className="buttons">
          <Button variant="secondary" onClick={() => setAdding(true)}>
            {words.t("page.admin.add-role")}
          </Button>
        </div>
      )}
    </section>
  );
}

function RoleCard(props: { membership: Membership; place: string; changed: () => void }) {
  const { membership, place, changed } = props;
  const app = useApp();
  const words = useWords();
  const [changing, setChanging] = useState(false);
  const [ending, setEnding] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const acting = app.session.acting;
  const own = acting !== undefined && equal(acting.organisation, membership.organisation);
  const name = words.of(RoleSchema, membership.role);

  async function end() {
    try {
      await app.directory.put({
        case: "membership",
        value: create(MembershipSchema, { ...membership, ended: true }),
      });
      changed();
    } catch (failed) {
      setWhy(failed);
    } finally {
      setEnding(false);
    }
  }

  return (
    <li>
      <h3>{membership.title === "" ? name : `${membership.title} (${name})`}</h3>
      <p>
        {[place, own ? "" : app.directory.organisation(membership.organisation)?.name]
          .filter((part) => part !== undefined && part !== "")
          .join(", ")}{" "}
        {membership.leader && <StaticChip>{words.t("page.admin.leader")}</StaticChip>}
      </p>
      <Failure why={why} />
      {changing && (
        <RoleForm
          membership={membership}
          cancel={() => setChanging(false)}
          done={() => {
            setChanging(false);
            changed();
          }}
        />
      )}
      {own && !changing && (
        <div className="buttons">
          <Button variant="secondary" onClick={() => setChanging(true)}>
            {words.t("page.admin.change-role")}
          </Button>
          <Button variant="secondary" onClick={() => setEnding(true)}>
            {words.t("page.admin.end-role")}
          </Button>
        </div>
      )}
      <Ask
        open={ending}
        title={words.t("page.admin.end-role")}
        text={words.t("page.admin.end-role.ask", name, place)}
        yes={words.t("page.admin.end-role")}
        onYes={() => void end()}
        onNo={() => setEnding(false)}
      />
    </li>
  );
}

/** Title and leadership of a role, for a new one and for one that is there. */
function RoleForm(props: { membership: Membership; done: () => void; cancel: () => void }) {
  const { membership, done, cancel } = props;
  const app = useApp();
  const words = useWords();
  const [title, setTitle] = useState(membership.title);
  const [leader, setLeader] = useState(membership.leader);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (busy) return;
    setBusy(true);
    setWhy(undefined);
    try {
      await app.directory.put({
        case: "membership",
        value: create(MembershipSchema, { ...membership, title: title.trim(), leader, ended: false }),
      });
      done();
    } catch (failed) {
      setWhy(failed);
      setBusy(false);
    }
  }

  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <TextInput
        labelText={words.t("page.admin.title")}
        hintText={words.t("page.admin.title.hint")}
        optionalText={words.t("page.admin.optional")}
        autoComplete="off"
        value={title}
        onChange={(value) => setTitle(String(value ?? ""))}
        fullWidth
        mb="m"
      />
      <Checkbox
        checked={leader}
        onClick={() => setLeader(!leader)}
        hintText={words.t("page.admin.leader.hint")}
      >
        {words.t("page.admin.leads-unit")}
      </Checkbox>
      <FormEnd why={why} busy={busy} does={words.t("page.admin.save")} leave={cancel}>
        <Busy text={words.t("page.admin.saving")} />
      </FormEnd>
    </form>
  );
}

/** Role and unit first. A role that has ended in that unit is taken up again, so that it stays one row. */
function AddRole({ person, done, cancel }: { person: Person; done: () => void; cancel: () => void }) {
  const app = useApp();
  const words = useWords();
  const directory = useObservable(app.directory);
  const [id] = useState(() => newId());
  const [role, setRole] = useState("");
  const [unit, setUnit] = useState("");
  const organisation = app.session.acting?.organisation;
  const units = directory
    .allUnits()
    .filter((u) => organisation !== undefined && equal(u.organisation, organisation));
  const names = roles
    .map((row) => ({ role: row.role, name: words.of(RoleSchema, row.role) }))
    .sort((a, b) => a.name.localeCompare(b.name, words.language));
  const ready = role !== "" && unit !== "" && organisation !== undefined;
  const before = person.roles.find(
    ({ membership }) => membership.role === Number(role) && hex(membership.unit) === unit,
  )?.membership;
  const fresh = create(MembershipSchema, {
    id,
    user: person.user.id,
    unit: unhex(unit),
    ...(organisation !== undefined && { organisation }),
    role: Number(role),
  });

  return (
    <div className="panel">
      <h3>{words.t("page.admin.add-role")}</h3>
      <Dropdown labelText={words.t("page.admin.unit")} value={unit} onChange={setUnit} fullWidth mb="m">
        {units.map((u) => (
          <DropdownItem key={hex(u.id)} value={hex(u.id)}>
            {u.name}
          </DropdownItem>
        ))}
      </Dropdown>
      <Dropdown labelText={words.t("page.admin.role")} value={role} onChange={setRole} fullWidth mb="m">
        {names.map((row) => (
          <DropdownItem key={row.role} value={String(row.role)}>
            {row.name}
          </DropdownItem>
        ))}
      </Dropdown>
      {ready ? (
        <RoleForm key={`${role} ${unit}`} membership={before ?? fresh} done={done} cancel={cancel} />
      ) : (
        <>
          <p>{words.t("page.admin.add-role.hint")}</p>
          <div className="buttons">
            <Button variant="secondary" onClick={cancel}>
              {words.t("page.cancel")}
            </Button>
          </div>
        </>
      )}
    </div>
  );
}
