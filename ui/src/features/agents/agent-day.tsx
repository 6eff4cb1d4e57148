import { useQuery } from "@tanstack/react-query";

import { agentRunsQuery } from "@/api/runs";
import type { Agent } from "@/api/types";
import { shareOf } from "@/components/cost-split";
import { Money } from "@/components/figures";
import { Section, Strip } from "@/components/page";
import { ProblemNote } from "@/components/states";
import { report } from "@/features/agents/ribbon";
import { StateRibbon } from "@/features/agents/state-ribbon";
import { formatCount } from "@/lib/format";
import { agents } from "@/strings/agents";

const say = agents.day;

/** What it was shown to do in the last 24 hours, and how its runs went. */
export function AgentDay({ agent }: { agent: Agent }) {
  const { data: runs, error, refetch } = useQuery(agentRunsQuery(agent.id));
  const card = report(runs?.items ?? []);
  return (
    <div className="grid gap-5">
      {agent.status.state !== "never_connected" && <StateRibbon agent={agent} runs={runs?.items ?? []} />}
      {error && !runs && (
        <Section title={say.report}>
          <ProblemNote error={error} retry={() => void refetch()} />
        </Section>
      )}
      {runs && runs.items.length > 0 && (
        <Section title={say.report} aside={say.lastRuns(card.runs, runs.next !== null)}>
          <Strip
            figures={[
              { label: say.succeeded, value: card.ended === 0 ? "–" : shareOf(card.succeeded, card.ended), note: card.ended > 0 && say.ofEnded(card.succeeded, card.ended) },
              { label: say.failed, value: <span className={card.failed > 0 ? "text-wrong" : undefined}>{formatCount(card.failed)}</span> },
              { label: say.perSuccess, value: card.perSuccess === null ? "–" : <Money nano={card.perSuccess} />, note: card.perSuccess === null ? undefined : say.withFailures },
              { label: say.cost, value: <Money nano={card.cost} /> },
            ]}
          />
        </Section>
      )}
    </div>
  );
}
