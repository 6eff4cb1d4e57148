import { useQuery } from "@tanstack/react-query";
import { Navigate } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useState } from "react";

import { urgentAgentsQuery } from "@/api/agents";
import { isFirstVisit } from "@/api/first-visit";
import { useMay } from "@/api/may";
import { providersQuery } from "@/api/providers";
import { settingsQuery } from "@/api/settings";
import type { Agent, Provider } from "@/api/types";
import type { ProviderProblem } from "@/components/provider-checked";
import { ProblemNote, SkeletonRows } from "@/components/states";
import { AgentStep } from "@/features/welcome/agent-step";
import { CallStep } from "@/features/welcome/call-step";
import { NameStep } from "@/features/welcome/name-step";
import { ProviderStep } from "@/features/welcome/provider-step";
import { useStanding } from "@/features/welcome/use-standing";
import { usePageTitle } from "@/lib/title";
import { welcome as say } from "@/strings/welcome";

/** What a workspace is called before anybody named it. */
const UNNAMED = "default";

export type Made = { agent: Agent; /** Its key, while this page stands: it is shown once. */ secret?: string | undefined };
export type Parts = {
  /** Asks for a provider in place; `provider`: for what is wrong with that one, `problem`. */
  provide: (provider: Provider | undefined, problem: ProviderProblem | undefined) => ReactNode;
  /** Makes an agent and its first key. */
  make: (name: string) => Promise<Required<Made>>;
  /** Lines to copy, and their first call. */
  connect: (made: Required<Made>) => ReactNode;
  /** The first call alone, where the key is not at hand. */
  wait: (agent: Agent) => ReactNode;
};
type Props = Parts & { head: (done: boolean) => ReactNode };

/**
 * From an empty workspace to the first call: a step at a time, each as far as the server says it is. So whoever loads the
 * page again, or comes back another day, goes on where they were.
 */
export function WelcomePage({ head, ...parts }: Props) {
  usePageTitle(say.title);
  const agents = useQuery(urgentAgentsQuery);
  const settings = useQuery(settingsQuery);
  const providers = useQuery(providersQuery);
  const admin = useMay("administer");
  // It stays one until it is left, also when the first call is there.
  const [first, setFirst] = useState<boolean>();
  if (first === undefined && agents.data) setFirst(isFirstVisit(agents.data));
  if (first === false || !admin) return <Navigate to="/" replace />;
  const [agent] = agents.data?.items ?? [];
  const failed = [agents, settings, providers].find((query) => query.error && !query.data);
  return (
    <div className="mx-auto grid w-full max-w-[760px] grid-cols-[minmax(0,1fr)] gap-5 px-4 pt-5 pb-16 md:pt-10">
      {head(agent?.last_call_at != null)}
      <h1 className="text-xl leading-[1.35] font-semibold tracking-[-0.015em]">{say.answer}</h1>
      {failed ? (
        <ProblemNote error={failed.error} retry={() => void failed.refetch()} />
      ) : settings.data && providers.data && first ? (
        <Steps settings={settings.data} providers={providers.data.items} agent={agent} {...parts} />
      ) : (
        <SkeletonRows rows={4} />
      )}
    </div>
  );
}

type StepsProps = Parts & { settings: React.ComponentProps<typeof NameStep>["settings"]; providers: Provider[]; agent: Agent | undefined };

function Steps({ settings, providers, agent, provide, make, connect, wait }: StepsProps) {
  const [made, setMade] = useState<Required<Made>>();
  const named = settings.workspace.name !== UNNAMED;
  const standing = useStanding(providers);
  const known = made?.agent ?? agent;
  const step = !named ? 1 : !standing.good ? 2 : !known ? 3 : 4;
  return (
    <ol className="card divide-y divide-line">
      <NameStep settings={settings} open={step === 1} />
      <ProviderStep standing={standing} open={step === 2} provide={provide} />
      <AgentStep name={known?.name} open={step === 3} make={async (name) => setMade(await make(name))} />
      <CallStep made={known && { agent: known, secret: made?.secret }} called={agent?.last_call_at != null} open={step === 4} connect={connect} wait={wait} onKey={setMade} />
    </ol>
  );
}
