/* What views look at and are told of when it changes. */
import { useSyncExternalStore } from "react";

export class Observable {
  private readonly watchers = new Set<() => void>();
  private version = 0;

  readonly watch = (watcher: () => void): (() => void) => {
    this.watchers.add(watcher);
    return () => this.watchers.delete(watcher);
  };
  readonly state = (): number => this.version;

  protected changed(): void {
    this.version++;
    for (const watcher of this.watchers) watcher();
  }
}

/** Draws the view again whenever the thing changes. */
export function useObservable<T extends Observable>(thing: T): T {
  useSyncExternalStore(thing.watch, thing.state);
  return thing;
}
