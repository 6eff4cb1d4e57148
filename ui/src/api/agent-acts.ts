import { useMutation, useQueryClient } from "@tanstack/react-query";

import { agentKeys, changeAgent } from "@/api/agents";
import type { Agent, Desired, Page, UrgentAgents } from "@/api/types";

type Change = { agent: Agent; desired: Desired };
type Told = { onDone: (change: Change) => void; onError: (error: unknown) => void };

/** Answers that hold rows of agents. */
const LISTS = [agentKeys.list(), agentKeys.urgent()];

/** Pauses an agent or lets it work again: shown at once, taken back when the server refuses. */
export function useSetDesired({ onDone, onError }: Told) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ agent, desired }: Change) => changeAgent(agent.id, { desired }),
    onMutate: async ({ agent, desired }) => {
      await client.cancelQueries({ queryKey: agentKeys.all });
      const before = LISTS.map((queryKey) => [queryKey, client.getQueryData<Page<Agent> | UrgentAgents>(queryKey)] as const);
      for (const [queryKey, list] of before) {
        if (list) client.setQueryData(queryKey, { ...list, items: list.items.map((each) => (each.id === agent.id ? { ...each, desired } : each)) });
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
