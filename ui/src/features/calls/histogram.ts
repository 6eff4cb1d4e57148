import type { CallHistogram } from "@/api/types";
import type { Stretch } from "@/components/brush-bars";
import { between } from "@/components/brush-bars";
import { formatClock, formatDay, formatMinute } from "@/lib/format";

export const OUTCOMES = ["ok", "failed", "cancelled", "refused"] as const;
export type Counted = Stretch & { title: string; begins: string; ends: string };

const DAY_S = 86_400;
const HOUR_MS = 3_600_000;

/** A stretch for every width of the time, those without a call too. Pure. */
export function stretchesOf(histogram: CallHistogram): Counted[] {
  const width = histogram.width_s * 1_000;
  const [begin, end] = [Date.parse(histogram.begins), Date.parse(histogram.ends)];
  const byAt = new Map(histogram.bars.map((bar) => [Date.parse(bar.at), bar]));
  const found: Counted[] = [];
  for (let at = begin; at < end; at += width) {
    const bar = byAt.get(at);
    const [begins, ends] = [new Date(at).toISOString(), new Date(at + width).toISOString()];
    const words = wordsOf(at, histogram.width_s);
    found.push({ begins, ends, label: labelOf(at, histogram.width_s, end - begin), ...words, title: between(words, words), values: OUTCOMES.map((name) => bar?.[name] ?? 0) });
  }
  return found;
}

/** How many calls were counted, how many of them failed, and between which times. Pure. */
export function countedIn(histogram: CallHistogram): { calls: number; failed: number; from: string; to: string } {
  const { bars, width_s: width } = histogram;
  const end = Date.parse(histogram.ends) - width * 1_000;
  return {
    calls: bars.reduce((sum, bar) => sum + bar.ok + bar.failed + bar.cancelled + bar.refused, 0),
    failed: bars.reduce((sum, bar) => sum + bar.failed, 0),
    from: wordsOf(Date.parse(histogram.begins), width).from,
    to: wordsOf(end, width).to,
  };
}

function labelOf(at: number, widthS: number, spanMs: number): string {
  const day = formatDay(new Date(at).toISOString());
  if (widthS >= DAY_S) return day;
  return spanMs > 24 * HOUR_MS ? `${day} ${formatMinute(at)}` : clock(at, widthS);
}

function wordsOf(at: number, widthS: number): Pick<Stretch, "from" | "to"> {
  const end = at + widthS * 1_000;
  const day = (instant: number) => formatDay(new Date(instant).toISOString());
  if (widthS < DAY_S) return { from: `${day(at)} ${clock(at, widthS)}`, to: `${day(end)} ${clock(end, widthS)}` };
  return { from: day(at), to: widthS === DAY_S ? day(at) : day(end - 1) };
}

function clock(at: number, widthS: number): string {
  return widthS >= 60 ? formatMinute(at) : formatClock(new Date(at).toISOString());
}
