import type { Call } from "@/api/types";

export type CallStep = { kind: "call"; call: Call; at: number; first: number; until: number };
/** What lies between two calls: the agent's own time, in its tools or at rest. */
export type PauseStep = { kind: "pause"; after: Call; at: number; until: number };
export type Step = CallStep | PauseStep;

const SHORTEST_PAUSE_MS = 250;

/** Calls as steps on one line of time (milliseconds since the first began), with what lies between. Pure. */
export function steps(calls: Call[]): Step[] {
  const [begun] = calls;
  if (!begun) return [];
  const zero = Date.parse(begun.started_at);
  const found: Step[] = [];
  let latest: { until: number; call: Call } | undefined;
  for (const call of calls) {
    const at = Date.parse(call.started_at) - zero;
    const until = at + call.duration_ms;
    if (latest && at - latest.until >= SHORTEST_PAUSE_MS) found.push({ kind: "pause", after: latest.call, at: latest.until, until: at });
    found.push({ kind: "call", call, at, first: at + (call.first_byte_ms ?? call.duration_ms), until });
    if (!latest || until > latest.until) latest = { until, call };
  }
  return found;
}

/** Where a step stands on a line of `total` milliseconds, in per cent; never too thin to be seen. Pure. */
export function placed(step: { at: number; until: number }, total: number): { left: number; width: number } {
  const left = total > 0 ? (step.at / total) * 100 : 0;
  const width = total > 0 ? ((step.until - step.at) / total) * 100 : 100;
  return { left: Math.min(left, 99.6), width: Math.max(width, 0.4) };
}

export const tokensOf = (calls: Call[]) => ({
  input: calls.reduce((sum, call) => sum + (call.usage?.input_total ?? 0), 0),
  cached: calls.reduce((sum, call) => sum + (call.usage?.cache_read ?? 0), 0),
  output: calls.reduce((sum, call) => sum + (call.usage?.output_total ?? 0), 0),
});

/** Which earlier step each call as good as repeats, by the call's id: steps are numbered from 1. Pure. */
export function repeated(steps: { call_id: string; repeats: string | null }[]): Map<string, number> {
  const numbers = new Map(steps.map((step, at) => [step.call_id, at + 1]));
  return new Map(steps.flatMap((step) => (step.repeats !== null && numbers.has(step.repeats) ? [[step.call_id, numbers.get(step.repeats) ?? 0] as const] : [])));
}

/** For calls that were noticed to be near the same: the step of the first of them. Steps count from 1. Pure. */
export function alike(calls: Call[], groups: string[][]): Map<string, number> {
  const step = new Map(calls.map((call, at) => [call.id, at + 1]));
  const found = new Map<string, number>();
  for (const group of groups) {
    const known = group.filter((id) => step.has(id)).sort((a, b) => (step.get(a) ?? 0) - (step.get(b) ?? 0));
    const first = step.get(known[0] ?? "");
    if (first !== undefined) known.slice(1).forEach((id) => found.set(id, first));
  }
  return found;
}
