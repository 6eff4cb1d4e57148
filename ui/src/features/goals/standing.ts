import type { Goal } from "@/api/types";

/** All its tasks, the cancelled ones too. Pure. */
export const taskCount = (goal: Pick<Goal, "tasks">): number => Object.values(goal.tasks).reduce((sum, count) => sum + count, 0);

/** Tasks that count: those that were not cancelled. Pure. */
export const countingTasks = (goal: Pick<Goal, "tasks">): number => taskCount(goal) - (goal.tasks.cancelled ?? 0);

/** Whether it will be late at this pace, or is already. Pure. */
export const isLate = (goal: Pick<Goal, "due_at" | "forecast_at" | "state">, now: number): boolean => {
  if (!goal.due_at || goal.state === "reached" || goal.state === "dropped") return false;
  const due = Date.parse(goal.due_at);
  return due < now || (goal.forecast_at !== null && Date.parse(goal.forecast_at) > due);
};
