import type { InfiniteData } from "@tanstack/react-query";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { asProblem } from "@/api/problem";
import type { TaskFilter } from "@/api/tasks";
import { moveTask, taskKeys } from "@/api/tasks";
import type { Board, Page, Task, TaskState } from "@/api/types";
import { toast } from "@/components/toast";
import { mayHold, moved, withoutTask } from "@/features/tasks/board-moves";
import { states } from "@/strings/common";
import { tasks as say } from "@/strings/tasks";

type Move = { task: Task; to: TaskState };

/** Moves a task: shown at once, put back with the reason when the server refuses. */
export function useMoveTask() {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ task, to }: Move) => moveTask(task, to),
    onMutate: async ({ task, to }) => {
      await client.cancelQueries({ queryKey: taskKeys.all });
      const before = client.getQueriesData({ queryKey: taskKeys.all });
      const at = new Date().toISOString();
      for (const [key] of client.getQueriesData<Board>({ queryKey: taskKeys.boards() })) {
        if (mayHold(key[2] as TaskFilter, task)) client.setQueryData<Board>(key, (board) => board && moved(board, task, to, at));
      }
      client.setQueriesData<InfiniteData<Page<Task>>>({ queryKey: taskKeys.columns() }, (pages) => pages && withoutTask(pages, task.id));
      client.setQueryData<Task>(taskKeys.one(task.id), (one) => one && { ...one, state: to, state_since: at, allowed_moves: [] });
      return { before };
    },
    onError: (error, { task }, context) => {
      context?.before.forEach(([key, data]) => client.setQueryData(key, data));
      toast({ text: say.moveRefused(task.ref, asProblem(error).message), tone: "wrong" });
    },
    onSuccess: (answer) => {
      client.setQueryData(taskKeys.one(answer.id), answer);
      if (answer.state === "cancelled") toast({ text: say.movedTo(answer.ref, states.cancelled) });
    },
    onSettled: () => client.invalidateQueries({ queryKey: taskKeys.all }),
  });
}
