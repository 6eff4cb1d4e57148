import type { CallFilter } from "@/api/calls";
import type { FieldValues } from "@/features/calls/fields";
import { fieldFilter, fieldValues } from "@/features/calls/fields";
import type { Raw, Window } from "@/lib/search";
import { flag, oneOf, text, WINDOW_MS, WINDOWS } from "@/lib/search";

export type CallsSearch = FieldValues & {
  q?: string | undefined;
  unclaimed?: true | undefined;
  since?: Window | undefined;
  /** Two instants, in place of `since`. */
  from?: string | undefined;
  to?: string | undefined;
};

const instant = (value: unknown): string | undefined => (typeof value === "string" && !Number.isNaN(Date.parse(value)) ? new Date(value).toISOString() : undefined);

export const callsSearch = (raw: Raw): CallsSearch => ({
  ...fieldValues(raw),
  q: text(raw.q)?.slice(0, 500),
  unclaimed: flag(raw.unclaimed),
  since: oneOf(raw.since, WINDOWS),
  from: instant(raw.from),
  to: instant(raw.to),
});

/** The server's filter for what the address says; `now` in milliseconds turns "the last hour" into an instant. */
export function callFilter(search: CallsSearch, now: number): CallFilter {
  const filter = {
    ...fieldFilter(search),
    q: search.q,
    unclaimed: search.unclaimed,
    from: search.since ? new Date(now - WINDOW_MS[search.since]).toISOString() : search.from,
    to: search.since ? undefined : search.to,
  };
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined && value !== ""));
}

export const CALL_TABS = ["conversation", "request", "response", "headers"] as const;
export type CallTab = (typeof CALL_TABS)[number];
export type CallPageSearch = { tab?: CallTab | undefined };
export const callPageSearch = (raw: Raw): CallPageSearch => ({ tab: oneOf(raw.tab, CALL_TABS) });
