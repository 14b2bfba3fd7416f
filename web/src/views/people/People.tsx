/* The people of one's own organisation, by name: looked for, added. */
import { memo, useEffect, useMemo, useState, type FormEvent } from "react";
import { create } from "@bufbuild/protobuf";
import { Button, Checkbox, Paragraph, StaticChip, TextInput } from "suomifi-ui-components";
import { UserSchema, type User } from "../../../gen/lahetti/v1/directory_pb";
import { hex, newId, own, NONE } from "../../wire/bytes";
import { useApp, useWords } from "../context";
import { Busy, Empty, Failure, FormEnd, View } from "../parts";
import { go, href } from "../routes";
import { useParts, type Chunk } from "../windowed";
import { PersonView } from "./Person";
import "./people.css";

const ROW_HEIGHT = 48;

export default function People({ user }: { user: string | undefined }) {
  return user === undefined ? <Everyone /> : <PersonView key={user} id={user} />;
}

/** All of them, read a page at a time: so they stand by name, and looking for one asks nothing more. */
function useEveryone(): { users: User[]; complete: boolean; failed: unknown } {
  const app = useApp();
  const [state, setState] = useState<{ users: User[]; complete: boolean; failed: unknown }>({
    users: [],
    complete: false,
    failed: undefined,
  });
  useEffect(() => {
    let current = true;
    const organisation = own(app.session.acting?.organisation ?? NONE);
    app.directory
      .users(organisation, (more) => {
        if (current) setState((before) => ({ ...before, users: [...before.users, ...more] }));
        return current;
      })
      .then(
        () => current && setState((before) => ({ ...before, complete: true })),
        (failed: unknown) => current && setState((before) => ({ ...before, failed })),
      );
    return () => {
      current = false;
    };
  }, [app]);
  return state;
}

function Everyone() {
  const words = useWords();
  const { users, complete, failed } = useEveryone();
  const [term, setTerm] = useState("");
  const [withDisabled, setWithDisabled] = useState(false);
  const [adding, setAdding] = useState(false);
  const shown = useMemo(() => {
    const wanted = term.trim().toLocaleLowerCase(words.language).split(/\s+/);
    return users
      .filter((user) => withDisabled || !user.disabled)
      .filter((user) => {
        const name = user.name.toLocaleLowerCase(words.language);
        return wanted.every((part) => name.includes(part));
      })
      .sort((a, b) => a.name.localeCompare(b.name, words.language));
  }, [users, term, withDisabled, words]);

  return (
    <View title={words.t("page.admin.people")}>
      <Paragraph mb="m">{words.t("page.admin.people.hint")}</Paragraph>
      {adding ? (
        <AddPerson cancel={() => setAdding(false)} />
      ) : (
        <div className="buttons">
          <Button onClick={() => setAdding(true)}>{words.t("page.admin.add-person")}</Button>
        </div>
      )}
      <div className="narrow">
        <TextInput
          labelText={words.t("page.admin.find-person")}
          autoComplete="off"
          value={term}
          onChange={(value) => setTerm(String(value ?? ""))}
          fullWidth
          mb="s"
        />
        <Checkbox checked={withDisabled} onClick={() => setWithDisabled(!withDisabled)}>
          {words.t("page.admin.with-disabled")}
        </Checkbox>
      </div>
      <Failure why={failed} />
      <div role="status">
        {!complete && failed === undefined ? (
          <Busy text={words.t("page.admin.reading-people", words.number(users.length))} />
        ) : (
          <p>{words.t("page.admin.people-shown", words.number(shown.length))}</p>
        )}
      </div>
      {complete && shown.length === 0 && <Empty>{words.t("page.admin.nobody")}</Empty>}
      <List users={shown} />
    </View>
  );
}

function List({ users }: { users: readonly User[] }) {
  const { parts, list } = useParts(users.length, ROW_HEIGHT);
  if (users.length === 0) return null;
  return (
    <div ref={list} role="list" className="people">
      {parts.map((part) =>
        part.gap ? (
          <div key={part.key} role="presentation" style={{ height: part.height }} />
        ) : (
          <ListChunk key={part.key} {...part.chunk} users={users} />
        ),
      )}
    </div>
  );
}

const ListChunk = memo(function ListChunk(props: Chunk & { users: readonly User[] }) {
  const { from, to, hold, users } = props;
  const words = useWords();
  return (
    <div ref={hold} role="presentation" className="chunk">
      {users.slice(from, to).map((user, i) => (
        <div role="listitem" key={hex(user.id)} aria-posinset={from + i + 1} aria-setsize={users.length}>
          <a href={href("people", hex(user.id))}>
            {user.name}
            {user.disabled && <StaticChip>{words.t("page.admin.disabled")}</StaticChip>}
          </a>
        </div>
      ))}
    </div>
  );
});

function AddPerson({ cancel }: { cancel: () => void }) {
  const app = useApp();
  const words = useWords();
  const [id] = useState(() => newId());
  const [name, setName] = useState("");
  const [tried, setTried] = useState(false);
  const [busy, setBusy] = useState(false);
  const [why, setWhy] = useState<unknown>(undefined);

  async function submit(event: FormEvent) {
    event.preventDefault();
    setTried(true);
    const organisation = app.session.acting?.organisation;
    if (name.trim() === "" || busy || organisation === undefined) return;
    setBusy(true);
    setWhy(undefined);
    try {
      await app.directory.put({
        case: "user",
        value: create(UserSchema, { id, organisation, name: name.trim() }),
      });
      go("people", hex(id));
    } catch (failed) {
      setWhy(failed);
      setBusy(false);
    }
  }

  return (
    <form className="panel" onSubmit={(event) => void submit(event)} noValidate>
      <TextInput
        labelText={words.t("page.admin.name")}
        hintText={words.t("page.admin.name.hint")}
        autoComplete="off"
        value={name}
        onChange={(value) => setName(String(value ?? ""))}
        {...(tried &&
          name.trim() === "" && { status: "error" as const, statusText: words.t("page.admin.name.missing") })}
        fullWidth
      />
      <FormEnd why={why} busy={busy} does={words.t("page.admin.add-person")} leave={cancel}>
        <Busy text={words.t("page.admin.saving")} />
      </FormEnd>
    </form>
  );
}
