import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { MessageSquare } from "lucide-react";
import { useMemo, useState } from "react";

import { useMay } from "@/api/may";
import type { Agent, UrgentRun } from "@/api/types";
import { Avatar } from "@/components/avatar";
import { IconButton } from "@/components/button";
import { CapBar } from "@/components/cap-bar";
import { toneText } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Money } from "@/components/figures";
import { RunLever } from "@/components/lever/run-lever";
import { MessageDialog } from "@/components/message-dialog";
import { PauseButton } from "@/components/pause-button";
import { Spark } from "@/components/spark";
import { ProblemLine } from "@/components/states";
import { StatusLine } from "@/components/status/status-line";
import { isWrong } from "@/components/status/status-words";
import { callsByMinute, MINUTES } from "@/features/now/minutes";
import { lastMinutesFrom, lastMinutesQuery } from "@/features/now/queries";
import { cx } from "@/lib/cx";
import { useFloor } from "@/lib/ticker";
import { agents as words } from "@/strings/agents";
import { now as say } from "@/strings/now";
import { talk } from "@/strings/talk";

const MINUTE = 60_000;

/** One row for each agent: what it does by the wire, on what, how busy it was, what its run has cost, and the lever. */
export function AgentRows({ agents, runs }: { agents: Agent[]; runs: UrgentRun[] }) {
  const [messaging, setMessaging] = useState<Agent>();
  const until = useFloor(MINUTE);
  const minutes = useQuery(lastMinutesQuery(until));
  const sparks = useMemo(() => minutes.data && callsByMinute(minutes.data, until), [minutes.data, until]);
  const columns = useMemo(() => rowColumns(runs, sparks, lastMinutesFrom(until), setMessaging), [runs, sparks, until]);
  return (
    <>
      {minutes.error && !minutes.data && <ProblemLine error={minutes.error} retry={() => void minutes.refetch()} />}
      <DataTable label={say.agents} columns={columns} rows={agents} rowId={(agent) => agent.id} />
      {messaging && <MessageDialog agent={messaging} onClose={() => setMessaging(undefined)} />}
    </>
  );
}

const NOTHING: number[] = Array.from({ length: MINUTES }, () => 0);

function rowColumns(runs: UrgentRun[], sparks: Map<string, number[]> | undefined, from: string, onMessage: (agent: Agent) => void): Column<Agent>[] {
  const runOf = (agent: Agent) => runs.find((run) => run.agent_id === agent.id && run.id === (agent.status.evidence.run_id ?? run.id));
  return [
    {
      id: "agent",
      header: words.columns.agent,
      cell: (agent) => (
        <span className="flex items-center gap-2.5">
          <Avatar name={agent.name} agent />
          <span className="grid min-w-0">
            <span className="flex min-w-0 flex-wrap items-center gap-x-2">
              <Link to="/agents/$agentId" params={{ agentId: agent.id }} data-row-link className="inline-flex min-h-6 max-w-full min-w-6 items-center font-[560] wrap-anywhere hover:underline">
                {agent.name}
              </Link>
              <span className="max-w-full truncate text-s text-muted @min-[860px]:hidden">
                <TaskOf agent={agent} run={runOf(agent)} />
              </span>
            </span>
            <StatusLine status={agent.status} dot={false} wrap className="text-s" />
            <span className="mt-1.5 @min-[520px]:hidden">
              <Acts agent={agent} run={runOf(agent)} onMessage={onMessage} />
            </span>
          </span>
        </span>
      ),
    },
    { id: "task", header: say.task, from: "lg", cell: (agent) => <TaskOf agent={agent} run={runOf(agent)} long /> },
    {
      id: "spark",
      header: say.lastTen,
      from: "sm",
      cell: (agent) => {
        const values = sparks?.get(agent.id) ?? NOTHING;
        // What is not known is not drawn as nothing.
        if (!sparks) return <span className="inline-flex min-h-7 items-center text-faint">–</span>;
        return (
          <Link to="/calls" search={{ agent: agent.id, from }} className={cx("flex min-h-7 items-center", isWrong(agent.status) ? toneText.wrong : "text-muted")}>
            <Spark values={values} label={say.spark(values.reduce((sum, each) => sum + each, 0))} />
          </Link>
        );
      },
    },
    {
      id: "cost",
      header: say.thisRun,
      align: "end",
      cell: (agent) => {
        const run = runOf(agent);
        return run ? (
          <Link to="/calls" search={{ run: run.id }} className="hover:underline">
            <Money nano={run.cost_nano} unpriced={run.unpriced_calls} />
            {run.cap && (
              <>
                <span className="text-s text-faint">
                  {" "}
                  {say.of} <Money nano={run.cap.amount_nano} />
                </span>
                <CapBar spent={run.cap.spent_nano} cap={run.cap.amount_nano} />
              </>
            )}
          </Link>
        ) : (
          <span className="text-faint">–</span>
        );
      },
    },
    { id: "act", header: words.columns.act, headerHidden: true, align: "end", from: "sm", cell: (agent) => <Acts agent={agent} run={runOf(agent)} onMessage={onMessage} /> },
  ];
}

/** The task of its run. `long` has a column of its own: a title of two lines, and the number under it. */
function TaskOf({ agent, run, long = false }: { agent: Agent; run: UrgentRun | undefined; long?: boolean }) {
  const [open] = agent.open_runs;
  const task = run?.task ?? (open && { id: open.task_id, ref: "", title: open.task_title });
  if (!task) return long ? <span className="text-faint">{words.noTask}</span> : null;
  const more = agent.open_runs.length > 1 && ` · ${words.runs(agent.open_runs.length)}`;
  const link = (look: string) => (
    <Link to="/tasks/$taskId" params={{ taskId: task.id }} title={`${task.ref} ${task.title}`} className={cx("hover:underline", look)}>
      {task.title}
    </Link>
  );
  if (!long) {
    return (
      <>
        {link("inline-flex min-h-6 items-center")}
        {more}
      </>
    );
  }
  return (
    <span className="grid min-w-0">
      {link("line-clamp-2 max-w-[240px]")}
      <span className="text-s text-faint">
        {task.ref}
        {more}
      </span>
    </span>
  );
}

function Acts({ agent, run, onMessage }: { agent: Agent; run: UrgentRun | undefined; onMessage: (agent: Agent) => void }) {
  const allowed = useMay("work");
  return (
    <span className="inline-flex items-center gap-1">
      {run && agent.status.state === "paused" && agent.desired === "enabled" ? <RunLever only="resume" run={{ id: run.id, state: run.state, agent, taskId: run.task.id, status: agent.status }} /> : <PauseButton agent={agent} />}
      {allowed && (
        <IconButton label={talk.messageTo(agent.name)} className="size-6" onClick={() => onMessage(agent)}>
          <MessageSquare size={13} />
        </IconButton>
      )}
      {run ? <RunLever only="kill" run={{ id: run.id, state: run.state, agent, taskId: run.task.id, status: agent.status }} /> : <span aria-hidden="true" className="size-6" />}
    </span>
  );
}
