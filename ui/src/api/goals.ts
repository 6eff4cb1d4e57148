import { api, data } from "@/api/client";
import { inPages } from "@/api/pages";
import type { Goal, GoalChange, GoalDraft, Page } from "@/api/types";

export const goalKeys = { all: ["goals"] as const, list: () => ["goals", "list"] as const };

/** Goals by name with how each stands, a page at a time. */
export const goalsQuery = inPages<Goal>(goalKeys.list(), (query, signal) => data<Page<Goal>>(api.GET("/api/v1/goals", { params: { query }, signal })));

export const createGoal = (body: GoalDraft): Promise<Goal> => data<Goal>(api.POST("/api/v1/goals", { body }));

export const changeGoal = ({ id, version }: Pick<Goal, "id" | "version">, body: GoalChange): Promise<Goal> =>
  data<Goal>(api.PATCH("/api/v1/goals/{goal_id}", { params: { path: { goal_id: id }, header: { "if-match": `"${version}"` } }, body }));

export const deleteGoal = ({ id, version }: Pick<Goal, "id" | "version">): Promise<unknown> =>
  data(api.DELETE("/api/v1/goals/{goal_id}", { params: { path: { goal_id: id }, header: { "if-match": `"${version}"` } } }));
