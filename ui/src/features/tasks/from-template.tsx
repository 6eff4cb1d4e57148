import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { taskKeys } from "@/api/tasks";
import { createTaskOf } from "@/api/templates";
import type { TaskTemplate } from "@/api/types";
import { Button } from "@/components/button";
import { TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { Markdown } from "@/components/markdown";
import { toast } from "@/components/toast";
import { filled } from "@/features/tasks/holes";
import { words } from "@/strings/common";
import { templates } from "@/strings/templates";

const say = templates.from;

type Props = { template: TaskTemplate; onDone: () => void };

/** Asks for what the template leaves open, and shows the task that it makes. */
export function FromTemplate({ template, onDone }: Props) {
  const client = useQueryClient();
  const [values, setValues] = useState(() => Object.fromEntries(template.variables.map((each) => [each.name, each.default ?? ""])));
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const made = await createTaskOf(template.id, values);
      void client.invalidateQueries({ queryKey: taskKeys.all });
      toast({ text: say.made(made.ref), tone: "work" });
      onDone();
    } catch (error) {
      setProblem(asProblem(error).message);
      setBusy(false);
    }
  };
  return (
    <form
      className="grid gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
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
        {(template.task.acceptance ?? []).length > 0 && (
          <ul className="mt-2 list-disc pl-4 text-muted">
            {(template.task.acceptance ?? []).map((each, at) => (
              <li key={at} className="wrap-anywhere">
                {filled(typeof each === "string" ? each : each.text, values)}
              </li>
            ))}
          </ul>
        )}
      </section>
      {problem && (
        <p role="alert" className="text-s text-wrong">
          {problem}
        </p>
      )}
      <FormActions>
        <Button onClick={onDone}>{words.cancel}</Button>
        <Button type="submit" variant="primary" busy={busy}>
          {say.act}
        </Button>
      </FormActions>
    </form>
  );
}
