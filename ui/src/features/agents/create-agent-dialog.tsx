import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { agentKeys, createAgent } from "@/api/agents";
import { createAgentKey, keyKeys } from "@/api/keys";
import { asProblem } from "@/api/problem";
import type { Agent } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { KeySecret } from "@/components/key-secret";
import { ConnectSnippets, FirstCall } from "@/features/agents/connect";
import { field } from "@/lib/form";
import { agents } from "@/strings/agents";

const say = agents.create;

type Props = { open: boolean; onOpenChange: (open: boolean) => void };

/** Two steps: a name; then its key, once, and the lines to paste. */
export function CreateAgentDialog({ open, onOpenChange }: Props) {
  const [made, setMade] = useState<{ agent: Agent; secret: string }>();
  const close = () => {
    onOpenChange(false);
    setMade(undefined);
  };
  if (made) return <ConnectDialog agent={made.agent} secret={made.secret} onClose={close} />;
  return (
    <Dialog open={open} onOpenChange={onOpenChange} title={say.title} description={say.help}>
      <CreateForm onMade={(agent, secret) => setMade({ agent, secret })} />
    </Dialog>
  );
}

function CreateForm({ onMade }: { onMade: (agent: Agent, secret: string) => void }) {
  const client = useQueryClient();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (form: FormData) => {
    setBusy(true);
    try {
      const agent = await createAgent({ name: field(form, "name"), description: field(form, "description") });
      const key = await createAgentKey(agent.id, {});
      void client.invalidateQueries({ queryKey: agentKeys.all });
      void client.invalidateQueries({ queryKey: keyKeys.all });
      onMade(agent, key.secret);
    } catch (error) {
      setProblem(asProblem(error).message);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void submit(new FormData(event.currentTarget));
      }}
    >
      <TextField label={say.name} name="name" hint={say.nameHint} error={problem} autoComplete="off" required autoFocus maxLength={100} />
      <TextField label={`${say.description} (${say.optional})`} name="description" autoComplete="off" />
      <FormActions>
        <Button type="submit" variant="primary" busy={busy}>
          {say.act}
        </Button>
      </FormActions>
    </form>
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
