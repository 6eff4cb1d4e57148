import type { InfiniteData } from "@tanstack/react-query";

import type { TaskFilter } from "@/api/tasks";
import type { Board, Page, Task, TaskState } from "@/api/types";

/** The board after a move, as it will most likely look. The server's answer replaces it. Pure. */
export function moved(board: Board, task: Task, to: TaskState, at: string): Board {
  const after: Task = { ...task, state: to, state_since: at, allowed_moves: [], run: to === "in_progress" ? task.run : null };
  return {
    ...board,
    columns: board.columns.map((column) => {
      const without = column.items.filter((each) => each.id !== task.id);
      if (column.state === to) return { ...column, items: [after, ...without], count: column.count + (task.state === to ? 0 : 1) };
      if (column.state === task.state) return { ...column, items: without, count: Math.max(0, column.count - 1) };
      return column;
    }),
  };
}

/** Whether a board with that filter can hold the task at all; filters by words and by time are left to the server. Pure. */
export function mayHold(filter: TaskFilter, task: Task): boolean {
  const is = (wanted: string | undefined, id: string | undefined): boolean => wanted === undefined || (wanted === "none" ? id === undefined : wanted === id);
  return is(filter.agent_id, task.agent?.id) && is(filter.squad_id, task.squad?.id) && is(filter.project_id, task.project?.id) && (filter.priority ?? task.priority) === task.priority;
}

/** Further pages of a column, without a card that has left it. Pure. */
export function withoutTask(pages: InfiniteData<Page<Task>>, id: string): InfiniteData<Page<Task>> {
  return { ...pages, pages: pages.pages.map((page) => ({ ...page, items: page.items.filter((task) => task.id !== id) })) };
}

/** A move that costs something says so first. */
export function moveWarning(task: Task, to: TaskState): "stops-run" | "closes" | null {
  if (task.run) return "stops-run";
  return to === "cancelled" ? "closes" : null;
}

type Spot = { id: string; left: number };

/** The next drop target to the left or right, in the order they stand on the screen. Pure. */
export function nextSpot(spots: Spot[], from: number, by: 1 | -1): Spot | undefined {
  const ordered = [...spots].sort((a, b) => a.left - b.left);
  return by === 1 ? ordered.find((spot) => spot.left > from + 4) : ordered.findLast((spot) => spot.left < from - 4);
}
