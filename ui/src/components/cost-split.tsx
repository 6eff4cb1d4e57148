import type { ReactNode } from "react";

import type { Mark } from "@/api/calls";
import { Money } from "@/components/figures";
import { cx } from "@/lib/cx";
import { formatShare } from "@/lib/format";
import { budgets } from "@/strings/budgets";

const say = budgets.waste;

export type CostClass = keyof typeof say.classes;
const LOOK: Record<CostClass, string> = {
  useful: "bg-work",
  in_progress: "bg-done",
  rework: "bg-review",
  blocked_idle: "bg-wait",
  looped: "bg-wrong",
  failed: "bg-wrong opacity-75",
  duplicate: "bg-wrong opacity-50",
  unclaimed: "bg-faint",
  replay: "bg-accent",
};
const ORDER = Object.keys(LOOK) as CostClass[];

/** Classes that are known of calls one by one, by the mark under which those calls are found. */
const MARKS: Partial<Record<CostClass, Mark>> = { looped: "looped", duplicate: "duplicate", blocked_idle: "blocked" };

export const markOf = (name: CostClass): Mark | undefined => MARKS[name];

type Sums = Partial<Record<CostClass, number>>;
export type CostPart = { name: CostClass; nano: number };

/** What was spent of each class, the good first; classes without any are left out. Pure. */
export const costParts = (classes: Sums): CostPart[] => ORDER.map((name) => ({ name, nano: classes[name] ?? 0 })).filter((part) => part.nano > 0);

export const shareOf = (part: number, whole: number): string => formatShare(whole > 0 ? part / whole : 0);

type Spent = { totals: { waste_nano: number }; ledger_nano: number; seats_nano: number };

/** What came to nothing of what calls cost, which is what sums of a day or a window count: seats that waited are told beside it. Pure. */
export const wasted = ({ totals, ledger_nano: of, seats_nano: seats }: Spent): { nano: number; of: number; seats: number } => ({ nano: totals.waste_nano - seats, of, seats });

type Props = {
  classes: Sums;
  total: number;
  /** Makes a class lead to what it is made of. */
  link?: (part: CostPart, children: ReactNode) => ReactNode;
  /** One below the other, for a narrow place. */
  stacked?: boolean;
};

/** Where money went: one bar for all of it, and the same in words and figures. */
export function CostSplit({ classes, total, link, stacked = false }: Props) {
  const parts = costParts(classes);
  return (
    <>
      <div className={cx("flex gap-px overflow-hidden", stacked ? "h-2 rounded-[4px]" : "h-3 rounded-full")} aria-hidden="true">
        {parts.map((part) => (
          <span key={part.name} className={LOOK[part.name]} style={{ width: `${(part.nano / total) * 100}%`, minWidth: 3 }} />
        ))}
      </div>
      <dl className={stacked ? "grid gap-0.5 text-s" : "flex flex-wrap gap-x-6 gap-y-2"}>
        {parts.map((part) => (
          <div key={part.name} className={cx(stacked && "flex min-h-6 items-center gap-2")}>
            <dt className="flex items-center gap-1.5 text-s text-muted">
              <span aria-hidden="true" className={cx("size-2 rounded-[2px]", LOOK[part.name])} /> {say.classes[part.name]}
            </dt>
            <dd className={stacked ? "ml-auto" : "font-[560]"}>
              {link ? link(part, <Money nano={part.nano} />) : <Money nano={part.nano} />} <span className="num text-s font-normal text-faint">{shareOf(part.nano, total)}</span>
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}
