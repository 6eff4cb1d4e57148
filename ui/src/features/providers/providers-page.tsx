import { useMutation, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { checkProvider, deleteProvider, providerKeys, providersQuery } from "@/api/providers";
import type { Provider } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { Dot } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { DeclaredChip } from "@/components/declared-chip";
import { Confirm } from "@/components/dialog";
import { Page } from "@/components/page";
import { checkedTone, checkedWords } from "@/components/provider-checked";
import { Empty } from "@/components/states";
import { toast } from "@/components/toast";
import { ProviderDialog } from "@/features/providers/provider-dialog";
import { providers as say } from "@/strings/providers";

type Props = { creating: boolean; setCreating: (open: boolean) => void };

export function ProvidersPage({ creating, setCreating }: Props) {
  const { data } = useSuspenseQuery(providersQuery);
  const client = useQueryClient();
  const [editing, setEditing] = useState<Provider>();
  const [removing, setRemoving] = useState<Provider>();
  const remove = useMutation({
    mutationFn: deleteProvider,
    onSuccess: () => toast({ text: say.removed }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: providerKeys.all }),
  });
  const allowed = useMay("administer");
  const { mutate: check, isPending: checking, variables: asked } = useMutation({
    mutationFn: checkProvider,
    onSuccess: (found) => toast({ text: checkedWords(found), tone: checkedTone(found) }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
  });
  const columns = useMemo(() => providerColumns(setEditing, setRemoving, check, checking ? asked : undefined).filter((column) => allowed || column.id !== "act"), [allowed, check, checking, asked]);
  const add = allowed && (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden="true" /> {say.add}
    </Button>
  );
  return (
    <Page title={say.title} answer={say.answer(data.items.length, data.items.filter((each) => each.problem).length)} actions={data.items.length > 0 && add}>
      {data.items.length === 0 ? (
        <Empty title={say.empty} action={add}>
          {say.emptyHelp}
        </Empty>
      ) : (
        <DataTable label={say.title} columns={columns} rows={data.items} rowId={(provider) => provider.name} />
      )}
      {creating && <ProviderDialog onClose={() => setCreating(false)} />}
      {editing && <ProviderDialog provider={editing} onClose={() => setEditing(undefined)} />}
      <Confirm
        open={removing !== undefined}
        onOpenChange={(open) => !open && setRemoving(undefined)}
        title={say.removeTitle(removing?.name ?? "")}
        act={say.remove}
        onAct={() => removing && remove.mutate(removing)}
      >
        {say.removeHelp}
      </Confirm>
    </Page>
  );
}

function providerColumns(edit: (provider: Provider) => void, remove: (provider: Provider) => void, check: (name: string) => void, checking: string | undefined): Column<Provider>[] {
  return [
    {
      id: "name",
      header: say.columns.name,
      cell: (provider) => (
        <span className="grid gap-0.5">
          <span className="flex items-center gap-2 font-[560] [&>*]:shrink-0">
            <Dot tone={provider.problem ? "wrong" : "work"} /> <span className="min-w-0 shrink!">{provider.name}</span>
            {!provider.problem && <span className="text-s font-normal text-muted">{say.ready}</span>}
          </span>
          {provider.problem && <span className="max-w-[36ch] text-s text-wrong">{provider.problem}</span>}
        </span>
      ),
    },
    { id: "kind", header: say.columns.kind, from: "md", cell: (provider) => <span className="text-muted">{provider.kind}</span> },
    { id: "url", header: say.columns.url, from: "lg", cell: (provider) => <code className="block min-w-[140px] text-[12px] break-all text-muted">{provider.base_url}</code> },
    {
      id: "credential",
      header: say.columns.credential,
      from: "md",
      cell: (provider) =>
        provider.credential === null ? (
          <span className="text-faint">{say.noSecret}</span>
        ) : provider.credential === "stored" ? (
          <span className="text-muted">{say.stored}</span>
        ) : (
          <code className="text-[12px] break-all">{provider.credential}</code>
        ),
    },
    { id: "models", header: say.columns.models, from: "lg", cell: (provider) => <span className="line-clamp-2 text-muted">{provider.models?.join(", ") ?? say.anyModel}</span> },
    {
      id: "act",
      header: say.columns.act,
      headerHidden: true,
      align: "end",
      cell: (provider) => (
        <span className="inline-flex items-center gap-1">
          <Button size="s" aria-label={say.checkLabel(provider.name)} busy={checking === provider.name} onClick={() => check(provider.name)}>
            {say.check}
          </Button>
          {provider.declared ? (
            <DeclaredChip title={say.declaredTitle} />
          ) : (
            <>
              <IconButton label={say.changeLabel(provider.name)} onClick={() => edit(provider)}>
                <Pencil size={14} />
              </IconButton>
              <IconButton label={say.removeLabel(provider.name)} onClick={() => remove(provider)} className="hover:text-wrong">
                <Trash2 size={14} />
              </IconButton>
            </>
          )}
        </span>
      ),
    },
  ];
}
