import type { Task, TaskTemplateDraft, TemplateTask, TemplateVariable } from "@/api/types";
import { holesIn } from "@/components/holes";
import { givenTo } from "@/components/takers";
import { readForm } from "@/features/tasks/task-fields";
import { field } from "@/lib/form";

const HOUR_S = 3_600;
export const variableField = (name: string): string => `variable:${name}`;
/** Where a template says what a variable is for, and that nothing may stand for it. */
export const helpField = (name: string): string => `help:${name}`;
export const emptyField = (name: string): string => `empty:${name}`;

/** What a template of this task makes: the task as it was written, with nothing done. Whoever makes one answers for it. Pure. */
export const draftOf = (task: Task): TemplateTask => ({
  title: task.title,
  brief: task.brief,
  acceptance: task.acceptance.map(({ text, deliverable }) => ({ text, met: false, deliverable })),
  priority: task.priority,
  labels: task.labels,
  agent_id: task.assigned ? (task.agent?.id ?? null) : null,
  squad_id: task.squad?.id ?? null,
  project_id: task.project?.id ?? null,
  goal_id: task.goal?.id ?? null,
  review: task.review,
  attempt_limit: task.attempt_limit,
  budget_nano: task.budget_nano,
  due_in_s: dueIn(task),
  ready: task.state !== "backlog",
});

/** In whole hours, for nobody means seconds. */
function dueIn(task: Task): number | null {
  if (!task.due_at) return null;
  const hours = Math.round((Date.parse(task.due_at) - Date.parse(task.created_at)) / 1_000 / HOUR_S);
  return hours > 0 ? hours * HOUR_S : null;
}

export const hoursOf = (task: TemplateTask | undefined): string => (task?.due_in_s ? String(task.due_in_s / HOUR_S) : "");

/** What a template's task is measured by; one that is written as words alone is read as a criterion, too. Pure. */
export const criteriaOf = (task: TemplateTask | undefined) => (task?.acceptance ?? []).map((each) => (typeof each === "string" ? { text: each, met: false } : each));

/** The texts of a form in which variables may stand. Pure. */
export const textsOf = (form: FormData): string[] => ["title", "brief", "acceptance", "labels"].map((name) => field(form, name));

/** What the form says; what it does not show stays as it was. Pure. */
export function templateOf(form: FormData, from: TemplateTask | undefined): TaskTemplateDraft {
  const said = readForm(form);
  const known = new Map(criteriaOf(from).map((each) => [each.text, each]));
  const hours = Number(field(form, "hours"));
  return {
    name: field(form, "name").trim(),
    description: field(form, "description").trim(),
    task: {
      ...from,
      title: said.title,
      brief: said.brief,
      acceptance: said.acceptance.map((text) => known.get(text) ?? { text, met: false }),
      priority: said.priority,
      labels: said.labels,
      ...givenTo(said.agent),
      project_id: said.project || null,
      goal_id: said.goal || null,
      budget_nano: said.budget,
      due_in_s: hours > 0 ? Math.round(hours * HOUR_S) : null,
      ready: said.state === "ready",
    },
    variables: holesIn(textsOf(form)).map((name) => variableOf(name, form)),
  };
}

/** With nothing there a value has to be given, unless nothing will do. */
function variableOf(name: string, form: FormData): TemplateVariable {
  const usual = field(form, variableField(name));
  return { name, default: usual || (form.has(emptyField(name)) ? "" : null), description: field(form, helpField(name)).trim() };
}
