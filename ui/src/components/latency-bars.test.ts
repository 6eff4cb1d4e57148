import { expect, test } from "vitest";

import { placeOf, wholeBins } from "@/components/latency-bars";

const bin = (from_ms: number, calls: number) => ({ from_ms, to_ms: from_ms * 2, calls });

test("durations that no call took have their place between those that some did", () => {
  expect(wholeBins([bin(1, 3), bin(8, 1)]).map((each) => [each.from_ms, each.calls])).toEqual([
    [1, 3],
    [2, 0],
    [4, 0],
    [8, 1],
  ]);
  expect(wholeBins([{ from_ms: 0, to_ms: 1, calls: 2 }, bin(1, 1)])).toHaveLength(2);
  expect(wholeBins([])).toEqual([]);
});

test("a duration stands within the bin that holds it", () => {
  const bins = wholeBins([bin(1, 3), bin(8, 1)]);
  expect(placeOf(bins, 1.5)).toBeCloseTo(0.125);
  expect(placeOf(bins, 8)).toBeCloseTo(0.75);
  expect(placeOf(bins, 100)).toBeUndefined();
});
