import { expect, test } from "vitest";

import { isSettled } from "@/api/settled";

test("a part of the page is waited for until its answer is there, or will not be soon", () => {
  const asked = { isPending: true, failureCount: 0, fetchStatus: "fetching" } as const;
  expect(isSettled(asked)).toBe(false);
  expect(isSettled({ ...asked, isPending: false })).toBe(true);
  expect(isSettled({ ...asked, failureCount: 1 })).toBe(true);
  expect(isSettled({ ...asked, fetchStatus: "paused" })).toBe(true);
  expect(isSettled({ ...asked, fetchStatus: "idle" })).toBe(true);
});
