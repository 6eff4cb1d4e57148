import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Hand, Play } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";

import { asProblem } from "@/api/problem";
import { projectsQuery } from "@/api/projects";
import { holdTask, releaseTask, taskKeys } from "@/api/tasks";
import type { Task } from "@/api/types";
import { Button } from "@/components/button";
import { Since } from "@/components/figures";
import { HoldDialog } from "@/components/hold-dialog";
import { toast } from "@/components/toast";
import { isClosed } from "@/features/tasks/is-closed";
import { holds as say } from "@/strings/holds";

/** Holds a task with all below it, or takes its own hold away again. */
export function HoldButton({ task }: { task: Task }) {
  const client = useQueryClient();
  const [asking, setAsking] = useState(false);
  const settle = async (answer: Task) => {
    client.setQueryData(taskKeys.one(answer.id), answer);
    await client.invalidateQueries({ queryKey: taskKeys.all });
  };
  const release = useMutation({
    mutationFn: () => releaseTask(task.id),
    onSuccess: (answer) => {
      toast({ text: say.released(answer.ref) });
      return settle(answer);
    },
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
  });
  if (task.hold?.since)
    return (
      <Button busy={release.isPending} onClick={() => release.mutate()}>
        <Play size={13} aria-hidden="true" /> {say.release}
      </Button>
    );
  if (isClosed(task)) return null;
  return (
    <>
      <Button onClick={() => setAsking(true)}>
        <Hand size={13} aria-hidden="true" /> {say.hold}
      </Button>
      {asking && <HoldDialog name={task.ref} help={say.taskHelp} hold={async (reason) => settle(await holdTask(task.id, reason))} onClose={() => setAsking(false)} />}
    </>
  );
}

/** What keeps agents from a task: its own hold, one above it, and its project's, each with its reason. */
export function TaskHold({ task }: { task: Task }) {
  const { data: projects } = useQuery({ ...projectsQuery, enabled: task.project !== null });
  const project = projects?.items.find((each) => each.id === task.project?.id);
  if (isClosed(task)) return null;
  return (
    <>
      {task.hold?.since && <Note what={say.note} since={task.hold.since} reason={task.hold.reason} />}
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
    </>
  );
}

type NoteProps = { what: string; since?: string; reason?: string | null; children?: ReactNode };

function Note({ what, since, reason, children }: NoteProps) {
  return (
    <div className="card border-l-[3px] border-l-wait px-4 py-3">
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
  );
}
