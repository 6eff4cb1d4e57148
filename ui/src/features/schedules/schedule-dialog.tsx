import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { goalsQuery } from "@/api/goals";
import { createSchedule, scheduleKeys } from "@/api/schedules";
import type { ScheduleDraft } from "@/api/types";
import { AreaField, SelectField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { field } from "@/lib/form";
import { schedules } from "@/strings/schedules";

const say = schedules.form;
type Trigger = ScheduleDraft["trigger"];
const choices = <T extends string>(labels: Record<T, string>) => Object.entries<string>(labels).map(([value, label]) => ({ value, label }));

export function ScheduleDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const { data: agents } = useQuery(agentNamesQuery);
  const { data: goals } = useQuery(goalsQuery);
  const [trigger, setTrigger] = useState<Trigger>("cron");
  const save = async (form: FormData) => {
    const made = await createSchedule(draftOf(trigger, form));
    await client.invalidateQueries({ queryKey: scheduleKeys.all });
    if (!made.secret) return undefined;
    return [
      { label: say.hook, code: `${location.origin}${made.hook_path ?? ""}` },
      { label: say.secret, code: made.secret },
    ];
  };
  return (
    <FormDialog title={say.create} act={say.act} onClose={onClose} save={save}>
      <TextField label={say.name} name="name" required maxLength={120} autoComplete="off" />
      <SelectField label={say.trigger} value={trigger} onChange={(event) => setTrigger(event.target.value as Trigger)} choices={choices(schedules.triggers)} />
      {trigger === "cron" && (
        <>
          <TextField label={say.cron} name="cron" hint={say.cronHint} required defaultValue="0 9 * * 1-5" autoComplete="off" />
          <TextField label={say.zone} name="zone" required defaultValue={Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC"} autoComplete="off" />
        </>
      )}
      {trigger === "interval" && <TextField label={say.every} name="every" type="number" min={1} required defaultValue="60" />}
      <TextField label={say.task} name="title" hint={say.taskHint} required maxLength={200} autoComplete="off" />
      <AreaField label={say.brief} name="brief" rows={3} />
      <SelectField label={say.agent} name="agent" choices={[{ value: "", label: say.nobody }, ...(agents?.items ?? []).map((agent) => ({ value: agent.id, label: agent.name }))]} />
      {goals && goals.items.length > 0 && (
        <SelectField label={say.goal} name="goal" choices={[{ value: "", label: say.noGoal }, ...goals.items.map((goal) => ({ value: goal.id, label: goal.name }))]} />
      )}
      <SelectField label={say.overlap} name="overlap" choices={choices(say.overlaps)} />
      {(trigger === "cron" || trigger === "interval") && <SelectField label={say.catchUp} name="catch_up" choices={choices(say.catchUps)} defaultValue="last" />}
    </FormDialog>
  );
}

function draftOf(trigger: Trigger, form: FormData): ScheduleDraft {
  const agent = field(form, "agent");
  const goal = field(form, "goal");
  return {
    name: field(form, "name").trim(),
    trigger,
    ...(trigger === "cron" ? { cron: field(form, "cron").trim(), zone: field(form, "zone").trim() } : {}),
    ...(trigger === "interval" ? { every_s: Number(field(form, "every")) * 60 } : {}),
    task: { title: field(form, "title").trim(), brief: field(form, "brief"), ready: agent !== "", ...(agent ? { agent_id: agent } : {}), ...(goal ? { goal_id: goal } : {}) },
    overlap: field(form, "overlap") as NonNullable<ScheduleDraft["overlap"]>,
    ...(form.has("catch_up") ? { catch_up: field(form, "catch_up") as NonNullable<ScheduleDraft["catch_up"]>, catch_up_limit: 10 } : {}),
  };
}
