import { infiniteQueryOptions } from "@tanstack/react-query";

import { api, data } from "@/api/client";
import type { AuditEntry, Page } from "@/api/types";

export const auditKeys = { all: ["audit"] as const, list: (kind: string) => ["audit", "list", kind] as const };

const SIZE = 50;

export const auditQuery = (kind: string) =>
  infiniteQueryOptions({
    queryKey: auditKeys.list(kind),
    queryFn: ({ signal, pageParam }) =>
      data<Page<AuditEntry>>(
        api.GET("/api/v1/audit", {
          signal,
          params: { query: { limit: SIZE, ...(kind ? { kind } : {}), ...(pageParam === null ? {} : { after: Number(pageParam) }) } },
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
