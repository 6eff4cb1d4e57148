import type { QueryClient } from "@tanstack/react-query";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import type { LiveStream } from "@/api/live";
import { createAppRouter } from "@/app/router";
import { followKeyboard } from "@/lib/keyboard-inset";

/** Draws the page at the address that the browser shows. */
export function start(client: QueryClient, live: LiveStream): void {
  followKeyboard();
  const router = createAppRouter(client, live);
  const root = document.getElementById("root");
  if (!root) throw new Error("index.html has no #root");
  createRoot(root).render(
    <StrictMode>
      <QueryClientProvider client={client}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </StrictMode>,
  );
}
