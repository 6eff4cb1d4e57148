import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Connect } from "@/api/types";

export const connectQuery = queryOptions({
  queryKey: ["connect"] as const,
  queryFn: ({ signal }) => data<Connect>(api.GET("/api/v1/connect", { signal })),
  staleTime: Infinity,
});
