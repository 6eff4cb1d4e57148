import type { LatencyMeasure } from "@/api/types";
import { BelowBars, niceCeiling, Scale } from "@/components/chart-parts";
import type { Column } from "@/components/data-table";
import { DataTable } from "@/components/data-table";
import { Segmented } from "@/components/segmented";
import { cx } from "@/lib/cx";
import { formatCount, formatDuration } from "@/lib/format";
import { latency as say } from "@/strings/latency";

type Bin = LatencyMeasure["bins"][number];
export type Measure = LatencyMeasure["measure"];
const MEASURES = ["total", "first_byte", "overhead"] as const satisfies Measure[];
const QUANTILES = ["p50_ms", "p95_ms", "p99_ms"] as const;

/** The bins from the first that has a call to the last, those between without one too. Pure. */
export function wholeBins(bins: Bin[]): Bin[] {
  const whole: Bin[] = [];
  for (const bin of bins) {
    let end = whole.at(-1)?.to_ms;
    const grown = bin.from_ms === 0 ? 0 : bin.to_ms / bin.from_ms;
    while (end !== undefined && grown > 1 && end < bin.from_ms * 0.999) {
      const next = Math.min(end * grown, bin.from_ms);
      whole.push({ from_ms: end, to_ms: next, calls: 0 });
      end = next;
    }
    whole.push(bin);
  }
  return whole;
}

/** Where in the bins a duration stands, as a share of their width; undefined where it is in none. Pure. */
export function placeOf(bins: Bin[], ms: number): number | undefined {
  const at = bins.findIndex((bin) => ms <= bin.to_ms);
  const bin = bins[at];
  if (!bin) return undefined;
  return (at + Math.max(0, (ms - bin.from_ms) / (bin.to_ms - bin.from_ms))) / bins.length;
}

/** How many calls took how long, on a scale that doubles; with what half of them, 95 and 99 of a hundred took at most. */
export function LatencyBars({ label, measure }: { label: string; measure: LatencyMeasure }) {
  const bins = wholeBins(measure.bins);
  const top = niceCeiling(Math.max(0, ...bins.map((bin) => bin.calls)));
  const every = Math.max(1, Math.ceil(bins.length / 5));
  if (measure.calls === 0) return <p className="py-6 text-center text-s text-muted">{say.none}</p>;
  return (
    <figure>
      <div role="img" aria-label={`${label}: ${quantileWords(measure)}`} className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-2">
        <Scale marks={[top, 0].map(formatCount)} className="h-24" />
        <div className="relative h-24 border-b border-line-strong">
          <i aria-hidden="true" className="absolute inset-x-0 top-0 border-t border-line" />
          <div className="flex h-full items-end gap-px">
            {bins.map((bin) => (
              <i
                key={bin.from_ms}
                title={`${range(bin)}: ${say.calls(formatCount(bin.calls))}`}
                className="block min-w-0 flex-1 rounded-t-[2px] bg-[var(--chart-1)]"
                style={{ height: `${(bin.calls / top) * 100}%`, minHeight: bin.calls > 0 ? 1 : 0 }}
              />
            ))}
          </div>
          {QUANTILES.map((name) => {
            const ms = measure[name];
            const place = ms === null ? undefined : placeOf(bins, ms);
            return place === undefined ? null : <i key={name} aria-hidden="true" className="absolute inset-y-0 border-l border-dashed border-ink" style={{ left: `${place * 100}%` }} />;
          })}
        </div>
        <span />
        <BelowBars labels={bins.map((bin, index) => index % every === 0 && index < bins.length - every / 3 && formatDuration(bin.from_ms))} className="gap-px" />
      </div>
      <figcaption className="mt-2 flex flex-wrap gap-x-4 gap-y-1 text-s text-muted">
        <span>{say.calls(formatCount(measure.calls))}</span>
        {QUANTILES.map((name) => (
          <span key={name}>
            {say.quantiles[name]} <b className="num font-[560] text-ink">{measure[name] === null ? "–" : formatDuration(measure[name])}</b>
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

/** Which part of the time is looked at. */
export function MeasureSwitch({ value, onChange, className }: { value: Measure; onChange: (measure: Measure) => void; className?: string }) {
  return <Segmented label={say.measure} value={value} onChange={onChange} className={cx("max-w-full overflow-x-auto", className)} options={MEASURES.map((each) => ({ value: each, label: say.measures[each] }))} />;
}

export function LatencyTable({ label, measure }: { label: string; measure: LatencyMeasure }) {
  const columns: Column<Bin>[] = [
    { id: "range", header: say.took, cell: range },
    { id: "calls", header: say.count, align: "end", cell: (bin) => <span className="num">{formatCount(bin.calls)}</span> },
  ];
  return <DataTable label={label} columns={columns} rows={measure.bins} rowId={(bin) => String(bin.from_ms)} />;
}

const range = (bin: Bin): string => `${formatDuration(bin.from_ms)} – ${formatDuration(bin.to_ms)}`;

const quantileWords = (measure: LatencyMeasure): string =>
  QUANTILES.map((name) => `${say.quantiles[name]} ${measure[name] === null ? "–" : formatDuration(measure[name])}`).join(", ");
