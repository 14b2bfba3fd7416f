/*
 * What is attached. A file is given out only when it is, byte for byte, what its author signed; and only as a file of a type that
 * is never markup: what a browser shows by itself may be shown in a tab of its own, all else is a download.
 */
import { useEffect, useState } from "react";
import { Button, Heading, InlineAlert } from "suomifi-ui-components";
import type { Attachment } from "../../../gen/lahetti/v1/statement_pb";
import { Differs, readAttachment, type Holder } from "../../trade/reading";
import { hex, type Bytes } from "../../wire/bytes";
import { useApp, useWords } from "../context";
import { Busy, Failure } from "../parts";
import { showInTab } from "./tabs";

interface Props {
  /** The delivery that brought them; or else the statement of one's own unit that has them. */
  delivery?: Uint8Array;
  statement?: Uint8Array;
  attachments: readonly Attachment[];
}

export function Attachments({ delivery, statement, attachments }: Props) {
  const words = useWords();
  if (attachments.length === 0) return null;
  const holder: Holder =
    delivery !== undefined ? { delivery } : { statement: statement ?? new Uint8Array(0) };
  return (
    <>
      <Heading variant="h2" mt="l" mb="s">
        {words.t("page.receive.attachments")}
      </Heading>
      <ul className="cards attachments">
        {attachments.map((attachment) => (
          <AttachmentCard key={hex(attachment.id)} holder={holder} attachment={attachment} />
        ))}
      </ul>
    </>
  );
}

const WHATEVER = "application/octet-stream";

/** Of what may be shown, the type as which it is. */
const SHOWN: Readonly<Record<string, string>> = {
  "application/pdf": "application/pdf",
  "image/png": "image/png",
  "image/jpeg": "image/jpeg",
  "text/plain": "text/plain;charset=utf-8",
};

function AttachmentCard({ holder, attachment }: { holder: Holder; attachment: Attachment }) {
  const app = useApp();
  const words = useWords();
  const [bytes, setBytes] = useState<Bytes | undefined>(undefined);
  const [done, setDone] = useState<number | undefined>(undefined);
  const [why, setWhy] = useState<unknown>(undefined);
  const shows = Object.hasOwn(SHOWN, attachment.mediaType) ? SHOWN[attachment.mediaType] : undefined;

  async function read() {
    if (done !== undefined) return;
    setDone(0);
    setWhy(undefined);
    try {
      setBytes(
        await readAttachment(app.session, holder, attachment, (at, of) =>
          setDone(Math.round((at / of) * 100)),
        ),
      );
    } catch (failed) {
      setWhy(failed);
    } finally {
      setDone(undefined);
    }
  }

  return (
    <li>
      <strong>{attachment.name}</strong> <span className="quiet">{words.size(Number(attachment.size))}</span>
      {why instanceof Differs ? (
        <div role="alert">
          <InlineAlert status="error" mt="s">
            {words.t("page.receive.attachment-differs")}
          </InlineAlert>
        </div>
      ) : (
        <Failure why={why} />
      )}
      <div className="buttons">
        {bytes === undefined ? (
          <Button variant="secondary" onClick={() => void read()} aria-disabled={done !== undefined}>
            {words.t("page.receive.read-attachment")}
          </Button>
        ) : (
          <Given bytes={bytes} attachment={attachment} shows={shows} />
        )}
      </div>
      {done !== undefined && <Busy text={words.t("page.receive.reading-attachment", words.number(done))} />}
    </li>
  );
}

interface GivenProps {
  bytes: Bytes;
  attachment: Attachment;
  shows: string | undefined;
}

/** The links live as long as what they lead to is shown. */
function Given({ bytes, attachment, shows }: GivenProps) {
  const app = useApp();
  const words = app.words;
  const [links, setLinks] = useState<{ save: string; show: string | undefined } | undefined>(undefined);
  useEffect(() => {
    const save = URL.createObjectURL(new Blob([bytes], { type: WHATEVER }));
    const show = shows === undefined ? undefined : URL.createObjectURL(new Blob([bytes], { type: shows }));
    setLinks({ save, show });
    return () => {
      URL.revokeObjectURL(save);
      if (show !== undefined) URL.revokeObjectURL(show);
    };
  }, [bytes, attachment, shows]);
  if (links === undefined) return null;
  const { show } = links;
  return (
    <>
      <span role="status">{words.t("page.receive.attachment-holds")}</span>
      <a href={links.save} download={attachment.name}>
        {words.t("page.receive.save-attachment")}
      </a>
      {show !== undefined && (
        <Button variant="secondaryNoBorder" onClick={() => showInTab(app.session, show)}>
          {words.t("page.receive.show-attachment")}
        </Button>
      )}
    </>
  );
}
