import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link, Navigate } from "@tanstack/react-router";
import { useState } from "react";

import { urgentAgentsQuery } from "@/api/agents";
import { isFirstVisit, leftFirstSteps } from "@/api/first-visit";
import { useMay } from "@/api/may";
import { needsQuery } from "@/api/needs";
import { isSettled } from "@/api/settled";
import type { Agent, UrgentRun } from "@/api/types";
import { AgentsAnswer } from "@/components/agents-answer";
import { buttonClass } from "@/components/button";
import { LatestCalls } from "@/components/latest-calls";
import { Page, Section } from "@/components/page";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { AgentRows } from "@/features/now/agent-rows";
import { ProviderLine } from "@/features/now/provider-line";
import { LATEST } from "@/features/now/queries";
import { TodayStrip } from "@/features/now/today-strip";
import { useListKeys } from "@/lib/list-keys";
import { useGrown } from "@/lib/use-grown";
import { words } from "@/strings/common";
import { now as say } from "@/strings/now";
import { welcome } from "@/strings/welcome";

/** So many rows are drawn before the reader goes on to those below. */
const ROWS = 12;

type Props = { needs: React.ReactNode; teach: (onDone: () => void) => React.ReactNode; above: React.ReactNode };

/** What happens and what needs me. `needs` is what other parts of the product hold for a person, `teach` stands where nobody is connected yet; `above` is offered in passing. */
export function NowPage({ needs, teach, above }: Props) {
  // How all agents stand takes longest: what else there is does not wait for it.
  const { data, error, refetch } = useQuery(urgentAgentsQuery);
  // On a phone it stands above the agents, who would be pushed down by it.
  const needsThere = isSettled(useInfiniteQuery(needsQuery));
  useListKeys();
  // The key that is made here is shown once: the page stays until it was copied, also when the agent is there already.
  const [teaching, setTeaching] = useState<boolean>();
  if (teaching === undefined && data) setTeaching(data.present === 0);
  const first = useMay("administer") && data !== undefined && isFirstVisit(data);
  if (first && teaching !== false && !leftFirstSteps()) return <Navigate to="/welcome" replace />;
  if (teaching) {
    return (
      <Page title={say.title} answer={say.emptyTitle}>
        <div className="max-w-[860px]">
          {above}
          {first && <GoOn />}
          {teach(() => setTeaching(false))}
        </div>
      </Page>
    );
  }
  return (
    <Page title={say.title} answer={data ? <AgentsAnswer all={data} /> : error ? say.agentsUnknown : <NotYet />} wide lively>
      {above}
      {first && <GoOn />}
      <TodayStrip />
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6 lg:grid-cols-[minmax(300px,380px)_minmax(0,1fr)]">
        <div className="min-w-0">{needs}</div>
        {/* Another place once it has what stands above it on a phone: what is not shown yet is not moved either. */}
        <div key={needsThere ? "below" : "waits"} className="grid min-w-0 grid-cols-[minmax(0,1fr)] content-start gap-6">
          {data && needsThere ? <Agents agents={data.items} runs={data.runs} of={data.present} /> : error && !data ? <ProblemNote error={error} retry={() => void refetch()} /> : <SkeletonRows rows={8} />}
        </div>
      </div>
    </Page>
  );
}

/** The way back to the first steps, for whoever left them for now. */
function GoOn() {
  return (
    <p className="card mb-5 flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3">
      <span className="min-w-0 flex-1 basis-[240px]">{welcome.go.title}</span>
      <Link to="/welcome" className={buttonClass("primary")}>
        {welcome.go.act}
      </Link>
    </p>
  );
}

/** Stands where the answer will. */
function NotYet() {
  return (
    <>
      <span className="sr-only">{words.loading}</span>
      <span className="skeleton inline-block h-4 w-80 max-w-full align-middle" />
      {/* On a phone the sentence takes two lines. */}
      <span className="skeleton hidden h-4 w-40 align-middle max-md:inline-block" />
    </>
  );
}

/** Who works, with what, and what was called last: those that need somebody first; all of them are on a page of their own. */
function Agents({ agents, runs, of }: { agents: Agent[]; runs: UrgentRun[]; of: number }) {
  const { shown, end } = useGrown(agents, ROWS);
  return (
    <>
      <Section title={say.agents}>
        <AgentRows agents={shown} runs={runs} />
        <div ref={end} />
        {of > agents.length && (
          <Link to="/agents" className="mt-2 inline-flex min-h-6 items-center text-s text-accent hover:underline">
            {say.moreAgents(of - agents.length)}
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
