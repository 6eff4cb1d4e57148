import { useQuery, useQueryClient } from "@tanstack/react-query";

import { changeGoal, createGoal, goalKeys } from "@/api/goals";
import { sessionQuery } from "@/api/session";
import { taskKeys } from "@/api/tasks";
import type { Goal } from "@/api/types";
import { ChooseField } from "@/components/choose/choose-field";
import { AreaField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { field, instantOf, localInput } from "@/lib/form";
import { goals } from "@/strings/goals";

const say = goals.form;

/** Makes a goal, or changes the one given. How it stands is nothing to be typed: the server counts it. */
export function GoalDialog({ goal, onClose }: { goal?: Goal | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const session = useQuery(sessionQuery);
  const save = async (form: FormData) => {
    const said = {
      name: field(form, "name").trim(),
      statement: field(form, "statement"),
      project_id: field(form, "project") || null,
      accountable_id: field(form, "accountable") || null,
      due_at: instantOf(field(form, "due")),
    };
    await (goal ? changeGoal(goal, said) : createGoal(said));
    void client.invalidateQueries({ queryKey: taskKeys.all });
    await client.invalidateQueries({ queryKey: goalKeys.all });
    return undefined;
  };
  return (
    <FormDialog title={goal ? say.edit : say.create} act={goal ? say.actSave : say.actCreate} onClose={onClose} save={save} asks={[session]}>
      <TextField label={say.name} name="name" required maxLength={100} autoFocus autoComplete="off" defaultValue={goal?.name} />
      <AreaField label={say.statement} name="statement" hint={say.statementHint} rows={4} maxLength={4_000} defaultValue={goal?.statement} />
      <ChooseField of="person" label={say.accountable} name="accountable" begins={goal?.accountable ?? session.data?.member} />
      <ChooseField of="project" label={say.project} name="project" begins={goal?.project} none={say.noProject} hideEmpty />
      <TextField label={say.due} name="due" type="datetime-local" defaultValue={localInput(goal?.due_at ?? null)} />
    </FormDialog>
  );
}
