import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { LeverDone, LeverOrder, LeverScope, Page, Run } from "@/api/types";

export const leverKeys = { all: ["lever"] as const };

/** Pauses that are in force, and stops that are still to come. */
export const standingOrdersQuery = queryOptions({
  queryKey: leverKeys.all,
  queryFn: ({ signal }) => data<Page<LeverOrder>>(api.GET("/api/v1/lever/orders", { params: { query: { standing: true } }, signal })),
});

type What = { scope: LeverScope; subject_id: string };

/** The next call is refused, and what is in flight ends: whoever pauses sees that it costs too much or goes wrong. */
export const pauseWork = (what: What): Promise<LeverDone> => data<LeverDone>(api.POST("/api/v1/lever/pause", { body: { ...what, hold_s: 0, end_open: true } }));
export const killWork = (what: What, reason?: string): Promise<LeverDone> => data<LeverDone>(api.POST("/api/v1/lever/kill", { body: { ...what, ...(reason ? { reason } : {}) } }));
export const undoOrder = (id: string): Promise<LeverOrder> => data<LeverOrder>(api.POST("/api/v1/lever/orders/{order_id}/undo", { params: { path: { order_id: id } } }));

/** Kills a run and has its task attempted anew, by another agent where one is named. */
export const restartRun = (id: string, body: { note?: string; agent_id?: string }): Promise<Run> =>
  data<Run>(api.POST("/api/v1/runs/{run_id}/restart", { params: { path: { run_id: id } }, body }));
