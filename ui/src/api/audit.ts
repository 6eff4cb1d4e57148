import { infiniteQueryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { AuditEntry, Page } from "@/api/types";

export const auditKeys = { all: ["audit"] as const, list: (family: string) => ["audit", "list", family] as const };

const SIZE = 50;

/** Entries of a family of kinds, such as `task`; an empty one means all. */
export const auditQuery = (family: string) =>
  infiniteQueryOptions({
    queryKey: auditKeys.list(family),
    queryFn: ({ signal, pageParam }) =>
      data<Page<AuditEntry>>(
        api.GET("/api/v1/audit", {
          signal,
          params: { query: { limit: SIZE, ...(family ? { kind: `${family}.*` } : {}), ...(pageParam === null ? {} : { after: Number(pageParam) }) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
