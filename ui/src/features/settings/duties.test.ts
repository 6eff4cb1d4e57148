import { expect, test } from "vitest";

import type { Duties } from "@/api/types";
import { dutyLines } from "@/features/settings/duties";

const duties = (change: Partial<Duties> = {}): Duties => ({ tasks: [], reviews: [], agents: [], schedules: [], projects: [], goals: [], ...change });

test("who answers for nothing has no line", () => {
  expect(dutyLines(duties(), new Map())).toEqual([]);
});

test("each kind is counted, and what is known by name is named", () => {
  const names = new Map([
    ["agt_1", "research"],
    ["agt_2", "writer"],
    ["gol_1", "Ship it"],
  ]);
  expect(dutyLines(duties({ tasks: ["tsk_1", "tsk_2"], reviews: ["tsk_1"], agents: ["agt_1", "agt_2"], goals: ["gol_1"] }), names)).toEqual([
    "2 open tasks",
    "1 review to give",
    "2 agents: research and writer",
    "1 goal: Ship it",
  ]);
});

test("of many the first are named and the others counted, also those without a known name", () => {
  const ids = ["a", "b", "c", "d", "e", "f"];
  expect(dutyLines(duties({ agents: ids }), new Map(ids.map((id) => [id, id.toUpperCase()])))).toEqual(["6 agents: A, B, C, D and 2 more"]);
  expect(dutyLines(duties({ schedules: ["a", "gone"] }), new Map([["a", "daily"]]))).toEqual(["2 schedules: daily and 1 more"]);
});
