import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import { runKeys } from "@/api/runs";
import type { ComparedRuns, RunStep } from "@/api/types";

/** A run's calls with near-duplicates linked to the first of their kind. */
export const runStepsQuery = (runId: string) =>
  queryOptions({
    queryKey: [...runKeys.one(runId), "steps"] as const,
    queryFn: ({ signal }) => data<{ items: RunStep[] }>(api.GET("/api/v1/runs/{run_id}/steps", { params: { path: { run_id: runId } }, signal })),
  });

/** Two runs step by step. */
export const comparedQuery = (runId: string, otherId: string) =>
  queryOptions({
    queryKey: [...runKeys.one(runId), "compare", otherId] as const,
    queryFn: ({ signal }) => data<ComparedRuns>(api.GET("/api/v1/runs/{run_id}/compare/{other_id}", { params: { path: { run_id: runId, other_id: otherId } }, signal })),
  });
