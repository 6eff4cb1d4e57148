import { expect, test } from "vitest";

import type { Budget } from "@/api/types";
import { dayBudget, lasts } from "@/features/now/day-budget";

const NOON = Date.parse("2026-11-26T12:00:00Z");

const budget = (change: Partial<Budget> = {}, remaining = 6): Budget =>
  ({
    scope_kind: "workspace",
    window: "day",
    mode: "hard",
    amount_nano: 12,
    windows: [{ value: "", run_id: null, begins_at: null, ends_at: "2026-11-27T00:00:00Z", spent_nano: 12 - remaining, held_nano: 0, remaining_nano: remaining, percent: 50 }],
    ...change,
  }) as Budget;

test("the tightest hard budget of the whole workspace for a day is the day's", () => {
  const tightest = budget({ amount_nano: 5 });
  expect(dayBudget([budget(), tightest, budget({ amount_nano: 1, mode: "warn" }), budget({ amount_nano: 1, scope_kind: "agent" }), budget({ amount_nano: 1, window: "month" })])).toBe(tightest);
  expect(dayBudget<Budget>([])).toBeUndefined();
});

test("what is left lasts as long as it takes to spend it at the last hour's pace", () => {
  expect(lasts(budget({}, 6), 3, NOON)).toEqual({ kind: "until", at: NOON + 2 * 3_600_000 });
});

test("what lasts longer than the day lasts the day; what is used up says so; without spending nothing is foretold", () => {
  expect(lasts(budget({}, 6), 0.5, NOON)).toEqual({ kind: "day" });
  expect(lasts(budget({}, 0), 3, NOON)).toEqual({ kind: "used" });
  expect(lasts(budget({}, 6), 0, NOON)).toBeUndefined();
});
