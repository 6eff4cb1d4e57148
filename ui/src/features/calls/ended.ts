import type { CallDetail } from "@/api/types";
import { calls } from "@/strings/calls";

const say = calls.one;
const STOPS = new Set(["agent_paused", "budget_exceeded", "key_invalid", "run_budget_exceeded", "run_ended", "run_stopped", "task_paused"]);

/** What came of a call that did not go well. A stream that Quarterdeck ended, for a budget or by somebody's hand, was not cut by its provider. Pure. */
export function endedHow({ outcome, error_code: code }: Pick<CallDetail, "outcome" | "error_code">): string {
  return say.ended[outcome === "cut" && code && STOPS.has(code) ? "stopped" : outcome] ?? outcome;
}
