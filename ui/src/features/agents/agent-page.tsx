import { useQuery, useQueryClient, useSuspenseQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CopyPlus, KeyRound } from "lucide-react";
import type { ReactNode } from "react";
import { useState } from "react";

import { useSetDesired } from "@/api/agent-acts";
import { agentQuery } from "@/api/agents";
import { reportQuery } from "@/api/costs";
import { createAgentKey, keyKeys, keysQuery } from "@/api/keys";
import { useMay } from "@/api/may";
import { asProblem } from "@/api/problem";
import { agentRunsQuery } from "@/api/runs";
import { signalsQuery } from "@/api/signals";
import type { Agent } from "@/api/types";
import { Avatar } from "@/components/avatar";
import { Button } from "@/components/button";
import { OutcomeWord } from "@/components/call-words";
import { Chip } from "@/components/chip";
import { Confirm } from "@/components/dialog";
import { Facts } from "@/components/facts";
import { Ago, Money } from "@/components/figures";
import { KeysTable } from "@/components/keys-table";
import { LatestCalls } from "@/components/latest-calls";
import { Mark, Page, Section, Strip } from "@/components/page";
import { PauseButton } from "@/components/pause-button";
import { RunsTable } from "@/components/runs-table";
import { SignalActs, signalTitle } from "@/components/signal-acts";
import { firstAsked, ProblemNote, SkeletonRows } from "@/components/states";
import { StatusLine } from "@/components/status/status-line";
import { isWorking, said, toneOf } from "@/components/status/status-words";
import { toast } from "@/components/toast";
import { AgentCaps } from "@/features/agents/agent-caps";
import { AgentDay } from "@/features/agents/agent-day";
import { AgentInstructions } from "@/features/agents/agent-instructions";
import { AgentRules } from "@/features/agents/agent-rules";
import { AgentSeat } from "@/features/agents/agent-seat";
import { SaveAgentAsTemplate } from "@/features/agents/agent-template-dialog";
import { ConnectSnippets, FirstCall } from "@/features/agents/connect";
import { ConnectDialog } from "@/features/agents/create-agent-dialog";
import { ReportCard } from "@/features/agents/report-card";
import { TodayLink } from "@/features/agents/today-link";
import { formatCount } from "@/lib/format";
import { useListKeys } from "@/lib/list-keys";
import { agentTemplates } from "@/strings/agent-templates";
import { agents } from "@/strings/agents";
import { signals as noticed } from "@/strings/signals";

const say = agents.page;

export function AgentPage({ agentId }: { agentId: string }) {
  const { data: agent } = useSuspenseQuery(agentQuery(agentId));
  const [secret, setSecret] = useState<string>();
  const [keeping, setKeeping] = useState(false);
  const client = useQueryClient();
  const allowed = useMay("operate");
  useListKeys();
  const newKey = async () => {
    try {
      setSecret((await createAgentKey(agent.id, {})).secret);
      await client.invalidateQueries({ queryKey: keyKeys.all });
    } catch (error) {
      toast({ text: asProblem(error).message, tone: "wrong" });
    }
  };
  return (
    <Page
      title={agent.name}
      above={
        <Link to="/agents" className="hover:underline">
          {agents.title}
        </Link>
      }
      answer={
        <>
          <span className="mr-2 inline-flex align-[3px]">
            <Avatar name={agent.name} agent />
          </span>
          {agent.name} <AgentSentence agent={agent} />
        </>
      }
      below={
        <span className="grid gap-0.5">
          {isWorking(agent.status) && <StatusLine status={agent.status} wrap />}
          {agent.description && <span className="wrap-anywhere">{agent.description}</span>}
        </span>
      }
      actions={
        <>
          <PauseButton agent={agent} size="m" />
          {allowed && (
            <>
              <Button onClick={() => void newKey()}>
                <KeyRound size={13} aria-hidden="true" /> {say.newKey}
              </Button>
              <Button onClick={() => setKeeping(true)}>
                <CopyPlus size={13} aria-hidden="true" /> {agentTemplates.saveAs}
              </Button>
            </>
          )}
          {allowed && <RetireButton agent={agent} />}
        </>
      }
    >
      <Strip figures={figures(agent)} />
      {!agent.last_call && agent.desired !== "retired" && (
        <div className="mb-5">
          <FirstCall agentId={agent.id} />
        </div>
      )}
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[minmax(0,1fr)_300px]">
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
          {!agent.last_call && <HowToConnect />}
          <Together agent={agent}>
            <AgentSignals agent={agent} />
            <AgentDay agent={agent} />
            <ReportCard agent={agent} />
          </Together>
          <Section
            title={say.calls}
            aside={
              <Link to="/calls" search={{ agent: agent.id }} className="text-accent hover:underline">
                {say.allCalls}
              </Link>
            }
          >
            <LatestCalls filter={{ agent_id: agent.id }} />
          </Section>
          <Section title={say.runs}>
            <RunsTable filter={{ agent_id: agent.id }} of="agent" empty={say.noRuns} />
          </Section>
          <AgentInstructions agent={agent} />
          <AgentRules agent={agent} />
          <Section title={say.keys}>
            <AgentKeys agentId={agent.id} />
          </Section>
          {agent.last_call && <HowToConnect />}
        </div>
        <aside className="grid min-w-0 content-start gap-5">
          <Section title={say.about}>
            <div className="card p-4">
              <Facts facts={facts(agent)} />
              <AllowedModels agentId={agent.id} />
            </div>
          </Section>
          <Section title={agents.caps.title}>
            <AgentCaps agent={agent} />
          </Section>
          <AgentSeat agent={agent} />
        </aside>
      </div>
      {keeping && <SaveAgentAsTemplate agent={agent} onClose={() => setKeeping(false)} />}
      {secret && <ConnectDialog agent={agent} secret={secret} onClose={() => setSecret(undefined)} />}
    </Page>
  );
}

/** What its work came to, all at once: what came later would push away what is being read. */
function Together({ agent, children }: { agent: Agent; children: ReactNode }) {
  const asked = [useQuery(signalsQuery({ agent_id: agent.id, state: "up" })), useQuery(agentRunsQuery(agent.id)), useQuery(reportQuery({ by: "agent", agent_id: agent.id }))];
  return asked.some(firstAsked) ? <SkeletonRows rows={8} /> : children;
}

function HowToConnect() {
  return (
    <Section title={say.connect}>
      <div className="card grid min-w-0 gap-2 p-4">
        <p className="text-s text-muted">{say.connectHelp}</p>
        <ConnectSnippets secret={undefined} />
      </div>
    </Section>
  );
}

function AgentSentence({ agent }: { agent: Agent }) {
  const [run] = agent.open_runs;
  if (isWorking(agent.status) && run) {
    return (
      <span>
        {say.worksOn("")}
        <Link to="/tasks/$taskId" params={{ taskId: run.task_id }} title={run.task_title} className="border-b-2 border-work">
          {run.task_title.length > 70 ? `${run.task_title.slice(0, 70).trimEnd()}…` : run.task_title}
        </Link>
      </span>
    );
  }
  const tone = toneOf(agent.status.state);
  const text = `${say.is[agent.status.state] ?? ""} ${said(agent.status).text}`.trim();
  return tone === "wait" || tone === "wrong" || tone === "work" ? <Mark tone={tone}>{text}</Mark> : <span>{text}</span>;
}

function AgentSignals({ agent }: { agent: Agent }) {
  const { data, error, refetch } = useQuery(signalsQuery({ agent_id: agent.id, state: "up" }));
  if (error && !data) {
    return (
      <Section title={noticed.title}>
        <ProblemNote error={error} retry={() => void refetch()} />
      </Section>
    );
  }
  if (!data || data.length === 0) return null;
  return (
    <Section title={noticed.title}>
      <ul className="card divide-y divide-line">
        {data.map((signal) => (
          <li key={signal.id} className="grid gap-1.5 px-4 py-3">
            <p>
              <b className="text-wrong">{signalTitle(signal)}</b> <Ago at={signal.noticed_at} className="text-s text-faint" />
            </p>
            <p className="text-muted">{signal.words}</p>
            <div className="flex flex-wrap gap-1.5">
              <SignalActs signal={signal} />
            </div>
          </li>
        ))}
      </ul>
    </Section>
  );
}

function AgentKeys({ agentId }: { agentId: string }) {
  const { data, error, refetch } = useQuery(keysQuery(agentId));
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <SkeletonRows rows={1} />;
  return <KeysTable keys={data.items} cut={data.next !== null} />;
}

/** What its keys may ask for: each key's own patterns, or anything. */
function AllowedModels({ agentId }: { agentId: string }) {
  const { data } = useQuery(keysQuery(agentId));
  const keys = (data?.items ?? []).filter((key) => key.state === "active" && key.kind === "agent");
  if (keys.length === 0) return null;
  const patterns = [...new Set(keys.flatMap((key) => key.models ?? []))];
  const open = keys.some((key) => key.models === null);
  return (
    <div className="mt-3 grid gap-1.5 border-t border-line pt-3 text-s">
      <p className="text-muted">{say.models}</p>
      <p className="flex flex-wrap gap-1">
        {open && <Chip>{say.anyModel}</Chip>}
        {patterns.map((pattern) => (
          <Chip key={pattern}>{pattern}</Chip>
        ))}
      </p>
    </div>
  );
}

function RetireButton({ agent }: { agent: Agent }) {
  const [asking, setAsking] = useState(false);
  const set = useSetDesired({ onDone: () => undefined, onError: (error) => toast({ text: asProblem(error).message, tone: "wrong" }) });
  if (agent.desired === "retired" || agent.declared) return null;
  return (
    <>
      <Button variant="danger" onClick={() => setAsking(true)}>
        {say.retire}
      </Button>
      <Confirm
        open={asking}
        onOpenChange={setAsking}
        title={say.retireTitle(agent.name)}
        act={say.retire}
        onAct={() => set.mutate({ agent, desired: "retired" })}
      >
        {say.retireHelp}
      </Confirm>
    </>
  );
}

const figures = (agent: Agent) => [
  {
    label: say.costToday,
    value: (
      <TodayLink agentId={agent.id}>
        <Money nano={agent.today.cost_nano} unpriced={agent.today.unpriced_calls} />
      </TodayLink>
    ),
  },
  {
    label: say.callsToday,
    value: <TodayLink agentId={agent.id}>{formatCount(agent.today.calls)}</TodayLink>,
  },
  {
    label: say.errorsToday,
    value: (
      <TodayLink agentId={agent.id} failed className={agent.today.errors > 0 ? "text-wrong" : undefined}>
        {formatCount(agent.today.errors)}
      </TodayLink>
    ),
  },
  {
    label: say.lastCall,
    value: agent.last_call ? <Ago at={agent.last_call.at} className="text-l" /> : <span className="text-l text-faint">{agents.neverCalled}</span>,
    note: agent.last_call && <OutcomeWord outcome={agent.last_call.outcome} className="ml-1" />,
  },
];

const facts = (agent: Agent) => [
  { label: say.owner, value: agent.owner.name },
  ...(agent.reports_to ? [{ label: say.reportsTo, value: agent.reports_to.name }] : []),
  ...(agent.skills.length > 0 ? [{ label: say.skills, value: agent.skills.join(", ") }] : []),
  ...(agent.labels.length > 0 ? [{ label: say.labels, value: agent.labels.join(", ") }] : []),
  ...(agent.route ? [{ label: say.route, value: agent.route }] : []),
  ...(agent.last_seen_at ? [{ label: say.lastSeen, value: <Ago at={agent.last_seen_at} /> }] : []),
  ...(agent.connections.length > 0 ? [{ label: say.reaches, value: agent.connections.map((each) => say.via[each.via] ?? each.via).join(", ") }] : []),
  { label: say.capacity, value: agent.capacity },
  { label: say.bodies, value: say.bodyModes[(agent.body_mode ?? "inherit") as keyof typeof say.bodyModes] },
  { label: say.created, value: <Ago at={agent.created_at} /> },
  ...(agent.declared ? [{ label: say.declared, value: agents.declaredTitle }] : []),
];
