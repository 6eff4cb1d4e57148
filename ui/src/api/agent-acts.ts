import type { InfiniteData } from "@tanstack/react-query";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { agentKeys, changeAgent } from "@/api/agents";
import type { Agent, Desired, Page, UrgentAgents } from "@/api/types";

type Change = { agent: Agent; desired: Desired };
type Told = { onDone: (change: Change) => void; onError: (error: unknown) => void };

type Listed = InfiniteData<Page<Agent>> | UrgentAgents;

/** An answer that holds rows of agents, with this one as it is to be. Pure. */
function withAgent(list: Listed, change: (each: Agent) => Agent): Listed {
  return "pages" in list ? { ...list, pages: list.pages.map((page) => ({ ...page, items: page.items.map(change) })) } : { ...list, items: list.items.map(change) };
}

/** Pauses an agent or lets it work again: shown at once, taken back when the server refuses. */
export function useSetDesired({ onDone, onError }: Told) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ agent, desired }: Change) => changeAgent(agent.id, { desired }),
    onMutate: async ({ agent, desired }) => {
      await client.cancelQueries({ queryKey: agentKeys.all });
      const before = [agentKeys.list(), agentKeys.urgent()].flatMap((queryKey) => client.getQueriesData<Listed>({ queryKey }));
      for (const [queryKey, list] of before) {
        if (list) client.setQueryData(queryKey, withAgent(list, (each) => (each.id === agent.id ? { ...each, desired } : each)));
      }
      return { before };
    },
    onError: (error, _change, context) => {
      for (const [queryKey, list] of context?.before ?? []) if (list) client.setQueryData(queryKey, list);
      onError(error);
    },
    onSuccess: (_agent, change) => onDone(change),
    onSettled: () => client.invalidateQueries({ queryKey: agentKeys.all }),
  });
}
