import { useMemo } from "react";

import type { SharedCosts } from "@/api/types";
import { DataTable } from "@/components/data-table";
import { Money } from "@/components/figures";
import { Page, Section } from "@/components/page";
import { StackedBars } from "@/components/stacked-bars";
import { plainColumns } from "@/features/costs/cost-columns";
import { chartOf, rowsOf, withOthers } from "@/features/costs/cost-series";
import { costs as say } from "@/strings/costs";
import { shares } from "@/strings/shares";

/** A report of costs as somebody without an account may read it: the same figures, without the ways down from them. */
export function SharedReport({ report, asOf, note }: { report: SharedCosts; asOf: string; note: React.ReactNode }) {
  const { by, span } = report;
  const buckets = useMemo(() => withOthers(report), [report]);
  const rows = useMemo(() => rowsOf(buckets, say.none[by]), [buckets, by]);
  const chart = useMemo(() => chartOf(buckets, rows, span, Date.parse(asOf)), [buckets, rows, span, asOf]);
  const columns = useMemo(() => plainColumns(by, report.totals.cost_nano), [by, report]);
  return (
    <Page
      title={shares.page.costs}
      above={note}
      answer={
        <>
          <Money nano={report.totals.cost_nano} unpriced={report.totals.unpriced_calls} /> {say.inWindow[span]}.
        </>
      }
    >
      <div className="grid grid-cols-[minmax(0,1fr)] gap-6">
        <Section title={say.chartTitle}>
          <StackedBars label={say.chart(say.by[by], say.inWindow[span])} series={chart.series} bars={chart.bars} />
        </Section>
        <Section title={say.tableTitle(say.by[by])}>
          <DataTable label={say.tableTitle(say.by[by])} columns={columns} rows={rows} rowId={(row) => row.id} initialSort={{ id: "cost", desc: true }} />
        </Section>
      </div>
    </Page>
  );
}
