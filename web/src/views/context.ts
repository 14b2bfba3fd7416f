/* What every view has at hand. */
import { createContext, useContext, useEffect, useState } from "react";
import type { AppState } from "../session/app";
import { OtherLog } from "../session/session";
import { useObservable } from "../session/observable";
import { Lost, Refusal } from "../wire/wire";
import type { Words } from "../words/words";

export const AppContext = createContext<AppState | undefined>(undefined);

export function useApp(): AppState {
  return useObservable(useContext(AppContext)!);
}

export function useWords(): Words {
  return useApp().words;
}

/** It helps to load the page again, and the sentence says so: it is not the server's page, or something in it broke. */
export function wantsReload(why: unknown): boolean {
  return why instanceof Refusal ? why.code === "wrong-version" : !(why instanceof Lost);
}

/** Refusals of what bears a wrong time. */
const CLOCK_CODES = ["clock-off", "dated-ahead"];

/** What went wrong, in one sentence: the server's own, the page's where it has one, else that the connection is lost. */
export function sentenceOf(words: Words, why: unknown): string {
  if (why instanceof OtherLog) return words.t("page.other-log");
  if (why instanceof Refusal && why.code === "wrong-version") return words.t("page.other-version");
  if (why instanceof Refusal && why.clocks !== undefined && CLOCK_CODES.includes(why.code))
    return words.t("page.clock-off", words.instant(why.clocks.own), words.instant(why.clocks.server));
  if (why instanceof Refusal) return words.find(`code.${why.code}`) ?? (why.message || why.code);
  if (why instanceof Lost) return words.t("page.no-connection");
  return words.t("page.went-wrong");
}

/**
 * Something that is asked for when the view opens, and again when `by` changes. A view shows what it has, a word that it is being
 * read, or why it could not be.
 */
export function useAsked<T>(
  ask: () => Promise<T>,
  by: unknown[],
): { value: T | undefined; failed: unknown; again: () => void } {
  const [state, setState] = useState<{ value: T | undefined; failed: unknown }>({
    value: undefined,
    failed: undefined,
  });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    ask().then(
      (value) => current && setState({ value, failed: undefined }),
      (failed: unknown) => current && setState({ value: undefined, failed }),
    );
    return () => {
      current = false;
    };
    // `ask` is made anew at each drawing; what it depends on stands in `by`.
  }, [...by, turn]);
  return { ...state, again: () => setTurn((n) => n + 1) };
}
