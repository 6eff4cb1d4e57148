import type { InfiniteData } from "@tanstack/react-query";
import { useInfiniteQuery, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useRef, useState } from "react";

import type { CallFilter } from "@/api/calls";
import { callListQuery, newestCallsQuery } from "@/api/calls";
import type { Call, CallPage, ListedCall } from "@/api/types";
import { TAIL } from "@/features/calls/queries";

/** A page left open joins calls for hours: once it holds so many, it goes on with the newest alone. */
const MOST_HELD = 500;
type Pages = InfiniteData<CallPage, string | null>;

/** Calls that are newer than the list's first and not in it. Pure. */
export function arrived<T extends Call>(newest: T[], listed: T[]): T[] {
  const known = new Set(listed.map((call) => call.id));
  const top = listed[0]?.started_at ?? "";
  return newest.filter((call) => !known.has(call.id) && call.started_at >= top);
}

/**
 * The list once `waiting` has joined its top. Where more came than one look brings, or the list has become long, it is the
 * newest look alone, which says itself where the calls before it go on: no hole, and nothing kept for ever. Pure.
 */
export function joinedBy(pages: Pages, waiting: ListedCall[], newest: CallPage): Pages {
  const [first, ...rest] = pages.pages;
  const held = pages.pages.reduce((sum, page) => sum + page.items.length, 0);
  if (!first || waiting.length >= TAIL || held + waiting.length > MOST_HELD) return { pages: [newest], pageParams: [null] };
  return { ...pages, pages: [{ ...first, items: [...waiting, ...first.items] }, ...rest] };
}

/**
 * The list and its live tail. New calls join the top by themselves only while nobody would notice a row moving: the page
 * is at its top and neither pointer nor focus is in the list. Otherwise they wait.
 */
export function useCallTail(filter: CallFilter) {
  const client = useQueryClient();
  const query = useInfiniteQuery(callListQuery(filter));
  // The list begins with the newest: they are only asked for once there may be others.
  const { data: newest } = useQuery({
    ...newestCallsQuery(filter, TAIL),
    enabled: query.data !== undefined,
    initialData: query.data?.pages[0],
    initialDataUpdatedAt: query.dataUpdatedAt,
  });
  const listed = useMemo(() => query.data?.pages.flatMap((page) => page.items) ?? [], [query.data]);
  const waiting = useMemo(() => (query.data ? arrived(newest?.items ?? [], listed) : []), [newest, listed, query.data]);
  const [joined, setJoined] = useState<ReadonlySet<string>>(new Set());
  const { busy, ref } = useAttention();
  const skipped = waiting.length >= TAIL;

  const join = () => {
    setJoined(new Set(waiting.map((call) => call.id)));
    client.setQueryData<Pages>(callListQuery(filter).queryKey, (pages) => pages && newest && joinedBy(pages, waiting, newest));
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
