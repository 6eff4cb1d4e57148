import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Agent, AgentChange, AgentDraft, AgentNames, Agents, Page, Stretch, UrgentAgents } from "@/api/types";

export const agentKeys = {
  all: ["agents"] as const,
  list: () => ["agents", "list"] as const,
  urgent: () => ["agents", "urgent"] as const,
  names: () => ["agents", "names"] as const,
  one: (id: string) => ["agents", "one", id] as const,
  states: (id: string) => ["agent-states", id] as const,
};

/** Agents by name with all that is shown of each, a page at a time; `retired`: those that are, too; `q`: a part of their name. */
export const agentsQuery = (retired: boolean, q = "") =>
  infiniteQueryOptions({
    queryKey: [...agentKeys.list(), { retired, q }] as const,
    queryFn: ({ pageParam, signal }) => data<Agents>(api.GET("/api/v1/agents", { params: { query: { retired, limit: 200, ...(q ? { q } : {}), ...(pageParam ? { after: pageParam } : {}) } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

/** So many agents are shown at once where everything is looked at. */
const MOST_URGENT = 50;

/** Those that need somebody first, and how all of them stand. */
export const urgentAgentsQuery = queryOptions({
  queryKey: agentKeys.urgent(),
  queryFn: ({ signal }) => data<UrgentAgents>(api.GET("/api/v1/agents/urgent", { params: { query: { limit: MOST_URGENT } }, signal })),
});

/** What all agents are called, for choices: hundreds of bytes where the list with what each does has hundreds of thousands. */
export const agentNamesQuery = queryOptions({
  queryKey: agentKeys.names(),
  queryFn: ({ signal }) => data<AgentNames>(api.GET("/api/v1/agents/names", { signal })),
});

export const agentQuery = (id: string) =>
  queryOptions({
    queryKey: agentKeys.one(id),
    queryFn: ({ signal }) => data<Agent>(api.GET("/api/v1/agents/{agent_id}", { params: { path: { agent_id: id } }, signal })),
  });

const MINUTE_MS = 60_000;

/** What was shown of it in the last day. A state is in it a minute late, so it is asked for by the minute, not by events. */
export const agentStatesQuery = (id: string) =>
  queryOptions({
    queryKey: agentKeys.states(id),
    queryFn: ({ signal }) => data<Page<Stretch>>(api.GET("/api/v1/agents/{agent_id}/states", { params: { path: { agent_id: id } }, signal })),
    refetchInterval: MINUTE_MS,
  });

export const createAgent = (body: AgentDraft): Promise<Agent> => data<Agent>(api.POST("/api/v1/agents", { body }));

export const changeAgent = (id: string, body: AgentChange): Promise<Agent> =>
  data<Agent>(api.PATCH("/api/v1/agents/{agent_id}", { params: { path: { agent_id: id } }, body }));
