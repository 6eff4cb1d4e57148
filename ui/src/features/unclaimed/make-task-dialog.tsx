import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { renderedQuery } from "@/api/calls";
import { asProblem } from "@/api/problem";
import { createTask } from "@/api/tasks";
import type { Task, Unclaimed } from "@/api/types";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { firstWords } from "@/features/unclaimed/first-words";
import { useAdoption } from "@/features/unclaimed/use-adoption";
import { field } from "@/lib/form";
import { formatMoney } from "@/lib/format";
import { words } from "@/strings/common";
import { unclaimed as say } from "@/strings/unclaimed";

/** A task for traffic that had none, assigned to the agent whose it is, with all that was spent on it. */
export function MakeTaskDialog({ talk, onClose }: { talk: Unclaimed; onClose: () => void }) {
  const adopt = useAdoption();
  const navigate = useNavigate();
  const kept = talk.newest.body_mode !== "none";
  const { data: rendered, isPending } = useQuery({ ...renderedQuery(talk.first_call_id), retry: false, enabled: kept });
  const [made, setMade] = useState<Task>();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (form: FormData) => {
    setBusy(true);
    try {
      // Asked again after the calls could not be had, the task is there already.
      const task =
        made ??
        (await createTask({
          title: field(form, "title").trim(),
          brief: say.brief(talk.agent?.name ?? say.someone),
          state: "ready",
          ...(talk.agent ? { agent_id: talk.agent.id } : {}),
        }));
      setMade(task);
      await adopt(task, talk);
      void navigate({ to: "/tasks/$taskId", params: { taskId: task.id } });
    } catch (error) {
      setProblem(asProblem(error).message);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={say.makeTitle} description={say.makeHelp(words.calls(talk.calls), formatMoney(talk.cost_nano))}>
      {kept && isPending ? (
        <span className="skeleton block h-8" />
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            void submit(new FormData(event.currentTarget));
          }}
        >
          <TextField
            label={say.taskTitle}
            name="title"
            required
            maxLength={300}
            autoComplete="off"
            readOnly={made !== undefined}
            defaultValue={firstWords(rendered)}
            error={problem && made ? say.madeOnly(made.ref, problem) : problem}
          />
          <FormActions>
            <Button onClick={onClose}>{words.cancel}</Button>
            <Button type="submit" variant="primary" busy={busy}>
              {made && problem ? say.tryAgain : say.make}
            </Button>
          </FormActions>
        </form>
      )}
    </Dialog>
  );
}
