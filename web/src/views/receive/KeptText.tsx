/* The texts of a form that can't be sent now, to read and to copy. */
import { kindOfStep } from "../../trade/steps";
import { useWords } from "../context";
import { Facts } from "../parts";
import type { StepDraft } from "./Steps";

export function KeptText({ draft }: { draft: StepDraft }) {
  const words = useWords();
  const rows = (kindOfStep(draft.step)?.form ?? []).flatMap((row): [string, string][] => {
    const value = draft.state[row.field];
    return typeof value === "string" && value.trim() !== ""
      ? [[words.find(row.label) ?? row.field, value]]
      : [];
  });
  if (rows.length === 0) return null;
  return (
    <div className="kept">
      <p>{words.t("page.receive.kept")}</p>
      <Facts rows={rows.map(([label, text]) => [label, <span className="written">{text}</span>])} />
    </div>
  );
}
