import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data, fetchBytes } from "@/api/client";
import type { operations } from "@/api/schema.gen";
import type { Adopted, Call, CallDetail, CallHistogram, CallLatency, CallPage, CallValues, Latencies, Rendered, UnclaimedPage } from "@/api/types";

/** Waste that is known of calls one by one. */
export type Mark = "looped" | "duplicate" | "blocked";

/** Which calls: what the list, its file and what is counted of it are asked by. */
export type CallFilter = Omit<NonNullable<operations["list_calls"]["parameters"]["query"]>, "limit" | "after">;

export const callKeys = {
  all: ["calls"] as const,
  lists: () => ["calls", "list"] as const,
  list: (filter: CallFilter) => ["calls", "list", filter] as const,
  unclaimed: () => ["calls", "unclaimed"] as const,
  counted: () => ["calls", "counted"] as const,
  histogram: (filter: CallFilter, bars: number) => ["calls", "counted", "over-time", filter, bars] as const,
  latency: (filter: CallFilter) => ["calls", "counted", "latency", filter] as const,
  newestAll: () => ["calls", "newest"] as const,
  newest: (filter: CallFilter, limit: number) => ["calls", "newest", filter, limit] as const,
  each: () => ["calls", "one"] as const,
  one: (id: string) => ["calls", "one", id] as const,
  rendered: (id: string) => ["calls", "rendered", id] as const,
  body: (id: string, side: string) => ["calls", "body", id, side] as const,
};

const PAGE = 60;
const INDEXED_MS = 3_000;

export const listCalls = (filter: CallFilter, after: string | null, limit: number, signal?: AbortSignal): Promise<CallPage> =>
  data<CallPage>(api.GET("/api/v1/calls", { params: { query: { ...filter, limit, ...(after ? { after } : {}) } }, signal }));

/** The explorer's list. It never refreshes by itself: new calls wait behind a pill, so rows stay where they are. */
export const callListQuery = (filter: CallFilter) =>
  infiniteQueryOptions({
    queryKey: callKeys.list(filter),
    queryFn: ({ pageParam, signal }) => listCalls(filter, pageParam, PAGE, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    staleTime: Infinity,
    refetchOnWindowFocus: false,
  });

/** Traffic of no task: unlike the explorer it refreshes by itself, for its reader waits for what an agent does next. */
export const unclaimedQuery = () =>
  infiniteQueryOptions({
    queryKey: callKeys.unclaimed(),
    queryFn: ({ pageParam, signal }) =>
      data<UnclaimedPage>(api.GET("/api/v1/conversations/unclaimed", { params: { query: { limit: PAGE, ...(pageParam ? { after: pageParam } : {}) } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

/** What of unclaimed traffic is meant: a conversation, or what an agent asked outside any, or calls one by one. */
export type Chosen = { conversation_id: string } | { agent_id: string } | { call_ids: string[] };
export type Moved = Pick<Adopted, "task" | "calls" | "cost_nano" | "unpriced_calls">;

async function inSteps(step: () => Promise<Adopted>): Promise<Moved> {
  let done = await step();
  const sums = { task: done.task, calls: done.calls, cost_nano: done.cost_nano, unpriced_calls: done.unpriced_calls };
  while (done.more) {
    done = await step();
    sums.task = done.task;
    sums.calls += done.calls;
    sums.cost_nano += done.cost_nano;
    sums.unpriced_calls += done.unpriced_calls;
  }
  return sums;
}

/** Counts calls of no task as work on one, however many there are. */
export const adoptCalls = (taskId: string, chosen: Chosen): Promise<Moved> =>
  inSteps(() => data<Adopted>(api.POST("/api/v1/tasks/{task_id}/adopt", { params: { path: { task_id: taskId } }, body: chosen })));

export const giveBackCalls = (taskId: string, chosen: Chosen): Promise<Moved> =>
  inSteps(() => data<Adopted>(api.POST("/api/v1/tasks/{task_id}/give-back", { params: { path: { task_id: taskId } }, body: chosen })));

export const newestCallsQuery = (filter: CallFilter, limit: number) =>
  queryOptions({
    queryKey: callKeys.newest(filter, limit),
    queryFn: ({ signal }) => listCalls(filter, null, limit, signal),
    // Calls are indexed a moment after they are told of.
    refetchInterval: filter.q ? INDEXED_MS : false,
  });

/** How many calls there were, when, and what came of them. */
export const histogramQuery = (filter: CallFilter, bars: number) =>
  queryOptions({
    queryKey: callKeys.histogram(filter, bars),
    queryFn: ({ signal }) => data<CallHistogram>(api.GET("/api/v1/calls/histogram", { params: { query: { ...filter, bars } }, signal })),
    placeholderData: keepPreviousData,
  });

/** How long they took. */
export const latencyQuery = (filter: CallFilter) =>
  queryOptions({
    queryKey: callKeys.latency(filter),
    queryFn: ({ signal }) => data<CallLatency>(api.GET("/api/v1/calls/latency", { params: { query: filter }, signal })),
    placeholderData: keepPreviousData,
  });

export type ValueField = operations["list_call_values"]["parameters"]["query"]["field"];

/** Which values a field has among calls, the most frequent first. */
export const valuesQuery = (field: ValueField, filter: CallFilter) =>
  queryOptions({
    queryKey: ["calls", "values", field, filter] as const,
    queryFn: ({ signal }) => data<CallValues>(api.GET("/api/v1/calls/values", { params: { query: { ...filter, field } }, signal })),
    staleTime: 30_000,
  });

export type LatencyBy = "provider" | "model" | "target";

/** How long answers took, by who gave them, since an instant. */
export const latenciesQuery = (by: LatencyBy, from: string) =>
  queryOptions({
    queryKey: ["calls", "counted", "by", by, from] as const,
    queryFn: ({ signal }) => data<Latencies>(api.GET("/api/v1/latencies", { params: { query: { by, from } }, signal })),
    placeholderData: keepPreviousData,
  });

/** Where the server streams the calls of a filter as a file. */
export const exportPath = (filter: CallFilter, format: "csv" | "jsonl"): string =>
  `/api/v1/calls/export?${new URLSearchParams({ ...Object.fromEntries(Object.entries(filter).map(([name, value]) => [name, String(value)])), format }).toString()}`;

const MOST_OF_A_RUN = 2_000;

/** Every call of a run, first to last. */
export const runCallsQuery = (runId: string) =>
  queryOptions({
    queryKey: [...callKeys.newestAll(), "run", runId] as const,
    queryFn: async ({ signal }) => {
      const found: Call[] = [];
      let after: string | null = null;
      do {
        const page: CallPage = await listCalls({ run_id: runId }, after, 200, signal);
        found.push(...page.items);
        after = page.next;
      } while (after !== null && found.length < MOST_OF_A_RUN);
      return { calls: found.reverse(), cut: after !== null };
    },
  });

export const callQuery = (id: string) =>
  queryOptions({
    queryKey: callKeys.one(id),
    // The client forgets that header pairs are pairs.
    queryFn: ({ signal }) => data(api.GET("/api/v1/calls/{call_id}", { params: { path: { call_id: id } }, signal })) as Promise<CallDetail>,
    staleTime: Infinity,
  });

export const renderedQuery = (id: string) =>
  queryOptions({
    queryKey: callKeys.rendered(id),
    queryFn: ({ signal }) => data(api.GET("/api/v1/calls/{call_id}/rendered", { params: { path: { call_id: id } }, signal })) as Promise<Rendered>,
    staleTime: Infinity,
  });

export type Side = "request" | "response";

export const bodyPath = (id: string, side: Side): string => `/api/v1/calls/${encodeURIComponent(id)}/${side}`;

export const bodyQuery = (id: string, side: Side) =>
  queryOptions({
    queryKey: callKeys.body(id, side),
    queryFn: ({ signal }) => fetchBytes(bodyPath(id, side), signal),
    staleTime: Infinity,
  });
