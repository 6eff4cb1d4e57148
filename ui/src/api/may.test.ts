import { expect, test } from "vitest";

import { may } from "@/api/may";

test.each([
  ["viewer", "work", false],
  ["reviewer", "work", false],
  ["reviewer", "review", true],
  ["operator", "operate", true],
  ["operator", "administer", false],
  ["admin", "administer", true],
] as const)("a %s and %s: %s", (role, act, allowed) => {
  expect(may(role, act)).toBe(allowed);
});
