import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Page, Task, TaskTemplate, TaskTemplateDraft } from "@/api/types";

export const templateKeys = { all: ["task-templates"] as const };

export const templatesQuery = queryOptions({
  queryKey: templateKeys.all,
  queryFn: ({ signal }) => data<Page<TaskTemplate>>(api.GET("/api/v1/task-templates", { params: { query: { limit: 200 } }, signal })),
});

export const createTemplate = (body: TaskTemplateDraft): Promise<TaskTemplate> => data<TaskTemplate>(api.POST("/api/v1/task-templates", { body }));

export const changeTemplate = ({ id, version }: Pick<TaskTemplate, "id" | "version">, body: TaskTemplateDraft): Promise<TaskTemplate> =>
  data<TaskTemplate>(api.PATCH("/api/v1/task-templates/{template_id}", { params: { path: { template_id: id }, header: { "if-match": `"${version}"` } }, body }));

/** Refused while a schedule makes tasks of it. */
export const deleteTemplate = (id: string): Promise<unknown> => data(api.DELETE("/api/v1/task-templates/{template_id}", { params: { path: { template_id: id } } }));

export const createTaskOf = (id: string, variables: Record<string, string>): Promise<Task> =>
  data<Task>(api.POST("/api/v1/task-templates/{template_id}/tasks", { params: { path: { template_id: id } }, body: { variables } }));
