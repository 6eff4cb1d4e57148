import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Page, Signal, SignalDetail, SignalPolicy, SignalPolicyDraft } from "@/api/types";

export type SignalFilter = { state?: Signal["state"]; agent_id?: string; task_id?: string; run_id?: string };

export const signalKeys = {
  all: ["signals"] as const,
  list: (filter: SignalFilter) => ["signals", "list", filter] as const,
  one: (id: string) => ["signals", "one", id] as const,
  policies: () => ["signals", "policies"] as const,
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

/** Where somebody said what is done about a kind of signal. */
export const signalPoliciesQuery = queryOptions({
  queryKey: signalKeys.policies(),
  queryFn: async ({ signal }) => (await data<{ items: SignalPolicy[] }>(api.GET("/api/v1/signals/policies", { signal }))).items,
});

export const setSignalPolicy = (body: SignalPolicyDraft): Promise<unknown> => data(api.PUT("/api/v1/signals/policies", { body }));

/** Takes back what was said: the wider rule holds again. */
export const removeSignalPolicy = ({ scope, subject_id, kind }: Pick<SignalPolicyDraft, "scope" | "subject_id" | "kind">): Promise<unknown> =>
  data(api.DELETE("/api/v1/signals/policies", { params: { query: { scope, kind, ...(subject_id ? { subject_id } : {}) } } }));
