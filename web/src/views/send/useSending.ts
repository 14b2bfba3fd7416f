/*
 * Signing and sending one statement from a view. A try whose answer was not heard is sent again as it was signed, so that it is
 * accepted once; and nobody is told that it was accepted before its receipt was checked here.
 */
import { useEffect } from "react";
import { useObservable } from "../../session/observable";
import type { Draft } from "../../trade/statement";
import { useApp } from "../context";
import { send, sendingsOf, type SendingState, type Sent } from "./sendings";

export type { Proof, Sent } from "./sendings";

export interface Sending extends Pick<SendingState, "busy" | "progress" | "why"> {
  /** `what` tells one draft from another. False where it was refused or lost: `why` has the reason. */
  send: (what: string, draft: () => Draft) => Promise<boolean>;
}

/**
 * `name` is the draft's, which is dropped when it was accepted. onSent is called once, also where it was accepted while the view was
 * elsewhere: then when it comes back, or with `above` at once, where what shows it stands above the view.
 */
export function useSending(name: string, onSent: (sent: Sent) => void, above = false): Sending {
  const app = useApp();
  const sendings = useObservable(sendingsOf(app.session.device));
  const { busy, progress, why, sent } = sendings.find(name);

  useEffect(() => sendings.show(name), [sendings, name]);
  useEffect(() => {
    if (busy || sent === undefined) return;
    sendings.forget(name);
    onSent(sent);
    // `onSent` is made anew at each drawing.
  }, [sendings, name, busy, sent]);

  return {
    busy,
    progress,
    why,
    send: async (what, draft) => {
      if (sendings.find(name).busy) return true;
      await send(app, name, what, draft());
      const now = sendings.find(name);
      if (above && now.sent !== undefined && !sendings.shown.get(name)) {
        sendings.forget(name);
        onSent(now.sent);
      }
      return now.why === undefined;
    },
  };
}
