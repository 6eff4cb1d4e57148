import type { Graph, GraphTask } from "@/api/types";

/** One rank of the picture: tasks side by side, and how many had no room. */
export type Layer = { tasks: GraphTask[]; hidden: number };
export type Layers = {
  /** What has to be done first, furthest at the top; what waits, nearest first. */
  before: Layer[];
  behind: Layer[];
};

const MOST_BESIDE = 3;
const MOST_LAYERS = 3;

/** Ranks of tasks around one: each stands as far away as its longest way. Pure. */
export function layersOf(graph: Graph): Layers {
  const up = new Map<string, string[]>();
  const down = new Map<string, string[]>();
  for (const edge of graph.edges) {
    up.set(edge.task_id, [...(up.get(edge.task_id) ?? []), edge.waits_for_id]);
    down.set(edge.waits_for_id, [...(down.get(edge.waits_for_id) ?? []), edge.task_id]);
  }
  const waited = new Map([...graph.waits_for, ...graph.chain].map((task) => [task.id, task]));
  const waiting = new Map(graph.downstream.map((task) => [task.id, task]));
  return { before: ranks(graph.task_id, up, waited).reverse(), behind: ranks(graph.task_id, down, waiting) };
}

function ranks(from: string, next: Map<string, string[]>, known: Map<string, GraphTask>): Layer[] {
  const rank = new Map<string, number>();
  let [here, depth] = [[from], 0];
  // Without cycles (the server refuses them) no way is longer than the number of tasks.
  while (here.length > 0 && depth <= known.size) {
    depth += 1;
    here = [...new Set(here.flatMap((id) => next.get(id) ?? []))].filter((id) => known.has(id));
    for (const id of here) rank.set(id, depth);
  }
  const found: Layer[] = [];
  for (let at = 1; at <= Math.max(0, ...rank.values()); at++) {
    const tasks = [...known.values()].filter((task) => rank.get(task.id) === at);
    if (tasks.length > 0) found.push({ tasks: tasks.slice(0, MOST_BESIDE), hidden: Math.max(0, tasks.length - MOST_BESIDE) });
  }
  const [shown, rest] = [found.slice(0, MOST_LAYERS), found.slice(MOST_LAYERS)];
  const last = shown[shown.length - 1];
  if (last) last.hidden += rest.reduce((sum, layer) => sum + layer.tasks.length + layer.hidden, 0);
  return shown;
}
