import { expect, test } from "vitest";

import { costParts, shareOf, wasted } from "@/components/cost-split";

test("classes stand in one order, and those without money not at all", () => {
  expect(costParts({ failed: 3, duplicate: 0, useful: 1 }).map((part) => part.name)).toEqual(["useful", "failed"]);
});

test("a share of nothing is nothing", () => {
  expect(shareOf(0, 0)).toBe("0%");
  expect(shareOf(1, 6)).toBe("17%");
});

test("what came to nothing is counted of calls, as the day's sum is, and seats that waited stand beside it", () => {
  expect(wasted({ totals: { waste_nano: 70 }, ledger_nano: 200, seats_nano: 30 })).toEqual({ nano: 40, of: 200, seats: 30 });
});
