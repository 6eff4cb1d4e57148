import { useMutation, useQueryClient } from "@tanstack/react-query";

import { agentKeys, changeAgent } from "@/api/agents";
import type { Agent, Desired, Page } from "@/api/types";

type Change = { agent: Agent; desired: Desired };
type Told = { onDone: (change: Change) => void; onError: (error: unknown) => void };

/** Pauses an agent or lets it work again: shown at once, taken back when the server refuses. */
export function useSetDesired({ onDone, onError }: Told) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ agent, desired }: Change) => changeAgent(agent.id, { desired }),
    onMutate: async ({ agent, desired }) => {
      await client.cancelQueries({ queryKey: agentKeys.all });
      const before = client.getQueryData<Page<Agent>>(agentKeys.list());
      client.setQueryData<Page<Agent>>(agentKeys.list(), (page) =>
        page && { ...page, items: page.items.map((each) => (each.id === agent.id ? { ...each, desired } : each)) },
      );
      return { before };
    },
    onError: (error, _change, context) => {
      if (context?.before) client.setQueryData(agentKeys.list(), context.before);
      onError(error);
    },
    onSuccess: (_agent, change) => onDone(change),
    onSettled: () => client.invalidateQueries({ queryKey: agentKeys.all }),
  });
}
