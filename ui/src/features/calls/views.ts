import type { CallsSearch } from "@/features/calls/search";
import { callsSearch } from "@/features/calls/search";
import type { Raw } from "@/lib/search";
import { remember, remembered } from "@/lib/storage";

/** Filters under a name, kept in this browser. */
export type View = { name: string; search: CallsSearch };

const KEPT_AS = "calls.views";
export const MOST_VIEWS = 30;

/** What was kept; what cannot be read is left out. Pure. */
export function parseViews(kept: string | null): View[] {
  let found: unknown;
  try {
    found = JSON.parse(kept ?? "[]");
  } catch {
    return [];
  }
  if (!Array.isArray(found)) return [];
  return found.flatMap((each: unknown) => {
    if (typeof each !== "object" || each === null || !("name" in each) || !("search" in each)) return [];
    const { name, search } = each;
    if (typeof name !== "string" || name === "" || typeof search !== "object" || search === null) return [];
    return [{ name, search: callsSearch(search as Raw) }];
  });
}

/** With one more, newest first; one of the same name is replaced, the oldest makes room. Pure. */
export const withView = (views: View[], view: View): View[] => [view, ...views.filter((each) => each.name !== view.name)].slice(0, MOST_VIEWS);

const asText = (search: CallsSearch) => JSON.stringify(Object.entries(search).filter(([, value]) => Boolean(value)).sort());

/** The view that shows just this. Pure. */
export const viewOf = (views: View[], search: CallsSearch): View | undefined => views.find((each) => asText(each.search) === asText(search));

export const loadViews = (): View[] => parseViews(remembered(KEPT_AS));

export const saveViews = (views: View[]): void => remember(KEPT_AS, views.length === 0 ? null : JSON.stringify(views));
