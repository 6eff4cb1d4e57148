import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { Budget, Limit, Page } from "@/api/types";

export const capKeys = { all: ["caps"] as const, budgets: ["caps", "budgets"] as const, limits: ["caps", "limits"] as const };

export const budgetsQuery = queryOptions({
  queryKey: capKeys.budgets,
  queryFn: ({ signal }) => data<Page<Budget>>(api.GET("/api/v1/budgets", { signal })),
});

export const limitsQuery = queryOptions({
  queryKey: capKeys.limits,
  queryFn: ({ signal }) => data<Page<Limit>>(api.GET("/api/v1/limits", { signal })),
});
