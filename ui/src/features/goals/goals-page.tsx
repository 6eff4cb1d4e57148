import { useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { deleteGoal, goalKeys, goalsQuery } from "@/api/goals";
import { useMay } from "@/api/may";
import { taskKeys } from "@/api/tasks";
import type { Goal } from "@/api/types";
import { Button } from "@/components/button";
import { DataTable } from "@/components/data-table";
import { MoreRows } from "@/components/more-rows";
import { Page } from "@/components/page";
import { useRemoval } from "@/components/removal";
import { Empty } from "@/components/states";
import { goalColumns } from "@/features/goals/goal-columns";
import { GoalDialog } from "@/features/goals/goal-dialog";
import { Projects } from "@/features/goals/projects";
import { taskCount } from "@/features/goals/standing";
import { goals as say } from "@/strings/goals";

type Props = { creating: boolean; setCreating: (open: boolean) => void };

/** What the work is for, and how far it is; below it the projects that keep tasks together. */
export function GoalsPage({ creating, setCreating }: Props) {
  const list = useSuspenseInfiniteQuery(goalsQuery);
  const [editing, setEditing] = useState<Goal>();
  const { ask, confirm } = useRemoval<Goal>({
    remove: deleteGoal,
    reads: [goalKeys.all, taskKeys.all],
    title: (goal) => say.removeTitle(goal.name),
    help: (goal) => say.removeHelp(taskCount(goal)),
    act: say.remove,
    removed: (goal) => say.removed(goal.name),
  });
  const allowed = useMay("work");
  const columns = useMemo(() => goalColumns({ edit: setEditing, remove: ask }).filter((column) => allowed || column.id !== "act"), [allowed, ask]);
  const add = allowed && (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden="true" /> {say.add}
    </Button>
  );
  const rows = list.data.pages.flatMap((page) => page.items);
  const inState = (state: Goal["state"]) => rows.filter((goal) => goal.state === state).length;
  return (
    <Page title={say.title} answer={list.hasNextPage ? say.answerMore(rows.length) : say.answer(rows.length, inState("reached"), inState("under_way"))} actions={rows.length > 0 && add}>
      {rows.length === 0 ? (
        <Empty title={say.empty} action={add}>
          {say.emptyHelp}
        </Empty>
      ) : (
        <>
          <DataTable label={say.title} columns={columns} rows={rows} rowId={(goal) => goal.id} />
          <MoreRows query={list} shown={rows.length} />
        </>
      )}
      <Projects />
      {creating && <GoalDialog onClose={() => setCreating(false)} />}
      {editing && <GoalDialog goal={editing} onClose={() => setEditing(undefined)} />}
      {confirm}
    </Page>
  );
}
