import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pause, Play, RotateCcw, Square } from "lucide-react";
import { useState } from "react";

import { killWork, leverKeys, pauseWork, standingOrdersQuery, undoOrder } from "@/api/lever";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { runKeys } from "@/api/runs";
import { taskKeys } from "@/api/tasks";
import type { RunState, Status } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { RestartDialog } from "@/components/lever/restart-dialog";
import { toast } from "@/components/toast";
import { lever as say } from "@/strings/lever";

export type Levered = { id: string; state: RunState; agent: { id: string; name: string }; taskId: string; status: Status };

/** What the lever changes is asked for again. */
export function useAfterLever(): () => Promise<unknown> {
  const client = useQueryClient();
  return () => Promise.all([runKeys.all, taskKeys.all, leverKeys.all, ["agents"]].map((queryKey) => client.invalidateQueries({ queryKey })));
}

/** Pause, restart and kill for one open run; pausing is undone as easily as done, so only the others ask. */
export function RunLever({ run, only }: { run: Levered; /** A square of one verb, for rows; or the way back from a pause, where there is one. */ only?: "kill" | "resume" }) {
  const after = useAfterLever();
  const [asking, setAsking] = useState<"kill" | "restart">();
  const allowed = useMay("operate");
  const { data: orders } = useQuery({ ...standingOrdersQuery, enabled: allowed && run.status.state === "paused" });
  const onError = (error: unknown) => toast({ text: asProblem(error).message, tone: "wrong" });
  const order = orders?.items.find((each) => each.verb === "pause" && ((each.scope === "run" && each.subject_id === run.id) || (each.scope === "task" && each.subject_id === run.taskId)));
  const resume = useMutation({
    mutationFn: (id: string) => undoOrder(id),
    onSuccess: () => toast({ text: say.resumed, tone: "work" }),
    onError,
    onSettled: after,
  });
  const pause = useMutation({
    mutationFn: () => pauseWork({ scope: "run", subject_id: run.id }),
    onSuccess: (done) => toast({ text: say.paused(done.calls_ended), action: { label: say.undo, act: () => resume.mutate(done.order.id) } }),
    onError,
    onSettled: after,
  });
  const kill = useMutation({
    mutationFn: () => killWork({ scope: "run", subject_id: run.id }),
    onSuccess: (done) => toast({ text: say.killed(done.calls_ended) }),
    onError,
    onSettled: after,
  });
  if (!allowed || (run.state !== "running" && run.state !== "queued")) return null;
  const confirm = (
    <Confirm open={asking === "kill"} onOpenChange={(open) => !open && setAsking(undefined)} title={say.killTitle(run.agent.name)} act={say.kill} onAct={() => kill.mutate()}>
      {say.killHelp(run.status.state === "streaming" || run.status.state === "thinking" ? run.status.evidence.call_ids.length : 0)}
    </Confirm>
  );
  const back = order && (
    <Button variant="primary" size={only ? "s" : "m"} busy={resume.isPending} onClick={() => resume.mutate(order.id)}>
      <Play size={12} aria-hidden="true" /> {say.resume}
    </Button>
  );
  if (only === "resume") return back;
  if (only) {
    return (
      <>
        <IconButton label={`${say.kill}: ${run.agent.name}`} className="size-6 hover:bg-wrong-soft hover:text-wrong" onClick={() => setAsking("kill")} disabled={kill.isPending}>
          <Square size={12} />
        </IconButton>
        {confirm}
      </>
    );
  }
  return (
    <>
      {back ?? (
        run.status.state !== "paused" && (
          <Button aria-label={say.pauseRun(run.agent.name)} busy={pause.isPending} onClick={() => pause.mutate()}>
            <Pause size={12} aria-hidden="true" /> {say.pause}
          </Button>
        )
      )}
      <Button onClick={() => setAsking("restart")}>
        <RotateCcw size={12} aria-hidden="true" /> {say.restart}
      </Button>
      <Button variant="danger" onClick={() => setAsking("kill")} busy={kill.isPending}>
        <Square size={11} aria-hidden="true" /> {say.kill}
      </Button>
      {confirm}
      {asking === "restart" && <RestartDialog run={run} onClose={() => setAsking(undefined)} />}
    </>
  );
}
