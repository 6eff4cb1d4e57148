import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Square } from "lucide-react";
import { useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { cancelRun, runKeys } from "@/api/runs";
import { taskKeys } from "@/api/tasks";
import type { RunState } from "@/api/types";
import { Button, IconButton } from "@/components/button";
import { Confirm } from "@/components/dialog";
import { toast } from "@/components/toast";
import { runs as say } from "@/strings/agents";
import { run as words } from "@/strings/runs";

type Props = { run: { id: string; attempt: number; state: RunState }; agentName: string; /** A square without words, for rows. */ icon?: boolean };

/** Ends a run now: its key is refused and its open calls end. Asks first, for it cannot be taken back. */
export function KillRunButton({ run, agentName, icon = false }: Props) {
  const [asking, setAsking] = useState(false);
  const client = useQueryClient();
  const kill = useMutation({
    mutationFn: () => cancelRun(run.id),
    onSuccess: () => toast({ text: say.stopped }),
    onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: runKeys.all }), client.invalidateQueries({ queryKey: taskKeys.all })]),
  });
  const allowed = useMay("work");
  if (!allowed || (run.state !== "running" && run.state !== "queued")) return null;
  return (
    <>
      {icon ? (
        <IconButton label={`${words.kill}: ${agentName}`} className="size-6 hover:bg-wrong-soft hover:text-wrong" onClick={() => setAsking(true)} disabled={kill.isPending}>
          <Square size={12} />
        </IconButton>
      ) : (
        <Button variant="danger" aria-label={`${words.kill}: ${agentName}`} onClick={() => setAsking(true)} busy={kill.isPending}>
          <Square size={11} aria-hidden="true" /> {words.kill}
        </Button>
      )}
      <Confirm open={asking} onOpenChange={setAsking} title={say.stopTitle} act={words.kill} onAct={() => kill.mutate()}>
        {say.stopHelp}
      </Confirm>
    </>
  );
}
