import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import { taskKeys } from "@/api/tasks";
import type { Graph, Task } from "@/api/types";

/** What a task waits for and who waits for it. It changes when tasks do, so it is kept among them. */
export const graphQuery = (taskId: string) =>
  queryOptions({
    queryKey: [...taskKeys.all, "graph", taskId] as const,
    queryFn: ({ signal }) => data<Graph>(api.GET("/api/v1/tasks/{task_id}/graph", { params: { path: { task_id: taskId } }, signal })),
  });

export const addDependency = (taskId: string, waitsFor: string): Promise<Task> =>
  data<Task>(api.POST("/api/v1/tasks/{task_id}/dependencies", { params: { path: { task_id: taskId } }, body: { waits_for: waitsFor } }));

export const removeDependency = (taskId: string, waitsForId: string): Promise<Task> =>
  data<Task>(api.DELETE("/api/v1/tasks/{task_id}/dependencies/{waits_for_id}", { params: { path: { task_id: taskId, waits_for_id: waitsForId } } }));
