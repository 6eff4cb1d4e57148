import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { NewShare, Report, Share, Shared } from "@/api/types";

/** What a link leads to. */
export type Shareable = { task_id: string } | { costs: Report };

export const shareKeys = { all: ["shares"] as const, of: (what: Shareable) => ["shares", "task_id" in what ? what.task_id : "costs"] as const };

export const sharesQuery = (what: Shareable) =>
  queryOptions({
    queryKey: shareKeys.of(what),
    queryFn: ({ signal }) => data<{ items: Share[] }>(api.GET("/api/v1/shares", { params: { query: "task_id" in what ? { task_id: what.task_id } : {} }, signal })),
  });

export const createShare = (what: Shareable, days: number): Promise<NewShare> => data<NewShare>(api.POST("/api/v1/shares", { body: { ...what, days } }));

export const revokeShare = (id: string): Promise<unknown> => data(api.DELETE("/api/v1/shares/{share_id}", { params: { path: { share_id: id } } }));

export const sharedQuery = (token: string) =>
  queryOptions({
    queryKey: ["shared", token] as const,
    queryFn: ({ signal }) => data<Shared>(api.POST("/api/v1/shared", { body: { token }, signal })),
    retry: false,
  });
