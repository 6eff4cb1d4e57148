import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Plus, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { deleteTemplate, templateKeys, templatesQuery } from "@/api/templates";
import type { TaskTemplate } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Confirm } from "@/components/dialog";
import { Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { TemplateDialog } from "@/features/tasks/template-dialog";
import { templates as say } from "@/strings/templates";

/** All templates: changed and removed here, used where a task is made. */
export function TaskTemplates() {
  const { data, error, refetch } = useQuery(templatesQuery);
  const client = useQueryClient();
  const allowed = useMay("work");
  const [shown, setShown] = useState<TaskTemplate | "new">();
  const [removing, setRemoving] = useState<TaskTemplate>();
  const { mutate } = useMutation({
    mutationFn: (template: TaskTemplate) => deleteTemplate(template.id),
    onSuccess: (_, template) => toast({ text: say.removed(template.name), tone: "work" }),
    onError: (problem) => toast({ text: asProblem(problem).message, tone: "wrong" }),
    onSettled: () => client.invalidateQueries({ queryKey: templateKeys.all }),
  });
  const columns = useMemo(() => templateColumns(setShown, setRemoving).filter((column) => allowed || column.id !== "act"), [allowed]);
  return (
    <Section
      title={say.title}
      aside={
        allowed && (
          <Button size="s" onClick={() => setShown("new")}>
            <Plus size={13} aria-hidden="true" /> {say.add}
          </Button>
        )
      }
    >
      {error && !data && <ProblemNote error={error} retry={() => void refetch()} />}
      {!data && !error && <SkeletonRows rows={2} />}
      {data?.items.length === 0 && <p className="max-w-[64ch] text-muted">{say.empty}</p>}
      {data && data.items.length > 0 && <DataTable label={say.title} columns={columns} rows={data.items} rowId={(template) => template.id} />}
      {shown && <TemplateDialog template={shown === "new" ? undefined : shown} onClose={() => setShown(undefined)} />}
      <Confirm
        open={removing !== undefined}
        onOpenChange={(open) => !open && setRemoving(undefined)}
        title={say.removeTitle(removing?.name ?? "")}
        act={say.remove}
        onAct={() => removing && mutate(removing)}
      >
        {say.removeHelp}
      </Confirm>
    </Section>
  );
}

const templateColumns = (edit: (template: TaskTemplate) => void, remove: (template: TaskTemplate) => void): Column<TaskTemplate>[] => [
  { id: "name", header: say.columns.name, sort: (template) => template.name, cell: (template) => <span className="font-[560] wrap-anywhere">{template.name}</span> },
  { id: "title", header: say.columns.title, from: "md", cell: (template) => <span className="line-clamp-2 text-muted wrap-anywhere">{template.task.title}</span> },
  { id: "asks", header: say.columns.asks, from: "lg", cell: (template) => <span className="text-muted wrap-anywhere">{template.variables.map((each) => each.name).join(", ")}</span> },
  {
    id: "act",
    header: say.columns.act,
    headerHidden: true,
    align: "end",
    cell: (template) => (
      <span className="inline-flex items-center gap-1">
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
