/*
 * What is being written in a view, kept at each pause in typing, and taken up again where it was left. It is dropped when it has been
 * accepted or thrown away.
 */
import { useCallback, useEffect, useRef, useState } from "react";
import { useObservable } from "../../session/observable";
import { useApp } from "../context";

const PAUSE_MS = 500;

export interface DraftOf<T> {
  state: T;
  /** With the new state, or with what makes it of the newest. */
  set: (next: T | ((now: T) => T)) => void;
  /** When what is shown was saved, where it was taken up again (milliseconds). */
  restored: number | undefined;
  drop: () => void;
}

/** T is of JSON's types. */
export function useDraft<T>(name: string, initial: T): DraftOf<T> {
  const app = useApp();
  const drafts = useObservable(app.drafts);
  const found = drafts.find<T>(name);
  const [state, setState] = useState<T>(found?.content ?? initial);
  const [restored, setRestored] = useState(found?.savedAt);
  const newest = useRef(state);
  const touched = useRef(false);
  const waiting = useRef<T | undefined>(undefined);

  const save = useCallback(() => {
    if (waiting.current === undefined) return;
    void app.drafts.put(name, waiting.current, !app.passes);
    waiting.current = undefined;
  }, [app, name]);

  // Drafts come from the disk a moment after the session stands.
  useEffect(() => {
    if (found === undefined || touched.current || restored !== undefined) return;
    newest.current = found.content;
    setState(found.content);
    setRestored(found.savedAt);
  }, [found, restored]);

  useEffect(() => {
    if (waiting.current === undefined) return;
    const timer = setTimeout(save, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [state, save]);

  // Who goes elsewhere in between, or whose session ends, loses nothing.
  useEffect(() => save, [save]);
  useEffect(() => app.session.onEnding(save), [app, save]);

  return {
    state,
    set: (next) => {
      touched.current = true;
      newest.current = next instanceof Function ? next(newest.current) : next;
      waiting.current = newest.current;
      setState(newest.current);
    },
    restored,
    drop: () => {
      touched.current = true;
      waiting.current = undefined;
      setRestored(undefined);
      void app.drafts.drop(name);
    },
  };
}
