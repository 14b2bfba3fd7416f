/* The way in: enrolling this browser, signing in, waiting for the device to be confirmed, choosing as what one acts. */
import { lazy, Suspense, useEffect, useRef, useState, type FormEvent } from "react";
import {
  Button,
  Checkbox,
  InlineAlert,
  Paragraph,
  RadioButton,
  RadioButtonGroup,
  TextInput,
} from "suomifi-ui-components";
import { RoleSchema } from "../../gen/lahetti/v1/common_pb";
import { OtherLog, readCode } from "../session/session";
import { PASSPHRASE_LEAST, unlock, WrongPassphrase, type Device, type Profile } from "../trust/device";
import { hex, unhex } from "../wire/bytes";
import { Refusal } from "../wire/wire";
import { useApp, useWords } from "./context";
import { focusWrong } from "./focusWrong";
import { Busy, Failure, Trouble, View } from "./parts";

/** While a device waits, one looks again so often by oneself. */
const LOOK_AGAIN_MS = 15_000;

/** Seldom wanted here, and large. */
const Ask = lazy(async () => ({ default: (await import("./Ask")).Ask }));
const OtherLogPart = lazy(() => import("./OtherLog"));

export function Enter() {
  const app = useApp();
  const [waiting, setWaiting] = useState<Device | undefined>();
  const [enrolling, setEnrolling] = useState(app.profiles.length === 0);

  if (app.session.who !== undefined) return <ChooseMembership />;
  if (waiting !== undefined) return <Unconfirmed device={waiting} back={() => setWaiting(undefined)} />;
  if (enrolling) {
    return (
      <Enrol
        done={(device) => {
          setEnrolling(false);
          setWaiting(device);
        }}
        back={app.profiles.length === 0 ? undefined : () => setEnrolling(false)}
      />
    );
  }
  return <SignIn unconfirmed={setWaiting} enrol={() => setEnrolling(true)} />;
}

function SignIn({ unconfirmed, enrol }: { unconfirmed: (device: Device) => void; enrol: () => void }) {
  const app = useApp();
  const words = useWords();
  const ended = app.session.phase.name === "ended" ? app.session.phase.why : undefined;
  const [chosen, setChosen] = useState<Profile | undefined>(
    () =>
      app.profiles.find(({ id }) => ended instanceof OtherLog && id === ended.profile.id) ?? app.profiles[0],
  );
  const [passphrase, setPassphrase] = useState("");
  const [wrong, setWrong] = useState("");
  const [why, setWhy] = useState<unknown>(undefined);
  const [busy, setBusy] = useState(false);
  const [forgetting, setForgetting] = useState(false);
  const other = [why, ended].find((one) => one instanceof OtherLog && one.profile.id === chosen?.id) as
    OtherLog | undefined;
  const follows = other !== undefined && other.profile.logKey !== chosen?.logKey;

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (chosen === undefined || busy) return;
    setBusy(true);
    setWrong("");
    setWhy(undefined);
    try {
      await app.signIn(chosen, passphrase);
    } catch (failed) {
      if (failed instanceof WrongPassphrase) setWrong(words.t("page.wrong-passphrase"));
      else if (failed instanceof Refusal && failed.code === "device-not-confirmed") {
        return unconfirmed(await unlock(chosen, passphrase));
      } else setWhy(failed);
    } finally {
      setBusy(false);
    }
  }

  async function forget() {
    setForgetting(false);
    if (chosen !== undefined) await app.forget(chosen);
    if (app.profiles[0] !== undefined) setChosen(app.profiles[0]);
    else enrol();
  }

  return (
    <View title={words.t("page.sign-in")}>
      <WhyOut />
      {follows && <InlineAlert mb="m">{words.t("page.act.accepted")}</InlineAlert>}
      {other !== undefined && !follows && (
        <Suspense fallback={null}>
          <OtherLogPart other={other} accepted={setChosen} />
        </Suspense>
      )}
      <form onSubmit={(event) => void submit(event)} className="narrow">
        {app.profiles.length > 1 && (
          <RadioButtonGroup
            name="profile"
            labelText={words.t("page.who-are-you")}
            value={chosen?.id ?? ""}
            onChange={(id) => setChosen(app.profiles.find((profile) => profile.id === id))}
            mb="m"
          >
            {app.profiles.map((profile) => (
              <RadioButton key={profile.id} value={profile.id}>
                {profile.userName}
              </RadioButton>
            ))}
          </RadioButtonGroup>
        )}
        {app.profiles.length === 1 && <Paragraph mb="m">{app.profiles[0]!.userName}</Paragraph>}
        <TextInput
          type="password"
          autoComplete="current-password"
          labelText={words.t("page.passphrase")}
          value={passphrase}
          onChange={(value) => setPassphrase(String(value ?? ""))}
          {...(wrong !== "" && { status: "error" as const, statusText: wrong })}
          fullWidth
          mb="m"
        />
        {other === undefined && <Failure why={why} />}
        <div className="buttons">
          <Button type="submit" aria-disabled={busy}>
            {words.t("page.sign-in")}
          </Button>
          <Button type="button" variant="secondaryNoBorder" onClick={enrol}>
            {words.t("page.new-code")}
          </Button>
        </div>
        {busy && <Busy text={words.t("page.signing-in")} />}
      </form>
      {chosen !== undefined && (
        <Button variant="secondaryNoBorder" onClick={() => setForgetting(true)}>
          {words.t("page.forget-device")}
        </Button>
      )}
      <Suspense fallback={null}>
        {forgetting && (
          <Ask
            open
            title={words.t("page.forget-device")}
            text={words.t("page.forget-device.hint", chosen?.userName ?? "")}
            yes={words.t("page.forget-device")}
            onYes={() => void forget()}
            onNo={() => setForgetting(false)}
          />
        )}
      </Suspense>
      <Paragraph mt="l">{words.t("page.forgotten-passphrase")}</Paragraph>
    </View>
  );
}

/** Why nobody is signed in any more, where nobody has signed out. */
function WhyOut() {
  const app = useApp();
  const { phase } = app.session;
  return (
    <>
      {app.locked === "idle" && <InlineAlert mb="m">{app.words.t("page.locked")}</InlineAlert>}
      {phase.name === "ended" && !(phase.why instanceof OtherLog) && (
        <InlineAlert status="warning" mb="m">
          <Trouble why={phase.why} />
        </InlineAlert>
      )}
    </>
  );
}

/** The browser's own name and system, as a device is told from another by its user. */
function usualDeviceName(): string {
  const system = /Windows|Android|iPhone|iPad|Mac OS|Linux/.exec(navigator.userAgent)?.[0] ?? "";
  const browser = /Edg|Firefox|Chrome|Safari/.exec(navigator.userAgent)?.[0]?.replace("Edg", "Edge") ?? "";
  return [browser, system].filter((part) => part !== "").join(", ");
}

function Enrol({ done, back }: { done: (device: Device) => void; back: (() => void) | undefined }) {
  const app = useApp();
  const words = useWords();
  const [code, setCode] = useState("");
  const [passphrase, setPassphrase] = useState("");
  const [again, setAgain] = useState("");
  const [name, setName] = useState(usualDeviceName);
  const [shared, setShared] = useState(false);
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const form = useRef<HTMLFormElement>(null);
  const read = readCode(code);
  const wrong = {
    code: read === undefined ? words.t("page.bad-code") : "",
    passphrase:
      passphrase.length < PASSPHRASE_LEAST ? words.t("page.short-passphrase", PASSPHRASE_LEAST) : "",
    again: again !== passphrase ? words.t("page.passphrases-differ") : "",
  };
  const status = (text: string) =>
    tried && text !== "" ? { status: "error" as const, statusText: text } : {};

  async function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    setWhy(undefined);
    if (busy) return;
    if (read === undefined || wrong.passphrase !== "" || wrong.again !== "") return focusWrong(form.current);
    setBusy(true);
    try {
      done(await app.enrol(read, passphrase, name, shared));
    } catch (failed) {
      setWhy(failed);
      setBusy(false);
    }
  }

  return (
    <View title={words.t("page.enrol")}>
      <WhyOut />
      <Paragraph mb="m">{words.t("page.enrol.hint")}</Paragraph>
      <form ref={form} onSubmit={(event) => void submit(event)} className="narrow" noValidate>
        <TextInput
          labelText={words.t("page.code")}
          hintText={words.t("page.code.hint")}
          autoComplete="one-time-code"
          value={code}
          onChange={(value) => setCode(String(value ?? ""))}
          {...status(wrong.code)}
          fullWidth
          mb="m"
        />
        <TextInput
          type="password"
          autoComplete="new-password"
          labelText={words.t("page.new-passphrase")}
          hintText={words.t("page.new-passphrase.hint")}
          value={passphrase}
          onChange={(value) => setPassphrase(String(value ?? ""))}
          {...status(wrong.passphrase)}
          fullWidth
          mb="m"
        />
        <TextInput
          type="password"
          autoComplete="new-password"
          labelText={words.t("page.passphrase-again")}
          value={again}
          onChange={(value) => setAgain(String(value ?? ""))}
          {...status(wrong.again)}
          fullWidth
          mb="m"
        />
        <TextInput
          labelText={words.t("page.device-name")}
          hintText={words.t("page.device-name.hint")}
          value={name}
          onChange={(value) => setName(String(value ?? ""))}
          fullWidth
          mb="m"
        />
        <Checkbox
          checked={shared}
          onClick={() => setShared(!shared)}
          hintText={words.t("page.shared.hint")}
          mb="m"
        >
          {words.t("page.shared")}
        </Checkbox>
        <Failure why={why} />
        <div className="buttons">
          <Button type="submit" aria-disabled={busy}>
            {words.t("page.enrol")}
          </Button>
          {back !== undefined && (
            <Button type="button" variant="secondaryNoBorder" onClick={back}>
              {words.t("page.back")}
            </Button>
          )}
        </div>
        {busy && <Busy text={words.t("page.enrolling")} />}
      </form>
    </View>
  );
}

/** The key is there, but somebody other than the maker of its code must confirm it. */
function Unconfirmed({ device, back }: { device: Device; back: () => void }) {
  const app = useApp();
  const words = useWords();
  const [why, setWhy] = useState<unknown>(undefined);

  async function look() {
    try {
      await app.enter(device);
    } catch (failed) {
      setWhy(failed instanceof Refusal && failed.code === "device-not-confirmed" ? undefined : failed);
    }
  }
  useEffect(() => {
    void look();
    const timer = setInterval(() => void look(), LOOK_AGAIN_MS);
    return () => clearInterval(timer);
  }, [device]);

  return (
    <View title={words.t("page.unconfirmed")}>
      <Paragraph mb="m">{words.t("page.unconfirmed.hint")}</Paragraph>
      <Paragraph mb="m">{words.t("page.unconfirmed.key")}</Paragraph>
      <p className="key">
        {hex(device.keyId)
          .slice(0, 16)
          .replace(/(.{4})/g, "$1 ")
          .trim()}
      </p>
      <Failure why={why} />
      <div className="buttons">
        <Button onClick={() => void look()}>{words.t("page.look-again")}</Button>
        <Button variant="secondaryNoBorder" onClick={back}>
          {words.t("page.back")}
        </Button>
      </div>
    </View>
  );
}

function ChooseMembership() {
  const app = useApp();
  const words = useWords();
  const { who } = app.session;
  const [why, setWhy] = useState<unknown>(undefined);
  const memberships = who?.memberships ?? [];

  if (memberships.length === 0) {
    return (
      <View title={words.t("page.no-membership")}>
        <Paragraph mb="m">{words.t("page.no-membership.hint")}</Paragraph>
        <Button onClick={() => void app.signOut()}>{words.t("page.sign-out")}</Button>
      </View>
    );
  }
  return (
    <View title={words.t("page.choose-membership")}>
      <ul className="choices">
        {memberships.map((m, i) => (
          <li key={hex(m.id)}>
            <Button variant="secondary" onClick={() => app.act(unhex(hex(m.id))).catch(setWhy)}>
              {`${m.title || words.of(RoleSchema, m.role)}, ${who?.units[i]?.name ?? ""}, ${who?.organisations[i]?.name ?? ""}`}
            </Button>
          </li>
        ))}
      </ul>
      <Failure why={why} />
    </View>
  );
}
