/* What a document and its attachments tell of the client: the recipients may get no other kinds of data. */
import { Checkbox, CheckboxGroup } from "suomifi-ui-components";
import { CategorySchema } from "../../../gen/lahetti/v1/common_pb";
import type { AttachedFile } from "../../trade/statement";
import { useWords } from "../context";
import { Files, type FilesChange } from "./Files";

interface Props {
  categories: readonly number[];
  onCategories: (categories: number[]) => void;
  files: readonly AttachedFile[];
  onFiles: (change: FilesChange) => void;
  error: string | undefined;
}

export function TellsPart({ categories, onCategories, files, onFiles, error }: Props) {
  const words = useWords();
  return (
    <>
      <div className="field">
        <CheckboxGroup
          labelText={words.t("page.send.tells")}
          groupHintText={words.t("page.send.tells.hint")}
          {...(error !== undefined && { groupStatus: "error" as const, groupStatusText: error })}
        >
          {CategorySchema.values
            .filter(({ number }) => number !== 0)
            .map(({ number }) => (
              <Checkbox
                key={number}
                checked={categories.includes(number)}
                onClick={({ checkboxState }) =>
                  onCategories(
                    checkboxState ? [...categories, number] : categories.filter((one) => one !== number),
                  )
                }
              >
                {words.of(CategorySchema, number)}
              </Checkbox>
            ))}
        </CheckboxGroup>
      </div>
      <Files label={words.t("page.receive.attachments")} files={files} onChange={onFiles} />
      <p className="quiet">{words.t("page.send.files.not-kept")}</p>
    </>
  );
}
