import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { changeTemplate, createTemplate, templateKeys } from "@/api/templates";
import type { TaskTemplate, TemplateTask, TemplateVariable } from "@/api/types";
import { AreaField, TextField } from "@/components/field";
import { FormDialog } from "@/components/form-dialog";
import { holesIn } from "@/components/holes";
import { choiceOf } from "@/components/takers";
import { toast } from "@/components/toast";
import type { Shown } from "@/features/tasks/task-fields";
import { TaskFields } from "@/features/tasks/task-fields";
import { criteriaOf, emptyField, helpField, hoursOf, templateOf, textsOf, variableField } from "@/features/tasks/template-draft";
import { templates } from "@/strings/templates";

const say = templates.form;

type Props = { template?: TaskTemplate | undefined; /** What it begins with where it is new. */ from?: TemplateTask | undefined; onClose: () => void };

/** Makes or changes a template. The variables in its texts are asked about as they are written. */
export function TemplateDialog({ template, from = template?.task, onClose }: Props) {
  const client = useQueryClient();
  const shown = from && shownOf(from);
  const [holes, setHoles] = useState(() => (shown ? holesIn([shown.title, shown.brief, ...shown.acceptance, ...shown.labels]) : []));
  const save = async (form: FormData) => {
    const draft = templateOf(form, from);
    await (template ? changeTemplate(template, draft) : createTemplate(draft));
    await client.invalidateQueries({ queryKey: templateKeys.all });
    toast({ text: templates.saved(draft.name), tone: "work" });
    return undefined;
  };
  const read = (event: React.SyntheticEvent<HTMLElement>) => {
    const form = event.currentTarget.closest("form");
    if (form) setHoles(holesIn(textsOf(new FormData(form))));
  };
  return (
    <FormDialog title={template ? say.edit : say.create} act={template ? say.actSave : say.actCreate} onClose={onClose} save={save} wide>
      <div className="grid gap-4" onInput={read}>
        <TextField label={say.name} name="name" required data-begin-here maxLength={100} autoComplete="off" defaultValue={template?.name} />
        <AreaField label={say.description} name="description" hint={say.descriptionHint} rows={2} maxLength={10_000} defaultValue={template?.description} />
        <p className="text-s text-muted">{say.holes}</p>
        <TaskFields
          shown={shown}
          begins
          due={<TextField label={say.due} name="hours" type="number" inputMode="decimal" min="0.1" step="any" autoComplete="off" defaultValue={hoursOf(from)} />}
        />
      </div>
      {holes.length > 0 && (
        <fieldset className="grid gap-3">
          <legend className="mb-2 text-s font-[560] text-muted">{say.asked}</legend>
          {holes.map((name) => (
            <VariableFields key={name} name={name} known={template?.variables.find((each) => each.name === name)} />
          ))}
        </fieldset>
      )}
    </FormDialog>
  );
}

/** What is said of a variable to whoever makes a task of the template, and what stands there already. */
function VariableFields({ name, known }: { name: string; known: TemplateVariable | undefined }) {
  return (
    <div className="grid gap-2 border-l-2 border-line pl-3">
      <div className="grid gap-3 md:grid-cols-2">
        <TextField label={name} name={variableField(name)} hint={say.unless} maxLength={10_000} autoComplete="off" defaultValue={known?.default ?? ""} />
        <TextField label={say.help(name)} name={helpField(name)} hint={say.helpHint} maxLength={1_000} autoComplete="off" defaultValue={known?.description} />
      </div>
      <label className="flex min-h-6 items-center gap-2 text-s text-muted">
        <input type="checkbox" name={emptyField(name)} defaultChecked={known?.default === ""} className="size-[14px] accent-(--accent)" /> {say.mayBeEmpty(name)}
      </label>
    </div>
  );
}

const shownOf = (task: TemplateTask): Shown => ({
  title: task.title,
  brief: task.brief ?? "",
  acceptance: criteriaOf(task).map((each) => each.text),
  priority: task.priority ?? "normal",
  labels: task.labels ?? [],
  budget: task.budget_nano ?? null,
  project: task.project_id ? { id: task.project_id } : null,
  goal: task.goal_id ? { id: task.goal_id } : null,
  agent: choiceOf(task),
  state: task.ready === false ? "backlog" : "ready",
});
