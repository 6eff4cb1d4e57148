import { useCallback } from "react";

import { cx } from "@/lib/cx";
import { formatAgo, formatDue, formatInstant, formatMoney, formatMoneyExact, formatSpan } from "@/lib/format";
import { useTicking } from "@/lib/ticker";
import { words } from "@/strings/common";

type MoneyProps = {
  /** Nano-dollars; null when the price is not known. */
  nano: number | null;
  /** Calls whose price is not known, when `nano` is a sum. */
  unpriced?: number;
  estimated?: boolean;
  className?: string;
};

/** Money, and honestly: what has no price says so, a sum that misses some is "at least", what was estimated is marked. */
export function Money({ nano, unpriced = 0, estimated = false, className }: MoneyProps) {
  if (nano === null || (nano === 0 && unpriced > 0)) {
    return (
      <span className={cx("text-wait", className)} title={words.unpricedTitle(unpriced || 1)}>
        {words.unpriced}
      </span>
    );
  }
  const titles = [formatMoneyExact(nano), estimated && words.estimatedTitle, unpriced > 0 && words.unpricedTitle(unpriced)];
  return (
    <span className={cx("num whitespace-nowrap", className)} title={titles.filter(Boolean).join(" · ")}>
      {unpriced > 0 && (
        <span className="text-wait">
          <span aria-hidden="true">≥</span>
          <span className="sr-only">{words.atLeast}</span>{" "}
        </span>
      )}
      {estimated && (
        <>
          <span aria-hidden="true">≈</span>
          <span className="sr-only">{words.estimated} </span>
        </>
      )}
      {formatMoney(nano)}
    </span>
  );
}

export function Ago({ at, className }: { at: string; className?: string }) {
  const text = useTicking(useCallback((now: number) => formatAgo(at, now), [at]));
  return (
    <time dateTime={at} title={formatInstant(at)} className={cx("whitespace-nowrap", className)}>
      {text}
    </time>
  );
}

/** How long it has been so since `at`, ticking. */
export function Since({ at, className }: { at: string; className?: string }) {
  const text = useTicking(useCallback((now: number) => formatSpan(now - Date.parse(at)), [at]));
  return (
    <time dateTime={at} title={words.sinceTitle(formatInstant(at))} className={cx("whitespace-nowrap", className)}>
      {text}
    </time>
  );
}

export function Due({ at, className }: { at: string; className?: string }) {
  const text = useTicking(useCallback((now: number) => formatDue(at, now), [at]));
  return (
    <time dateTime={at} title={formatInstant(at)} className={cx("whitespace-nowrap", className)}>
      {text}
    </time>
  );
}
