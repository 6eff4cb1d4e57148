import { expect, test } from "vitest";

import { byAgent, chosenOf } from "@/features/unclaimed/groups";
import { aTalk } from "@/testing/rows";

const qa = { id: "agt_2", name: "qa" };

test("the agent that spends most comes first, with all its conversations", () => {
  const some = [aTalk({ calls: 2, cost_nano: 7 }), aTalk({ conversation_id: null, calls: 1, unpriced_calls: 1, cost_nano: 0 }), aTalk({ agent: qa, calls: 1, cost_nano: 100 })];
  expect(byAgent(some).map((group) => [group.agent?.name, group.talks.length, group.calls, group.cost, group.unpriced])).toEqual([
    ["qa", 1, 1, 100, 0],
    ["research", 2, 3, 7, 1],
  ]);
});

test("a conversation is named by its id, and what is of none by its agent, or where nobody's key asked by the call", () => {
  expect(chosenOf(aTalk({ conversation_id: "conv_1" }))).toEqual({ conversation_id: "conv_1" });
  expect(chosenOf(aTalk({ conversation_id: null, agent: qa }))).toEqual({ agent_id: "agt_2" });
  expect(chosenOf(aTalk({ conversation_id: null, agent: null }))).toEqual({ call_ids: ["call_1"] });
});
