import { useCallback, useState } from "react";

import type { Task, TaskState } from "@/api/types";
import { Confirm } from "@/components/dialog";
import { moveWarning } from "@/features/tasks/board-moves";
import { useMoveTask } from "@/features/tasks/use-move-task";
import { tasks as say } from "@/strings/tasks";

/** Moves at once where that harms nothing; asks where it stops a run or cannot be undone. */
export function useConfirmedMove(): { move: (task: Task, to: TaskState) => void; confirm: React.ReactNode } {
  const [asked, setAsked] = useState<{ task: Task; to: TaskState }>();
  const { mutate } = useMoveTask();
  const move = useCallback(
    (task: Task, to: TaskState) => {
      if (moveWarning(task, to)) setAsked({ task, to });
      else mutate({ task, to });
    },
    [mutate],
  );
  const run = asked?.task.run;
  const confirm = asked && (
    <Confirm
      open
      onOpenChange={(open) => !open && setAsked(undefined)}
      title={run ? say.stopTitle(asked.task.ref) : say.closeTitle(asked.task.ref)}
      act={run ? say.stopAct : say.closeAct}
      keep={say.keepAct}
      onAct={() => mutate(asked)}
    >
      {run && say.stopHelp(run.agent_name, run.attempt)} {asked.to === "cancelled" && say.closeHelp}
    </Confirm>
  );
  return { move, confirm };
}
