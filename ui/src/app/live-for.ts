import type { QueryClient } from "@tanstack/react-query";

import { LiveStream } from "@/api/live";
import { patchStatuses, statusesIn } from "@/api/patch-status";
import { refresherFor } from "@/api/refresh";
import { sessionKeys } from "@/api/session";
import { showMoveTold } from "@/features/tasks/show-move";

/** The page's one event stream, which keeps every cached answer fresh once it is started. */
export function liveFor(client: QueryClient): LiveStream {
  const readAgain = () => {
    // An answer that is under way may be from before the stream: invalidating does not ask for a first one again.
    const underWay = client.getQueryCache().findAll({ fetchStatus: "fetching", predicate: (query) => query.state.data === undefined });
    void client.invalidateQueries();
    for (const { promise, queryKey } of underWay) {
      void promise?.catch(() => undefined).then(() => client.invalidateQueries({ queryKey, exact: true }));
    }
  };
  const stream = new LiveStream("/api/v1/events", readAgain, () => void client.invalidateQueries({ queryKey: sessionKeys.all }));
  const refresher = refresherFor(client);
  stream.listen((event) => {
    patchStatuses(client, statusesIn(event));
    showMoveTold(client, event);
    refresher.hear(event);
  });
  return stream;
}
