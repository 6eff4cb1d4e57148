import { infiniteQueryOptions, queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { DryRun, DryRunAsk, Page, ProviderHealth, Route, RouteVersion } from "@/api/types";

export const routeKeys = {
  all: ["routes"] as const,
  list: () => ["routes", "list"] as const,
  one: (name: string) => ["routes", "one", name] as const,
  versions: (name: string) => ["routes", "versions", name] as const,
  draft: (ask: DryRunAsk) => ["routes", "draft", ask] as const,
  health: () => ["routes", "health"] as const,
};

export const routesQuery = queryOptions({
  queryKey: routeKeys.list(),
  queryFn: ({ signal }) => data<Page<Route>>(api.GET("/api/v1/routes", { params: { query: { limit: 200 } }, signal })),
});

/** Health is watched by the gateway and changes without an event of ours, so it is asked for while somebody looks. */
export const healthQuery = queryOptions({
  queryKey: routeKeys.health(),
  queryFn: ({ signal }) => data<{ items: ProviderHealth[] }>(api.GET("/api/v1/providers/health", { signal })),
  refetchInterval: 3_000,
});

export const createRoute = (name: string, config: Record<string, unknown>, note: string): Promise<Route> =>
  data<Route>(api.POST("/api/v1/routes", { body: { name, config, note } }));

export const saveRoute = ({ name, version }: Pick<Route, "name" | "version">, config: Record<string, unknown>, note: string): Promise<Route> =>
  data<Route>(api.PUT("/api/v1/routes/{name}", { params: { path: { name }, header: { "if-match": `"${version}"` } }, body: { config, note } }));

export const deleteRoute = ({ name, version }: Pick<Route, "name" | "version">): Promise<unknown> =>
  data(api.DELETE("/api/v1/routes/{name}", { params: { path: { name }, header: { "if-match": `"${version}"` } } }));

export const dryRun = (body: DryRunAsk): Promise<DryRun> => data<DryRun>(api.POST("/api/v1/routes/dry-run", { body }));

export const routeQuery = (name: string) =>
  queryOptions({ queryKey: routeKeys.one(name), queryFn: ({ signal }) => data<Route>(api.GET("/api/v1/routes/{name}", { params: { path: { name } }, signal })) });

export const routeVersionsQuery = (name: string) =>
  infiniteQueryOptions({
    queryKey: routeKeys.versions(name),
    queryFn: ({ pageParam, signal }) =>
      data<Page<RouteVersion>>(api.GET("/api/v1/routes/{name}/versions", { params: { path: { name }, query: { limit: 30, ...(pageParam ? { after: pageParam } : {}) } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });

export const rollBackRoute = ({ name, version }: Pick<Route, "name" | "version">, to: number): Promise<Route> =>
  data<Route>(api.POST("/api/v1/routes/{name}/roll-back", { params: { path: { name }, header: { "if-match": `"${version}"` } }, body: { to } }));

/** Where a call would go by a config that is not saved; a refusal says what is wrong with it and where. */
export const draftQuery = (ask: DryRunAsk) =>
  queryOptions({
    queryKey: routeKeys.draft(ask),
    queryFn: ({ signal }) => data<DryRun>(api.POST("/api/v1/routes/dry-run", { body: ask, signal })),
    retry: false,
    staleTime: 5_000,
    gcTime: 10_000,
  });
