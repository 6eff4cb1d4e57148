import type { QueryClient } from "@tanstack/react-query";

import { urgentAgentsQuery } from "@/api/agents";
import { newestCallsQuery } from "@/api/calls";
import { budgetsQuery } from "@/api/caps";
import { costsQuery, doneQuery, wasteQuery } from "@/api/costs";
import { needsQuery } from "@/api/needs";
import { healthQuery } from "@/api/routes";
import { warm } from "@/api/warm";
import { windowStart } from "@/components/time-bars";
import { MINUTES } from "@/features/now/minutes";
import { midnightUtc } from "@/lib/search";

const MINUTE = 60_000;
/** So many calls are shown. */
export const LATEST = 6;

const since = (instant: number) => new Date(instant).toISOString();

/** What was spent in the last hour, this minute being its last: as the page of costs counts it. */
export const lastHourQuery = (minute: number) => costsQuery({ by: "total", grain: "minute", from: since(windowStart("1h", minute)) });

export const dayQuery = (midnight: string) => costsQuery({ by: "total", grain: "day", from: midnight });

/** When the minutes began of which it is shown how busy each agent was. Pure. */
export const lastMinutesFrom = (minute: number): string => since(minute - (MINUTES - 1) * MINUTE);

/** How busy each agent was, by the minute. */
export const lastMinutesQuery = (minute: number) => costsQuery({ by: "agent", grain: "minute", from: lastMinutesFrom(minute) });

/** Asks for all that Now shows at once: its parts would only ask when the list of agents is there. */
export function warmNow(client: QueryClient): void {
  const now = Date.now();
  const minute = now - (now % MINUTE);
  const midnight = midnightUtc(now);
  warm(
    client.query(urgentAgentsQuery),
    client.infiniteQuery(needsQuery),
    client.query(lastMinutesQuery(minute)),
    client.query(newestCallsQuery({}, LATEST)),
    client.query(lastHourQuery(minute)),
    client.query(dayQuery(midnight)),
    client.query(wasteQuery(midnight)),
    client.query(doneQuery(midnight)),
    client.query(budgetsQuery),
    client.query(healthQuery),
  );
}
