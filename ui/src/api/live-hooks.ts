import { createContext, useContext, useSyncExternalStore } from "react";

import type { LiveState, LiveStream } from "@/api/live";

export const LiveContext = createContext<LiveStream | null>(null);

const nothing = () => () => undefined;

export function useLiveState(): LiveState {
  const stream = useContext(LiveContext);
  return useSyncExternalStore(stream?.watch ?? nothing, () => stream?.state ?? "connecting");
}
