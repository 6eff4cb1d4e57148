import type { Costs } from "@/api/types";

const MINUTE = 60_000;
export const MINUTES = 10;

/** Calls of each minute of the last ten, oldest first, by agent. Pure. */
export function callsByMinute(costs: Costs | undefined, until: number): Map<string, number[]> {
  const from = until - (MINUTES - 1) * MINUTE;
  const found = new Map<string, number[]>();
  for (const bucket of costs?.buckets ?? []) {
    const at = Math.round((Date.parse(bucket.at) - from) / MINUTE);
    if (at < 0 || at >= MINUTES) continue;
    const row = found.get(bucket.value) ?? Array.from({ length: MINUTES }, () => 0);
    row[at] = (row[at] ?? 0) + bucket.calls;
    found.set(bucket.value, row);
  }
  return found;
}
