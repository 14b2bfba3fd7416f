/* The frame around all views: who is signed in, as what, where one can go, and whether the connection stands. */
import { Component, lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import { Button, InlineAlert, SkipLink, VisuallyHidden } from "suomifi-ui-components";
import { RoleSchema, Role } from "../../gen/lahetti/v1/common_pb";
import type { Membership } from "../../gen/lahetti/v1/directory_pb";
import type { AppState } from "../session/app";
import { useObservable } from "../session/observable";
import { otherVersion } from "../session/session";
import { seesClients } from "../trade/tables";
import { equal, hex, unhex } from "../wire/bytes";
import { isOutdated } from "../wire/page";
import { LANGUAGES, type Language, type TextKey } from "../words/words";
import { AppContext, sentenceOf, useApp } from "./context";
import { Enter } from "./Enter";
import { Busy, Failure, View } from "./parts";
import { href, useRoute } from "./routes";

const AGAIN_MS = 2_000;

/** A view's code: when there is a connection again, where there is none now. Rejects where the server has another page now. */
async function patiently<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      if (await isOutdated()) throw otherVersion();
      await new Promise((over) => setTimeout(over, AGAIN_MS));
    }
  }
}

// Views of their own roles come when they are asked for, so that the first one is small.
const Devices = lazy(() => patiently(() => import("./Devices")));
const Receive = lazy(() => patiently(() => import("./receive/Receive")));
const Send = lazy(() => patiently(() => import("./send/Send")));
const WhoSaw = lazy(() => patiently(() => import("./officer/WhoSaw")));
const Log = lazy(() => patiently(() => import("./officer/Log")));
const People = lazy(() => patiently(() => import("./people/People")));
const Units = lazy(() => patiently(() => import("./people/Units")));
const MyPeople = lazy(() => patiently(() => import("./people/MyPeople")));

interface Place {
  route: string;
  title: TextKey;
  draw: (rest: string[]) => ReactNode;
  /** Whether it stands in the navigation of one who acts in this role. */
  offered: (role: Role, acting: Membership) => boolean;
  /** The place of the navigation from which one comes here: it has no entry of its own. */
  within?: string;
}

const always = () => true;
const officer = (role: Role) => role === Role.DATA_PROTECTION_OFFICER;
const administrator = (role: Role) => role === Role.ADMINISTRATOR;
const leader = (_: Role, acting: Membership) => acting.leader;

const PLACES: Place[] = [
  {
    route: "inbox",
    title: "page.receive.inbox",
    draw: (rest) => <Receive rest={rest} />,
    offered: seesClients,
  },
  {
    route: "clients",
    title: "page.send.clients",
    draw: (rest) => <Send place="clients" rest={rest} />,
    offered: seesClients,
  },
  {
    route: "refer",
    title: "page.send.refer",
    draw: (rest) => <Send place="refer" rest={rest} />,
    offered: seesClients,
    within: "clients",
  },
  {
    route: "consent",
    title: "page.send.consent.new",
    draw: (rest) => <Send place="consent" rest={rest} />,
    offered: seesClients,
    within: "clients",
  },
  {
    route: "withdraw",
    title: "page.send.withdraw",
    draw: (rest) => <Send place="withdraw" rest={rest} />,
    offered: seesClients,
    within: "clients",
  },
  {
    route: "sent",
    title: "page.send.sent",
    draw: (rest) => <Send place="sent" rest={rest} />,
    offered: seesClients,
  },
  {
    route: "who-saw",
    title: "page.officer.who-saw.short",
    draw: ([client]) => <WhoSaw client={client} />,
    offered: officer,
  },
  { route: "log", title: "page.officer.log-view", draw: () => <Log />, offered: officer },
  {
    route: "people",
    title: "page.admin.people",
    draw: ([user]) => <People user={user} />,
    offered: administrator,
  },
  {
    route: "units",
    title: "page.admin.units",
    draw: ([unit]) => <Units unit={unit} />,
    offered: administrator,
  },
  { route: "my-people", title: "page.admin.my-people", draw: () => <MyPeople />, offered: leader },
  { route: "devices", title: "page.devices", draw: () => <Devices />, offered: always },
];

/** A view that can't be drawn leaves the others, and the session, as they are. */
class Boundary extends Component<{ title: string; children: ReactNode }, { why: unknown }> {
  override state = { why: undefined };

  static getDerivedStateFromError(why: unknown) {
    return { why };
  }

  override render() {
    const { why } = this.state;
    if (why === undefined) return this.props.children;
    return (
      <View title={this.props.title}>
        <Failure why={why} />
      </View>
    );
  }
}

export function App({ app }: { app: AppState }) {
  useObservable(app);
  return (
    <AppContext.Provider value={app}>
      <Frame />
    </AppContext.Provider>
  );
}

function Frame() {
  const app = useApp();
  const session = useObservable(app.session);
  const words = app.words;
  const inside = session.who !== undefined && session.acting !== undefined;

  return (
    <>
      <SkipLink
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("content")?.focus();
        }}
      >
        {words.t("page.to-content")}
      </SkipLink>
      <header>
        <a className="mark" href={href()}>
          <svg viewBox="0 0 32 32" width="32" height="32" aria-hidden="true">
            <path
              d="M3 7h26v18H3z"
              fill="none"
              stroke="currentColor"
              strokeWidth="2.5"
              strokeLinejoin="round"
            />
            <path
              d="m3 8 13 10L29 8"
              fill="none"
              stroke="currentColor"
              strokeWidth="2.5"
              strokeLinejoin="round"
            />
          </svg>
          Lähetti
        </a>
        {session.who !== undefined && <Who />}
        <Speech />
      </header>
      <Connection />
      <div className="below">
        {inside && <Navigation />}
        <main id="content" tabIndex={-1}>
          {inside ? <Here /> : <Enter />}
        </main>
      </div>
      <footer>{words.t("page.about")}</footer>
    </>
  );
}

function Here() {
  const app = useApp();
  const acting = app.session.acting!;
  const [first = "", ...rest] = useRoute();
  const offered = PLACES.filter((place) => place.offered(acting.role, acting));
  const place = first === "" ? offered[0] : PLACES.find(({ route }) => route === first);
  if (place === undefined || !offered.includes(place)) {
    return <View title={app.words.t("page.no-such-place")}>{app.words.t("page.no-such-place.hint")}</View>;
  }
  return (
    <Boundary key={`${hex(acting.id)} ${first}`} title={app.words.t(place.title)}>
      <Suspense fallback={<Busy text={app.words.t("page.reading")} />}>{place.draw(rest)}</Suspense>
    </Boundary>
  );
}

function Navigation() {
  const app = useApp();
  const inbox = useObservable(app.inbox);
  const [first] = useRoute();
  const acting = app.session.acting!;
  const offered = PLACES.filter((place) => place.offered(acting.role, acting) && !place.within);
  const here = PLACES.find(({ route }) => route === first);
  return (
    <nav aria-label={app.words.t("page.navigation")}>
      <ul>
        {offered.map((place) => (
          <li key={place.route}>
            <a
              href={href(place.route)}
              aria-current={place.route === (here?.within ?? first ?? offered[0]!.route) ? "page" : undefined}
            >
              {app.words.t(place.title)}
              {place.route === "inbox" && inbox.arrived.size > 0 && (
                <span className="count">
                  {inbox.arrived.size}
                  <VisuallyHidden> {app.words.t("page.new")}</VisuallyHidden>
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Who one is here; and as what, where there is a choice. */
function Who() {
  const app = useApp();
  const { who, acting } = app.session;
  const [why, setWhy] = useState<unknown>(undefined);
  if (who === undefined) return null;
  const name = (m: (typeof who.memberships)[number], i: number) =>
    `${m.title || app.words.of(RoleSchema, m.role)}, ${who.units[i]?.name ?? ""}`;
  return (
    <div className="who">
      <strong>{who.userName}</strong>
      {who.memberships.length > 1 && acting !== undefined ? (
        <select
          aria-label={app.words.t("page.acting-as")}
          value={hex(acting.id)}
          onChange={(event) => void app.act(unhex(event.target.value)).catch(setWhy)}
        >
          {who.memberships.map((m, i) => (
            <option key={hex(m.id)} value={hex(m.id)}>
              {name(m, i)}
            </option>
          ))}
        </select>
      ) : (
        <span>
          {acting !== undefined &&
            name(
              acting,
              who.memberships.findIndex((m) => equal(m.id, acting.id)),
            )}
        </span>
      )}
      {why !== undefined && <span role="alert">{sentenceOf(app.words, why)}</span>}
      <Button variant="secondaryNoBorder" onClick={() => void app.signOut()}>
        {app.words.t("page.sign-out")}
      </Button>
    </div>
  );
}

const LANGUAGE_NAMES: Record<Language, string> = { fi: "Suomi", sv: "Svenska", en: "English" };

function Speech() {
  const app = useApp();
  return (
    <ul className="languages" aria-label={app.words.t("page.language")}>
      {LANGUAGES.map((language) => (
        <li key={language}>
          <button
            type="button"
            lang={language}
            aria-pressed={app.words.language === language}
            onClick={() => void app.setLanguage(language)}
          >
            {LANGUAGE_NAMES[language]}
          </button>
        </li>
      ))}
    </ul>
  );
}

/** Says that the connection is lost, and that it stands again. */
function Connection() {
  const app = useApp();
  const session = useObservable(app.session);
  const [wasLost, setWasLost] = useState(false);
  const lost = session.phase.name === "lost";
  useEffect(() => {
    if (lost) return setWasLost(true);
    const timer = setTimeout(() => setWasLost(false), 5_000);
    return () => clearTimeout(timer);
  }, [lost]);
  return (
    <div role="status" className="connection">
      {app.doubt !== undefined && (
        <InlineAlert status={app.doubt.text === "page.log-doubt" ? "error" : "warning"}>
          {app.words.t(app.doubt.text, app.doubt.code)}
        </InlineAlert>
      )}
      {lost && <InlineAlert status="warning">{app.words.t("page.connection-lost")}</InlineAlert>}
      {!lost && wasLost && session.phase.name === "in" && (
        <InlineAlert>{app.words.t("page.connection-back")}</InlineAlert>
      )}
    </div>
  );
}
