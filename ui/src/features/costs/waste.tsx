import { useQuery } from "@tanstack/react-query";

import { wasteQuery } from "@/api/costs";
import { Money } from "@/components/figures";
import { Section } from "@/components/page";
import { cx } from "@/lib/cx";
import { formatMoneyExact } from "@/lib/format";
import { budgets } from "@/strings/budgets";

const say = budgets.waste;

type Class = keyof typeof say.classes;
const LOOK: Record<Class, string> = {
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
const ORDER = Object.keys(LOOK) as Class[];

/** One bar for all that was spent, and the same in words and figures. */
export function WasteLedger({ from }: { from: string }) {
  const { data } = useQuery(wasteQuery(from));
  if (!data || data.totals.total_nano === 0) return null;
  const { classes, total_nano: total } = data.totals;
  const parts = ORDER.map((name) => ({ name, nano: classes[name] ?? 0 })).filter((part) => part.nano > 0);
  return (
    <Section title={say.title}>
      <div className="card grid gap-3 p-4">
        <div className="flex h-3 gap-px overflow-hidden rounded-full" aria-hidden="true">
          {parts.map((part) => (
            <span key={part.name} className={LOOK[part.name]} style={{ width: `${(part.nano / total) * 100}%` }} />
          ))}
        </div>
        <dl className="flex flex-wrap gap-x-6 gap-y-2">
          {parts.map((part) => (
            <div key={part.name}>
              <dt className="flex items-center gap-1.5 text-s text-muted">
                <span aria-hidden="true" className={cx("size-2 rounded-[2px]", LOOK[part.name])} /> {say.classes[part.name]}
              </dt>
              <dd className="font-[560]">
                <Money nano={part.nano} /> <span className="num text-s font-normal text-faint">{Math.round((part.nano / total) * 100)} %</span>
              </dd>
            </div>
          ))}
        </dl>
        <p className={cx("text-s", data.difference_nano === 0 ? "text-faint" : "text-wrong")}>{data.difference_nano === 0 ? say.sum : say.off(formatMoneyExact(data.difference_nano))}</p>
      </div>
    </Section>
  );
}
