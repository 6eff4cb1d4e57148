import type { QueryClient } from "@tanstack/react-query";
import { useRouteContext } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useEffect } from "react";

import { LiveStream } from "@/api/live";
import { LiveContext } from "@/api/live-hooks";
import { patchStatuses, statusesIn } from "@/api/patch-status";
import { refresherFor } from "@/api/refresh";
import { sessionKeys } from "@/api/session";
import { showMoveTold } from "@/features/tasks/show-move";

/** The page's one event stream, which keeps every cached answer fresh once it is started. */
export function liveFor(client: QueryClient): LiveStream {
  const stream = new LiveStream("/api/v1/events", () => void client.invalidateQueries(), () => void client.invalidateQueries({ queryKey: sessionKeys.all }));
  const refresher = refresherFor(client);
  stream.listen((event) => {
    patchStatuses(client, statusesIn(event));
    showMoveTold(client, event);
    refresher.hear(event);
  });
  return stream;
}

/** The stream was started by the router, before anything was asked for; it ends with the frame. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const { live } = useRouteContext({ from: "__root__" });
  useEffect(() => {
    live.start();
    return () => live.stop();
  }, [live]);
  return <LiveContext value={live}>{children}</LiveContext>;
}
