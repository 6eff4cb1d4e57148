import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";

import { useMay } from "@/api/may";
import { needKeys } from "@/api/needs";
import { asProblem } from "@/api/problem";
import { runQuery } from "@/api/runs";
import { dismissSignal, signalKeys, unlearnSignal } from "@/api/signals";
import type { Signal } from "@/api/types";
import { Button, buttonClass } from "@/components/button";
import { RunLever } from "@/components/lever/run-lever";
import { toast } from "@/components/toast";
import { signals as say } from "@/strings/signals";

/** What can be done about something that was noticed: look at its calls, pull the lever, or say that it is fine. */
export function SignalActs({ signal }: { signal: Signal }) {
  const client = useQueryClient();
  const allowed = useMay("work");
  const { data: run } = useQuery({ ...runQuery(signal.run_id ?? ""), enabled: signal.run_id !== null && signal.state === "up" });
  const settled = () => Promise.all([signalKeys.all, needKeys.all].map((queryKey) => client.invalidateQueries({ queryKey })));
  const onError = (error: unknown) => toast({ text: asProblem(error).message, tone: "wrong" });
  const unlearn = useMutation({ mutationFn: () => unlearnSignal(signal.id), onError, onSettled: settled });
  const fine = useMutation({
    mutationFn: () => dismissSignal(signal.id, true),
    onSuccess: () => toast({ text: say.fineDone, action: { label: say.undo, act: () => unlearn.mutate() } }),
    onError,
    onSettled: settled,
  });
  return (
    <>
      {run && <RunLever run={{ id: run.id, state: run.state, agent: run.agent, taskId: run.task.id, status: run.status }} />}
      <SignalCalls signal={signal} />
      {allowed && signal.state === "up" && (
        <Button data-act="a" variant="quiet" busy={fine.isPending} onClick={() => fine.mutate()}>
          {say.fine}
        </Button>
      )}
    </>
  );
}

/** The way to the calls that show it: the run's steps, where they are marked; else the calls of its agent. */
export function SignalCalls({ signal }: { signal: Signal }) {
  const [first] = signal.call_ids;
  if (signal.run_id) {
    return (
      <Link to="/runs/$runId" params={{ runId: signal.run_id }} className={buttonClass()}>
        {first ? say.seeCalls(signal.call_ids.length) : say.seeRun}
      </Link>
    );
  }
  if (!first) return null;
  return (
    <Link to="/calls" search={signal.agent ? { agent: signal.agent.id } : {}} className={buttonClass()}>
      {say.seeCalls(signal.call_ids.length)}
    </Link>
  );
}

/** "research: looping, 7 near-identical requests", as notifications have it. Pure. */
export const signalLine = (signal: Pick<Signal, "agent" | "words">): string => (signal.agent ? `${signal.agent.name}: ${signal.words}` : signal.words);

/** "research is looping": who, and what was noticed. Pure. */
export const signalTitle = (signal: Signal): string => say.noticed(signal.agent?.name ?? (signal.kind === "provider_trouble" ? signal.subject : say.something), say.kinds[signal.kind] ?? signal.kind);
