import { useQuery, useQueryClient } from "@tanstack/react-query";

import { agentTemplateKeys, changeAgentTemplate, createAgentTemplate } from "@/api/agent-templates";
import { instructionsQuery } from "@/api/instructions";
import type { Agent, AgentTemplate, AgentTemplateDraft } from "@/api/types";
import { AreaField, SelectField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { toast } from "@/components/toast";
import { choicesOf, field, several } from "@/lib/form";
import { agentTemplates } from "@/strings/agent-templates";
import { agents } from "@/strings/agents";

const say = agentTemplates.form;
const INHERIT = "inherit";

type Begin = Omit<AgentTemplateDraft, "name">;
type Props = { template?: AgentTemplate | undefined; /** What it begins with where it is new. */ from?: Begin | undefined; onClose: () => void };

/** Makes or changes a template: what an agent made from it begins with. */
export function AgentTemplateDialog({ template, from = template, onClose }: Props) {
  const client = useQueryClient();
  const save = async (form: FormData) => {
    const draft = draftOf(form);
    await (template ? changeAgentTemplate(template, draft) : createAgentTemplate(draft));
    await client.invalidateQueries({ queryKey: agentTemplateKeys.all });
    toast({ text: agentTemplates.saved(draft.name), tone: "work" });
    return undefined;
  };
  return (
    <FormDialog title={template ? say.edit : say.create} act={template ? say.actSave : say.actCreate} onClose={onClose} save={save} wide>
      <TextField label={say.name} name="name" required autoFocus maxLength={100} autoComplete="off" defaultValue={template?.name} />
      <AreaField label={say.description} name="description" rows={2} maxLength={10_000} defaultValue={from?.description} />
      <div className="grid gap-4 md:grid-cols-2">
        <TextField label={say.skills} name="skills" hint={say.skillsHint} autoComplete="off" defaultValue={from?.skills?.join(", ")} />
        <TextField label={say.labels} name="labels" hint={say.labelsHint} autoComplete="off" defaultValue={from?.labels?.join(", ")} />
        <TextField label={say.capacity} name="capacity" type="number" inputMode="numeric" required min={1} max={1_000} step={1} defaultValue={from?.capacity ?? 1} />
        <SelectField label={say.bodies} name="bodies" defaultValue={from?.body_mode ?? INHERIT} choices={choicesOf(agents.page.bodyModes)} />
      </div>
      <AreaField label={say.instructions} name="instructions" hint={say.instructionsHint} rows={8} maxLength={100_000} defaultValue={from?.instructions} />
    </FormDialog>
  );
}

/** What the form holds. Pure. */
function draftOf(form: FormData): AgentTemplateDraft {
  const bodies = field(form, "bodies");
  return {
    name: field(form, "name").trim(),
    description: field(form, "description").trim(),
    skills: several(form, "skills"),
    labels: several(form, "labels"),
    instructions: field(form, "instructions").trim(),
    capacity: Number(field(form, "capacity")),
    body_mode: bodies === INHERIT ? null : (bodies as "full" | "redacted" | "none"),
  };
}

/** A template that begins as this agent is: with the version of its instructions that holds. */
export function SaveAgentAsTemplate({ agent, onClose }: { agent: Agent; onClose: () => void }) {
  const told = agent.instructions !== null;
  const { data: versions } = useQuery({ ...instructionsQuery(agent.id), enabled: told });
  // Fields take what they begin with when they are made.
  if (told && !versions) return null;
  const { description, skills, labels, capacity } = agent;
  const body_mode = agent.body_mode as AgentTemplateDraft["body_mode"];
  return <AgentTemplateDialog from={{ description, skills, labels, capacity, body_mode, instructions: versions?.find((each) => each.holds)?.text ?? "" }} onClose={onClose} />;
}
