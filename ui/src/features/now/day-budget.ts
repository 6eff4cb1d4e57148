import type { Budget } from "@/api/types";

const HOUR = 3_600_000;

type Day = Pick<Budget, "scope_kind" | "window" | "mode" | "amount_nano" | "windows">;

/** What the whole workspace may spend in a day, the tightest of several; budgets that stop nothing are no cap. Pure. */
export function dayBudget<T extends Day>(budgets: T[]): T | undefined {
  const found = budgets.filter((each) => each.scope_kind === "workspace" && each.window === "day" && each.mode === "hard");
  return found.sort((a, b) => a.amount_nano - b.amount_nano)[0];
}

export type Lasts = { kind: "used" } | { kind: "day" } | { kind: "until"; at: number };

/** Until when what is left lasts, at what was spent in the last hour; nothing is foretold where nothing is spent. Pure. */
export function lasts(budget: Day, lastHour: number, now: number): Lasts | undefined {
  const window = budget.windows[0];
  if (!window) return undefined;
  if (window.remaining_nano <= 0) return { kind: "used" };
  if (lastHour <= 0) return undefined;
  const at = now + (window.remaining_nano / lastHour) * HOUR;
  return window.ends_at !== null && at >= Date.parse(window.ends_at) ? { kind: "day" } : { kind: "until", at };
}
