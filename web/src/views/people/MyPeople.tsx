/* A leader's: the people of the unit, and those of their devices that wait to be confirmed. */
import { create } from "@bufbuild/protobuf";
import { Paragraph, StaticChip } from "suomifi-ui-components";
import { Role, RoleSchema } from "../../../gen/lahetti/v1/common_pb";
import type { Device, User } from "../../../gen/lahetti/v1/directory_pb";
import { ReadDevicesSchema } from "../../../gen/lahetti/v1/session_pb";
import type { AppState } from "../../session/app";
import type { Member } from "../../session/directory";
import { equal, hex, own } from "../../wire/bytes";
import { useApp, useAsked, useWords } from "../context";
import { DeviceCard } from "../Devices";
import { Busy, Empty, Failure, View } from "../parts";
import "./people.css";

interface Waiting {
  user: User;
  device: Device;
}

interface Found {
  members: Member[];
  waiting: Waiting[];
}

/** Devices are asked for one person at a time, no faster than the server hears requests. */
const PAUSE_MS = 60;

async function read(app: AppState): Promise<Found> {
  const acting = app.session.acting;
  if (acting === undefined) return { members: [], waiting: [] };
  const members = await app.directory.members(own(acting.unit));
  const waiting: Waiting[] = [];
  const users = new Map(members.map(({ user }) => [hex(user.id), user]));
  for (const user of users.values()) {
    const page = await app.session.ask(
      { case: "readDevices", value: create(ReadDevicesSchema, { user: user.id }) },
      "directory",
    );
    for (const { entry } of page.entries) {
      if (entry.case === "device" && !entry.value.confirmed && !entry.value.revoked)
        waiting.push({ user, device: entry.value });
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return { members, waiting };
}

export default function MyPeople() {
  const app = useApp();
  const words = useWords();
  const { value, failed, again } = useAsked(() => read(app), []);
  const { who, acting } = app.session;
  const mayRevoke = acting?.role === Role.ADMINISTRATOR;
  const notAllowed = ({ device }: Waiting) =>
    who !== undefined && device.codeMaker.length > 0 && equal(device.codeMaker, who.user);
  return (
    <View title={words.t("page.admin.my-people")}>
      <Paragraph mb="m">{words.t("page.admin.my-people.hint")}</Paragraph>
      <Failure why={failed} again={again} />
      {value === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      {value !== undefined && (
        <>
          <section className="section">
            <h2>{words.t("page.admin.waiting")}</h2>
            {value.waiting.length === 0 && <Empty>{words.t("page.admin.none-waiting")}</Empty>}
            {value.waiting.length > 0 && <Paragraph mb="m">{words.t("page.admin.compare-key")}</Paragraph>}
            {value.waiting.map((waiting) => (
              <section key={hex(waiting.device.keyId)} aria-label={waiting.user.name}>
                <h3>{waiting.user.name}</h3>
                <ul className="cards">
                  <DeviceCard
                    heading="h4"
                    device={waiting.device}
                    changed={again}
                    mayRevoke={mayRevoke}
                    {...(notAllowed(waiting) && { mayNotConfirm: words.t("page.admin.own-code") })}
                  />
                </ul>
              </section>
            ))}
          </section>
          <section className="section">
            <h2>{words.t("page.admin.members")}</h2>
            <ul className="people">
              {value.members.map(({ user, membership }) => (
                <li key={hex(membership.id)}>
                  {user.name}
                  <span className="quiet">{membership.title || words.of(RoleSchema, membership.role)}</span>
                  {membership.leader && <StaticChip>{words.t("page.admin.leader")}</StaticChip>}
                </li>
              ))}
            </ul>
          </section>
        </>
      )}
    </View>
  );
}
