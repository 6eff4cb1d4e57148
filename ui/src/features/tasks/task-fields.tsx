import type { ReactNode } from "react";

import type { Priority } from "@/api/types";
import { ChooseField } from "@/components/choose/choose-field";
import { AreaField, SelectField, TextField } from "@/components/field";
import { BudgetField } from "@/features/tasks/task-budget";
import { choicesOf, field, instantOf, nanoOf, several } from "@/lib/form";
import { priorities, states } from "@/strings/common";
import { tasks } from "@/strings/tasks";

const say = tasks.form;

export type Values = { title: string; brief: string; acceptance: string[]; agent: string; priority: Priority; due: string | null; budget: number | null; project: string; goal: string; labels: string[]; state: "backlog" | "ready" };

/** What the form holds, with empty fields as nothing. Pure. */
export function readForm(form: FormData): Values {
  const text = (name: string) => field(form, name).trim();
  return {
    title: text("title"),
    brief: text("brief"),
    acceptance: several(form, "acceptance", "\n"),
    agent: text("agent"),
    priority: (text("priority") || "normal") as Priority,
    due: instantOf(text("due")),
    budget: nanoOf(text("budget")),
    project: text("project"),
    goal: text("goal"),
    labels: several(form, "labels"),
    state: text("state") === "backlog" ? "backlog" : "ready",
  };
}

/** Its name is asked for where it is not at hand. */
type Chosen = { id: string; name?: string } | null;

/** What the fields begin with; `agent` is a choice of who is to do it. */
export type Shown = { title: string; brief: string; acceptance: string[]; priority: Priority; labels: string[]; budget: number | null; project: Chosen; goal: Chosen; agent?: string; state?: Values["state"] };

type Props = {
  shown?: Shown | undefined;
  /** Where the task begins: with whom, and in which column. Later it is assigned and moved. */
  begins: boolean;
  due: ReactNode;
};

/** What a person says of a task, of one to be made or of a template's. */
export function TaskFields({ shown, begins, due }: Props) {
  return (
    <>
      <TextField label={say.title} name="title" required autoFocus data-begin-here maxLength={300} autoComplete="off" defaultValue={shown?.title} />
      <AreaField label={say.brief} name="brief" hint={say.briefHint} rows={5} defaultValue={shown?.brief} />
      <AreaField label={say.acceptance} name="acceptance" hint={say.acceptanceHint} rows={3} defaultValue={shown?.acceptance.join("\n")} />
      <div className="grid gap-4 md:grid-cols-2">
        {begins && (
          <>
            <ChooseField of="taker" label={say.agent} name="agent" begins={shown?.agent ? { id: shown.agent } : null} none={say.anyAgent} />
            <SelectField
              label={say.state}
              name="state"
              defaultValue={shown?.state ?? "ready"}
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
          defaultValue={shown?.priority ?? "normal"}
          choices={choicesOf(priorities)}
        />
        {due}
        <BudgetField budget={shown?.budget ?? null} hint={say.budgetHint} />
        <ChooseField of="project" label={say.project} name="project" begins={shown?.project} none={say.noProject} hideEmpty />
        <ChooseField of="goal" label={say.goal} name="goal" begins={shown?.goal} none={say.noGoal} hideEmpty />
      </div>
      <TextField label={say.labels} name="labels" hint={say.labelsHint} autoComplete="off" defaultValue={shown?.labels.join(", ")} />
    </>
  );
}
