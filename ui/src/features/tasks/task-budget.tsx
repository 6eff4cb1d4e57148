import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useMay } from "@/api/may";
import { changeTask, taskKeys } from "@/api/tasks";
import type { Task } from "@/api/types";
import { Button } from "@/components/button";
import { TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { toast } from "@/components/toast";
import { isClosed } from "@/features/tasks/is-closed";
import { field, nanoOf } from "@/lib/form";
import { NANO } from "@/lib/format";
import { tasks } from "@/strings/tasks";

const say = tasks.form;

/** What a task may cost, in dollars; empty: nothing caps it but what caps its agent. */
export function BudgetField({ budget, hint, autoFocus = false }: { budget: number | null; hint: string; autoFocus?: boolean }) {
  return <TextField label={say.budget} name="budget" type="number" inputMode="decimal" min="0.01" step="0.01" hint={hint} autoFocus={autoFocus} autoComplete="off" defaultValue={budget === null ? "" : String(budget / NANO)} />;
}

/** Sets or raises what a task may cost; it holds from its next call on. */
export function TaskBudget({ task }: { task: Task }) {
  const client = useQueryClient();
  const [open, setOpen] = useState(false);
  const allowed = useMay("work");
  if (!allowed || isClosed(task)) return null;
  const save = async (form: FormData) => {
    const changed = await changeTask(task, { budget_nano: nanoOf(field(form, "budget")) });
    client.setQueryData(taskKeys.one(task.id), changed);
    await client.invalidateQueries({ queryKey: taskKeys.all });
    toast({ text: say.budgetSaved, tone: "work" });
    return undefined;
  };
  return (
    <>
      <Button size="s" variant="quiet" onClick={() => setOpen(true)}>
        {task.budget_nano === null ? say.setBudget : say.changeBudget}
      </Button>
      {open && (
        <FormDialog title={say.budgetTitle(task.ref)} act={say.actSave} onClose={() => setOpen(false)} save={save}>
          <BudgetField budget={task.budget_nano} hint={say.budgetHint} autoFocus />
        </FormDialog>
      )}
    </>
  );
}
