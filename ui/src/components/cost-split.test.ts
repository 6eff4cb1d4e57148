import { expect, test } from "vitest";

import { costParts, shareOf } from "@/components/cost-split";

test("classes stand in one order, and those without money not at all", () => {
  expect(costParts({ failed: 3, duplicate: 0, useful: 1 }).map((part) => part.name)).toEqual(["useful", "failed"]);
});

test("a share of nothing is nothing", () => {
  expect(shareOf(0, 0)).toBe("0%");
  expect(shareOf(1, 6)).toBe("17%");
});
