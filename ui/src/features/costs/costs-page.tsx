import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";

import { costsQuery } from "@/api/costs";
import { DataTable } from "@/components/data-table";
import { SplitSelect } from "@/components/field";
import { Money } from "@/components/figures";
import { Mark, Page, Section } from "@/components/page";
import { Segmented } from "@/components/segmented";
import { ShareButton } from "@/components/share/share-button";
import { StackedBars } from "@/components/stacked-bars";
import { Empty, ProblemNote, SkeletonRows } from "@/components/states";
import { GRAIN, GRAIN_MS, windowStart } from "@/components/time-bars";
import type { View } from "@/components/view-switch";
import { ViewSwitch } from "@/components/view-switch";
import { Budgets } from "@/features/costs/budgets";
import { barColumns, costColumns } from "@/features/costs/cost-columns";
import { chartOf, rowsOf, withOthers } from "@/features/costs/cost-series";
import { Reconciliation } from "@/features/costs/reconcile";
import type { CostsSearch } from "@/features/costs/search";
import { COST_BY } from "@/features/costs/search";
import { WasteLedger } from "@/features/costs/waste";
import { SPANS } from "@/lib/search";
import { useFloor } from "@/lib/ticker";
import { words } from "@/strings/common";
import { costs as say } from "@/strings/costs";

type Props = { search: CostsSearch; setSearch: (search: CostsSearch) => void };

const DAY = GRAIN_MS.day;
/** The dearest values get rows of their own; what comes after them is one row. */
const MOST = 100;

export function CostsPage({ search, setSearch }: Props) {
  const { by = "agent", span = "24h" } = search;
  const [view, setView] = useState<View>("chart");
  const now = useFloor(GRAIN_MS[GRAIN[span]]);
  const from = new Date(windowStart(span, now)).toISOString();
  const { data, error, refetch } = useQuery(costsQuery({ by, grain: GRAIN[span], from, top: MOST }));
  const { data: day } = useQuery(costsQuery({ by: "total", grain: "day", from: new Date(useFloor(DAY)).toISOString() }));
  const buckets = useMemo(() => (data ? withOthers(data) : []), [data]);
  const rows = useMemo(() => rowsOf(buckets, say.none[by]), [buckets, by]);
  const chart = useMemo(() => chartOf(buckets, rows, span, now), [buckets, rows, span, now]);
  const columns = useMemo(() => costColumns(by, from, data?.totals.cost_nano ?? 0), [by, from, data]);
  return (
    <Page
      title={say.title}
      answer={
        day ? (
        <>
          <Money nano={day.totals.cost_nano} unpriced={day.totals.unpriced_calls} /> {say.today}
          {data && (
            <>
              {span !== "today" && (
                <>
                  , <Money nano={data.totals.cost_nano} /> {say.inWindow[span]}
                </>
              )}
              {data.totals.unpriced_calls > 0 && (
                <>
                  {" "}
                  <Mark tone="wait">{words.andUnpriced(data.totals.unpriced_calls)}</Mark>
                </>
              )}
            </>
          )}
          .
        </>
        ) : (
          say.title
        )
      }
      actions={<ShareButton what={{ costs: { by, span } }} />}
    >
      <div className="mb-5 flex flex-wrap gap-2">
        <Segmented label={say.windowLabel} value={span} onChange={(next) => setSearch({ ...search, span: next })} options={SPANS.map((value) => ({ value, label: say.windows[value] }))} />
        <SplitSelect label={say.byLabel} value={by} onChange={(next) => setSearch({ ...search, by: next })} choices={COST_BY.map((value) => ({ value, label: say.by[value] }))} />
      </div>
      {error && !data ? (
        <ProblemNote error={error} retry={() => void refetch()} />
      ) : !data ? (
        <SkeletonRows />
      ) : data.totals.calls === 0 ? (
        <Empty title={say.empty}>{say.emptyHelp}</Empty>
      ) : (
        <div className="grid grid-cols-[minmax(0,1fr)] gap-6">
          <Section title={say.chartTitle} aside={<ViewSwitch value={view} onChange={setView} />}>
            {view === "chart" ? (
              <StackedBars label={say.chart(say.by[by], say.inWindow[span])} series={chart.series} bars={chart.bars} />
            ) : (
              <DataTable label={say.chart(say.by[by], say.inWindow[span])} columns={barColumns(chart.series)} rows={chart.bars} rowId={(bar) => bar.at} />
            )}
            <p className="mt-2 text-s text-faint">
              {say.utc} {data.totals.unpriced_calls > 0 && <span className="text-wait">{say.unpricedNote(data.totals.unpriced_calls)}</span>}{" "}
              {data.totals.estimated_calls > 0 && say.estimatedNote(data.totals.estimated_calls)} {by === "tag" && say.byTag}
            </p>
          </Section>
          <WasteLedger from={from} />
          <Section title={say.tableTitle(say.by[by])}>
            <DataTable key={by} label={say.tableTitle(say.by[by])} columns={columns} rows={rows} rowId={(row) => row.id} initialSort={{ id: "cost", desc: true }} />
          </Section>
        </div>
      )}
      <div className="mt-6 grid gap-6">
        <Budgets />
        <Reconciliation />
      </div>
    </Page>
  );
}
