/* Files that are to go along with what is being written. A draft keeps their names alone. */
import { useRef, useState } from "react";
import type { AttachedFile } from "../../trade/statement";
import type { FilesChange } from "./Files";

export interface AttachedFiles {
  files: readonly AttachedFile[];
  onFiles: (change: FilesChange) => void;
  /** Names of files that the draft had and that are not here any more. */
  lost: string[];
}

export function useFiles(kept: readonly string[], onNames: (names: string[]) => void): AttachedFiles {
  const [files, setFiles] = useState<readonly AttachedFile[]>([]);
  const newest = useRef(files);
  return {
    files,
    onFiles: (change) => {
      newest.current = change(newest.current);
      setFiles(newest.current);
      onNames(newest.current.map(({ attachment }) => attachment.name));
    },
    lost: kept.filter((name) => !files.some(({ attachment }) => attachment.name === name)),
  };
}
