import type { ButtonHTMLAttributes, ReactNode } from "react";

import { cx } from "@/lib/cx";

export type ButtonVariant = "plain" | "primary" | "danger" | "quiet";

const LOOK: Record<ButtonVariant, string> = {
  plain: "border-line-strong bg-surface text-ink hover:bg-sunken",
  primary: "border-accent bg-accent text-on-accent hover:opacity-90",
  danger: "border-line-strong bg-surface text-wrong hover:bg-wrong-soft",
  quiet: "border-transparent bg-transparent text-muted hover:bg-sunken hover:text-ink",
};

/** The look of a button, for links that act like one. */
export function buttonClass(variant: ButtonVariant = "plain", size: "m" | "s" = "m"): string {
  return cx(
    "inline-flex shrink-0 items-center justify-center gap-1.5 rounded-s border font-[510] whitespace-nowrap select-none",
    "transition-colors duration-100 disabled:opacity-50 aria-disabled:opacity-50",
    size === "m" ? "h-[30px] px-2.5 text-s pointer-coarse:h-10 pointer-coarse:px-3" : "h-6 px-2 text-xs pointer-coarse:h-10 pointer-coarse:px-2.5",
    LOOK[variant],
  );
}

type Props = ButtonHTMLAttributes<HTMLButtonElement> & { variant?: ButtonVariant; size?: "m" | "s"; busy?: boolean };

export function Button({ variant, size, busy = false, className, children, disabled, ...rest }: Props) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled ?? busy}
      aria-busy={busy || undefined}
      className={cx(buttonClass(variant, size), className)}
    >
      {children}
    </button>
  );
}

type IconProps = ButtonHTMLAttributes<HTMLButtonElement> & { label: string; children: ReactNode };

/** A square button whose words are for screen readers and the tooltip. */
export function IconButton({ label, className, children, ...rest }: IconProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(
        "inline-grid size-7 shrink-0 pointer-coarse:size-10 place-items-center rounded-s text-muted hover:bg-sunken hover:text-ink disabled:opacity-50",
        className,
      )}
    >
      {children}
    </button>
  );
}
