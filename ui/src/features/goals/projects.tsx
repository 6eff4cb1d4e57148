import { useInfiniteQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Pencil, Plus } from "lucide-react";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import { changeProject, createProject, projectKeys, projectsQuery } from "@/api/projects";
import type { Project } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { Chip } from "@/components/chip";
import { ChooseField } from "@/components/choose/choose-field";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { AreaField, SelectField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { MoreRows } from "@/components/more-rows";
import { Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { ProjectMenu } from "@/features/goals/project-menu";
import { choicesOf, field } from "@/lib/form";
import { formatCount } from "@/lib/format";
import { goals } from "@/strings/goals";

const say = goals.projects;
const OPEN = ["backlog", "ready", "in_progress", "in_review"] as const;

/** What keeps tasks together, each a way to its board. */
export function Projects() {
  const list = useInfiniteQuery(projectsQuery);
  const rows = list.data?.pages.flatMap((page) => page.items);
  const allowed = useMay("work");
  const [shown, setShown] = useState<Project | "new">();
  const columns = useMemo(() => projectColumns(setShown).filter((column) => allowed || column.id !== "act"), [allowed]);
  return (
    <Section title={say.title} className="mt-8" aside={allowed && <AddButton onClick={() => setShown("new")} />}>
      {list.error && !rows && <ProblemNote error={list.error} retry={() => void list.refetch()} />}
      {!rows && !list.error && <SkeletonRows />}
      {rows?.length === 0 && <p className="max-w-[64ch] text-muted">{say.empty}</p>}
      {rows && rows.length > 0 && (
        <>
          <DataTable label={say.title} columns={columns} rows={rows} rowId={(project) => project.id} />
          <MoreRows query={list} shown={rows.length} />
        </>
      )}
      {shown && <ProjectDialog project={shown === "new" ? undefined : shown} onClose={() => setShown(undefined)} />}
    </Section>
  );
}

function AddButton({ onClick }: { onClick: () => void }) {
  return (
    <Button onClick={onClick}>
      <Plus size={14} aria-hidden="true" /> {say.add}
    </Button>
  );
}

const projectColumns = (edit: (project: Project) => void): Column<Project>[] => [
  {
    id: "name",
    header: say.columns.name,
    sort: (project) => project.name,
    cell: (project) => (
      <span className="flex flex-wrap items-center gap-2">
        <Link to="/board" search={{ project: project.id }} data-row-link className="font-[560] wrap-anywhere hover:underline">
          {project.name}
        </Link>
        {project.held_at && <Chip tone="wait">{say.held}</Chip>}
        {project.archived_at && <Chip>{say.archived}</Chip>}
        {project.held_at && project.hold_reason && <span className="basis-full text-s text-muted wrap-anywhere">{project.hold_reason}</span>}
      </span>
    ),
  },
  { id: "open", header: say.columns.open, align: "end", cell: (project) => formatCount(OPEN.reduce((sum, state) => sum + (project.tasks[state] ?? 0), 0)) },
  { id: "done", header: say.columns.done, align: "end", from: "md", cell: (project) => formatCount(project.tasks.done ?? 0) },
  {
    id: "act",
    header: say.columns.act,
    headerHidden: true,
    align: "end",
    cell: (project) => (
      <span className="inline-flex items-center gap-1">
        <IconButton label={say.edit(project.name)} onClick={() => edit(project)}>
          <Pencil size={14} />
        </IconButton>
        <ProjectMenu project={project} />
      </span>
    ),
  },
];

function ProjectDialog({ project, onClose }: { project: Project | undefined; onClose: () => void }) {
  const client = useQueryClient();
  const save = async (form: FormData) => {
    const said = {
      name: field(form, "name").trim(),
      description: field(form, "description"),
      lead_agent_id: field(form, "lead") || null,
      review: field(form, "review"),
    };
    await (project ? changeProject(project, { ...said, archived: form.has("archived") }) : createProject(said));
    await client.invalidateQueries({ queryKey: projectKeys.all });
    return undefined;
  };
  const reviews = choicesOf(say.review);
  const own = project && !(project.review in say.review) ? [{ value: project.review, label: project.review }] : [];
  return (
    <FormDialog title={project ? say.form.edit : say.form.create} act={project ? say.form.actSave : say.form.actCreate} onClose={onClose} save={save}>
      <TextField label={say.form.name} name="name" required maxLength={100} autoFocus autoComplete="off" defaultValue={project?.name} />
      <AreaField label={say.form.description} name="description" rows={3} defaultValue={project?.description} />
      <SelectField label={say.form.review} name="review" defaultValue={project?.review ?? "one"} choices={[...reviews, ...own]} />
      <ChooseField of="agent" label={say.form.lead} name="lead" begins={project?.lead_agent} none={say.form.noLead} />
      {project && (
        <label className="flex items-center gap-2">
          <input type="checkbox" name="archived" defaultChecked={project.archived_at !== null} /> {say.form.archived}
        </label>
      )}
    </FormDialog>
  );
}
