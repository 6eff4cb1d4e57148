import { useInfiniteQuery, useQueries, useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { agentNamesQuery } from "@/api/agents";
import { calledQuery } from "@/api/choices";
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
import type { KeysSearch } from "@/features/keys/search";
import { field } from "@/lib/form";
import { keys as say } from "@/strings/agents";
import { words } from "@/strings/common";

type Props = { search: KeysSearch; setSearch: (search: KeysSearch) => void };

export function KeysPage({ search, setSearch }: Props) {
  const { data: keys } = useSuspenseQuery(keysQuery(null));
  // Without their names keys are told by what they are of: a page of keys does not fail for it.
  const { data: agents } = useQuery(agentNamesQuery);
  const { data: pages } = useInfiniteQuery(membersQuery);
  const members = useMemo(() => pages?.pages.flatMap((page) => page.items), [pages]);
  // One answer names hundreds; it is asked for each of the others alone.
  const others = useMemo(() => (members ? [...new Set(keys.items.flatMap(({ member_id: id }) => id ?? []))].filter((id) => !members.some((each) => each.id === id)) : []), [keys, members]);
  const called = useQueries({ queries: others.map((id) => calledQuery("person", id)), combine: namesOf });
  const named = useMemo(() => [...(agents?.items ?? []), ...(members ?? []), ...others.flatMap((id, at) => (called[at] ? [{ id, name: called[at] }] : []))], [agents, members, others, called]);
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
      {keys.items.length === 0 ? <Empty title={say.empty}>{say.emptyHelp}</Empty> : <KeysTable keys={keys.items} named={named} cut={keys.next !== null} group={search.show} show={(show) => setSearch({ show })} />}
      {creating && <TokenDialog onClose={() => setCreating(false)} />}
    </Page>
  );
}

const namesOf = (asked: { data: string | null | undefined }[]) => asked.map(({ data }) => data);

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
