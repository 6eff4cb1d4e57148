import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import type { RunFilter } from "@/api/runs";
import { cancelRun, runKeys, runsQuery } from "@/api/runs";
import { taskKeys } from "@/api/tasks";
import type { Run, RunState } from "@/api/types";
import { Button } from "@/components/button";
import type { Tone } from "@/components/chip";
import { Dot, toneText } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Confirm } from "@/components/dialog";
import { Money, Since } from "@/components/figures";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { toast } from "@/components/toast";
import { cx } from "@/lib/cx";
import { formatCount, formatShare, formatSpan } from "@/lib/format";
import { runs as say } from "@/strings/agents";
import { reasonWords, runStates } from "@/strings/common";

const TONE: Record<RunState, Tone> = { queued: "plain", running: "work", succeeded: "done", failed: "wrong", cancelled: "done", expired: "wrong" };

export function RunWord({ run }: { run: Pick<Run, "state" | "reason" | "note" | "percent"> }) {
  const tone = TONE[run.state];
  const said = run.state === "running" ? run.note : run.reason && reasonWords(run.reason);
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Dot tone={tone} />
      <span className={cx("whitespace-nowrap", toneText[tone])}>
        {runStates[run.state]}
        {run.state === "running" && run.percent !== null && ` ${formatShare(run.percent / 100)}`}
      </span>
      {said && <span className="max-w-[220px] truncate text-s text-faint @max-[600px]:hidden" title={said}>{said}</span>}
    </span>
  );
}

type Props = { filter: RunFilter; of: "task" | "agent"; empty: string };

/** Runs of a task (saying which agent) or of an agent (saying which task). */
export function RunsTable({ filter, of, empty }: Props) {
  const { data, error, refetch } = useQuery(runsQuery(filter));
  const [stopping, setStopping] = useState<Run>();
  const client = useQueryClient();
  const stop = useMutation({
    mutationFn: (run: Run) => cancelRun(run.id),
    onSuccess: () => toast({ text: say.stopped }),
    onError: (failure) => toast({ text: asProblem(failure).message, tone: "wrong" }),
    onSettled: () => Promise.all([client.invalidateQueries({ queryKey: runKeys.all }), client.invalidateQueries({ queryKey: taskKeys.all })]),
  });
  const allowed = useMay("work");
  const columns = useMemo(() => runColumns(of, allowed ? setStopping : undefined), [of, allowed]);
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={2} />;
  if (data.items.length === 0) return <p className="card px-4 py-3 text-faint">{empty}</p>;
  return (
    <>
      <DataTable label={say.columns.attempt} columns={columns} rows={data.items} rowId={(run) => run.id} />
      <Confirm
        open={stopping !== undefined}
        onOpenChange={(open) => !open && setStopping(undefined)}
        title={say.stopTitle}
        act={say.stop}
        onAct={() => stopping && stop.mutate(stopping)}
      >
        {say.stopHelp}
      </Confirm>
    </>
  );
}

function runColumns(of: "task" | "agent", ask: ((run: Run) => void) | undefined): Column<Run>[] {
  return [
    of === "task"
      ? {
          id: "who",
          header: say.columns.agent,
          cell: (run) => (
            <span className="grid">
              <span>
                <span className="text-faint">{say.attempt(run.attempt)} · </span>
                <Link to="/agents/$agentId" params={{ agentId: run.agent.id }} className="hover:underline">
                  {run.agent.name}
                </Link>
              </span>
              <Narrow run={run} />
            </span>
          ),
        }
      : {
          id: "task",
          header: say.columns.task,
          cell: (run) => (
            <span className="grid">
              <Link to="/tasks/$taskId" params={{ taskId: run.task.id }} data-row-link className="line-clamp-2 hover:underline">
                <span className="text-faint">{run.task.ref}</span> {run.task.title}
              </Link>
              <Narrow run={run} />
            </span>
          ),
        },
    { id: "state", header: say.columns.state, from: "md", cell: (run) => <RunWord run={run} /> },
    { id: "time", header: say.columns.time, align: "end", from: "md", cell: (run) => <Took run={run} /> },
    {
      id: "calls",
      header: say.columns.calls,
      align: "end",
      from: "md",
      cell: (run) => (
        <Link to="/calls" search={{ run: run.id }} className="hover:underline">
          {formatCount(run.calls)}
        </Link>
      ),
    },
    {
      id: "cost",
      header: say.columns.cost,
      align: "end",
      cell: (run) => (
        <Link to="/calls" search={{ run: run.id }} className="hover:underline">
          <Money nano={run.cost_nano} unpriced={run.unpriced_calls} />
        </Link>
      ),
    },
    {
      id: "act",
      header: say.columns.act,
      headerHidden: true,
      align: "end",
      cell: (run) =>
        ask &&
        (run.state === "running" || run.state === "queued") && (
          <Button size="s" variant="danger" aria-label={say.stopLabel(run.attempt)} onClick={() => ask(run)}>
            {say.stop}
          </Button>
        ),
    },
  ];
}

/** The state under the name, where there is no room for a column of it. */
function Narrow({ run }: { run: Run }) {
  return (
    <span className="text-s @min-[600px]:hidden">
      <RunWord run={run} />
    </span>
  );
}

function Took({ run }: { run: Run }) {
  const from = run.started_at ?? run.created_at;
  if (!run.ended_at) return <Since at={from} className="text-muted" />;
  return <span className="whitespace-nowrap text-muted">{formatSpan(Date.parse(run.ended_at) - Date.parse(from))}</span>;
}
