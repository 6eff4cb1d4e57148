import { QueryClient } from "@tanstack/react-query";

import { Problem } from "@/api/problem";

/** Freshness comes from the event stream, not from polling; a stale answer is asked again only when an event says so. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        gcTime: 5 * 60_000,
        refetchOnWindowFocus: true,
        retry: (count, error) => count < 2 && !(error instanceof Problem && error.status >= 400 && error.status < 500),
      },
      mutations: { retry: false },
    },
  });
}
