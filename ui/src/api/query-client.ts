import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";

import { Problem } from "@/api/problem";

/** Freshness comes from the event stream, not from polling; a stale answer is asked again only when an event says so. */
export function createQueryClient(): QueryClient {
  const whenSignedOut = (error: unknown): void => {
    // Before the first session there is nobody to sign out: the router leads to the door itself.
    if (error instanceof Problem && error.code === "unauthenticated" && client.getQueryData(["session"]) !== undefined) goToTheDoor();
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: whenSignedOut }),
    mutationCache: new MutationCache({ onError: whenSignedOut }),
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
  return client;
}

/** The session has ended elsewhere: sign in, and come back here. */
function goToTheDoor(): void {
  const { pathname, search } = window.location;
  if (pathname !== "/signin") window.location.assign(`/signin?next=${encodeURIComponent(pathname + search)}`);
}
