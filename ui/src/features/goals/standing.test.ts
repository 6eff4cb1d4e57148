import { expect, test } from "vitest";

import { countingTasks, isLate, taskCount } from "@/features/goals/standing";

test("cancelled tasks are there and do not count", () => {
  const goal = { tasks: { done: 2, ready: 1, cancelled: 4 } };
  expect([taskCount(goal), countingTasks(goal)]).toEqual([7, 3]);
});

test("a goal is late once its due time is over, or its pace ends after it; a closed one never is", () => {
  const now = Date.parse("2026-11-26T12:00:00Z");
  const goal = { state: "under_way" as const, due_at: "2026-12-01T12:00:00Z", forecast_at: null };
  expect(isLate(goal, now)).toBe(false);
  expect(isLate({ ...goal, forecast_at: "2026-12-02T12:00:00Z" }, now)).toBe(true);
  expect(isLate({ ...goal, due_at: "2026-11-25T12:00:00Z" }, now)).toBe(true);
  expect(isLate({ ...goal, due_at: "2026-11-25T12:00:00Z", state: "reached" }, now)).toBe(false);
  expect(isLate({ ...goal, due_at: null }, now)).toBe(false);
});
