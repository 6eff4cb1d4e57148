import { cx } from "@/lib/cx";
import { formatShare } from "@/lib/format";
import { budgets } from "@/strings/budgets";

/** How much of a cap is spent; the figures beside it say the same. */
export function CapBar({ spent, cap, wide = false }: { spent: number; cap: number; wide?: boolean }) {
  const percent = cap > 0 ? Math.floor((spent / cap) * 100) : 100;
  const tone = percent >= 100 ? "bg-wrong" : percent >= 80 ? "bg-wait" : "bg-muted";
  const used = budgets.used(formatShare(percent / 100));
  return (
    <span role="img" aria-label={used} title={used} className={cx("block h-1 overflow-hidden rounded-full bg-sunken", wide ? "w-full" : "mt-1 ml-auto w-[76px]")}>
      <span className={cx("block h-full", tone)} style={{ width: `${Math.min(100, percent)}%` }} />
    </span>
  );
}
