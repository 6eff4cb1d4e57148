import { expect, test } from "vitest";

import type { Graph } from "@/api/types";
import { layersOf } from "@/features/tasks/wait-layers";
import { aGraphTask } from "@/testing/rows";

const graph = (change: Partial<Graph>): Graph => ({
  task_id: "me",
  state: "ready",
  blocked: true,
  blocked_since: null,
  reason: null,
  waits_for: [],
  chain: [],
  downstream: [],
  critical_path: [],
  edges: [],
  ...change,
});
const edge = (task_id: string, waits_for_id: string) => ({ task_id, waits_for_id });
const refs = (layers: { tasks: { id: string }[] }[]) => layers.map((layer) => layer.tasks.map((task) => task.id));

test("what comes first stands on top, and what waits stands below, nearest to the task", () => {
  const layers = layersOf(
    graph({
      waits_for: [aGraphTask("b")],
      chain: [aGraphTask("b"), aGraphTask("a")],
      downstream: [aGraphTask("c"), aGraphTask("d")],
      edges: [edge("me", "b"), edge("b", "a"), edge("c", "me"), edge("d", "c")],
    }),
  );
  expect(refs(layers.before)).toEqual([["a"], ["b"]]);
  expect(refs(layers.behind)).toEqual([["c"], ["d"]]);
});

test("a task that is reached by two ways stands at the end of the longer one", () => {
  const layers = layersOf(graph({ chain: [aGraphTask("a"), aGraphTask("b")], edges: [edge("me", "a"), edge("me", "b"), edge("b", "a")] }));
  expect(refs(layers.before)).toEqual([["a"], ["b"]]);
});

test("where there is no room for more, it is told how many there are", () => {
  const many = ["a", "b", "c", "d", "e"];
  const layers = layersOf(graph({ downstream: many.map((id) => aGraphTask(id)), edges: many.map((id) => edge(id, "me")) }));
  expect(layers.behind).toMatchObject([{ hidden: 2 }]);
  const long = Array.from({ length: 6 }, (_, at) => `t${at}`);
  const chain = layersOf(graph({ chain: long.map((id) => aGraphTask(id)), edges: long.map((id, at) => edge(at === 0 ? "me" : `t${at - 1}`, id)) }));
  expect(refs(chain.before)).toEqual([["t2"], ["t1"], ["t0"]]);
  expect(chain.before[0]?.hidden).toBe(3);
});
