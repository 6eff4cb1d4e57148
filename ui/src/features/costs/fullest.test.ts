import { expect, test } from "vitest";

import { fullest } from "@/features/costs/fullest";

const window = (percent: number) => ({ begins_at: null, ends_at: null, held_nano: 0, percent, remaining_nano: 0, run_id: null, spent_nano: 0, value: "" });

test("of several windows the one nearest its cap is told", () => {
  expect(fullest({ windows: [window(10), window(90), window(40)] })?.percent).toBe(90);
});

test("a budget nothing was spent of has no window yet", () => {
  expect(fullest({ windows: [] })).toBeUndefined();
});
