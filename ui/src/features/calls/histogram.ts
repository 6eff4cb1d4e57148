import type { CostBy } from "@/api/costs";
import type { CostBucket } from "@/api/types";
import type { Bar } from "@/components/stacked-bars";
import { emptyBars } from "@/components/time-bars";
import type { CallsSearch } from "@/features/calls/search";
import type { Window } from "@/lib/search";

const DIMENSIONS = ["agent", "task", "run", "model", "provider"] as const;

/** By which sum of the ledger a filter can be drawn without reading calls: one dimension at a time. Pure. */
export function drawnBy(search: CallsSearch): { by: CostBy; value: string | null; exact: boolean } {
  const asked = DIMENSIONS.filter((name) => search[name]);
  const others = Boolean(search.q ?? search.outcome ?? search.conversation ?? search.unclaimed ?? search.mark);
  const [only] = asked;
  if (only && asked.length === 1) return { by: only, value: search[only] ?? null, exact: !others };
  return { by: "total", value: null, exact: asked.length === 0 && !others };
}

/** Calls of each stretch of time, those that went well below those that did not. Pure. */
export function callBars(buckets: CostBucket[], value: string | null, window: Window, now: number): Bar[] {
  const bars = emptyBars(window, now, 2);
  const byAt = new Map(bars.map((bar) => [Date.parse(bar.at), bar]));
  for (const bucket of buckets) {
    const bar = byAt.get(Date.parse(bucket.at));
    if (!bar || (value !== null && bucket.value !== value)) continue;
    bar.values = [(bar.values[0] ?? 0) + bucket.calls - bucket.errors, (bar.values[1] ?? 0) + bucket.errors];
  }
  return bars;
}
