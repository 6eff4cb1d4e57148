import type { InfiniteData } from "@tanstack/react-query";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";

import type { CallFilter } from "@/api/calls";
import { callListQuery, newestCallsQuery } from "@/api/calls";
import type { Call, CallPage, ListedCall } from "@/api/types";

const TAIL = 100;
type Pages = InfiniteData<CallPage, string | null>;

/** Calls that are newer than the list's first and not in it. Pure. */
export function arrived<T extends Call>(newest: T[], listed: T[]): T[] {
  const known = new Set(listed.map((call) => call.id));
  const top = listed[0]?.started_at ?? "";
  return newest.filter((call) => !known.has(call.id) && call.started_at >= top);
}

export function prepended(pages: Pages, calls: ListedCall[]): Pages {
  const [first, ...rest] = pages.pages;
  return first ? { ...pages, pages: [{ ...first, items: [...calls, ...first.items] }, ...rest] } : pages;
}

/**
 * The list and its live tail. New calls join the top by themselves only while nobody would notice a row moving: the page
 * is at its top and neither pointer nor focus is in the list. Otherwise they wait.
 */
export function useCallTail(filter: CallFilter) {
  const client = useQueryClient();
  const query = useInfiniteQuery(callListQuery(filter));
  const { data: newest } = useQuery(newestCallsQuery(filter, TAIL));
  const listed = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const waiting = useMemo(() => (query.data ? arrived(newest?.items ?? [], listed) : []), [newest, listed, query.data]);
  const [joined, setJoined] = useState<ReadonlySet<string>>(new Set());
  const { busy, ref } = useAttention();
  const skipped = waiting.length >= TAIL;

  const join = () => {
    setJoined(new Set(waiting.map((call) => call.id)));
    // More came than one look brings: read the list anew instead of leaving a hole in it.
    if (skipped) void client.resetQueries({ queryKey: callListQuery(filter).queryKey });
    else client.setQueryData<Pages>(callListQuery(filter).queryKey, (pages) => pages && prepended(pages, waiting));
  };
  const calm = waiting.length > 0 && !busy;
  const joinNow = useRef(join);
  useEffect(() => {
    joinNow.current = join;
  });
  useEffect(() => {
    if (!calm) return;
    // Give a pointer that is on its way into the list the time to arrive.
    const timer = setTimeout(() => window.scrollY < 8 && joinNow.current(), 60);
    return () => clearTimeout(timer);
  }, [calm, waiting]);

  const reach = newest?.search ?? query.data?.pages[0]?.search;
  return { query, reach, listed, waiting, skipped, join, joined, ref };
}

/** Whether a pointer or the focus is within an element. */
function useAttention() {
  const ref = useRef<HTMLDivElement>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    const look = () => {
      const element = ref.current;
      setBusy(Boolean(element && (element.matches(":hover") || element.contains(document.activeElement))));
    };
    const events = ["pointerover", "pointerout", "focusin", "focusout"] as const;
    events.forEach((name) => document.addEventListener(name, look, { passive: true }));
    return () => events.forEach((name) => document.removeEventListener(name, look));
  }, []);
  return { busy, ref };
}
