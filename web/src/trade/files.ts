/* Files of this computer as attachments: what may go along, and the entry that the header gets of each. */
import { create } from "@bufbuild/protobuf";
import type { Limits } from "../../gen/lahetti/v1/session_pb";
import { AttachmentSchema } from "../../gen/lahetti/v1/statement_pb";
import { newId, sha256 } from "../wire/bytes";
import type { AttachedFile } from "./statement";
import { limits, mediaTypes } from "./tables";

/** A file of which the browser knows no type: its bytes are sent, and never shown in a browser. */
const WHATEVER = "application/octet-stream";

export type FileProblem = "empty" | "too-large" | "type" | "name" | "too-many" | "unreadable";

/** As in the table; undefined where files of this type may not go along. */
function mediaTypeOf(file: File): string | undefined {
  const type = file.type.split(";")[0] || WHATEVER;
  return mediaTypes.includes(type) ? type : undefined;
}

/** Of one file. */
export function bytesMost(server: Limits | undefined): number {
  return Math.min(limits.attachmentBytes, Number(server?.attachment ?? limits.attachmentBytes));
}

/** Why a file can't go along with those that do already; undefined where it can. */
export function fileProblem(
  file: File,
  already: number,
  server: Limits | undefined,
): FileProblem | undefined {
  if (already >= Math.min(limits.attachments, server?.attachments ?? limits.attachments)) return "too-many";
  if (file.size === 0) return "empty";
  if (file.size > bytesMost(server)) return "too-large";
  if (new TextEncoder().encode(file.name).length > limits.fileName) return "name";
  return mediaTypeOf(file) === undefined ? "type" : undefined;
}

/** Reads the file, and takes its digest. Rejects where it can't be read any more. */
export async function attach(file: File): Promise<AttachedFile> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const attachment = create(AttachmentSchema, {
    id: newId(),
    sha256: await sha256(bytes),
    size: BigInt(bytes.length),
    mediaType: mediaTypeOf(file) ?? WHATEVER,
    name: file.name.normalize("NFC"),
  });
  return { attachment, bytes };
}
