import type { Chosen } from "@/api/calls";
import type { Unclaimed } from "@/api/types";

export type Group = { key: string; agent: Unclaimed["agent"]; talks: Unclaimed[]; cost: number; unpriced: number; calls: number };

/** Conversations by agent, the one that spends most first. Pure. */
export function byAgent(some: Unclaimed[]): Group[] {
  const found = new Map<string, Group>();
  for (const talk of some) {
    const key = talk.agent?.id ?? "";
    const group = found.get(key) ?? { key, agent: talk.agent, talks: [], cost: 0, unpriced: 0, calls: 0 };
    group.talks.push(talk);
    group.cost += talk.cost_nano;
    group.unpriced += talk.unpriced_calls;
    group.calls += talk.calls;
    found.set(key, group);
  }
  return [...found.values()].sort((a, b) => b.cost - a.cost || b.calls - a.calls);
}

/** How to name it to the server. What nobody's key asked outside a conversation has only the calls themselves. Pure. */
export function chosenOf(talk: Unclaimed): Chosen {
  if (talk.conversation_id !== null) return { conversation_id: talk.conversation_id };
  return talk.agent ? { agent_id: talk.agent.id } : { call_ids: [talk.newest.id] };
}
