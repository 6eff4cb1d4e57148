import { expect, test } from "vitest";

import { byAgent, talks } from "@/features/unclaimed/groups";
import { aCall } from "@/testing/rows";

const at = (minute: number) => `2026-11-23T10:0${minute}:00.000000Z`;
const calls = [
  aCall({ id: "c", conversation_id: "k1", started_at: at(3), cost_nano: 5 }),
  aCall({ id: "b", started_at: at(2), unpriced: true }),
  aCall({ id: "a", conversation_id: "k1", started_at: at(1), cost_nano: 2 }),
  aCall({ id: "d", conversation_id: "k2", agent: { id: "agt_2", name: "qa" }, started_at: at(0), cost_nano: 100 }),
];

test("calls of one conversation stand together, with what they cost in all", () => {
  expect(talks(calls).map((talk) => [talk.id, talk.calls.length, talk.cost, talk.unpriced])).toEqual([
    ["k1", 2, 7, 0],
    ["b", 1, 0, 1],
    ["k2", 1, 100, 0],
  ]);
  expect(talks(calls)[0]).toMatchObject({ first: at(1), last: at(3) });
});

test("the agent that spends most comes first", () => {
  expect(byAgent(talks(calls)).map((group) => [group.agent?.name, group.calls, group.cost])).toEqual([
    ["qa", 1, 100],
    ["research", 3, 7],
  ]);
});
