import { useQuery, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo } from "react";

import { agentsQuery } from "@/api/agents";
import { costsQuery } from "@/api/costs";
import { boardQuery } from "@/api/tasks";
import type { Agent } from "@/api/types";
import { AgentVerb, agentShown } from "@/components/agent-state";
import { AgentsAnswer } from "@/components/agents-answer";
import { Avatar } from "@/components/avatar";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Ago, Money } from "@/components/figures";
import { LatestCalls } from "@/components/latest-calls";
import { Page, Section, Strip } from "@/components/page";
import { PauseButton } from "@/components/pause-button";
import { FirstSteps } from "@/features/now/first-steps";
import { formatCount } from "@/lib/format";
import { useListKeys } from "@/lib/list-keys";
import { useFloor } from "@/lib/ticker";
import { agents } from "@/strings/agents";
import { words } from "@/strings/common";
import { now as say } from "@/strings/now";

const MINUTE = 60_000;
const DAY = 86_400_000;

/** What happens and what needs me. `waiting` is what other parts of the product hold for a person. */
export function NowPage({ waiting }: { waiting: React.ReactNode }) {
  const { data } = useSuspenseQuery(agentsQuery);
  useListKeys();
  const present = useMemo(() => data.items.filter((agent) => agent.desired !== "retired").sort(byLiveliness), [data]);
  if (present.length === 0) {
    return (
      <Page title={say.title} answer={say.emptyTitle}>
        <FirstSteps />
      </Page>
    );
  }
  return (
    <Page title={say.title} answer={<AgentsAnswer agents={present} />}>
      <Figures />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 xl:grid-cols-[minmax(0,1fr)_340px]">
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
          <Section title={say.agents}>
            <DataTable label={say.agents} columns={COLUMNS} rows={present} rowId={(agent) => agent.id} />
          </Section>
        </div>
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
          {waiting}
          <Section
            title={say.lastCalls}
            aside={
              <Link to="/calls" className="text-accent hover:underline">
                {say.allCalls}
              </Link>
            }
          >
            <LatestCalls filter={{}} limit={10} narrow />
          </Section>
        </div>
      </div>
    </Page>
  );
}

const RANK = { working: 0, calling: 1, idle: 2, paused: 3, retired: 4 };

function byLiveliness(a: Agent, b: Agent): number {
  const now = Date.now();
  return RANK[agentShown(a, now).verb] - RANK[agentShown(b, now).verb] || a.name.localeCompare(b.name);
}

function Figures() {
  const anHourAgo = new Date(useFloor(MINUTE) - 60 * MINUTE).toISOString();
  const midnight = new Date(useFloor(DAY)).toISOString();
  const { data: hour } = useQuery(costsQuery({ by: "total", grain: "minute", from: anHourAgo }));
  const { data: day } = useQuery(costsQuery({ by: "total", grain: "day", from: midnight }));
  const { data: board } = useQuery(boardQuery({}));
  const count = (states: string[]) => board?.columns.filter((column) => states.includes(column.state)).reduce((sum, column) => sum + column.count, 0) ?? 0;
  return (
    <Strip
      figures={[
        {
          label: say.spendRate,
          value: (
            <Link to="/costs" search={{ span: "1h" }} className="hover:underline">
              <Money nano={hour?.totals.cost_nano ?? 0} unpriced={hour?.totals.unpriced_calls ?? 0} />
            </Link>
          ),
        },
        {
          label: say.today,
          value: (
            <Link to="/costs" search={{ span: "24h" }} className="hover:underline">
              <Money nano={day?.totals.cost_nano ?? 0} unpriced={day?.totals.unpriced_calls ?? 0} />
            </Link>
          ),
          note: day && day.totals.unpriced_calls > 0 ? <span className="text-wait">{`${formatCount(day.totals.unpriced_calls)} ${words.unpriced}`}</span> : say.sinceMidnight,
        },
        {
          label: say.callsToday,
          value: (
            <Link to="/calls" search={{ since: "24h" }} className="hover:underline">
              {formatCount(day?.totals.calls ?? 0)}
            </Link>
          ),
          note: day && day.totals.errors > 0 && <span className="text-wrong">{say.failed(day.totals.errors)}</span>,
        },
        {
          label: say.open,
          value: (
            <Link to="/board" className="hover:underline">
              {formatCount(count(["backlog", "ready", "in_progress", "in_review"]))}
            </Link>
          ),
          note: say.inHand(count(["in_progress"])),
        },
      ]}
    />
  );
}

const COLUMNS: Column<Agent>[] = [
  {
    id: "agent",
    header: agents.columns.agent,
    cell: (agent) => (
      <span className="flex items-center gap-2.5">
        <Avatar name={agent.name} agent />
        <span className="grid min-w-0">
          <Link to="/agents/$agentId" params={{ agentId: agent.id }} data-row-link className="font-[560] hover:underline">
            {agent.name}
          </Link>
          <AgentVerb agent={agent} className="max-w-[50vw] text-s @min-[600px]:hidden" />
        </span>
      </span>
    ),
  },
  { id: "doing", header: agents.columns.doing, from: "md", cell: (agent) => <AgentVerb agent={agent} className="max-w-[190px]" /> },
  {
    id: "last",
    header: agents.columns.lastCall,
    from: "md",
    cell: (agent) => (agent.last_call ? <Ago at={agent.last_call.at} className="text-muted" /> : <span className="text-faint">{agents.neverCalled}</span>),
  },
  {
    id: "cost",
    header: agents.columns.cost,
    align: "end",
    cell: (agent) => (
      <Link to="/calls" search={{ agent: agent.id, since: "24h" }} className="hover:underline">
        <Money nano={agent.today.cost_nano} unpriced={agent.today.unpriced_calls} />
      </Link>
    ),
  },
  { id: "act", header: agents.columns.act, headerHidden: true, align: "end", from: "md", cell: (agent) => <PauseButton agent={agent} /> },
];
