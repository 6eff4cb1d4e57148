import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Page, Replay, ReplayDraft, ReplayStep, ReplayStepDetail } from "@/api/types";

export type ReplayFilter = { run_id?: string; call_id?: string };

export const replayKeys = {
  all: ["replays"] as const,
  list: (filter: ReplayFilter) => ["replays", "list", filter] as const,
  one: (id: string) => ["replays", "one", id] as const,
  steps: (id: string) => ["replays", "one", id, "steps"] as const,
  step: (id: string, number: number) => ["replays", "one", id, "steps", number] as const,
};

export const replaysQuery = (filter: ReplayFilter) =>
  queryOptions({
    queryKey: replayKeys.list(filter),
    queryFn: ({ signal }) => data<Page<Replay>>(api.GET("/api/v1/replays", { params: { query: { ...filter, limit: 100 } }, signal })),
  });

export const replayQuery = (id: string) =>
  queryOptions({
    queryKey: replayKeys.one(id),
    queryFn: ({ signal }) => data<Replay>(api.GET("/api/v1/replays/{replay_id}", { params: { path: { replay_id: id } }, signal })),
  });

/** All its calls: a replay never has more than one page of five hundred. */
export const replayStepsQuery = (id: string) =>
  queryOptions({
    queryKey: replayKeys.steps(id),
    queryFn: ({ signal }) => data<Page<ReplayStep>>(api.GET("/api/v1/replays/{replay_id}/steps", { params: { path: { replay_id: id }, query: { limit: 500 } }, signal })),
  });

export const replayStepQuery = (id: string, number: number) =>
  queryOptions({
    queryKey: replayKeys.step(id, number),
    queryFn: ({ signal }) => data<ReplayStepDetail>(api.GET("/api/v1/replays/{replay_id}/steps/{number}", { params: { path: { replay_id: id, number } }, signal })),
  });

/** The same key again answers with the replay that was made, so that a second click never spends twice. */
export const createReplay = (body: ReplayDraft, key: string): Promise<Replay> =>
  data<Replay>(api.POST("/api/v1/replays", { body, headers: { "idempotency-key": key } }));

export const cancelReplay = (id: string): Promise<Replay> =>
  data<Replay>(api.POST("/api/v1/replays/{replay_id}/cancel", { params: { path: { replay_id: id } } }));
