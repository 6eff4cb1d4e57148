import { useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useEffect, useState } from "react";

import { LiveStream } from "@/api/live";
import { LiveContext } from "@/api/live-hooks";
import { patchStatuses, statusesIn } from "@/api/patch-status";
import { refresherFor } from "@/api/refresh";
import { sessionKeys } from "@/api/session";
import { showMoveTold } from "@/features/tasks/show-move";

/** Opens the page's one event stream and keeps every cached answer fresh by it. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [stream] = useState(() => new LiveStream("/api/v1/events", () => void client.invalidateQueries(), () => void client.invalidateQueries({ queryKey: sessionKeys.all })));
  useEffect(() => {
    const refresher = refresherFor(client);
    const stopListening = stream.listen((event) => {
      patchStatuses(client, statusesIn(event));
      showMoveTold(client, event);
      refresher.hear(event);
    });
    stream.start();
    return () => {
      stopListening();
      refresher.stop();
      stream.stop();
    };
  }, [client, stream]);
  return <LiveContext value={stream}>{children}</LiveContext>;
}
