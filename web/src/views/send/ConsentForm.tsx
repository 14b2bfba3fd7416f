/*
 * Taking a consent: to whom, what, what for, until when, and how the client gave it. Used by itself and on the way of a referral that
 * lacks one. The one who takes it is its witness unless somebody else is named.
 */
import { useRef, useState } from "react";
import { Button, Dropdown, DropdownItem } from "suomifi-ui-components";
import { missing, toBody, type FormState, type PlaceState } from "../../trade/forms";
import type { AttachedFile } from "../../trade/statement";
import { kindNamed, limits } from "../../trade/tables";
import { hex, own, unhex } from "../../wire/bytes";
import { daysLater, today } from "../../words/words";
import { useApp, useAsked, useWords } from "../context";
import { Form, type Draw, type FieldProps } from "../Form";
import { FormEnd } from "../parts";
import { PartyPicker, PlaceName } from "../RecipientPicker";
import { Files, Sending } from "./Files";
import { Restored } from "./Proved";
import { Removable } from "./Recipients";
import { focusWrong } from "../focusWrong";
import { useDraft } from "./useDraft";
import { useSending, type Sent } from "./useSending";

/** Asked for elsewhere: a consent for one document needs that document first. */
const HIDDEN = ["document"];
const USUAL_DAYS = 365;

interface Props {
  client: string;
  caseId: string;
  /** What the page knows already. */
  known: FormState;
  onAccepted: (sent: Sent) => void;
  onCancel: () => void;
}

export function ConsentForm({ client, caseId, known, onAccepted, onCancel }: Props) {
  const app = useApp();
  const words = app.words;
  const kind = kindNamed("consent");
  const draft = useDraft<FormState>(`consent:${caseId}`, {
    from: today(),
    until: daysLater(today(), USUAL_DAYS),
    witness: hex(app.session.who!.user),
    ...known,
  });
  const [scans, setScans] = useState<readonly AttachedFile[]>([]);
  const [tried, setTried] = useState(false);
  const sending = useSending(`consent:${caseId}`, (sent) => {
    draft.drop();
    onAccepted(sent);
  });
  const form = useRef<HTMLFormElement>(null);

  const [scan] = scans;
  // A scan does not survive a reload: only one that is here counts.
  const { scan: _, ...rest } = draft.state;
  const state: FormState = scan === undefined ? rest : { ...rest, scan: hex(scan.attachment.id) };

  async function send() {
    setTried(true);
    if (missing(kind, state, HIDDEN).length > 0) {
      return focusWrong(form.current);
    }
    // The same scan, chosen again, is another attachment by its identifier alone.
    const what = JSON.stringify([rest, scan === undefined ? "" : hex(scan.attachment.sha256)]);
    await sending.send(what, () => {
      const body = toBody(kind, state);
      const attached = "scan" in body && scan !== undefined ? [scan] : [];
      return {
        kind,
        body,
        client: unhex(client),
        caseId: unhex(caseId),
        files: attached,
      };
    });
  }

  const draw: Record<string, Draw> = {
    parties: (field) => <Parties field={field} />,
    user: (field) => <Witness field={field} />,
    scan: (field) => (
      <Files label={field.label} files={scans} onChange={setScans} single error={field.error} />
    ),
  };

  return (
    <form
      ref={form}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
    >
      <Restored at={draft.restored} />
      <Form kind={kind} state={state} onChange={draft.set} tried={tried} hide={HIDDEN} draw={draw} />
      <FormEnd
        why={sending.why}
        busy={sending.busy}
        does={words.t("page.send.consent.record")}
        leave={() => {
          draft.drop();
          onCancel();
        }}
      >
        <Sending {...sending.progress} />
      </FormEnd>
    </form>
  );
}

function key(place: PlaceState): string {
  return `${place.organisation} ${place.unit} ${place.role} ${place.user}`;
}

function Parties({ field }: { field: FieldProps }) {
  const words = useWords();
  const chosen = (field.value ?? []) as PlaceState[];
  const [adding, setAdding] = useState(false);
  return (
    <div role="group" aria-label={field.label}>
      <p className="label">
        <strong>{field.label}</strong>
      </p>
      <ul className="listed">
        {chosen.map((party) => (
          <Removable key={key(party)} remove={() => field.set(chosen.filter((one) => one !== party))}>
            <PlaceName place={party} />
          </Removable>
        ))}
      </ul>
      {chosen.length === 0 || adding ? (
        <PartyPicker
          label={words.t(chosen.length === 0 ? "page.send.consent.party" : "page.send.consent.next-party")}
          value={undefined}
          error={field.error}
          onChange={(party) => {
            setAdding(false);
            if (party !== undefined && !chosen.some((one) => key(one) === key(party)))
              field.set([...chosen, party]);
          }}
        />
      ) : (
        chosen.length < limits.list && (
          <Button type="button" variant="secondary" onClick={() => setAdding(true)}>
            {words.t("page.send.consent.next-party")}
          </Button>
        )
      )}
    </div>
  );
}

/** Somebody of one's own unit. */
function Witness({ field }: { field: FieldProps }) {
  const app = useApp();
  const unit = app.session.acting!.unit;
  const who = app.session.who!;
  const { value } = useAsked(async () => app.directory.members(own(unit)), [hex(unit)]);
  const people = new Map([[hex(who.user), who.userName]]);
  for (const { user } of value ?? []) people.set(hex(user.id), user.name);
  return (
    <Dropdown
      labelText={field.label}
      {...(field.hint !== undefined && { hintText: field.hint })}
      {...(field.error !== undefined && { status: "error" as const, statusText: field.error })}
      value={typeof field.value === "string" && people.has(field.value) ? field.value : hex(who.user)}
      onChange={(user: string) => field.set(user)}
      fullWidth
    >
      {[...people].map(([user, name]) => (
        <DropdownItem key={user} value={user}>
          {name}
        </DropdownItem>
      ))}
    </Dropdown>
  );
}
