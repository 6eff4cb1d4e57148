import "@/styles/app.css";

import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { createQueryClient } from "@/api/query-client";
import { createAppRouter } from "@/app/router";
import { liveFor } from "@/app/shell/live-context";
import { followKeyboard } from "@/lib/keyboard-inset";

followKeyboard();

const client = createQueryClient();
const router = createAppRouter(client, liveFor(client));
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");

createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </StrictMode>,
);
