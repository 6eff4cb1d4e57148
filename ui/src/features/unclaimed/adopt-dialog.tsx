import { useState } from "react";

import { asProblem } from "@/api/problem";
import type { Task, Unclaimed } from "@/api/types";
import { Dialog } from "@/components/dialog";
import { TaskPicker } from "@/features/unclaimed/task-picker";
import { useAdoption } from "@/features/unclaimed/use-adoption";
import { formatMoney } from "@/lib/format";
import { words } from "@/strings/common";
import { unclaimed as say } from "@/strings/unclaimed";

/** Which open task unclaimed traffic belongs to. */
export function AdoptDialog({ talk, onClose }: { talk: Unclaimed; onClose: () => void }) {
  const adopt = useAdoption();
  const [problem, setProblem] = useState<string>();
  const [busy, setBusy] = useState(false);
  const pick = async (task: Task) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await adopt(task, talk);
      onClose();
    } catch (error) {
      setProblem(asProblem(error).message);
      setBusy(false);
    }
  };
  return (
    <Dialog open onOpenChange={(open) => !open && onClose()} title={say.adoptTitle} description={say.adoptHelp(words.calls(talk.calls), formatMoney(talk.cost_nano))}>
      <TaskPicker label={say.task} agentId={talk.agent?.id ?? null} busy={busy} error={problem} onPick={(task) => void pick(task)} />
    </Dialog>
  );
}
