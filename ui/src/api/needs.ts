import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { BudgetSettled, Need, Needs } from "@/api/types";

export const needKeys = { all: ["needs"] as const, list: () => ["needs", "list"] as const, reviews: () => ["needs", "reviews"] as const };

/** So many cards are shown at first, and so many more each time somebody asks for more. */
const FIRST = 8;
export const MORE = 50;

/** What waits for whoever is signed in, longest waiting first: as much of it as was asked for, and how much there is. */
export const needsQuery = infiniteQueryOptions({
  queryKey: needKeys.list(),
  queryFn: ({ pageParam, signal }) =>
    data<Needs>(api.GET("/api/v1/needs", { params: { query: pageParam ? { after: pageParam, limit: MORE } : { limit: FIRST } }, signal })),
  initialPageParam: null as string | null,
  getNextPageParam: (page) => page.next,
});

/** How much waits in all. Pure. */
export const waiting = ({ counts }: Needs): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

/** The reviews that wait for whoever is signed in, as many as a person can look through. */
export const reviewNeedsQuery = queryOptions({
  queryKey: needKeys.reviews(),
  queryFn: async ({ signal }) => (await data<{ items: Need[] }>(api.GET("/api/v1/needs", { params: { query: { kind: "review", limit: 200 } }, signal }))).items,
});

export const snoozeNeed = (key: string, until: string): Promise<unknown> =>
  data(api.POST("/api/v1/needs/{key}/snooze", { params: { path: { key } }, body: { until } }));

export const delegateNeed = (key: string, memberId: string): Promise<unknown> =>
  data(api.POST("/api/v1/needs/{key}/delegate", { params: { path: { key } }, body: { member_id: memberId } }));

export const seeMentions = (upto: number): Promise<unknown> => data(api.POST("/api/v1/needs/seen", { body: { upto } }));

/** Somebody has seen to what an event made wait. */
export const dismissNeed = (key: string): Promise<unknown> => data(api.POST("/api/v1/needs/{key}/dismiss", { params: { path: { key } } }));

export type BudgetAct = BudgetSettled["act"];

/** Sees to a budget that stopped; when this answers, the gateways act on it. */
export const settleBudget = (key: string, act: BudgetAct, amountNano?: number): Promise<BudgetSettled> =>
  data<BudgetSettled>(api.POST("/api/v1/needs/{key}/budget", { params: { path: { key } }, body: { act, ...(amountNano === undefined ? {} : { amount_nano: amountNano }) } }));
