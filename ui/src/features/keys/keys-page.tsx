import { useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { createToken, keyKeys, keysQuery } from "@/api/keys";
import { asProblem } from "@/api/problem";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { KeySecret } from "@/components/key-secret";
import { KeysTable } from "@/components/keys-table";
import { Page } from "@/components/page";
import { Empty } from "@/components/states";
import { field } from "@/lib/form";
import { keys as say } from "@/strings/agents";
import { words } from "@/strings/common";

export function KeysPage() {
  const { data: keys } = useSuspenseQuery(keysQuery(null));
  const { data: agents } = useSuspenseQuery(agentNamesQuery);
  const [creating, setCreating] = useState(false);
  const active = keys.items.filter((key) => key.state === "active").length;
  return (
    <Page
      title={say.title}
      answer={say.answer(active, keys.next === null)}
      actions={
        <Button onClick={() => setCreating(true)}>
          <Plus size={14} aria-hidden="true" /> {say.newToken}
        </Button>
      }
    >
      {keys.items.length === 0 ? <Empty title={say.empty}>{say.emptyHelp}</Empty> : <KeysTable keys={keys.items} agents={agents.items} cut={keys.next !== null} />}
      {creating && <TokenDialog onClose={() => setCreating(false)} />}
    </Page>
  );
}

function TokenDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [secret, setSecret] = useState<string>();
  const [problem, setProblem] = useState<string>();
  const submit = async (form: FormData) => {
    try {
      setSecret((await createToken({ name: field(form, "name") })).secret);
      await client.invalidateQueries({ queryKey: keyKeys.all });
    } catch (error) {
      setProblem(asProblem(error).message);
    }
  };
  if (secret) {
    const done = (
      <Button variant="primary" onClick={onClose}>
        {words.done}
      </Button>
    );
    return (
      <Dialog open onOpenChange={onClose} title={say.secretTitle} dismissable={false} footer={done}>
        <KeySecret secret={secret} />
      </Dialog>
    );
  }
  return (
    <Dialog open onOpenChange={onClose} title={say.newToken} description={say.tokenHelp}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(new FormData(event.currentTarget));
        }}
      >
        <TextField label={say.tokenName} name="name" required autoFocus error={problem} autoComplete="off" maxLength={100} />
        <FormActions>
          <Button type="submit" variant="primary">
            {say.tokenCreate}
          </Button>
        </FormActions>
      </form>
    </Dialog>
  );
}
