import { createContext, useContext, useEffect, useRef, useSyncExternalStore } from "react";

import type { LiveEvent, LiveState, LiveStream } from "@/api/live";

export const LiveContext = createContext<LiveStream | null>(null);

const nothing = () => () => undefined;

export function useLiveState(): LiveState {
  const stream = useContext(LiveContext);
  return useSyncExternalStore(stream?.watch ?? nothing, () => stream?.state ?? "connecting");
}

/** Calls `listener` for every event while the component stands. */
export function useLiveEvents(listener: (event: LiveEvent) => void): void {
  const stream = useContext(LiveContext);
  const current = useRef(listener);
  useEffect(() => {
    current.current = listener;
  });
  useEffect(() => stream?.listen((event) => current.current(event)), [stream]);
}
