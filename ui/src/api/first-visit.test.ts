import { expect, test } from "vitest";

import { isFirstVisit } from "@/api/first-visit";
import { anAgent } from "@/testing/rows";

const uncalled = anAgent({ last_call_at: null, declared: false, open_runs: [] });

test("it is the first visit until an agent has called, unless a file declares agents or there are several", () => {
  expect(isFirstVisit({ present: 0, items: [] })).toBe(true);
  expect(isFirstVisit({ present: 1, items: [uncalled] })).toBe(true);
  expect(isFirstVisit({ present: 1, items: [anAgent({ last_call_at: "2026-11-27T08:00:00Z" })] })).toBe(false);
  expect(isFirstVisit({ present: 1, items: [{ ...uncalled, declared: true }] })).toBe(false);
  expect(isFirstVisit({ present: 2, items: [uncalled, uncalled] })).toBe(false);
});
