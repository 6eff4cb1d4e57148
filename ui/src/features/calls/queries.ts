import type { QueryClient } from "@tanstack/react-query";

import { agentNamesQuery } from "@/api/agents";
import { callListQuery, histogramQuery } from "@/api/calls";
import { costsQuery } from "@/api/costs";
import { providersQuery } from "@/api/providers";
import { isPhone } from "@/lib/phone";
import { WINDOW_MS } from "@/lib/search";

const DAY = 86_400_000;

/** So many bars say when calls were. */
export const barsOn = (phone: boolean): number => (phone ? 40 : 80);

/** The models of the last month. */
export const seenModelsQuery = (now: number) => costsQuery({ by: "model", grain: "day", from: new Date(Math.floor(now / DAY) * DAY - WINDOW_MS["30d"]).toISOString() });

/** Asks at once for all that Calls shows without a filter. What failed is asked again by whoever shows it. */
export function warmCalls(client: QueryClient): void {
  const asked = [
    client.infiniteQuery(callListQuery({})),
    client.query(histogramQuery({}, barsOn(isPhone()))),
    client.query(agentNamesQuery),
    client.query(providersQuery),
    client.query(seenModelsQuery(Date.now())),
  ];
  for (const each of asked) each.catch(() => undefined);
}
