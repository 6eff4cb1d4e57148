import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { ReviewDraft, Reviewed, Reviews } from "@/api/types";

export const reviewKeys = { all: ["reviews"] as const, of: (taskId: string) => ["reviews", "of", taskId] as const };

export const reviewsQuery = (taskId: string) =>
  queryOptions({
    queryKey: reviewKeys.of(taskId),
    queryFn: ({ signal }) => data<Reviews>(api.GET("/api/v1/tasks/{task_id}/reviews", { params: { path: { task_id: taskId } }, signal })),
  });

export const giveReview = (taskId: string, body: ReviewDraft): Promise<Reviewed> =>
  data<Reviewed>(api.POST("/api/v1/tasks/{task_id}/reviews", { params: { path: { task_id: taskId } }, body }));
