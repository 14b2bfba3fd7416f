/* What was opened: whose signature it has, whom it is about, what it says, what it rests on. */
import { useEffect, useRef } from "react";
import { Heading, InlineAlert, Paragraph } from "suomifi-ui-components";
import { State } from "../../../gen/lahetti/v1/bodies_pb";
import { BasisKind, CategorySchema, RoleSchema } from "../../../gen/lahetti/v1/common_pb";
import type { ClientIdentity } from "../../../gen/lahetti/v1/session_pb";
import type { Header } from "../../../gen/lahetti/v1/statement_pb";
import type { Opened } from "../../session/opened";
import { hasLife } from "../../trade/steps";
import { hex } from "../../wire/bytes";
import type { TextKey } from "../../words/words";
import { Body, languageName } from "../Body";
import { useApp, useWords } from "../context";
import { Named, Place } from "../names";
import { Facts } from "../parts";
import { Attachments } from "./Attachments";

export function OpenedView({ opened }: { opened: Opened }) {
  const app = useApp();
  const words = useWords();
  const { content, delivered } = opened;
  const heading = useRef<HTMLHeadingElement>(null);
  const notice = app.inbox.find(hex(content.delivery));
  // It comes in answer to a button that is gone by then.
  useEffect(() => heading.current?.focus(), []);

  return (
    <article className="opened">
      <Signature opened={opened} />
      {notice?.state === State.OPENED && hasLife(notice) && <p className="quiet">{words.t("note.opened")}</p>}
      <Heading variant="h2" ref={heading} tabIndex={-1} mt="m" mb="s">
        {words.t("page.receive.client")}
      </Heading>
      <Identity identity={content.identity} />
      {delivered !== undefined && (
        <>
          <Heading variant="h2" mt="l" mb="s">
            {words.t("page.receive.says")}
          </Heading>
          <Body kind={delivered.kind} bytes={delivered.body} header={delivered.header} />
          <Attachments delivery={content.delivery} attachments={delivered.header.attachments} />
          <Heading variant="h2" mt="l" mb="s">
            {words.t("page.receive.origin")}
          </Heading>
          <Origin header={delivered.header} author={content.authorName} />
        </>
      )}
    </article>
  );
}

/** Calm where all holds; not to be overlooked where it does not. */
function Signature({ opened }: { opened: Opened }) {
  const words = useWords();
  const { signed, receipt, delivered } = opened;
  return (
    <>
      {signed && receipt.ok && (
        <p className="holds">
          {words.t("page.receive.signature-holds")}{" "}
          <span className="quiet">
            {words.t(
              "page.receive.recorded",
              words.number(Number(receipt.number)),
              words.instant(receipt.timeUs),
            )}
          </span>
        </p>
      )}
      {!signed && (
        <div role="alert">
          <InlineAlert status="error" labelText={words.t("page.receive.signature-broken")} mb="m">
            {words.t(
              delivered === undefined ? "page.receive.unreadable.hint" : "page.receive.signature-broken.hint",
            )}
          </InlineAlert>
        </div>
      )}
      {!receipt.ok && (
        <div role="alert">
          <InlineAlert status="error" labelText={words.t("page.receive.receipt-broken")} mb="m">
            {words.code(receipt.code)}
          </InlineAlert>
        </div>
      )}
    </>
  );
}

function Identity({ identity }: { identity: ClientIdentity | undefined }) {
  const words = useWords();
  if (identity === undefined) return <Paragraph>{words.t("page.receive.no-identity")}</Paragraph>;
  const name = [identity.givenNames, identity.familyName].filter((part) => part !== "").join(" ");
  return (
    <Facts
      rows={[
        [words.t("page.receive.identity.name"), name],
        [words.t("page.receive.identity.code"), identity.personalIdentityCode],
        [words.t("page.receive.identity.birth-date"), words.date(identity.birthDate)],
        [
          words.t("page.receive.identity.language"),
          identity.language === "" ? "" : languageName(words.language, identity.language),
        ],
        [words.t("page.receive.identity.phone"), identity.phone],
        [words.t("page.receive.identity.email"), identity.email],
        [words.t("page.receive.identity.address"), identity.address],
      ]}
    />
  );
}

const BASES: Partial<Record<BasisKind, TextKey>> = {
  [BasisKind.OWN_REGISTER]: "page.receive.basis.own-register",
  [BasisKind.CONSENT]: "page.receive.basis.consent",
  [BasisKind.STATUTORY]: "page.receive.basis.statutory",
};

/** Who wrote it, when, what it tells of, and why it could be disclosed. */
function Origin({ header, author }: { header: Header; author: string }) {
  const words = useWords();
  const basis = header.basis;
  const plain = basis === undefined ? undefined : BASES[basis.kind];
  return (
    <Facts
      rows={[
        [
          words.t("page.receive.author"),
          <>
            {[author, words.of(RoleSchema, header.role)].filter((part) => part !== "").join(", ")}
            <br />
            <Place unit={header.unit} organisation={header.organisation} />
          </>,
        ],
        [words.t("page.receive.written"), words.instant(header.createdUs)],
        [
          words.t("page.receive.categories"),
          header.categories.map((category) => words.of(CategorySchema, category)).join(", "),
        ],
        [words.t("page.receive.basis"), plain === undefined ? "" : words.t(plain)],
        [words.t("page.receive.basis.section"), basis?.section ?? ""],
        [words.t("page.receive.basis.necessity"), basis?.necessity ?? ""],
        [
          words.t("page.receive.basis.decided-by"),
          basis === undefined || basis.decidedBy.length === 0 ? "" : <Named user={basis.decidedBy} />,
        ],
      ]}
    />
  );
}
