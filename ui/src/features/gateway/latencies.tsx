import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";

import type { LatencyBy } from "@/api/calls";
import { latenciesQuery } from "@/api/calls";
import type { Latencies as LatenciesOut, LatencyMeasure } from "@/api/types";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import type { Measure } from "@/components/latency-bars";
import { LatencyBars, LatencyTable, MeasureSwitch } from "@/components/latency-bars";
import { Section } from "@/components/page";
import { Segmented } from "@/components/segmented";
import { ProblemNote, SkeletonRows } from "@/components/states";
import type { View } from "@/components/view-switch";
import { ViewSwitch } from "@/components/view-switch";
import type { GatewaySearch } from "@/features/gateway/search";
import { LATENCY_BY, LATENCY_SPANS } from "@/features/gateway/search";
import { cx } from "@/lib/cx";
import { formatCount, formatDuration } from "@/lib/format";
import { WINDOW_MS } from "@/lib/search";
import { useFloor } from "@/lib/ticker";
import { calls } from "@/strings/calls";
import { latency as say } from "@/strings/latency";

const HOUR = 3_600_000;
type Row = LatenciesOut["items"][number];

const of = (row: Row, name: Measure): LatencyMeasure | undefined => row.measures.find((each) => each.measure === name);

/** How long answers took, by who gave them; one of them opened shows how its calls are spread. */
export function Latencies({ search, setSearch }: { search: GatewaySearch; setSearch: (search: GatewaySearch) => void }) {
  const { by = "provider", span = "24h" } = search;
  const [open, setOpen] = useState<string>();
  const now = useFloor(HOUR);
  const since = new Date(now - WINDOW_MS[span] + HOUR).toISOString();
  const { data, error, refetch } = useQuery(latenciesQuery(by, since));
  const rows = data?.items ?? [];
  const shown = rows.find((row) => row.value === open) ?? rows.find((row) => (of(row, "total")?.calls ?? 0) > 0);
  return (
    <Section title={say.title}>
      <div className="mb-2 flex flex-wrap items-center gap-2">
        <Segmented label={say.byLabel} value={by} onChange={(next) => setSearch({ ...search, by: next })} options={LATENCY_BY.map((value) => ({ value, label: say.by[value] }))} />
        <Segmented label={say.windows} value={span} onChange={(next) => setSearch({ ...search, span: next })} className="md:ml-auto" options={LATENCY_SPANS.map((value) => ({ value, label: calls.filters.windows[value] }))} />
      </div>
      {error && !data ? (
        <ProblemNote error={error} retry={() => void refetch()} />
      ) : !data ? (
        <SkeletonRows rows={3} />
      ) : rows.length === 0 ? (
        <p className="card px-4 py-6 text-center text-muted">{say.empty}</p>
      ) : (
        <>
          <DataTable label={`${say.title}: ${say.by[by]}`} columns={columnsOf(by, since, shown?.value, setOpen)} rows={rows} rowId={(row) => row.value} />
          {shown && <Spread key={`${by} ${shown.value}`} row={shown} />}
        </>
      )}
    </Section>
  );
}

function Spread({ row }: { row: Row }) {
  const [name, setName] = useState<Measure>("total");
  const [view, setView] = useState<View>("chart");
  const measure = of(row, name);
  const label = `${row.value}: ${say.label(say.measures[name])}`;
  return (
    <div className="card mt-2 p-4 max-md:p-3">
      <div className="mb-3 flex flex-wrap items-center gap-2">
        <h3 className="text-s font-[560]">{row.value}</h3>
        <MeasureSwitch value={name} onChange={setName} />
        <div className="ml-auto">
          <ViewSwitch value={view} onChange={setView} />
        </div>
      </div>
      {measure && (view === "chart" ? <LatencyBars label={label} measure={measure} /> : <LatencyTable label={label} measure={measure} />)}
      {Boolean(row.unknown_calls) && <p className="mt-2 text-s text-faint">{say.unknown(formatCount(row.unknown_calls ?? 0))}</p>}
    </div>
  );
}

function columnsOf(by: LatencyBy, since: string, shown: string | undefined, show: (value: string) => void): Column<Row>[] {
  const took = (id: string, header: string, name: Measure, which: "p50_ms" | "p95_ms" | "p99_ms", from?: "sm" | "md"): Column<Row> => ({
    id,
    header,
    align: "end",
    ...(from ? { from } : {}),
    cell: (row) => <Took ms={of(row, name)?.[which] ?? null} unknown={row.unknown_calls} />,
  });
  return [
    {
      id: "value",
      header: say.by[by],
      cell: (row) => (
        <button
          type="button"
          aria-pressed={row.value === shown}
          aria-label={say.show(row.value)}
          onClick={() => show(row.value)}
          className={cx("min-h-6 text-left [overflow-wrap:anywhere] pointer-coarse:min-h-10 hover:underline", row.value === shown ? "font-[560]" : "font-[510] text-muted")}
        >
          {row.value}
        </button>
      ),
    },
    {
      id: "calls",
      header: say.columns.calls,
      align: "end",
      cell: (row) => (
        <Link to="/calls" search={{ ...searchOf(by, row.value), outcome: "ok", from: since }} className="num hover:underline">
          {formatCount((of(row, "total")?.calls ?? 0) + (row.unknown_calls ?? 0))}
        </Link>
      ),
    },
    took("p50", say.columns.p50, "total", "p50_ms"),
    took("p95", say.columns.p95, "total", "p95_ms"),
    took("p99", say.columns.p99, "total", "p99_ms", "sm"),
    took("first", say.columns.first, "first_byte", "p50_ms", "md"),
    took("ours", say.columns.ours, "overhead", "p50_ms", "md"),
  ];
}

function searchOf(by: LatencyBy, value: string): { provider?: string; model?: string } {
  if (by !== "target") return { [by]: value };
  const at = value.indexOf("/");
  return { provider: value.slice(0, at), model: value.slice(at + 1) };
}

/** A duration; unknown where all its calls came before latencies were kept. */
function Took({ ms, unknown }: { ms: number | null; unknown: number | null }) {
  if (ms !== null) return <span className="num">{formatDuration(ms)}</span>;
  return unknown ? (
    <span className="text-faint" title={say.unknownOf(formatCount(unknown))}>
      {say.unknownShort}
    </span>
  ) : (
    <span className="text-faint">–</span>
  );
}
