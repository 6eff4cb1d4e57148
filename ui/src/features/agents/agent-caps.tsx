import { useQuery } from "@tanstack/react-query";

import { budgetsQuery, limitsQuery } from "@/api/caps";
import type { Agent, Budget, Limit } from "@/api/types";
import { Money } from "@/components/figures";
import { ProblemNote } from "@/components/states";
import { cx } from "@/lib/cx";
import { formatCount } from "@/lib/format";
import { agents } from "@/strings/agents";

const say = agents.caps;

/** A cap holds for the agent when it names it, or every agent. Pure. */
export const holdsFor = (cap: { scope_kind: string; scope_value: string }, agent: Pick<Agent, "id" | "name">): boolean =>
  cap.scope_kind === "workspace" || (cap.scope_kind === "agent" && (cap.scope_value === agent.id || cap.scope_value === agent.name || cap.scope_value === "*"));

/** What may be spent and how fast, and how much of it is left. */
export function AgentCaps({ agent }: { agent: Agent }) {
  const { data: budgets, ...ofBudgets } = useQuery(budgetsQuery);
  const { data: limits, ...ofLimits } = useQuery(limitsQuery);
  const mine = (budgets?.items ?? []).filter((each) => holdsFor(each, agent));
  const rates = (limits?.items ?? []).filter((each) => holdsFor(each, agent));
  if (ofBudgets.error && !budgets) return <ProblemNote error={ofBudgets.error} retry={() => void ofBudgets.refetch()} />;
  if (ofLimits.error && !limits) return <ProblemNote error={ofLimits.error} retry={() => void ofLimits.refetch()} />;
  if (!budgets || !limits) return <span className="skeleton block h-10" />;
  if (mine.length === 0 && rates.length === 0) return <p className="card px-4 py-3 text-faint">{say.none}</p>;
  return (
    <ul className="card divide-y divide-line">
      {mine.map((budget) => (
        <BudgetRow key={budget.id} budget={budget} agentId={agent.id} />
      ))}
      {rates.map((limit) => (
        <LimitRow key={limit.id} limit={limit} />
      ))}
    </ul>
  );
}

function BudgetRow({ budget, agentId }: { budget: Budget; agentId: string }) {
  const window = budget.windows.find((each) => each.value === agentId) ?? (budget.scope_value === "*" ? undefined : budget.windows[0]);
  const percent = Math.min(100, window?.percent ?? 0);
  return (
    <li className="grid gap-1 px-4 py-2.5">
      <p className="flex flex-wrap items-baseline gap-x-2 [&>span]:whitespace-nowrap">
        <span>{say.window[budget.window]}</span>
        <span className="text-s text-faint">{[say.mode[budget.mode], budget.scope_kind === "workspace" && say.whole].filter(Boolean).join(", ")}</span>
        <span className="ml-auto">
          <Money nano={window?.spent_nano ?? 0} /> {say.of} <Money nano={budget.amount_nano} />
        </span>
      </p>
      <div role="progressbar" aria-label={say.window[budget.window]} aria-valuenow={percent} aria-valuemin={0} aria-valuemax={100} className="h-1.5 overflow-hidden rounded-full bg-sunken">
        <div className={cx("h-full", percent >= 90 ? "bg-wrong" : percent >= 70 ? "bg-wait" : "bg-work")} style={{ width: `${percent}%` }} />
      </div>
    </li>
  );
}

function LimitRow({ limit }: { limit: Limit }) {
  return (
    <li className="flex flex-wrap items-baseline gap-x-2 px-4 py-2.5 [&>span]:whitespace-nowrap">
      <span>{say.measure[limit.measure]}</span>
      {limit.scope_kind === "workspace" && <span className="text-s text-faint">{say.whole}</span>}
      <span className="ml-auto">
        {formatCount(limit.amount)}
        {limit.per && ` ${say.per[limit.per]}`}
      </span>
    </li>
  );
}
