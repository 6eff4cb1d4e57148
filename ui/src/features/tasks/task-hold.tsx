import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Play } from "lucide-react";
import type { ReactNode } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { projectQuery } from "@/api/projects";
import { holdTask, releaseTask, taskKeys } from "@/api/tasks";
import type { Task } from "@/api/types";
import { Button } from "@/components/button";
import { Since } from "@/components/figures";
import { HoldDialog } from "@/components/hold-dialog";
import { ProblemNote } from "@/components/states";
import { toast } from "@/components/toast";
import { isClosed } from "@/features/tasks/is-closed";
import { holds as say } from "@/strings/holds";

/** What is the answer after a hold was put on a task or taken away. */
function useSettle(): (answer: Task) => Promise<void> {
  const client = useQueryClient();
  return async (answer) => {
    client.setQueryData(taskKeys.one(answer.id), answer);
    await client.invalidateQueries({ queryKey: taskKeys.all });
  };
}

/** Whether a person may hold it: what is closed is claimed by nobody, and what is held already is released in its note. Pure. */
export const mayHold = (task: Task): boolean => !isClosed(task) && !task.hold?.since;

/** Asks why, and holds a task with all below it. */
export function HoldTask({ task, onClose }: { task: Task; onClose: () => void }) {
  const settle = useSettle();
  return <HoldDialog name={task.ref} help={say.taskHelp} hold={async (reason) => settle(await holdTask(task.id, reason))} onClose={onClose} />;
}

/** Takes its own hold away again. */
function Release({ task }: { task: Task }) {
  const settle = useSettle();
  const allowed = useMay("work");
  const release = useMutation({
    mutationFn: () => releaseTask(task.id),
    onSuccess: (answer) => {
      toast({ text: say.released(answer.ref) });
      return settle(answer);
    },
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
  });
  if (!allowed) return null;
  return (
    <Button busy={release.isPending} onClick={() => release.mutate()}>
      <Play size={13} aria-hidden="true" /> {say.release}
    </Button>
  );
}

/** What keeps agents from a task: its own hold, one above it, and its project's, each with its reason. */
export function TaskHold({ task }: { task: Task }) {
  const { data: project, error, refetch } = useQuery({ ...projectQuery(task.project?.id ?? ""), enabled: task.project !== null });
  if (isClosed(task)) return null;
  return (
    <>
      {task.hold?.since && <Note what={say.note} since={task.hold.since} reason={task.hold.reason} act={<Release task={task} />} />}
      {task.hold && !task.hold.since && (
        <Note what={say.noteAbove}>
          {task.parent && (
            <Link to="/tasks/$taskId" params={{ taskId: task.parent.id }} className="underline">
              {say.above(task.parent.ref)}
            </Link>
          )}
        </Note>
      )}
      {project?.held_at && <Note what={say.noteProject(project.name)} since={project.held_at} reason={project.hold_reason} />}
      {error && !project && <ProblemNote error={error} retry={() => void refetch()} />}
    </>
  );
}

type NoteProps = { what: string; since?: string; reason?: string | null; act?: ReactNode; children?: ReactNode };

function Note({ what, since, reason, act, children }: NoteProps) {
  return (
    <div className="card flex flex-wrap items-center gap-x-4 gap-y-2 border-l-[3px] border-l-wait px-4 py-3">
      <div className="min-w-0 flex-1 basis-[220px]">
        <p className="text-s text-muted wrap-anywhere">
          {what}
          {since && (
            <>
              {" · "}
              <Since at={since} />
            </>
          )}
        </p>
        {since && <p className={reason ? "wrap-anywhere" : "text-faint"}>{reason ?? say.noReason}</p>}
        {children && <p>{children}</p>}
      </div>
      {act}
    </div>
  );
}
