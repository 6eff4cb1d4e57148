import type { Run, RunState } from "@/api/types";

/** A stretch of a day, in per cent of it. */
export type Stretch = { id: string; left: number; width: number; state: RunState; attempt: number; ref: string };

const THINNEST = 0.3;

/** Runs as stretches of the time between two instants (milliseconds). Pure. */
export function stretches(runs: Run[], from: number, until: number): Stretch[] {
  const whole = until - from;
  return runs.flatMap((run) => {
    const begin = Math.max(from, Date.parse(run.started_at ?? run.created_at));
    const end = Math.min(until, run.ended_at ? Date.parse(run.ended_at) : until);
    if (end < from || begin > until) return [];
    return [{ id: run.id, left: Math.min(100 - THINNEST, ((begin - from) / whole) * 100), width: Math.max(THINNEST, ((end - begin) / whole) * 100), state: run.state, attempt: run.attempt, ref: run.task.ref }];
  });
}

/** Whether a stretch stands so close to another that 24 px around both overlap. Pure. */
export function crowded(drawn: Stretch[], at: number, narrow: boolean): boolean {
  const room = narrow ? 8 : 3.5;
  const middle = ({ left, width }: Stretch) => left + width / 2;
  const own = drawn[at];
  return own !== undefined && drawn.some((each, other) => other !== at && Math.abs(middle(each) - middle(own)) < room + Math.max(0, each.width - room, own.width - room) / 2);
}

export type Report = { runs: number; ended: number; succeeded: number; failed: number; cost: number; perSuccess: number | null };

/** How an agent's runs went: of those that ended. Money of failed ones counts for what succeeded. Pure. */
export function report(runs: Run[]): Report {
  const ended = runs.filter((run) => run.ended_at !== null);
  const succeeded = ended.filter((run) => run.state === "succeeded").length;
  const failed = ended.filter((run) => run.state === "failed" || run.state === "expired").length;
  const cost = runs.reduce((sum, run) => sum + run.cost_nano, 0);
  return { runs: runs.length, ended: ended.length, succeeded, failed, cost, perSuccess: succeeded === 0 ? null : Math.round(cost / succeeded) };
}
