/* Files that go along: dragged here or chosen, checked at once, and taken away again as long as nothing was sent. */
import { useEffect, useRef, useState } from "react";
import { Button, InlineAlert } from "suomifi-ui-components";
import type { Limits } from "../../../gen/lahetti/v1/session_pb";
import { attach, bytesMost, fileProblem, type FileProblem } from "../../trade/files";
import type { AttachedFile } from "../../trade/statement";
import { limits } from "../../trade/tables";
import { hex } from "../../wire/bytes";
import type { TextKey, Words } from "../../words/words";
import { useApp } from "../context";

export type FilesChange = (files: readonly AttachedFile[]) => readonly AttachedFile[];

interface Props {
  label: string;
  files: readonly AttachedFile[];
  /** With what makes of the files those that are to be: reading a large one takes a while, in which others may come and go. */
  onChange: (change: FilesChange) => void;
  /** One alone, which another takes the place of. */
  single?: boolean;
  error?: string | undefined;
}

const PROBLEMS: Record<FileProblem, TextKey> = {
  empty: "page.send.files.empty",
  "too-large": "page.send.files.too-large",
  type: "page.send.files.type",
  name: "page.send.files.name",
  "too-many": "page.send.files.too-many",
  unreadable: "page.send.files.unreadable",
};

/** Whole megabytes that surely fit. */
function sizeMost(words: Words, server: Limits | undefined): string {
  return words.size(Math.floor(bytesMost(server) / 1e6) * 1e6);
}

function sentence(words: Words, name: string, problem: FileProblem, server: Limits | undefined): string {
  const most = problem === "too-many" ? words.number(limits.attachments) : sizeMost(words, server);
  return words.t(PROBLEMS[problem], name, most);
}

/** A file that is dropped beside the field does not take the page away. */
function useStrayDrops(): void {
  useEffect(() => {
    const stop = (event: DragEvent) => event.preventDefault();
    addEventListener("dragover", stop);
    addEventListener("drop", stop);
    return () => {
      removeEventListener("dragover", stop);
      removeEventListener("drop", stop);
    };
  }, []);
}

export function Files({ label, files, onChange, single = false, error }: Props) {
  const app = useApp();
  const words = app.words;
  const server = app.session.greeting?.limits;
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  const [wrong, setWrong] = useState<{ name: string; problem: FileProblem }[]>([]);
  const here = useRef(files);
  here.current = files;
  useStrayDrops();

  async function add(list: FileList | null) {
    const chosen = [...(list ?? [])].slice(0, single ? 1 : undefined);
    const added: AttachedFile[] = [];
    const problems: typeof wrong = [];
    for (const file of chosen) {
      const problem = fileProblem(file, single ? 0 : here.current.length + added.length, server);
      if (problem !== undefined) problems.push({ name: file.name, problem });
      else
        try {
          added.push(await attach(file));
        } catch {
          problems.push({ name: file.name, problem: "unreadable" });
        }
    }
    setWrong(problems);
    if (added.length > 0) onChange((now) => (single ? added : [...now, ...added]));
    if (input.current !== null) input.current.value = "";
  }

  return (
    <div role="group" aria-label={label}>
      <div
        className={over ? "drop over" : "drop"}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void add(event.dataTransfer.files);
        }}
      >
        <p>
          <strong>{label}</strong>
        </p>
        <p className="quiet">
          {single
            ? words.t("page.send.files.hint-one", sizeMost(words, server))
            : words.t("page.send.files.hint", sizeMost(words, server), words.number(limits.attachments))}
        </p>
        <input
          ref={input}
          type="file"
          multiple={!single}
          hidden
          onChange={(event) => void add(event.target.files)}
        />
        <Button type="button" variant="secondary" onClick={() => input.current?.click()}>
          {words.t(single ? "page.send.files.choose-one" : "page.send.files.choose")}
        </Button>
      </div>
      <div role="alert" tabIndex={-1}>
        {[
          ...(error === undefined ? [] : [error]),
          ...wrong.map(({ name, problem }) => sentence(words, name, problem, server)),
        ].map((one) => (
          <InlineAlert key={one} status="error" mt="s">
            {one}
          </InlineAlert>
        ))}
      </div>
      <ul className="listed" aria-label={words.t("page.receive.attachments")}>
        {files.map(({ attachment }) => (
          <li key={hex(attachment.id)}>
            <span>
              {attachment.name} <span className="quiet">{words.size(Number(attachment.size))}</span>
            </span>
            <Button
              type="button"
              variant="secondaryNoBorder"
              aria-label={words.t("page.send.remove-named", attachment.name)}
              onClick={() => onChange((now) => now.filter((file) => file.attachment !== attachment))}
            >
              {words.t("page.send.remove")}
            </Button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** How far the attachments have come; the statement follows them. */
export function Sending({ sent, of }: { sent: number; of: number }) {
  const app = useApp();
  const words = app.words;
  const text =
    of > 0 && sent < of
      ? words.t("page.send.sending-files", words.size(sent), words.size(of))
      : words.t("page.receive.sending");
  return (
    <div className="progress" role="status">
      <p>{text}</p>
      {of > 0 && <progress max={of} value={sent} aria-label={text} />}
    </div>
  );
}
