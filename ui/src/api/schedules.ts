import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Firing, FiringPreviewAsk, Page, Schedule, ScheduleChange, ScheduleDraft, ScheduleMade } from "@/api/types";

export const scheduleKeys = {
  all: ["schedules"] as const,
  list: () => ["schedules", "list"] as const,
  firings: (id: string) => ["schedules", "firings", id] as const,
  preview: (ask: FiringPreviewAsk) => ["schedules", "preview", ask] as const,
};

export const schedulesQuery = queryOptions({
  queryKey: scheduleKeys.list(),
  queryFn: ({ signal }) => data<Page<Schedule>>(api.GET("/api/v1/schedules", { params: { query: { limit: 200 } }, signal })),
});

export const createSchedule = (body: ScheduleDraft): Promise<ScheduleMade> => data<ScheduleMade>(api.POST("/api/v1/schedules", { body }));

export const changeSchedule = ({ id, version }: Pick<Schedule, "id" | "version">, body: ScheduleChange): Promise<Schedule> =>
  data<Schedule>(api.PATCH("/api/v1/schedules/{schedule_id}", { params: { path: { schedule_id: id }, header: { "if-match": `"${version}"` } }, body }));

/** When such a schedule would fire next; a refusal says what is wrong with it. */
export const previewQuery = (ask: FiringPreviewAsk) =>
  queryOptions({
    queryKey: scheduleKeys.preview(ask),
    queryFn: ({ signal }) => data<{ cron_words: string | null; next_firings: string[] }>(api.POST("/api/v1/schedules/preview", { body: ask, signal })),
    retry: false,
    gcTime: 10_000,
    placeholderData: keepPreviousData,
  });

/** What came of a schedule's firings, latest first. */
export const firingsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: scheduleKeys.firings(id),
    queryFn: ({ pageParam, signal }) =>
      data<Page<Firing>>(api.GET("/api/v1/schedules/{schedule_id}/firings", { params: { path: { schedule_id: id }, query: { limit: 20, ...(pageParam ? { after: pageParam } : {}) } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

const path = (id: string) => ({ params: { path: { schedule_id: id } } });

export const pauseSchedule = (id: string): Promise<unknown> => data(api.POST("/api/v1/schedules/{schedule_id}/pause", path(id)));
export const resumeSchedule = (id: string): Promise<unknown> => data(api.POST("/api/v1/schedules/{schedule_id}/resume", path(id)));
export const fireSchedule = (id: string): Promise<unknown> => data(api.POST("/api/v1/schedules/{schedule_id}/fire", { ...path(id), body: {} }));
export const deleteSchedule = (id: string): Promise<unknown> => data(api.DELETE("/api/v1/schedules/{schedule_id}", path(id)));

/** A new secret for a webhook, shown this once; the one before is worth nothing from then on. */
export const rotateSecret = (id: string): Promise<{ secret: string }> => data<{ secret: string }>(api.POST("/api/v1/schedules/{schedule_id}/secret", path(id)));
