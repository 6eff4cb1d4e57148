import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { changeTask, createTask, taskKeys } from "@/api/tasks";
import { templatesQuery } from "@/api/templates";
import type { Task } from "@/api/types";
import { Dialog } from "@/components/dialog";
import { SelectField, TextField } from "@/components/field";
import { SubmitForm } from "@/components/submit-form";
import { givenTo } from "@/components/takers";
import { FromTemplate } from "@/features/tasks/from-template";
import type { Shown, Values } from "@/features/tasks/task-fields";
import { readForm, TaskFields } from "@/features/tasks/task-fields";
import { localInput } from "@/lib/form";
import { tasks } from "@/strings/tasks";
import { templates as fromSay } from "@/strings/templates";

const say = tasks.form;

type OpenProps = { open: boolean; onOpenChange: (open: boolean) => void };

export function CreateTaskDialog({ open, onOpenChange }: OpenProps) {
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={say.create} wide>
      <NewTask onDone={() => onOpenChange(false)} />
    </Dialog>
  );
}

/** A blank form or a template's; what was typed in the blank one stays while a template is looked at. */
function NewTask({ onDone }: { onDone: () => void }) {
  const client = useQueryClient();
  const { data: templates } = useQuery(templatesQuery);
  const [chosen, setChosen] = useState("");
  const template = templates?.items.find((each) => each.id === chosen);
  const save = async (values: Values) => {
    await createTask({
      title: values.title,
      brief: values.brief,
      acceptance: values.acceptance,
      priority: values.priority,
      labels: values.labels,
      state: values.state,
      ...givenTo(values.agent),
      ...(values.due ? { due_at: values.due } : {}),
      ...(values.budget === null ? {} : { budget_nano: values.budget }),
      ...(values.project ? { project_id: values.project } : {}),
      ...(values.goal ? { goal_id: values.goal } : {}),
    });
    void client.invalidateQueries({ queryKey: taskKeys.all });
    onDone();
  };
  return (
    <div className="grid gap-4">
      {templates && templates.items.length > 0 && (
        <SelectField
          label={fromSay.from.label}
          value={chosen}
          onChange={(event) => setChosen(event.target.value)}
          choices={[{ value: "", label: fromSay.from.nothing }, ...templates.items.map((each) => ({ value: each.id, label: each.name }))]}
        />
      )}
      {template && <FromTemplate key={template.id} template={template} onDone={onDone} />}
      <div hidden={template !== undefined}>
        <TaskForm act={say.actCreate} onSave={save} onCancel={onDone} />
      </div>
    </div>
  );
}

export function EditTaskDialog({ task, open, onOpenChange }: OpenProps & { task: Task }) {
  const client = useQueryClient();
  const save = async (values: Values) => {
    // A criterion that keeps its words keeps all else that is known of it.
    const known = new Map(task.acceptance.map((each) => [each.text, each]));
    await changeTask(task, {
      title: values.title,
      brief: values.brief,
      acceptance: values.acceptance.map((text) => known.get(text) ?? { text, met: false }),
      priority: values.priority,
      labels: values.labels,
      due_at: values.due,
      budget_nano: values.budget,
      project_id: values.project || null,
      goal_id: values.goal || null,
    });
    void client.invalidateQueries({ queryKey: taskKeys.all });
    onOpenChange(false);
  };
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={say.edit} wide>
      <TaskForm task={task} act={say.actSave} onSave={save} onCancel={() => onOpenChange(false)} />
    </Dialog>
  );
}

type FormProps = { task?: Task; act: string; onSave: (values: Values) => Promise<void>; onCancel: () => void };

function TaskForm({ task, act, onSave, onCancel }: FormProps) {
  return (
    <SubmitForm act={act} onCancel={onCancel} submit={(form) => onSave(readForm(form))}>
      <TaskFields shown={task && shownOf(task)} begins={!task} due={<TextField label={say.due} name="due" type="datetime-local" defaultValue={localInput(task?.due_at ?? null)} />} />
    </SubmitForm>
  );
}

const shownOf = (task: Task): Shown => ({
  title: task.title,
  brief: task.brief,
  acceptance: task.acceptance.map((each) => each.text),
  priority: task.priority,
  labels: task.labels,
  budget: task.budget_nano,
  project: task.project,
  goal: task.goal,
});
