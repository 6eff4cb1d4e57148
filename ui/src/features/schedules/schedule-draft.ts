import type { Schedule, ScheduleDraft } from "@/api/types";
import { choiceOf, givenTo } from "@/components/takers";
import { field } from "@/lib/form";

export type Trigger = ScheduleDraft["trigger"];

const VARIABLE = "variable:";
export const variableField = (name: string): string => VARIABLE + name;

/** The texts of a schedule's own task in which variables may stand: those of the form, and those it does not show. Pure. */
export function textsOf(title: string, brief: string, task: Schedule["task"]): string[] {
  const criteria = (task?.acceptance ?? []).map((each) => (typeof each === "string" ? each : each.text));
  return [title, brief, ...criteria, ...(task?.labels ?? [])];
}

/** What a form gives for variables. Of a template's, one that is left empty is as the template has it. Pure. */
function variablesOf(form: FormData, ofTemplate: boolean): Record<string, string> {
  const names = [...form.keys()].filter((key) => key.startsWith(VARIABLE));
  const given = names.map((key) => [key.slice(VARIABLE.length), field(form, key)] as const);
  return Object.fromEntries(given.filter(([, value]) => value || !ofTemplate));
}

/** What a form says of a schedule. Of one there is (`was`), what the form does not show stays. Pure. */
export function draftOf(trigger: Trigger, form: FormData, was?: Schedule): ScheduleDraft {
  const agent = field(form, "agent");
  const goal = field(form, "goal");
  const owner = field(form, "owner");
  const kept = was?.task;
  return {
    name: field(form, "name").trim(),
    trigger,
    ...(trigger === "cron" ? { cron: field(form, "cron").trim(), zone: field(form, "zone").trim() } : {}),
    ...(trigger === "interval" ? { every_s: Math.round(Number(field(form, "every")) * 60) } : {}),
    ...(was?.template
      ? {}
      : {
          task: {
            ...kept,
            title: field(form, "title").trim(),
            brief: field(form, "brief"),
            ready: kept && agent === choiceOf(kept) ? (kept.ready ?? true) : agent !== "",
            ...givenTo(agent),
            goal_id: goal || null,
          },
        }),
    variables: variablesOf(form, Boolean(was?.template)),
    pause_after: Math.round(Number(field(form, "pause_after"))),
    overlap: field(form, "overlap") as NonNullable<ScheduleDraft["overlap"]>,
    ...(owner ? { owner_id: owner } : {}),
    ...(form.has("catch_up") ? { catch_up: field(form, "catch_up") as NonNullable<ScheduleDraft["catch_up"]>, catch_up_limit: was?.catch_up === "all" ? was.catch_up_limit : 10 } : {}),
  };
}
