import type { Agent } from "@/api/types";
import { agentShown } from "@/components/agent-state";
import { Money } from "@/components/figures";
import { Mark } from "@/components/page";
import { useCoarseNow } from "@/lib/ticker";
import { agents as say } from "@/strings/agents";
import { words } from "@/strings/common";

/** "Three agents work, one is paused. $4.12 today." */
export function AgentsAnswer({ agents }: { agents: Agent[] }) {
  const now = useCoarseNow();
  const verbs = agents.map((agent) => agentShown(agent, now).verb);
  const working = verbs.filter((verb) => verb === "working" || verb === "calling").length;
  const paused = verbs.filter((verb) => verb === "paused").length;
  const cost = agents.reduce((sum, agent) => sum + agent.today.cost_nano, 0);
  const unpriced = agents.reduce((sum, agent) => sum + agent.today.unpriced_calls, 0);
  return (
    <>
      {working === 0 ? say.nobodyWorks : say.work(working)}
      {paused > 0 && (
        <>
          , <Mark tone="wait">{say.paused(paused)}</Mark>
        </>
      )}
      . <Money nano={cost} /> {say.today}
      {unpriced > 0 && (
        <>
          {" "}
          <Mark tone="wait">{words.andUnpriced(unpriced)}</Mark>
        </>
      )}
      .
    </>
  );
}
