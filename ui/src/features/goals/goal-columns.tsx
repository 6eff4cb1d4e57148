import { Link } from "@tanstack/react-router";
import { Pencil, Trash2 } from "lucide-react";

import type { Goal, GoalState } from "@/api/types";
import { IconButton } from "@/components/button";
import type { Tone } from "@/components/chip";
import { Chip } from "@/components/chip";
import type { Column } from "@/components/data-table";
import { Due, Money } from "@/components/figures";
import { countingTasks, isLate } from "@/features/goals/standing";
import { cx } from "@/lib/cx";
import { formatCount } from "@/lib/format";
import { useCoarseNow } from "@/lib/ticker";
import { goals as say } from "@/strings/goals";

const TONES: Record<GoalState, Tone> = { empty: "plain", planned: "plain", under_way: "work", reached: "done", dropped: "plain" };
const nothing = <span className="text-faint">–</span>;

type Acts = { edit: (goal: Goal) => void; remove: (goal: Goal) => void };

export const goalColumns = ({ edit, remove }: Acts): Column<Goal>[] => [
  {
    id: "goal",
    header: say.columns.goal,
    sort: (goal) => goal.name,
    cell: (goal) => (
      <span className="grid min-w-0 gap-0.5 py-0.5">
        <span className="flex flex-wrap items-center gap-2">
          <Link to="/board" search={{ goal: goal.id }} data-row-link className="font-[560] wrap-anywhere hover:underline">
            {goal.name}
          </Link>
          <Chip tone={TONES[goal.state]}>{say.states[goal.state]}</Chip>
          {goal.project && <span className="text-s text-faint max-md:hidden">{goal.project.name}</span>}
        </span>
        {goal.statement && <span className="line-clamp-2 max-w-[64ch] text-s wrap-anywhere text-muted">{goal.statement}</span>}
      </span>
    ),
  },
  { id: "progress", header: say.columns.progress, sort: (goal) => goal.done_share ?? -1, cell: (goal) => <Progress goal={goal} /> },
  {
    id: "blocked",
    header: say.columns.blocked,
    align: "end",
    from: "lg",
    cell: (goal) =>
      goal.blocked > 0 ? (
        <Link to="/board" search={{ goal: goal.id, show: "blocked" }} className="text-wait hover:underline">
          {formatCount(goal.blocked)}
        </Link>
      ) : (
        nothing
      ),
  },
  {
    id: "cost",
    header: say.columns.cost,
    align: "end",
    from: "md",
    sort: (goal) => goal.cost_nano,
    cell: (goal) =>
      goal.calls > 0 ? (
        <Link to="/board" search={{ goal: goal.id, view: "table" }} className="hover:underline">
          <Money nano={goal.cost_nano} unpriced={goal.unpriced_calls} />
        </Link>
      ) : (
        nothing
      ),
  },
  { id: "due", header: say.columns.due, from: "md", cell: (goal) => <DueCell goal={goal} /> },
  { id: "accountable", header: say.columns.accountable, from: "lg", cell: (goal) => <span className="text-muted">{goal.accountable.name}</span> },
  {
    id: "act",
    header: say.columns.act,
    headerHidden: true,
    align: "end",
    cell: (goal) => (
      <span className="inline-flex items-center gap-1">
        <IconButton label={say.edit(goal.name)} onClick={() => edit(goal)}>
          <Pencil size={14} />
        </IconButton>
        <IconButton label={say.removeLabel(goal.name)} onClick={() => remove(goal)} className="hover:text-wrong">
          <Trash2 size={14} />
        </IconButton>
      </span>
    ),
  },
];

function Progress({ goal }: { goal: Goal }) {
  const counting = countingTasks(goal);
  if (counting === 0) return nothing;
  const done = goal.tasks.done ?? 0;
  return (
    <span className="grid min-w-[88px] gap-1">
      <span className="num text-s whitespace-nowrap">{say.progress(done, counting)}</span>
      <span aria-hidden="true" className="block h-1 overflow-hidden rounded-full bg-sunken">
        <span className={cx("block h-full", goal.state === "reached" ? "bg-done" : "bg-work")} style={{ width: `${(done / counting) * 100}%` }} />
      </span>
    </span>
  );
}

/** When it is due, and under it when it may be reached; both in the colour of trouble where the one is before the other. */
function DueCell({ goal }: { goal: Goal }) {
  const late = isLate(goal, useCoarseNow());
  if (!goal.due_at && !goal.forecast_at) return nothing;
  return (
    <span className={cx("grid gap-0.5", late && "text-wrong")}>
      {goal.due_at ? <Due at={goal.due_at} /> : nothing}
      {goal.forecast_at && (
        <span title={say.forecastHelp} className="text-s whitespace-nowrap">
          {say.columns.forecast} <Due at={goal.forecast_at} />
          {late && <span className="sr-only">{say.late}</span>}
        </span>
      )}
    </span>
  );
}
