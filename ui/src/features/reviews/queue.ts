import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";

import { reviewNeedsQuery } from "@/api/needs";
import { tasksInQuery } from "@/api/tasks";
import type { Need, Task } from "@/api/types";

export type Waiting = { task: Task; mine: boolean };

/** What waits for a word: what waits for me first, then the rest; longest waiting on top. Pure. */
export function queueOf(tasks: Task[], needs: Need[]): Waiting[] {
  const mine = new Set(needs.map((need) => need.subject_id));
  return tasks
    .map((task) => ({ task, mine: mine.has(task.id) }))
    .sort((a, b) => Number(b.mine) - Number(a.mine) || a.task.state_since.localeCompare(b.task.state_since));
}

/** The task before or after one in the queue; at an end, undefined. Pure. */
export function beside(queue: Waiting[], taskId: string, by: 1 | -1): Task | undefined {
  const at = queue.findIndex((each) => each.task.id === taskId);
  return at === -1 ? queue[0]?.task : queue[at + by]?.task;
}

export function useReviewQueue() {
  const { data: tasks, error, refetch } = useQuery(tasksInQuery("in_review"));
  const { data: needs, isError: unknown } = useQuery(reviewNeedsQuery);
  // The order depends on both; a list that is sorted anew under the reader's eyes is worse than a short wait.
  const queue = useMemo(() => (tasks && (needs ?? unknown) ? queueOf(tasks.items, needs ?? []) : undefined), [tasks, needs, unknown]);
  return { queue, whole: tasks?.next === null, error, refetch };
}
