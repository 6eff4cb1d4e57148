import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { goalsQuery } from "@/api/goals";
import { projectsQuery } from "@/api/projects";
import type { Named, Priority } from "@/api/types";
import { AreaField, SelectField, TextField } from "@/components/field";
import { ProblemLine } from "@/components/states";
import { useTakers } from "@/components/takers";
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

/** What the fields begin with; `agent` is a choice of who is to do it. */
export type Shown = { title: string; brief: string; acceptance: string[]; priority: Priority; labels: string[]; budget: number | null; project: Named | null; goal: Named | null; agent?: string; state?: Values["state"] };

type Props = {
  shown?: Shown | undefined;
  /** Where the task begins: with whom, and in which column. Later it is assigned and moved. */
  begins: boolean;
  due: ReactNode;
};

/** What a person says of a task, of one to be made or of a template's. */
export function TaskFields({ shown, begins, due }: Props) {
  const { choices, asks } = useTakers(shown?.agent);
  const projects = useQuery(projectsQuery);
  const goals = useQuery(goalsQuery);
  const missing = [...asks, projects, goals].filter((each) => each.isError && each.data === undefined);
  return (
    <>
      <TextField label={say.title} name="title" required autoFocus data-begin-here maxLength={300} autoComplete="off" defaultValue={shown?.title} />
      <AreaField label={say.brief} name="brief" hint={say.briefHint} rows={5} defaultValue={shown?.brief} />
      <AreaField label={say.acceptance} name="acceptance" hint={say.acceptanceHint} rows={3} defaultValue={shown?.acceptance.join("\n")} />
      <div className="grid gap-4 md:grid-cols-2">
        {begins && (
          <>
            <SelectField
              label={say.agent}
              name="agent"
              defaultValue={shown?.agent ?? ""}
              choices={[{ value: "", label: say.anyAgent }, ...choices]}
            />
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
        <Belonging label={say.project} name="project" none={say.noProject} found={projects.data?.items} mine={shown?.project} />
        <Belonging label={say.goal} name="goal" none={say.noGoal} found={goals.data?.items} mine={shown?.goal} />
      </div>
      {missing[0] && <ProblemLine error={missing[0].error} retry={() => missing.forEach((each) => void each.refetch())} />}
      <TextField label={say.labels} name="labels" hint={say.labelsHint} autoComplete="off" defaultValue={shown?.labels.join(", ")} />
    </>
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
