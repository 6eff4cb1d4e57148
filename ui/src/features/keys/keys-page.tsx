import { useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { createToken, keyKeys, keysQuery } from "@/api/keys";
import { membersQuery } from "@/api/members";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/field";
import { KeySecret } from "@/components/key-secret";
import { KeysTable } from "@/components/keys-table";
import { Page } from "@/components/page";
import { Empty } from "@/components/states";
import { SubmitForm } from "@/components/submit-form";
import { field } from "@/lib/form";
import { keys as say } from "@/strings/agents";
import { words } from "@/strings/common";

export function KeysPage() {
  const { data: keys } = useSuspenseQuery(keysQuery(null));
  // Without their names keys are told by what they are of: a page of keys does not fail for it.
  const { data: agents } = useQuery(agentNamesQuery);
  const { data: members } = useQuery(membersQuery);
  const named = useMemo(() => [...(agents?.items ?? []), ...(members?.items ?? [])], [agents, members]);
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
      {keys.items.length === 0 ? <Empty title={say.empty}>{say.emptyHelp}</Empty> : <KeysTable keys={keys.items} named={named} cut={keys.next !== null} />}
      {creating && <TokenDialog onClose={() => setCreating(false)} />}
    </Page>
  );
}

function TokenDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient();
  const [secret, setSecret] = useState<string>();
  const submit = async (form: FormData) => {
    setSecret((await createToken({ name: field(form, "name") })).secret);
    await client.invalidateQueries({ queryKey: keyKeys.all });
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
      <SubmitForm act={say.tokenCreate} onCancel={onClose} submit={submit}>
        <TextField label={say.tokenName} name="name" required autoComplete="off" maxLength={100} />
      </SubmitForm>
    </Dialog>
  );
}
