import type { ReactNode } from "react";

import { cx } from "@/lib/cx";

export type Tone = "work" | "wait" | "wrong" | "review" | "done" | "plain";

const SOFT: Record<Tone, string> = {
  work: "bg-work-soft text-work",
  wait: "bg-wait-soft text-wait",
  wrong: "bg-wrong-soft text-wrong",
  review: "bg-review-soft text-review",
  done: "bg-done-soft text-done",
  plain: "bg-sunken text-muted",
};

export const toneText: Record<Tone, string> = {
  work: "text-work",
  wait: "text-wait",
  wrong: "text-wrong",
  review: "text-review",
  done: "text-done",
  plain: "text-muted",
};

type ChipProps = { tone?: Tone; title?: string; className?: string; /** Breaks into lines where it would be wider than its place. */ wrap?: boolean; children: ReactNode };

export function Chip({ tone = "plain", title, className, wrap = false, children }: ChipProps) {
  // Only text that stands alone can be cut with a mark that says so.
  const alone = typeof children === "string";
  return (
    <span
      title={title ?? (alone && !wrap ? children : undefined)}
      className={cx(
        "max-w-full rounded-[5px] px-[7px] py-[3px] text-xs leading-[1.15]",
        wrap ? "inline-block break-words" : alone ? "inline-block truncate align-middle" : "inline-flex items-center gap-1 whitespace-nowrap",
        SOFT[tone],
        className,
      )}
    >
      {children}
    </span>
  );
}

const SHAPE: Record<Tone | "idle", string> = {
  work: "rounded-full bg-work",
  wait: "rounded-[2px] bg-wait",
  wrong: "rounded-[2px] bg-wrong rotate-45",
  review: "rounded-full bg-review",
  done: "rounded-full bg-done",
  plain: "rounded-full bg-faint",
  idle: "rounded-full border-[1.5px] border-faint",
};

/** A mark of state: colour and shape say the same, the words beside it say it again. */
export function Dot({ tone, className }: { tone: Tone | "idle"; className?: string }) {
  return <span aria-hidden="true" className={cx("inline-block size-2 shrink-0", SHAPE[tone], className)} />;
}
