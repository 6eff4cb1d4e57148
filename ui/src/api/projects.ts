import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Page, Project } from "@/api/types";

export const projectKeys = { all: ["projects"] as const };

export const projectsQuery = queryOptions({
  queryKey: projectKeys.all,
  queryFn: ({ signal }) => data<Page<Project>>(api.GET("/api/v1/projects", { params: { query: { limit: 200 } }, signal })),
});
