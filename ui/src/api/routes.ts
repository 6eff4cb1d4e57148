import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { DryRun, DryRunAsk, Page, ProviderHealth, Route } from "@/api/types";

export const routeKeys = { all: ["routes"] as const, list: () => ["routes", "list"] as const, health: () => ["routes", "health"] as const };

export const routesQuery = queryOptions({
  queryKey: routeKeys.list(),
  queryFn: ({ signal }) => data<Page<Route>>(api.GET("/api/v1/routes", { signal })),
});

/** Health is watched by the gateway and changes without an event of ours, so it is asked for while somebody looks. */
export const healthQuery = queryOptions({
  queryKey: routeKeys.health(),
  queryFn: ({ signal }) => data<{ items: ProviderHealth[] }>(api.GET("/api/v1/providers/health", { signal })),
  refetchInterval: 3_000,
});

export const createRoute = (name: string, config: Record<string, unknown>): Promise<Route> =>
  data<Route>(api.POST("/api/v1/routes", { body: { name, config, note: "" } }));

export const saveRoute = ({ name, version }: Pick<Route, "name" | "version">, config: Record<string, unknown>): Promise<Route> =>
  data<Route>(api.PUT("/api/v1/routes/{name}", { params: { path: { name }, header: { "if-match": `"${version}"` } }, body: { config, note: "" } }));

export const deleteRoute = ({ name, version }: Pick<Route, "name" | "version">): Promise<unknown> =>
  data(api.DELETE("/api/v1/routes/{name}", { params: { path: { name }, header: { "if-match": `"${version}"` } } }));

export const dryRun = (body: DryRunAsk): Promise<DryRun> => data<DryRun>(api.POST("/api/v1/routes/dry-run", { body }));
