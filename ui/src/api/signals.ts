import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Page, Signal, SignalDetail } from "@/api/types";

export type SignalFilter = { state?: Signal["state"]; agent_id?: string; task_id?: string; run_id?: string };

export const signalKeys = {
  all: ["signals"] as const,
  list: (filter: SignalFilter) => ["signals", "list", filter] as const,
  one: (id: string) => ["signals", "one", id] as const,
};

export const signalsQuery = (filter: SignalFilter) =>
  queryOptions({
    queryKey: signalKeys.list(filter),
    queryFn: async ({ signal }) => (await data<Page<Signal>>(api.GET("/api/v1/signals", { params: { query: { ...filter, limit: 100 } }, signal }))).items,
  });

export const signalQuery = (id: string) =>
  queryOptions({
    queryKey: signalKeys.one(id),
    queryFn: ({ signal }) => data<SignalDetail>(api.GET("/api/v1/signals/{signal_id}", { params: { path: { signal_id: id } }, signal })),
  });

/** Puts it away; with `fine`, signals of its kind are not raised again for its task. */
export const dismissSignal = (id: string, fine: boolean): Promise<Signal> =>
  data<Signal>(api.POST("/api/v1/signals/{signal_id}/dismiss", { params: { path: { signal_id: id } }, body: { fine } }));

export const unlearnSignal = (id: string): Promise<Signal> =>
  data<Signal>(api.POST("/api/v1/signals/{signal_id}/unlearn", { params: { path: { signal_id: id } } }));
