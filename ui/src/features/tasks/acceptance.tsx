import { useMutation, useQueryClient } from "@tanstack/react-query";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { changeTask, taskKeys } from "@/api/tasks";
import type { Task } from "@/api/types";
import { toast } from "@/components/toast";
import { cx } from "@/lib/cx";
import { tasks } from "@/strings/tasks";

const say = tasks.page;

/** What "done" means, ticked by people. */
export function Acceptance({ task }: { task: Task }) {
  const allowed = useMay("work");
  const client = useQueryClient();
  const tick = useMutation({
    mutationFn: (at: number) => changeTask(task, { acceptance: task.acceptance.map((each, index) => (index === at ? { ...each, met: !each.met } : each)) }),
    onSuccess: (answer) => client.setQueryData(taskKeys.one(answer.id), answer),
    onError: (error) => {
      toast({ text: asProblem(error).message, tone: "wrong" });
      void client.invalidateQueries({ queryKey: taskKeys.one(task.id) });
    },
  });
  if (task.acceptance.length === 0) return <p className="card px-4 py-3 text-faint">{say.noAcceptance}</p>;
  return (
    <ul className="card grid gap-2 px-4 py-3">
      {task.acceptance.map((each, at) => (
        <li key={`${at}-${each.text}`}>
          <label className="flex items-start gap-2.5">
            <input type="checkbox" checked={each.met} onChange={() => tick.mutate(at)} disabled={tick.isPending || !allowed} className="mt-[3px] size-[15px] shrink-0 accent-(--work)" />
            <span className={cx("min-w-0 break-words", !each.met && "text-muted")}>{each.text}</span>
          </label>
        </li>
      ))}
    </ul>
  );
}
