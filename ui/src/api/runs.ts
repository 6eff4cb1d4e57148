import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Page, Run, RunState } from "@/api/types";

export type RunFilter = { task_id?: string; agent_id?: string; state?: RunState };

export const runKeys = { all: ["runs"] as const, list: (filter: RunFilter) => ["runs", "list", filter] as const, one: (id: string) => ["runs", "one", id] as const };

export const runsQuery = (filter: RunFilter) =>
  queryOptions({
    queryKey: runKeys.list(filter),
    queryFn: ({ signal }) => data<Page<Run>>(api.GET("/api/v1/runs", { params: { query: { ...filter, limit: 20 } }, signal })),
  });

/** An agent's latest runs, enough to say how it works. */
export const agentRunsQuery = (agentId: string) =>
  queryOptions({
    queryKey: [...runKeys.list({ agent_id: agentId }), "many"] as const,
    queryFn: ({ signal }) => data<Page<Run>>(api.GET("/api/v1/runs", { params: { query: { agent_id: agentId, limit: 200 } }, signal })),
  });

export const runQuery = (id: string) =>
  queryOptions({
    queryKey: runKeys.one(id),
    queryFn: ({ signal }) => data<Run>(api.GET("/api/v1/runs/{run_id}", { params: { path: { run_id: id } }, signal })),
  });

export const cancelRun = (id: string): Promise<Run> =>
  data<Run>(api.POST("/api/v1/runs/{run_id}/cancel", { params: { path: { run_id: id } }, body: {} }));
