/*
 * Adding a client to one's unit. What is right the server knows; what it refuses is told beside the field. The identifiers are made
 * once, so that asking again adds nobody twice.
 */
import { useRef, useState, type ReactNode } from "react";
import { create } from "@bufbuild/protobuf";
import { DateInput, Dropdown, DropdownItem, TextInput } from "suomifi-ui-components";
import { AddClientSchema, ClientEntrySchema, ClientIdentitySchema } from "../../../gen/lahetti/v1/session_pb";
import { hex, newId } from "../../wire/bytes";
import { Refusal } from "../../wire/wire";
import { readCivil } from "../../words/words";
import type { TextKey } from "../../words/words";
import { languageName } from "../Body";
import { useApp, useWords } from "../context";
import { focusWrong } from "../focusWrong";
import { Busy, FormEnd, View } from "../parts";
import { go, href } from "../routes";

type FieldName =
  "familyName" | "givenNames" | "code" | "birthDate" | "language" | "phone" | "email" | "address" | "service";

const LABELS: Record<FieldName, TextKey> = {
  familyName: "page.send.identity.family-name",
  givenNames: "page.send.identity.given-names",
  code: "page.receive.identity.code",
  birthDate: "page.receive.identity.birth-date",
  language: "page.receive.identity.language",
  phone: "page.receive.identity.phone",
  email: "page.receive.identity.email",
  address: "page.receive.identity.address",
  service: "page.send.identity.service",
};

const LANGUAGES = ["fi", "sv", "en", "se", "ru", "et", "ar", "so", "ku", "fa", "uk"];

/** Beside which field a refusal is told. */
function fieldOf(code: string): FieldName | undefined {
  if (code.startsWith("hetu-")) return "code";
  if (code === "missing-name") return "familyName";
  return code === "bad-date" ? "birthDate" : undefined;
}

const NOTHING: Record<FieldName, string> = {
  familyName: "",
  givenNames: "",
  code: "",
  birthDate: "",
  language: "fi",
  phone: "",
  email: "",
  address: "",
  service: "",
};

export function AddClient() {
  const app = useApp();
  const words = app.words;
  const [fields, setFields] = useState(NOTHING);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);
  const form = useRef<HTMLFormElement>(null);
  const ids = useRef({ client: newId(), caseId: newId() });
  const wrong = why instanceof Refusal ? fieldOf(why.code) : undefined;

  async function add() {
    if (busy) return;
    const birthDate = fields.birthDate.trim() === "" ? 0 : readCivil(fields.birthDate);
    if (birthDate === undefined) return refuse(new Refusal("bad-date", 0, ""));
    const { client, caseId } = ids.current;
    const identity = create(ClientIdentitySchema, {
      familyName: fields.familyName.trim(),
      givenNames: fields.givenNames.trim(),
      personalIdentityCode: fields.code.trim(),
      birthDate,
      language: fields.language,
      phone: fields.phone.trim(),
      email: fields.email.trim(),
      address: fields.address.trim(),
    });
    setBusy(true);
    setWhy(undefined);
    try {
      const value = create(AddClientSchema, { client, caseId, service: fields.service.trim(), identity });
      await app.session.ask({ case: "addClient", value }, "done");
      app.clients.keep(create(ClientEntrySchema, { client, cases: [caseId], identity }));
      go("clients", hex(client), hex(caseId));
    } catch (failed) {
      refuse(failed);
      setBusy(false);
    }
  }

  function refuse(failed: unknown) {
    setWhy(failed);
    focusWrong(form.current);
  }

  const field = (name: FieldName, optional = true): FieldState => ({
    label: words.t(LABELS[name]),
    value: fields[name],
    set: (value) => setFields((now) => ({ ...now, [name]: value })),
    optional,
    error: wrong === name && why instanceof Refusal ? words.code(why.code) : undefined,
  });

  return (
    <View title={words.t("page.send.add-client")}>
      <p className="back">
        <a href={href("clients")}>{words.t("page.send.back-to-clients")}</a>
      </p>
      <form
        ref={form}
        className="narrow"
        onSubmit={(event) => {
          event.preventDefault();
          void add();
        }}
      >
        <Line {...field("familyName", false)} />
        <Line {...field("givenNames", false)} />
        <Line {...field("code")} hint={words.t("page.send.identity.code.hint")} />
        <BirthDate {...field("birthDate")} />
        <Language {...field("language")} />
        <Line {...field("phone")} type="tel" />
        <Line {...field("email")} type="email" />
        <Line {...field("address")} />
        <Line {...field("service")} hint={words.t("page.send.identity.service.hint")} />
        <FormEnd
          why={wrong === undefined ? why : undefined}
          busy={busy}
          does={words.t("page.send.add-client.do")}
          leave={() => go("clients")}
        >
          <Busy text={words.t("page.send.saving")} />
        </FormEnd>
      </form>
    </View>
  );
}

interface FieldState {
  label: string;
  value: string;
  set: (value: string) => void;
  optional: boolean;
  error: string | undefined;
}

function useCommon({ label, optional, error }: FieldState, hint?: string) {
  const words = useWords();
  return {
    labelText: label,
    ...(hint !== undefined && { hintText: hint }),
    ...(optional && { optionalText: words.t("page.form.optional") }),
    ...(error !== undefined && { status: "error" as const, statusText: error }),
  };
}

function Line(props: FieldState & { hint?: string; type?: "tel" | "email" | "text" }): ReactNode {
  const common = useCommon(props, props.hint);
  return (
    <div className="field">
      <TextInput
        {...common}
        type={props.type ?? "text"}
        autoComplete="off"
        value={props.value}
        onChange={(value) => props.set(String(value ?? ""))}
        fullWidth
      />
    </div>
  );
}

function BirthDate(props: FieldState): ReactNode {
  const words = useWords();
  const common = useCommon(props, words.t("page.send.date.hint"));
  return (
    <div className="field">
      <DateInput
        {...common}
        language={words.language}
        value={props.value}
        onChange={(change) => props.set(change.value)}
      />
    </div>
  );
}

function Language(props: FieldState): ReactNode {
  const words = useWords();
  const common = useCommon(props);
  return (
    <div className="field">
      <Dropdown {...common} value={props.value} onChange={(tag: string) => props.set(tag)} fullWidth>
        {LANGUAGES.map((tag) => (
          <DropdownItem key={tag} value={tag}>
            {languageName(words.language, tag)}
          </DropdownItem>
        ))}
      </Dropdown>
    </div>
  );
}
