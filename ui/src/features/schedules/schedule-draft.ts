import type { Schedule, ScheduleDraft } from "@/api/types";
import { field } from "@/lib/form";

export type Trigger = ScheduleDraft["trigger"];

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
            ready: kept && agent === (kept.agent_id ?? "") ? (kept.ready ?? true) : agent !== "",
            agent_id: agent || null,
            goal_id: goal || null,
          },
        }),
    overlap: field(form, "overlap") as NonNullable<ScheduleDraft["overlap"]>,
    ...(owner ? { owner_id: owner } : {}),
    ...(form.has("catch_up") ? { catch_up: field(form, "catch_up") as NonNullable<ScheduleDraft["catch_up"]>, catch_up_limit: was?.catch_up === "all" ? was.catch_up_limit : 10 } : {}),
  };
}
