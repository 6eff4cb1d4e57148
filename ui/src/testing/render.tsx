import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { render } from "@testing-library/react";
import type { ReactElement } from "react";

import { Toasts } from "@/components/toast";

/** Renders a part of a page with what every page has: queries, a router whose other addresses show nothing, toasts. */
export function renderPart(part: ReactElement, client = new QueryClient({ defaultOptions: { queries: { retry: false } } })) {
  const root = createRootRoute();
  const here = createRoute({
    getParentRoute: () => root,
    path: "/",
    component: () => (
      <>
        {part}
        <Toasts />
      </>
    ),
  });
  const elsewhere = createRoute({ getParentRoute: () => root, path: "$" });
  const router = createRouter({ routeTree: root.addChildren([here, elsewhere]), history: createMemoryHistory() });
  return {
    client,
    ...render(
      <QueryClientProvider client={client}>
        <RouterProvider router={router as never} />
      </QueryClientProvider>,
    ),
  };
}
