import { cx } from "@/lib/cx";
import { formatCompact } from "@/lib/format";

type Props<T extends string> = {
  label: string;
  value: T;
  onChange: (value: T) => void;
  options: readonly { value: T; label: string; count?: number }[];
  className?: string;
};

/** A few choices of which one holds. */
export function Segmented<T extends string>({ label, value, onChange, options, className }: Props<T>) {
  return (
    <div role="group" aria-label={label} className={cx("inline-flex gap-px rounded-s bg-sunken p-[2px] border border-line", className)}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
          className={cx(
            "h-[26px] shrink-0 pointer-coarse:h-9 rounded-[5px] px-2.5 text-s whitespace-nowrap",
            option.value === value ? "bg-surface font-[510] text-ink shadow-lift" : "text-muted hover:text-ink",
          )}
        >
          {option.label}
          {option.count !== undefined && <span className="num ml-1.5 text-faint">{formatCompact(option.count)}</span>}
        </button>
      ))}
    </div>
  );
}
