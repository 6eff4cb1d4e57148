import type { QueryClient } from "@tanstack/react-query";

import { agentNamesQuery } from "@/api/agents";
import type { LiveStream } from "@/api/live";
import { needsQuery } from "@/api/needs";
import { sessionQuery } from "@/api/session";
import { boardCountsQuery, boardQuery } from "@/api/tasks";
import { warm } from "@/api/warm";
import { warmCalls } from "@/features/calls/queries";
import { warmNow } from "@/features/now/queries";
import { warmTask } from "@/features/tasks/queries";

type Ahead = {
  at: RegExp;
  /** Its code; the router asks for the same when it comes to it. */
  code: () => Promise<unknown>;
  /** `part` is what the address names. */
  warm: (client: QueryClient, part: string) => void;
};

/** The pages that are opened most, at addresses without a search. */
const PAGES: Ahead[] = [
  { at: /^\/$/, code: () => import("@/app/pages/now-route"), warm: warmNow },
  { at: /^\/board$/, code: () => import("@/app/pages/board-route"), warm: (client) => warm(client.query(boardQuery({}))) },
  { at: /^\/calls$/, code: () => import("@/app/pages/calls-route"), warm: warmCalls },
  { at: /^\/tasks\/(\w+)$/, code: () => import("@/app/pages/task-route"), warm: warmTask },
];

/** For whoever is not signed in. */
const OUTSIDE = ["/signin", "/shared"];

/** Asks for what the page will show, and what stands around each page, before the code that draws it is there. */
export async function askAhead(client: QueryClient, live: LiveStream, { pathname, search }: Pick<Location, "pathname" | "search">): Promise<void> {
  if (OUTSIDE.includes(pathname)) return;
  live.start();
  const page = search === "" ? PAGES.find(({ at }) => at.test(pathname)) : undefined;
  if (page) warm(page.code());
  await live.ready();
  // Refused or slow: first of all it is asked who is there.
  if (live.state !== "live") return;
  warm(client.query(sessionQuery));
  page?.warm(client, page.at.exec(pathname)?.[1] ?? "");
  warm(client.infiniteQuery(needsQuery), client.query(boardCountsQuery), client.query(agentNamesQuery));
}
