import type { CheckedProvider } from "@/api/types";
import { formatDuration } from "@/lib/format";
import { providers } from "@/strings/providers";

/** How that is told: an answer that says nothing is neither good nor bad. Pure. */
export const checkedTone = ({ outcome }: Pick<CheckedProvider, "outcome">): "work" | "wrong" | "plain" => (outcome === "well" ? "work" : outcome === "unknown" ? "plain" : "wrong");

/** What came of testing a provider, in a sentence. Pure. */
export const checkedWords = ({ outcome, words, took_ms: took, models }: CheckedProvider): string =>
  outcome === "well" ? providers.well(formatDuration(took ?? 0), models) : (words ?? outcome);

/** What is wrong with a provider, and whether its secret is. */
export type ProviderProblem = { words: string; secret: boolean };
