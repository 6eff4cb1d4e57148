import { useQueryClient } from "@tanstack/react-query";
import { useRef } from "react";

import { agentKeys, createAgent } from "@/api/agents";
import { createAgentKey, keyKeys } from "@/api/keys";
import type { Agent, AgentDraft } from "@/api/types";

/** Makes an agent and its first key. Asked again after only the key could not be had, the agent is there already. */
export function useMakeAgent() {
  const client = useQueryClient();
  const made = useRef<{ name: string; agent: Agent }>(undefined);
  return async (draft: AgentDraft): Promise<{ agent: Agent; secret: string }> => {
    if (made.current?.name !== draft.name) made.current = { name: draft.name, agent: await createAgent(draft) };
    const { agent } = made.current;
    const { secret } = await createAgentKey(agent.id, {});
    for (const queryKey of [agentKeys.all, keyKeys.all]) void client.invalidateQueries({ queryKey });
    return { agent, secret };
  };
}
