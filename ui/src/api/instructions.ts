import { queryOptions } from "@tanstack/react-query";

import { agentKeys } from "@/api/agents";
import { api, data } from "@/api/client";
import type { Instructions } from "@/api/types";

/** Every version of what an agent is told, newest first. */
export const instructionsQuery = (agentId: string) =>
  queryOptions({
    queryKey: [...agentKeys.one(agentId), "instructions"] as const,
    queryFn: async ({ signal }) =>
      (await data<{ items: Instructions[] }>(api.GET("/api/v1/agents/{agent_id}/instructions", { params: { path: { agent_id: agentId } }, signal }))).items,
  });

/** Lets another version hold again; the history stays. */
export const rollBackInstructions = (agentId: string, number: number): Promise<unknown> =>
  data(api.POST("/api/v1/agents/{agent_id}/instructions/rollback", { params: { path: { agent_id: agentId } }, body: { number } }));
