/*
 * Reading an attachment, piece by piece, and comparing the whole with the digest that its author signed before anybody gets it. The
 * first piece is what is recorded.
 */
import { create } from "@bufbuild/protobuf";
import { ReadAttachmentSchema } from "../../gen/lahetti/v1/session_pb";
import type { Attachment } from "../../gen/lahetti/v1/statement_pb";
import type { Session } from "../session/session";
import { equal, sha256, type Bytes } from "../wire/bytes";
import { Refusal } from "../wire/wire";

/** What came is not what the author signed. */
export class Differs extends Error {}

/** By which way one may read it: a delivery that was opened, or a statement that one's own unit wrote. */
export type Holder = { readonly delivery: Uint8Array } | { readonly statement: Uint8Array };

/** Rejects with Refusal, Lost or Differs. */
export async function readAttachment(
  session: Session,
  holder: Holder,
  attachment: Attachment,
  progress: (received: number, of: number) => void = () => {},
): Promise<Bytes> {
  for (let tried = false; ; tried = true) {
    try {
      return await readWhole(session, holder, attachment, progress);
    } catch (why) {
      // What permitted the reading lasts for an hour, and not beyond a change of device or unit.
      const ended = why instanceof Refusal && why.code === "reading-ended";
      if (tried || !ended) throw why;
    }
  }
}

async function readWhole(
  session: Session,
  holder: Holder,
  { id, size, sha256: digest }: Attachment,
  progress: (received: number, of: number) => void,
): Promise<Bytes> {
  const whole = new Uint8Array(Number(size));
  let event = 0n;
  for (let at = 0; at < whole.length;) {
    const piece = await session.ask(
      {
        case: "readAttachment",
        value: create(ReadAttachmentSchema, { ...holder, attachment: id, offset: BigInt(at), event }),
      },
      "attachmentPiece",
    );
    if (piece.offset !== BigInt(at) || piece.data.length === 0 || at + piece.data.length > whole.length)
      throw new Differs();
    whole.set(piece.data, at);
    at += piece.data.length;
    event = piece.event;
    progress(at, whole.length);
  }
  if (!equal(await sha256(whole), digest)) throw new Differs();
  return whole;
}
