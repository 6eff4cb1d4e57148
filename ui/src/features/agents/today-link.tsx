import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";

import { cx } from "@/lib/cx";
import { formatInstant } from "@/lib/format";
import { useFloor } from "@/lib/ticker";
import { words } from "@/strings/common";

const DAY = 86_400_000;

type Props = { agentId: string; /** Only its calls that failed. */ failed?: boolean; className?: string; children: ReactNode };

/** From a figure of an agent's day to the calls that make it: both are counted from midnight UTC on. */
export function TodayLink({ agentId, failed = false, className, children }: Props) {
  const midnight = new Date(useFloor(DAY)).toISOString();
  return (
    <Link
      to="/calls"
      search={{ agent: agentId, from: midnight, ...(failed ? { outcome: "failed" } : {}) }}
      title={words.sinceTitle(formatInstant(midnight))}
      className={cx("hover:underline", className)}
    >
      {children}
    </Link>
  );
}
