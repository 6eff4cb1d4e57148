import { useQuery } from "@tanstack/react-query";
import { Pencil, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";

import { agentTemplateKeys, agentTemplatesQuery, removeAgentTemplate } from "@/api/agent-templates";
import { useMay } from "@/api/may";
import type { AgentTemplate } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import type { Column } from "@/components/data-table";
import { ListSection } from "@/components/list-section";
import { useRemoval } from "@/components/removal";
import { AgentTemplateDialog } from "@/features/agents/agent-template-dialog";
import { CreateAgentDialog } from "@/features/agents/create-agent-dialog";
import { agentTemplates as say } from "@/strings/agent-templates";

/** What new agents of a kind begin with: used, changed and removed here. */
export function AgentTemplates() {
  const query = useQuery(agentTemplatesQuery);
  const allowed = useMay("operate");
  const [shown, setShown] = useState<AgentTemplate | "new">();
  const [used, setUsed] = useState<AgentTemplate>();
  const { ask, confirm } = useRemoval<AgentTemplate>({
    remove: (template) => removeAgentTemplate(template.id),
    reads: [agentTemplateKeys.all],
    title: (template) => say.removeTitle(template.name),
    help: () => say.removeHelp,
    act: say.remove,
    removed: (template) => say.removed(template.name),
  });
  const columns = useMemo(() => templateColumns({ use: setUsed, edit: setShown, remove: ask }), [ask]);
  return (
    <ListSection
      say={say}
      rows={query.data}
      query={query}
      columns={columns}
      onAdd={allowed ? () => setShown("new") : undefined}
      className="mt-8"
    >
      {shown && <AgentTemplateDialog template={shown === "new" ? undefined : shown} onClose={() => setShown(undefined)} />}
      {used && <CreateAgentDialog open template={used.id} onOpenChange={() => setUsed(undefined)} />}
      {confirm}
    </ListSection>
  );
}

type Acts = Record<"use" | "edit" | "remove", (template: AgentTemplate) => void>;

const templateColumns = ({ use, edit, remove }: Acts): Column<AgentTemplate>[] => [
  {
    id: "name",
    header: say.columns.name,
    sort: (template) => template.name,
    cell: (template) => (
      <span className="grid">
        <span className="font-[560] wrap-anywhere">{template.name}</span>
        {template.description && <span className="line-clamp-2 text-s text-muted wrap-anywhere">{template.description}</span>}
      </span>
    ),
  },
  { id: "skills", header: say.columns.skills, from: "md", cell: (template) => <span className="text-muted wrap-anywhere">{template.skills?.join(", ")}</span> },
  { id: "capacity", header: say.columns.capacity, from: "lg", align: "end", sort: (template) => template.capacity ?? 1, cell: (template) => <span className="text-muted">{template.capacity}</span> },
  {
    id: "act",
    header: say.columns.act,
    headerHidden: true,
    align: "end",
    cell: (template) => (
      <span className="inline-flex items-center gap-1">
        <Button size="s" aria-label={say.useLabel(template.name)} onClick={() => use(template)}>
          {say.use}
        </Button>
        <IconButton label={say.edit(template.name)} onClick={() => edit(template)}>
          <Pencil size={14} />
        </IconButton>
        <IconButton label={say.removeLabel(template.name)} onClick={() => remove(template)} className="hover:text-wrong">
          <Trash2 size={14} />
        </IconButton>
      </span>
    ),
  },
];
