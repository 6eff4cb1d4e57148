import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { goalsQuery } from "@/api/goals";
import { asProblem } from "@/api/problem";
import { projectsQuery } from "@/api/projects";
import { changeTask, createTask, taskKeys } from "@/api/tasks";
import type { Named, Priority, Task } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { AreaField, SelectField, TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { BudgetField } from "@/features/tasks/task-budget";
import { field, instantOf, localInput, nanoOf } from "@/lib/form";
import { priorities, states, words } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.form;

type Values = { title: string; brief: string; acceptance: string[]; agent: string; priority: Priority; due: string | null; budget: number | null; project: string; goal: string; labels: string[]; state: "backlog" | "ready" };

/** What the form holds, with empty fields as nothing. Pure. */
export function readForm(form: FormData): Values {
  const text = (name: string) => field(form, name).trim();
  const several = (name: string, by: RegExp) => text(name).split(by).map((each) => each.trim()).filter(Boolean);
  return {
    title: text("title"),
    brief: text("brief"),
    acceptance: several("acceptance", /\n/),
    agent: text("agent"),
    priority: (text("priority") || "normal") as Priority,
    due: instantOf(text("due")),
    budget: nanoOf(text("budget")),
    project: text("project"),
    goal: text("goal"),
    labels: several("labels", /,/),
    state: text("state") === "backlog" ? "backlog" : "ready",
  };
}

type OpenProps = { open: boolean; onOpenChange: (open: boolean) => void };

export function CreateTaskDialog({ open, onOpenChange }: OpenProps) {
  const client = useQueryClient();
  const save = async (values: Values) => {
    await createTask({
      title: values.title,
      brief: values.brief,
      acceptance: values.acceptance,
      priority: values.priority,
      labels: values.labels,
      state: values.state,
      ...(values.agent ? { agent_id: values.agent } : {}),
      ...(values.due ? { due_at: values.due } : {}),
      ...(values.budget === null ? {} : { budget_nano: values.budget }),
      ...(values.project ? { project_id: values.project } : {}),
      ...(values.goal ? { goal_id: values.goal } : {}),
    });
    void client.invalidateQueries({ queryKey: taskKeys.all });
    onOpenChange(false);
  };
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={say.create} wide>
      <TaskForm act={say.actCreate} onSave={save} onCancel={() => onOpenChange(false)} />
    </Dialog>
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
  const { data: agents } = useQuery(agentNamesQuery);
  const { data: projects } = useQuery(projectsQuery);
  const { data: goals } = useQuery(goalsQuery);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (form: FormData) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await onSave(readForm(form));
    } catch (error) {
      setProblem(asProblem(error).message);
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(new FormData(event.currentTarget));
      }}
    >
      <TextField label={say.title} name="title" required autoFocus maxLength={300} autoComplete="off" defaultValue={task?.title} />
      <AreaField label={say.brief} name="brief" hint={say.briefHint} rows={5} defaultValue={task?.brief} />
      <AreaField label={say.acceptance} name="acceptance" hint={say.acceptanceHint} rows={3} defaultValue={task?.acceptance.map((each) => each.text).join("\n")} />
      <div className="grid gap-4 md:grid-cols-2">
        {!task && (
          <>
            <SelectField
              label={say.agent}
              name="agent"
              choices={[
                { value: "", label: say.anyAgent },
                ...(agents?.items ?? []).filter((agent) => agent.desired !== "retired").map((agent) => ({ value: agent.id, label: agent.name })),
              ]}
            />
            <SelectField
              label={say.state}
              name="state"
              choices={[
                { value: "ready", label: states.ready },
                { value: "backlog", label: states.backlog },
              ]}
            />
          </>
        )}
        <SelectField
          label={say.priority}
          name="priority"
          defaultValue={task?.priority ?? "normal"}
          choices={Object.entries(priorities).map(([value, label]) => ({ value, label }))}
        />
        <TextField label={say.due} name="due" type="datetime-local" defaultValue={localInput(task?.due_at ?? null)} />
        <BudgetField budget={task?.budget_nano ?? null} hint={say.budgetHint} />
        <Belonging label={say.project} name="project" none={say.noProject} found={projects?.items} mine={task?.project} />
        <Belonging label={say.goal} name="goal" none={say.noGoal} found={goals?.items} mine={task?.goal} />
      </div>
      <TextField label={say.labels} name="labels" hint={say.labelsHint} autoComplete="off" defaultValue={task?.labels.join(", ")} />
      {problem && (
        <p role="alert" className="text-s text-wrong">
          {problem}
        </p>
      )}
      <FormActions>
        <Button onClick={onCancel}>{words.cancel}</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {act}
        </Button>
      </FormActions>
    </form>
  );
}

type BelongingProps = { label: string; name: string; none: string; found: Named[] | undefined; mine: Named | null | undefined };

/** What a task belongs to; left out where there is nothing to choose. */
function Belonging({ label, name, none, found, mine }: BelongingProps) {
  const others = (found ?? []).filter((each) => each.id !== mine?.id);
  if (!mine && others.length === 0) return null;
  const choices = [...(mine ? [mine] : []), ...others].map((each) => ({ value: each.id, label: each.name }));
  return <SelectField label={label} name={name} defaultValue={mine?.id ?? ""} choices={[{ value: "", label: none }, ...choices]} />;
}
