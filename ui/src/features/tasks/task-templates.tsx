import { useQuery } from "@tanstack/react-query";
import { Pencil, Trash2 } from "lucide-react";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import { deleteTemplate, templateKeys, templatesQuery } from "@/api/templates";
import type { TaskTemplate } from "@/api/types";
import { IconButton } from "@/components/button";
import type { Column } from "@/components/data-table";
import { ListSection } from "@/components/list-section";
import { useRemoval } from "@/components/removal";
import { TemplateDialog } from "@/features/tasks/template-dialog";
import { templates as say } from "@/strings/templates";

/** All templates: changed and removed here, used where a task is made. */
export function TaskTemplates() {
  const query = useQuery(templatesQuery);
  const allowed = useMay("work");
  const [shown, setShown] = useState<TaskTemplate | "new">();
  const { ask, confirm } = useRemoval<TaskTemplate>({
    remove: (template) => deleteTemplate(template.id),
    reads: [templateKeys.all],
    title: (template) => say.removeTitle(template.name),
    help: () => say.removeHelp,
    act: say.remove,
    removed: (template) => say.removed(template.name),
  });
  const columns = useMemo(() => templateColumns(setShown, ask), [ask]);
  return (
    <ListSection
      say={say}
      rows={query.data?.items}
      query={query}
      columns={columns}
      onAdd={allowed ? () => setShown("new") : undefined}
      small
    >
      {shown && <TemplateDialog template={shown === "new" ? undefined : shown} onClose={() => setShown(undefined)} />}
      {confirm}
    </ListSection>
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
