import type { Replay } from "@/api/types";
import { replays } from "@/strings/replays";

/** What a replay asks instead, in words: "gpt-4o, other instructions". Pure. */
export function targetWords(target: Replay["target"]): string {
  const parts = [target.model, target.route && replays.target.route(target.route, target.route_version), target.system_replaced && replays.target.system, ...target.params];
  return parts.filter(Boolean).join(", ") || replays.target.same;
}

/** Where a dry replay's calls would go, each place once. Pure. */
export function placesOf(plans: { provider: string | null; model: string | null }[]): string[] {
  return [...new Set(plans.map((plan) => [plan.provider, plan.model].filter(Boolean).join("/")))];
}

/** Dollars as a person writes them, in nano-dollars; null when it is no amount above nothing. Pure. */
export function nanoOf(dollars: string): number | null {
  const match = /^\$?(\d{1,9})(?:[.,](\d{1,9}))?$/.exec(dollars.trim());
  if (!match) return null;
  const nano = Number(match[1]) * 1e9 + Number((match[2] ?? "").padEnd(9, "0"));
  return nano > 0 ? nano : null;
}

/** A cap to begin with: twice the estimate, and room for the longest answer, in whole cents. Pure. */
export function usualCap(estimateNano: number, longestNano: number): string {
  return (Math.max(1, Math.ceil(Math.max(2 * estimateNano, estimateNano + longestNano) / 1e7)) / 100).toFixed(2);
}
