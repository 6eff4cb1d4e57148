/** How numbers become words. Pure; the locale is the browser's. */

import { counted, times as say } from "@/strings/common";

/** Nano-dollars in a dollar. */
export const NANO = 1_000_000_000;
const locale = (): string | undefined => (typeof navigator === "undefined" ? undefined : navigator.language);

/** Made when first needed: making a formatter costs a hundred times what using it does, and pages use them by the hundred. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const usd = (options: Intl.NumberFormatOptions) =>
  once(() => new Intl.NumberFormat(locale(), { style: "currency", currency: "USD", currencyDisplay: "narrowSymbol", ...options }));
const dated = (options: Intl.DateTimeFormatOptions) => once(() => new Intl.DateTimeFormat(locale(), options));

const cents = usd({ minimumFractionDigits: 2, maximumFractionDigits: 2 });
const tiny = usd({ minimumSignificantDigits: 2, maximumSignificantDigits: 2, maximumFractionDigits: 9 });
const unitPrice = usd({ minimumFractionDigits: 2, maximumFractionDigits: 6 });
const compact = once(() => new Intl.NumberFormat(locale(), { notation: "compact", maximumFractionDigits: 1 }));
/** With its zone: whoever reads it may be elsewhere than whoever wrote it. */
const instant = dated({ dateStyle: "medium", timeStyle: "long" });
const clock = dated({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const toTheMinute = dated({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const day = dated({ month: "short", day: "numeric" });
const dayUtc = dated({ month: "short", day: "numeric", timeZone: "UTC" });

/** Nano-dollars to the cent; an amount under a cent to its first two digits that matter. */
export function formatMoney(nano: number): string {
  const dollars = nano / NANO;
  if (nano !== 0 && Math.abs(dollars) < 0.00995) return tiny().format(dollars);
  return cents().format(dollars);
}

/** Nano-dollars with every digit, for a title: `$0.000209250`. */
export function formatMoneyExact(nano: number): string {
  const sign = nano < 0 ? "-" : "";
  const whole = Math.abs(nano);
  const digits = String(whole % NANO).padStart(9, "0");
  return `${sign}$${Math.floor(whole / NANO)}.${digits}`;
}

/** A unit price: femto-dollars a token as dollars for a million tokens. */
export function formatPerMillion(femto: number): string {
  return unitPrice().format(femto / NANO);
}

const percents = new Map<number, Intl.NumberFormat>();

/** A share, from 0 to 1, in percent: `17%`. What is there is never shown as nothing, nor a part as the whole. */
export function formatShare(share: number, digits = 0): string {
  let made = percents.get(digits);
  if (!made) percents.set(digits, (made = new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: digits })));
  const step = 10 ** -(digits + 2);
  if (share > 0 && share < step / 2) return `<${made.format(step)}`;
  if (share < 1 && share > 1 - step / 2) return `>${made.format(1 - step)}`;
  return made.format(share);
}

export const formatCount = counted;

/** 1,240 → `1.2k`, for places with room for five letters. */
export function formatCompact(count: number): string {
  return compact().format(count);
}

/** A measured duration: `84 ms`, `1.8 s`, `2 min 5 s`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return "0 ms";
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1_000);
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How long something lasts so far, coarse: `12 s`, `38 min`, `1 h 52`, `3 d`. */
export function formatSpan(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) {
    const minutes = Math.floor((seconds % HOUR) / MINUTE);
    return minutes === 0 ? `${Math.floor(seconds / HOUR)} h` : `${Math.floor(seconds / HOUR)} h ${String(minutes).padStart(2, "0")}`;
  }
  return `${Math.floor(seconds / DAY)} d`;
}

export function formatAgo(at: string, now: number): string {
  const ms = now - Date.parse(at);
  return ms < 5_000 ? say.justNow : say.ago(formatSpan(ms));
}

/** When something is due: `in 1 h 10`, `38 min late`. */
export function formatDue(at: string, now: number): string {
  const ms = Date.parse(at) - now;
  return ms >= 0 ? say.ahead(formatSpan(ms)) : say.late(formatSpan(-ms));
}

export function formatInstant(at: string): string {
  return instant().format(new Date(at));
}

export function formatClock(at: string): string {
  return clock().format(new Date(at));
}

/** A time of day to the minute: `14:05`. */
export function formatMinute(at: number): string {
  return toTheMinute().format(new Date(at));
}

export function formatDay(at: string): string {
  return day().format(new Date(at));
}

export function formatBytes(bytes: number): string {
  if (bytes < 1_024) return `${bytes} B`;
  if (bytes < 1_024 * 1_024) return `${(bytes / 1_024).toFixed(1)} KB`;
  return `${(bytes / 1_024 / 1_024).toFixed(1)} MB`;
}

/** Two letters for an avatar: `Sam Adler` → `SA`, `research` → `RE`. */
export function initials(name: string): string {
  const words = name.replace(/@.*$/, "").split(/[\s_.-]+/).filter(Boolean);
  const [first = "?", second] = words;
  return (second ? first.slice(0, 1) + second.slice(0, 1) : first.slice(0, 2)).toUpperCase();
}

/** The day that an instant (milliseconds) is on in UTC: `Nov 26`. */
export const formatDayUtc = (at: number): string => dayUtc().format(at);

/** An instant (milliseconds) as `23:10`, UTC as buckets of costs and windows of budgets are. */
export const formatClockUtc = (at: number): string => new Date(at).toISOString().slice(11, 16);

/** The first formatter of a page brings the browser's words of all languages with it, tens of milliseconds: better while it waits for answers than in what draws them. */
export function warmFormats(): void {
  formatCount(0);
}
