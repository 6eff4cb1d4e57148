import type { Call } from "@/api/types";

/** Calls of no task that continue each other, by one agent. */
export type Talk = {
  id: string;
  conversationId: string | null;
  agent: { id: string; name: string } | null;
  calls: Call[];
  cost: number;
  unpriced: number;
  first: string;
  last: string;
};

/** Calls as conversations, the latest first. A call that belongs to none stands for itself. Pure. */
export function talks(calls: Call[]): Talk[] {
  const found = new Map<string, Talk>();
  for (const call of calls) {
    const id = call.conversation_id ?? call.id;
    const talk = found.get(id);
    if (talk) {
      talk.calls.push(call);
      talk.cost += call.cost_nano ?? 0;
      talk.unpriced += call.unpriced ? 1 : 0;
      if (call.started_at < talk.first) talk.first = call.started_at;
      if (call.started_at > talk.last) talk.last = call.started_at;
    } else {
      found.set(id, { id, conversationId: call.conversation_id, agent: call.agent, calls: [call], cost: call.cost_nano ?? 0, unpriced: call.unpriced ? 1 : 0, first: call.started_at, last: call.started_at });
    }
  }
  return [...found.values()].sort((a, b) => b.last.localeCompare(a.last));
}

export type Group = { key: string; agent: Talk["agent"]; talks: Talk[]; cost: number; unpriced: number; calls: number };

/** Conversations by agent, the one that spends most first. Pure. */
export function byAgent(some: Talk[]): Group[] {
  const found = new Map<string, Group>();
  for (const talk of some) {
    const key = talk.agent?.id ?? "";
    const group = found.get(key) ?? { key, agent: talk.agent, talks: [], cost: 0, unpriced: 0, calls: 0 };
    group.talks.push(talk);
    group.cost += talk.cost;
    group.unpriced += talk.unpriced;
    group.calls += talk.calls.length;
    found.set(key, group);
  }
  return [...found.values()].sort((a, b) => b.cost - a.cost || b.calls - a.calls);
}
