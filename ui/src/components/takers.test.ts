import { expect, test } from "vitest";

import { choiceOf, givenTo, takerOf } from "@/components/takers";
import { aTask } from "@/testing/rows";

test("a choice names an agent, a squad or nobody, and is found again", () => {
  for (const to of [
    { agent_id: "agt_1", squad_id: null },
    { agent_id: null, squad_id: "sqd_1" },
    { agent_id: null, squad_id: null },
  ]) {
    expect(givenTo(choiceOf(to))).toEqual(to);
  }
});

test("a task shows its squad until an agent has it", () => {
  const squad = { id: "sqd_1", name: "writers" };
  expect(takerOf(aTask({ squad }))).toBe("writers");
  expect(takerOf(aTask({ squad, agent: { id: "agt_1", name: "anna" } }))).toBe("anna");
});
