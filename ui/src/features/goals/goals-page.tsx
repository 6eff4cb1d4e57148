import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { deleteGoal, goalKeys, goalsQuery } from "@/api/goals";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { taskKeys } from "@/api/tasks";
import type { Goal } from "@/api/types";
import { Button } from "@/components/button";
import { DataTable } from "@/components/data-table";
import { Confirm } from "@/components/dialog";
import { Page } from "@/components/page";
import { Empty } from "@/components/states";
import { toast } from "@/components/toast";
import { goalColumns } from "@/features/goals/goal-columns";
import { GoalDialog } from "@/features/goals/goal-dialog";
import { Projects } from "@/features/goals/projects";
import { taskCount } from "@/features/goals/standing";
import { goals as say } from "@/strings/goals";

type Props = { creating: boolean; setCreating: (open: boolean) => void };

/** What the work is for, and how far it is; below it the projects that keep tasks together. */
export function GoalsPage({ creating, setCreating }: Props) {
  const { data } = useSuspenseQuery(goalsQuery);
  const client = useQueryClient();
  const [editing, setEditing] = useState<Goal>();
  const [removing, setRemoving] = useState<Goal>();
  const { mutate } = useMutation({
    mutationFn: (goal: Goal) => deleteGoal(goal),
    onSuccess: (_, goal) => toast({ text: say.removed(goal.name), tone: "work" }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => Promise.all([goalKeys.all, taskKeys.all].map((queryKey) => client.invalidateQueries({ queryKey }))),
  });
  const allowed = useMay("work");
  const columns = useMemo(() => goalColumns({ edit: setEditing, remove: setRemoving }).filter((column) => allowed || column.id !== "act"), [allowed]);
  const add = allowed && (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden="true" /> {say.add}
    </Button>
  );
  const inState = (state: Goal["state"]) => data.items.filter((goal) => goal.state === state).length;
  return (
    <Page title={say.title} answer={say.answer(data.items.length, inState("reached"), inState("under_way"))} actions={add}>
      {data.items.length === 0 ? (
        <Empty title={say.empty} action={add}>
          {say.emptyHelp}
        </Empty>
      ) : (
        <DataTable label={say.title} columns={columns} rows={data.items} rowId={(goal) => goal.id} />
      )}
      <Projects />
      {creating && <GoalDialog onClose={() => setCreating(false)} />}
      {editing && <GoalDialog goal={editing} onClose={() => setEditing(undefined)} />}
      <Confirm
        open={removing !== undefined}
        onOpenChange={(open) => !open && setRemoving(undefined)}
        title={say.removeTitle(removing?.name ?? "")}
        act={say.remove}
        onAct={() => removing && mutate(removing)}
      >
        {removing && say.removeHelp(taskCount(removing))}
      </Confirm>
    </Page>
  );
}
