import type { TaskFilter } from "@/api/tasks";
import type { Priority } from "@/api/types";
import type { OpenSearch, Raw } from "@/lib/search";
import { midnightUtc, oneOf, openSearch, text } from "@/lib/search";

export type BoardView = "board" | "list" | "table";
export const SHOWS = ["mine", "blocked", "held", "overdue", "done_today"] as const;
export type BoardShow = (typeof SHOWS)[number];
export const LANES = ["agent", "project", "goal"] as const;
export type Lanes = (typeof LANES)[number];

export type BoardSearch = OpenSearch & {
  agent?: string | undefined;
  squad?: string | undefined;
  project?: string | undefined;
  goal?: string | undefined;
  priority?: Priority | undefined;
  label?: string | undefined;
  show?: BoardShow | undefined;
  q?: string | undefined;
  view?: BoardView | undefined;
  lanes?: Lanes | undefined;
};

export const boardSearch = (raw: Raw): BoardSearch => ({
  ...openSearch(raw),
  agent: text(raw.agent),
  squad: text(raw.squad),
  project: text(raw.project),
  goal: text(raw.goal),
  priority: oneOf(raw.priority, ["urgent", "high", "normal", "low"] as const),
  label: text(raw.label),
  show: oneOf(raw.show, SHOWS),
  q: text(raw.q),
  view: oneOf(raw.view, ["board", "list", "table"] as const),
  lanes: oneOf(raw.lanes, LANES),
});

/** What the server is asked for. `me` is who looks, for "mine". */
export const boardFilter = (search: BoardSearch, me?: string, midnight = midnightUtc(Date.now())): TaskFilter => ({
  ...(search.agent ? { agent_id: search.agent } : {}),
  ...(search.squad ? { squad_id: search.squad } : {}),
  ...(search.project ? { project_id: search.project } : {}),
  ...(search.goal ? { goal_id: search.goal } : {}),
  ...(search.priority ? { priority: search.priority } : {}),
  ...(search.label ? { label: search.label } : {}),
  ...(search.show === "mine" && me ? { accountable_id: me } : {}),
  ...(search.show === "blocked" ? { blocked: true } : {}),
  ...(search.show === "held" ? { held: true } : {}),
  ...(search.show === "overdue" ? { overdue: true } : {}),
  ...(search.show === "done_today" ? { done_since: midnight } : {}),
  ...(search.q ? { q: search.q } : {}),
});
