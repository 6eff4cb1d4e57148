import type { CallFilter, Mark } from "@/api/calls";
import type { Outcome } from "@/api/types";
import type { Raw, Window } from "@/lib/search";
import { flag, oneOf, text, WINDOW_MS, WINDOWS } from "@/lib/search";

const OUTCOMES: readonly Outcome[] = ["ok", "error", "cut", "cancelled", "refused"];
const MARKS: readonly Mark[] = ["looped", "duplicate", "blocked"];

export type CallsSearch = {
  q?: string | undefined;
  agent?: string | undefined;
  task?: string | undefined;
  run?: string | undefined;
  conversation?: string | undefined;
  model?: string | undefined;
  provider?: string | undefined;
  outcome?: Outcome | undefined;
  unclaimed?: true | undefined;
  mark?: Mark | undefined;
  since?: Window | undefined;
  /** Two instants, in place of `since`. */
  from?: string | undefined;
  to?: string | undefined;
};

const instant = (value: unknown): string | undefined => (typeof value === "string" && !Number.isNaN(Date.parse(value)) ? new Date(value).toISOString() : undefined);

export const callsSearch = (raw: Raw): CallsSearch => ({
  q: text(raw.q)?.slice(0, 500),
  agent: text(raw.agent),
  task: text(raw.task),
  run: text(raw.run),
  conversation: text(raw.conversation),
  model: text(raw.model),
  provider: text(raw.provider),
  outcome: oneOf(raw.outcome, OUTCOMES),
  unclaimed: flag(raw.unclaimed),
  mark: oneOf(raw.mark, MARKS),
  since: oneOf(raw.since, WINDOWS),
  from: instant(raw.from),
  to: instant(raw.to),
});

/** The server's filter for what the address says; `now` in milliseconds turns "the last hour" into an instant. */
export function callFilter(search: CallsSearch, now: number): CallFilter {
  const filter: CallFilter = {
    q: search.q,
    agent_id: search.agent,
    task_id: search.task,
    run_id: search.run,
    conversation_id: search.conversation,
    model: search.model,
    provider: search.provider,
    outcome: search.outcome,
    unclaimed: search.unclaimed,
    mark: search.mark,
    from: search.since ? new Date(now - WINDOW_MS[search.since]).toISOString() : search.from,
    to: search.since ? undefined : search.to,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => Boolean(value)));
}

export const CALL_TABS = ["conversation", "request", "response", "headers"] as const;
export type CallTab = (typeof CALL_TABS)[number];
export type CallPageSearch = { tab?: CallTab | undefined };
export const callPageSearch = (raw: Raw): CallPageSearch => ({ tab: oneOf(raw.tab, CALL_TABS) });
