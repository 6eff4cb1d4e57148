import { expect, test } from "vitest";

import { boardFilter, boardSearch } from "@/features/tasks/search";
import { midnightUtc } from "@/lib/search";

test("what the address says is what the server is asked for", () => {
  const search = boardSearch({ agent: "agt_1", project: "none", priority: "high", show: "overdue", q: "report", view: "table", lanes: "agent" });
  expect(boardFilter(search)).toEqual({ agent_id: "agt_1", project_id: "none", priority: "high", overdue: true, q: "report" });
  expect(search.view).toBe("table");
});

test("what it cannot mean is dropped", () => {
  expect(boardFilter(boardSearch({ priority: "very", show: "all", lanes: "month" }))).toEqual({});
});

test("done today is what was done since midnight UTC, wherever whoever looks is", () => {
  expect(midnightUtc(Date.parse("2026-11-27T23:59:59+09:00"))).toBe("2026-11-27T00:00:00.000Z");
  expect(boardFilter(boardSearch({ show: "done_today" }), "mem_1", "2026-11-27T00:00:00.000Z")).toEqual({ done_since: "2026-11-27T00:00:00.000Z" });
});

test("mine is what whoever looks answers for", () => {
  expect(boardFilter(boardSearch({ show: "mine" }), "mem_1")).toEqual({ accountable_id: "mem_1" });
  expect(boardFilter(boardSearch({ show: "mine" }))).toEqual({});
});
