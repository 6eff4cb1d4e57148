import { expect, test } from "vitest";

import { mayHold, moved, moveWarning, nextSpot } from "@/features/tasks/board-moves";
import { aBoard, aTask } from "@/testing/rows";

const AT = "2026-11-23T15:00:00.000Z";

test("a moved card leaves its column, tops the other one, and both counts follow", () => {
  const board = aBoard([aTask(), aTask({ id: "tsk_2", ref: "T-2", state: "ready" })]);
  const after = moved(board, aTask(), "ready", AT);
  expect(after.columns[0]).toMatchObject({ count: 0, items: [] });
  expect(after.columns[1]?.items.map((task) => task.id)).toEqual(["tsk_1", "tsk_2"]);
  expect(after.columns[1]?.count).toBe(2);
});

test("its time in the state begins anew, and nothing can be done to it before the server has answered", () => {
  const after = moved(aBoard([aTask()]), aTask(), "ready", AT).columns[1]?.items[0];
  expect(after).toMatchObject({ state: "ready", state_since: AT, allowed_moves: [] });
});

test("a cancelled card leaves the board", () => {
  const after = moved(aBoard([aTask()]), aTask(), "cancelled", AT);
  expect(after.columns.flatMap((column) => column.items)).toEqual([]);
});

test("a card of a later page, which the board did not hold, still counts", () => {
  const board = aBoard([]);
  const full = { columns: board.columns.map((column) => (column.state === "backlog" ? { ...column, count: 101 } : column)) };
  expect(moved(full, aTask(), "ready", AT).columns.map((column) => column.count)).toEqual([100, 1, 0, 0, 0]);
});

test("moving away from a working agent, or off the board, warns first", () => {
  const run = { id: "run_1", state: "running" as const, agent_id: "agt_1", agent_name: "research", attempt: 2, started_at: AT, lease_expires_at: AT };
  expect(moveWarning(aTask({ state: "in_progress", run }), "ready")).toBe("stops-run");
  expect(moveWarning(aTask(), "cancelled")).toBe("closes");
  expect(moveWarning(aTask(), "ready")).toBeNull();
});

test("arrow keys go to the nearest legal column on that side, and no further than the last", () => {
  const spots = [
    { id: "in_review", left: 900 },
    { id: "backlog", left: 240 },
    { id: "ready", left: 450 },
  ];
  expect(nextSpot(spots, 450, 1)?.id).toBe("in_review");
  expect(nextSpot(spots, 450, -1)?.id).toBe("backlog");
  expect(nextSpot(spots, 900, 1)).toBeUndefined();
});

test("a move shows only on boards that can hold the card", () => {
  const task = aTask({ agent: { id: "agt_1", name: "research" } });
  expect(mayHold({}, task)).toBe(true);
  expect(mayHold({ agent_id: "agt_1", project_id: "none" }, task)).toBe(true);
  expect(mayHold({ agent_id: "agt_2" }, task)).toBe(false);
  expect(mayHold({ agent_id: "none" }, task)).toBe(false);
});
