import { expect, test } from "vitest";

import { raised } from "@/features/needs/budget-need";

test("half as much again is offered, in whole cents, and always more than now", () => {
  expect(raised(2_000_000_000)).toBe(3_000_000_000);
  expect(raised(1)).toBe(10_000_001);
  expect(raised(0)).toBe(10_000_000);
});
