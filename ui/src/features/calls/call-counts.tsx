import type { UseQueryResult } from "@tanstack/react-query";
import { useQuery } from "@tanstack/react-query";
import { ZoomOut } from "lucide-react";
import { useMemo, useState } from "react";

import type { CallFilter } from "@/api/calls";
import { histogramQuery, latencyQuery } from "@/api/calls";
import type { CallHistogram } from "@/api/types";
import { BrushBars } from "@/components/brush-bars";
import { Button } from "@/components/button";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import type { Measure } from "@/components/latency-bars";
import { LatencyBars, LatencyTable, MeasureSwitch } from "@/components/latency-bars";
import { Segmented } from "@/components/segmented";
import { ProblemNote } from "@/components/states";
import type { View } from "@/components/view-switch";
import { ViewSwitch } from "@/components/view-switch";
import type { Counted } from "@/features/calls/histogram";
import { OUTCOMES, stretchesOf } from "@/features/calls/histogram";
import { barsOn } from "@/features/calls/queries";
import type { CallsSearch } from "@/features/calls/search";
import { callFilter } from "@/features/calls/search";
import { formatCount, formatInstant } from "@/lib/format";
import { usePhone } from "@/lib/media";
import { useFloor } from "@/lib/ticker";
import { calls } from "@/strings/calls";
import { latency as sayLatency } from "@/strings/latency";

const say = calls.histogram;
const MINUTE = 60_000;
const COLORS = { ok: "var(--chart-1)", failed: "var(--wrong)", cancelled: "var(--chart-7)", refused: "var(--wait)" } as const;
const SERIES = OUTCOMES.map((id) => ({ id, name: say.outcomes[id], color: COLORS[id] }));

type Time = Pick<CallsSearch, "since" | "from" | "to">;
type Props = { search: CallsSearch; setSearch: (change: Partial<CallsSearch>) => void };

/** How many there are of the filter's calls, when; the same answer for whoever asks on the page. */
export const useCounted = (search: CallsSearch): UseQueryResult<CallHistogram> => useQuery(histogramQuery(callFilter(search, useFloor(MINUTE)), barsOn(usePhone())));

/** What the filter's calls come to, above their list: when they were, and how long they took. */
export function CallCounts({ search, setSearch }: Props) {
  const [what, setWhat] = useState<"time" | "latency">("time");
  const [view, setView] = useState<View>("chart");
  const filter = callFilter(search, useFloor(MINUTE));
  const counted = useCounted(search);
  // Nothing to draw; but the way back from a time without calls stays.
  if (counted.data?.bars.every((bar) => bar.ok + bar.failed + bar.cancelled + bar.refused === 0) && !search.from && !search.to) return null;
  return (
    <section aria-label={say.title} className="card mb-4 p-4 max-md:p-3">
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <Segmented
          label={say.what}
          value={what}
          onChange={setWhat}
          options={[
            { value: "time", label: say.overTime },
            { value: "latency", label: sayLatency.title },
          ]}
        />
        <div className="ml-auto">
          <ViewSwitch value={view} onChange={setView} />
        </div>
      </div>
      {what === "time" ? <OverTime counted={counted} search={search} setSearch={setSearch} view={view} /> : <HowLong filter={filter} view={view} />}
    </section>
  );
}

function OverTime({ counted: { data, error, refetch }, search, setSearch, view }: Props & { counted: UseQueryResult<CallHistogram>; view: View }) {
  const [before, setBefore] = useState<Time[]>([]);
  const stretches = useMemo(() => (data ? stretchesOf(data) : []), [data]);
  const chosen = Boolean(search.from ?? search.to) && !search.since;
  const choose = (first: number, last: number) => {
    const [begin, end] = [stretches[first], stretches[last]];
    if (!begin || !end) return;
    setBefore([...before, { since: search.since, from: search.from, to: search.to }]);
    setSearch({ since: undefined, from: begin.begins, to: end.ends });
  };
  const back = () => {
    setSearch(before.at(-1) ?? { since: undefined, from: undefined, to: undefined });
    setBefore(before.slice(0, -1));
  };
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data) return <span className="skeleton block h-[140px]" />;
  return (
    <>
      {view === "chart" ? (
        <BrushBars label={say.label} hint={say.hint} series={SERIES} stretches={stretches} choose={choose} />
      ) : (
        <div className="max-h-[320px] overflow-y-auto" tabIndex={0} role="group" aria-label={say.label}>
          <DataTable label={say.label} columns={tableColumns((at) => choose(at, at), stretches)} rows={stretches.filter((each) => each.values.some(Boolean))} rowId={(each) => each.begins} />
        </div>
      )}
      <div className="flex flex-wrap items-center gap-x-3 gap-y-1 text-s text-faint">
        {chosen && (
          <Button size="s" onClick={back}>
            <ZoomOut size={12} aria-hidden="true" /> {say.back}
          </Button>
        )}
        {data.counted_back_to && <p role="status">{sayLatency.countedTo(formatInstant(data.counted_back_to))}</p>}
      </div>
    </>
  );
}

function tableColumns(only: (at: number) => void, stretches: Counted[]): Column<Counted>[] {
  return [
    {
      id: "time",
      header: say.time,
      cell: (each) => (
        <button type="button" onClick={() => only(stretches.indexOf(each))} className="text-left hover:underline" title={say.only}>
          {each.title}
        </button>
      ),
    },
    ...SERIES.map((each, which): Column<Counted> => ({ id: each.id, header: each.name, align: "end", cell: (row) => <span className="num">{formatCount(row.values[which] ?? 0)}</span> })),
  ];
}

function HowLong({ filter, view }: { filter: CallFilter; view: View }) {
  const { data, error, refetch } = useQuery(latencyQuery(filter));
  const [name, setName] = useState<Measure>("total");
  const measure = data?.measures.find((each) => each.measure === name);
  if (error && !data) return <ProblemNote error={error} retry={() => void refetch()} />;
  if (!data || !measure) return <span className="skeleton block h-[140px]" />;
  const label = sayLatency.label(sayLatency.measures[name]);
  return (
    <div className="grid gap-3">
      <MeasureSwitch value={name} onChange={setName} className="justify-self-start" />
      {view === "chart" ? (
        <LatencyBars label={label} measure={measure} />
      ) : (
        <div className="max-h-[320px] overflow-y-auto" tabIndex={0} role="group" aria-label={label}>
          <LatencyTable label={label} measure={measure} />
        </div>
      )}
      {data.unknown_calls !== null && <p className="text-s text-faint">{sayLatency.unknown(formatCount(data.unknown_calls))}</p>}
      {data.counted_back_to && <p className="text-s text-faint">{sayLatency.countedTo(formatInstant(data.counted_back_to))}</p>}
    </div>
  );
}
