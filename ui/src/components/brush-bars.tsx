import { useState } from "react";

import type { Series } from "@/components/chart-parts";
import { BelowBars, Legend, niceCeiling, Scale, Stack, sum } from "@/components/chart-parts";
import { cx } from "@/lib/cx";
import { formatCount } from "@/lib/format";
import { usePhone } from "@/lib/media";

/** Counts of a stretch of time; `from` and `to` say it in words, the same ones where one word says it all. */
export type Stretch = { label: string; from: string; to: string; values: number[] };

type Props = {
  label: string;
  /** How the range is chosen, for those who do not see that it can be dragged. */
  hint: string;
  series: Series[];
  stretches: Stretch[];
  /** From the first stretch to the last, both included. */
  choose: (first: number, last: number) => void;
};

type Span = { anchor: number; head: number };

export const ordered = ({ anchor, head }: Span): [number, number] => [Math.min(anchor, head), Math.max(anchor, head)];

/** Counts over time, stacked, of which a stretch is chosen: by dragging, or with arrows, Shift and Enter. */
export function BrushBars({ label, hint, series, stretches, choose }: Props) {
  const [over, setOver] = useState<number>();
  const [span, setSpan] = useState<Span>();
  const [dragging, setDragging] = useState(false);
  const count = stretches.length;
  const top = niceCeiling(Math.max(0, ...stretches.map((each) => sum(each.values))));
  const every = Math.max(1, Math.ceil(count / (usePhone() ? 3 : 8)));
  const chosen = span && ordered(span);
  const at = span?.head ?? over;
  const told = at === undefined ? undefined : stretches[at];

  const place = (event: React.PointerEvent<HTMLElement>): number => {
    const box = event.currentTarget.getBoundingClientRect();
    return Math.max(0, Math.min(count - 1, Math.floor(((event.clientX - box.left) / box.width) * count)));
  };
  const finish = () => {
    setDragging(false);
    setSpan(undefined);
    if (span) choose(...ordered(span));
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const from = span ?? { anchor: count - 1, head: count - 1 };
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, Home: -count, End: count };
    const step = steps[event.key];
    if (step !== undefined) {
      const head = Math.max(0, Math.min(count - 1, span ? from.head + step : step < 0 ? Math.max(0, from.head + step + 1) : from.head));
      setSpan(event.shiftKey ? { anchor: from.anchor, head } : { anchor: head, head });
    } else if (event.key === "Enter" && span) finish();
    else if (event.key === "Escape" && span) setSpan(undefined);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div>
      <div className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2">
        <Scale marks={[top, 0].map(formatCount)} className="h-20" />
        <div
          role="slider"
          tabIndex={0}
          aria-label={label}
          aria-description={hint}
          aria-valuemin={0}
          aria-valuemax={count - 1}
          aria-valuenow={at ?? count - 1}
          aria-valuetext={told ? valueText(series, stretches, span, told) : hint}
          title={hint}
          onKeyDown={onKeyDown}
          onBlur={() => setSpan(undefined)}
          onPointerDown={(event) => {
            if (event.button !== 0) return;
            event.currentTarget.setPointerCapture(event.pointerId);
            const here = place(event);
            setSpan({ anchor: here, head: here });
            setDragging(true);
          }}
          onPointerMove={(event) => {
            const here = place(event);
            setOver(here);
            if (dragging) setSpan((before) => before && { ...before, head: here });
          }}
          onPointerUp={() => dragging && finish()}
          onPointerCancel={() => {
            setDragging(false);
            setSpan(undefined);
          }}
          onPointerLeave={() => setOver(undefined)}
          className="relative h-20 cursor-crosshair touch-pan-y border-b border-line-strong select-none"
        >
          <i aria-hidden="true" className="absolute inset-x-0 top-0 border-t border-line" />
          {chosen && (
            <i
              aria-hidden="true"
              className="absolute inset-y-0 border-x border-accent bg-accent/15"
              style={{ left: `${(chosen[0] / count) * 100}%`, width: `${((chosen[1] - chosen[0] + 1) / count) * 100}%` }}
            />
          )}
          <div aria-hidden="true" className="relative flex h-full items-end gap-px">
            {stretches.map((stretch, index) => (
              <div key={index} className={cx("flex h-full min-w-0 flex-1 flex-col-reverse", at === index && !dragging && "bg-sunken")}>
                <Stack values={stretch.values} series={series} top={top} />
              </div>
            ))}
          </div>
        </div>
        <span />
        <BelowBars labels={stretches.map((stretch, index) => index % every === 0 && index < count - every / 3 && stretch.label)} className="gap-px" />
      </div>
      <p aria-hidden="true" className="mt-2 flex min-h-5 flex-wrap items-center gap-x-4 gap-y-1 text-s text-muted">
        {told && <b className="text-ink">{titleOf(stretches, span, told)}</b>}
        <Legend series={series} figures={told && series.map((_, which) => formatCount(spanSum(stretches, span, told, which)))} />
      </p>
    </div>
  );
}

/** From the beginning of one stretch to the end of another, or of the same. Pure. */
export const between = (first: Pick<Stretch, "from">, last: Pick<Stretch, "to">): string => (first.from === last.to ? first.from : `${first.from} – ${last.to}`);

function titleOf(stretches: Stretch[], span: Span | undefined, told: Stretch): string {
  const [first, last] = span ? ordered(span).map((at) => stretches[at]) : [];
  return between(first ?? told, last ?? told);
}

function spanSum(stretches: Stretch[], span: Span | undefined, told: Stretch, which: number): number {
  if (!span) return told.values[which] ?? 0;
  const [first, last] = ordered(span);
  return sum(stretches.slice(first, last + 1).map((each) => each.values[which] ?? 0));
}

function valueText(series: Series[], stretches: Stretch[], span: Span | undefined, told: Stretch): string {
  const counts = series.map((each, which) => `${formatCount(spanSum(stretches, span, told, which))} ${each.name}`);
  return `${titleOf(stretches, span, told)}: ${counts.join(", ")}`;
}
