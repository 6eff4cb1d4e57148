import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Need } from "@/api/types";

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
