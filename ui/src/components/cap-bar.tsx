import { cx } from "@/lib/cx";
import { budgets } from "@/strings/budgets";

/** How much of a cap is spent; the figures beside it say the same. */
export function CapBar({ spent, cap, wide = false }: { spent: number; cap: number; wide?: boolean }) {
  const percent = cap > 0 ? Math.floor((spent / cap) * 100) : 100;
  const tone = percent >= 100 ? "bg-wrong" : percent >= 80 ? "bg-wait" : "bg-muted";
  return (
    <span role="img" aria-label={budgets.used(percent)} title={budgets.used(percent)} className={cx("block h-1 overflow-hidden rounded-full bg-sunken", wide ? "w-full" : "mt-1 ml-auto w-[76px]")}>
      <span className={cx("block h-full", tone)} style={{ width: `${Math.min(100, percent)}%` }} />
    </span>
  );
}
