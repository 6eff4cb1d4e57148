import type { CostBy, Grain } from "@/api/costs";
import type { Budget, CostBucket } from "@/api/types";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

type Window = Budget["windows"][number];
export type Point = { at: number; left: number };

/** What the ledger is asked for one window of a budget: its spend by time; null where no roll-up is kept of its kind. Pure. */
export function burnFilter(budget: Pick<Budget, "scope_kind" | "scope_value">, window: Window): { by: CostBy; value?: string; grain: Grain; from: string } | null {
  if (window.begins_at === null) return null;
  const grain: Grain = window.ends_at !== null && Date.parse(window.ends_at) - Date.parse(window.begins_at) <= DAY ? "hour" : "day";
  const from = window.begins_at;
  if (window.run_id) return { by: "run", value: window.run_id, grain, from };
  if (budget.scope_kind === "workspace") return { by: "total", grain, from };
  const kinds: readonly string[] = ["agent", "task", "project", "run", "key", "model", "provider", "tag"];
  const value = window.value || budget.scope_value;
  return kinds.includes(budget.scope_kind) && value && value !== "*" ? { by: budget.scope_kind as CostBy, value, grain, from } : null;
}

/** What was left of the cap after each bucket that has ended, and now. Pure. */
export function burnPoints(buckets: Pick<CostBucket, "at" | "cost_nano">[], grain: Grain, window: Window, cap: number, now: number): Point[] {
  const begin = Date.parse(window.begins_at ?? "");
  const length = grain === "hour" ? HOUR : DAY;
  const points: Point[] = [{ at: begin, left: cap }];
  let spent = 0;
  for (const bucket of buckets) {
    spent += bucket.cost_nano;
    const end = Date.parse(bucket.at) + length;
    if (end < now) points.push({ at: end, left: cap - spent });
  }
  points.push({ at: now, left: cap - window.spent_nano });
  return points;
}

export type Projection = { kind: "used" } | { kind: "steady" } | { kind: "lasts"; left: number } | { kind: "hit"; at: number };

/** Where it leads at the pace of the latest stretch: the last quarter of the time passed, so that a burst an hour ago counts less than now. Pure. */
export function projected(points: Point[], endsAt: string | null): Projection {
  const last = points.at(-1);
  const first = points[0];
  if (!last || !first) return { kind: "steady" };
  if (last.left <= 0) return { kind: "used" };
  const since = last.at - (last.at - first.at) / 4;
  const before = points.findLast((point) => point.at <= since) ?? first;
  const pace = last.at > before.at ? (before.left - last.left) / (last.at - before.at) : 0;
  if (pace <= 0) return { kind: "steady" };
  const at = last.at + last.left / pace;
  const end = endsAt === null ? null : Date.parse(endsAt);
  return end !== null && at >= end ? { kind: "lasts", left: last.left - pace * (end - last.at) } : { kind: "hit", at };
}
