import { useState } from "react";

import { asProblem } from "@/api/problem";
import type { NotificationPreferences } from "@/api/types";
import { Button } from "@/components/button";
import { SelectField, TextField } from "@/components/field";
import { Section } from "@/components/page";
import { toast } from "@/components/toast";
import { cx } from "@/lib/cx";
import { field } from "@/lib/form";
import { notifications } from "@/strings/notifications";

const say = notifications.times;
const NIGHT = { start: "22:00", end: "07:00", urgent_passes: true };
const MORNING = "09:00";

/** Quiet hours, digest and the zone whose clock both follow. */
export function Times({ preferences, onChange }: { preferences: NotificationPreferences; onChange: (changed: NotificationPreferences) => Promise<unknown> }) {
  const [quiet, setQuiet] = useState(preferences.quiet !== null);
  const [daily, setDaily] = useState(preferences.digest_at !== null);
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const save = async (form: FormData) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await onChange({
        ...preferences,
        zone: field(form, "zone"),
        quiet: quiet ? { start: field(form, "start"), end: field(form, "end"), urgent_passes: form.has("urgent") } : null,
        digest_at: daily ? field(form, "digest_at") : null,
      });
      toast({ text: say.saved, tone: "work" });
    } catch (error) {
      setProblem(asProblem(error).message);
    }
    setBusy(false);
  };
  const hours = preferences.quiet ?? NIGHT;
  return (
    <Section title={say.title}>
      <form
        className="card grid gap-4 p-4"
        onSubmit={(event) => {
          event.preventDefault();
          void save(new FormData(event.currentTarget));
        }}
      >
        <div className="grid gap-2">
          <label className="flex items-center gap-2.5">
            <input type="checkbox" checked={quiet} onChange={(event) => setQuiet(event.target.checked)} className="size-[15px] accent-(--accent)" /> {say.quiet}
          </label>
          {quiet && (
            <>
              <div className="grid grid-cols-2 gap-3">
                <TextField label={say.from} name="start" type="time" required defaultValue={hours.start} />
                <TextField label={say.to} name="end" type="time" required defaultValue={hours.end} />
              </div>
              <label className="flex items-center gap-2.5">
                <input type="checkbox" name="urgent" defaultChecked={hours.urgent_passes} className="size-[15px] accent-(--accent)" /> {say.urgentPasses}
              </label>
            </>
          )}
          <p className="text-s text-faint">{say.quietHelp}</p>
        </div>
        <div className={cx("grid items-end gap-3", daily && "grid-cols-2")}>
          <SelectField
            label={say.digest}
            value={daily ? "daily" : "hourly"}
            onChange={(event) => setDaily(event.target.value === "daily")}
            choices={[
              { value: "hourly", label: say.hourly },
              { value: "daily", label: say.daily },
            ]}
          />
          {daily && <TextField label={say.at} name="digest_at" type="time" required defaultValue={preferences.digest_at ?? MORNING} />}
        </div>
        <SelectField label={say.zone} name="zone" defaultValue={preferences.zone} choices={zones(preferences.zone)} />
        {problem && (
          <p role="alert" className="text-s text-wrong">
            {problem}
          </p>
        )}
        <Button type="submit" busy={busy} className="justify-self-start">
          {say.save}
        </Button>
      </form>
    </Section>
  );
}

const zones = (mine: string) => [...new Set([mine, "UTC", ...Intl.supportedValuesOf("timeZone")])].map((value) => ({ value, label: value.replaceAll("_", " ") }));
