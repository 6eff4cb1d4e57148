import { useEffect, useRef } from "react";

import { ProblemLine } from "@/components/states";
import { formatCount } from "@/lib/format";
import { words } from "@/strings/common";

/** So far below the window the next rows are asked for already. */
const AHEAD = "400px";

type Props = {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; isFetchNextPageError: boolean; error: unknown; fetchNextPage: () => unknown };
  shown: number;
  /** How many there are, where that is known. */
  of?: number;
};

/** Stands at the end of a list that comes in pages: as the reader nears it the next is asked for, and it says how many are here yet. */
export function MoreRows({ query, shown, of }: Props) {
  const { hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage } = query;
  const end = useRef<HTMLDivElement>(null);
  const idle = hasNextPage && !isFetchingNextPage && !isFetchNextPageError;
  useEffect(() => {
    const element = end.current;
    if (!element || !idle) return;
    // Made anew after each page: it tells at once whether the end is in view still.
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && void fetchNextPage(), { rootMargin: AHEAD });
    observer.observe(element);
    return () => observer.disconnect();
  }, [idle, fetchNextPage]);
  if (!hasNextPage) return null;
  return (
    <div ref={end} className="px-4 py-2.5 text-center text-s text-faint">
      {isFetchNextPageError ? <ProblemLine error={query.error} retry={() => void fetchNextPage()} /> : <p role="status">{words.shownOf(formatCount(shown), of === undefined ? undefined : formatCount(of))}</p>}
    </div>
  );
}
