/*
 * Withdrawing a consent: as a whole, or for some of its parties, or for some of the data. What it brings about is said before, and
 * who had opened what afterwards.
 */
import { useRef, useState } from "react";
import { fromBinary } from "@bufbuild/protobuf";
import { create } from "@bufbuild/protobuf";
import {
  Checkbox,
  CheckboxGroup,
  Heading,
  InlineAlert,
  RadioButton,
  RadioButtonGroup,
} from "suomifi-ui-components";
import { ConsentSchema, StateSchema, type Consent } from "../../../gen/lahetti/v1/bodies_pb";
import { CategorySchema, ReferenceSchema } from "../../../gen/lahetti/v1/common_pb";
import type { Notice } from "../../../gen/lahetti/v1/session_pb";
import { readKept, type Kept } from "../../trade/consents";
import { missing, placeOf, toBody, type FormState, type PlaceState } from "../../trade/forms";
import { kindNamed } from "../../trade/tables";
import { equal, hex, sha256, unhex } from "../../wire/bytes";
import { useApp, useAsked, useWords } from "../context";
import { Form } from "../Form";
import { useKindName } from "../names";
import { Busy, Failure, FormEnd, View } from "../parts";
import { PlaceName } from "../RecipientPicker";
import { go, href } from "../routes";
import { ConsentCard } from "./ConsentCard";
import { Sending } from "./Files";
import { Proved, Restored } from "./Proved";
import { sameAs } from "./Recipients";
import { focusWrong } from "../focusWrong";
import { useDraft } from "./useDraft";
import { useSending, type Sent } from "./useSending";

export function Withdraw({ consent }: { consent: string }) {
  const app = useApp();
  const words = app.words;
  const { value, failed, again } = useAsked(async () => {
    const kept = await readKept(app.session, unhex(consent));
    if (kept?.delivered.kind.number !== kindNamed("consent").number) return { kept: undefined };
    return { kept, body: fromBinary(ConsentSchema, kept.delivered.body), sha256: await sha256(kept.payload) };
  }, [consent]);
  return (
    <View title={words.t("page.send.withdraw")}>
      <Failure why={failed} again={again} />
      {value === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      {value !== undefined && value.kept === undefined && <p>{words.code("no-such-consent")}</p>}
      {value?.kept !== undefined && (
        <Withdrawing id={consent} kept={value.kept} body={value.body} digest={value.sha256} />
      )}
    </View>
  );
}

type Extent = "all" | "parties" | "categories";

interface WithdrawState {
  extent: Extent;
  form: FormState;
}

const KIND = kindNamed("withdrawal");
/** Asked for as what the consent has. */
const HIDDEN = ["parties", "categories"];

interface Props {
  id: string;
  kept: Kept;
  body: Consent;
  digest: Uint8Array;
}

function Withdrawing({ id, kept, body, digest }: Props) {
  const app = useApp();
  const words = app.words;
  const draft = useDraft<WithdrawState>(`withdraw:${id}`, { extent: "all", form: {} });
  const [tried, setTried] = useState(false);
  const [sent, setSent] = useState<Sent | undefined>(undefined);
  const sending = useSending(`withdraw:${id}`, (done) => {
    draft.drop();
    setSent(done);
  });
  const page = useRef<HTMLFormElement>(null);
  const { header } = kept.delivered;
  const { extent, form } = draft.state;
  const change = (part: Partial<WithdrawState>) => draft.set({ ...draft.state, ...part });
  const parties = (form["parties"] ?? []) as PlaceState[];
  const categories = (form["categories"] ?? []) as number[];
  const back = href("clients", hex(header.client), hex(header.caseId));
  const reference = create(ReferenceSchema, { id: unhex(id), sha256: digest });
  const nothing =
    (extent === "parties" && parties.length === 0) || (extent === "categories" && categories.length === 0);

  /** Only what belongs to the extent that is chosen. */
  function chosen(): FormState {
    const { parties: these, categories: those, ...rest } = form;
    if (extent === "parties") return { ...rest, parties: these };
    return extent === "categories" ? { ...rest, categories: those } : rest;
  }

  async function send() {
    setTried(true);
    if (nothing || missing(KIND, chosen(), HIDDEN).length > 0) return focusWrong(page.current);
    await sending.send(JSON.stringify(chosen()), () => ({
      kind: KIND,
      body: toBody(KIND, chosen()),
      client: header.client,
      caseId: header.caseId,
      inReplyTo: reference,
    }));
  }

  const toClient = (
    <p className="back">
      <a href={back}>{words.t("page.send.back-to-client")}</a>
    </p>
  );
  if (sent !== undefined) {
    return (
      <>
        <Proved
          sent={sent}
          title={words.t(extent === "all" ? "page.send.withdrawn" : "page.send.withdrawn.part")}
        >
          <After deliveries={sent.accepted.deliveries} />
        </Proved>
        {toClient}
      </>
    );
  }
  const wrong = tried && nothing ? words.t("page.send.wrong.tells") : undefined;
  return (
    <form
      ref={page}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      {toClient}
      <Restored at={draft.restored} />
      <ul className="cards">
        <ConsentCard consent={{ reference, header, body, withdrawn: [] }} />
      </ul>
      <div className="field">
        <RadioButtonGroup
          name="extent"
          labelText={words.t("page.send.withdraw.extent")}
          value={extent}
          onChange={(value) => change({ extent: value as Extent })}
        >
          <RadioButton value="all">{words.t("page.send.withdraw.all")}</RadioButton>
          <RadioButton value="parties">{words.t("page.send.withdraw.parties")}</RadioButton>
          <RadioButton value="categories">{words.t("page.send.withdraw.categories")}</RadioButton>
        </RadioButtonGroup>
      </div>
      {extent === "parties" && (
        <Choices
          label={words.t("field.withdrawal.parties")}
          error={wrong}
          items={body.parties.map((party) => {
            const place = placeOf(party);
            return { key: sameAs(place), text: <PlaceName place={place} />, value: place };
          })}
          chosen={parties.map(sameAs)}
          onChange={(places) => change({ form: { ...form, parties: places } })}
        />
      )}
      {extent === "categories" && (
        <Choices
          label={words.t("field.withdrawal.categories")}
          error={wrong}
          items={body.categories.map((category) => ({
            key: String(category),
            text: words.of(CategorySchema, category),
            value: category,
          }))}
          chosen={categories.map(String)}
          onChange={(those) => change({ form: { ...form, categories: those } })}
        />
      )}
      <Form kind={KIND} state={form} onChange={(now) => change({ form: now })} tried={tried} hide={HIDDEN} />
      <InlineAlert status="warning" labelText={words.t("page.send.withdraw.then")} mb="m">
        {words.t("page.send.withdraw.then.hint")}
      </InlineAlert>
      <FormEnd
        why={sending.why}
        busy={sending.busy}
        does={words.t("page.send.withdraw.do")}
        leaves={words.t("page.back")} // to cancel is the same word in Finnish as to withdraw
        leave={() => {
          draft.drop();
          go("clients", hex(header.client), hex(header.caseId));
        }}
      >
        <Sending {...sending.progress} />
      </FormEnd>
    </form>
  );
}

function Choices<T>(props: {
  label: string;
  error: string | undefined;
  items: readonly { key: string; text: React.ReactNode; value: T }[];
  chosen: readonly string[];
  onChange: (values: T[]) => void;
}) {
  const { label, error, items, chosen, onChange } = props;
  return (
    <div className="field">
      <CheckboxGroup
        labelText={label}
        {...(error !== undefined && { groupStatus: "error" as const, groupStatusText: error })}
      >
        {items.map(({ key, text }) => (
          <Checkbox
            key={key}
            checked={chosen.includes(key)}
            onClick={({ checkboxState }) =>
              onChange(
                items
                  .filter((item) => (item.key === key ? checkboxState : chosen.includes(item.key)))
                  .map(({ value }) => value),
              )
            }
          >
            {text}
          </Checkbox>
        ))}
      </CheckboxGroup>
    </div>
  );
}

/** What had gone to others under the consent, and what became of it. */
function After({ deliveries }: { deliveries: readonly Notice[] }) {
  const words = useWords();
  const kindName = useKindName();
  const app = useApp();
  if (deliveries.length === 0) return <p>{words.t("page.send.withdrawn.nothing")}</p>;
  return (
    <>
      <Heading variant="h3" mb="s">
        {words.t("page.send.withdrawn.went")}
      </Heading>
      <ul className="rows">
        {deliveries.map((notice) => (
          <li key={hex(notice.delivery)}>
            <div>
              <span className="row-title">
                {notice.recipient !== undefined && <PlaceName place={placeOf(notice.recipient)} />}
              </span>
              <span className="row-facts">
                <span>{kindName(notice.kind, app.session.acting!.organisation)}</span>
                <span>{words.of(StateSchema, notice.state)}</span>
                <span>
                  {words.t(notice.opened ? "page.send.withdrawn.opened" : "page.send.withdrawn.unopened")}
                </span>
                {equal(notice.fromUnit, app.session.acting!.unit) && (
                  <a href={href("sent", hex(notice.statement))}>{words.t("page.send.course")}</a>
                )}
              </span>
            </div>
          </li>
        ))}
      </ul>
    </>
  );
}
