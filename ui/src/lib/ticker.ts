import { useCallback, useSyncExternalStore } from "react";

/** One timer for every ticking time of the page; it stops when nobody looks. */
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => listeners.forEach((tell) => tell()), 1_000);
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** A text that depends on the time of day. The component renders again only when the text differs. */
export function useTicking(show: (now: number) => string): string {
  return useSyncExternalStore(
    subscribe,
    useCallback(() => show(Date.now()), [show]),
  );
}

const COARSE_MS = 5_000;

/** The beginning of the current stretch of `ms` milliseconds (UTC); the component renders again when the next begins. */
export function useFloor(ms: number): number {
  return useSyncExternalStore(subscribe, () => Math.floor(Date.now() / ms) * ms);
}

/** The time of day in steps of five seconds, for what depends on it without showing it. */
export const useCoarseNow = (): number => useFloor(COARSE_MS);
