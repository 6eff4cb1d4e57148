import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";

import { renderedQuery } from "@/api/calls";
import { asProblem } from "@/api/problem";
import { createTask, taskKeys } from "@/api/tasks";
import { Button } from "@/components/button";
import { Dialog } from "@/components/dialog";
import { TextField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import { toast } from "@/components/toast";
import type { Talk } from "@/features/unclaimed/groups";
import { firstWords } from "@/features/unclaimed/unclaimed-page";
import { field } from "@/lib/form";
import { formatMoney } from "@/lib/format";
import { words } from "@/strings/common";
import { unclaimed as say } from "@/strings/unclaimed";

/** A task for a conversation that had none, assigned to the agent that holds it. */
export function MakeTaskDialog({ talk, onClose }: { talk: Talk; onClose: () => void }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [newest] = talk.calls;
  const { data: rendered, isPending } = useQuery({ ...renderedQuery(newest?.id ?? ""), retry: false });
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (form: FormData) => {
    setBusy(true);
    try {
      const task = await createTask({
        title: field(form, "title").trim(),
        brief: say.brief(talk.agent?.name ?? say.someone),
        state: "ready",
        ...(talk.agent ? { agent_id: talk.agent.id } : {}),
      });
      void client.invalidateQueries({ queryKey: taskKeys.all });
      toast({ text: say.made(task.ref), tone: "work" });
      void navigate({ to: "/tasks/$taskId", params: { taskId: task.id } });
    } catch (error) {
      setProblem(asProblem(error).message);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={say.makeTitle} description={say.makeHelp(words.calls(talk.calls.length), formatMoney(talk.cost))}>
      {isPending ? (
        <span className="skeleton block h-8" />
      ) : (
        <form
          className="grid gap-4"
          onSubmit={(event) => {
            event.preventDefault();
            void submit(new FormData(event.currentTarget));
          }}
        >
          <TextField label={say.taskTitle} name="title" required maxLength={300} autoComplete="off" defaultValue={firstWords(rendered)} error={problem} />
          <FormActions>
            <Button onClick={onClose}>{words.cancel}</Button>
            <Button type="submit" variant="primary" busy={busy}>
              {say.make}
            </Button>
          </FormActions>
        </form>
      )}
    </Dialog>
  );
}
