import { expect, test } from "vitest";

import type { CostBucket } from "@/api/types";
import { callsByMinute } from "@/features/now/minutes";

const bucket = (minute: string, calls: number): CostBucket => ({ at: `2026-11-23T10:${minute}:00.000000Z`, value: "agt_1", calls }) as CostBucket;

test("each of the last ten minutes has its place, and what is older has none", () => {
  const until = Date.parse("2026-11-23T10:20:00.000Z");
  const found = callsByMinute({ others: [], buckets: [bucket("09", 9), bucket("11", 1), bucket("20", 3)], totals: {} as never }, until);
  expect(found.get("agt_1")).toEqual([1, 0, 0, 0, 0, 0, 0, 0, 0, 3]);
});
