import type { Call } from "@/api/types";
import type { Tone } from "@/components/chip";
import { Dot, toneText } from "@/components/chip";
import { Money } from "@/components/figures";
import { cx } from "@/lib/cx";
import { codeWords, outcomes } from "@/strings/common";

const TONE: Record<string, Tone> = { ok: "work", error: "wrong", cut: "wrong", cancelled: "wait", refused: "wrong" };

export const outcomeTone = (outcome: string): Tone => TONE[outcome] ?? "plain";
export const outcomeWord = (outcome: string): string => (outcomes as Record<string, string>)[outcome] ?? outcome;

/** How a call ended: quiet when well. */
export function OutcomeWord({ outcome, code, className }: { outcome: string; code?: string | null; className?: string }) {
  const tone = outcomeTone(outcome);
  return (
    <span className={cx("inline-flex max-w-full min-w-0 items-center gap-2 whitespace-nowrap", outcome === "ok" ? "text-muted" : toneText[tone], className)}>
      <Dot tone={outcome === "ok" ? "done" : tone} />
      {outcomeWord(outcome)}
      {code && outcome !== "ok" && <span className="min-w-0 truncate text-s text-faint" title={code}>{codeWords(code)}</span>}
    </span>
  );
}

type CostProps = { call: Pick<Call, "cost_nano" | "unpriced" | "usage_source">; className?: string };

export function CallCost({ call, className }: CostProps) {
  if (call.cost_nano === null && !call.unpriced) return <span className={cx("text-faint", className)}>–</span>;
  return <Money nano={call.unpriced ? null : call.cost_nano} estimated={call.usage_source === "estimated"} className={className} />;
}
