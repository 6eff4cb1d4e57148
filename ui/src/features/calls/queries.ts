import type { QueryClient } from "@tanstack/react-query";

import { agentNamesQuery } from "@/api/agents";
import { callListQuery, histogramQuery, newestCallsQuery } from "@/api/calls";
import { costsQuery } from "@/api/costs";
import { providersQuery } from "@/api/providers";
import { warm } from "@/api/warm";
import { isPhone } from "@/lib/phone";
import { dayStart, WINDOW_MS } from "@/lib/search";

/** So many of the newest are looked at for those that the list has not yet. */
export const TAIL = 100;

/** So many bars say when calls were. */
export const barsOn = (phone: boolean): number => (phone ? 40 : 80);

/** The models of the last month. */
export const seenModelsQuery = (now: number) => costsQuery({ by: "model", grain: "day", from: new Date(dayStart(now) - WINDOW_MS["30d"]).toISOString() });

/** Asks at once for all that Calls shows without a filter. */
export function warmCalls(client: QueryClient): void {
  warm(
    // As the newest too: those that end before the page stands make them stale, and are asked for when it does.
    client.infiniteQuery(callListQuery({})).then(({ pages: [first] }) => client.setQueryData(newestCallsQuery({}, TAIL).queryKey, first)),
    client.query(histogramQuery({}, barsOn(isPhone()))),
    client.query(agentNamesQuery),
    client.query(providersQuery),
    client.query(seenModelsQuery(Date.now())),
  );
}
