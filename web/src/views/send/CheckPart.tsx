/* A last look at all that is about to be signed. */
import { toBinary } from "@bufbuild/protobuf";
import { Heading, InlineAlert } from "suomifi-ui-components";
import { BasisKindSchema, CategorySchema } from "../../../gen/lahetti/v1/common_pb";
import type { ClientEntry } from "../../../gen/lahetti/v1/session_pb";
import { clientName } from "../../session/clients";
import { toBody } from "../../trade/forms";
import { bodyOf, type AttachedFile } from "../../trade/statement";
import type { KindRow } from "../../trade/tables";
import { hex } from "../../wire/bytes";
import { Body } from "../Body";
import { useWords } from "../context";
import { Facts } from "../parts";
import { PlaceName } from "../RecipientPicker";
import { rightRows } from "./BasisPart";
import { sameAs } from "./Recipients";
import type { ReferState } from "./Refer";
import type { Coverage } from "./useCoverage";

interface Props {
  entry: ClientEntry;
  state: ReferState;
  kind: KindRow;
  files: readonly AttachedFile[];
  coverage: Coverage;
  /** Names of files that a draft had and that are not here any more. */
  lost: readonly string[];
}

export function CheckPart({ entry, state, kind, files, coverage, lost }: Props) {
  const words = useWords();
  const bases = [...new Set(coverage.viewers?.map(({ basis }) => basis).filter((basis) => basis !== 0))];
  return (
    <>
      {lost.length > 0 && (
        <InlineAlert status="warning" mb="m">
          {words.t("page.send.restored.files", lost.join(", "))}
        </InlineAlert>
      )}
      <Facts
        rows={[
          [
            words.t("page.send.client"),
            [clientName(entry), entry.identity?.personalIdentityCode].filter(Boolean).join(", "),
          ],
          [
            words.t("page.receive.to"),
            state.to.map((place) => (
              <div key={sameAs(place)}>
                <PlaceName place={place} />
              </div>
            )),
          ],
          [
            words.t("page.receive.deadline-label"),
            typeof state.deadline === "number" ? words.date(state.deadline) : "",
          ],
          [
            words.t("page.receive.categories"),
            state.categories.map((category) => words.of(CategorySchema, category)).join(", "),
          ],
          [words.t("page.receive.basis"), bases.map((basis) => words.of(BasisKindSchema, basis)).join(", ")],
          ...(coverage.right === undefined ? [] : rightRows(words, state.right)),
          [
            words.t("page.receive.attachments"),
            files.length === 0
              ? ""
              : files.map(({ attachment }) => (
                  <div key={hex(attachment.id)}>
                    {attachment.name} <span className="quiet">{words.size(Number(attachment.size))}</span>
                  </div>
                )),
          ],
        ]}
      />
      <Heading variant="h3" mb="s">
        {words.t("page.receive.says")}
      </Heading>
      <Body kind={kind} bytes={toBinary(bodyOf(kind), toBody(kind, state.form))} />
      <p className="quiet">{words.t("page.send.check.hint")}</p>
    </>
  );
}
