/* Choosing a person by a part of the name, from the directory. */
import { useEffect, useState } from "react";
import { Button, TextInput } from "suomifi-ui-components";
import type { User } from "../../../gen/lahetti/v1/directory_pb";
import { hex } from "../../wire/bytes";
import { useApp, useWords } from "../context";
import { Empty, Failure } from "../parts";

const PAUSE_MS = 300;
const SHOWN_MOST = 10;
const LETTERS_LEAST = 2;

export function FindPerson(props: { chosen: User | undefined; choose: (user: User | undefined) => void }) {
  const { chosen, choose } = props;
  const app = useApp();
  const words = useWords();
  const [term, setTerm] = useState("");
  const [found, setFound] = useState<User[] | undefined>();
  const [why, setWhy] = useState<unknown>(undefined);

  useEffect(() => {
    setFound(undefined);
    setWhy(undefined);
    if (term.trim().length < LETTERS_LEAST) return;
    let current = true;
    const timer = setTimeout(() => {
      app.directory.search(term.trim()).then(
        (entries) =>
          current && setFound(entries.flatMap(({ entry }) => (entry.case === "user" ? [entry.value] : []))),
        (failed: unknown) => current && setWhy(failed),
      );
    }, PAUSE_MS);
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [app, term]);

  if (chosen !== undefined) {
    return (
      <div>
        <p className="label">{words.t("page.officer.person")}</p>
        <p>
          {chosen.name}{" "}
          <Button variant="secondaryNoBorder" onClick={() => choose(undefined)}>
            {words.t("page.officer.choose-another")}
          </Button>
        </p>
      </div>
    );
  }
  const shown = found?.slice(0, SHOWN_MOST) ?? [];
  return (
    <div>
      <TextInput
        labelText={words.t("page.officer.person")}
        hintText={words.t("page.officer.person.hint")}
        autoComplete="off"
        value={term}
        onChange={(value) => setTerm(String(value ?? ""))}
        fullWidth
      />
      <Failure why={why} />
      <div role="status">
        {found !== undefined && found.length === 0 && <Empty>{words.t("page.officer.no-person")}</Empty>}
        {found !== undefined && found.length > SHOWN_MOST && <p>{words.t("page.officer.many-persons")}</p>}
      </div>
      <ul className="choices">
        {shown.map((user) => (
          <li key={hex(user.id)}>
            <Button
              variant="secondaryNoBorder"
              onClick={() => {
                setTerm("");
                choose(user);
              }}
            >
              {[user.name, app.directory.organisation(user.organisation)?.name].filter(Boolean).join(", ")}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}
