import type { QueryKey } from "@tanstack/react-query";
import { infiniteQueryOptions } from "@tanstack/react-query";

import type { Page } from "@/api/types";

/** So many come at once; the next are asked for as the reader nears their end. */
const AT_ONCE = 200;

type Ask = { limit: number; after?: string };

/** A list that comes a page at a time, from where the one before ended. */
export const inPages = <T>(queryKey: QueryKey, load: (query: Ask, signal: AbortSignal) => Promise<Page<T>>) =>
  infiniteQueryOptions({
    queryKey,
    queryFn: ({ pageParam, signal }) => load({ limit: AT_ONCE, ...(pageParam ? { after: pageParam } : {}) }, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
  });
