/* What is addressed to those who receive: the list, and one delivery of it. Loaded when it is first gone to. */
import "../send/send.css";
import "./receive.css";
import { Delivery } from "./Delivery";
import { InboxList, readPlace } from "./InboxList";

export default function Receive({ rest }: { rest: string[] }) {
  const place = readPlace(rest);
  if (place !== undefined) return <InboxList {...place} />;
  // Another delivery is another view: nothing of the one before stays in it.
  return <Delivery key={rest[0]} id={rest[0] ?? ""} />;
}
