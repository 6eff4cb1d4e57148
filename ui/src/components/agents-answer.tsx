import { useQuery } from "@tanstack/react-query";

import { sessionQuery } from "@/api/session";
import type { Agent } from "@/api/types";
import { Money } from "@/components/figures";
import { Mark } from "@/components/page";
import { clauses } from "@/components/status/status-words";
import { formatCount } from "@/lib/format";
import { agents as say } from "@/strings/agents";
import { words } from "@/strings/common";

/** "Three agents work, one loops, two wait for T-1. $4.12 today." `of` is how many there are; where fewer are here, it says for how many it speaks. */
export function AgentsAnswer({ agents, of }: { agents: Agent[]; of: number }) {
  const { data: session } = useQuery(sessionQuery);
  const parts = clauses(
    agents.map((agent) => agent.status),
    session?.member.id,
  );
  const cost = agents.reduce((sum, agent) => sum + agent.today.cost_nano, 0);
  const unpriced = agents.reduce((sum, agent) => sum + agent.today.unpriced_calls, 0);
  return (
    <>
      {agents.length < of && say.ofTheFirst(formatCount(agents.length), formatCount(of))}
      {parts.map((part, at) => (
        <span key={part.text}>
          {at > 0 && (at === parts.length - 1 ? ` ${words.and} ` : ", ")}
          {part.tone ? <Mark tone={part.tone}>{part.text}</Mark> : part.text}
        </span>
      ))}
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
