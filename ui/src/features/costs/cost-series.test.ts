import { expect, test } from "vitest";

import type { CostBucket } from "@/api/types";
import { windowStart } from "@/components/time-bars";
import { chartOf, rowsOf } from "@/features/costs/cost-series";

const NOW = Date.parse("2026-11-23T15:30:00Z");
const bucket = (at: string, value: string, cost_nano: number, calls = 1): CostBucket => ({
  at,
  value,
  label: value,
  calls,
  errors: 0,
  input_tokens: 10,
  output_tokens: 1,
  cache_read_tokens: 0,
  cost_nano,
  unpriced_calls: 0,
  estimated_calls: 0,
  cache_hits: 0,
  cache_saved_nano: 0,
  prompt_saved_nano: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
  cancelled: 0,
  refused: 0,
});

test("today begins at midnight UTC and has a bar for each hour that has begun", () => {
  expect(new Date(windowStart("today", NOW)).toISOString()).toBe("2026-11-23T00:00:00.000Z");
  expect(chartOf([], [], "today", NOW).bars).toHaveLength(16);
});

test("a window of 24 hours begins at a full hour and has 24 bars, also for hours without calls", () => {
  expect(new Date(windowStart("24h", NOW)).toISOString()).toBe("2026-11-22T16:00:00.000Z");
  const { bars } = chartOf([], [], "24h", NOW);
  expect(bars).toHaveLength(24);
  expect(bars.at(-1)?.at).toBe("2026-11-23T15:00:00.000Z");
});

test("rows add up a value's buckets, dearest first, and name what has no name", () => {
  const rows = rowsOf([bucket("2026-11-23T14:00:00.000000Z", "a", 1), bucket("2026-11-23T15:00:00.000000Z", "a", 2), bucket("2026-11-23T15:00:00.000000Z", "", 9)], "No agent");
  expect(rows.map((row) => [row.name, row.cost_nano, row.calls])).toEqual([
    ["No agent", 9, 1],
    ["a", 3, 2],
  ]);
});

test("all but the dearest are gathered as others, and no cost is lost", () => {
  const buckets = Array.from({ length: 9 }, (_, at) => bucket("2026-11-23T15:00:00.000000Z", `m${at}`, at + 1));
  const { series, bars } = chartOf(buckets, rowsOf(buckets, ""), "24h", NOW);
  expect(series.map((each) => each.name)).toEqual(["m8", "m7", "m6", "m5", "m4", "Others"]);
  expect(bars.at(-1)?.values.reduce((a, b) => a + b, 0)).toBe(45);
});
