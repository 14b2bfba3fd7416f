/*
 * The page with long lists, for tests/e2e/scrolling.test.mjs: an inbox of 1,000 and a report of 100,000 lines, both invented. It is
 * the whole page but for the server: the session stands from the beginning and answers from here, and a report comes at once,
 * unproved. #/inbox is the one, #/who-saw/CLIENT the other; ?officer says who looks.
 */
import "../../src/page.css";
import { create } from "@bufbuild/protobuf";
import { createRoot } from "react-dom/client";
import { SuomifiThemeProvider } from "suomifi-ui-components";
import { Action, AuditEventSchema, EventOutcome, ReportLineSchema } from "../../gen/lahetti/v1/audit_pb";
import { State, Urgency } from "../../gen/lahetti/v1/bodies_pb";
import { BasisKind, Category, Role } from "../../gen/lahetti/v1/common_pb";
import {
  DirectoryPageSchema,
  DoneSchema,
  NoticeSchema,
  SessionSchema,
  SubscribedSchema,
} from "../../gen/lahetti/v1/session_pb";
import { AppState } from "../../src/session/app";
import { ClientReport, type Row } from "../../src/session/reading";
import { theme } from "../../src/theme";
import { kindNamed } from "../../src/trade/tables";
import { App } from "../../src/views/App";
import { Lost } from "../../src/wire/wire";

const NOTICES = 1_000;
const LINES = 100_000;
const MINUTE_US = 60_000_000n;
const BEGUN_US = 1_790_000_000_000_000n; // September 2026

/** The same identifier for the same number. */
function id(number: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(12, number);
  return bytes;
}

const [USER, UNIT, ORGANISATION, MEMBERSHIP] = [id(1), id(2), id(3), id(4)];
const organisation = { id: ORGANISATION, name: "Esimerkkilän hyvinvointialue" };
const unit = { id: UNIT, organisation: ORGANISATION, name: "Kuntoutuspoliklinikka" };
const referral = kindNamed("referral").number;

function notice(i: number) {
  return create(NoticeSchema, {
    position: BigInt(i + 1),
    delivery: id(1_000_000 + i),
    kind: referral,
    fromUnit: UNIT,
    fromOrganisation: ORGANISATION,
    urgency: i % 7 === 0 ? Urgency.URGENT : Urgency.NORMAL,
    state: i % 3 === 0 ? State.OPENED : State.HANDED_OVER,
    acceptedUs: BEGUN_US + BigInt(i) * MINUTE_US,
  });
}

function row(i: number): Row {
  const event = create(AuditEventSchema, {
    number: BigInt(i),
    timeUs: BEGUN_US + BigInt(i) * MINUTE_US,
    action: i % 2 === 0 ? Action.OPEN : Action.SEARCH,
    outcome: i % 11 === 0 ? EventOutcome.REFUSED : EventOutcome.DONE,
    role: Role.SOCIAL_WORKER,
    basis: BasisKind.OWN_REGISTER,
    categories: [Category.CONTACT],
    kind: referral,
    actor: USER,
  });
  const line = create(ReportLineSchema, {
    userName: `Sanna Esimerkki ${i}`,
    unitName: unit.name,
    organisationName: organisation.name,
  });
  return { line, event, subject: undefined };
}

ClientReport.prototype.read = function (this: ClientReport) {
  for (let i = 0; i < LINES; i++) this.rows.push(row(i));
  this.reading = false;
  this["changed"]();
  return Promise.resolve();
};

const app = await AppState.start();
await app.setLanguage("fi");
const { session } = app;
const answers = {
  subscribe: () => {
    for (let i = 0; i < NOTICES; i++) session["hear"]({ case: "notice", value: notice(i) });
    return create(SubscribedSchema, { position: BigInt(NOTICES) });
  },
  readDirectory: () =>
    create(DirectoryPageSchema, {
      entries: [
        { entry: { case: "organisation", value: organisation } },
        { entry: { case: "unit", value: unit } },
      ],
    }),
  handedOver: () => create(DoneSchema),
};
session.ask = (async ({ case: asked }: { case: keyof typeof answers }) => {
  if (!(asked in answers)) throw new Lost();
  return answers[asked]();
}) as typeof session.ask;
const role = location.search === "?officer" ? Role.DATA_PROTECTION_OFFICER : Role.JOB_COACH;
session.who = create(SessionSchema, {
  user: USER,
  userName: "Ville Valmentaja",
  memberships: [{ id: MEMBERSHIP, user: USER, unit: UNIT, organisation: ORGANISATION, role }],
  acting: MEMBERSHIP,
  units: [unit],
  organisations: [organisation],
});
session.phase = { name: "in" };
session["come"]();

createRoot(document.getElementById("page")!).render(
  <SuomifiThemeProvider theme={theme}>
    <App app={app} />
  </SuomifiThemeProvider>,
);
