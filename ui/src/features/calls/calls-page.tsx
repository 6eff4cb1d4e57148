import { Link } from "@tanstack/react-router";
import { ArrowUp } from "lucide-react";
import { useEffect, useState } from "react";

import type { CallPage } from "@/api/types";
import { buttonClass } from "@/components/button";
import { Page } from "@/components/page";
import { Empty, ProblemNote, SkeletonRows } from "@/components/states";
import { VirtualTable } from "@/components/virtual-table";
import { CALL_COLUMNS, FOUND_COLUMNS } from "@/features/calls/call-columns";
import { CallCounts } from "@/features/calls/call-counts";
import { CallFilters } from "@/features/calls/call-filters";
import { CallsAnswer } from "@/features/calls/calls-answer";
import { ExportMenu, ExportProgress } from "@/features/calls/export-menu";
import { SavedViews } from "@/features/calls/saved-views";
import type { CallsSearch } from "@/features/calls/search";
import { callFilter } from "@/features/calls/search";
import { SearchNote } from "@/features/calls/search-note";
import { useCallTail } from "@/features/calls/use-call-tail";
import { useExport } from "@/features/calls/use-export";
import { formatInstant } from "@/lib/format";
import { useListKeys } from "@/lib/list-keys";
import { usePhone } from "@/lib/media";
import { calls as say } from "@/strings/calls";

type Props = { search: CallsSearch; setSearch: (search: CallsSearch) => void };

export function CallsPage({ search, setSearch }: Props) {
  const known = JSON.stringify(search);
  const filtered = Object.values(search).some(Boolean);
  useListKeys();
  const file = useExport();
  const change = (some: Partial<CallsSearch>) => setSearch({ ...search, ...some });
  return (
    <Page
      title={say.title}
      answer={<CallsAnswer search={search} filtered={filtered} />}
      actions={
        <>
          <SavedViews search={search} show={setSearch} />
          <ExportMenu search={search} busy={file.now !== undefined && !file.now.problem} begin={file.begin} />
        </>
      }
    >
      {file.now && <ExportProgress now={file.now} begin={file.begin} stop={file.stop} />}
      <CallFilters search={search} setSearch={change} clear={() => setSearch({})} />
      <CallCounts search={search} setSearch={change} />
      <Explorer key={known} search={search} filtered={filtered} />
    </Page>
  );
}

/** Lives as long as one filter does, so that "the last hour" means the hour before it was chosen. */
function Explorer({ search, filtered }: { search: CallsSearch; filtered: boolean }) {
  const phone = usePhone();
  const [filter] = useState(() => callFilter(search, Date.now()));
  const { query, reach, listed, waiting, skipped, join, joined, ref } = useCallTail(filter);
  const { hasNextPage, isFetchingNextPage } = query;
  if (query.error && !query.data) return <ProblemNote error={query.error} retry={() => void query.refetch()} />;
  if (!query.data) return <SkeletonRows rows={10} />;
  if (listed.length === 0 && hasNextPage) return <LooksBack query={query} />;
  if (listed.length === 0)
    return (
      <>
        <SearchNote reach={reach} />
        <NoCalls filtered={filtered} />
      </>
    );
  return (
    <div className="relative">
      <SearchNote reach={reach} />
      {waiting.length > 0 && (
        <div className="sticky top-14 z-20 -mb-[34px] flex justify-center md:top-3">
          <button
            type="button"
            onClick={() => {
              join();
              window.scrollTo({ top: 0 });
            }}
            className="flex h-[34px] animate-rise items-center gap-1.5 rounded-full border border-accent bg-accent px-3.5 text-s font-[560] text-on-accent shadow-float"
          >
            <ArrowUp size={13} aria-hidden="true" />
            {say.newCalls(waiting.length, skipped)}
          </button>
        </div>
      )}
      <VirtualTable
        ref={ref}
        label={say.title}
        columns={search.q ? FOUND_COLUMNS : CALL_COLUMNS}
        rows={listed}
        rowId={(call) => call.id}
        rowHeight={search.q ? (phone ? 74 : 52) : phone ? 56 : 41}
        fresh={(call) => joined.has(call.id)}
        more={hasNextPage && !isFetchingNextPage}
        loadMore={() => void query.fetchNextPage()}
        failed={query.isFetchNextPageError ? query.error : undefined}
        footer={hasNextPage ? lookedBack(query.data.pages) : say.end}
      />
    </div>
  );
}

type Tail = ReturnType<typeof useCallTail>["query"];

/** How far a search has looked, where that took long; else that more is coming. */
function lookedBack(pages: CallPage[]): string {
  const to = pages[pages.length - 1]?.search?.searched_back_to;
  return to ? say.found.lookedBack(formatInstant(to)) : say.loadingMore;
}

/** Nothing was found yet, and there is more to look through: it goes on by itself. */
function LooksBack({ query }: { query: Tail }) {
  const { hasNextPage, isFetching, fetchNextPage, error } = query;
  useEffect(() => {
    if (hasNextPage && !isFetching && !error) void fetchNextPage();
  }, [hasNextPage, isFetching, error, fetchNextPage]);
  if (error && !isFetching) return <ProblemNote error={error} retry={() => void fetchNextPage()} />;
  return (
    <p role="status" className="card px-4 py-6 text-center text-muted">
      {lookedBack(query.data?.pages ?? [])}
    </p>
  );
}

function NoCalls({ filtered }: { filtered: boolean }) {
  if (filtered) return <Empty title={say.emptyFilteredHelp} />;
  return (
    <Empty
      title={say.empty}
      action={
        <Link to="/agents" search={{ new: true }} className={buttonClass("primary")}>
          {say.connect}
        </Link>
      }
    >
      {say.emptyHelp}
    </Empty>
  );
}
