import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";

import { agentsQuery } from "@/api/agents";
import type { Agent } from "@/api/types";
import { AgentsAnswer } from "@/components/agents-answer";
import { LatestCalls } from "@/components/latest-calls";
import { Page, Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { byUrgency } from "@/components/status/status-words";
import { AgentRows } from "@/features/now/agent-rows";
import { FirstSteps } from "@/features/now/first-steps";
import { ProviderLine } from "@/features/now/provider-line";
import { LATEST } from "@/features/now/queries";
import { TodayStrip } from "@/features/now/today-strip";
import { useListKeys } from "@/lib/list-keys";
import { words } from "@/strings/common";
import { now as say } from "@/strings/now";

/** So many agents get a row, those that need somebody first; all of them are on a page of their own. */
const MOST = 50;

type Props = { needs: React.ReactNode; teach: (onDone: () => void) => React.ReactNode; provide: (onClose: () => void) => React.ReactNode };

/** What happens and what needs me. `needs` is what other parts of the product hold for a person, `teach` stands where nobody is connected yet, with `provide` for the first provider. */
export function NowPage({ needs, teach, provide }: Props) {
  // The list of agents takes longest: what else there is does not wait for it.
  const { data, error, refetch } = useQuery(agentsQuery);
  useListKeys();
  const present = useMemo(() => data?.items.filter((agent) => agent.desired !== "retired").sort(byUrgency), [data]);
  // The key that is made here is shown once: the page stays until it was copied, also when the agent is there already.
  const [teaching, setTeaching] = useState<boolean>();
  if (teaching === undefined && present) setTeaching(present.length === 0);
  if (teaching) {
    return (
      <Page title={say.title} answer={say.emptyTitle}>
        <div className="grid max-w-[860px] grid-cols-[minmax(0,1fr)] gap-5">
          <FirstSteps teach={teach(() => setTeaching(false))} provide={provide} />
        </div>
      </Page>
    );
  }
  return (
    <Page title={say.title} answer={data && present ? <AgentsAnswer agents={present} of={data.present} /> : error ? say.agentsUnknown : <NotYet />} wide>
      <TodayStrip />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[minmax(300px,380px)_minmax(0,1fr)]">
        <div className="min-w-0">{needs}</div>
        <div className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
          {data && present ? <Agents agents={present} of={data.present} /> : error ? <ProblemNote error={error} retry={() => void refetch()} /> : <SkeletonRows rows={8} />}
        </div>
      </div>
    </Page>
  );
}

/** Stands where the answer will. */
function NotYet() {
  return (
    <>
      <span className="sr-only">{words.loading}</span>
      <span className="skeleton inline-block h-4 w-80 max-w-full align-middle" />
    </>
  );
}

/** Who works, with what, and what was called last. */
function Agents({ agents, of }: { agents: Agent[]; of: number }) {
  const shown = useMemo(() => agents.slice(0, MOST), [agents]);
  return (
    <>
      <Section title={say.agents}>
        <AgentRows agents={shown} />
        {of > shown.length && (
          <Link to="/agents" className="mt-2 inline-flex min-h-6 items-center text-s text-accent hover:underline">
            {say.moreAgents(of - shown.length)}
          </Link>
        )}
      </Section>
      <ProviderLine />
      <Section
        title={say.lastCalls}
        aside={
          <Link to="/calls" className="text-accent hover:underline">
            {say.allCalls}
          </Link>
        }
      >
        <LatestCalls filter={{}} limit={LATEST} narrow />
      </Section>
    </>
  );
}
