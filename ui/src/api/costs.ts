import { keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Costs, Done, Reconciled, ReportRow, ReportWeek, TaskCosts, Waste } from "@/api/types";

export type CostBy = "agent" | "task" | "project" | "person" | "run" | "model" | "provider" | "key" | "tag" | "total";
export type Grain = "minute" | "hour" | "day";
export type CostFilter = { from: string; to?: string; by: CostBy; grain: Grain; value?: string; top?: number };

export const costKeys = { all: ["costs"] as const, of: (filter: CostFilter) => ["costs", filter] as const };

export const costsQuery = (filter: CostFilter) =>
  queryOptions({
    queryKey: costKeys.of(filter),
    queryFn: ({ signal }) => data<Costs>(api.GET("/api/v1/costs", { params: { query: filter }, signal })),
    // The window moves on with the clock; its last figures stay until the next ones are there.
    placeholderData: keepPreviousData,
  });

/** What came of the money since an instant, every nano-dollar in one class. */
export const wasteQuery = (from: string) =>
  queryOptions({
    queryKey: [...costKeys.all, "waste", from] as const,
    queryFn: ({ signal }) => data<Waste>(api.GET("/api/v1/costs/waste", { signal, params: { query: { from, by: "total" } } })),
    placeholderData: keepPreviousData,
  });

/** What was done since an instant, and what it cost all told. */
export const doneQuery = (from: string) =>
  queryOptions({
    queryKey: [...costKeys.all, "done", from] as const,
    queryFn: ({ signal }) => data<Done>(api.GET("/api/v1/costs/done", { signal, params: { query: { from } } })),
    placeholderData: keepPreviousData,
  });

/** What a task cost, by class, attempt and version. */
export const taskCostsQuery = (taskId: string) =>
  queryOptions({
    queryKey: [...costKeys.all, "task", taskId] as const,
    queryFn: ({ signal }) => data<TaskCosts>(api.GET("/api/v1/costs/tasks/{task_id}", { signal, params: { path: { task_id: taskId } } })),
  });

const MINUTE_MS = 60_000;

/** Approval and rework of an agent's work week by week, the oldest first: eight reports, so asked for by the minute and not with every call. */
export const weeksQuery = (agentId: string) =>
  queryOptions({
    queryKey: ["report-weeks", agentId] as const,
    queryFn: async ({ signal }) => (await data<{ weeks: ReportWeek[] }>(api.GET("/api/v1/costs/report_card/weeks", { signal, params: { query: { agent_id: agentId } } }))).weeks,
    refetchInterval: MINUTE_MS,
  });

/** A provider's usage export, as CSV, beside our account. */
export const reconcile = (csv: string) => data<Reconciled>(api.POST("/api/v1/costs/reconcile", { body: { csv } }));

export type ReportFilter = { by: "agent" | "model" | "instructions"; agent_id?: string; from?: string };

/** How well the work since an instant, else of the last 30 days, went for its money. */
export const reportQuery = (filter: ReportFilter) =>
  queryOptions({
    queryKey: [...costKeys.all, "report", filter] as const,
    queryFn: async ({ signal }) => (await data<{ rows: ReportRow[] }>(api.GET("/api/v1/costs/report_card", { signal, params: { query: filter } }))).rows,
  });
