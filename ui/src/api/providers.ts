import { queryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { CheckedProvider, Page, Provider, ProviderChange, ProviderDraft, ProviderKind } from "@/api/types";

export const providerKeys = { all: ["providers"] as const, list: () => ["providers", "list"] as const, kinds: () => ["providers", "kinds"] as const };
/** Apart from the others: a provider is not asked again because another one changed. */
const checkedKey = ({ name, version }: Versioned) => ["provider-checked", name, version] as const;

export const providersQuery = queryOptions({
  queryKey: providerKeys.list(),
  queryFn: ({ signal }) => data<Page<Provider>>(api.GET("/api/v1/providers", { signal })),
});

export const providerKindsQuery = queryOptions({
  queryKey: providerKeys.kinds(),
  queryFn: ({ signal }) => data<Page<ProviderKind>>(api.GET("/api/v1/providers/kinds", { signal })),
  staleTime: Infinity,
});

export const createProvider = (body: ProviderDraft): Promise<Provider> => data<Provider>(api.POST("/api/v1/providers", { body }));

type Versioned = Pick<Provider, "name" | "version">;

export const changeProvider = ({ name, version }: Versioned, body: ProviderChange): Promise<Provider> =>
  data<Provider>(api.PATCH("/api/v1/providers/{name}", { params: { path: { name }, header: { "if-match": `"${version}"` } }, body }));

/** One question to the provider itself, for the list of its models. */
export const checkProvider = (name: string): Promise<CheckedProvider> => data<CheckedProvider>(api.POST("/api/v1/providers/{name}/check", { params: { path: { name } } }));

/** What came of that question for a provider as it stands; asked once and kept, for it goes out to the provider. */
export const checkedQuery = ({ name, version }: Versioned) =>
  queryOptions({ queryKey: checkedKey({ name, version }), queryFn: () => checkProvider(name), staleTime: Infinity, retry: false });

export const deleteProvider = ({ name, version }: Versioned): Promise<unknown> =>
  data(api.DELETE("/api/v1/providers/{name}", { params: { path: { name }, header: { "if-match": `"${version}"` } } }));
