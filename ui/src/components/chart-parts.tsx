import type { ReactNode } from "react";

import { cx } from "@/lib/cx";

export type Series = { id: string; name: string; color: string };

/** A round number a little above `max` whose half is one too, so that the middle of the scale is told as it is. Pure. */
export function niceCeiling(max: number): number {
  if (max <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(max));
  const step = [1, 2, 4, 6, 8, 10].find((each) => each * power >= max) ?? 10;
  return step * power;
}

export const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);

/** The figures beside bars, the highest first. */
export function Scale({ marks, className }: { marks: string[]; className: string }) {
  return (
    <div aria-hidden="true" className={cx("num flex flex-col justify-between text-right text-xs text-faint [&>span]:-my-2 [&>span]:leading-4", className)}>
      {marks.map((mark, at) => (
        <span key={at}>{mark}</span>
      ))}
    </div>
  );
}

/** The values of one bar, the first of the series at the bottom. */
export function Stack({ values, series, top }: { values: number[]; series: Series[]; top: number }) {
  return values.map((value, which) =>
    value > 0 ? <i key={series[which]?.id} style={{ height: `${(value / top) * 100}%`, minHeight: 1, background: series[which]?.color }} className="block w-full last:rounded-t-[2px]" /> : null,
  );
}

/** What stands below bars, each beside its own; `className` is the gap between those. */
export function BelowBars({ labels, className }: { labels: ReactNode[]; className: string }) {
  return (
    <div aria-hidden="true" className={cx("mt-1 flex text-xs text-faint", className)}>
      {labels.map((label, at) => (
        <span key={at} className="h-4 min-w-0 flex-1 overflow-visible whitespace-nowrap">
          {label}
        </span>
      ))}
    </div>
  );
}

/** What the colours mean, each with its figure where one is told. */
export function Legend({ series, figures }: { series: Series[]; figures: string[] | undefined }) {
  return series.map((each, which) => (
    <span key={each.id} className="inline-flex items-center gap-1.5">
      <i aria-hidden="true" className="size-2 rounded-[2px]" style={{ background: each.color }} />
      {each.name}
      {figures && <span className="num text-ink">{figures[which]}</span>}
    </span>
  ));
}
