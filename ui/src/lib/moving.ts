/** A value outside of the page's parts, for `useSyncExternalStore`: only who watches it is rendered for it, however often it changes. */
export type Moving<T> = { get: () => T; set: (next: T) => void; subscribe: (listener: () => void) => () => void };

export function moving<T>(first: T): Moving<T> {
  let value = first;
  const listeners = new Set<() => void>();
  return {
    get: () => value,
    set: (next) => {
      value = next;
      listeners.forEach((tell) => tell());
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
