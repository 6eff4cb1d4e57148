import { expect, test } from "vitest";

import type { CostBucket } from "@/api/types";
import { callBars, drawnBy } from "@/features/calls/histogram";

test("one dimension is drawn by its own sums, several or none by all calls", () => {
  expect(drawnBy({ agent: "agt_1" })).toEqual({ by: "agent", value: "agt_1", exact: true });
  expect(drawnBy({})).toEqual({ by: "total", value: null, exact: true });
  expect(drawnBy({ agent: "agt_1", model: "gpt-4o" })).toEqual({ by: "total", value: null, exact: false });
  expect(drawnBy({ model: "gpt-4o", outcome: "error" })).toEqual({ by: "model", value: "gpt-4o", exact: false });
});

test("failed calls stand above those that went well, and other values are not counted", () => {
  const now = Date.parse("2026-11-26T12:30:00Z");
  const at = "2026-11-26T12:00:00.000000Z";
  const buckets = [{ at, value: "a", calls: 5, errors: 2 }, { at, value: "b", calls: 9, errors: 0 }] as CostBucket[];
  const bars = callBars(buckets, "a", "24h", now);
  expect(bars).toHaveLength(24);
  expect(bars[23]?.values).toEqual([3, 2]);
});
