/* One's own devices: which there are, one that waits to be confirmed, one that is to be revoked. */
import { useState } from "react";
import { Button, Paragraph, StaticChip } from "suomifi-ui-components";
import { ReadDevicesSchema } from "../../gen/lahetti/v1/session_pb";
import type { Device } from "../../gen/lahetti/v1/directory_pb";
import { create } from "@bufbuild/protobuf";
import { hex } from "../wire/bytes";
import { useApp, useAsked, useWords } from "./context";
import { Ask } from "./Ask";
import { Busy, Failure, View } from "./parts";

export default function Devices() {
  const app = useApp();
  const words = useWords();
  const { value, failed, again } = useAsked(
    () => app.session.ask({ case: "readDevices", value: create(ReadDevicesSchema) }, "directory"),
    [],
  );
  const devices = (value?.entries ?? []).flatMap(({ entry }) =>
    entry.case === "device" && !entry.value.revoked ? [entry.value] : [],
  );
  return (
    <View title={words.t("page.devices")}>
      <Paragraph mb="m">{words.t("page.devices.hint")}</Paragraph>
      <Failure why={failed} again={again} />
      {value === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      <ul className="cards">
        {devices.map((device) => (
          <DeviceCard key={hex(device.keyId)} device={device} changed={again} />
        ))}
      </ul>
    </View>
  );
}

/**
 * A device, and what may be done with it: used for one's own, and for those of one's people. mayNotConfirm says why one may not;
 * mayRevoke is false where the server lets others alone.
 */
export function DeviceCard(props: {
  device: Device;
  changed: () => void;
  mayNotConfirm?: string;
  mayRevoke?: boolean;
  heading?: "h2" | "h3" | "h4";
}) {
  const { device, changed, mayNotConfirm, mayRevoke = true, heading: Title = "h2" } = props;
  const app = useApp();
  const words = useWords();
  const [revoking, setRevoking] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const here = app.isOwnDevice(device.keyId);
  const { keyId } = device;

  async function confirm() {
    try {
      await app.session.ask(
        { case: "confirmDevice", value: { $typeName: "lahetti.v1.ConfirmDevice", keyId } },
        "done",
      );
      changed();
    } catch (failed) {
      setWhy(failed);
    }
  }
  async function revoke() {
    try {
      await app.session.ask(
        { case: "revokeDevice", value: { $typeName: "lahetti.v1.RevokeDevice", keyId } },
        "done",
      );
      changed();
    } catch (failed) {
      setWhy(failed);
    } finally {
      setRevoking(false);
    }
  }

  return (
    <li>
      <Title>{device.name || words.t("page.unnamed-device")}</Title>
      <p className="key">
        {hex(keyId)
          .slice(0, 16)
          .replace(/(.{4})/g, "$1 ")
          .trim()}
      </p>
      {here && <StaticChip>{words.t("page.this-device")}</StaticChip>}
      {!device.confirmed && <StaticChip>{words.t("page.waits-for-confirmation")}</StaticChip>}
      {!device.confirmed && mayNotConfirm !== undefined && <p>{mayNotConfirm}</p>}
      <Failure why={why} />
      <div className="buttons">
        {!device.confirmed && !here && mayNotConfirm === undefined && (
          <Button onClick={() => void confirm()}>{words.t("page.confirm-device")}</Button>
        )}
        {mayRevoke && (
          <Button variant="secondary" onClick={() => setRevoking(true)}>
            {words.t("page.revoke-device")}
          </Button>
        )}
      </div>
      <Ask
        open={revoking}
        title={words.t("page.revoke-device")}
        text={words.t(here ? "page.revoke-device.this" : "page.revoke-device.other")}
        yes={words.t("page.revoke-device")}
        onYes={() => void revoke()}
        onNo={() => setRevoking(false)}
      />
    </li>
  );
}
