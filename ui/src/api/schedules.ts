import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Page, Schedule, ScheduleDraft, ScheduleMade } from "@/api/types";

export const scheduleKeys = { all: ["schedules"] as const, list: () => ["schedules", "list"] as const };

export const schedulesQuery = queryOptions({
  queryKey: scheduleKeys.list(),
  queryFn: ({ signal }) => data<Page<Schedule>>(api.GET("/api/v1/schedules", { signal })),
});

export const createSchedule = (body: ScheduleDraft): Promise<ScheduleMade> => data<ScheduleMade>(api.POST("/api/v1/schedules", { body }));

const path = (id: string) => ({ params: { path: { schedule_id: id } } });

export const pauseSchedule = (id: string): Promise<unknown> => data(api.POST("/api/v1/schedules/{schedule_id}/pause", path(id)));
export const resumeSchedule = (id: string): Promise<unknown> => data(api.POST("/api/v1/schedules/{schedule_id}/resume", path(id)));
export const fireSchedule = (id: string): Promise<unknown> => data(api.POST("/api/v1/schedules/{schedule_id}/fire", { ...path(id), body: {} }));
export const deleteSchedule = (id: string): Promise<unknown> => data(api.DELETE("/api/v1/schedules/{schedule_id}", path(id)));
