import { useState } from "react";

import type { Series } from "@/components/chart-parts";
import { BelowBars, Legend, niceCeiling, Scale, Stack, sum } from "@/components/chart-parts";
import { cx } from "@/lib/cx";
import { formatMoney } from "@/lib/format";
import { usePhone } from "@/lib/media";

export type Bar = { at: string; label: string; values: number[] };

type Props = { label: string; series: Series[]; bars: Bar[] };

/** Money over time, stacked. What a bar holds is told beside the legend as the pointer passes. */
export function StackedBars({ label, series, bars }: Props) {
  const [at, setAt] = useState<number>();
  const top = niceCeiling(Math.max(0, ...bars.map((bar) => sum(bar.values))));
  const every = Math.max(1, Math.ceil(bars.length / (usePhone() ? 4 : 8)));
  const told = at === undefined ? undefined : bars[at];
  return (
    <figure className="card p-4">
      <div role="img" aria-label={label} className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2">
        <Scale marks={[top, top / 2, 0].map(formatMoney)} className="h-44" />
        <div className="relative h-44 border-b border-line-strong" onMouseLeave={() => setAt(undefined)}>
          <i aria-hidden="true" className="absolute inset-x-0 top-0 border-t border-line" />
          <i aria-hidden="true" className="absolute inset-x-0 top-1/2 border-t border-line" />
          <div className="relative flex h-full items-end gap-[2px]">
            {bars.map((bar, index) => (
              <div key={bar.at} onMouseEnter={() => setAt(index)} className={cx("flex h-full min-w-0 flex-1 flex-col-reverse", at === index && "bg-sunken")}>
                <Stack values={bar.values} series={series} top={top} />
              </div>
            ))}
          </div>
        </div>
        <span />
        <BelowBars labels={bars.map((bar, index) => index % every === 0 && bar.label)} className="gap-[2px]" />
      </div>
      <figcaption className="mt-3 flex min-h-5 flex-wrap items-center gap-x-4 gap-y-1 text-s text-muted">
        {told && <b className="text-ink">{told.label}</b>}
        <Legend series={series} figures={told && series.map((_, which) => formatMoney(told.values[which] ?? 0))} />
        {told && <span className="num ml-auto font-[560] text-ink">{formatMoney(sum(told.values))}</span>}
      </figcaption>
    </figure>
  );
}
