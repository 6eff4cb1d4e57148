import { expect, test } from "vitest";

import { burnFilter, burnPoints, projected } from "@/features/costs/burn";

const HOUR = 3_600_000;
const BEGIN = Date.parse("2026-11-23T00:00:00Z");
const window = (spent: number) => ({
  begins_at: "2026-11-23T00:00:00Z",
  ends_at: "2026-11-24T00:00:00Z",
  spent_nano: spent,
  held_nano: 0,
  remaining_nano: 100 - spent,
  percent: spent,
  run_id: null,
  value: "",
});
const bucket = (hour: number, cost: number) => ({ at: new Date(BEGIN + hour * HOUR).toISOString(), cost_nano: cost });

test("what is left falls by what each hour cost, and ends at what the budget itself says", () => {
  const points = burnPoints([bucket(1, 10), bucket(3, 20)], "hour", window(35), 100, BEGIN + 3.5 * HOUR);
  expect(points.map((point) => [(point.at - BEGIN) / HOUR, point.left])).toEqual([
    [0, 100],
    [2, 90],
    [3.5, 65],
  ]);
});

test("a pace that uses up the cap before the window ends is told with its hour", () => {
  const points = burnPoints([bucket(0, 10), bucket(1, 10), bucket(2, 10), bucket(3, 10)], "hour", window(40), 100, BEGIN + 4 * HOUR);
  expect(projected(points, window(40).ends_at)).toEqual({ kind: "hit", at: BEGIN + 10 * HOUR });
});

test("a slow pace lasts the window and says what would be left", () => {
  const points = burnPoints([bucket(0, 1), bucket(1, 1), bucket(2, 1), bucket(3, 1)], "hour", window(4), 100, BEGIN + 4 * HOUR);
  expect(projected(points, window(4).ends_at)).toEqual({ kind: "lasts", left: 76 });
});

test("nothing is foretold where nothing was spent lately, and a full budget is used up", () => {
  expect(projected(burnPoints([bucket(0, 10)], "hour", window(10), 100, BEGIN + 20 * HOUR), window(10).ends_at)).toEqual({ kind: "steady" });
  expect(projected(burnPoints([bucket(0, 100)], "hour", window(100), 100, BEGIN + 2 * HOUR), window(100).ends_at)).toEqual({ kind: "used" });
});

test("the ledger is asked for the budget's own kind, and not where it keeps no sums of it", () => {
  expect(burnFilter({ scope_kind: "agent", scope_value: "agt_1" }, window(0))).toMatchObject({ by: "agent", value: "agt_1", grain: "hour" });
  expect(burnFilter({ scope_kind: "workspace", scope_value: "" }, window(0))).toMatchObject({ by: "total" });
  expect(burnFilter({ scope_kind: "agent", scope_value: "*" }, window(0))).toBeNull();
  expect(burnFilter({ scope_kind: "agent", scope_value: "*" }, { ...window(0), run_id: "run_1" })).toMatchObject({ by: "run", value: "run_1" });
});
