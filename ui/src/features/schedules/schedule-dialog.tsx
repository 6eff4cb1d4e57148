import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { constants } from "@/api/constants.gen";
import { changeSchedule, createSchedule, rotateSecret, scheduleKeys } from "@/api/schedules";
import { sessionQuery } from "@/api/session";
import type { Schedule } from "@/api/types";
import { ChooseField } from "@/components/choose/choose-field";
import { AreaField, SelectField, TextField } from "@/components/field";
import type { ShownOnce } from "@/components/form-dialog";
import { FormDialog } from "@/components/form-dialog";
import { holesIn } from "@/components/holes";
import { choiceOf } from "@/components/takers";
import { toast } from "@/components/toast";
import { NextFirings } from "@/features/schedules/next-firings";
import type { Trigger } from "@/features/schedules/schedule-draft";
import { draftOf, textsOf } from "@/features/schedules/schedule-draft";
import { OwnVariables, TemplateVariables } from "@/features/schedules/schedule-variables";
import { choicesOf, field } from "@/lib/form";
import { schedules } from "@/strings/schedules";

const say = schedules.form;

/** A webhook's address and its secret, to be copied while they are shown. */
export const hookSecret = (path: string | null, secret: string): ShownOnce => [
  { label: say.hook, code: `${location.origin}${path ?? ""}` },
  { label: say.secret, code: secret },
];

/** Makes a schedule, or changes the one given. */
export function ScheduleDialog({ schedule, onClose }: { schedule?: Schedule | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const session = useQuery(sessionQuery);
  const [trigger, setTrigger] = useState<Trigger>(schedule?.trigger ?? "cron");
  const [holes, setHoles] = useState(() => holesIn(textsOf(schedule?.task?.title ?? "", schedule?.task?.brief ?? "", schedule?.task ?? null)));
  const read = (event: React.SyntheticEvent<HTMLElement>) => {
    const element = event.currentTarget.closest("form");
    const form = element && new FormData(element);
    if (form) setHoles(holesIn(textsOf(field(form, "title"), field(form, "brief"), schedule?.task ?? null)));
  };
  const again = () => client.invalidateQueries({ queryKey: scheduleKeys.all });
  const create = async (form: FormData) => {
    const made = await createSchedule(draftOf(trigger, form));
    await again();
    return made.secret ? hookSecret(made.hook_path, made.secret) : undefined;
  };
  const change = async (was: Schedule, form: FormData) => {
    const changed = await changeSchedule(was, draftOf(trigger, form, was));
    // One that becomes a webhook has nothing yet to be signed with.
    const secret = changed.trigger === "webhook" && !changed.secret_set ? (await rotateSecret(changed.id)).secret : undefined;
    await again();
    if (secret) return hookSecret(changed.hook_path, secret);
    toast({ text: schedules.saved, tone: "work" });
    return undefined;
  };
  const { task } = schedule ?? {};
  const taker = choiceOf(task ?? {});
  return (
    <FormDialog title={schedule ? say.edit(schedule.name) : say.create} act={schedule ? say.save : say.act} onClose={onClose} save={(form) => (schedule ? change(schedule, form) : create(form))} asks={[session]}>
      <TextField label={say.name} name="name" required maxLength={100} autoComplete="off" defaultValue={schedule?.name} />
      <SelectField label={say.trigger} value={trigger} onChange={(event) => setTrigger(event.target.value as Trigger)} choices={choicesOf(schedules.triggers)} />
      {trigger === "cron" && <CronFields schedule={schedule} />}
      {trigger === "interval" && <IntervalField schedule={schedule} />}
      {schedule?.template ? (
        <>
          <p className="text-s text-muted">{say.template(schedule.template.name)}</p>
          <TemplateVariables templateId={schedule.template.id} was={schedule} />
        </>
      ) : (
        <>
          <div className="grid gap-4" onInput={read}>
            <TextField label={say.task} name="title" hint={say.taskHint} required maxLength={200} autoComplete="off" defaultValue={task?.title} />
            <AreaField label={say.brief} name="brief" rows={3} defaultValue={task?.brief} />
          </div>
          {holes.length > 0 && <OwnVariables names={holes} was={schedule} />}
          <ChooseField of="taker" label={say.agent} name="agent" begins={taker ? { id: taker } : null} none={say.nobody} />
          <ChooseField of="goal" label={say.goal} name="goal" begins={task?.goal_id ? { id: task.goal_id } : null} none={say.noGoal} hideEmpty />
        </>
      )}
      <ChooseField of="person" label={say.owner} name="owner" begins={schedule?.owner ?? session.data?.member} />
      <SelectField label={say.overlap} name="overlap" defaultValue={schedule?.overlap} choices={choicesOf(say.overlaps)} />
      <TextField
        label={say.pauseAfter}
        name="pause_after"
        hint={say.pauseAfterHint}
        type="number"
        inputMode="numeric"
        required
        min={1}
        max={constants.schedule_pause_after.most}
        defaultValue={schedule?.pause_after ?? constants.schedule_pause_after.usual}
      />
      {(trigger === "cron" || trigger === "interval") && <SelectField label={say.catchUp} name="catch_up" choices={choicesOf(say.catchUps)} defaultValue={schedule?.catch_up ?? "last"} />}
    </FormDialog>
  );
}

function CronFields({ schedule }: { schedule: Schedule | undefined }) {
  const [cron, setCron] = useState(schedule?.cron ?? "0 9 * * 1-5");
  const [zone, setZone] = useState(schedule?.cron ? schedule.zone : Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");
  return (
    <>
      <TextField label={say.cron} name="cron" hint={say.cronHint} required value={cron} onChange={(event) => setCron(event.target.value)} autoComplete="off" />
      <TextField label={say.zone} name="zone" required value={zone} onChange={(event) => setZone(event.target.value)} autoComplete="off" />
      <NextFirings cron={cron} zone={zone} />
    </>
  );
}

function IntervalField({ schedule }: { schedule: Schedule | undefined }) {
  const [minutes, setMinutes] = useState(String((schedule?.every_s ?? 3_600) / 60));
  return (
    <>
      <TextField label={say.every} name="every" type="number" min={1} step="any" required value={minutes} onChange={(event) => setMinutes(event.target.value)} />
      <NextFirings minutes={minutes} />
    </>
  );
}
