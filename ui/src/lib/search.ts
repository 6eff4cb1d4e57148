/** Reading what a page keeps in its address. Unknown or broken values are dropped, never an error. */
export type Raw = Record<string, unknown>;

export const text = (value: unknown): string | undefined => {
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" ? value : undefined;
};

export const flag = (value: unknown): true | undefined => (value === true || value === "true" ? true : undefined);

export const oneOf = <T extends string>(value: unknown, allowed: readonly T[]): T | undefined =>
  allowed.find((each) => each === value);

/** A page with a dialog that its address can open. */
export type OpenSearch = { new?: true | undefined };
export const openSearch = (raw: Raw): OpenSearch => ({ new: flag(raw.new) });

/** The same, of a list in which one may look for a name. */
export type FindSearch = OpenSearch & { q?: string | undefined };
export const findSearch = (raw: Raw): FindSearch => ({ ...openSearch(raw), q: text(raw.q) });

/** How far back a page looks. */
export const WINDOWS = ["1h", "24h", "7d", "30d"] as const;
export type Window = (typeof WINDOWS)[number];

/** What a report of costs may be of: also the day so far. */
export const SPANS = ["1h", "today", "24h", "7d", "30d"] as const satisfies readonly (Window | "today")[];
export type Span = (typeof SPANS)[number];

const HOUR = 3_600_000;
export const WINDOW_MS: Record<Window, number> = { "1h": HOUR, "24h": 24 * HOUR, "7d": 168 * HOUR, "30d": 720 * HOUR };

const DAY = 24 * HOUR;

/** When the day began in which an instant is, in milliseconds: what is counted by the day is counted by UTC. Pure. */
export const dayStart = (now: number): number => Math.floor(now / DAY) * DAY;
/** The same as an instant. Pure. */
export const midnightUtc = (now: number): string => new Date(dayStart(now)).toISOString();
