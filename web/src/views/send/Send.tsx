/* The views of those who send. Loaded when one of them is first gone to. */
import "../receive/receive.css";
import "./send.css";
import { AddClient } from "./AddClient";
import { ClientList } from "./ClientList";
import { ClientView } from "./ClientView";
import { ConsentView } from "./ConsentView";
import { Refer } from "./Refer";
import { SentList } from "./SentList";
import { SentView } from "./SentView";
import { Withdraw } from "./Withdraw";

export type SendPlace = "clients" | "refer" | "consent" | "sent" | "withdraw";

/** Another client or document is another view: nothing of the one before stays in it. */
export default function Send({ place, rest }: { place: SendPlace; rest: string[] }) {
  const [first = "", second = ""] = rest;
  const key = rest.join("/");
  switch (place) {
    case "clients":
      if (first === "") return <ClientList />;
      if (first === "add") return <AddClient />;
      return <ClientView key={key} client={first} caseId={second} />;
    case "consent":
      return <ConsentView key={key} client={first} caseId={second} />;
    case "refer":
      return <Refer key={key} client={first} caseId={second} />;
    case "sent":
      if (first === "" || first === "late" || first === "ended")
        return <SentList filter={first === "" ? "open" : first} />;
      return <SentView key={key} statement={first} />;
    case "withdraw":
      return <Withdraw key={key} consent={first} />;
  }
}
