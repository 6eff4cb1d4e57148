import { cx } from "@/lib/cx";

const WIDTH = 92;
const HEIGHT = 22;

/** The line through some values, as the `d` of a path. Pure. */
export function sparkPath(values: number[], width = WIDTH, height = HEIGHT): string {
  const top = Math.max(1, ...values);
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  return values.map((value, at) => `${at === 0 ? "M" : "L"}${(at * step).toFixed(1)} ${(height - 2 - (value / top) * (height - 4)).toFixed(1)}`).join("");
}

/** A small line of how much, for beside a row. `label` says it in words. */
export function Spark({ values, label, className }: { values: number[]; label: string; className?: string }) {
  return (
    <svg role="img" aria-label={label} viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} className={cx("overflow-visible", className)}>
      <title>{label}</title>
      <path d={sparkPath(values)} fill="none" stroke="currentColor" strokeWidth="1.3" strokeLinejoin="round" strokeLinecap="round" />
    </svg>
  );
}
