import { useQueryClient } from "@tanstack/react-query";

import { changeSettings, settingsKeys } from "@/api/settings";
import type { Settings, SettingsDraft } from "@/api/types";
import { SelectField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { agents } from "@/strings/agents";
import { settings as say } from "@/strings/settings";

const MODES = ["full", "redacted", "none"] as const;
const days = (form: FormData, name: string): number | null => Number(field(form, name)) || null;

/** What the workspace is called, which bodies of calls are kept, and for how long. What a file says is not offered. */
export function WorkspaceDialog({ settings, onClose }: { settings: Settings; onClose: () => void }) {
  const client = useQueryClient();
  const { workspace, retention, declared } = settings;
  const mode = !declared.includes("body_mode");
  const kept = !declared.includes("retention");
  const save = async (form: FormData) => {
    const draft: SettingsDraft = {
      name: field(form, "name").trim(),
      ...(mode ? { body_mode: field(form, "mode") as (typeof MODES)[number] } : {}),
      ...(kept ? { retention: { bodies_days: days(form, "bodies"), calls_days: days(form, "calls") } } : {}),
    };
    client.setQueryData(settingsKeys.all, await changeSettings(workspace.version, draft));
    toast({ text: say.saved, tone: "work" });
    return undefined;
  };
  return (
    <FormDialog title={say.change} act={say.save} onClose={onClose} save={save}>
      <TextField label={say.name} name="name" required maxLength={100} defaultValue={workspace.name} autoComplete="off" />
      {mode && (
        <SelectField label={say.bodies} name="mode" hint={say.bodiesHelp} defaultValue={workspace.body_mode} choices={MODES.map((value) => ({ value, label: agents.page.bodyModes[value] }))} />
      )}
      {kept && (
        <div className="grid grid-cols-2 gap-3">
          <TextField label={say.bodiesDays} name="bodies" type="number" min={1} max={36500} defaultValue={retention.bodies_days ?? ""} placeholder={say.forEver} />
          <TextField label={say.callsDays} name="calls" type="number" min={1} max={36500} defaultValue={retention.calls_days ?? ""} placeholder={say.forEver} />
        </div>
      )}
      {declared.length > 0 && <p className="text-s text-muted">{say.declared}</p>}
    </FormDialog>
  );
}
