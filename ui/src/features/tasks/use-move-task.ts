import { useMutation, useQueryClient } from "@tanstack/react-query";

import { asProblem } from "@/api/problem";
import { moveTask, taskKeys } from "@/api/tasks";
import type { Task, TaskState } from "@/api/types";
import { toast } from "@/components/toast";
import { showMove } from "@/features/tasks/show-move";
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
      showMove(client, task, to);
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
