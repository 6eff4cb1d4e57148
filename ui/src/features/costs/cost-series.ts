import type { CostBucket, CostSums } from "@/api/types";
import type { Series } from "@/components/chart-parts";
import type { Bar } from "@/components/stacked-bars";
import { emptyBars } from "@/components/time-bars";
import type { Span } from "@/lib/search";
import { costs } from "@/strings/costs";

const SHOWN = 6;

export type Row = CostSums & { id: string; name: string };

const NOTHING: CostSums = {
  calls: 0,
  errors: 0,
  cancelled: 0,
  refused: 0,
  input_tokens: 0,
  output_tokens: 0,
  cache_read_tokens: 0,
  cache_write_tokens: 0,
  reasoning_tokens: 0,
  cost_nano: 0,
  unpriced_calls: 0,
  estimated_calls: 0,
  cache_hits: 0,
  cache_saved_nano: 0,
  prompt_saved_nano: 0,
};

function add(into: CostSums, more: CostSums): void {
  for (const key of Object.keys(NOTHING) as (keyof CostSums)[]) into[key] += more[key];
}

/** The value of what the server gathered: it has a row, at the end, and no name. */
export const OTHERS = "*";

const names: Record<string, string> = { [OTHERS]: costs.others };

/** One row for each value, dearest first. Pure. */
export function rowsOf(buckets: CostBucket[], unnamed: string): Row[] {
  const rows = new Map<string, Row>();
  for (const bucket of buckets) {
    const id = bucket.value;
    const row = rows.get(id) ?? { id, name: names[id] ?? (id ? bucket.label : unnamed), ...NOTHING };
    add(row, bucket);
    rows.set(id, row);
  }
  return [...rows.values()].sort((a, b) => Number(a.id === OTHERS) - Number(b.id === OTHERS) || b.cost_nano - a.cost_nano || b.calls - a.calls);
}

/** A report's buckets, and those of what it gathered. Pure. */
export const withOthers = ({ buckets, others }: { buckets: CostBucket[]; others: CostBucket[] }): CostBucket[] => [
  ...buckets,
  ...others.map((bucket) => ({ ...bucket, value: OTHERS })),
];

/** Bars for every bucket of the window, also the empty ones; all but the dearest few are gathered. Pure. */
export function chartOf(buckets: CostBucket[], rows: Row[], window: Span, now: number): { series: Series[]; bars: Bar[] } {
  const shown = rows.filter((row) => row.cost_nano > 0 && row.id !== OTHERS).slice(0, rows.length > SHOWN ? SHOWN - 1 : SHOWN);
  const gathered = rows.some((row) => row.cost_nano > 0 && !shown.includes(row));
  const series: Series[] = shown.map((row, index) => ({ id: row.id || "-", name: row.name, color: `var(--chart-${index + 1})` }));
  if (gathered) series.push({ id: "others", name: costs.others, color: "var(--chart-7)" });
  const place = new Map(shown.map((row, index) => [row.id, index]));
  const bars = emptyBars(window, now, series.length);
  const byAt = new Map(bars.map((bar) => [Date.parse(bar.at), bar]));
  for (const bucket of buckets) {
    const bar = byAt.get(Date.parse(bucket.at));
    const which = place.get(bucket.value) ?? (gathered ? series.length - 1 : -1);
    if (bar && which >= 0) bar.values[which] = (bar.values[which] ?? 0) + bucket.cost_nano;
  }
  return { series, bars };
}
