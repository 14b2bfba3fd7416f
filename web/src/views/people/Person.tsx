/* One person: the name, what they are in units, their devices, and a code for a new one. */
import { useState, type FormEvent } from "react";
import { create } from "@bufbuild/protobuf";
import { Button, InlineAlert, Paragraph, StaticChip, TextInput } from "suomifi-ui-components";
import { UserSchema, type Device, type User } from "../../../gen/lahetti/v1/directory_pb";
import { ReadDevicesSchema, type EnrolmentCode } from "../../../gen/lahetti/v1/session_pb";
import { equal, hex, own, unhex } from "../../wire/bytes";
import { Ask } from "../Ask";
import { useApp, useAsked, useWords } from "../context";
import { DeviceCard } from "../Devices";
import { Busy, Empty, Failure, FormEnd, View } from "../parts";
import { href } from "../routes";
import { Roles } from "./Roles";

export function PersonView({ id }: { id: string }) {
  const app = useApp();
  const words = useWords();
  const {
    value: person,
    failed,
    again,
  } = useAsked(async () => (await app.directory.person(unhex(id))) ?? null, [id]);
  const title = person?.user.name ?? words.t("page.admin.person");
  return (
    <View title={title} tab={words.t("page.admin.people")}>
      <p>
        <a href={href("people")}>{words.t("page.admin.to-people")}</a>
      </p>
      <Failure why={failed} again={again} />
      {person === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      {person === null && <Empty>{words.t("page.admin.no-such-person")}</Empty>}
      {person != null && (
        <>
          <Name
            key={`${person.user.name} ${String(person.user.disabled)}`}
            user={person.user}
            changed={again}
          />
          <Roles person={person} changed={again} />
          {isOwn(app.session.acting?.organisation, person.user) ? (
            <DevicesOf user={person.user} />
          ) : (
            <Paragraph>{words.t("page.admin.of-another-organisation")}</Paragraph>
          )}
        </>
      )}
    </View>
  );
}

function isOwn(organisation: Uint8Array | undefined, user: User): boolean {
  return organisation !== undefined && equal(organisation, user.organisation);
}

function Name({ user, changed }: { user: User; changed: () => void }) {
  const app = useApp();
  const words = useWords();
  const [renaming, setRenaming] = useState(false);
  const [asking, setAsking] = useState(false);
  const [name, setName] = useState(user.name);
  const [why, setWhy] = useState<unknown>(undefined);
  const self = app.session.who !== undefined && equal(app.session.who.user, user.id);
  if (!isOwn(app.session.acting?.organisation, user)) return null;

  async function put(part: { name?: string; disabled?: boolean }) {
    setWhy(undefined);
    try {
      await app.directory.put({ case: "user", value: create(UserSchema, { ...user, ...part }) });
      setRenaming(false);
      changed();
    } catch (failed) {
      setWhy(failed);
    } finally {
      setAsking(false);
    }
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    if (name.trim() !== "") void put({ name: name.trim() });
  }

  return (
    <>
      {user.disabled && (
        <InlineAlert status="warning" mb="m">
          {words.t("page.admin.is-disabled")}
        </InlineAlert>
      )}
      <Failure why={why} />
      {renaming ? (
        <form className="panel" onSubmit={submit} noValidate>
          <TextInput
            labelText={words.t("page.admin.name")}
            hintText={words.t("page.admin.name.hint")}
            autoComplete="off"
            value={name}
            onChange={(value) => setName(String(value ?? ""))}
            {...(name.trim() === "" && {
              status: "error" as const,
              statusText: words.t("page.admin.name.missing"),
            })}
            fullWidth
          />
          <FormEnd does={words.t("page.admin.save")} leave={() => setRenaming(false)} />
        </form>
      ) : (
        <div className="buttons">
          <Button variant="secondary" onClick={() => setRenaming(true)}>
            {words.t("page.admin.rename")}
          </Button>
          {user.disabled && (
            <Button variant="secondary" onClick={() => void put({ disabled: false })}>
              {words.t("page.admin.enable")}
            </Button>
          )}
          {!user.disabled && !self && (
            <Button variant="secondary" onClick={() => setAsking(true)}>
              {words.t("page.admin.disable")}
            </Button>
          )}
        </div>
      )}
      <Ask
        open={asking}
        title={words.t("page.admin.disable")}
        text={words.t("page.admin.disable.ask", user.name)}
        yes={words.t("page.admin.disable")}
        onYes={() => void put({ disabled: true })}
        onNo={() => setAsking(false)}
      />
    </>
  );
}

function DevicesOf({ user }: { user: User }) {
  const app = useApp();
  const words = useWords();
  const { value, failed, again } = useAsked(
    () =>
      app.session.ask(
        { case: "readDevices", value: create(ReadDevicesSchema, { user: user.id }) },
        "directory",
      ),
    [hex(user.id)],
  );
  const devices = (value?.entries ?? []).flatMap(({ entry }) =>
    entry.case === "device" && !entry.value.revoked ? [entry.value] : [],
  );
  return (
    <section className="section">
      <h2>{words.t("page.admin.devices")}</h2>
      <Failure why={failed} again={again} />
      {value === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      {value !== undefined && devices.length === 0 && <Empty>{words.t("page.admin.no-devices")}</Empty>}
      <ul className="cards">
        {devices.map((device) => (
          <AdministeredDevice key={hex(device.keyId)} device={device} changed={again} />
        ))}
      </ul>
      {!user.disabled && <Code user={user} made={again} />}
    </section>
  );
}

/** Whoever made the code of a device could have become its user, and so may not confirm it. */
function AdministeredDevice({ device, changed }: { device: Device; changed: () => void }) {
  const app = useApp();
  const words = useWords();
  const who = app.session.who;
  const ownCode = who !== undefined && device.codeMaker.length > 0 && equal(device.codeMaker, who.user);
  return (
    <DeviceCard
      heading="h3"
      device={device}
      changed={changed}
      {...(ownCode && { mayNotConfirm: words.t("page.admin.own-code") })}
    />
  );
}

/** A one-time code: shown once, and kept nowhere. */
function Code({ user, made }: { user: User; made: () => void }) {
  const app = useApp();
  const words = useWords();
  const [code, setCode] = useState<EnrolmentCode | undefined>();
  const [copied, setCopied] = useState<boolean | undefined>();
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);

  async function make() {
    if (busy) return;
    setBusy(true);
    setWhy(undefined);
    setCopied(undefined);
    try {
      setCode(
        await app.session.ask(
          { case: "issueCode", value: { $typeName: "lahetti.v1.IssueCode", user: own(user.id) } },
          "enrolmentCode",
        ),
      );
    } catch (failed) {
      setWhy(failed);
    } finally {
      setBusy(false);
    }
  }
  async function copy() {
    try {
      await navigator.clipboard.writeText(code?.code ?? "");
      setCopied(true);
    } catch {
      setCopied(false); // the browser does not let the page
    }
  }

  return (
    <div className="panel">
      <h3>{words.t("page.admin.code")}</h3>
      {code === undefined ? (
        <Paragraph>{words.t("page.admin.code.hint")}</Paragraph>
      ) : (
        <div role="status">
          <p className="code">{code.code}</p>
          <p>{words.t("page.admin.code.until", words.instant(code.untilUs))}</p>
          <p>{words.t("page.admin.code.give", user.name)}</p>
          <p>{words.t("page.admin.code.confirm", user.name)}</p>
        </div>
      )}
      <Failure why={why} />
      <div className="buttons">
        {code === undefined ? (
          <Button onClick={() => void make()} aria-disabled={busy}>
            {words.t("page.admin.make-code")}
          </Button>
        ) : (
          <>
            <Button onClick={() => void copy()}>{words.t("page.admin.copy")}</Button>
            <Button
              variant="secondary"
              onClick={() => {
                setCode(undefined);
                made();
              }}
            >
              {words.t("page.admin.hide-code")}
            </Button>
          </>
        )}
        <span role="status">
          {copied === true && <StaticChip>{words.t("page.admin.copied")}</StaticChip>}
          {copied === false && words.t("page.admin.not-copied")}
        </span>
      </div>
    </div>
  );
}
