import { expect, test } from "vitest";

import { offered, snoozeUntil } from "@/features/needs/snooze";

// A Wednesday afternoon.
const now = new Date(2026, 10, 25, 15, 20);

test.each([
  ["hour", new Date(2026, 10, 25, 16, 20)],
  ["evening", new Date(2026, 10, 25, 18)],
  ["tomorrow", new Date(2026, 10, 26, 9)],
  ["week", new Date(2026, 10, 30, 9)],
] as const)("put off for %s", (kind, until) => {
  expect(snoozeUntil(kind, now)).toEqual(until);
});

test("on a Monday, next Monday is a week away; in the evening, the evening is not offered", () => {
  expect(snoozeUntil("week", new Date(2026, 10, 30, 8))).toEqual(new Date(2026, 11, 7, 9));
  expect(offered(new Date(2026, 10, 25, 19))).toEqual(["hour", "tomorrow", "week"]);
});
