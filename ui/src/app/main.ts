import "@/styles/app.css";

import { createQueryClient } from "@/api/query-client";
import { askAhead } from "@/app/ahead";
import { liveFor } from "@/app/live-for";

// Small, and there long before the code that draws: what the page shows is on its way meanwhile.
const client = createQueryClient();
const live = liveFor(client);
void askAhead(client, live, window.location);
void import("@/app/start").then(({ start }) => start(client, live));
