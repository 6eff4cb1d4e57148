import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { agentTemplatesQuery } from "@/api/agent-templates";
import type { Agent, AgentTemplate } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { Facts } from "@/components/facts";
import { SelectField, TextField } from "@/components/field";
import { KeySecret } from "@/components/key-secret";
import { SubmitForm } from "@/components/submit-form";
import { ConnectSnippets, FirstCall } from "@/features/agents/connect";
import { useMakeAgent } from "@/features/agents/use-make-agent";
import { field } from "@/lib/form";
import { agentTemplates } from "@/strings/agent-templates";
import { agents } from "@/strings/agents";

const say = agents.create;

const from = agentTemplates.from;

type Props = { open: boolean; onOpenChange: (open: boolean) => void; /** The template it begins with. */ template?: string };

/** Two steps: a name, perhaps a template; then its key, once, and the lines to paste. */
export function CreateAgentDialog({ open, onOpenChange, template = "" }: Props) {
  const [made, setMade] = useState<{ agent: Agent; secret: string }>();
  const close = () => {
    onOpenChange(false);
    setMade(undefined);
  };
  if (made) return <ConnectDialog agent={made.agent} secret={made.secret} onClose={close} />;
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={say.title} description={say.help}>
      <CreateForm template={template} onCancel={close} onMade={(agent, secret) => setMade({ agent, secret })} />
    </Dialog>
  );
}

function CreateForm({ template, onMade, onCancel }: { template: string; onMade: (agent: Agent, secret: string) => void; onCancel: () => void }) {
  const make = useMakeAgent();
  const { data: templates } = useQuery(agentTemplatesQuery);
  const [chosen, setChosen] = useState(template);
  const begins = templates?.find((each) => each.id === chosen);
  const submit = async (form: FormData) => {
    // What is not said comes from the template.
    const description = field(form, "description").trim();
    const { agent, secret } = await make({ name: field(form, "name").trim(), ...(description ? { description } : {}), ...(begins ? { template_id: begins.id } : {}) });
    onMade(agent, secret);
  };
  return (
    <SubmitForm act={say.act} onCancel={onCancel} submit={submit}>
      <TextField label={say.name} name="name" hint={say.nameHint} autoComplete="off" required autoFocus maxLength={100} />
      <TextField label={`${say.description} (${say.optional})`} name="description" autoComplete="off" placeholder={begins?.description} />
      {templates && templates.length > 0 && (
        <SelectField
          label={from.label}
          value={begins ? chosen : ""}
          onChange={(event) => setChosen(event.target.value)}
          choices={[{ value: "", label: from.nothing }, ...templates.map((each) => ({ value: each.id, label: each.name }))]}
        />
      )}
      {begins && <Beginning of={begins} />}
    </SubmitForm>
  );
}

/** What an agent of the template has from the start. */
function Beginning({ of: { skills = [], labels = [], capacity, instructions } }: { of: AgentTemplate }) {
  const facts = [
    ...(skills.length > 0 ? [{ label: from.skills, value: skills.join(", ") }] : []),
    ...(labels.length > 0 ? [{ label: from.labels, value: labels.join(", ") }] : []),
    { label: from.capacity, value: capacity },
    ...(instructions ? [{ label: from.instructions, value: <span className="line-clamp-3 whitespace-pre-line">{instructions}</span> }] : []),
  ];
  return (
    <section aria-label={from.begins} className="card bg-sunken px-4 py-3 wrap-anywhere">
      <Facts facts={facts} />
    </section>
  );
}

/** A fresh key with everything needed to use it. Closing asks for a deliberate click: the key is shown once. */
export function ConnectDialog({ agent, secret, onClose }: { agent: Agent; secret: string; onClose: () => void }) {
  return (
    <Dialog
      open
      wide
      onOpenChange={onClose}
      dismissable={false}
      title={agents.connect.title(agent.name)}
      footer={
        <Button variant="primary" onClick={onClose}>
          {agents.connect.close}
        </Button>
      }
    >
      <div className="grid min-w-0 gap-5">
        <KeySecret secret={secret} />
        <div className="grid min-w-0 gap-2">
          <h3 className="text-s text-muted">{agents.connect.how}</h3>
          <ConnectSnippets secret={secret} />
        </div>
        <FirstCall agentId={agent.id} onOpen={onClose} />
      </div>
    </Dialog>
  );
}
