import "@/styles/app.css";

import { createQueryClient } from "@/api/query-client";
import { askAhead } from "@/app/ahead";
import { liveFor } from "@/app/live-for";
import { warmFormats } from "@/lib/format";

/** So long the first drawing waits for the asking: what is asked for takes longer than to draw what stands around it. */
const ASKING_MS = 150;

// Small, and there long before the code that draws: what the page shows is on its way meanwhile.
const client = createQueryClient();
const live = liveFor(client);
const asked = askAhead(client, live, window.location);
warmFormats();
void Promise.race([asked, new Promise((resolve) => setTimeout(resolve, ASKING_MS))])
  .then(() => import("@/app/start"))
  .then(({ start }) => start(client, live));
