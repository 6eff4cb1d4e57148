import { useState } from "react";

import { cx } from "@/lib/cx";
import { formatMoney } from "@/lib/format";
import { usePhone } from "@/lib/media";

export type Series = { id: string; name: string; color: string };
export type Bar = { at: string; label: string; values: number[] };

type Props = { label: string; series: Series[]; bars: Bar[]; /** How a value is said; as money unless told otherwise. */ format?: (value: number) => string; low?: boolean };

/** A round number a little above `max` whose half is one too, so that the middle of the scale is told as it is. Pure. */
export function niceCeiling(max: number): number {
  if (max <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [1, 2, 4, 6, 8, 10].find((each) => each * power >= max) ?? 10;
  return step * power;
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/** Money, or something else that adds up, over time, stacked. What a bar holds is told beside the legend as the pointer passes. */
export function StackedBars({ label, series, bars, format = formatMoney, low = false }: Props) {
  const [at, setAt] = useState<number>();
  const top = niceCeiling(Math.max(0, ...bars.map((bar) => sum(bar.values))));
  const every = Math.max(1, Math.ceil(bars.length / (usePhone() ? 4 : 8)));
  const told = at === undefined ? undefined : bars[at];
  return (
    <figure className="card p-4">
      <div role="img" aria-label={label} className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2">
        <div aria-hidden="true" className={cx("num flex flex-col justify-between text-right text-xs text-faint [&>span]:-my-2 [&>span]:leading-4", low ? "h-20" : "h-44")}>
          <span>{format(top)}</span>
          <span>{format(top / 2)}</span>
          <span>{format(0)}</span>
        </div>
        <div className={cx("relative border-b border-line-strong", low ? "h-20" : "h-44")} onMouseLeave={() => setAt(undefined)}>
          <i aria-hidden="true" className="absolute inset-x-0 top-0 border-t border-line" />
          <i aria-hidden="true" className="absolute inset-x-0 top-1/2 border-t border-line" />
          <div className="relative flex h-full items-end gap-[2px]">
            {bars.map((bar, index) => (
              <div key={bar.at} onMouseEnter={() => setAt(index)} className={cx("flex h-full min-w-0 flex-1 flex-col-reverse", at === index && "bg-sunken")}>
                {bar.values.map((value, which) =>
                  value > 0 ? (
                    <i key={series[which]?.id} style={{ height: `${(value / top) * 100}%`, minHeight: 1, background: series[which]?.color }} className="block w-full first:rounded-none last:rounded-t-[2px]" />
                  ) : null,
                )}
              </div>
            ))}
          </div>
        </div>
        <span />
        <div aria-hidden="true" className="mt-1 flex gap-[2px] text-xs text-faint">
          {bars.map((bar, index) => (
            <span key={bar.at} className="h-4 min-w-0 flex-1 overflow-visible whitespace-nowrap">
              {index % every === 0 && bar.label}
            </span>
          ))}
        </div>
      </div>
      <figcaption className="mt-3 flex min-h-5 flex-wrap items-center gap-x-4 gap-y-1 text-s text-muted">
        {told && <b className="text-ink">{told.label}</b>}
        {series.map((each, which) => (
          <span key={each.id} className="inline-flex items-center gap-1.5">
            <i aria-hidden="true" className="size-2 rounded-[2px]" style={{ background: each.color }} />
            {each.name}
            {told && <span className="num text-ink">{format(told.values[which] ?? 0)}</span>}
          </span>
        ))}
        {told && <span className="num ml-auto font-[560] text-ink">{format(sum(told.values))}</span>}
      </figcaption>
    </figure>
  );
}
