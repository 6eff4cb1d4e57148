import { queryOptions } from "@tanstack/react-query";

import { api, data, fetchBytes } from "@/api/client";
import type { Deliverable, Diff, VersionWithText } from "@/api/types";

export const deliverableKeys = {
  all: ["deliverables"] as const,
  of: (taskId: string) => ["deliverables", "of", taskId] as const,
  version: (id: string, number: number) => ["deliverables", "version", id, number] as const,
  content: (id: string, number: number) => ["deliverables", "content", id, number] as const,
  diff: (id: string, from: number, to: number) => ["deliverables", "diff", id, from, to] as const,
};

export const deliverablesQuery = (taskId: string) =>
  queryOptions({
    queryKey: deliverableKeys.of(taskId),
    queryFn: async ({ signal }) =>
      (await data<{ items: Deliverable[] }>(api.GET("/api/v1/tasks/{task_id}/deliverables", { params: { path: { task_id: taskId } }, signal }))).items,
  });

/** A version never changes; only what it cost may still grow, and lists show that. */
export const versionQuery = (id: string, number: number) =>
  queryOptions({
    queryKey: deliverableKeys.version(id, number),
    queryFn: ({ signal }) =>
      data<VersionWithText>(api.GET("/api/v1/deliverables/{deliverable_id}/versions/{number}", { params: { path: { deliverable_id: id, number } }, signal })),
    staleTime: Infinity,
  });

export const contentPath = (id: string, number: number): string => `/api/v1/deliverables/${encodeURIComponent(id)}/versions/${number}/content`;

export const contentQuery = (id: string, number: number) =>
  queryOptions({
    queryKey: deliverableKeys.content(id, number),
    queryFn: ({ signal }) => fetchBytes(contentPath(id, number), signal),
    staleTime: Infinity,
    gcTime: 60_000,
  });

export const diffQuery = (id: string, from: number, to: number) =>
  queryOptions({
    queryKey: deliverableKeys.diff(id, from, to),
    queryFn: ({ signal }) =>
      data<Diff>(api.GET("/api/v1/deliverables/{deliverable_id}/diff", { params: { path: { deliverable_id: id }, query: { from, to } }, signal })),
    staleTime: Infinity,
  });
