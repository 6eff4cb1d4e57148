import { useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";

import type { Moved } from "@/api/calls";
import { adoptCalls, callKeys, giveBackCalls } from "@/api/calls";
import { costKeys } from "@/api/costs";
import { asProblem } from "@/api/problem";
import { taskKeys } from "@/api/tasks";
import type { Task, Unclaimed } from "@/api/types";
import { toast } from "@/components/toast";
import { chosenOf } from "@/features/unclaimed/groups";
import { formatMoney } from "@/lib/format";
import { words } from "@/strings/common";
import { unclaimed as say } from "@/strings/unclaimed";

/** Gives unclaimed traffic to a task, says so with the way there and the way back. Rejects with the server's problem. */
export function useAdoption(): (task: Task, talk: Unclaimed) => Promise<Moved> {
  const client = useQueryClient();
  const navigate = useNavigate();
  const refresh = () => {
    for (const queryKey of [callKeys.unclaimed(), taskKeys.all, costKeys.all]) void client.invalidateQueries({ queryKey });
  };
  const giveBack = async (task: Task, talk: Unclaimed) => {
    try {
      const moved = await giveBackCalls(task.id, chosenOf(talk));
      toast({ text: say.gaveBack(words.calls(moved.calls)) });
    } catch (error) {
      toast({ text: asProblem(error).message, tone: "wrong" });
    }
    refresh();
  };
  return async (task, talk) => {
    try {
      const moved = await adoptCalls(task.id, chosenOf(talk));
      toast({
        text: moved.calls === 0 ? say.hadAll(task.ref) : say.adopted(words.calls(moved.calls), formatMoney(moved.cost_nano), task.ref),
        tone: "work",
        action: { label: say.open(task.ref), act: () => void navigate({ to: "/tasks/$taskId", params: { taskId: task.id } }) },
        ...(moved.calls > 0 ? { also: { label: say.undo, act: () => void giveBack(task, talk) } } : {}),
      });
      return moved;
    } finally {
      refresh();
    }
  };
}
