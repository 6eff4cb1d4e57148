import { expect, test } from "vitest";

import { unclaimed } from "@/features/tasks/board-lanes";
import { tasks } from "@/strings/tasks";

const SQUADS = [{ id: "sqd_1", name: "Writers" }];

test("what a squad may claim has the squad's lane, and only what is nobody's stands under nobody", () => {
  expect(unclaimed({}, SQUADS)).toEqual([
    { id: "sqd_1", name: "Any agent of Writers", filter: { agent_id: "none", squad_id: "sqd_1" } },
    { id: "none", name: tasks.nobody, filter: { agent_id: "none", squad_id: "none" } },
  ]);
});

test("filters leave out the lanes that nothing can be in", () => {
  expect(unclaimed({ agent_id: "agt_1" }, SQUADS)).toEqual([]);
  expect(unclaimed({ squad_id: "sqd_1", agent_id: "none" }, SQUADS).map(({ id }) => id)).toEqual(["sqd_1"]);
  expect(unclaimed({ squad_id: "none" }, SQUADS).map(({ id }) => id)).toEqual(["none"]);
});
