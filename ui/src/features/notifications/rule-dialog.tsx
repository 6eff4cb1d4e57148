import { useState } from "react";

import type { Channel, NotificationKind, NotificationRule } from "@/api/types";
import { KindPicker } from "@/components/channels/kind-picker";
import { ChooseField } from "@/components/choose/choose-field";
import { SelectField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { ruleOf } from "@/features/notifications/rule-words";
import { choicesOf } from "@/lib/form";
import { notifications } from "@/strings/notifications";

const say = notifications.form;

type Props = { rule: NotificationRule; isNew: boolean; kinds: NotificationKind[]; channels: Channel[]; onSave: (rule: NotificationRule) => Promise<void>; onClose: () => void };

/** One rule: of what, how urgent, where to and when. */
export function RuleDialog({ rule, isNew, kinds, channels, onSave, onClose }: Props) {
  const [how, setHow] = useState<string>(rule.how);
  const save = async (form: FormData) => {
    await onSave(ruleOf(form, rule, kinds));
    return undefined;
  };
  return (
    <FormDialog title={isNew ? say.create : say.change} act={say.act} onClose={onClose} save={save}>
      <KindPicker legend={say.about} hint={say.aboutHint} chosen={rule.kinds.includes("*") ? [] : rule.kinds} />
      <div className="grid gap-4 md:grid-cols-2">
        <SelectField label={say.atLeast} name="at_least" defaultValue={rule.at_least} choices={choicesOf(say.urgencies)} />
        <SelectField label={say.how} name="how" value={how} onChange={(event) => setHow(event.target.value)} choices={choicesOf(say.hows)} />
        <ChooseField of="agent" label={say.agent} name="agent" begins={rule.agent_id ? { id: rule.agent_id } : null} none={say.anyAgent} />
        <ChooseField of="project" label={say.project} name="project" begins={rule.project_id ? { id: rule.project_id } : null} none={say.anyProject} />
      </div>
      {how !== "mute" && (
        <fieldset className="grid gap-1.5">
          <legend className="mb-1.5 text-s font-[510]">{say.to}</legend>
          {channels.map((channel) => (
            <Tick key={channel.id} name="channels" value={channel.id} label={channel.name} checked={rule.channels.includes(channel.id)} />
          ))}
          <Tick name="here" value="on" label={say.here} checked={rule.in_app} />
          <p className="text-s text-faint">{say.toHint}</p>
        </fieldset>
      )}
    </FormDialog>
  );
}

function Tick({ name, value, label, checked }: { name: string; value: string; label: string; checked: boolean }) {
  return (
    <label className="flex items-center gap-2.5">
      <input type="checkbox" name={name} value={value} defaultChecked={checked} className="size-[15px] shrink-0 accent-(--accent)" /> <span className="min-w-0 [overflow-wrap:anywhere]">{label}</span>
    </label>
  );
}
