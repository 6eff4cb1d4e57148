import { useState } from "react";

import { restartRun } from "@/api/lever";
import { asProblem } from "@/api/problem";
import { Button } from "@/components/button";
import { ChooseField } from "@/components/choose/choose-field";
import { Dialog } from "@/components/dialog";
import { AreaField } from "@/components/field";
import { FormActions } from "@/components/form-actions";
import type { Levered } from "@/components/lever/run-lever";
import { useAfterLever } from "@/components/lever/run-lever";
import { toast } from "@/components/toast";
import { field } from "@/lib/form";
import { words } from "@/strings/common";
import { lever as say } from "@/strings/lever";

/** Ends a run and has its task attempted anew: by whom, and with which advice. */
export function RestartDialog({ run, onClose }: { run: Levered; onClose: () => void }) {
  const after = useAfterLever();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const submit = async (form: FormData) => {
    setBusy(true);
    const [note, agent] = [field(form, "note").trim(), field(form, "agent")];
    try {
      await restartRun(run.id, { ...(note ? { note } : {}), ...(agent ? { agent_id: agent } : {}) });
      toast({ text: say.restarted, tone: "work" });
      onClose();
    } catch (error) {
      setProblem(asProblem(error).message);
      setBusy(false);
    }
    await after();
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={say.restartTitle} description={say.restartHelp}>
      <form
        className="grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          void submit(new FormData(event.currentTarget));
        }}
      >
        <AreaField label={say.restartNote} name="note" rows={3} />
        <ChooseField of="agent" label={say.restartWho} name="agent" none={say.sameAgent(run.agent.name)} without={[run.agent.id]} />
        <FormActions problem={problem}>
          <Button onClick={onClose}>{words.cancel}</Button>
          <Button type="submit" variant="primary" busy={busy}>
            {say.restart}
          </Button>
        </FormActions>
      </form>
    </Dialog>
  );
}
