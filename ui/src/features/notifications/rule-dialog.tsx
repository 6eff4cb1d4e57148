import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { projectsQuery } from "@/api/projects";
import type { Channel, Named, NotificationKind, NotificationRule } from "@/api/types";
import { KindPicker } from "@/components/channels/kind-picker";
import { SelectField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { ruleOf } from "@/features/notifications/rule-words";
import { choicesOf } from "@/lib/form";
import { notifications } from "@/strings/notifications";

const say = notifications.form;

type Props = { rule: NotificationRule; isNew: boolean; kinds: NotificationKind[]; channels: Channel[]; onSave: (rule: NotificationRule) => Promise<void>; onClose: () => void };

/** One rule: of what, how urgent, where to and when. */
export function RuleDialog({ rule, isNew, kinds, channels, onSave, onClose }: Props) {
  const { data: agents } = useQuery(agentNamesQuery);
  const { data: projects } = useQuery(projectsQuery);
  const [how, setHow] = useState<string>(rule.how);
  const save = async (form: FormData) => {
    await onSave(ruleOf(form, rule, kinds));
    return undefined;
  };
  const named = (any: string, items: Named[] = []) => [{ value: "", label: any }, ...items.map(({ id, name }) => ({ value: id, label: name }))];
  return (
    <FormDialog title={isNew ? say.create : say.change} act={say.act} onClose={onClose} save={save}>
      <KindPicker legend={say.about} hint={say.aboutHint} chosen={rule.kinds.includes("*") ? [] : rule.kinds} />
      <div className="grid gap-4 md:grid-cols-2">
        <SelectField label={say.atLeast} name="at_least" defaultValue={rule.at_least} choices={choicesOf(say.urgencies)} />
        <SelectField label={say.how} name="how" value={how} onChange={(event) => setHow(event.target.value)} choices={choicesOf(say.hows)} />
        {agents && <SelectField label={say.agent} name="agent" defaultValue={rule.agent_id ?? ""} choices={named(say.anyAgent, agents.items)} />}
        {projects && <SelectField label={say.project} name="project" defaultValue={rule.project_id ?? ""} choices={named(say.anyProject, projects.items)} />}
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
