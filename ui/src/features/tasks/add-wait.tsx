import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { X } from "lucide-react";
import { useState } from "react";

import { addDependency, removeDependency } from "@/api/graph";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { taskKeys, taskSearchQuery } from "@/api/tasks";
import type { Task } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/field";
import { ProblemLine } from "@/components/states";
import { toast } from "@/components/toast";
import { isClosed } from "@/features/tasks/is-closed";
import { useSettled } from "@/lib/use-settled";
import { states } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.page;

/** Lets a task wait for another, or wait no more. */
export function AddWait({ task }: { task: Task }) {
  const [open, setOpen] = useState(false);
  const [typed, setTyped] = useState("");
  const [problem, setProblem] = useState<string>();
  const { data, error, refetch } = useQuery(taskSearchQuery(useSettled(typed.trim(), 150)));
  const client = useQueryClient();
  const settled = { onSettled: () => client.invalidateQueries({ queryKey: taskKeys.all }) };
  const add = useMutation({
    mutationFn: (id: string) => addDependency(task.id, id),
    onSuccess: () => setOpen(false),
    onError: (error) => setProblem(asProblem(error).message),
    ...settled,
  });
  const remove = useMutation({ mutationFn: (id: string) => removeDependency(task.id, id), onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }), ...settled });
  const allowed = useMay("work");
  if (!allowed || isClosed(task)) return null;
  const offered = (data?.items ?? []).filter((each) => each.id !== task.id && !task.waits_for.some((other) => other.id === each.id));
  return (
    <>
      <Button size="s" variant="quiet" onClick={() => setOpen(true)}>
        {say.addWait}
      </Button>
      <Dialog open={open} onOpenChange={setOpen} title={say.addWaitTitle} description={say.addWaitHelp}>
        <div className="grid gap-3">
          {task.waits_for.length > 0 && (
            <ul className="grid gap-1">
              {task.waits_for.map((each) => (
                <li key={each.id} className="flex items-center gap-2">
                  <span className="num text-faint">{each.ref}</span>
                  <span className="min-w-0 flex-1 truncate">{each.title}</span>
                  <IconButton label={say.stopWaiting(each.ref)} onClick={() => remove.mutate(each.id)}>
                    <X size={14} />
                  </IconButton>
                </li>
              ))}
            </ul>
          )}
          <TextField label={say.addWaitFind} value={typed} autoComplete="off" onChange={(event) => setTyped(event.target.value)} error={problem} />
          {error && !data && <ProblemLine error={error} retry={() => void refetch()} />}
          {data && offered.length === 0 && <p className="text-s text-muted">{say.addWaitNothing}</p>}
          <ul className="grid">
            {offered.map((each) => (
              <li key={each.id}>
                <button type="button" onClick={() => add.mutate(each.id)} className="flex min-h-9 w-full items-center gap-2 rounded-s px-2 text-left hover:bg-sunken">
                  <span className="num text-faint">{each.ref}</span>
                  <span className="min-w-0 flex-1 truncate">{each.title}</span>
                  <span className="text-s text-faint">{states[each.state].toLowerCase()}</span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      </Dialog>
    </>
  );
}
