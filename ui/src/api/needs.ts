import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { BudgetSettled, Need } from "@/api/types";

export const needKeys = { all: ["needs"] as const, list: (snoozed: boolean) => ["needs", "list", snoozed] as const };

/** All that waits for whoever is signed in, longest waiting first. */
export const needsQuery = (snoozed = false) =>
  queryOptions({
    queryKey: needKeys.list(snoozed),
    queryFn: async ({ signal }) => (await data<{ items: Need[] }>(api.GET("/api/v1/needs", { params: { query: { snoozed } }, signal }))).items,
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
