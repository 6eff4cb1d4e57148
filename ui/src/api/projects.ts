import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import { inPages } from "@/api/pages";
import type { Page, Project, ProjectChange, ProjectDraft } from "@/api/types";

export const projectKeys = { all: ["projects"] as const, list: () => ["projects", "list"] as const, one: (id: string) => ["projects", "one", id] as const };

/** Projects by name with how their tasks stand, a page at a time. */
export const projectsQuery = inPages<Project>(projectKeys.list(), (query, signal) => data<Page<Project>>(api.GET("/api/v1/projects", { params: { query }, signal })));

export const projectQuery = (id: string) =>
  queryOptions({
    queryKey: projectKeys.one(id),
    queryFn: ({ signal }) => data<Project>(api.GET("/api/v1/projects/{project_id}", { params: { path: { project_id: id } }, signal })),
  });

export const createProject = (body: ProjectDraft): Promise<Project> => data<Project>(api.POST("/api/v1/projects", { body }));

export const changeProject = ({ id, version }: Pick<Project, "id" | "version">, body: ProjectChange): Promise<Project> =>
  data<Project>(api.PATCH("/api/v1/projects/{project_id}", { params: { path: { project_id: id }, header: { "if-match": `"${version}"` } }, body }));

export const holdProject = (id: string, reason: string | null): Promise<Project> =>
  data<Project>(api.POST("/api/v1/projects/{project_id}/hold", { params: { path: { project_id: id } }, body: { reason } }));

export const releaseProject = (id: string): Promise<Project> => data<Project>(api.POST("/api/v1/projects/{project_id}/release", { params: { path: { project_id: id } } }));

/** Refused with 409 while it has tasks: archiving keeps their history. */
export const deleteProject = (id: string): Promise<unknown> => data(api.DELETE("/api/v1/projects/{project_id}", { params: { path: { project_id: id } } }));
