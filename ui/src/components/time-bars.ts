import type { Grain } from "@/api/costs";
import type { Bar } from "@/components/stacked-bars";
import { formatClockUtc, formatDay } from "@/lib/format";
import type { Span } from "@/lib/search";
import { dayStart, WINDOW_MS } from "@/lib/search";

export const GRAIN: Record<Span, Grain> = { "1h": "minute", today: "hour", "24h": "hour", "7d": "day", "30d": "day" };
export const GRAIN_MS: Record<Grain, number> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/** The first instant of a window, at the start of a bucket (UTC); of today, midnight. */
export function windowStart(window: Span, now: number): number {
  if (window === "today") return dayStart(now);
  const grain = GRAIN_MS[GRAIN[window]];
  return Math.floor(now / grain) * grain - WINDOW_MS[window] + grain;
}

/** A bar without anything in it for every bucket of the window. Pure. */
export function emptyBars(window: Span, now: number, series: number): Bar[] {
  const grain = GRAIN[window];
  const bars: Bar[] = [];
  for (let at = windowStart(window, now); at <= now; at += GRAIN_MS[grain]) {
    const iso = new Date(at).toISOString();
    bars.push({ at: iso, label: grain === "day" ? formatDay(iso) : formatClockUtc(at), values: Array.from({ length: series }, () => 0) });
  }
  return bars;
}
