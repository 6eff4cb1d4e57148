import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { taskKeys } from "@/api/tasks";
import { createTaskOf } from "@/api/templates";
import type { TaskTemplate } from "@/api/types";
import { TextField } from "@/components/field";
import { filled } from "@/components/holes";
import { Markdown } from "@/components/markdown";
import { SubmitForm } from "@/components/submit-form";
import { toast } from "@/components/toast";
import { criteriaOf } from "@/features/tasks/template-draft";
import { templates } from "@/strings/templates";

const say = templates.from;

type Props = { template: TaskTemplate; onDone: () => void };

/** Asks for what the template leaves open, and shows the task that it makes. */
export function FromTemplate({ template, onDone }: Props) {
  const client = useQueryClient();
  const [values, setValues] = useState(() => Object.fromEntries(template.variables.map((each) => [each.name, each.default ?? ""])));
  const criteria = criteriaOf(template.task);
  const submit = async () => {
    const made = await createTaskOf(template.id, values);
    void client.invalidateQueries({ queryKey: taskKeys.all });
    toast({ text: say.made(made.ref), tone: "work" });
    onDone();
  };
  return (
    <SubmitForm act={say.act} onCancel={onDone} submit={submit}>
      {template.description && <p className="text-muted wrap-anywhere">{template.description}</p>}
      {template.variables.map(({ name, default: usual, description }) => (
        <TextField
          key={name}
          label={name}
          hint={description}
          required={usual === null}
          maxLength={10_000}
          autoComplete="off"
          value={values[name] ?? ""}
          onChange={(event) => setValues({ ...values, [name]: event.target.value })}
        />
      ))}
      <section aria-label={say.makes} className="card max-h-[240px] overflow-y-auto scroll-quiet bg-sunken px-4 py-3">
        <p className="font-[560] wrap-anywhere">{filled(template.task.title, values)}</p>
        {template.task.brief && <Markdown text={filled(template.task.brief, values)} />}
        {criteria.length > 0 && (
          <ul className="mt-2 list-disc pl-4 text-muted">
            {criteria.map(({ text }, at) => (
              <li key={at} className="wrap-anywhere">
                {filled(text, values)}
              </li>
            ))}
          </ul>
        )}
      </section>
    </SubmitForm>
  );
}
