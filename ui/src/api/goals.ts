import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Goal, GoalChange, GoalDraft, Page } from "@/api/types";

export const goalKeys = { all: ["goals"] as const };

export const goalsQuery = queryOptions({
  queryKey: goalKeys.all,
  queryFn: ({ signal }) => data<Page<Goal>>(api.GET("/api/v1/goals", { params: { query: { limit: 500 } }, signal })),
});

export const createGoal = (body: GoalDraft): Promise<Goal> => data<Goal>(api.POST("/api/v1/goals", { body }));

export const changeGoal = ({ id, version }: Pick<Goal, "id" | "version">, body: GoalChange): Promise<Goal> =>
  data<Goal>(api.PATCH("/api/v1/goals/{goal_id}", { params: { path: { goal_id: id }, header: { "if-match": `"${version}"` } }, body }));

export const deleteGoal = ({ id, version }: Pick<Goal, "id" | "version">): Promise<unknown> =>
  data(api.DELETE("/api/v1/goals/{goal_id}", { params: { path: { goal_id: id }, header: { "if-match": `"${version}"` } } }));
