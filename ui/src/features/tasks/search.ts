import type { TaskFilter } from "@/api/tasks";
import type { OpenSearch, Raw } from "@/lib/search";
import { oneOf, openSearch, text } from "@/lib/search";

export type BoardView = "board" | "list";
export type BoardSearch = OpenSearch & { agent?: string | undefined; q?: string | undefined; view?: BoardView | undefined };

export const boardSearch = (raw: Raw): BoardSearch => ({
  ...openSearch(raw),
  agent: text(raw.agent),
  q: text(raw.q),
  view: oneOf(raw.view, ["board", "list"] as const),
});

export const boardFilter = (search: BoardSearch): TaskFilter => ({
  ...(search.agent ? { agent_id: search.agent } : {}),
  ...(search.q ? { q: search.q } : {}),
});
