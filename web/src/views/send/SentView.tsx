/* One thing that one's unit sent: how it goes on, step by step, what its sender may do about it, and what it says. */
import { useState } from "react";
import { create } from "@bufbuild/protobuf";
import { Heading, InlineAlert } from "suomifi-ui-components";
import { State } from "../../../gen/lahetti/v1/bodies_pb";
import { ReferenceSchema, type Reference } from "../../../gen/lahetti/v1/common_pb";
import { ReadTimelineSchema, type Status } from "../../../gen/lahetti/v1/session_pb";
import { useObservable } from "../../session/observable";
import { readKept, type Kept } from "../../trade/consents";
import { placeOf } from "../../trade/forms";
import { kindNamed } from "../../trade/tables";
import { hex, sha256, unhex } from "../../wire/bytes";
import { Body } from "../Body";
import { useApp, useAsked, useWords } from "../context";
import { useKindName } from "../names";
import { Busy, Facts, Failure, View } from "../parts";
import { Attachments } from "../receive/Attachments";
import { PlaceName } from "../RecipientPicker";
import { href } from "../routes";
import { CategorySchema } from "../../../gen/lahetti/v1/common_pb";
import { ClientName, WithClient } from "./Identity";
import { SenderSteps } from "./SenderSteps";
import { Course } from "./Course";

interface Read {
  kept: Kept;
  reference: Reference;
}

export function SentView({ statement }: { statement: string }) {
  const app = useApp();
  const words = app.words;
  const kindName = useKindName();
  const { value, failed, again } = useAsked(async (): Promise<Read | undefined> => {
    const kept = await readKept(app.session, unhex(statement));
    if (kept === undefined) return undefined;
    const reference = create(ReferenceSchema, { id: unhex(statement), sha256: await sha256(kept.payload) });
    return { kept, reference };
  }, [statement]);
  const title =
    value === undefined
      ? words.t("page.receive.delivery")
      : kindName(value.kept.delivered.kind.number, value.kept.delivered.header.organisation);
  return (
    <View title={title}>
      <p className="back">
        <a href={href("sent")}>{words.t("page.send.back-to-sent")}</a>
      </p>
      <Failure why={failed} again={again} />
      {value === undefined && failed === undefined && <Busy text={words.t("page.reading")} />}
      {value !== undefined && <Inside read={value} />}
    </View>
  );
}

function Inside({ read }: { read: Read }) {
  const app = useApp();
  const words = app.words;
  const { kept, reference } = read;
  const { header, kind, body } = kept.delivered;
  const statement = hex(reference.id);
  const client = hex(header.client);
  const sent = useObservable(app.sent);
  const statuses = sent.of(statement);
  const isDelivered = header.recipients.length > 0;
  // Whatever changes is told unasked; what is open then, and how it came to it, is asked for.
  const position = statuses.map((status) => status.position).reduce((a, b) => (a > b ? a : b), 0n);
  const [turn, setTurn] = useState(0);
  const course = useAsked(async () => {
    if (!isDelivered) return undefined;
    await app.sent.look(statement);
    return app.session.ask(
      { case: "readTimeline", value: create(ReadTimelineSchema, { statement: reference.id }) },
      "timeline",
    );
  }, [statement, String(position), turn]);

  return (
    <>
      <WithClient
        client={client}
        then={() => (
          <p>
            <a href={href("clients", client, hex(header.caseId))}>
              <ClientName client={client} />
            </a>
          </p>
        )}
      />
      {!kept.signed && (
        <InlineAlert status="error" labelText={words.t("page.receive.signature-broken")} mb="m">
          {words.t("page.receive.signature-broken.hint")}
        </InlineAlert>
      )}
      {isDelivered && (
        <>
          {statuses.map((status) => (
            <Asked key={hex(status.delivery)} status={status} />
          ))}
          <SenderSteps statuses={statuses} reference={reference} taken={() => setTurn((n) => n + 1)} />
        </>
      )}
      <Heading variant="h2" mt="l" mb="s">
        {words.t("page.send.course")}
      </Heading>
      <Failure why={course.failed} again={course.again} />
      {isDelivered && course.value === undefined && course.failed === undefined && (
        <Busy text={words.t("page.reading")} />
      )}
      <Course kept={kept} timeline={course.value} statuses={statuses} />
      {kind.number === kindNamed("consent").number && (
        <p>
          <a href={href("withdraw", statement)}>{words.t("page.send.withdraw")}</a>
        </p>
      )}
      <Heading variant="h2" mt="l" mb="s">
        {words.t("page.receive.says")}
      </Heading>
      <Facts
        rows={[
          [words.t("page.receive.author"), kept.authorName],
          [
            words.t("page.receive.to"),
            header.recipients.length === 0
              ? ""
              : header.recipients.map((recipient, n) => (
                  <div key={n}>
                    <PlaceName place={placeOf(recipient)} />
                  </div>
                )),
          ],
          [words.t("page.receive.deadline-label"), words.date(header.deadline)],
          [
            words.t("page.receive.categories"),
            header.categories.map((category) => words.of(CategorySchema, category)).join(", "),
          ],
        ]}
      />
      <Body kind={kind} bytes={body} header={header} />
      <Attachments statement={reference.id} attachments={header.attachments} />
    </>
  );
}

/** A question waits in the inbox. */
function Asked({ status }: { status: Status }) {
  const words = useWords();
  if (status.state !== State.INFORMATION_REQUESTED) return null;
  return (
    <InlineAlert status="warning" mb="m">
      {words.t("page.send.asked")} <a href={href("inbox")}>{words.t("page.send.asked.to-inbox")}</a>
    </InlineAlert>
  );
}
