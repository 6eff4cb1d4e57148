import type { ProviderHealth } from "@/api/types";
import { formatShare } from "@/lib/format";

export type Word = "well" | "troubled" | "limited" | "probing" | "out" | "unknown";
type Look = { tone: "work" | "wait" | "wrong" | "idle"; word: Word };

const TROUBLE = 0.2;

/** A provider's health in one word, from calls that really went there. */
export function stateOf(health: Pick<ProviderHealth, "state" | "error_rate">): Look {
  switch (health.state) {
    case "out":
      return { tone: "wrong", word: "out" };
    case "probing":
      return { tone: "wait", word: "probing" };
    case "limited":
      return { tone: "wait", word: "limited" };
  }
  if (health.error_rate === null) return { tone: "idle", word: "unknown" };
  return health.error_rate >= TROUBLE ? { tone: "wait", word: "troubled" } : { tone: "work", word: "well" };
}

/** A share of failures in percent, finer where it is small. */
export const failureShare = (rate: number): string => formatShare(rate, rate < 0.1 ? 1 : 0);
