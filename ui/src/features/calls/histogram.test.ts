import { expect, test } from "vitest";

import type { CallHistogram } from "@/api/types";
import { ordered } from "@/components/brush-bars";
import { countedIn, stretchesOf } from "@/features/calls/histogram";
import { formatDay } from "@/lib/format";

const histogram = (change: Partial<CallHistogram>): CallHistogram => ({
  begins: "2026-11-26T12:00:00.000000Z",
  ends: "2026-11-26T16:00:00.000000Z",
  width_s: 3600,
  bars: [{ at: "2026-11-26T13:00:00.000000Z", ok: 5, failed: 2, cancelled: 0, refused: 1 }],
  from_sums: true,
  counted_back_to: null,
  ...change,
});

test("time without a call has its place too, and each stretch says where it ends", () => {
  const stretches = stretchesOf(histogram({}));
  expect(stretches.map((each) => each.values)).toEqual([
    [0, 0, 0, 0],
    [5, 2, 0, 1],
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ]);
  expect(stretches[1]).toMatchObject({ begins: "2026-11-26T13:00:00.000Z", ends: "2026-11-26T14:00:00.000Z" });
  expect(new Set(stretches.map((each) => each.title)).size).toBe(4);
});

test("what was counted is told with the time it was counted in", () => {
  const stretches = stretchesOf(histogram({}));
  expect(countedIn(histogram({}))).toEqual({ calls: 8, failed: 2, from: stretches[0]?.from, to: stretches[3]?.to });
});

test("what ends at midnight ends on the day that begins there", () => {
  const [begins, ends] = [new Date(2026, 10, 26, 23).toISOString(), new Date(2026, 10, 27).toISOString()];
  const [last] = stretchesOf(histogram({ begins, ends, bars: [] }));
  expect(last?.title).toBe(`${formatDay(begins)} 23:00 – ${formatDay(ends)} 00:00`);
});

test("a stretch may be dragged either way", () => {
  expect(ordered({ anchor: 7, head: 3 })).toEqual([3, 7]);
  expect(ordered({ anchor: 3, head: 7 })).toEqual([3, 7]);
});
