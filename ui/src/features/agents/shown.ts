import type { StatusState, Stretch } from "@/api/types";

/** What the ribbon tells apart. */
export const KINDS = ["answering", "tool", "between", "person", "agent", "provider", "trouble", "held", "idle", "away", "unknown"] as const;
export type Kind = (typeof KINDS)[number];

const KIND: Record<StatusState, Kind> = {
  streaming: "answering",
  thinking: "answering",
  using_tool: "tool",
  working: "between",
  waiting_person: "person",
  waiting_agent: "agent",
  waiting_provider: "provider",
  silent: "trouble",
  stuck: "trouble",
  looping: "trouble",
  over_budget: "trouble",
  paused: "held",
  idle: "idle",
  queued: "idle",
  over: "idle",
  offline: "away",
  never_connected: "away",
  retired: "away",
};

/** A state that a newer server knows and this page does not is nothing this page knows. Pure. */
export const kindOf = (state: StatusState): Kind => (KIND as Partial<Record<string, Kind>>)[state] ?? "unknown";

export type Share = { kind: Kind; ms: number };
/** A part of the time that is drawn (milliseconds), and for how long each kind was shown in it, in the order of `KINDS`. */
export type Slot = { from: number; to: number; shares: Share[] };

/** So late is a state in the record: until then what is shown now has been shown. */
const LAG_MS = 120_000;

type Piece = { from: number; to: number; shares: Share[] };

function pieceOf(stretch: Stretch, now: number): Piece {
  const from = Date.parse(stretch.began_at);
  const to = stretch.ended_at === null ? now : Date.parse(stretch.ended_at);
  const [only, ...others] = stretch.shown;
  const shares = only && others.length === 0 ? [{ kind: kindOf(only.state), ms: to - from }] : stretch.shown.map((each) => ({ kind: kindOf(each.state), ms: each.ms }));
  return { from, to, shares };
}

/** Time between two instants in `count` equal parts, with what was shown in each since `made`; what nobody saw is unknown. Pure. */
export function slots(stretches: Stretch[], current: StatusState, { from, until, made, now }: Record<"from" | "until" | "made" | "now", number>, count: number): Slot[] {
  const pieces = stretches.map((each) => pieceOf(each, now));
  const last = pieces.at(-1)?.to ?? 0;
  if (last < now && now - last <= LAG_MS) pieces.push({ from: last, to: now, shares: [{ kind: kindOf(current), ms: now - last }] });
  const length = (until - from) / count;
  return Array.from({ length: count }, (_, index) => {
    const begin = from + index * length;
    const end = begin + length;
    const known = Math.max(0, Math.min(end, now) - Math.max(begin, made));
    const sums = new Map<Kind, number>();
    for (const piece of pieces) {
      const overlap = Math.min(end, piece.to) - Math.max(begin, piece.from);
      const whole = piece.shares.reduce((sum, share) => sum + share.ms, 0);
      if (overlap <= 0 || whole <= 0) continue;
      for (const share of piece.shares) sums.set(share.kind, (sums.get(share.kind) ?? 0) + (overlap * share.ms) / whole);
    }
    const seen = [...sums.values()].reduce((sum, ms) => sum + ms, 0);
    // A rounding of a millisecond or two is no gap.
    if (known - seen > 1_000) sums.set("unknown", (sums.get("unknown") ?? 0) + known - seen);
    return { from: begin, to: end, shares: KINDS.flatMap((kind) => (sums.has(kind) ? [{ kind, ms: sums.get(kind) ?? 0 }] : [])) };
  });
}

/** For how long each kind was shown in all, the longest first. Pure. */
export function totals(parts: Slot[]): Share[] {
  const sums = new Map<Kind, number>();
  for (const part of parts) for (const share of part.shares) sums.set(share.kind, (sums.get(share.kind) ?? 0) + share.ms);
  return [...sums].map(([kind, ms]) => ({ kind, ms })).sort((a, b) => b.ms - a.ms);
}

/** Neighbours that show one and the same kind alone, as one: so patterns have no seams. Pure. */
export function merged(parts: Slot[]): Slot[] {
  const found: Slot[] = [];
  for (const part of parts) {
    const before = found.at(-1);
    const [one, ...more] = part.shares;
    const [same, ...others] = before?.shares ?? [];
    if (before && one && same?.kind === one.kind && more.length === 0 && others.length === 0) {
      found[found.length - 1] = { from: before.from, to: part.to, shares: [{ kind: one.kind, ms: same.ms + one.ms }] };
    } else found.push(part);
  }
  return found;
}
