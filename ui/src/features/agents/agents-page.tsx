import { useInfiniteQuery, useQuery, useSuspenseInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { FileCode2, Plus } from "lucide-react";
import { useState } from "react";

import { agentsQuery, urgentAgentsQuery } from "@/api/agents";
import { useMay } from "@/api/may";
import type { Agent } from "@/api/types";
import { AgentsAnswer } from "@/components/agents-answer";
import { Avatar } from "@/components/avatar";
import { Button } from "@/components/button";
import { OutcomeWord } from "@/components/call-words";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Ago, Money } from "@/components/figures";
import { MoreRows } from "@/components/more-rows";
import { Page } from "@/components/page";
import { PauseButton } from "@/components/pause-button";
import { SearchBox } from "@/components/search-box";
import { ProblemNote } from "@/components/states";
import { StatusLine } from "@/components/status/status-line";
import { toneOf } from "@/components/status/status-words";
import { AgentTemplates } from "@/features/agents/agent-templates";
import { CreateAgentDialog } from "@/features/agents/create-agent-dialog";
import { Squads } from "@/features/agents/squads";
import { TeachConnect } from "@/features/agents/teach-connect";
import { TodayLink } from "@/features/agents/today-link";
import { formatCount } from "@/lib/format";
import { useListKeys } from "@/lib/list-keys";
import { agents as say } from "@/strings/agents";

type Props = { creating: boolean; setCreating: (open: boolean) => void; /** A part of the names of those that are shown. */ words: string; find: (words: string) => void; /** Those that are retired are shown, too. */ retired: boolean; setRetired: (shown: boolean) => void };

export function AgentsPage({ creating, setCreating, words, find, retired, setRetired }: Props) {
  const { data } = useSuspenseInfiniteQuery(agentsQuery(false));
  // Sums over all of them, however many are loaded here.
  const { data: all } = useQuery(urgentAgentsQuery);
  const list = useInfiniteQuery(agentsQuery(retired, words));
  useListKeys();
  const { present, retired: gone } = data.pages.at(-1) ?? { present: 0, retired: 0 };
  const [teaching, setTeaching] = useState(present === 0);
  const rows = list.data?.pages.flatMap((page) => page.items) ?? [];
  const allowed = useMay("operate");
  const create = allowed && (
    <Button variant="primary" onClick={() => setCreating(true)}>
      <Plus size={14} aria-hidden="true" /> {say.newAgent}
    </Button>
  );
  return (
    <Page title={say.title} answer={teaching ? say.none : all ? <AgentsAnswer all={all} /> : say.title} actions={create}>
      {teaching ? (
        <div className="max-w-[860px]">
          <TeachConnect onDone={() => setTeaching(false)} />
        </div>
      ) : (
        <>
          <div className="mb-3 flex">
            <SearchBox label={say.find} value={words} search={find} className="w-full md:w-[260px]" />
          </div>
          {list.error && !list.data ? (
            <ProblemNote error={list.error} retry={() => void list.refetch()} />
          ) : words && list.data && rows.length === 0 ? (
            <p role="status" className="card px-4 py-3 text-muted">
              {say.foundNone(words)}
            </p>
          ) : (
            <>
              <DataTable label={say.title} columns={columns} rows={rows} rowId={(agent) => agent.id} />
              <MoreRows query={list} shown={rows.length} {...(words ? {} : { of: retired ? present + gone : present })} />
            </>
          )}
        </>
      )}
      {gone > 0 && (
        <Button variant="quiet" size="s" className="mt-2" onClick={() => setRetired(!retired)}>
          {retired ? say.hideRetired : say.showRetired(gone)}
        </Button>
      )}
      {present + gone > 0 && (
        <>
          <Squads />
          <AgentTemplates />
        </>
      )}
      <CreateAgentDialog open={creating} onOpenChange={setCreating} />
    </Page>
  );
}

function Doing({ agent }: { agent: Agent }) {
  const [run] = agent.open_runs;
  return (
    <span className="grid min-w-[180px] max-w-[380px]">
      <StatusLine status={agent.status} wrap />
      {run && (
        <Link to="/tasks/$taskId" params={{ taskId: run.task_id }} className="truncate pl-4 text-s text-muted hover:underline">
          {run.task_title}
          {agent.open_runs.length > 1 && ` · ${say.runs(agent.open_runs.length)}`}
        </Link>
      )}
    </span>
  );
}

const columns: Column<Agent>[] = [
  {
    id: "agent",
    header: say.columns.agent,
    sort: (agent) => agent.name,
    cell: (agent) => (
      <span className="flex min-w-0 items-center gap-2.5 md:min-w-[150px]">
        <Avatar name={agent.name} agent />
        <span className="grid min-w-0">
          <span className="flex items-center gap-1.5">
            <Link to="/agents/$agentId" params={{ agentId: agent.id }} data-row-link className="font-[560] hover:underline">
              {agent.name}
            </Link>
            {agent.declared && (
              <span title={say.declaredTitle} className="text-faint">
                <FileCode2 size={13} aria-label={say.declared} />
              </span>
            )}
          </span>
          <StatusLine status={agent.status} wrap className="text-s @min-[600px]:hidden" />
        </span>
      </span>
    ),
  },
  { id: "doing", header: say.columns.doing, sort: (agent) => toneOf(agent.status.state), from: "md", cell: (agent) => <Doing agent={agent} /> },
  {
    id: "last",
    header: say.columns.lastCall,
    from: "lg",
    sort: (agent) => agent.last_call_at ?? "",
    cell: (agent) =>
      agent.last_call ? (
        <span className="flex max-w-[210px] flex-wrap items-center gap-x-2 text-muted">
          {agent.last_call.model && <span className="max-w-[160px] truncate" title={agent.last_call.model}>{agent.last_call.model}</span>}
          {agent.last_call.outcome !== "ok" && <OutcomeWord outcome={agent.last_call.outcome} />}
          <Ago at={agent.last_call.at} className="text-faint" />
        </span>
      ) : (
        <span className="text-faint">{say.neverCalled}</span>
      ),
  },
  {
    id: "calls",
    header: say.columns.calls,
    align: "end",
    from: "md",
    sort: (agent) => agent.today.calls,
    cell: (agent) => (
      <TodayLink agentId={agent.id} className="whitespace-nowrap">
        {formatCount(agent.today.calls)}
        {agent.today.errors > 0 && <span className="text-wrong"> · {say.errors(agent.today.errors)}</span>}
      </TodayLink>
    ),
  },
  {
    id: "cost",
    header: say.columns.cost,
    align: "end",
    sort: (agent) => agent.today.cost_nano,
    cell: (agent) => (
      <TodayLink agentId={agent.id}>
        <Money nano={agent.today.cost_nano} unpriced={agent.today.unpriced_calls} />
      </TodayLink>
    ),
  },
  { id: "act", header: say.columns.act, headerHidden: true, align: "end", from: "md", cell: (agent) => <PauseButton agent={agent} /> },
];
